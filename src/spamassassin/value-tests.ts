import type { UrlView } from '../core/index.ts';
import { type ReadPattern, RegexpError, utf8Bytes } from '../lib/index.ts';
import type { EvalTest } from './evals/index.ts';
import { decodedField, FieldError, rawField } from './fields.ts';
import type { FollowRedirectors } from './message.ts';
import { type Place, placeText } from './reader.ts';
import { type Replacements, readRulePattern } from './rule-pattern.ts';
import type { RuleTest } from './ruleset.ts';

/** Longest value that is matched here, where there is no watch. */
const maxChars = 8_192;

function quickPattern(text: string, replacements: Replacements | undefined): ReadPattern {
  const pattern = readRulePattern(text, replacements);
  if (pattern.exponentialLoop !== undefined)
    throw new RegexpError(`the loop ${pattern.exponentialLoop} takes exponential time on some texts`, 0);
  return pattern;
}

/** `mimeheader`: the field of the message and of every part, each value by itself. */
export function compileMimeHeader(
  { header, pattern: written, isNegated, unset }: RuleTest & { kind: 'mimeheader' },
  replacements: Replacements | undefined,
): EvalTest {
  const [name = '', ...given] = header.split(':');
  const strange = given.find((modifier) => modifier !== 'raw');
  if (strange !== undefined) throw new FieldError(`unknown modifier ":${strange}"`);
  const key = name.toLowerCase();
  const read = given.length > 0 ? rawField : decodedField;
  const { regexp } = quickPattern(written, replacements);
  const hits = (value: string): boolean => regexp.test(value.slice(0, maxChars)) !== isNegated;
  return ({ message }) =>
    message.parts.some(({ headers, source }) =>
      headers.has(key)
        ? headers.every(key).some((field) => hits(read(source, field)))
        : unset !== undefined && hits(unset),
    );
}

type DetailReader = (url: UrlView) => readonly string[];

const details: Readonly<Record<string, DetailReader>> = {
  raw: ({ url }) => [url],
  cleaned: ({ url }) => [url],
  domain: ({ domain }) => [domain],
  host: ({ host }) => [host],
  text: ({ visibleText }) => (visibleText === undefined ? [] : [visibleText]),
  type: ({ from, flags, visibleText }) => [
    from !== 'html' ? 'parsed' : flags.includes('image') && visibleText === undefined ? 'img' : 'a',
  ],
};

/** `uri_detail`: a link for which all conditions hold. */
export function compileDetail(
  conditions: (RuleTest & { kind: 'uri_detail' })['conditions'],
  replacements: Replacements | undefined,
): EvalTest {
  const tests = conditions.map(({ key, pattern, isNegated }) => {
    const read = Object.hasOwn(details, key) ? details[key] : undefined;
    if (!read) throw new FieldError(`links have no "${key}"`);
    const { regexp } = quickPattern(pattern, replacements);
    return (url: UrlView): boolean =>
      read(url).some((value) => regexp.test(utf8Bytes(value).slice(0, maxChars)) !== isNegated);
  });
  return ({ task }) => task.content.urls.some((url) => tests.every((test) => test(url)));
}

/** `redirector_pattern`: what its first group holds is a link, too. */
export function compileRedirectors(
  written: readonly { readonly pattern: string; readonly place: Place }[],
  problems: string[],
): FollowRedirectors {
  const patterns: RegExp[] = [];
  for (const { pattern, place } of written) {
    try {
      patterns.push(quickPattern(pattern, undefined).regexp);
    } catch (error) {
      if (!(error instanceof RegexpError)) throw error;
      problems.push(`${placeText(place)}: redirector_pattern is left out: ${error.message}`);
    }
  }
  return (url) => {
    const targets: string[] = [];
    for (const pattern of patterns) {
      const target = pattern.exec(utf8Bytes(url).slice(0, maxChars))?.[1];
      if (target === undefined || target === '') continue;
      const decoded = target.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      );
      targets.push(/^[a-z]+:/i.test(decoded) ? decoded : `http://${decoded}`);
    }
    return targets;
  };
}
