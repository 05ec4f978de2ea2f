import type { HeaderList } from '../core/index.ts';

/** One Authentication-Results field (RFC 8601 2.2), split but not interpreted. */
export interface AuthResults {
  readonly authservId: string;
  /** `method=result …`, in order; empty for `none`. */
  readonly results: readonly string[];
}

/** Splits at semicolons outside quoted strings and comments; undefined when one of them does not end. */
function splitItems(text: string): readonly string[] | undefined {
  const items: string[] = [];
  let from = 0;
  let depth = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '\\' && (isQuoted || depth > 0)) i++;
    else if (char === '"' && depth === 0) isQuoted = !isQuoted;
    else if (isQuoted) continue;
    else if (char === '(') depth++;
    else if (char === ')') depth = Math.max(0, depth - 1);
    else if (char === ';' && depth === 0) {
      items.push(text.slice(from, i));
      from = i + 1;
    }
  }
  if (isQuoted || depth > 0) return undefined;
  items.push(text.slice(from));
  return items.map((item) => item.trim());
}

/** Reads the value of a field; undefined when it is none. */
export function parseAuthResults(value: string): AuthResults | undefined {
  const items = splitItems(
    value
      .replace(/[\r\n]+/g, '')
      .replace(/[\x00-\x20\x7f]+/g, ' ')
      .trim(),
  );
  const [head, ...rest] = items ?? [];
  // The name may be followed by a version and by comments.
  const authservId = /^(?:\([^()]*\)\s*)*"?([^\s"();]+)"?/.exec(head ?? '')?.[1];
  if (authservId === undefined) return undefined;
  return { authservId, results: rest.filter((item) => item !== '' && !/^none\b/i.test(item)) };
}

/**
 * Results that a trusted server wrote into the message, of all its fields.
 *
 * @param trusted names of servers, lower case
 */
export function trustedResults(headers: HeaderList, trusted: ReadonlySet<string>): AuthResults | undefined {
  let authservId: string | undefined;
  const results: string[] = [];
  for (const header of headers.every('authentication-results')) {
    const parsed = parseAuthResults(header.rawValue);
    if (!parsed || !trusted.has(parsed.authservId.toLowerCase())) continue;
    authservId ??= parsed.authservId;
    results.push(...parsed.results);
  }
  return authservId === undefined ? undefined : { authservId, results };
}

/** What a server said of the ARC chain it saw (RFC 8617 10.2); undefined when it said nothing. */
export function arcResult({ results }: AuthResults): 'none' | 'pass' | 'fail' | undefined {
  for (const result of results) {
    const word = /^arc\s*=\s*([a-z]+)/i.exec(result)?.[1]?.toLowerCase();
    if (word === 'none' || word === 'pass' || word === 'fail') return word;
  }
  return undefined;
}
