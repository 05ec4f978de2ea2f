import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Resolver } from '../core/index.ts';
import { ed25519PublicKey, minRsaBits } from './keys.ts';
import { parseTags, withoutFws } from './tags.ts';

/** A published key (RFC 6376 3.6.1). */
export interface PublishedKey {
  readonly type: 'rsa' | 'ed25519';
  /** Decoded `p=`. */
  readonly bytes: Buffer;
  readonly tags: ReadonlyMap<string, string>;
}

/** What a record says. */
export type KeyLookup =
  | { readonly status: 'found'; readonly key: PublishedKey }
  | { readonly status: 'missing' | 'revoked' | 'malformed' | 'unreachable' };

/** What DNS holds under a selector, and for how long. */
export type KeyAnswer = KeyLookup & { readonly ttlSeconds: number };

/** Asks for the record of a selector. Of several records the first that is one counts (RFC 6376 3.6.2.2). */
export async function lookupKey(
  dns: Resolver,
  domain: string,
  selector: string,
  signal?: AbortSignal,
): Promise<KeyAnswer> {
  const answer = await dns.resolve(`${selector}._domainkey.${domain}`, 'txt', signal ? { signal } : {});
  const { ttlSeconds } = answer;
  if (answer.status === 'nxdomain' || answer.status === 'nodata') return { status: 'missing', ttlSeconds };
  if (answer.status !== 'ok') return { status: 'unreachable', ttlSeconds: 0 };
  for (const record of answer.records) {
    const parsed = parseKeyRecord(record);
    if (parsed.status !== 'malformed') return { ...parsed, ttlSeconds };
  }
  return { status: 'malformed', ttlSeconds };
}

/** More than any key of a sensible size needs. */
const maxRecordLength = 16_384;

/** Reads one TXT record. Tags that RFC 6376 does not know, the `g=` of RFC 4871 among them, are passed over (3.2). */
export function parseKeyRecord(text: string): KeyLookup {
  const tags = text.length > maxRecordLength ? undefined : parseTags(text);
  const published = tags?.get('p');
  if (!tags || published === undefined) return { status: 'malformed' };
  // v= is not required, but comes first and is DKIM1 if it is there.
  if (tags.has('v') && (tags.get('v') !== 'DKIM1' || tags.keys().next().value !== 'v'))
    return { status: 'malformed' };
  const packed = withoutFws(published);
  if (packed === '') return { status: 'revoked' };
  const type = tags.get('k')?.toLowerCase() ?? 'rsa';
  if ((type !== 'rsa' && type !== 'ed25519') || !/^[A-Za-z0-9+/]+=*$/.test(packed))
    return { status: 'malformed' };
  return { status: 'found', key: { type, bytes: Buffer.from(packed, 'base64'), tags } };
}

/** RFC 8301 3.2 wants keys up to 4096 bits to work; much larger ones only cost time. */
const maxRsaBits = 8192;
/** Public exponents are small (65537 nearly always): one of the size of the modulus makes each check cost milliseconds. */
const maxRsaExponent = 2n ** 33n;

/** The key as `node:crypto` wants it, or why it does not count (RFC 8301 3.2). */
export type UsableKey = KeyObject | 'unusable' | 'weak' | 'oversized';

export function publicKeyObject({ type, bytes }: PublishedKey): UsableKey {
  if (type === 'ed25519') return bytes.length === 32 ? ed25519PublicKey(bytes) : 'unusable';
  const key = readRsa(bytes, 'spki') ?? readRsa(bytes, 'pkcs1');
  if (key?.asymmetricKeyType !== 'rsa') return 'unusable';
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < minRsaBits) return 'weak';
  return modulusLength > maxRsaBits || publicExponent > maxRsaExponent ? 'oversized' : key;
}

/** RFC 6376 says SubjectPublicKeyInfo; some publish the bare PKCS#1 key inside it. */
function readRsa(key: Buffer, type: 'spki' | 'pkcs1'): KeyObject | undefined {
  try {
    return createPublicKey({ key, format: 'der', type });
  } catch {
    return undefined; // not this form
  }
}
