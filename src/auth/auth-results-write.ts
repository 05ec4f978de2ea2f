import type { ArcChainOutcome, DkimOutcome, DmarcOutcome, SpfOutcome } from '../core/index.ts';
import { foldWords } from './fold.ts';

// Results in the words of RFC 8601, one text `method=result … ptype.property=value` each.

/** Methods that are written. */
export type AuthMethod = 'spf' | 'dkim' | 'dmarc' | 'arc';

/** What is to be written. */
export interface ResultsToWrite {
  readonly spf?: SpfOutcome | undefined;
  readonly dkim?: readonly DkimOutcome[] | undefined;
  readonly dmarc?: DmarcOutcome | undefined;
  readonly arc?: ArcChainOutcome | undefined;
  /** The sender logged in (RFC 4954): with the login, or without it where it is nobody's business. */
  readonly auth?: { readonly login: string | undefined } | undefined;
  /** Words that hold instead of those that were found; for DKIM where no signature was found. */
  readonly words?: Readonly<Partial<Record<AuthMethod, string>>> | undefined;
}

const token = /^[!#$%&'*+.0-9A-Z^_`a-z{|}~-]+$/;
const address = /^(?:[!#$%&'*+./0-9=?A-Z^_`a-z{|}~-]+)?@[0-9A-Za-z.-]+$/;
/** Nobody reads more; a header line holds 998 characters (RFC 5322 2.1.1). */
const maxValueLength = 512;

/**
 * A value as RFC 8601 2.2 has it: a token, an address, else a quoted string. What is not printable ASCII becomes a
 * question mark.
 */
export function resultValue(text: string): string {
  const clean = text.slice(0, maxValueLength).replaceAll(/[^\x20-\x7e]/g, '?');
  return token.test(clean) || address.test(clean) ? clean : `"${clean.replaceAll(/["\\]/g, '\\$&')}"`;
}

function property(name: string, value: string | undefined): string {
  return value === undefined || value === '' ? '' : ` ${name}=${resultValue(value)}`;
}

function reasonText(reason: string | undefined): string {
  return reason === undefined ? '' : ` reason=${quoted(reason)}`;
}

function quoted(text: string): string {
  const value = resultValue(text);
  return value.startsWith('"') ? value : `"${value}"`;
}

function spfText({ result, identity, sender, domain, reason }: SpfOutcome, word: string): string {
  // For `helo` the sender is made up (`postmaster@`); the name is what was said (RFC 8601 2.7.2).
  const shown = identity === 'helo' ? domain : sender;
  return `spf=${word}${result === 'pass' ? '' : reasonText(reason)}${property(`smtp.${identity}`, shown)}`;
}

function dkimText(outcome: DkimOutcome, word: string): string {
  const { reason, domain, selector, identity, signatureStart, algorithm, isTest } = outcome;
  return [
    `dkim=${word}`,
    isTest ? ' (test key)' : '',
    reasonText(reason),
    property('header.d', domain),
    property('header.s', selector),
    property('header.i', identity),
    property('header.b', signatureStart),
    property('header.a', algorithm),
  ].join('');
}

function dmarcText({ policy, disposition, domain, reason }: DmarcOutcome, word: string): string {
  return [
    `dmarc=${word}`,
    policy === undefined ? '' : ` (policy=${policy})`,
    reasonText(reason),
    property('header.from', domain),
    // RFC 7489 11.1: the policy after sampling.
    property('policy.dmarc', disposition),
  ].join('');
}

function arcText({ sealers, oldestPass, reason }: ArcChainOutcome, word: string): string {
  return [
    `arc=${word}`,
    sealers.length > 0 ? ` (i=${sealers.length})` : '',
    word === 'pass' ? '' : reasonText(reason),
    // RFC 8617 5.2: 0 when nobody changed the message since it was first sealed.
    word === 'pass' && oldestPass !== undefined
      ? ` header.oldest-pass=${oldestPass === 1 ? 0 : oldestPass}`
      : '',
  ].join('');
}

/** Results as texts, none longer than a header can hold; empty: nothing was checked. */
export function authResultTexts({
  spf,
  dkim,
  dmarc,
  arc,
  auth,
  words = {},
}: ResultsToWrite): readonly string[] {
  const texts: string[] = [];
  if (auth) texts.push(`auth=pass${property('smtp.auth', auth.login)}`);
  if (spf) texts.push(spfText(spf, words.spf ?? spf.result));
  else if (words.spf !== undefined) texts.push(`spf=${words.spf}`);
  if (dkim && dkim.length > 0) for (const one of dkim) texts.push(dkimText(one, one.result));
  else if (dkim || words.dkim !== undefined) texts.push(`dkim=${words.dkim ?? 'none'}`);
  if (dmarc) texts.push(dmarcText(dmarc, words.dmarc ?? dmarc.result));
  else if (words.dmarc !== undefined) texts.push(`dmarc=${words.dmarc}`);
  if (arc) texts.push(arcText(arc, words.arc ?? arc.result));
  else if (words.arc !== undefined) texts.push(`arc=${words.arc}`);
  return texts;
}

/**
 * Value of an Authentication-Results or ARC-Authentication-Results field, folded with CRLF and a tab: one result a
 * line, longer ones broken at blanks.
 *
 * @param results of {@link authResultTexts}; none: `none` (RFC 8601 2.2)
 * @param instance of the ARC set
 */
export function foldAuthResults(
  name: string,
  authservId: string,
  results: readonly string[],
  instance?: number,
): string {
  const server = resultValue(authservId);
  const items = [instance === undefined ? server : `i=${instance}; ${server}`];
  items.push(...(results.length > 0 ? results : ['none']));
  return items
    .map((item, index) =>
      foldWords(index < items.length - 1 ? `${item};` : item, index === 0 ? name.length : 6),
    )
    .join('\r\n\t');
}
