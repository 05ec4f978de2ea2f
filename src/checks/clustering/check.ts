import { createHash } from 'node:crypto';
import { z } from 'zod';
import {
  type CheckContext,
  type CheckUnit,
  defineCheck,
  moduleRedisOptions,
  type Selector,
  StoreError,
  type Task,
  verdictClass,
} from '../../core/index.ts';
import { encodeBase32 } from '../../lib/index.ts';
import { addToCluster, isCluster, readSource, weightOf } from './cluster.ts';

const rule = z.strictObject({
  enabled: z.boolean().default(true).describe('Switches this rule off when false'),
  source_selector: z.string().describe('Required. Selector for who sends, such as `user`'),
  cluster_selector: z.string().describe('Required. Selector for what is sent, such as `header("Subject")`'),
  symbol: z.string().optional().describe('Symbol. Default: the name of the rule in upper case'),
  description: z.string().optional().describe('Description of the symbol'),
  prefix: z.string().optional().describe('Put before keys of the store. Default `clustering:<rule>:`. Ours'),
  max_elts: z.int().min(1).max(10_000).default(100).describe('Clusters that are kept of one source'),
  expire: z.number().positive().default(3600).describe('Seconds after the last message'),
  expire_overflow: z
    .number()
    .positive()
    .default(36_000)
    .describe('The same for a source with `max_elts` clusters'),
  spam_mult: z.number().default(1).describe('What a refused message adds'),
  junk_mult: z.number().default(0.5).describe('What a marked message adds'),
  ham_mult: z.number().default(-0.1).describe('What a good message adds'),
  size_mult: z.number().default(0.01).describe('What each cluster of the source counts'),
  score_mult: z.number().default(0.1).describe('How much the total of the source counts'),
  allow_local: z.boolean().default(false).describe('Scans of rspamc and the controller count, too'),
});

const config = z.strictObject({
  rules: z.record(z.string(), rule).default({}).describe('Rules by their names'),
  ...moduleRedisOptions,
});

type Rule = z.output<typeof rule>;
type Context = CheckContext<z.output<typeof config>, never>;

/** Weights up to this say nothing. */
const leastWeight = 0.1;
/** Keys and fields of the embedded store are bounded; longer texts are digests. */
const maxLength = 200;
const quietMs = 60_000;

const short = (text: string): string =>
  text.length <= maxLength ? text : encodeBase32(createHash('blake2b512').update(text).digest()).slice(0, 32);

function first(selector: Selector, task: Task): string | undefined {
  const text = selector.values(task)?.join(':');
  return text === undefined || text === '' ? undefined : short(text);
}

/** Scans of mail that nobody sends now: by the command line client and through the controller. */
function isByHand({ envelope }: Task): boolean {
  return envelope.userAgent?.toLowerCase() === 'rspamc' || envelope.request.get('password') !== undefined;
}

function compileRule(key: string, options: Rule, context: Context): readonly CheckUnit<never>[] {
  const { store, selectors, clock, log, path, declare } = context;
  const source = selectors.compile(options.source_selector, { path: path('rules', key, 'source_selector') });
  const cluster = selectors.compile(options.cluster_selector, {
    path: path('rules', key, 'cluster_selector'),
  });
  const symbol = declare(options.symbol ?? key.toUpperCase(), {
    description: options.description ?? `${key}: the sender has sent many different or bad things lately`,
  });
  const prefix = options.prefix ?? `clustering:${key}:`;
  const changes = { spam: options.spam_mult, junk: options.junk_mult, ham: options.ham_mult };
  let quietUntilMs = 0;

  function placeOf(task: Task): { readonly key: string; readonly cluster: string } | undefined {
    if (!options.allow_local && isByHand(task)) return undefined;
    const who = first(source, task);
    const what = who === undefined ? undefined : first(cluster, task);
    return who === undefined || what === undefined || !isCluster(what)
      ? undefined
      : { key: prefix + who, cluster: what };
  }

  /** Mail goes on while the store is away. */
  function tell(error: unknown): undefined {
    if (!(error instanceof StoreError)) throw error;
    const nowMs = clock.now();
    if (nowMs >= quietUntilMs) {
      quietUntilMs = nowMs + quietMs;
      log.error('clusters cannot be read or kept', { rule: key, error: error.message });
    }
    return undefined;
  }

  return [
    {
      name: `${symbol}_CHECK`,
      symbols: [symbol],
      waits: true,
      async run(task, hit) {
        const place = placeOf(task);
        if (!place) return;
        const fields = await store.hashGetAll(place.key).catch(tell);
        if (!fields || task.signal.aborted) return;
        const known = readSource(fields, place.cluster);
        const weight = weightOf(known, options);
        if (weight > leastWeight)
          hit(symbol, weight, `${known.size} clusters, ${known.element > 0 ? 'known' : 'new'}`);
      },
    },
    {
      name: `${symbol}_LEARN`,
      stage: 'idempotent',
      symbols: [],
      waits: true,
      async run(task) {
        if (task.result.preResults.length > 0) return;
        const verdict = verdictClass(task.result);
        const place = verdict && placeOf(task);
        if (!place) return;
        const ttlMs = options.expire * 1000;
        const overflowMs = options.expire_overflow * 1000;
        await store
          .run(
            addToCluster,
            [place.key],
            [place.cluster, changes[verdict], options.max_elts, Math.ceil(ttlMs), Math.ceil(overflowMs)],
          )
          .catch(tell);
      },
    },
  ];
}

export const clustering = defineCheck({
  name: 'clustering',
  summary: 'Notices senders that send many different things, or things that were found bad before.',
  details: [
    'There are no rules by default. A source (who) has clusters (what); verdicts of messages add up for each:',
    '',
    '```ucl',
    'rules {',
    '  user_subject { source_selector = "user.lower"; cluster_selector = "header(\'Subject\').lower"; symbol = "USER_CLUSTER"; }',
    '}',
    '```',
    '',
    'With n clusters of the source and the signed total S of its messages the weight is n × `size_mult` + S × `score_mult` for a',
    'cluster that is known, n × `size_mult` − S × `score_mult` / n for a new one, at most 1; over 0.1 the symbol (score 0: give it',
    'one in `local.d/groups.conf`) is inserted. Only clear verdicts are learned: refused with two bad signs, marked with three,',
    'below zero or with four good signs; never forced actions. Mail of every direction counts. While the store cannot be',
    'reached mail goes on without.',
    '',
    "Unlike Rspamd: keys have a prefix with the rule's name, so that they meet nobody else's; clusters of a full source go on",
    'counting; texts of more than 200 characters are digests.',
  ].join('\n'),
  group: 'clustering',
  stage: 'filter',
  direction: 'both',
  needs: ['headers'],
  config,
  symbols: {},
  create(context) {
    const units = Object.entries(context.config.rules).flatMap(([key, options]) =>
      options.enabled ? compileRule(key, options, context) : [],
    );
    return units.length === 0 ? undefined : units;
  },
});
