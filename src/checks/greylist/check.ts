import { domainInfo } from '../../content/index.ts';
import {
  type CheckContext,
  defineCheck,
  directionFilter,
  type InsertHit,
  isOperatorScan,
  type MapHandle,
  outboundChecks,
  priorities,
  type Store,
  StoreError,
  type StoreProcedure,
  type Task,
} from '../../core/index.ts';
import { type GreylistKeys, greylistKeys } from './keys.ts';
import { type GreylistOptions, greylistOptions } from './options.ts';

/** What the store says of a message, from one stage to the other. Neither passed nor early: it is new. */
interface Finding {
  readonly keys: GreylistKeys;
  /** It waited long enough: which of the keys tells so. */
  readonly passedBy?: 'body' | 'meta' | undefined;
  /** It came too early: until when it has to wait, and which keys tell so. */
  readonly wait?: { readonly untilMs: number; readonly told: string; readonly by: 'body' | 'meta' };
}

/** Puts off the end of a record that is still there. */
const renew: StoreProcedure<readonly [ttlMs: number], void> = {
  name: 'greylist_renew',
  apply(tx, [key = ''], [ttlMs]) {
    tx.expire(key, ttlMs);
  },
  lua: `redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1`,
  parse() {},
};

export const greylist = defineCheck({
  name: 'greylist',
  summary:
    'Lets suspicious mail from strangers wait: their servers come back, much of what sends spam does not.',
  details: [
    'Mail that came in and reached the score of the action `greylist` is told to try later; the store notes its content',
    'and, apart from it, its sender, recipients and network. When either comes again after `timeout` it passes, sooner',
    'it is told to wait at once. Outbound mail does not wait unless `check_local` or `check_authed` say so.',
    '',
    'Wherever the check decides that a message need not wait, the action `greylist` becomes `no action`. While the store',
    'cannot be reached nobody waits.',
    '',
    'The symbol says `greylisted` with the time and the reason (`new record`, `too early`), or `pass` with the key by which',
    'the message passed.',
  ].join('\n'),
  group: 'greylist',
  stage: 'prefilter',
  priority: priorities.medium,
  direction: 'both',
  needs: ['headers'],
  config: greylistOptions,
  unsupported: { message_func: 'Lua functions are not run; write the text as `message`' },
  symbols: { GREYLIST: { score: 0, description: 'What greylisting decided' } },
  create(context) {
    const { config, options, store, clock, log, metrics } = context;
    const symbol = context.rename('GREYLIST', config.symbol);
    if (!options.actions.includes(config.action))
      throw context.configError(
        ['action'],
        `there is no action "${config.action}"`,
        options.actions.join(', '),
      );
    const isLeftAlone = directionFilter(config, options);
    const checksLocal = outboundChecks(config, options).local;
    const whitelist = new Whitelist(context);
    const decisions = metrics.counter('postern_greylist_total', 'What greylisting decided', ['decision']);
    const findings = new WeakMap<Task, Finding>();
    const ttlMs = Math.floor(config.expire) * 1000;
    const timeoutMs = config.timeout * 1000;
    const limitMs = config.redis_timeout * 1000;

    /** Nothing that the store does stops mail: undefined when it failed. */
    const fromStore = async <Value>(task: Task, work: Promise<Value>): Promise<Value | undefined> => {
      try {
        return await within(work, limitMs);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        log.warn('greylisting is left out', { id: task.id, error: error.message });
        return undefined;
      }
    };
    const tellToWait = (task: Task, hit: InsertHit<'GREYLIST'>, untilMs: number, why: string): void => {
      const until = new Date(untilMs).toUTCString();
      hit(symbol, 1, 'greylisted', until, why);
      if (!checksLocal && isOperatorScan(task.envelope)) return;
      decisions.add(1, { decision: why === 'new record' ? 'new' : 'early' });
      task.setPreResult({
        action: config.action,
        message: config.report_time ? `${config.message}: ${until}` : config.message,
        module: 'greylist',
        priority: 0,
        isLeast: false,
        processAll: false,
      });
    };
    const judge = (keys: GreylistKeys, body: number | undefined, meta: number | undefined): Finding => {
      const nowMs = clock.now();
      const end = (seconds: number): number => seconds * 1000 + timeoutMs;
      const isEarly = (seconds: number | undefined): seconds is number =>
        seconds !== undefined && nowMs < end(seconds);
      if (body === undefined && meta === undefined) return { keys };
      if (body !== undefined && !isEarly(body)) return { keys, passedBy: 'body' };
      const passedBy = meta !== undefined && !isEarly(meta) ? 'meta' : undefined;
      if (isEarly(body))
        return isEarly(meta)
          ? { keys, wait: { untilMs: Math.min(end(body), end(meta)), told: 'meta and body', by: 'body' } }
          : { keys, passedBy, wait: { untilMs: end(body), told: 'body only', by: 'body' } };
      if (isEarly(meta)) return { keys, wait: { untilMs: end(meta), told: 'meta only', by: 'meta' } };
      return { keys, passedBy };
    };

    const check = async (task: Task, hit: InsertHit<'GREYLIST'>): Promise<void> => {
      if (await whitelist.hasNetwork(task)) return;
      const keys = greylistKeys(task, config);
      const stored = await fromStore(
        task,
        Promise.all([readTime(store, keys.body), readTime(store, keys.meta)]),
      );
      if (!stored) return;
      const finding = judge(keys, ...stored);
      findings.set(task, finding);
      if (!finding.wait) return;
      log.info('greylisted', { id: task.id, by: finding.wait.told });
      tellToWait(task, hit, finding.wait.untilMs, 'too early');
    };
    const letThrough = (task: Task): void => {
      if (task.result.currentAction() === 'greylist') task.disableAction('greylist');
    };
    const needsNoWait = (task: Task): boolean => {
      const { result } = task;
      const minScore = config.greylist_min_score ?? result.threshold('greylist');
      return (
        config.whitelist_symbols.some((name) => result.has(name)) ||
        (minScore !== undefined && result.score < minScore) ||
        isLeftAlone(task)
      );
    };
    const pass = async (task: Task, keys: GreylistKeys): Promise<void> => {
      decisions.add(1, { decision: 'passed' });
      const renewals = [store.run(renew, [keys.body], [ttlMs]), store.run(renew, [keys.meta], [ttlMs])];
      await fromStore(task, Promise.all(renewals));
    };
    const begin = async (task: Task, hit: InsertHit<'GREYLIST'>, keys: GreylistKeys): Promise<void> => {
      const seconds = Math.floor(clock.now() / 1000);
      const text = String(seconds);
      // Noted before it is told: a message that nobody remembers would wait for ever.
      const isNoted = await fromStore(
        task,
        Promise.all([store.set(keys.body, text, ttlMs), store.set(keys.meta, text, ttlMs)]),
      );
      if (isNoted) tellToWait(task, hit, seconds * 1000 + timeoutMs, 'new record');
      else letThrough(task);
    };
    const save = async (task: Task, hit: InsertHit<'GREYLIST'>): Promise<void> => {
      if (await whitelist.hasNetwork(task)) {
        letThrough(task);
        return;
      }
      const finding = findings.get(task);
      const passedBy = finding?.passedBy ?? ((await whitelist.hasHost(task)) ? 'meta' : undefined);
      const action = task.result.currentAction();
      const isDemanded = task.variables.has('grey_greylisted_required');
      if (action === 'reject' || (action === 'no action' && !isDemanded)) return;
      const isTrial = !checksLocal && isOperatorScan(task.envelope);
      if (passedBy) {
        letThrough(task);
        hit(symbol, 1, 'pass', passedBy);
        if (!isTrial) await pass(task, finding?.keys ?? greylistKeys(task, config));
      } else if (finding?.wait) {
        tellToWait(task, hit, finding.wait.untilMs, finding.wait.by);
      } else if (!finding) {
        letThrough(task);
      } else if (!isTrial) {
        await begin(task, hit, finding.keys);
      }
    };

    return [
      {
        name: 'GREYLIST_CHECK',
        waits: true,
        // A reply may be let through at once.
        after: ['REPLIES_CHECK'],
        run: (task, hit) => (isLeftAlone(task) ? undefined : check(task, hit)),
      },
      {
        name: 'GREYLIST_SAVE',
        stage: 'postfilter',
        waits: true,
        run(task, hit) {
          if (task.result.preResults.length > 0) return undefined;
          if (!needsNoWait(task)) return save(task, hit);
          letThrough(task);
          return undefined;
        },
      },
    ];
  },
});

/** Clients that need not wait. */
class Whitelist {
  readonly #networks: MapHandle | undefined;
  readonly #hosts: MapHandle | undefined;

  constructor({ config, maps, path }: CheckContext<GreylistOptions, 'GREYLIST'>) {
    const open = (name: 'whitelisted_ip' | 'whitelist_domains_url', kind: 'radix' | 'set') =>
      config[name] === undefined || config[name] === null
        ? undefined
        : maps.open(config[name], kind, { description: `greylist: ${name}`, path: path(name) });
    this.#networks = open('whitelisted_ip', 'radix');
    this.#hosts = open('whitelist_domains_url', 'set');
  }

  async hasNetwork({ envelope: { clientIp }, signal }: Task): Promise<boolean> {
    return clientIp !== undefined && (await has(this.#networks, clientIp, signal));
  }

  /** The client's verified host name, or its registered domain. */
  async hasHost({ envelope, signal }: Task): Promise<boolean> {
    const host = envelope.hostName?.toLowerCase();
    if (host === undefined || !this.#hosts) return false;
    const { domain } = domainInfo(host);
    return (
      (await has(this.#hosts, host, signal)) || (domain !== host && (await has(this.#hosts, domain, signal)))
    );
  }
}

async function has(
  map: MapHandle | undefined,
  key: Parameters<MapHandle['lookup']>[0],
  signal: AbortSignal,
): Promise<boolean> {
  if (!map) return false;
  return (map.isExternal ? await map.ask(key, signal) : map.lookup(key)) !== undefined;
}

/** Seconds since 1970 at which a key was noted; undefined: it was not, or holds something else. */
async function readTime(store: Store, key: string): Promise<number | undefined> {
  const text = await store.get(key);
  const seconds = text === undefined || text === '' ? Number.NaN : Number(text);
  return Number.isFinite(seconds) ? seconds : undefined;
}

/** @throws StoreError when the store is too slow */
async function within<Value>(work: Promise<Value>, limitMs: number): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new StoreError(`no answer within ${limitMs} ms`)), limitMs);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
