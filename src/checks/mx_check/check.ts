import { z } from 'zod';
import {
  defineCheck,
  type InsertHit,
  type MailAddress,
  moduleRedisOptions,
  StoreError,
  type SymbolDef,
  type Task,
} from '../../core/index.ts';
import { addressKind } from './address-kind.ts';
import { MxJudge, type Verdict, verdicts } from './judge.ts';
import { StoredResults } from './results.ts';

const flag = (byDefault: boolean, text: string) => z.boolean().default(byDefault).describe(text);
const seconds = (byDefault: number, text: string) => z.number().positive().default(byDefault).describe(text);
const map = (text: string) =>
  z
    .union([z.string(), z.array(z.unknown()), z.record(z.string(), z.unknown())])
    .optional()
    .describe(text);

const config = z.strictObject({
  ...moduleRedisOptions,
  enabled: flag(false, 'Switches the check on'),
  check_from: flag(true, 'The domain of the envelope sender'),
  check_mime_from: flag(true, 'The domain of From'),
  check_reply_to: flag(true, 'The domain of Reply-To'),
  check_authorized: flag(false, 'Also for mail with a login'),
  check_local: flag(false, 'Also for mail from local addresses'),
  connect_timeout: seconds(2, 'Seconds to wait for a connection'),
  read_timeout: seconds(5, 'Seconds to wait for the greeting'),
  verify_greeting: flag(false, 'Wait for the greeting, which has to be one of a mail server'),
  max_mx_a_records: z.int().min(1).max(20).default(3).describe('Addresses of a domain that are tried'),
  probe_ipv4: flag(true, 'Try IPv4 addresses'),
  probe_ipv6: flag(false, 'Try IPv6 addresses'),
  expire: seconds(86_400, 'Seconds a good result is kept'),
  expire_dns: seconds(1800, 'Seconds a failure of DNS is kept'),
  expire_novalid: seconds(14_400, 'Seconds a bad result is kept'),
  expire_timeout: seconds(7200, 'Seconds a timeout is kept'),
  key_prefix: z.string().default('rmx').describe('Begins the keys in the store'),
  exclude_domains: map('Map of domains that are not tried (MX_SKIP)'),
  exclude_ips: map('Map of addresses of mail exchangers that are not tried'),
  bad_mxs: map('Map of names of bad mail exchangers (MX_BAD)'),
  bad_ips: map('Map of addresses of bad mail exchangers (MX_IP_BAD)'),
  whitelist: map('Map of domains that are good without a try (MX_WHITE)'),
  greylist_invalid: flag(true, 'Demand greylisting for …_INVALID'),
  greylist_none: flag(true, 'Demand greylisting for …_NONE'),
  greylist_broken: flag(true, 'Demand greylisting for …_BROKEN'),
  greylist_refused: flag(true, 'Demand greylisting for …_REFUSED'),
  greylist_null: flag(true, 'Demand greylisting for …_NULL'),
  greylist_timeouts: flag(true, 'Demand greylisting for …_TIMEOUT_CONNECT and …_TIMEOUT_READ'),
  greylist_authorized: flag(false, 'Demand it for mail with a login too'),
  greylist_local: flag(false, 'Demand it for mail from local addresses too'),
  reject_null_mx: flag(
    false,
    'Reject mail whose envelope sender is at a domain that takes no mail (RFC 7505)',
  ),
  reject_authorized: flag(false, 'Reject mail with a login too'),
  reject_local: flag(false, 'Reject mail from local addresses too'),
});
type Config = z.output<typeof config>;

const prefixes = { from: '', mimeFrom: 'MIME_FROM_', replyTo: 'REPLYTO_' } as const;
type Target = keyof typeof prefixes;
type Sym = `${(typeof prefixes)[Target]}${Verdict}`;

const subjects: Readonly<Record<Target, string>> = {
  from: 'Envelope sender',
  mimeFrom: 'From',
  replyTo: 'Reply-To',
};

function declareSymbols(): Record<Sym, SymbolDef> {
  const all: [string, SymbolDef][] = [];
  for (const [target, prefix] of Object.entries(prefixes))
    for (const [verdict, { score, description }] of Object.entries(verdicts))
      all.push([
        `${prefix}${verdict}`,
        { score, description: `${subjects[target as Target]}: ${description}` },
      ]);
  return Object.fromEntries(all) as Record<Sym, SymbolDef>;
}

/** Domains tried at once by one process; further ones are not tried. */
const maxConcurrent = 64;
/** What is left to a scan after this check. */
const reserveMs = 1000;

function greylistOption(verdict: Verdict): keyof Config | undefined {
  const word = verdict.replace(/^MX_(?:A_)?/, '').toLowerCase();
  if (word.startsWith('timeout')) return 'greylist_timeouts';
  const options = ['invalid', 'none', 'broken', 'refused', 'null'] as const;
  const found = options.find((option) => option === word);
  return found && `greylist_${found}`;
}

/** Domains to try, each once, under the first target that names it. */
function targets(task: Task, settings: Config): ReadonlyMap<string, Target> {
  const found = new Map<string, Target>();
  const add = (target: Target, address: MailAddress | null | undefined): void => {
    const domain = address?.domain.replace(/\.$/, '') ?? '';
    // Literals are no domains.
    if (/^[a-z0-9_.-]+\.[a-z0-9-]+$/i.test(domain) && domain.length < 254 && !found.has(domain))
      found.set(domain, target);
  };
  const { originalEnvelope, message } = task;
  if (settings.check_from) add('from', originalEnvelope.sender);
  if (task.raw.length > 0) {
    if (settings.check_mime_from) add('mimeFrom', message.from[0]);
    if (settings.check_reply_to) add('replyTo', message.replyTo[0]);
  }
  return found;
}

export const mxCheck = defineCheck({
  name: 'mx_check',
  summary:
    'Tries whether the domains of senders take mail: their mail exchangers exist and answer on port 25.',
  details: [
    'Off unless `enabled = true`. Results are kept in the store, under `key_prefix`, for all workers and machines; a domain',
    'is tried by one of them at a time (MX_INFLIGHT for the others). A domain that stands in several places is judged once, under',
    'the first of envelope, From, Reply-To. Private and reserved addresses are never connected to.',
    '',
    'Greylisting is demanded of the check `greylist`, which decides. Without a mail exchanger the domain’s own addresses are',
    'tried (RFC 5321 5.1). With `verify_greeting` a reply 2xx or 4xx is one of a mail server.',
  ].join('\n'),
  group: 'mx',
  stage: 'filter',
  direction: 'both',
  needs: [],
  config,
  symbols: declareSymbols(),
  create({ config: settings, dns, store, maps, path, options, log, metrics }) {
    const open = (
      option: 'exclude_domains' | 'exclude_ips' | 'bad_mxs' | 'bad_ips' | 'whitelist',
      kind: 'set' | 'radix',
    ) =>
      settings[option] === undefined
        ? undefined
        : maps.open(settings[option], kind, {
            description: `mx_check: ${option.replace('_', ' ')}`,
            path: path(option),
          });
    const whitelist = open('whitelist', 'set');
    const excluded = open('exclude_domains', 'set');
    const judge = new MxJudge(dns, {
      port: 25,
      connectTimeoutMs: settings.connect_timeout * 1000,
      readTimeoutMs: settings.read_timeout * 1000,
      verifiesGreeting: settings.verify_greeting,
      maxAddresses: settings.max_mx_a_records,
      probesIpv4: settings.probe_ipv4,
      probesIpv6: settings.probe_ipv6,
      excludedIps: open('exclude_ips', 'radix'),
      badNames: open('bad_mxs', 'set'),
      badIps: open('bad_ips', 'radix'),
      kindOf: addressKind,
    });
    const wantedMs = (settings.connect_timeout + settings.read_timeout) * 1000 + reserveMs;
    const limitMs = Math.max(
      reserveMs,
      Math.min(wantedMs, (options.taskTimeoutMs ?? Number.POSITIVE_INFINITY) - reserveMs),
    );
    const results = new StoredResults(
      store,
      settings.key_prefix,
      {
        goodMs: settings.expire * 1000,
        dnsMs: settings.expire_dns * 1000,
        invalidMs: settings.expire_novalid * 1000,
        timeoutMs: settings.expire_timeout * 1000,
      },
      limitMs + reserveMs,
    );
    const domains = metrics.counter(
      'postern_mx_check_domains_total',
      'Domains whose mail exchangers were tried',
      ['verdict'],
    );
    let running = 0;

    const isIn = async (list: typeof whitelist, domain: string, task: Task): Promise<boolean> =>
      list !== undefined &&
      (list.isExternal ? await list.ask(domain, task.signal) : list.lookup(domain)) !== undefined;

    const tryDomain = async (task: Task, domain: string): Promise<readonly Verdict[]> => {
      if (running >= maxConcurrent) {
        await results.forget(domain);
        return ['MX_SKIP'];
      }
      running++;
      try {
        const found = await judge.judge(domain, AbortSignal.any([task.signal, AbortSignal.timeout(limitMs)]));
        for (const verdict of found) domains.add(1, { verdict });
        // A scan that was given up says nothing about the domain.
        if (task.signal.aborted) await results.forget(domain);
        else if (!found.includes('MX_SKIP')) await results.keep(domain, found);
        else await results.forget(domain);
        return found;
      } finally {
        running--;
      }
    };

    const judgeDomain = async (task: Task, domain: string): Promise<readonly Verdict[]> => {
      if (await isIn(whitelist, domain, task)) return ['MX_WHITE'];
      if (await isIn(excluded, domain, task)) return ['MX_SKIP'];
      try {
        const known = await results.claim(domain);
        return known === 'claimed' ? await tryDomain(task, domain) : known;
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        log.warn('the store cannot be asked for results', { id: task.id, error: error.message });
        return ['MX_REDIS_ERROR'];
      }
    };

    const act = (task: Task, target: Target, verdict: Verdict): void => {
      const { isAuthenticated, isLocal } = task.direction;
      const allows = (authorized: boolean, local: boolean): boolean =>
        (!isAuthenticated || authorized) && (!isLocal || local);
      const option = greylistOption(verdict);
      if (option && settings[option] && allows(settings.greylist_authorized, settings.greylist_local))
        task.variables.set('grey_greylisted_required', 1);
      if (
        verdict === 'MX_NULL' &&
        target === 'from' &&
        settings.reject_null_mx &&
        allows(settings.reject_authorized, settings.reject_local)
      ) {
        task.setPreResult({
          action: 'reject',
          message: 'The sender domain does not accept mail',
          module: 'mx_check',
          priority: 0,
          isLeast: false,
          processAll: false,
        });
      }
    };

    return {
      waits: true,
      async run(task: Task, hit: InsertHit<Sym>) {
        const { isAuthenticated, isLocal } = task.direction;
        if ((isAuthenticated && !settings.check_authorized) || (isLocal && !settings.check_local)) return;
        const wanted = [...targets(task, settings)];
        await Promise.all(
          wanted.map(async ([domain, target]) => {
            for (const verdict of await judgeDomain(task, domain)) {
              hit(`${prefixes[target]}${verdict}`, 1, domain);
              act(task, target, verdict);
            }
          }),
        );
      },
    };
  },
});
