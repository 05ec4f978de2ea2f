import { evaluateSpf, PolicyCache, type SpfEvaluation } from '../../auth/index.ts';
import {
  type CheckContext,
  type DynamicSymbol,
  defineCheck,
  directionFilter,
  type InsertHit,
  type MapHandle,
  type SpfResult,
  type Task,
} from '../../core/index.ts';
import { findClient, isListed, type SpfClient } from './client.ts';
import { type SpfCheckOptions, spfOptions } from './options.ts';

const groups = ['policies', 'spf'];
const symbols = {
  R_SPF_ALLOW: { score: -0.2, groups, description: 'The sender domain allows this client', ref: 'RFC 7208' },
  R_SPF_FAIL: { score: 1, groups, description: 'The sender domain forbids this client' },
  R_SPF_SOFTFAIL: { score: 0, groups, description: 'The sender domain probably does not know this client' },
  R_SPF_NEUTRAL: { score: 0, groups, description: 'The sender domain does not say' },
  R_SPF_DNSFAIL: { score: 0, groups, description: 'DNS did not answer about the policy' },
  R_SPF_NA: { score: 0, groups, oneShot: true, description: 'The sender domain has no policy' },
  R_SPF_PERMFAIL: { score: 0, groups, description: 'The policy of the sender domain is malformed' },
  R_SPF_PLUSALL: { score: 4, groups, description: 'The sender domain allows every client (`+all`)' },
} as const;
type SpfSymbol = keyof typeof symbols;
type SymbolRole = keyof SpfCheckOptions['symbols'];

const standardName: Readonly<Record<SymbolRole, SpfSymbol>> = {
  allow: 'R_SPF_ALLOW',
  fail: 'R_SPF_FAIL',
  softfail: 'R_SPF_SOFTFAIL',
  neutral: 'R_SPF_NEUTRAL',
  dnsfail: 'R_SPF_DNSFAIL',
  na: 'R_SPF_NA',
  permfail: 'R_SPF_PERMFAIL',
  plusall: 'R_SPF_PLUSALL',
};

/** How each result is told: role of the symbol, and the sign before the mechanism. */
const telling: Readonly<Record<SpfResult, readonly [role: SymbolRole, sign: string]>> = {
  pass: ['allow', '+'],
  fail: ['fail', '-'],
  softfail: ['softfail', '~'],
  neutral: ['neutral', '?'],
  temperror: ['dnsfail', ''],
  permerror: ['permfail', ''],
  none: ['na', ''],
};

/** Options of results without a mechanism, where Rspamd has words for them. */
const wordless: Partial<Readonly<Record<SpfResult, string>>> = {
  neutral: '?all',
  none: 'no SPF record',
  temperror: 'temporary DNS error',
};

/** RFC 7208 4.6.4: at least 20 seconds, when the task has so long. */
const maxTimeMs = 20_000;
/** What is left to the rest of the scan when DNS is slow. */
const reserveMs = 500;
const minTimeMs = 100;

export const spf = defineCheck({
  name: 'spf',
  summary: "Asks whether the sender's domain lets this client send (RFC 7208).",
  details: [
    "The identity is the envelope's sender, or the HELO name for the null sender. The option of the symbol is the",
    'mechanism that matched, in the spelling of the innermost record, with `:c` behind it when the policy was known',
    'already; for results without one it says what happened.',
    '',
    'Besides the options the limits of RFC 7208 4.6.4 always hold: ten terms that ask DNS, two empty answers, ten',
    'hosts of one `mx`. Beyond them the policy is malformed. A check takes no longer than the task has left.',
    '',
    'Other checks find the result in Authentication-Results, and the record in the variable `spf_record`, its domain in',
    '`spf_domain`. Mail that is not checked (logins, local addresses, `whitelist`) has no result, so that DMARC does not',
    'judge it either.',
  ].join('\n'),
  group: 'policies',
  stage: 'filter',
  direction: 'both',
  needs: [],
  config: spfOptions,
  symbols,
  create(context) {
    const runner = new SpfCheck(context);
    return { name: 'SPF_CHECK', waits: true, run: (task, hit) => runner.run(task, hit) };
  },
});

class SpfCheck {
  readonly #context: CheckContext<SpfCheckOptions, SpfSymbol>;
  readonly #skips: ReturnType<typeof directionFilter>;
  readonly #whitelist: MapHandle | undefined;
  readonly #relays: MapHandle | undefined;
  readonly #policies: PolicyCache;
  readonly #results: ReturnType<CheckContext<SpfCheckOptions, SpfSymbol>['metrics']['counter']>;
  readonly #names: Readonly<Record<SymbolRole, SpfSymbol | DynamicSymbol>>;

  constructor(context: CheckContext<SpfCheckOptions, SpfSymbol>) {
    const { config, options, clock } = context;
    this.#context = context;
    this.#skips = directionFilter(config, options);
    const open = (option: 'whitelist' | 'external_relay'): MapHandle | undefined =>
      config[option] === undefined
        ? undefined
        : context.maps.open(config[option], 'radix', {
            description: `spf: ${option}`,
            path: context.path(option),
          });
    this.#whitelist = open('whitelist');
    this.#relays = open('external_relay');
    this.#results = context.metrics.counter('postern_spf_results_total', 'Results of SPF', [
      'result',
      'policy',
    ]);
    this.#policies = new PolicyCache({
      maxPolicies: config.spf_cache_size,
      maxAgeMs: config.spf_cache_expire * 1000,
      minAgeMs: config.min_cache_ttl * 1000,
      clock,
    });
    const nameOf = (role: SymbolRole): SpfSymbol | DynamicSymbol => {
      const name = config.symbols[role];
      return name === undefined ? standardName[role] : context.rename(standardName[role], name);
    };
    this.#names = {
      allow: nameOf('allow'),
      fail: nameOf('fail'),
      softfail: nameOf('softfail'),
      neutral: nameOf('neutral'),
      dnsfail: nameOf('dnsfail'),
      na: nameOf('na'),
      permfail: nameOf('permfail'),
      plusall: nameOf('plusall'),
    };
  }

  run(task: Task, hit: InsertHit<SpfSymbol>): Promise<void> | undefined {
    const { clientIp } = task.envelope;
    const given = task.authentication.spf;
    if (given) {
      this.#tellGiven(given.result, hit);
      return undefined;
    }
    if (this.#relays) return this.#runBehindRelays(task, hit, this.#relays);
    if (!clientIp || this.#skips(task)) return undefined;
    return this.#check(task, hit, { ip: clientIp, isRelayed: false });
  }

  async #runBehindRelays(task: Task, hit: InsertHit<SpfSymbol>, relays: MapHandle): Promise<void> {
    const client = await findClient(task, relays);
    if (!client) return;
    // The relay is one of ours and often local; whether the mail is local the host behind it decides.
    const { isAuthenticated } = task.direction;
    const isLocal = client.isRelayed ? task.isLocalClient(client.ip) : task.direction.isLocal;
    if (this.#skips({ direction: { isAuthenticated, isLocal, isOutbound: isAuthenticated || isLocal } }))
      return;
    await this.#check(task, hit, client);
  }

  async #check(task: Task, hit: InsertHit<SpfSymbol>, { ip }: SpfClient): Promise<void> {
    if (this.#whitelist && (await isListed(this.#whitelist, ip, task.signal))) return;
    const { config, dns, options, clock } = this.#context;
    // The policy is that of the address the client gave; tables of aliases are for recipients and counters.
    const { sender } = task.originalEnvelope;
    const { helo = '' } = task.envelope;
    const identity = sender ? 'mailfrom' : 'helo';
    const domain = (sender ? sender.domain : helo).toLowerCase();
    const local = sender ? sender.local : 'postmaster';
    const evaluation = await evaluateSpf(
      { clientIp: ip, domain, local, helo },
      {
        dns,
        limits: {
          maxNesting: config.max_dns_nesting,
          maxRequests: config.max_dns_requests,
          maxExpansions: config.max_dns_expansions,
        },
        signal: task.signal,
        timeoutMs: this.#timeLeftMs(task),
        policies: this.#policies,
        asksIpv6: !config.disable_ipv6,
        explainAs: config.explanation ? options.hostName : undefined,
        nowMs: clock.now(),
      },
    );
    const { result, mechanism, reason, explanation, record } = evaluation;
    task.authentication.spf = {
      result,
      domain,
      identity,
      sender: sender ? sender.text : `postmaster@${domain}`,
      clientIp: ip,
      mechanism,
      reason: explanation ?? reason,
    };
    if (record !== undefined) {
      task.variables.set('spf_record', record);
      task.variables.set('spf_domain', domain);
    }
    this.#results.add(1, { result, policy: evaluation.isCached ? 'known' : 'asked' });
    this.#tell(evaluation, hit);
  }

  #tell({ result, mechanism, reason, isCached }: SpfEvaluation, hit: InsertHit<SpfSymbol>): void {
    const [role, sign] = telling[result];
    const isPlusAll = result === 'pass' && mechanism?.toLowerCase() === 'all';
    const text =
      mechanism === undefined
        ? (wordless[result] ?? reason ?? result)
        : `${sign}${mechanism}${isCached ? ':c' : ''}`;
    hit(this.#names[isPlusAll ? 'plusall' : role], 1, text);
  }

  /** A result that the scan request told. */
  #tellGiven(result: SpfResult, hit: InsertHit<SpfSymbol>): void {
    this.#results.add(1, { result, policy: 'told' });
    hit(this.#names[telling[result][0]], 1, 'http header');
  }

  #timeLeftMs(task: Task): number {
    const { options, clock } = this.#context;
    if (options.taskTimeoutMs === undefined) return maxTimeMs;
    const leftMs = options.taskTimeoutMs - (clock.now() - task.startedMs) - reserveMs;
    return Math.min(maxTimeMs, Math.max(minTimeMs, leftMs));
  }
}
