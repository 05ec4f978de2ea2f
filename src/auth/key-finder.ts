import type { KeyObject } from 'node:crypto';
import type { Clock, Resolver } from '../core/index.ts';
import { type KeyAnswer, lookupKey, type PublishedKey, publicKeyObject } from './key-record.ts';

/** A published key that can be used. */
export interface FoundKey {
  readonly status: 'found';
  readonly key: PublishedKey;
  readonly object: KeyObject;
}

/** Why there is no key to verify with. */
export type KeyFault =
  | 'missing'
  | 'revoked'
  | 'malformed'
  | 'unreachable'
  | 'unusable'
  | 'weak'
  | 'oversized';

export type KeyResult = FoundKey | { readonly status: KeyFault };

/** Finds the key of a selector. Never rejects. */
export type KeyFinder = (domain: string, selector: string, signal?: AbortSignal) => Promise<KeyResult>;

function usable(answer: KeyAnswer): KeyResult {
  if (answer.status !== 'found') return { status: answer.status };
  const object = publicKeyObject(answer.key);
  return typeof object === 'string' ? { status: object } : { status: 'found', key: answer.key, object };
}

/** Asks DNS each time. */
export function dnsKeys(dns: Resolver): KeyFinder {
  return async (domain, selector, signal) => usable(await lookupKey(dns, domain, selector, signal));
}

interface Entry {
  readonly result: KeyResult;
  readonly expiresMs: number;
}

/**
 * Keeps keys as long as their record lives, parsed: parsing an RSA key costs as much as using it. Two generations bound
 * it: when the young one is full, the old one goes with all that nobody asked for.
 *
 * @param maxEntries 0: keeps nothing
 * @param maxSeconds upper bound of a record's life
 */
export function cachedKeys(
  dns: Resolver,
  clock: Clock,
  { maxEntries, maxSeconds }: { readonly maxEntries: number; readonly maxSeconds: number },
): KeyFinder {
  if (maxEntries < 1 || maxSeconds <= 0) return dnsKeys(dns);
  const generationSize = Math.ceil(maxEntries / 2);
  let young = new Map<string, Entry>();
  let old: ReadonlyMap<string, Entry> = new Map();
  const keep = (name: string, entry: Entry): void => {
    if (young.size >= generationSize && !young.has(name)) {
      old = young;
      young = new Map();
    }
    young.set(name, entry);
  };
  return async (domain, selector, signal) => {
    const name = `${selector} ${domain}`;
    const entry = young.get(name) ?? old.get(name);
    const now = clock.now();
    if (entry && entry.expiresMs > now) {
      keep(name, entry);
      return entry.result;
    }
    const answer = await lookupKey(dns, domain, selector, signal);
    const result = usable(answer);
    // What is not there is kept by the resolver, as long as its zone says (RFC 2308).
    const lifeMs = Math.min(answer.ttlSeconds, maxSeconds) * 1000;
    if (answer.status === 'found' && lifeMs > 0) keep(name, { result, expiresMs: now + lifeMs });
    return result;
  };
}
