import { domainToASCII } from 'node:url';
import { parseIp, percentBytes } from '../lib/index.ts';
import { isHomographHost } from './confusables.ts';
import { domainInfo } from './domain.ts';

/** Rspamd's names for what is remarkable about a link, as far as they can be known from the message alone. */
export type UrlFlag =
  | 'numeric' // the host is an IP address
  | 'obscured' // written so that people or filters misread it
  | 'has_user'
  | 'has_port'
  | 'no_tld' // the host ends with no public suffix
  | 'idn'
  | 'homograph' // an IDN that looks like another name (not a name of Rspamd)
  | 'host_encoded' // percent-encoded host
  | 'zw_spaces' // zero-width characters inside
  | 'missing_slashes'
  | 'schemaless'
  | 'truncated'
  | 'image' // source of an <img>
  | 'html_displayed' // stands in the text of an anchor
  | 'url_displayed' // its anchor's text looks like a link
  | 'phished' // that link is of another registered domain
  | 'text'
  | 'subject'
  | 'query' // found in the query or the path of another link
  | 'content' // found in a part that is not shown as text
  | 'qr' // shown as a QR code (not a name of Rspamd)
  | 'redirected'; // leads to another link, which a check has added

/** A link taken apart (RFC 3986 3), its host normalised. */
export interface ParsedUrl {
  /** The whole link: scheme and host in lower case, the rest as written. */
  readonly url: string;
  readonly host: string;
  readonly domain: string;
  readonly path: string;
  readonly query: string;
  readonly flags: UrlFlag[];
}

const hash = 0x23;
const dash = 0x2d;
const dot = 0x2e;
const slash = 0x2f;
const colon = 0x3a;
const question = 0x3f;
const backslash = 0x5c;

function isSlash(code: number): boolean {
  return code === slash || code === backslash;
}

/** What browsers drop or turn round. */
const oddCharacters = /[\\\t\n\r\u202e]/;
const schemePattern = /^(https?|ftp):/i;
const ignoredInUrls = /[\t\n\r]/g;
const zeroWidth = /[\u00ad\u200b-\u200f\u2060\ufeff]/g;
// RFC 3986 3.2.2 with the underscore that DNS allows; domainToASCII takes care of the rest.
const hostPattern = /^[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?$/;

/**
 * Takes a web or FTP link apart as browsers do (WHATWG URL for special schemes): any number of slashes of either kind
 * after the scheme, tabs and line breaks ignored, numeric hosts in any notation.
 *
 * @param written the link, with or without scheme; without, `http` is assumed
 * @returns undefined when this is no such link
 */
export function parseUrl(written: string): ParsedUrl | undefined {
  const text = written.trim();
  const hostEnd = plainHostEnd(text);
  if (hostEnd < 0) return parseOddUrl(text);
  const host = text.slice(text.charCodeAt(4) === colon ? 7 : 8, hostEnd);
  const { domain, hasSuffix } = domainInfo(host);
  return assemble(text, hostEnd, host, domain, hasSuffix ? [] : ['no_tld'], text);
}

/**
 * Most links are written plainly: `http(s)://`, a lower-case ASCII host that is no number and no IDN, nothing to be
 * ignored or turned round. Returns where the host of such a link ends, -1 for all others.
 */
function plainHostEnd(text: string): number {
  const start = text.startsWith('http://') ? 7 : text.startsWith('https://') ? 8 : -1;
  if (start < 0) return -1;
  let i = start;
  let labelStart = start;
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === dot) {
      if (i === labelStart) return -1;
      labelStart = i + 1;
    } else if (!((code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === dash)) {
      if (code !== slash && code !== question && code !== hash) return -1;
      break;
    }
  }
  const first = text.charCodeAt(start);
  if (i - start > 253 || first === dash || text.charCodeAt(i - 1) === dash) return -1;
  const last = text.charCodeAt(labelStart);
  if (i === labelStart || last < 0x61) return -1;
  if (oddCharacters.test(text)) return -1;
  const idn = text.indexOf('xn--');
  return idn >= 0 && idn < i ? -1 : i;
}

function assemble(
  text: string,
  end: number,
  host: string,
  domain: string,
  flags: UrlFlag[],
  url: string,
): ParsedUrl {
  const hashAt = text.indexOf('#', end);
  const pathEnd = hashAt < 0 ? text.length : hashAt;
  const questionAt = text.indexOf('?', end);
  const hasQuery = questionAt >= 0 && questionAt < pathEnd;
  return {
    url,
    host,
    domain,
    path: text.slice(end, hasQuery ? questionAt : pathEnd),
    query: hasQuery ? text.slice(questionAt + 1, pathEnd) : '',
    flags,
  };
}

function parseOddUrl(trimmed: string): ParsedUrl | undefined {
  const flags: UrlFlag[] = [];
  let text = trimmed;
  if (/[\t\n\r]/.test(text)) {
    text = text.replace(ignoredInUrls, '');
    flags.push('obscured');
  }
  // Turns round what follows, so that people read another link.
  if (text.includes('\u202e')) addFlag(flags, 'obscured');
  const match = schemePattern.exec(text);
  let scheme = 'http';
  let i = 0;
  if (match) {
    scheme = match[1]!.toLowerCase();
    i = match[0].length;
  } else flags.push('schemaless');
  const slashesStart = i;
  while (isSlash(text.charCodeAt(i))) i++;
  if (match && i - slashesStart < 2) flags.push('missing_slashes');
  let end = i;
  while (end < text.length) {
    const code = text.charCodeAt(end);
    if (isSlash(code) || code === question || code === hash) break;
    end++;
  }
  if (text.lastIndexOf('\\', end) >= slashesStart) addFlag(flags, 'obscured');
  const authority = text.slice(i, end);
  const at = authority.lastIndexOf('@');
  if (at >= 0) flags.push('has_user');
  const { host: writtenHost, port } = splitPort(authority.slice(at + 1));
  if (port !== '') flags.push('has_port');
  const host = normaliseHost(writtenHost, flags);
  if (host === undefined) return undefined;
  let domain = host;
  if (!flags.includes('numeric')) {
    const info = domainInfo(host);
    ({ domain } = info);
    if (!info.hasSuffix) flags.push('no_tld');
  }
  const urlHost = host.includes(':') ? `[${host}]` : host;
  const user = at < 0 ? '' : authority.slice(0, at + 1);
  const url = `${scheme}://${user}${urlHost}${port === '' ? '' : `:${port}`}${text.slice(end)}`;
  return assemble(text, end, host, domain, flags, url);
}

/** Adds a flag that may be there already. */
export function addFlag(flags: UrlFlag[], flag: UrlFlag): void {
  if (!flags.includes(flag)) flags.push(flag);
}

function splitPort(text: string): { host: string; port: string } {
  const colon = text.lastIndexOf(':');
  if (colon < 0 || text.endsWith(']')) return { host: text, port: '' };
  const port = text.slice(colon + 1);
  return /^\d{0,5}$/.test(port) ? { host: text.slice(0, colon), port } : { host: text, port: '' };
}

/** A host whose last label is a number is an address or nothing (WHATWG URL 3.5). */
const numericEnd = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/;

function normaliseHost(written: string, flags: UrlFlag[]): string | undefined {
  if (written.startsWith('[')) {
    const ip = written.endsWith(']') ? parseIp(written.slice(1, -1)) : undefined;
    if (!ip) return undefined;
    flags.push('numeric');
    // An IPv4 address in the clothes of IPv6 (RFC 4291 2.5.5.2).
    if (ip.family === 4) flags.push('obscured');
    return ip.text;
  }
  let host = written;
  if (host.includes('%')) {
    host = percentDecode(host);
    flags.push('host_encoded');
    addFlag(flags, 'obscured');
  }
  host = host.toLowerCase();
  if (!/^[\x21-\x7e]*$/.test(host)) {
    const visible = host.replace(zeroWidth, '');
    if (visible !== host) flags.push('zw_spaces');
    host = domainToASCII(visible);
    // Full-width and other fancy letters of a name that is plain ASCII (UTS 46 4, mapping).
    if (visible !== host && !host.includes('xn--')) addFlag(flags, 'obscured');
  }
  if (host.startsWith('xn--') || host.includes('.xn--')) {
    flags.push('idn');
    if (isHomographHost(host)) flags.push('homograph');
  }
  while (host.endsWith('.')) host = host.slice(0, -1);
  if (numericEnd.test(host)) return readNumericHost(host, flags);
  return host.length <= 253 && hostPattern.test(host) && !host.includes('..') ? host : undefined;
}

/** IPv4 in the notations that browsers take: decimal, octal, hexadecimal, one to four numbers (WHATWG URL 3.5). */
function readNumericHost(host: string, flags: UrlFlag[]): string | undefined {
  const plain = parseIp(host);
  if (plain) {
    flags.push('numeric');
    // A leading zero makes a number octal for browsers, and decimal for most people.
    if (!/(?:^|\.)0\d/.test(host)) return plain.text;
  }
  const pieces = host.split('.');
  if (pieces.length > 4) return undefined;
  let value = 0;
  for (const [index, piece] of pieces.entries()) {
    const number = readNumber(piece);
    const isLast = index === pieces.length - 1;
    const limit = isLast ? 256 ** (4 - index) : 256;
    if (number === undefined || number >= limit) return undefined;
    value += isLast ? number : number * 256 ** (3 - index);
  }
  addFlag(flags, 'numeric');
  addFlag(flags, 'obscured');
  return [value / 2 ** 24, value / 2 ** 16, value / 2 ** 8, value].map((n) => Math.floor(n) % 256).join('.');
}

function readNumber(text: string): number | undefined {
  if (/^0x[0-9a-f]{0,16}$/.test(text)) return text === '0x' ? 0 : Number.parseInt(text, 16);
  if (/^0[0-7]{1,20}$/.test(text)) return Number.parseInt(text, 8);
  return /^\d{1,16}$/.test(text) && (text === '0' || text[0] !== '0') ? Number(text) : undefined;
}

/** Percent-decodes text as UTF-8; what is no valid escape stays (RFC 3986 2.1). */
export function percentDecode(text: string): string {
  return text.includes('%') ? percentBytes(text).toString('utf8') : text;
}
