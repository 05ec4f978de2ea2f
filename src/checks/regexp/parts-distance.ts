import type { Task, TextView } from '../../core/index.ts';

/** Words of each text that are compared: the time is their product. */
const maxWords = 1_000;

function words({ text }: TextView): readonly string[] {
  const found: string[] = [];
  for (const [word] of text.slice(0, 32 * maxWords).matchAll(/[\p{L}\p{N}]+/gu)) {
    if (found.length >= maxWords) break;
    found.push(word.toLowerCase());
  }
  return found;
}

/** Words to add and to leave out that make one text of the other. */
function editDistance(a: readonly string[], b: readonly string[]): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (const [i, word] of a.entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++)
      next.push(word === b[j] ? row[j]! : Math.min(row[j + 1]!, next[j]!) + 1);
    row = next;
  }
  return row[b.length]!;
}

/**
 * How much the plain text and the HTML of a message differ, in percent of all their words; undefined when there are
 * not both.
 */
export function partsDistance(task: Task): number | undefined {
  const { texts } = task.content;
  const plain = texts.find(
    ({ kind, part }) => kind === 'plain' && part.parent?.contentType === 'multipart/alternative',
  );
  const html = texts.find(({ kind }) => kind === 'html');
  if (!plain || !html) return undefined;
  const [a, b] = [words(plain), words(html)];
  const all = a.length + b.length;
  return all === 0 ? 0 : (100 * editDistance(a, b)) / all;
}
