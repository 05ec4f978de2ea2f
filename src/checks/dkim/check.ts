import { cachedKeys, verifyDkimSignature } from '../../auth/index.ts';
import {
  type DkimOutcome,
  defineCheck,
  type Header,
  type InsertHit,
  type MapHandle,
  type Task,
} from '../../core/index.ts';
import { config, unsupported } from './options.ts';

const groups = ['policies', 'dkim'];
/** Half of a scan's time: DMARC still has to ask for its policy, and the rest has to run. */
const shareOfTask = 0.5;
const defaultTaskTimeoutMs = 8000;

const ask = (map: MapHandle, key: Parameters<MapHandle['lookup']>[0], signal: AbortSignal) =>
  map.isExternal ? map.ask(key, signal) : map.lookup(key);

/** `reject:allow` factors of a domain in the map. */
function readFactors(value: string, usual: number): { readonly reject: number; readonly allow: number } {
  const [reject, allow] = value.split(':').map((text) => (text.trim() === '' ? Number.NaN : Number(text)));
  return reject !== undefined && allow !== undefined && Number.isFinite(reject) && Number.isFinite(allow)
    ? { reject, allow }
    : { reject: usual, allow: usual };
}

export const dkim = defineCheck({
  name: 'dkim',
  summary: 'Verifies DKIM signatures (RFC 6376, RFC 8301, RFC 8463).',
  details: [
    'Each signature gives one symbol with the option `domain:s=selector`, and `DKIM_TRACE` with `domain:` and a mark:',
    '`+` verifies, `-` does not, `?` DNS did not answer, `~` anything else. What was found is there for DMARC,',
    'Authentication-Results and ARC as well.',
    '',
    'Mail with a login and mail from local addresses is not checked unless `check_authed` or `check_local` say so.',
    '',
    '`R_DKIM_PERMFAIL` stands for: a header that is no signature, `rsa-sha1` (RFC 8301 3.1: it has permanently failed),',
    'a key that is not there, revoked, of another kind or not for mail, one shorter than 1024 bits or absurdly large',
    '(`policy` in Authentication-Results), a signature that expired or comes from the future, an `l=` beyond the body. A',
    'signature that fails while its key says `t=y` counts as none at all (RFC 6376 3.6.1).',
  ].join('\n'),
  group: 'policies',
  stage: 'filter',
  direction: 'both',
  needs: ['headers'],
  config,
  unsupported,
  symbols: {
    R_DKIM_ALLOW: {
      score: -0.2,
      description: 'A DKIM signature verifies',
      oneShot: true,
      groups,
      ref: 'RFC 6376',
    },
    R_DKIM_REJECT: {
      score: 1,
      description: 'A DKIM signature does not verify',
      oneShot: true,
      groups,
      ref: 'RFC 6376',
    },
    R_DKIM_TEMPFAIL: {
      description: 'A DKIM signature cannot be verified now',
      groups,
      ref: 'RFC 6376',
    },
    R_DKIM_PERMFAIL: {
      description: 'A DKIM signature can never be verified',
      groups,
      ref: 'RFC 6376',
    },
    R_DKIM_NA: { description: 'There is no DKIM signature', oneShot: true, groups, ref: 'RFC 6376' },
    DKIM_TRACE: { description: 'Result of each DKIM signature', groups, ref: 'RFC 6376' },
  },
  create(context) {
    const { config: settings, options, maps, dns, clock, metrics, path, rename } = context;
    const {
      max_sigs: maxSignatures,
      time_jitter: jitterSeconds,
      strict_multiplier: usualFactor,
      trusted_only: isTrustedOnly,
    } = settings;
    // Key by key, unlike the other modules (outbound-matrix 0).
    const checkLocal = settings.check_local ?? options.checkLocal ?? false;
    const checkAuthed = settings.check_authed ?? options.checkAuthed ?? false;
    const domainsOption = settings.domains === undefined ? 'trusted_domains' : 'domains';
    const domainsSpec = settings[domainsOption];
    const domains =
      domainsSpec === undefined
        ? undefined
        : maps.open(domainsSpec, 'hash', { description: 'DKIM domains', path: path(domainsOption) });
    const whitelist =
      settings.whitelist === undefined
        ? undefined
        : maps.open(settings.whitelist, 'radix', { description: 'DKIM whitelist', path: path('whitelist') });
    if (isTrustedOnly && !domains)
      throw context.configError(['trusted_only'], 'no signature would ever be looked at', 'domains');
    const symbols = {
      allow: rename('R_DKIM_ALLOW', settings.symbol_allow),
      reject: rename('R_DKIM_REJECT', settings.symbol_reject),
      tempfail: rename('R_DKIM_TEMPFAIL', settings.symbol_tempfail),
      permfail: rename('R_DKIM_PERMFAIL', settings.symbol_permfail),
      na: rename('R_DKIM_NA', settings.symbol_na),
    };
    const keys = cachedKeys(dns, clock, {
      maxEntries: settings.dkim_cache_size,
      maxSeconds: settings.dkim_cache_expire,
    });
    const deadlineMs = (options.taskTimeoutMs ?? defaultTaskTimeoutMs) * shareOfTask;
    const verified = metrics.counter('postern_dkim_results_total', 'DKIM signatures that were checked', [
      'result',
    ]);

    /** Signatures that are to be checked, with what the map says of their domain. */
    const verifyAll = async ({ message, signal }: Task, headers: readonly Header[]) => {
      const context = {
        keys,
        nowSeconds: Math.floor(clock.now() / 1000),
        jitterSeconds,
        signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]),
      };
      return Promise.all(
        headers.slice(0, maxSignatures).map(async (header) => {
          const outcome = await verifyDkimSignature(message, header, context);
          const listed = domains && outcome.domain !== '' && (await ask(domains, outcome.domain, signal));
          return { outcome, listed: typeof listed === 'string' ? listed : undefined };
        }),
      );
    };

    const marks = {
      pass: { symbol: symbols.allow, mark: '+' },
      fail: { symbol: symbols.reject, mark: '-' },
      temperror: { symbol: symbols.tempfail, mark: '?' },
      permerror: { symbol: symbols.permfail, mark: '~' },
      policy: { symbol: symbols.permfail, mark: '~' },
      // A failed test: no symbol.
      neutral: { symbol: undefined, mark: '~' },
    } as const satisfies Record<DkimOutcome['result'], unknown>;

    const checkSignatures = async (
      task: Task,
      hit: InsertHit<string>,
      headers: readonly Header[],
    ): Promise<void> => {
      const all = await verifyAll(task, headers);
      const counted = isTrustedOnly ? all.filter(({ listed }) => listed !== undefined) : all;
      task.authentication.dkim = counted.map(({ outcome }) => outcome);
      for (const { outcome, listed } of counted) {
        const { result, domain, selector, reason = '' } = outcome;
        verified.add(1, { result });
        const { symbol, mark } = marks[result];
        if (domain !== '') hit('DKIM_TRACE', 0, `${domain}:${mark}`);
        if (symbol === undefined) continue;
        const factors = listed === undefined ? { reject: 1, allow: 1 } : readFactors(listed, usualFactor);
        const weight = result === 'pass' ? factors.allow : result === 'fail' ? factors.reject : 1;
        hit(symbol, weight, domain === '' ? reason : `${domain}:s=${selector}`);
      }
      // RFC 6376 3.6.1: mail whose signers only test is like mail without a signature.
      if (counted.length > 0 && counted.every(({ outcome }) => outcome.result === 'neutral')) hit(symbols.na);
    };

    /** Results that the scan request told. */
    const tellGiven = (given: readonly DkimOutcome[], hit: InsertHit<string>): void => {
      for (const { result, domain } of given) {
        verified.add(1, { result });
        const { symbol, mark } = marks[result];
        if (domain !== '') hit('DKIM_TRACE', 0, `${domain}:${mark}`);
        if (symbol !== undefined) hit(symbol, 1, 'http header');
      }
      if (given.length === 0) hit(symbols.na, 1, 'http header');
    };

    const check = (task: Task, hit: InsertHit<string>): void | Promise<void> => {
      const headers = task.message.headers.every('dkim-signature');
      if (headers.length > 1 && settings.skip_multi) return undefined;
      if (headers.length > 0) return checkSignatures(task, hit, headers);
      task.authentication.dkim = [];
      hit(symbols.na);
      return undefined;
    };

    return {
      name: 'DKIM_CHECK',
      waits: true,
      run(task, hit) {
        const { direction, envelope, signal } = task;
        const given = task.authentication.dkim;
        if (given) {
          tellGiven(given, hit as InsertHit<string>);
          return undefined;
        }
        if ((direction.isAuthenticated && !checkAuthed) || (direction.isLocal && !checkLocal))
          return undefined;
        if (!whitelist || !envelope.clientIp) return check(task, hit as InsertHit<string>);
        const found = ask(whitelist, envelope.clientIp, signal);
        if (!(found instanceof Promise))
          return found === undefined ? check(task, hit as InsertHit<string>) : undefined;
        return found.then((value) =>
          value === undefined ? check(task, hit as InsertHit<string>) : undefined,
        );
      },
    };
  },
});
