import { ConfigError, type DkimOutcome, type SpfResult } from '../../core/index.ts';
import { parseUcl, toPlain } from '../../ucl/index.ts';

/** Longer values are no results. */
const maxLength = 4096;
/** Signatures that are taken over: a header of more is nobody's result. */
const maxSignatures = 32;

interface Given<Result> {
  readonly result: Result;
  /** Lower case; `''`: none was told. */
  readonly domain: string;
}

const spfWords: Readonly<Record<string, SpfResult>> = {
  pass: 'pass',
  allow: 'pass',
  fail: 'fail',
  reject: 'fail',
  deny: 'fail',
  softfail: 'softfail',
  neutral: 'neutral',
  none: 'none',
  na: 'none',
  temperror: 'temperror',
  tempfail: 'temperror',
  dnsfail: 'temperror',
  permerror: 'permerror',
  permfail: 'permerror',
};

const dkimWords: Readonly<Record<string, DkimOutcome['result'] | 'none'>> = {
  pass: 'pass',
  allow: 'pass',
  fail: 'fail',
  reject: 'fail',
  deny: 'fail',
  neutral: 'permerror',
  policy: 'policy',
  none: 'none',
  na: 'none',
  temperror: 'temperror',
  tempfail: 'temperror',
  dnsfail: 'temperror',
  permerror: 'permerror',
  permfail: 'permerror',
};

/** JSON, else UCL; undefined when it is neither. */
function parseValue(text: string): unknown {
  if (text.length > maxLength) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  try {
    return toPlain(parseUcl(text, { file: 'request' }).root);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return undefined;
  }
}

function wordIn<Result>(words: Readonly<Record<string, Result>>, value: unknown): Given<Result> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { result, domain } = value as { result?: unknown; domain?: unknown };
  const word = typeof result === 'string' ? result.toLowerCase() : '';
  if (!Object.hasOwn(words, word)) return undefined;
  return { result: words[word]!, domain: typeof domain === 'string' ? domain.toLowerCase() : '' };
}

/** Reads the request header `SPF`; undefined when it tells no result. */
export function readSpfHeader(text: string): Given<SpfResult> | undefined {
  return wordIn(spfWords, parseValue(text));
}

/** Reads the request header `DKIM`, one result or a list; empty: there is no signature; undefined: no result. */
export function readDkimHeader(text: string): readonly Given<DkimOutcome['result']>[] | undefined {
  const value = parseValue(text);
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (items.length > maxSignatures) return undefined;
  const given: Given<DkimOutcome['result']>[] = [];
  for (const item of items) {
    const one = wordIn(dkimWords, item);
    if (!one) return undefined;
    if (one.result !== 'none') given.push({ result: one.result, domain: one.domain });
  }
  return given;
}
