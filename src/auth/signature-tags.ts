import type { Header } from '../core/index.ts';
import { type Canonicalization, rawHeaderValue } from './canonical.ts';
import { dnsName } from './signing/names.ts';
import { parseTags, withoutFws } from './tags.ts';

type Tags = ReadonlyMap<string, string>;

/** What a signature header says, checked (RFC 6376 6.1.1). */
export interface SignatureFields extends Signer {
  readonly headerForm: Canonicalization;
  readonly bodyForm: Canonicalization;
  /** `h=`, lower case. */
  readonly names: readonly string[];
  /** `bh=` without white space. */
  readonly bodyHash: string;
  /** `l=`; Infinity without. */
  readonly maxBodyBytes: number;
  /** Domain of `i=`. */
  readonly identityDomain: string;
  /** `t=` and `x=`, seconds since 1970. */
  readonly signedAt: number | undefined;
  readonly expires: number | undefined;
}

/** What a signature and a seal have in common. */
export interface Signer {
  readonly algorithm: 'rsa-sha256' | 'ed25519-sha256';
  /** `d=` and `s=` as DNS has them: lower case, A-labels. */
  readonly domain: string;
  readonly selector: string;
  readonly signature: Buffer;
}

/** More than anybody needs; `h=` is work for each of its names. */
const maxSignedNames = 1000;
/** Of a whole signature header, in bytes. */
const maxHeaderBytes = 65_536;

/** Tags of a signature or seal, one character a byte; undefined when the value is no tag list or far too long. */
export function signatureTags(raw: Buffer, header: Header): Tags | undefined {
  if (header.end - header.valueStart > maxHeaderBytes) return undefined;
  return parseTags(rawHeaderValue(raw, header));
}

const base64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** Tag values are bytes in latin1; internationalised names are UTF-8 (RFC 8616 4). */
function asText(value: string): string {
  return /[\x80-\xff]/.test(value) ? Buffer.from(value, 'latin1').toString('utf8') : value;
}

/** A domain or selector of a tag as DNS has it; undefined when it is no name. */
export function tagName(value: string | undefined): string | undefined {
  return value === undefined ? undefined : dnsName(asText(value));
}

/** Reads what says who signed; a text says what is wrong. */
export function readSigner(tags: Tags): Signer | string {
  const algorithm = tags.get('a')?.toLowerCase();
  // RFC 8301 3.1: such signatures have permanently failed evaluation.
  if (algorithm === 'rsa-sha1') return 'rsa-sha1 must not be used any more';
  if (algorithm !== 'rsa-sha256' && algorithm !== 'ed25519-sha256') return 'unknown algorithm';
  const domain = tagName(tags.get('d'));
  const selector = tagName(tags.get('s'));
  if (domain === undefined || selector === undefined) return 'no domain or selector';
  const packed = withoutFws(tags.get('b') ?? '');
  if (!base64.test(packed)) return 'malformed b=';
  return { algorithm, domain, selector, signature: Buffer.from(packed, 'base64') };
}

/** `c=`: header, then body; both default to simple (RFC 6376 3.5). */
function readForms(value: string): readonly [Canonicalization, Canonicalization] | undefined {
  const [header, body = 'simple', ...more] = value.toLowerCase().split('/');
  if (more.length > 0 || !isForm(header) || !isForm(body)) return undefined;
  return [header, body];
}

function isForm(text: string | undefined): text is Canonicalization {
  return text === 'simple' || text === 'relaxed';
}

/** A count or time in a tag; null when it is none, undefined when the tag is not there. */
function readNumber(text: string | undefined): number | null | undefined {
  if (text === undefined) return undefined;
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** Domain of `i=`, which is the signer's or one below it (RFC 6376 3.5). */
function readIdentity(identity: string | undefined, domain: string): string | undefined {
  if (identity === undefined) return domain;
  const at = identity.lastIndexOf('@');
  const own = at < 0 ? undefined : tagName(withoutFws(identity.slice(at + 1)));
  return own !== undefined && (own === domain || own.endsWith(`.${domain}`)) ? own : undefined;
}

/** Names of `h=`; a text says what is wrong. */
function readNames(list: string): readonly string[] | string {
  const names = withoutFws(list).toLowerCase().split(':');
  if (names.length > maxSignedNames) return 'too many names in h=';
  // RFC 6376 5.4.
  return names.includes('from') ? names : 'From is not signed';
}

/**
 * Reads the tags of a DKIM-Signature or ARC-Message-Signature.
 *
 * @returns a text that says what is wrong when they cannot be a signature
 */
export function readSignature(tags: Tags, kind: 'dkim' | 'arc'): SignatureFields | string {
  // An ARC-Message-Signature has no version (RFC 8617 4.1.2).
  if (kind === 'dkim' && tags.get('v') !== '1') return 'no version 1';
  const signer = readSigner(tags);
  if (typeof signer === 'string') return signer;
  const forms = readForms(tags.get('c') ?? 'simple');
  if (!forms) return 'unknown canonicalization';
  const names = readNames(tags.get('h') ?? '');
  if (typeof names === 'string') return names;
  const methods = withoutFws(tags.get('q') ?? 'dns/txt').toLowerCase();
  if (!methods.split(':').includes('dns/txt')) return 'unknown query method';
  const bodyHash = withoutFws(tags.get('bh') ?? '');
  if (!base64.test(bodyHash)) return 'malformed bh=';
  const maxBodyBytes = readNumber(tags.get('l'));
  if (maxBodyBytes === null) return 'malformed l=';
  const signedAt = readNumber(tags.get('t'));
  if (signedAt === null) return 'malformed t=';
  const expires = readNumber(tags.get('x'));
  if (expires === null) return 'malformed x=';
  if (signedAt !== undefined && expires !== undefined && expires < signedAt)
    return 'the signature expires before it was made';
  // In ARC the tag i= is the instance.
  const identityDomain = kind === 'dkim' ? readIdentity(tags.get('i'), signer.domain) : signer.domain;
  if (identityDomain === undefined) return 'i= is not within d=';
  return {
    ...signer,
    headerForm: forms[0],
    bodyForm: forms[1],
    names,
    bodyHash,
    maxBodyBytes: maxBodyBytes ?? Number.POSITIVE_INFINITY,
    identityDomain,
    signedAt,
    expires,
  };
}
