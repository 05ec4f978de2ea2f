import { type IpAddress, parseIp } from '../../lib/index.ts';
import { type MacroText, parseDomainSpec, parseMacros } from './macro.ts';

// Records of RFC 7208 4.5, 4.6.1, 5 and 6: text in, terms out. Nothing is asked here.

export type Qualifier = '+' | '-' | '~' | '?';

/** What a mechanism compares the client with (RFC 7208 5). */
export type Mechanism =
  | { readonly kind: 'all' }
  | { readonly kind: 'include' | 'exists'; readonly domain: MacroText }
  | { readonly kind: 'ptr'; readonly domain: MacroText | undefined }
  | {
      readonly kind: 'a' | 'mx';
      readonly domain: MacroText | undefined;
      readonly prefixLengths: Readonly<Record<4 | 6, number>>;
    }
  | { readonly kind: 'ip4' | 'ip6'; readonly address: IpAddress; readonly prefixLength: number };

export interface Directive {
  readonly qualifier: Qualifier;
  readonly mechanism: Mechanism;
  /** Mechanism as the record spells it, without the qualifier. */
  readonly text: string;
}

/** A record that obeys the grammar. */
export interface SpfPolicy {
  readonly text: string;
  readonly directives: readonly Directive[];
  readonly redirect: MacroText | undefined;
  readonly explanation: MacroText | undefined;
}

const version = 'v=spf1';

/** Is this TXT record an SPF record (RFC 7208 4.5)? */
export function isSpfRecord(text: string): boolean {
  return (
    text.length >= version.length &&
    text.slice(0, version.length).toLowerCase() === version &&
    (text.length === version.length || text[version.length] === ' ')
  );
}

/**
 * Reads a record. One error anywhere makes the whole of it one (RFC 7208 4.6).
 *
 * @returns the term that is wrong, when one is
 */
export function parsePolicy(text: string): SpfPolicy | { readonly wrongTerm: string } {
  const directives: Directive[] = [];
  const modifiers = new Map<string, MacroText>();
  for (const term of text.slice(version.length).split(' ')) {
    if (term === '') continue;
    const equals = /^[a-z][a-z0-9_.-]*=/i.exec(term);
    if (equals) {
      const name = equals[0].slice(0, -1).toLowerCase();
      const value = term.slice(equals[0].length);
      const isKnown = name === 'redirect' || name === 'exp';
      const compiled = isKnown ? parseDomainSpec(value) : parseMacros(value, 'modifier');
      // RFC 7208 6: those that are defined must not stand there twice.
      if (!compiled || (isKnown && modifiers.has(name))) return { wrongTerm: term };
      if (isKnown) modifiers.set(name, compiled);
      continue;
    }
    const directive = parseDirective(term);
    if (!directive) return { wrongTerm: term };
    directives.push(directive);
  }
  return {
    text,
    directives,
    redirect: modifiers.get('redirect'),
    explanation: modifiers.get('exp'),
  };
}

function parseDirective(term: string): Directive | undefined {
  const isQualified = '+-~?'.includes(term[0]!);
  const text = isQualified ? term.slice(1) : term;
  const mechanism = parseMechanism(text);
  return mechanism && { qualifier: isQualified ? (term[0] as Qualifier) : '+', mechanism, text };
}

function parseMechanism(text: string): Mechanism | undefined {
  const name = /^[a-z][a-z0-9]*/i.exec(text)?.[0] ?? '';
  const kind = name.toLowerCase();
  const rest = text.slice(name.length);
  const argument = rest.startsWith(':') ? rest.slice(1) : undefined;
  switch (kind) {
    case 'all':
      return rest === '' ? { kind } : undefined;
    case 'include':
    case 'exists': {
      const domain = argument === undefined ? undefined : parseDomainSpec(argument);
      return domain && { kind, domain };
    }
    case 'ptr': {
      if (rest === '') return { kind, domain: undefined };
      const domain = argument === undefined ? undefined : parseDomainSpec(argument);
      return domain && { kind, domain };
    }
    case 'a':
    case 'mx':
      return parseHosts(kind, rest);
    case 'ip4':
    case 'ip6':
      return argument === undefined ? undefined : parseNetworkTerm(kind, argument);
    default:
      return undefined;
  }
}

/** `a` and `mx` with an optional domain and one or two prefix lengths (RFC 7208 5.3, 5.4, 5.6). */
function parseHosts(kind: 'a' | 'mx', rest: string): Mechanism | undefined {
  const [, colon = '', v4, v6] = /^(.*?)(?:\/(\d{1,4}))?(?:\/\/(\d{1,4}))?$/s.exec(rest) ?? [];
  const prefixLengths = { 4: prefixOf(v4, 32), 6: prefixOf(v6, 128) };
  if (Number.isNaN(prefixLengths[4]) || Number.isNaN(prefixLengths[6])) return undefined;
  if (colon === '') return { kind, domain: undefined, prefixLengths };
  const domain = colon.startsWith(':') ? parseDomainSpec(colon.slice(1)) : undefined;
  return domain && { kind, domain, prefixLengths };
}

/** NaN for what is no prefix length. */
function prefixOf(text: string | undefined, bits: number): number {
  if (text === undefined) return bits;
  const length = /^(?:0|[1-9]\d*)$/.test(text) ? Number(text) : Number.NaN;
  return length <= bits ? length : Number.NaN;
}

const octet = '(?:0|[1-9]\\d{0,2})';
const v4Text = new RegExp(`^${octet}(?:\\.${octet}){3}$`);

function parseNetworkTerm(kind: 'ip4' | 'ip6', argument: string): Mechanism | undefined {
  const slash = argument.indexOf('/');
  const host = slash < 0 ? argument : argument.slice(0, slash);
  if (!(kind === 'ip4' ? v4Text.test(host) : host.includes(':') && !host.includes('%'))) return undefined;
  const address = parseIp(host);
  const prefixLength = prefixOf(slash < 0 ? undefined : argument.slice(slash + 1), kind === 'ip4' ? 32 : 128);
  if (!address || Number.isNaN(prefixLength)) return undefined;
  return { kind, address, prefixLength };
}
