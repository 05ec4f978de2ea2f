import { domainToASCII } from 'node:url';
import { getDomain } from 'tldts';

const maxNameLength = 253;
const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/**
 * A domain or selector as signatures and DNS write it: lower case, IDN labels as A-labels. What comes from a message
 * ends in file names and tags, so anything that is no name is refused.
 *
 * @returns undefined when the text is no name
 */
export function dnsName(text: string): string | undefined {
  // Only what is not ASCII goes through IDNA: it would take some names for addresses.
  const ascii = /^[\x00-\x7f]*$/.test(text) ? text.toLowerCase() : domainToASCII(text);
  const name = ascii.endsWith('.') ? ascii.slice(0, -1) : ascii;
  if (name.length > maxNameLength) return undefined;
  return name.split('.').every((part) => label.test(part)) ? name : undefined;
}

/** Registered domain of a name by both sections of the public suffix list, or the name where there is none. */
export function registeredDomain(domain: string): string {
  return getDomain(domain, { allowPrivateDomains: true, extractHostname: false }) ?? domain;
}
