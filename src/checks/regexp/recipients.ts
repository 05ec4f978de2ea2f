import type { Task } from '../../core/index.ts';

/** Fewer recipients say nothing about how a list was made. */
const minRecipients = 7;
/** Recipients that are looked at. */
const maxRecipients = 10_000;
/** Characters at the start that neighbours of a generated list have in common. */
const samePrefixChars = 3;

function toList(task: Task): readonly string[] {
  const { to, cc } = task.mailboxes;
  return [...to, ...cc].slice(0, maxRecipients).map(({ text }) => text.toLowerCase());
}

/** Do the recipients of the header stand in alphabetical order, and are they many? */
export function areRecipientsSorted(task: Task): boolean {
  const list = toList(task);
  if (list.length < minRecipients) return false;
  return list.every((address, i) => i === 0 || list[i - 1]! <= address);
}

/**
 * Half the number of neighbours in the sorted list that look generated: equally long, with the same beginning. The
 * peer's ratio divides by the number of recipients after it has multiplied by it.
 */
export function recipientsLikeness(task: Task): number {
  const list = toList(task).toSorted();
  if (list.length < minRecipients) return 0;
  let alike = 0;
  for (let i = 1; i < list.length; i++) {
    const [a, b] = [list[i - 1]!, list[i]!];
    if (a !== b && a.length === b.length && a.slice(0, samePrefixChars) === b.slice(0, samePrefixChars))
      alike++;
  }
  return alike / 2;
}
