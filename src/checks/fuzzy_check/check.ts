import {
  type CheckContext,
  type DynamicSymbol,
  defineCheck,
  type InsertHit,
  type Log,
  type MapHandle,
  StoreError,
  type Task,
} from '../../core/index.ts';
import { FuzzyClient, FuzzyStorage, parseKey, parseServers } from '../../fuzzy/index.ts';
import {
  type Backend,
  type Found,
  type Judgement,
  ownBackend,
  type Refusal,
  remoteBackend,
} from './backend.ts';
import { type FuzzyCheckOptions, fuzzyCheckOptions, type RuleOptions } from './options.ts';
import { HashMakers, type Rule } from './rule.ts';
import { teachingService } from './teaching.ts';
import { insertions, leadsElsewhere } from './verdict.ts';

const symbols = {
  FUZZY_DENIED: { score: 12, description: 'The content is like what was reported as spam' },
  FUZZY_PROB: { score: 5, description: 'The content is like what is probably spam' },
  FUZZY_UNKNOWN: { score: 5, description: 'The content is like something that was reported' },
  FUZZY_WHITE: { score: -2.1, description: 'The content is like what was reported as wanted' },
  FUZZY_FORBIDDEN: { score: 0, description: 'A fuzzy storage does not let us ask' },
  FUZZY_RATELIMITED: { score: 0, description: 'A fuzzy storage was asked too often' },
  FUZZY_ENCRYPTION_REQUIRED: { score: 0, description: 'A fuzzy storage wants to be asked encrypted' },
  FUZZY_TEXT_WITHOUT_HTML: {
    score: 4,
    description: 'The text is known, the HTML around it is not',
  },
  FUZZY_HTML_WITHOUT_TEXT: { score: 2, description: 'The HTML is built like a known one, with another text' },
  FUZZY_HTML_PHISHING: {
    score: 6,
    description: 'The HTML is built like a known one, with links that lead elsewhere',
  },
} as const;

type Own = keyof typeof symbols;
type Sym = Own | DynamicSymbol;
type Context = CheckContext<FuzzyCheckOptions, Own>;

const refusalSymbols: Readonly<Record<Exclude<Refusal, 'silent'>, Own>> = {
  forbidden: 'FUZZY_FORBIDDEN',
  rateLimited: 'FUZZY_RATELIMITED',
  encryptionRequired: 'FUZZY_ENCRYPTION_REQUIRED',
};

/** Likeness from which on HTML is said to be that of a template. */
const sameTemplate = 0.8;

const defaultHitsLimit = 10;
const quietMs = 60_000;

/** A symbol of the configuration, which may be one of ours. */
function symbolNamed({ declare }: Context, name: string): Sym {
  if (Object.hasOwn(symbols, name)) return name as Own;
  return declare(name, { score: 0, description: 'The content is like something that was reported' });
}

function backendOf(context: Context, name: string, own: RuleOptions): Backend {
  const { config, clock, store, log, configError } = context;
  if (own.servers === undefined) {
    if (own.encryption_key !== undefined)
      throw configError(['rule', name, 'encryption_key'], 'there is nothing to encrypt without `servers`');
    const nowSeconds = (): number => Math.floor(clock.now() / 1000);
    return ownBackend(new FuzzyStorage(store), { ttlSeconds: Math.ceil(config.expire), nowSeconds });
  }
  const servers = parseServers(own.servers);
  if (typeof servers === 'string')
    throw configError(['rule', name, 'servers'], servers, '`host:port`, several with commas');
  const serverKey = own.encryption_key === undefined ? undefined : parseKey(own.encryption_key);
  if (own.encryption_key !== undefined && !serverKey)
    throw configError(['rule', name, 'encryption_key'], 'this is no public key', '52 characters of base 32');
  const client = new FuzzyClient({
    servers,
    serverKey,
    timeoutMs: 1000 * (own.timeout ?? config.timeout ?? 2),
    retransmits: own.retransmits ?? config.retransmits ?? 1,
    maxErrors: own.max_errors ?? config.max_errors ?? 4,
    reviveMs: 1000 * (own.revive_time ?? config.revive_time ?? 60),
    clock,
  });
  return remoteBackend(client, log.child({ rule: name }));
}

function compileRule(context: Context, makers: HashMakers, name: string, own: RuleOptions): Rule<Sym> {
  const { config, maps, path, configError } = context;
  const common = own.hits_limit ?? own.max_score ?? defaultHitsLimit;
  const meanings = new Map<number, { symbol: Sym; hitsLimit: number }>();
  for (const [symbol, { flag, hits_limit: hitsLimit, max_score: maxScore }] of Object.entries(
    own.fuzzy_map,
  )) {
    if (meanings.has(flag))
      throw configError(['rule', name, 'fuzzy_map', symbol, 'flag'], `flag ${flag} has a symbol already`);
    meanings.set(flag, { symbol: symbolNamed(context, symbol), hitsLimit: hitsLimit ?? maxScore ?? common });
  }
  const option = own.skip_hashes === undefined ? 'skip_map' : 'skip_hashes';
  const spec = own[option];
  return {
    name,
    options: own,
    backend: backendOf(context, name, own),
    hashes: makers.for(own, config),
    meanings,
    otherwise: own.skip_unknown
      ? undefined
      : { symbol: symbolNamed(context, own.symbol ?? config.symbol ?? 'FUZZY_UNKNOWN'), hitsLimit: common },
    skipped:
      spec === undefined || spec === null
        ? undefined
        : maps.open(spec, 'set', {
            description: `fuzzy_check: ${name}: ${option}`,
            path: path('rule', name, option),
          }),
    htmlWeight: own.checks?.html?.weight ?? own.html_weight ?? 1,
  };
}

async function skippedDigests(map: MapHandle, found: readonly Found[]): Promise<ReadonlySet<Found>> {
  const skipped = new Set<Found>();
  for (const one of found) {
    const digest = one.digest.toString('hex');
    const value = map.isExternal ? await map.ask(digest) : map.lookup(digest);
    if (value !== undefined) skipped.add(one);
  }
  return skipped;
}

/** Texts and HTML that were found together, or one without the other (modules.md 3.8). */
function compareKinds(found: readonly Found[], asked: ReadonlySet<string>, hit: InsertHit<Own>): void {
  const texts = found.filter(({ hash }) => hash.kind === 'txt');
  const html = found.filter(({ hash }) => hash.kind === 'html');
  if (texts.length > 0 && html.length === 0 && asked.has('html')) hit('FUZZY_TEXT_WITHOUT_HTML');
  if (html.length > 0 && texts.length === 0 && asked.has('txt')) hit('FUZZY_HTML_WITHOUT_TEXT');
  if (html.some((one) => one.probability >= sameTemplate && leadsElsewhere(one))) hit('FUZZY_HTML_PHISHING');
}

/** Tells the log of a storage that does not work, once a minute. */
class Complaints {
  readonly #log: Log;
  readonly #untilMs = new Map<string, number>();

  constructor(log: Log) {
    this.#log = log;
  }

  tell(rule: string, message: string, nowMs: number, reason: string): void {
    if ((this.#untilMs.get(rule) ?? 0) > nowMs) return;
    this.#untilMs.set(rule, nowMs + quietMs);
    this.#log.warn(message, { rule, reason });
  }
}

export const fuzzyCheck = defineCheck({
  name: 'fuzzy_check',
  summary: 'Recognises content that is like content reported before: texts, HTML, images, attachments.',
  details: [
    'Somebody reports a message (`postern fuzzy add`, `rspamc fuzzy_add`, the web page, a spam trap), and from then on',
    'messages like it get the symbol of the flag it was reported under: `FUZZY_DENIED` (1), `FUZZY_PROB` (2) or',
    '`FUZZY_WHITE` (3). Texts of 64 words and more match when over half of their 32 shingles do, shorter ones, images and',
    'attachments when they are the same. The part of the score that counts is',
    '`tanh(e × reports ÷ hits_limit) × (likeness − ½) × 2`: learn with a weight (`--weight 10`) to make it count at once.',
    'Options of the symbol: flag, start of the digest, likeness, and `txt`, `html`, `img` or `bin`.',
    '',
    'Every `rule "name" { … }` is a storage. The rule `own` is there from the start and keeps its hashes in the store of',
    'this server, under the keys of Rspamd (`fuzzy<digest>`, `fuzzy_<i>_<shingle>`, `fuzzy_count`), so that the Redis of an',
    '`rspamd` with `worker "fuzzy"` can be continued; as long as nothing was learned it costs nothing. A rule with',
    '`servers` asks a storage elsewhere, Rspamd’s or ours: see [sharing hashes](../../fuzzy.md).',
    '',
    'Mail of every direction is looked at. A storage that is away is not waited for longer than `timeout` × (`retransmits`',
    '+ 1) and costs its symbols only; the log says so once a minute, and `postern_fuzzy_checks_total` counts. Of a message',
    'no more than 64 pieces and 64 MiB of images and attachments are hashed.',
    '',
    'Unlike Rspamd: nobody outside is asked unless you say so. The rule `rspamd.com` of its stock files, which sends hashes',
    'of all mail to that company, is not there; write it into `local.d/fuzzy_check.conf` if you want it. Nothing about',
    'senders is ever sent (`no_share`, `extensions`). Structures of HTML (`html_shingles`) are made in an own way, which',
    'only Posterns share. Algorithms `siphash` and `fasthash` are refused, and so are Lua functions. Texts of more than 600',
    'words get other hashes than Rspamd’s. In a Redis Cluster the own storage does not work.',
  ].join('\n'),
  group: 'fuzzy',
  stage: 'filter',
  direction: 'both',
  needs: ['parts'],
  servers: 'own',
  config: fuzzyCheckOptions,
  unsupported: {
    learn_condition: 'Lua functions are not run here',
    io_timeout: 'write `timeout`',
  },
  symbols,
  create(context) {
    const { config, clock, log, maps, metrics, offer, onClose, path } = context;
    const makers = new HashMakers();
    const rules = Object.entries(config.rule)
      .filter(([, own]) => own.enabled)
      .map(([name, own]) => compileRule(context, makers, name, own));
    if (rules.length === 0) {
      log.debug('no rules');
      return undefined;
    }
    onClose(() => {
      for (const { backend } of rules) backend.close();
    });
    const whitelist =
      config.whitelist === undefined || config.whitelist === null
        ? undefined
        : maps.open(config.whitelist, 'radix', {
            description: 'fuzzy_check: whitelist',
            path: path('whitelist'),
          });
    const checks = metrics.counter(
      'postern_fuzzy_checks_total',
      'Messages that a fuzzy storage was asked about',
      ['rule', 'outcome'],
    );
    const learned = metrics.counter(
      'postern_fuzzy_learned_total',
      'Hashes added to and deleted from fuzzy storages',
      ['verb'],
    );
    offer({ fuzzy: teachingService(rules, (verb, hashes) => learned.add(hashes, { verb })) });
    const complaints = new Complaints(log);

    const judge = async (rule: Rule<Sym>, task: Task): Promise<Judgement | undefined> => {
      const { name, backend } = rule;
      try {
        if (!(await backend.isUsed())) return undefined;
        const hashes = await rule.hashes.of(task);
        if (hashes.length === 0) return undefined;
        const judgement = await backend.check(hashes, task.signal);
        if (judgement.refusals.has('silent') && !task.signal.aborted)
          complaints.tell(name, 'a fuzzy storage does not answer', clock.now(), backend.servers.join(', '));
        const isFailure = judgement.refusals.size > 0 && judgement.found.length === 0;
        const outcome = judgement.found.length > 0 ? 'found' : isFailure ? 'failed' : 'not found';
        checks.add(1, { rule: name, outcome });
        return judgement;
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        complaints.tell(name, 'the store with the hashes cannot be reached', clock.now(), error.message);
        checks.add(1, { rule: name, outcome: 'failed' });
        return undefined;
      }
    };

    const look = async (rule: Rule<Sym>, task: Task, hit: InsertHit<Own>): Promise<readonly Found[]> => {
      const judgement = await judge(rule, task);
      if (!judgement) return [];
      for (const refusal of judgement.refusals)
        if (refusal !== 'silent') hit(refusalSymbols[refusal], 1, rule.name);
      const skipped = rule.skipped && (await skippedDigests(rule.skipped, judgement.found));
      const found = judgement.found.filter((one) => !skipped?.has(one));
      for (const { symbol, weight, options } of insertions(rule, found)) hit(symbol, weight, ...options);
      if (rule.hashes.isHtmlRead && found.length > 0) {
        const asked = new Set((await rule.hashes.of(task)).map(({ kind }) => kind));
        compareKinds(found, asked, hit);
      }
      return found;
    };

    return {
      name: 'FUZZY_CALLBACK',
      waits: true,
      async run(task, hit) {
        const { clientIp } = task.envelope;
        if (whitelist && clientIp) {
          const listed = whitelist.isExternal
            ? await whitelist.ask(clientIp, task.signal)
            : whitelist.lookup(clientIp);
          if (listed !== undefined) return;
        }
        const found = (await Promise.all(rules.map((rule) => look(rule, task, hit)))).flat();
        if (found.length === 0) return;
        const digests = new Set(found.map(({ digest }) => digest.toString('hex')));
        task.variables.set('fuzzy_hashes', [...digests].join(', '));
      },
    };
  },
});
