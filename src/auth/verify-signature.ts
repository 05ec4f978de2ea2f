import { createHash, verify as cryptoVerify } from 'node:crypto';
import type { Header, Message, Resolver } from '../core/index.ts';
import {
  bodyHash,
  type Canonicalization,
  canonicalHeader,
  crlfLines,
  rawHeaderValue,
  relaxedValue,
} from './canonical.ts';
import { lookupKey, type PublishedKey, publicKeyObject } from './key-record.ts';
import { pickHeaders } from './signed-headers.ts';
import { withoutFws } from './tags.ts';

/** Outcome of one signature in the words of RFC 8601 2.7.1. */
export interface SignatureOutcome {
  readonly result: 'pass' | 'fail' | 'permerror' | 'temperror';
  /** Short phrase, without content of the message. Undefined for `pass`. */
  readonly reason?: string;
}

/** What every verification needs. */
export interface VerifyContext {
  readonly dns: Resolver;
  /** For `x=` (RFC 6376 3.5). */
  readonly nowSeconds: number;
  readonly signal?: AbortSignal | undefined;
}

type Tags = ReadonlyMap<string, string>;

const permerror = (reason: string): SignatureOutcome => ({ result: 'permerror', reason });
const fail = (reason: string): SignatureOutcome => ({ result: 'fail', reason });

/** The value of a signature header with nothing in its `b=`, white space included (RFC 6376 3.7). */
export function withoutSignature(value: string): string {
  return value.replace(/((?:^|;)[ \t\r\n]*b[ \t\r\n]*=)[^;]*/, '$1');
}

const keyFaults = {
  missing: permerror('no key is published'),
  revoked: permerror('the key is revoked'),
  malformed: permerror('the published key is malformed'),
  unreachable: { result: 'temperror', reason: 'DNS did not answer' },
} as const satisfies Record<string, SignatureOutcome>;

/** Verifies the signature in `b=` over a hash input, one character a byte, with the key that `d=` and `s=` name. */
export async function verifyInput(
  input: string,
  tags: Tags,
  { dns, signal }: VerifyContext,
): Promise<SignatureOutcome> {
  const algorithm = tags.get('a')?.toLowerCase();
  if (algorithm !== 'rsa-sha256' && algorithm !== 'ed25519-sha256') return permerror('unknown algorithm');
  const domain = tags.get('d');
  const selector = tags.get('s');
  if (!isDnsName(domain) || !isDnsName(selector)) return permerror('no domain or selector');
  const found = await lookupKey(dns, domain, selector, signal);
  if (found.status !== 'found') return keyFaults[found.status];
  const fault = keyFault(found.key, algorithm);
  if (fault) return permerror(fault);
  const key = publicKeyObject(found.key);
  if (!key) return permerror('the published key cannot be used');
  const bytes = Buffer.from(input, 'latin1');
  const signature = Buffer.from(withoutFws(tags.get('b') ?? ''), 'base64');
  const isValid =
    algorithm === 'rsa-sha256'
      ? cryptoVerify('sha256', bytes, key, signature)
      : cryptoVerify(null, createHash('sha256').update(bytes).digest(), key, signature);
  return isValid ? { result: 'pass' } : fail('the signature does not verify');
}

function isDnsName(name: string | undefined): name is string {
  return name !== undefined && name.length <= 253 && /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i.test(name);
}

/** Does the record allow this use (RFC 6376 3.6.1)? */
function keyFault({ type, tags }: PublishedKey, algorithm: string): string | undefined {
  if (!algorithm.startsWith(type)) return 'the published key is of another type';
  const hashes = tags.get('h');
  if (hashes !== undefined && !listed(hashes, ['sha256'])) return 'the key is not for SHA-256';
  const services = tags.get('s');
  if (services !== undefined && !listed(services, ['*', 'email'])) return 'the key is not for mail';
  return undefined;
}

function listed(list: string, wanted: readonly string[]): boolean {
  return list.split(':').some((item) => wanted.includes(item.trim().toLowerCase()));
}

/** `c=`: header, then body; both default to simple (RFC 6376 3.5). */
function canonicalizations(value: string): readonly [Canonicalization, Canonicalization] | undefined {
  const [header, body = 'simple', ...more] = value.toLowerCase().split('/');
  if (more.length > 0 || !isCanonicalization(header) || !isCanonicalization(body)) return undefined;
  return [header, body];
}

function isCanonicalization(text: string | undefined): text is Canonicalization {
  return text === 'simple' || text === 'relaxed';
}

/** A count in a tag; undefined when it is none. */
function number(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/**
 * Verifies a signature over headers and body (RFC 6376 6.1): body hash first, since it needs no DNS.
 *
 * @param header the signature header in the message
 * @param tags its tags
 */
export async function verifyMessageSignature(
  message: Message,
  header: Header,
  tags: Tags,
  context: VerifyContext,
): Promise<SignatureOutcome> {
  const how = canonicalizations(tags.get('c') ?? 'simple');
  if (!how) return permerror('unknown canonicalization');
  const names = withoutFws(tags.get('h') ?? '')
    .toLowerCase()
    .split(':');
  // RFC 6376 5.4.
  if (!names.includes('from')) return permerror('From is not signed');
  const limit = tags.has('l') ? number(tags.get('l')!) : Number.POSITIVE_INFINITY;
  if (limit === undefined) return permerror('malformed l=');
  if (tags.has('x')) {
    const expires = number(tags.get('x')!);
    if (expires === undefined) return permerror('malformed x=');
    if (expires < context.nowSeconds) return permerror('the signature expired');
  }
  const hash = bodyHash(message.raw, message.bodyOffset, how[1], limit);
  if (hash !== withoutFws(tags.get('bh') ?? '')) return fail('the body was changed');
  let input = '';
  for (const signed of pickHeaders(message.headers, names).selected)
    if (signed) input += canonicalHeader(message.raw, signed, how[0]);
  return verifyInput(input + ownHeader(message.raw, header, how[0]), tags, context);
}

/** The signature header as it was when it was signed: without signature and final CRLF. */
export function ownHeader(raw: Buffer, header: Header, how: Canonicalization): string {
  const value = withoutSignature(rawHeaderValue(raw, header));
  if (how === 'relaxed') return `${header.key}:${relaxedValue(value)}`;
  return crlfLines(raw.toString('latin1', header.start, header.valueStart) + value);
}
