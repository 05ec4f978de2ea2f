import { createHash } from 'node:crypto';
import { z } from 'zod';
import {
  type CheckUnit,
  defineCheck,
  type MailAddress,
  moduleRedisOptions,
  replySender,
  replySetKeys,
  replySetOptions,
  StoreError,
  type Task,
} from '../../core/index.ts';
import { SeenSenders } from './seen.ts';

const config = z.strictObject({
  ...moduleRedisOptions,
  enabled: z.boolean().default(false).describe('Switches the check on'),
  domains: z
    .unknown()
    .optional()
    .describe(
      'Domains whose senders are remembered, such as those of freemail providers. Without it only the sets of `replies` are asked. Map',
    ),
  max_senders: z.int().min(1).max(10_000_000).default(100_000).describe('Senders that are remembered'),
  max_ttl: z
    .number()
    .positive()
    .default(2_592_000)
    .describe('Seconds after which a sender that was not seen again is forgotten'),
  use_bloom: z
    .boolean()
    .default(false)
    .refine((value) => !value, 'only false: bloom filters need a module of Redis, and forget nobody')
    .describe('Only `false`: bloom filters are refused, they need a module of Redis and forget nobody'),
  max_recipients: z
    .int()
    .min(1)
    .max(1000)
    .default(15)
    .describe('Recipients that are looked for in the set of a sender'),
  redis_key: z.string().min(1).default('rs_known_senders').describe('Key of the set of senders'),
  ...replySetOptions,
  symbol: z.string().min(1).default('KNOWN_SENDER').describe('Symbol for a sender that was seen before'),
  symbol_unknown: z
    .string()
    .default('UNKNOWN_SENDER')
    .describe('Symbol for one that was not; empty: there is none'),
  symbol_check_mail_global: z
    .string()
    .min(1)
    .default('INC_MAIL_KNOWN_GLOBALLY')
    .describe('Symbol for a sender whom somebody validly answered'),
  symbol_check_mail_local: z
    .string()
    .min(1)
    .default('INC_MAIL_KNOWN_LOCALLY')
    .describe('Symbol for a sender who validly answered one of the recipients'),
});

export const knownSenders = defineCheck({
  name: 'known_senders',
  summary: 'Tells senders that were seen before from new ones, and correspondents from strangers.',
  details: [
    'Off unless `enabled = true`. Envelope sender and From address are looked up, by their MD5, among those that were',
    'seen within `max_ttl`, when their domain is in `domains`; a new one is remembered at once.',
    '',
    'The sets that `replies` keeps are asked too: who answered whom. The set of all who were answered holds our own users,',
    'so its symbol is found mostly on outbound mail.',
    '',
    'Mail of every direction is looked at. While the store cannot be reached there are no symbols.',
    '',
    'Unlike Rspamd: `max_ttl` holds, and counts from the last message of a sender, not from the first; those who were not',
    'seen for longest go first. In the embedded store the senders are spread over several keys, each with its share of',
    '`max_senders`.',
  ].join('\n'),
  group: 'known_senders',
  stage: 'filter',
  direction: 'both',
  needs: ['headers'],
  config,
  symbols: {
    KNOWN_SENDER: { score: -1, description: 'The sender was seen before', oneShot: true },
    UNKNOWN_SENDER: { score: 0.5, description: 'The sender was not seen before', oneShot: true },
    INC_MAIL_KNOWN_GLOBALLY: { score: -1, description: 'Somebody validly answered the sender' },
    INC_MAIL_KNOWN_LOCALLY: { score: -1, description: 'The sender validly answered one of the recipients' },
  },
  create(context) {
    const { config: settings, maps, store, clock, log, path, rename } = context;
    const known = rename('KNOWN_SENDER', settings.symbol);
    const unknown =
      settings.symbol_unknown === '' ? undefined : rename('UNKNOWN_SENDER', settings.symbol_unknown);
    const globally = rename('INC_MAIL_KNOWN_GLOBALLY', settings.symbol_check_mail_global);
    const locally = rename('INC_MAIL_KNOWN_LOCALLY', settings.symbol_check_mail_local);
    const senders = new SeenSenders(store, {
      key: settings.redis_key,
      maxAgeSeconds: settings.max_ttl,
      maxSize: settings.max_senders,
    });
    const keys = replySetKeys(settings);
    const domains =
      settings.domains === undefined || settings.domains === null
        ? undefined
        : maps.open(settings.domains, 'set', {
            description: 'known_senders: domains',
            path: path('domains'),
          });

    /** Nothing that the store does stops mail. */
    const withStore = async (task: Task, work: Promise<void>): Promise<void> => {
      try {
        await work;
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        log.warn('known senders cannot be looked up', { id: task.id, error: error.message });
      }
    };
    const isTracked = async (
      address: MailAddress | null | undefined,
      signal: AbortSignal,
    ): Promise<boolean> => {
      if (!address || address.domain === '' || !domains) return false;
      const found = domains.isExternal
        ? await domains.ask(address.domain, signal)
        : domains.lookup(address.domain);
      return found !== undefined;
    };
    const digestOf = async (
      address: MailAddress | null | undefined,
      signal: AbortSignal,
    ): Promise<string | undefined> =>
      address && (await isTracked(address, signal))
        ? createHash('md5').update(address.text).digest('hex')
        : undefined;

    const units: CheckUnit<'KNOWN_SENDER' | 'UNKNOWN_SENDER'>[] = [
      {
        name: 'INC_MAIL_KNOWN',
        symbols: [globally, locally],
        waits: true,
        run(task, hit) {
          const sender = replySender(task);
          if (sender === undefined) return undefined;
          const own = keys.ofSender(sender);
          const address = sender.toLowerCase();
          const wanted = new Set(
            task.envelope.recipients.slice(0, settings.max_recipients).map(({ text }) => text.toLowerCase()),
          );
          const ask = async (): Promise<void> => {
            const [all, answered] = await Promise.all([
              store.sortedRange(keys.global, 0, -1),
              wanted.size === 0 ? [] : store.sortedRange(own, 0, -1),
            ]);
            if (all.some(({ member }) => member.toLowerCase() === address)) hit(globally, 1, sender);
            if (answered.some(({ member }) => wanted.has(member.toLowerCase()))) hit(locally, 1, own);
          };
          return withStore(task, ask());
        },
      },
    ];
    if (domains)
      units.push({
        name: 'KNOWN_SENDER',
        symbols: unknown ? [known, unknown] : [known],
        waits: true,
        run(task, hit) {
          const look = async (kind: 'mime' | 'smtp', digest: string): Promise<void> => {
            if (await senders.check(digest, clock.now() / 1000)) hit(known, 1, `${kind}:${digest}`);
            else if (unknown) hit(unknown, 1, `${kind}:${digest}`);
          };
          const ask = async (): Promise<void> => {
            const [mime, smtp] = await Promise.all([
              digestOf(task.message.from[0], task.signal),
              digestOf(task.envelope.sender, task.signal),
            ]);
            await Promise.all([
              mime === undefined ? undefined : look('mime', mime),
              smtp === undefined || smtp === mime ? undefined : look('smtp', smtp),
            ]);
          };
          return withStore(task, ask());
        },
      });
    return units;
  },
});
