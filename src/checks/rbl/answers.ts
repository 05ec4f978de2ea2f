import type { CheckContext } from '../../core/index.ts';
import { compileGlob, compilePattern, IpTrie, parseIp, parseNetwork, RegexpError } from '../../lib/index.ts';
import { compileLuaPattern } from './lua-pattern.ts';
import type { Config, RuleOptions } from './options.ts';

/** What the records of one answer mean. */
export interface Meaning {
  /** Symbols without prefix, each once for each record that gives it. */
  readonly symbols: readonly string[];
  /** Records that mean nothing that the list declares. */
  readonly unknown: readonly string[];
}

export type ReadAnswer = (records: readonly string[]) => Meaning;

/** Symbols of a list by what its answers can say. */
export interface AnswerCodes {
  readonly read: ReadAnswer;
  /** Symbols that codes or bits name; none: any answer gives the symbol of the list. */
  readonly names: readonly string[];
}

type Context = CheckContext<Config, string>;
type Matches = (record: string) => boolean;

/**
 * Lists answer within 127.0.0.0/8 (RFC 5782 2.1). Anything else comes from a resolver that rewrites answers, and would
 * list the world.
 */
const isListAnswer = (record: string): boolean => record.startsWith('127.');

function upper<T>(table: Readonly<Record<string, T>>): readonly (readonly [string, T])[] {
  return Object.entries(table).map(([name, value]) => [name.toUpperCase(), value]);
}

function compileCode(
  code: string,
  matcher: NonNullable<RuleOptions['returncodes_matcher']>,
  fail: (message: string) => Error,
): Matches {
  switch (matcher) {
    case 'equality':
      return (record) => record === code;
    case 'luapattern': {
      const pattern = compileLuaPattern(code);
      if (!pattern) throw fail(`"${code}" is no Lua pattern that can be used here`);
      return (record) => pattern.test(record);
    }
    case 'radix': {
      const network = parseNetwork(code);
      if (!network) throw fail(`"${code}" is no network`);
      const trie = new IpTrie<true>();
      trie.set(network, true);
      return (record) => {
        const address = parseIp(record);
        return address !== undefined && trie.has(address);
      };
    }
    case 'glob':
    case 'regexp':
      try {
        const pattern = matcher === 'glob' ? compileGlob(code) : compilePattern(code);
        return (record) => pattern.test(record);
      } catch (error) {
        if (!(error instanceof RegexpError)) throw error;
        throw fail(`bad expression "${code}": ${error.message}`);
      }
  }
}

/**
 * Compiles `returncodes` and `returnbits`.
 * @throws ConfigError
 */
export function compileAnswers(name: string, options: RuleOptions, context: Context): AnswerCodes {
  const bits = options.returnbits ?? options.return_bits;
  if (bits) {
    const table = upper(bits);
    return { read: (records) => readBits(records, table), names: table.map(([symbol]) => symbol) };
  }
  const codes = options.returncodes ?? options.return_codes;
  if (!codes) {
    const listed: Meaning = { symbols: [], unknown: [] };
    return { read: () => listed, names: [] };
  }
  const isLua = Object.values(codes).some((list) => list.some((code) => /[%[]/.test(code)));
  const matcher = options.returncodes_matcher ?? (isLua ? 'luapattern' : 'equality');
  const table = upper(codes).map(([symbol, list], index) => {
    const written = Object.keys(codes)[index]!;
    const fail = (message: string): Error => context.configError([name, 'returncodes', written], message);
    return [symbol, list.map((code) => compileCode(code, matcher, fail))] as const;
  });
  return { read: (records) => readCodes(records, table), names: table.map(([symbol]) => symbol) };
}

function readBits(
  records: readonly string[],
  table: readonly (readonly [string, readonly number[]])[],
): Meaning {
  const symbols: string[] = [];
  const unknown: string[] = [];
  for (const record of records) {
    const address = isListAnswer(record) ? parseIp(record) : undefined;
    if (address?.family !== 4) continue;
    const value = Buffer.from(address.bytes).readUInt32BE(0);
    const before = symbols.length;
    for (const [symbol, bits] of table)
      for (const bit of bits) if ((value & bit) >>> 0 === bit) symbols.push(symbol);
    if (symbols.length === before) unknown.push(record);
  }
  return { symbols, unknown };
}

function readCodes(
  records: readonly string[],
  table: readonly (readonly [string, readonly Matches[]])[],
): Meaning {
  const symbols: string[] = [];
  const unknown: string[] = [];
  for (const record of records) {
    const before = symbols.length;
    for (const [symbol, codes] of table) if (codes.some((matches) => matches(record))) symbols.push(symbol);
    if (symbols.length === before && isListAnswer(record)) unknown.push(record);
  }
  return { symbols, unknown };
}

/** Does this answer list the name at all? Resolvers that rewrite answers do not count. */
export function isListed(records: readonly string[]): boolean {
  return records.some(isListAnswer);
}
