import type { Clock, DnsAnswer } from '../../core/index.ts';
import { copyString } from '../../lib/index.ts';
import { isSpfRecord, parsePolicy, type SpfPolicy } from './record.ts';

/** What a domain says, read. */
export type PolicyLookup =
  | { readonly status: 'found'; readonly policy: SpfPolicy }
  | { readonly status: 'none' }
  | { readonly status: 'permerror' | 'temperror'; readonly reason: string };

/** Reads the answer to a TXT question (RFC 7208 4.4, 4.5). */
export function readPolicy(answer: DnsAnswer): PolicyLookup {
  if (answer.status === 'nxdomain' || answer.status === 'nodata') return { status: 'none' };
  if (answer.status !== 'ok') return { status: 'temperror', reason: `DNS: ${answer.status}` };
  const records = answer.records.filter(isSpfRecord);
  if (records.length === 0) return { status: 'none' };
  if (records.length > 1) return { status: 'permerror', reason: 'more than one record' };
  const policy = parsePolicy(records[0]!);
  if ('wrongTerm' in policy) return { status: 'permerror', reason: 'syntax of the record' };
  return { status: 'found', policy };
}

export interface PolicyCacheOptions {
  /** Policies held at most; 0: none. */
  readonly maxPolicies: number;
  readonly maxAgeMs: number;
  /** Policies are kept at least so long, whatever their TTL says. */
  readonly minAgeMs: number;
  readonly clock: Clock;
}

/** Records longer than this are read again each time, so that hostile ones do not fill the memory. */
const maxKeptLength = 4_096;

/** Policies that were read, by domain; those used last stay. Failures and absence are the resolver's to remember. */
export class PolicyCache {
  readonly #options: PolicyCacheOptions;
  readonly #policies = new Map<string, { readonly policy: SpfPolicy; readonly expiresMs: number }>();

  constructor(options: PolicyCacheOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#policies.size;
  }

  get(domain: string): SpfPolicy | undefined {
    const entry = this.#policies.get(domain);
    if (!entry) return undefined;
    this.#policies.delete(domain);
    if (entry.expiresMs <= this.#options.clock.now()) return undefined;
    this.#policies.set(domain, entry);
    return entry.policy;
  }

  set(domain: string, policy: SpfPolicy, ttlSeconds: number): void {
    const { maxPolicies, maxAgeMs, minAgeMs, clock } = this.#options;
    if (maxPolicies === 0 || policy.text.length > maxKeptLength) return;
    const ageMs = Math.min(maxAgeMs, Math.max(minAgeMs, ttlSeconds * 1000));
    if (ageMs <= 0) return;
    this.#policies.delete(domain);
    if (this.#policies.size >= maxPolicies) {
      const oldest = this.#policies.keys().next();
      if (!oldest.done) this.#policies.delete(oldest.value);
    }
    this.#policies.set(copyString(domain), { policy, expiresMs: clock.now() + ageMs });
  }
}
