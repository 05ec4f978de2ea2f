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
 * Does a field claim to come from one of these servers? What cannot be read is judged by its first word: whoever reads
 * it more generously than we do must not be fooled (RFC 8601 5).
 *
 * @param servers lower case
 */
export function claimsToBeFrom(value: string, servers: ReadonlySet<string>): boolean {
  const authservId = parseAuthResults(value)?.authservId ?? /^[\s"]*([^\s";]*)/.exec(value)![1]!;
  return servers.has(authservId.toLowerCase());
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

/** One method's result with its properties, names in lower case. */
export interface ParsedResult {
  /** Lower case. */
  readonly word: string;
  /** Values of `ptype.property=`, unquoted. */
  readonly properties: ReadonlyMap<string, string>;
}

/** Properties stand at the beginning; what a server wrote beyond this is not worth the time. */
const maxResultLength = 4096;

const withoutComments = (text: string): string => {
  let plain = '';
  let depth = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === '\\' && (isQuoted || depth > 0)) {
      if (depth === 0) plain += char + (text[i + 1] ?? '');
      i++;
    } else if (depth === 0 && char === '"') {
      isQuoted = !isQuoted;
      plain += char;
    } else if (!isQuoted && char === '(') depth++;
    else if (!isQuoted && char === ')') depth = Math.max(0, depth - 1);
    else if (depth === 0) plain += char;
  }
  return plain;
};

/** What a server said of a method, the first time it did; undefined when it said nothing. */
export function resultOf({ results }: AuthResults, method: string): ParsedResult | undefined {
  for (const result of results) {
    const plain = withoutComments(result.slice(0, maxResultLength));
    const match = /^([a-z][a-z0-9-]*)(?:\s*\/\s*\d+)?\s*=\s*([a-z][a-z0-9-]*)/i.exec(plain);
    if (match?.[1]?.toLowerCase() !== method) continue;
    const properties = new Map<string, string>();
    const pairs = plain.slice(match[0].length);
    for (const [, name, quoted, bare] of pairs.matchAll(
      /([a-z][a-z0-9.-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))/gi,
    ))
      properties.set(name!.toLowerCase(), quoted?.replaceAll(/\\(.)/g, '$1') ?? bare!);
    return { word: match[2]!.toLowerCase(), properties };
  }
  return undefined;
}

/** What a server said of the ARC chain it saw (RFC 8617 10.2); undefined when it said nothing. */
export function arcResult(results: AuthResults): 'none' | 'pass' | 'fail' | undefined {
  const word = resultOf(results, 'arc')?.word;
  return word === 'none' || word === 'pass' || word === 'fail' ? word : undefined;
}
