import type { MailAddress } from '../core/index.ts';
import { type IpAddress, parseIp } from '../lib/index.ts';

/** Longest address looked at. RFC 5321 4.5.3.1.3 allows 256; real systems pass longer local parts on. */
const maxAddressLength = 1024;

/**
 * Parses the address of MAIL FROM or RCPT TO (RFC 5321 4.1.2), with or without angle brackets. A source route is
 * dropped (RFC 5321 4.1.1.3), UTF-8 is allowed (RFC 6531 3.3), dots may stand anywhere in the local part, since
 * that is what MTAs let through.
 *
 * @returns the address; `null` for the null sender (`<>`, empty text or a lone NUL); undefined when it does not
 *   parse
 */
export function parseEnvelopeAddress(text: string): MailAddress | null | undefined {
  let start = 0;
  let end = text.length;
  while (start < end && text.charCodeAt(start) <= 0x20) start++;
  while (end > start && text.charCodeAt(end - 1) <= 0x20) end--;
  if (end - start > maxAddressLength) return undefined;
  if (text.charCodeAt(start) === 0x3c && start < end) {
    if (text.charCodeAt(end - 1) !== 0x3e) return undefined;
    start++;
    end--;
    if (end < start) return undefined;
  }
  if (start === end) return null;
  if (text.charCodeAt(start) === 0x40) {
    const colon = text.indexOf(':', start);
    if (colon < 0 || colon >= end - 1) return undefined;
    start = colon + 1;
  }
  const at = endOfLocalPart(text, start, end);
  if (at === undefined || at === start) return undefined;
  const address = text.slice(start, end);
  if (at === end) return { text: address, local: address, domain: '' };
  const domain = cleanDomain(text.slice(at + 1, end));
  return domain === undefined ? undefined : { text: address, local: text.slice(start, at), domain };
}

/** Index of the `@` that ends the local part, `end` when there is none; undefined when the local part is broken. */
function endOfLocalPart(text: string, start: number, end: number): number | undefined {
  let quoted = false;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return undefined;
    if (quoted) {
      if (code === 0x5c) {
        if (++i >= end) return undefined;
      } else if (code === 0x22) quoted = false;
    } else if (code === 0x22) quoted = true;
    else if (code === 0x40) return i;
    // Blank, comma, angle brackets, semicolon: not part of any atom (RFC 5321 4.1.2).
    else if (code === 0x20 || code === 0x2c || code === 0x3c || code === 0x3e || code === 0x3b)
      return undefined;
  }
  return quoted ? undefined : end;
}

/** The domain in lower case without its final dot; undefined when it holds what no domain or literal may hold. */
function cleanDomain(text: string): string | undefined {
  if (/^\[[\x21-\x5a\x5e-\x7e]+\]$/.test(text)) return text.toLowerCase();
  if (!/^[A-Za-z0-9_\-\u0080-\u{10ffff}]+(?:\.[A-Za-z0-9_\-\u0080-\u{10ffff}]+)*\.?$/u.test(text))
    return undefined;
  return (text.endsWith('.') ? text.slice(0, -1) : text).toLowerCase();
}

/** No parameters: shared, since nearly every recipient has none. */
const noParameters: ReadonlyMap<string, string> = new Map();

/**
 * ESMTP parameters of MAIL or RCPT (RFC 5321 4.1.1.11), each as `KEYWORD=value` or `KEYWORD`. Keywords become
 * upper case, one without value maps to `''`, a repeated one keeps its last value.
 */
export function parseEsmtpParameters(parameters: readonly string[]): ReadonlyMap<string, string> {
  if (parameters.length === 0) return noParameters;
  const map = new Map<string, string>();
  for (const parameter of parameters) {
    const equals = parameter.indexOf('=');
    const keyword = equals < 0 ? parameter : parameter.slice(0, equals);
    if (keyword !== '') map.set(keyword.toUpperCase(), equals < 0 ? '' : parameter.slice(equals + 1));
  }
  return map;
}

/** Where an MTA's client connects from. */
export type ClientAddress =
  | { readonly ip: IpAddress; readonly port: number | undefined }
  | { readonly socketPath: string };

/**
 * Parses a client address as scan clients write it (wire-protocols 1.4): plain IPv4 or IPv6, with port, in
 * brackets, after `IPv6:`; text that starts with `/` or `.` is a unix socket.
 *
 * @returns undefined when it is none of these
 */
export function parseClientAddress(text: string): ClientAddress | undefined {
  text = text.trim();
  if (text.startsWith('/') || text.startsWith('.')) return { socketPath: text };
  let port: number | undefined;
  if (text.startsWith('[')) {
    const bracket = text.indexOf(']');
    const rest = text.slice(bracket + 1);
    if (bracket < 0 || !/^(?::\d{1,5})?$/.test(rest)) return undefined;
    port = rest === '' ? undefined : Number(rest.slice(1));
    text = text.slice(1, bracket);
  } else {
    const colon = text.indexOf(':');
    if (colon >= 0 && colon === text.lastIndexOf(':')) {
      if (!/^\d{1,5}$/.test(text.slice(colon + 1))) return undefined;
      port = Number(text.slice(colon + 1));
      text = text.slice(0, colon);
    }
  }
  if (port !== undefined && port > 65_535) return undefined;
  const ip = parseIp(/^ipv6:/i.test(text) ? text.slice(5) : text);
  return ip && { ip, port };
}
