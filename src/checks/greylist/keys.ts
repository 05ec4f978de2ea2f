import type { Message, Task } from '../../core/index.ts';
import { maskIp, shortHash } from '../../lib/index.ts';
import type { GreylistOptions } from './options.ts';

/** Keys under which a message is remembered: by its content, and by who sends it to whom from where. */
export interface GreylistKeys {
  readonly body: string;
  readonly meta: string;
}

/** Characters of a hash in a key. */
const hashLength = 20;

const lineFeed = 10;
const carriageReturn = 13;

/** The body with the blank line before it, as Rspamd hashes it; empty for a message that is all header. */
function bodyOf({ raw, bodyOffset }: Message): Buffer {
  let start = bodyOffset;
  if (start > 0 && raw[start - 1] === lineFeed) start--;
  if (start > 0 && start < bodyOffset && raw[start - 1] === carriageReturn) start--;
  const isBlankLine = start < bodyOffset && (start === 0 || raw[start - 1] === lineFeed);
  return raw.subarray(isBlankLine ? start : bodyOffset);
}

/** The keys that Rspamd has for this message, so that a Redis keeps its meaning. */
export function greylistKeys({ message, envelope }: Task, options: GreylistOptions): GreylistKeys {
  const body = bodyOf(message).subarray(0, options.max_data_len);
  const { sender, recipients, clientIp } = envelope;
  const from = sender === null ? '' : (sender?.text ?? '<>');
  const to = recipients.map(({ text }) => text).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const bits = clientIp?.family === 4 ? options.ipv4_mask : options.ipv6_mask;
  const network = clientIp ? maskIp(clientIp, bits).text : '';
  return {
    body: `${options.key_prefix}b${shortHash(hashLength, body)}`,
    meta: `${options.key_prefix}m${shortHash(hashLength, from, ...to, network)}`,
  };
}
