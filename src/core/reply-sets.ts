import { z } from 'zod';
import { hideText, hidingHashes, shortHash } from '../lib/index.ts';
import type { Task } from './task.ts';

// Who validly answered whom: sets that the check `replies` fills and `known_senders` reads, under the names that
// Rspamd gives them.

/** Options that both checks must agree on. */
export const replySetOptions = {
  sender_prefix: z
    .string()
    .default('rsrk')
    .describe('Put before the key of the set of all who were answered'),
  sender_key_global: z
    .string()
    .default('verified_senders')
    .describe('Text whose hash is the rest of that key'),
  sender_key_size: z.int().min(1).max(103).default(20).describe('Characters of that hash'),
  reply_sender_privacy: z
    .boolean()
    .default(false)
    .describe('Make keys of a digest of the address that answers instead of the address'),
  reply_sender_privacy_alg: z
    .enum(hidingHashes)
    .default('blake2')
    .describe('Hash for `reply_sender_privacy`'),
  reply_sender_privacy_prefix: z.string().default('obf').describe('Text before the digest'),
  reply_sender_privacy_length: z
    .int()
    .min(0)
    .default(16)
    .describe('Hex digits of the digest that are kept; 0: all'),
} as const;

type ReplySetOptions = {
  readonly [Key in keyof typeof replySetOptions]: z.output<(typeof replySetOptions)[Key]>;
};

/** Characters of the hash that stands for an address. */
const addressHashLength = 8;

/** What stands for an address in the store, whatever its case. */
export function addressHash(address: string): string {
  return shortHash(addressHashLength, address.toLowerCase());
}

/** Keys of the sets. */
export interface ReplySetKeys {
  /** The set of those whom this sender validly answered. */
  ofSender(address: string): string;
  /** The set of all who were validly answered. */
  readonly global: string;
}

export function replySetKeys(options: ReplySetOptions): ReplySetKeys {
  const hiding = options.reply_sender_privacy
    ? {
        hash: options.reply_sender_privacy_alg,
        prefix: options.reply_sender_privacy_prefix,
        length: options.reply_sender_privacy_length,
      }
    : undefined;
  return {
    ofSender: (address) => addressHash(hiding ? hideText(address, hiding) : address),
    global: options.sender_prefix + shortHash(options.sender_key_size, options.sender_key_global),
  };
}

/**
 * Whoever gets an answer to a message: Reply-To, else the header field From, else the envelope sender.
 *
 * @returns undefined when there is nobody, as for a Reply-To that holds no address
 */
export function replySender(task: Task): string | undefined {
  const { message, envelope } = task;
  if (message.headers.has('reply-to')) return message.replyTo[0]?.text || undefined;
  return (message.from[0] ?? envelope.sender)?.text || undefined;
}
