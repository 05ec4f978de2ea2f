import type { Resolver } from '../core/index.ts';
import type { SigningKey } from './keys.ts';

/** How the record in DNS compares with a private key. */
export type PublishedState = 'same' | 'different' | 'missing' | 'revoked' | 'malformed' | 'unreachable';

/** Tags of a record or header (RFC 6376 3.2); undefined when it is no tag list. */
export function parseTags(text: string): ReadonlyMap<string, string> | undefined {
  const tags = new Map<string, string>();
  for (const item of text.split(';')) {
    if (item.trim() === '') continue;
    const equals = item.indexOf('=');
    if (equals < 1) return undefined;
    const name = item.slice(0, equals).trim();
    if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name) || tags.has(name)) return undefined;
    tags.set(name, item.slice(equals + 1).trim());
  }
  return tags;
}

/** Compares a private key with what is published under its selector (RFC 6376 3.6.1). */
export async function comparePublished(
  dns: Resolver,
  domain: string,
  selector: string,
  key: SigningKey,
  signal?: AbortSignal,
): Promise<PublishedState> {
  const answer = await dns.resolve(`${selector}._domainkey.${domain}`, 'txt', signal ? { signal } : {});
  if (answer.status === 'nxdomain' || answer.status === 'nodata') return 'missing';
  if (answer.status !== 'ok') return 'unreachable';
  const records = answer.records.map(parseTags).filter((tags) => tags?.has('p'));
  const [tags] = records;
  if (!tags || (tags.has('v') && tags.get('v') !== 'DKIM1')) return 'malformed';
  const published = (tags.get('p') ?? '').replaceAll(/\s+/g, '');
  if (published === '') return 'revoked';
  const type = tags.get('k') ?? 'rsa';
  if (type !== (key.algorithm === 'rsa-sha256' ? 'rsa' : 'ed25519')) return 'different';
  // An RSA key may be published as SubjectPublicKeyInfo or, by some, as the bare PKCS#1 key inside it.
  const isSame = published === key.publicKey || (type === 'rsa' && spkiEndsWith(key.publicKey, published));
  return isSame ? 'same' : 'different';
}

function spkiEndsWith(spki: string, published: string): boolean {
  const bare = Buffer.from(published, 'base64');
  const whole = Buffer.from(spki, 'base64');
  return (
    bare.length > 100 && whole.length > bare.length && whole.subarray(whole.length - bare.length).equals(bare)
  );
}
