import type { Resolver } from '../core/index.ts';
import { lookupKey, publicKeyObject } from './key-record.ts';
import type { SigningKey } from './keys.ts';

/** How the record in DNS compares with a private key. */
export type PublishedState = 'same' | 'different' | 'missing' | 'revoked' | 'malformed' | 'unreachable';

/** Compares a private key with what is published under its selector (RFC 6376 3.6.1). */
export async function comparePublished(
  dns: Resolver,
  domain: string,
  selector: string,
  key: SigningKey,
  signal?: AbortSignal,
): Promise<PublishedState> {
  const found = await lookupKey(dns, domain, selector, signal);
  if (found.status !== 'found') return found.status;
  const { type, bytes } = found.key;
  if (type !== (key.algorithm === 'rsa-sha256' ? 'rsa' : 'ed25519')) return 'different';
  if (bytes.equals(Buffer.from(key.publicKey, 'base64'))) return 'same';
  const published = publicKeyObject(found.key);
  if (typeof published === 'string') return 'malformed';
  // The same key may be wrapped in another way.
  return published.equals(key.publicKeyObject) ? 'same' : 'different';
}
