import { createHash } from 'node:crypto';
import type { Task } from '../../core/index.ts';

/** Value by which a limit counts; undefined: the limit does not concern this message. */
export type Keyword = (task: Task) => string | undefined;

/**
 * Words of which names of limits are made.
 *
 * @param bounceSenders user parts in lower case
 */
export function keywords(bounceSenders: ReadonlySet<string>): ReadonlyMap<string, Keyword> {
  return new Map<string, Keyword>([
    ['ip', (task) => task.envelope.clientIp?.text],
    ['rip', (task) => (task.direction.isLocal ? undefined : task.envelope.clientIp?.text)],
    ['from', senderAddress],
    [
      'bounce',
      (task) => {
        const user = senderUser(task);
        return user === '' || bounceSenders.has(user) ? '_' : undefined;
      },
    ],
    ['asn', (task) => variable(task, 'asn')],
    ['user', (task) => task.envelope.login],
    ['to', principalRecipient],
    ['digest', (task) => task.message.digest],
    ['attachments', (task) => joined(task.message.parts.filter((part) => part.isAttachment).map(partDigest))],
    ['files', (task) => joined(task.message.parts.flatMap((part) => part.fileName ?? []))],
  ]);
}

function senderAddress(task: Task): string | undefined {
  const { sender } = task.envelope;
  if (sender === null) return '';
  return (sender ?? task.mailboxes.from[0])?.text.toLowerCase();
}

/** `''` for the null sender and for no sender at all. */
function senderUser(task: Task): string {
  const { sender } = task.envelope;
  if (sender === null) return '';
  return (sender ?? task.mailboxes.from[0])?.local.toLowerCase() ?? '';
}

function principalRecipient(task: Task): string | undefined {
  const { deliverTo, recipients } = task.envelope;
  const { to, cc } = task.mailboxes;
  return (deliverTo ?? recipients[0]?.text ?? to[0]?.text ?? cc[0]?.text)?.toLowerCase();
}

function variable(task: Task, name: string): string | undefined {
  const value = task.variables.get(name);
  return value === undefined ? undefined : String(value);
}

function partDigest(part: { decoded(): Buffer | Uint8Array }): string {
  return createHash('blake2b512').update(part.decoded()).digest('hex').slice(0, 32);
}

function joined(items: readonly string[]): string | undefined {
  return items.length === 0 ? undefined : items.join('');
}
