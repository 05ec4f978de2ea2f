import { createHash, verify as cryptoVerify, type KeyObject } from 'node:crypto';
import type { Header, Message } from '../core/index.ts';
import {
  bodyDigest,
  type Canonicalization,
  canonicalHeader,
  crlfLines,
  rawHeaderValue,
  relaxedValue,
} from './canonical.ts';
import type { KeyFault, KeyFinder } from './key-finder.ts';
import type { PublishedKey } from './key-record.ts';
import { readSignature, readSigner, type SignatureFields, type Signer } from './signature-tags.ts';
import { pickHeaders } from './signed-headers.ts';

/** Outcome of one signature in the words of RFC 8601 2.7.1. */
export interface SignatureOutcome {
  readonly result: 'pass' | 'fail' | 'neutral' | 'policy' | 'permerror' | 'temperror';
  /** Short phrase, without content of the message. Undefined for `pass`. */
  readonly reason?: string;
  /** The key is published with `t=y`. */
  readonly isTest?: boolean;
}

/** What every verification needs. */
export interface VerifyContext {
  readonly keys: KeyFinder;
  /** For `t=` and `x=` (RFC 6376 3.5). */
  readonly nowSeconds: number;
  /** Clocks may be apart by this much. Default 0. */
  readonly jitterSeconds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

type Tags = ReadonlyMap<string, string>;

const permerror = (reason: string): SignatureOutcome => ({ result: 'permerror', reason });
const fail = (reason: string): SignatureOutcome => ({ result: 'fail', reason });

/** The value of a signature header with nothing in its `b=`, white space included (RFC 6376 3.7). */
export function withoutSignature(value: string): string {
  return value.replace(/((?:^|;)[ \t\r\n]*b[ \t\r\n]*=)[^;]*/, '$1');
}

const keyFaults: Readonly<Record<KeyFault, SignatureOutcome>> = {
  missing: permerror('no key is published'),
  revoked: permerror('the key is revoked'),
  malformed: permerror('the published key is malformed'),
  unusable: permerror('the published key cannot be used'),
  unreachable: { result: 'temperror', reason: 'DNS did not answer' },
  // RFC 8301 3.2: not a valid signature, though nothing is wrong with its form.
  weak: { result: 'policy', reason: 'the key is shorter than 1024 bits' },
  oversized: { result: 'policy', reason: 'the key is too large' },
};

/** Verifies the signature in `b=` over a hash input, one character a byte, with the key that `d=` and `s=` name. */
export async function verifyInput(
  input: string,
  tags: Tags,
  { keys, signal }: VerifyContext,
): Promise<SignatureOutcome> {
  const signer = readSigner(tags);
  if (typeof signer === 'string') return permerror(signer);
  const found = await keys(signer.domain, signer.selector, signal);
  if (found.status !== 'found') return keyFaults[found.status];
  const fault = keyFault(found.key, signer.algorithm);
  if (fault) return permerror(fault);
  return isSigned(input, signer, found.object) ? { result: 'pass' } : fail('the signature does not verify');
}

function isSigned(input: string, { algorithm, signature }: Signer, key: KeyObject): boolean {
  const bytes = Buffer.from(input, 'latin1');
  try {
    // RFC 8463 3: Ed25519 signs the SHA-256 of the input.
    return algorithm === 'rsa-sha256'
      ? cryptoVerify('sha256', bytes, key, signature)
      : cryptoVerify(null, createHash('sha256').update(bytes).digest(), key, signature);
  } catch {
    return false; // numbers that are no key in earnest: nothing verifies with them
  }
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

/** A signature is not from the future, and not past its end (RFC 6376 3.5). */
function timeFault(fields: SignatureFields, { nowSeconds, jitterSeconds = 0 }: VerifyContext) {
  const { signedAt, expires } = fields;
  if (expires !== undefined && expires + jitterSeconds < nowSeconds) return 'the signature expired';
  if (signedAt !== undefined && signedAt - jitterSeconds > nowSeconds) return 'signed in the future';
  return undefined;
}

/**
 * Verifies a signature over headers and body (RFC 6376 6.1).
 *
 * @param header the signature header in the message
 * @param tags its tags
 */
export async function verifyMessageSignature(
  message: Message,
  header: Header,
  tags: Tags,
  context: VerifyContext,
  kind: 'dkim' | 'arc' = 'dkim',
): Promise<SignatureOutcome> {
  const fields = readSignature(tags, kind);
  if (typeof fields === 'string') return permerror(fields);
  const wrongTime = timeFault(fields, context);
  if (wrongTime) return permerror(wrongTime);
  const asking = context.keys(fields.domain, fields.selector, context.signal);
  // Hashed while DNS is asked.
  const body = bodyDigest(message, fields.bodyForm, fields.maxBodyBytes);
  const found = await asking;
  if (found.status !== 'found') return keyFaults[found.status];
  const { key, object } = found;
  const flags = key.tags.get('t');
  if (flags !== undefined && listed(flags, ['s']) && fields.identityDomain !== fields.domain)
    return permerror('the key is not for subdomains');
  const fault = keyFault(key, fields.algorithm);
  if (fault) return permerror(fault);
  // RFC 6376 3.5: l= cannot be more than there was to sign; less than that has been cut off.
  if (body.isShort) return permerror('l= is more than the body');
  let failure: string | undefined;
  if (body.hash !== fields.bodyHash) failure = 'the body was changed';
  else if (!isSigned(signedInput(message, header, fields), fields, object))
    failure = 'the signature does not verify';
  if (flags === undefined || !listed(flags, ['y'])) return failure ? fail(failure) : { result: 'pass' };
  // RFC 6376 3.6.1: a failure while the signer tests is no worse than no signature.
  return failure
    ? { result: 'neutral', reason: `${failure}, but the key is a test`, isTest: true }
    : { result: 'pass', isTest: true };
}

/** Headers of `h=`, then the signature's own (RFC 6376 3.7). */
function signedInput({ raw, headers }: Message, header: Header, fields: SignatureFields): string {
  let input = '';
  for (const signed of pickHeaders(headers, fields.names).selected)
    if (signed) input += canonicalHeader(raw, signed, fields.headerForm);
  return input + ownHeader(raw, header, fields.headerForm);
}

/** The signature header as it was when it was signed: without signature and final CRLF. */
export function ownHeader(raw: Buffer, header: Header, how: Canonicalization): string {
  const value = withoutSignature(rawHeaderValue(raw, header));
  if (how === 'relaxed') return `${header.key}:${relaxedValue(value)}`;
  return crlfLines(raw.toString('latin1', header.start, header.valueStart) + value);
}
