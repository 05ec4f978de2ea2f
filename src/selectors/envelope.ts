import type { MailAddress, Task } from '../core/index.ts';
import type { Args } from './args.ts';

/** Which addresses a selector asks for. */
export interface Side {
  readonly where: 'smtp' | 'mime' | 'any';
  /** As the client and the message named them, before aliases were resolved. */
  readonly isOriginal: boolean;
}

/** `smtp`, `mime` or nothing; `orig` besides: before aliases were resolved. */
export function side(args: Args): Side {
  let where: Side['where'] = 'any';
  let isOriginal = false;
  for (const word of args.words()) {
    if (word === 'smtp' || word === '1') where = 'smtp';
    else if (word === 'mime' || word === '2') where = 'mime';
    else if (word === 'orig') isOriginal = true;
    else if (word !== 'any' && word !== '0') throw args.error(`"${word}" is none of smtp, mime, orig`);
  }
  return { where, isOriginal };
}

const nullSender: MailAddress = { text: '', local: '', domain: '' };

/** The sender; an empty address for the null sender. */
export function fromAddress(task: Task, { where, isOriginal }: Side): MailAddress | undefined {
  if (where !== 'mime') {
    const { sender } = isOriginal ? task.originalEnvelope : task.envelope;
    if (sender === null) return nullSender;
    if (sender) return sender;
    if (where === 'smtp') return undefined;
  }
  return (isOriginal ? task.message : task.mailboxes).from[0];
}

export function recipients(task: Task, { where, isOriginal }: Side): readonly MailAddress[] {
  if (where !== 'mime') {
    const list = (isOriginal ? task.originalEnvelope : task.envelope).recipients;
    if (list.length > 0 || where === 'smtp') return list;
  }
  const { to, cc } = isOriginal ? task.message : task.mailboxes;
  return [...to, ...cc];
}

/** Deliver-To, else the first recipient, in lower case. */
export function principalRecipient(task: Task): string | undefined {
  const { deliverTo, recipients: envelope } = task.envelope;
  const { to, cc } = task.mailboxes;
  return (deliverTo ?? envelope[0]?.text ?? to[0]?.text ?? cc[0]?.text)?.toLowerCase();
}
