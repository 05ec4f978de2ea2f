import type { MailAddress, Task } from '../core/index.ts';
import type { Args } from './args.ts';

type Side = 'smtp' | 'mime' | 'any';

/** `smtp`, `mime` or nothing, and `orig`, which means the same here: addresses are never rewritten before. */
export function side(args: Args): Side {
  let found: Side = 'any';
  for (const word of args.words()) {
    if (word === 'smtp' || word === '1') found = 'smtp';
    else if (word === 'mime' || word === '2') found = 'mime';
    else if (word !== 'orig' && word !== 'any' && word !== '0')
      throw args.error(`"${word}" is none of smtp, mime, orig`);
  }
  return found;
}

const nullSender: MailAddress = { text: '', local: '', domain: '' };

/** The sender; an empty address for the null sender. */
export function fromAddress(task: Task, which: Side): MailAddress | undefined {
  if (which !== 'mime') {
    const { sender } = task.envelope;
    if (sender === null) return nullSender;
    if (sender) return sender;
    if (which === 'smtp') return undefined;
  }
  return task.message.from[0];
}

export function recipients(task: Task, which: Side): readonly MailAddress[] {
  if (which !== 'mime') {
    const list = task.envelope.recipients;
    if (list.length > 0 || which === 'smtp') return list;
  }
  return [...task.message.to, ...task.message.cc];
}

/** Deliver-To, else the first recipient, in lower case. */
export function principalRecipient(task: Task): string | undefined {
  const { deliverTo, recipients: envelope } = task.envelope;
  return (deliverTo ?? envelope[0]?.text ?? recipients(task, 'mime')[0]?.text)?.toLowerCase();
}
