import type { MapKind } from '../core/index.ts';
import {
  compileGlob,
  compilePattern,
  type IpAddress,
  IpTrie,
  type Pattern,
  parseIp,
  parseNetwork,
  RegexpError,
} from '../lib/index.ts';
import type { MapEntry } from './lines.ts';

/** Contents of a loaded map. */
export interface MapTable {
  readonly entryCount: number;
  lookup(key: string | IpAddress): string | undefined;
  lookupAll(key: string | IpAddress): readonly string[];
}

/** A table being filled. */
export interface TableBuilder extends MapTable {
  /** @returns what is wrong with the entry or worth telling about it; a wrong one is left out */
  add(
    entry: Pick<MapEntry, 'key' | 'value'>,
  ): { readonly message: string; readonly isFatal: boolean } | undefined;
}

const noMatches: readonly string[] = [];

function keyText(key: string | IpAddress): string {
  return typeof key === 'string' ? key : key.text;
}

/** `set` and `hash`: letters compare without case, as the peer's hash of keys does. */
class KeyTable implements TableBuilder {
  readonly #values = new Map<string, string>();

  get entryCount(): number {
    return this.#values.size;
  }

  add({ key, value }: MapEntry): undefined {
    // The last of two equal keys counts.
    this.#values.set(key.toLowerCase(), value);
  }

  lookup(key: string | IpAddress): string | undefined {
    return this.#values.get(keyText(key).toLowerCase());
  }

  lookupAll(key: string | IpAddress): readonly string[] {
    const value = this.lookup(key);
    return value === undefined ? noMatches : [value];
  }
}

/** `radix`: the longest network that holds an address. */
class NetworkTable implements TableBuilder {
  readonly #trie = new IpTrie<string>();
  readonly #seen = new Set<string>();

  get entryCount(): number {
    return this.#trie.size;
  }

  add({ key, value }: MapEntry): { message: string; isFatal: boolean } | undefined {
    for (const text of key.split(/[,;]/)) {
      if (text === '') continue;
      const network = parseNetwork(text);
      if (!network) return { message: 'bad network address', isFatal: true };
      // The first of two equal networks counts.
      const id = `${network.address.text}/${network.prefixLength}`;
      if (this.#seen.has(id)) continue;
      this.#seen.add(id);
      this.#trie.set(network, value);
    }
    return undefined;
  }

  lookup(key: string | IpAddress): string | undefined {
    const ip = typeof key === 'string' ? parseIp(key) : key;
    return ip && this.#trie.get(ip);
  }

  lookupAll(key: string | IpAddress): readonly string[] {
    const value = this.lookup(key);
    return value === undefined ? noMatches : [value];
  }
}

/** `regexp` and `glob` with their `_multi` kinds, in the order of the text. */
class PatternTable implements TableBuilder {
  readonly #compile: (text: string) => Pattern;
  readonly #isMulti: boolean;
  readonly #maxPatterns: number;
  readonly #seen = new Set<string>();
  readonly #patterns: Pattern[] = [];
  readonly #values: string[] = [];

  constructor(
    compile: (text: string) => Pattern,
    { isMulti, maxPatterns }: { readonly isMulti: boolean; readonly maxPatterns: number },
  ) {
    this.#compile = compile;
    this.#isMulti = isMulti;
    this.#maxPatterns = maxPatterns;
  }

  get entryCount(): number {
    return this.#patterns.length;
  }

  add({ key, value }: MapEntry): { message: string; isFatal: boolean } | undefined {
    if (this.#seen.has(key)) return { message: 'the same expression again', isFatal: false };
    if (this.#patterns.length >= this.#maxPatterns) {
      return { message: `more than ${this.#maxPatterns} expressions`, isFatal: true };
    }
    try {
      const pattern = this.#compile(key);
      this.#seen.add(key);
      this.#patterns.push(pattern);
      this.#values.push(value);
      return pattern.notice === undefined ? undefined : { message: pattern.notice, isFatal: false };
    } catch (error) {
      if (!(error instanceof RegexpError)) throw error;
      return {
        message: `expression refused at character ${error.offset + 1}: ${error.message}`,
        isFatal: true,
      };
    }
  }

  lookup(key: string | IpAddress): string | undefined {
    const subject = keyText(key);
    const patterns = this.#patterns;
    for (let i = 0; i < patterns.length; i++) if (patterns[i]!.test(subject)) return this.#values[i];
    return undefined;
  }

  lookupAll(key: string | IpAddress): readonly string[] {
    if (!this.#isMulti) {
      const value = this.lookup(key);
      return value === undefined ? noMatches : [value];
    }
    const subject = keyText(key);
    const found: string[] = [];
    const patterns = this.#patterns;
    for (let i = 0; i < patterns.length; i++) if (patterns[i]!.test(subject)) found.push(this.#values[i]!);
    return found;
  }
}

/** `plain`: the text is for the module; there is nothing to look up. */
class NoTable implements TableBuilder {
  readonly entryCount = 0;

  add(): undefined {}

  lookup(): undefined {}

  lookupAll(): readonly string[] {
    return noMatches;
  }
}

/** An empty table of a kind (all but `cdb`, which is looked up in its file). */
export function createTable(kind: MapKind, limits: { readonly maxPatterns: number }): TableBuilder {
  const { maxPatterns } = limits;
  switch (kind) {
    case 'set':
    case 'hash':
      return new KeyTable();
    case 'radix':
      return new NetworkTable();
    case 'regexp':
      return new PatternTable(compilePattern, { isMulti: false, maxPatterns });
    case 'regexp_multi':
      return new PatternTable(compilePattern, { isMulti: true, maxPatterns });
    case 'glob':
      return new PatternTable(compileGlob, { isMulti: false, maxPatterns });
    case 'glob_multi':
      return new PatternTable(compileGlob, { isMulti: true, maxPatterns });
    case 'cdb':
    case 'plain':
      return new NoTable();
  }
}
