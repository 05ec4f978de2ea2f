import { z } from 'zod';
import {
  type CheckContext,
  type CheckUnit,
  defineCheck,
  directionFilter,
  type MapHandle,
  moduleRedisOptions,
  normaliseActionName,
  PosternError,
  type Recipient,
  type Store,
  StoreError,
  type Task,
} from '../../core/index.ts';

const config = z.strictObject({
  ...moduleRedisOptions,
  enabled: z.boolean().default(false).describe('Switches the check on'),
  map: z
    .unknown()
    .optional()
    .describe('Regular expressions for trap addresses. Without it the store is asked. Map'),
  key_prefix: z
    .string()
    .default('sptr_')
    .describe('A trap in the store is a key of this and the address, or of this, `@` and the domain'),
  allow_multiple_rcpts: z
    .boolean()
    .default(false)
    .describe('Also look at mail with several recipients, among whom may be real ones'),
  symbol: z.string().min(1).default('SPAMTRAP').describe('Symbol for mail to a trap'),
  score: z.number().default(0).describe('Its score'),
  action: z
    .string()
    .transform(normaliseActionName)
    .optional()
    .describe('Action forced on mail to a trap. Default: none'),
  message: z
    .string()
    .optional()
    .describe('Text that goes with `action`; `${rcpt}` is the trap. Default: says what was done'),
  smtp_message: z.string().optional().describe('Older name of `message`'),
  learn_spam: z.boolean().default(false).describe('Teach Bayes that this mail is spam (class `spam`)'),
  learn_fuzzy: z
    .boolean()
    .default(false)
    .describe('Report this mail to the fuzzy storages that may be taught'),
  fuzzy_flag: z.int().min(0).max(255).default(1).describe('Flag for `learn_fuzzy`; 1 is `FUZZY_DENIED`'),
  fuzzy_weight: z.int().default(10).describe('How many reports that is worth'),
  check_local: z.boolean().optional().describe('Also mail from local addresses. Default false'),
  check_authed: z.boolean().optional().describe('Also mail with a login. Default false'),
});

/** Texts for actions that the operator gave no text. */
const texts: Readonly<Record<string, string>> = {
  'no action': 'message accepted',
  reject: 'message rejected',
};
const otherText = 'message not accepted';

export const spamtrap = defineCheck({
  name: 'spamtrap',
  summary: 'Recognises mail to addresses that nobody but spammers writes to.',
  details: [
    'Off unless `enabled = true`. Traps are the expressions of `map`, or keys of the store: `sptr_user@example.com`, or',
    '`sptr_@example.com` for a whole domain, with any value. Only mail to one recipient is looked at, unless',
    '`allow_multiple_rcpts` says otherwise, and no outbound mail unless `check_local` or `check_authed` do.',
    '',
    '`learn_fuzzy` reports what is caught, so that the same mail to others is recognised ([fuzzy hashes](../../fuzzy.md)), and',
    '`learn_spam` teaches Bayes; both after the reply.',
    '',
    'While the store cannot be reached no trap is recognised.',
    '',
    'Unlike Rspamd: with several recipients the domain of each is looked up, not the first one only.',
  ].join('\n'),
  group: 'spamtrap',
  stage: 'postfilter',
  direction: 'both',
  needs: [],
  config,
  symbols: { SPAMTRAP: { score: 0, description: 'The mail goes to a spam trap' } },
  create(context) {
    const { config: settings, options, maps, store, log, path, declare, configError } = context;
    const { action } = settings;
    if (action !== undefined && !options.actions.includes(action))
      throw configError(['action'], `there is no action "${action}"`, options.actions.join(', '));
    const symbol = declare(settings.symbol, {
      score: settings.score,
      description: 'The mail goes to a spam trap',
    });
    const isLeftAlone = directionFilter(settings, options);
    const map =
      settings.map === undefined || settings.map === null
        ? undefined
        : maps.open(settings.map, 'regexp', { description: 'spamtrap: map', path: path('map') });
    const find = map
      ? (task: Task) => trapsInMap(map, task)
      : (task: Task) => trapsInStore(store, settings.key_prefix, task.envelope.recipients);
    const message = settings.message ?? settings.smtp_message ?? texts[action ?? ''] ?? otherText;

    const trapped = new WeakSet<Task>();
    const look: CheckUnit<'SPAMTRAP'> = {
      name: 'SPAMTRAP_CHECK',
      symbols: [symbol],
      waits: true,
      run(task, hit) {
        const { recipients } = task.envelope;
        const isLookedAt =
          recipients.length === 1 || (recipients.length > 1 && settings.allow_multiple_rcpts);
        if (!isLookedAt || isLeftAlone(task)) return undefined;
        const search = async (): Promise<void> => {
          const traps = await find(task);
          for (const trap of traps) hit(symbol, 1, trap);
          if (traps.length > 0) trapped.add(task);
          if (action === undefined || traps.length === 0) return;
          task.setPreResult({
            action,
            message: message.replaceAll(/\$\{rcpt\}|\$rcpt\b/g, () => traps[0]!),
            module: 'spamtrap',
            priority: 0,
            isLeast: false,
            processAll: false,
          });
        };
        return search().catch((error: unknown) => {
          if (!(error instanceof StoreError)) throw error;
          log.warn('spam traps cannot be looked up', { id: task.id, error: error.message });
        });
      },
    };
    if (!settings.learn_spam && !settings.learn_fuzzy) return look;
    const learn: CheckUnit<'SPAMTRAP'> = {
      name: 'SPAMTRAP_LEARN',
      stage: 'idempotent',
      symbols: [],
      waits: true,
      run: (task) => (trapped.has(task) ? teach(task, context) : undefined),
    };
    return [look, learn];
  },
});

/** Teaches what the trap caught, after the reply. */
async function teach(
  task: Task,
  { config: settings, services, log }: CheckContext<z.output<typeof config>, 'SPAMTRAP'>,
): Promise<void> {
  const failed = (what: string, reason: string): void => log.warn(what, { id: task.id, reason });
  try {
    if (settings.learn_spam) {
      if (services.learning) await services.learning.learn(task, 'spam', 'bulk');
      else failed('nothing is learned of spam traps', 'there is no classifier');
    }
    if (!settings.learn_fuzzy) return;
    const answer = await services.fuzzy?.teach(task, {
      verb: 'add',
      flag: settings.fuzzy_flag,
      weight: settings.fuzzy_weight,
      skip: new Set(),
    });
    if (!answer || answer.kind === 'noRule')
      failed('spam traps report nothing', `no fuzzy rule may be taught flag ${settings.fuzzy_flag}`);
  } catch (error) {
    if (!(error instanceof PosternError)) throw error;
    failed('spam traps cannot teach', error.message);
  }
}

async function trapsInMap(map: MapHandle, { envelope, signal }: Task): Promise<readonly string[]> {
  const traps: string[] = [];
  for (const { text } of envelope.recipients) {
    const address = text.toLowerCase();
    const found = map.isExternal ? await map.ask(address, signal) : map.lookup(address);
    if (found !== undefined) traps.push(address);
  }
  return traps;
}

async function trapsInStore(
  store: Store,
  prefix: string,
  recipients: readonly Recipient[],
): Promise<readonly string[]> {
  const found = await Promise.all(
    recipients.map(async ({ text, domain }) => {
      const address = text.toLowerCase();
      const [own, whole] = await Promise.all([
        store.get(prefix + address),
        domain === '' ? undefined : store.get(`${prefix}@${domain}`),
      ]);
      if (own !== undefined) return address;
      return whole === undefined ? [] : domain;
    }),
  );
  return [...new Set(found.flat())];
}
