import { parse } from 'tldts';
import { copyString } from '../lib/index.ts';

/** What the public suffix list says about a host. */
export interface DomainInfo {
  /** Public suffix plus one label; the host itself when there is none (an address, a bare suffix, one label). */
  readonly domain: string;
  /** Does the host end with a suffix of the list? */
  readonly hasSuffix: boolean;
}

const maxRemembered = 8_192;
let remembered = new Map<string, DomainInfo>();

/**
 * Looks a host up in the public suffix list, both sections of it. Answers are remembered up to a bound, since the
 * same hosts come again and again.
 *
 * @param host lower case, IDNs as A-labels, no trailing dot
 */
export function domainInfo(host: string): DomainInfo {
  const known = remembered.get(host);
  if (known) return known;
  const name = copyString(host);
  const result = parse(name, {
    allowPrivateDomains: true,
    extractHostname: false,
    validateHostname: false,
  });
  const info = {
    domain: result.domain ?? name,
    hasSuffix: result.isIcann === true || result.isPrivate === true,
  };
  if (remembered.size >= maxRemembered) remembered = new Map();
  remembered.set(name, info);
  return info;
}
