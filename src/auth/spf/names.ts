import { domainToASCII } from 'node:url';
import { type IpAddress, reversedIp } from '../../lib/index.ts';

/** RFC 1035 2.3.4. */
const maxNameLength = 253;

/**
 * A domain that may be asked for a policy, in lower case and without final dot: labels of 1 to 63 characters, at
 * least two of them (RFC 7208 4.3). Undefined for anything else, address literals included.
 */
export function policyDomain(text: string): string | undefined {
  const name = queryName(text);
  return name?.includes('.') && !name.startsWith('[') ? name : undefined;
}

/** A name that DNS can be asked for, blanks inside included (macro `%_`); undefined for what is none. */
export function queryName(text: string): string | undefined {
  if (text.length > 4 * maxNameLength) return undefined;
  let name = text.endsWith('.') ? text.slice(0, -1) : text;
  if (/[^\x20-\x7e]/.test(name)) name = domainToASCII(name);
  if (name.length > maxNameLength || name.includes('\\') || /[^\x20-\x7e]/.test(name)) return undefined;
  if (!/^[^.]{1,63}(?:\.[^.]{1,63})*$/.test(name)) return undefined;
  return name.toLowerCase();
}

/** Macro `i`: dotted decimal, or the nibbles of IPv6 with dots between (RFC 7208 7.3). */
export function dottedAddress(ip: IpAddress): string {
  return ip.family === 4 ? ip.text : reversedIp(ip).split('.').reverse().join('.').toUpperCase();
}

/** Do the first bits of two addresses of one family agree? */
export function sharePrefix(a: IpAddress, b: IpAddress, prefixLength: number): boolean {
  if (a.family !== b.family) return false;
  const whole = prefixLength >> 3;
  for (let i = 0; i < whole; i++) if (a.bytes[i] !== b.bytes[i]) return false;
  const rest = prefixLength & 7;
  return rest === 0 || ((a.bytes[whole]! ^ b.bytes[whole]!) & (0xff00 >> rest) & 0xff) === 0;
}

/** Is a name a domain or below it? Both in lower case. */
export function isWithin(name: string, domain: string): boolean {
  return (
    name === domain ||
    (name.length > domain.length &&
      name.endsWith(domain) &&
      name.charCodeAt(name.length - domain.length - 1) === 0x2e)
  );
}
