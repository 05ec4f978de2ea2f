import type { Store, StoreProcedure } from '../../core/index.ts';
import { type Verdict, verdicts } from './judge.ts';

/** Notes that a domain is being tried, unless something is noted already; gives back what. */
export const claim: StoreProcedure<readonly [ttlMs: number], string> = {
  name: 'mx_check_claim',
  apply(tx, [key = ''], [ttlMs]) {
    const known = tx.get(key);
    if (known !== undefined) return known;
    tx.set(key, inFlight, ttlMs);
    return '';
  },
  lua: `local known = redis.call('GET', KEYS[1])
if known then return known end
redis.call('SET', KEYS[1], 'inflight', 'PX', ARGV[1])
return ''`,
  parse: (reply) => String(reply ?? ''),
};

const inFlight = 'inflight';

export interface Lifetimes {
  readonly goodMs: number;
  readonly dnsMs: number;
  readonly invalidMs: number;
  readonly timeoutMs: number;
}

/** How long each verdict is kept; the shortest of several counts. */
function lifetime(found: readonly Verdict[], { goodMs, dnsMs, invalidMs, timeoutMs }: Lifetimes): number {
  const each = found.map((verdict) => {
    if (verdict === 'MX_DNS_FAIL') return dnsMs;
    if (/TIMEOUT|ERROR/.test(verdict)) return timeoutMs;
    return verdict === 'MX_GOOD' || verdict === 'MX_A_GOOD' ? goodMs : invalidMs;
  });
  return Math.min(...each);
}

/** Verdicts of domains in the store, shared by all workers and machines. Rejects with StoreError. */
export class StoredResults {
  readonly #store: Store;
  readonly #prefix: string;
  readonly #lifetimes: Lifetimes;
  readonly #claimMs: number;

  constructor(store: Store, prefix: string, lifetimes: Lifetimes, claimMs: number) {
    this.#store = store;
    this.#prefix = prefix;
    this.#lifetimes = lifetimes;
    this.#claimMs = claimMs;
  }

  /** What is known; `claimed`: nothing was, and it is for the caller to find out. */
  async claim(domain: string): Promise<readonly Verdict[] | 'claimed'> {
    const known = await this.#store.run(claim, [this.#key(domain)], [this.#claimMs]);
    if (known === '') return 'claimed';
    if (known === inFlight) return ['MX_INFLIGHT'];
    const found = known.split(',').filter((name): name is Verdict => Object.hasOwn(verdicts, name));
    // Written by something else, such as an older Rspamd.
    return found.length === 0 ? 'claimed' : found;
  }

  async keep(domain: string, found: readonly Verdict[]): Promise<void> {
    await this.#store.set(this.#key(domain), found.join(','), lifetime(found, this.#lifetimes));
  }

  async forget(domain: string): Promise<void> {
    await this.#store.delete(this.#key(domain));
  }

  #key(domain: string): string {
    return `${this.#prefix}:${domain}`;
  }
}
