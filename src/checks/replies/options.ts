import { z } from 'zod';
import { moduleRedisOptions, normaliseActionName, replySetOptions } from '../../core/index.ts';

const size = z.int().min(1).max(10_000);

export const repliesOptions = z.strictObject({
  ...moduleRedisOptions,
  enabled: z.boolean().default(true).describe('Switches the check off when false'),
  expire: z
    .number()
    .positive()
    .default(86_400)
    .describe('Seconds for which a message of ours can be answered, and a sender is known to have answered'),
  key_prefix: z.string().default('rr').describe('Put before the hash of a Message-ID'),
  key_size: z.int().min(1).max(103).default(20).describe('Characters of that hash'),
  ...replySetOptions,
  max_local_size: size.default(20).describe('Addresses kept for each sender: those whom it answered last'),
  max_global_size: size.default(30).describe('Addresses kept of all who were answered: the most answered'),
  symbol: z.string().default('REPLY').describe('Symbol for a reply'),
  score: z.number().default(-4).describe('Its score'),
  message: z
    .string()
    .default('Message is reply to one we originated')
    .describe('Text that goes with `action`'),
  action: z
    .string()
    .transform(normaliseActionName)
    .optional()
    .describe('Action forced on replies that are not outbound themselves, such as `no action`'),
  use_auth: z.boolean().default(true).describe('Mail with a login is ours'),
  use_local: z.boolean().default(true).describe('Mail from local addresses is ours'),
  min_message_id: z.int().min(0).default(2).describe('Message-IDs of this length or less are not kept'),
  cookie: z.string().optional().describe('Text inside the Message-IDs that `rspamadm cookie` made'),
  cookie_key: z
    .string()
    .regex(/^[0-9a-f]{32}$/i, 'this must be 32 hex digits')
    .optional()
    .describe('Key of those cookies: 32 hex digits'),
  cookie_is_pattern: z.boolean().default(false).describe('`cookie` is a Lua pattern'),
  cookie_valid_time: z.number().positive().default(1_209_600).describe('Seconds for which a cookie holds'),
});

export type RepliesOptions = z.output<typeof repliesOptions>;
