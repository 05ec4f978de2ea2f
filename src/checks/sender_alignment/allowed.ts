import { domainToASCII } from 'node:url';

/** What one login may write as. */
export interface AllowedSenders {
  readonly isAnybody: boolean;
  /** In the form of {@link canonicalAddress}. */
  readonly addresses: ReadonlySet<string>;
  readonly domains: ReadonlySet<string>;
  /** Domains whose subdomains are meant too. */
  readonly domainTrees: readonly string[];
}

const maxEntries = 10_000;

/** Domains compare without case and in their ASCII form (RFC 5890 2.3.2.1). */
export function canonicalDomain(domain: string): string {
  const lower = domain.toLowerCase().replace(/\.$/, '');
  return /^[\x00-\x7f]*$/.test(lower) ? lower : domainToASCII(lower) || lower;
}

/**
 * An address in the form in which two that mean the same mailbox are equal: without case, although RFC 5321 2.4 lets
 * local parts differ by it, for no server that people log in to does.
 */
export function canonicalAddress(text: string): string {
  const at = text.lastIndexOf('@');
  return at < 0
    ? text.toLowerCase()
    : `${text.slice(0, at).toLowerCase()}@${canonicalDomain(text.slice(at + 1))}`;
}

/** The address without its tag (RFC 5233 4); undefined when it has none. */
export function withoutTag(address: string, delimiter: string): string | undefined {
  const at = address.lastIndexOf('@');
  const start = address.indexOf(delimiter);
  return start > 0 && start < at ? address.slice(0, start) + address.slice(at) : undefined;
}

/** Reads the value of a map entry. Words beyond ten thousand are left out. */
export function parseAllowed(values: readonly string[]): AllowedSenders {
  const addresses = new Set<string>();
  const domains = new Set<string>();
  const domainTrees: string[] = [];
  let isAnybody = false;
  const words = values.flatMap((value) => value.split(/[\s,;]+/)).slice(0, maxEntries);
  for (const raw of words) {
    const word = raw.replace(/^<|>$/g, '');
    if (word === '') continue;
    if (word === '*') isAnybody = true;
    else if (word.startsWith('@.')) domainTrees.push(canonicalDomain(word.slice(2)));
    else if (word.startsWith('@')) domains.add(canonicalDomain(word.slice(1)));
    else if (word.startsWith('*@')) domains.add(canonicalDomain(word.slice(2)));
    else addresses.add(canonicalAddress(word));
  }
  return { isAnybody, addresses, domains, domainTrees };
}

/** May this address be used? */
export function isAllowed(address: string, allowed: AllowedSenders, delimiter: string | undefined): boolean {
  if (allowed.isAnybody) return true;
  const canonical = canonicalAddress(address);
  if (allowed.addresses.has(canonical)) return true;
  const domain = canonical.slice(canonical.lastIndexOf('@') + 1);
  if (allowed.domains.has(domain)) return true;
  if (allowed.domainTrees.some((tree) => domain === tree || domain.endsWith(`.${tree}`))) return true;
  const plain = delimiter === undefined ? undefined : withoutTag(canonical, delimiter);
  return plain !== undefined && allowed.addresses.has(plain);
}
