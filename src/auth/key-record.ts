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

/** What DNS holds under a selector. */
export type KeyLookup =
  | { readonly status: 'found'; readonly key: PublishedKey }
  | { readonly status: 'missing' | 'revoked' | 'malformed' | 'unreachable' };

/** Asks for the record of a selector. Of several records the first that is one counts (RFC 6376 3.6.2.2). */
export async function lookupKey(
  dns: Resolver,
  domain: string,
  selector: string,
  signal?: AbortSignal,
): Promise<KeyLookup> {
  const answer = await dns.resolve(`${selector}._domainkey.${domain}`, 'txt', signal ? { signal } : {});
  if (answer.status === 'nxdomain' || answer.status === 'nodata') return { status: 'missing' };
  if (answer.status !== 'ok') return { status: 'unreachable' };
  for (const record of answer.records) {
    const parsed = parseKeyRecord(record);
    if (parsed.status !== 'malformed') return parsed;
  }
  return { status: 'malformed' };
}

/** Reads one TXT record. */
export function parseKeyRecord(text: string): KeyLookup {
  const tags = parseTags(text);
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

/** The key as `node:crypto` wants it; undefined when it is none or too weak to count (RFC 8301 3.2). */
export function publicKeyObject({ type, bytes }: PublishedKey): KeyObject | undefined {
  if (type === 'ed25519') return bytes.length === 32 ? ed25519PublicKey(bytes) : undefined;
  const key = readRsa(bytes, 'spki') ?? readRsa(bytes, 'pkcs1');
  if (key?.asymmetricKeyType !== 'rsa') return undefined;
  return (key.asymmetricKeyDetails?.modulusLength ?? 0) >= minRsaBits ? key : undefined;
}

/** RFC 6376 says SubjectPublicKeyInfo; some publish the bare PKCS#1 key inside it. */
function readRsa(key: Buffer, type: 'spki' | 'pkcs1'): KeyObject | undefined {
  try {
    return createPublicKey({ key, format: 'der', type });
  } catch {
    return undefined; // not this form
  }
}
