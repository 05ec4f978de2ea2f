import type { MapHandle } from '../core/index.ts';
import { compilePattern, maskIp, parseIp, RegexpError } from '../lib/index.ts';
import type { Args } from './args.ts';
import { digest, digestEncodings, digestHashes } from './digest.ts';
import { effectiveDomain, type Shape } from './extractors.ts';
import type { Item } from './values.ts';

interface TransformContext {
  /** A map by its alias, path or URL. */
  map(reference: string): MapHandle;
}

/**
 * A transform with its arguments read.
 *
 * - `text`: one text at a time; a list is mapped and what comes to nothing is left out
 * - `texts`: a whole list of texts
 * - `items`: a whole list of texts or objects, as it is
 * - `any`: a text or a whole list
 */
export type Transform =
  | {
      readonly takes: 'text';
      readonly gives?: 'strings' | undefined;
      run(value: string): string | readonly string[] | undefined;
    }
  | {
      readonly takes: 'texts';
      readonly gives: 'string' | 'strings';
      run(list: readonly string[]): string | readonly string[] | undefined;
    }
  | {
      readonly takes: 'items';
      readonly gives: 'item' | 'list';
      run(list: readonly Item[]): Item | readonly Item[] | undefined;
    }
  | { readonly takes: 'objects'; run(list: readonly Item[]): readonly string[] }
  | { readonly takes: 'any'; readonly gives: 'string' | 'strings'; run(): string | readonly string[] }
  | { readonly takes: 'nil'; run(value: string | undefined): string | undefined };

export interface TransformDefinition {
  readonly description: string;
  make(args: Args, context: TransformContext, shape: Shape): Transform;
}

const onText = (run: (value: string) => string | undefined): Transform => ({ takes: 'text', run });
const onItems = (
  gives: 'item' | 'list',
  run: (list: readonly Item[]) => Item | readonly Item[] | undefined,
): Transform => ({ takes: 'items', gives, run });

/** `apply_methods(…).join_tables(…)`: one text for each element. */
export function joinedMethods(methods: Args, join: Args): Transform {
  const names = methods.words();
  if (names.length === 0) throw methods.error('names of methods are missing');
  const separator = join.atMost(1).optional(0) ?? '';
  return {
    takes: 'objects',
    run: (list) =>
      list.flatMap((item) =>
        typeof item === 'string' ? [] : names.flatMap((name) => item.field(name) ?? []).join(separator),
      ),
  };
}

function itemText(item: Item): string {
  return typeof item === 'string' ? item : (item.text ?? '');
}

function regexp(args: Args): Transform {
  const written = args.atMost(1).required(0);
  try {
    const pattern = compilePattern(written);
    return {
      takes: 'text',
      gives: 'strings',
      run(value) {
        const match = pattern.exec(value);
        if (!match) return undefined;
        // The whole match comes first, as in the peer; groups that took no part are left out.
        return Array.from(match).filter((group): group is string => group !== undefined);
      },
    };
  } catch (error) {
    if (error instanceof RegexpError)
      throw args.error(`bad expression at ${error.offset + 1}: ${error.message}`);
    throw error;
  }
}

function mask(value: string, v4Bits: number, v6Bits: number): string | undefined {
  const ip = parseIp(value);
  return ip && maskIp(ip, ip.family === 4 ? v4Bits : v6Bits).text;
}

const packWriters: Readonly<
  Record<string, readonly [size: number, write: (buffer: Buffer, value: number) => void]>
> = {
  b: [1, (buffer, value) => buffer.writeInt8(((value << 24) >> 24) | 0)],
  B: [1, (buffer, value) => buffer.writeUInt8(value & 0xff)],
  h: [2, (buffer, value) => buffer.writeInt16LE((value << 16) >> 16)],
  H: [2, (buffer, value) => buffer.writeUInt16LE(value & 0xffff)],
  i: [4, (buffer, value) => buffer.writeInt32LE(value | 0)],
  I: [4, (buffer, value) => buffer.writeUInt32LE(value >>> 0)],
  f: [4, (buffer, value) => buffer.writeFloatLE(value)],
  d: [8, (buffer, value) => buffer.writeDoubleLE(value)],
  n: [8, (buffer, value) => buffer.writeDoubleLE(value)],
};

function joinGroups(list: readonly string[], size: number, separator: string): readonly string[] {
  const groups: string[] = [];
  for (let at = 0; at < list.length; at += size) groups.push(list.slice(at, at + size).join(separator));
  return groups;
}

/** Characters from..to as in Lua's `string.sub`: from 1, both ends included, negative ones from the end. */
function substring(value: string, first: number, last: number): string {
  const start = first > 0 ? first : first === 0 ? 1 : Math.max(value.length + first + 1, 1);
  const end = last >= 0 ? last : value.length + last + 1;
  return value.slice(start - 1, Math.max(end, start - 1));
}

function count(args: Args, index: number, name: string): number {
  const value = args.integer(index, 1);
  if (value < 0) throw args.error(`${name} must not be negative`);
  return value;
}

/** A `make` for what takes no arguments. */
function noArgs(make: (context: TransformContext) => Transform): TransformDefinition['make'] {
  return (args, context) => {
    args.atMost(0);
    return make(context);
  };
}

/** Every transform by its name (config-format 8.2). */
export const transforms: Readonly<Record<string, TransformDefinition>> = {
  lower: {
    description: 'ASCII letters in lower case',
    make: noArgs(() => onText((value) => value.replace(/[A-Z]+/g, (run) => run.toLowerCase()))),
  },
  lower_utf8: {
    description: 'Letters in lower case',
    make: noArgs(() => onText((value) => value.toLowerCase())),
  },
  first: {
    description: 'First element',
    make: noArgs(() => onItems('item', (list) => list[0])),
  },
  last: {
    description: 'Last element',
    make: noArgs(() => onItems('item', (list) => list.at(-1))),
  },
  nth: {
    description: 'Element by its place, from 1',
    make(args) {
      const place = count(args.atMost(1), 0, 'place');
      return onItems('item', (list) => list[place - 1]);
    },
  },
  take_n: {
    description: 'The first n elements',
    make(args) {
      const n = count(args.atMost(1), 0, 'count');
      return onItems('list', (list) => list.slice(0, n));
    },
  },
  drop_n: {
    description: 'All but the first n elements',
    make(args) {
      const n = count(args.atMost(1), 0, 'count');
      return onItems('list', (list) => list.slice(n));
    },
  },
  join: {
    description: 'Elements as one text, with a separator',
    make(args) {
      const separator = args.atMost(1).optional(0) ?? '';
      return { takes: 'texts', gives: 'string', run: (list) => list.join(separator) };
    },
  },
  join_nth: {
    description: 'Every n elements as one text, with a separator',
    make(args) {
      const size = Math.max(1, count(args.atMost(2), 0, 'count'));
      const separator = args.optional(1) ?? '';
      return { takes: 'texts', gives: 'strings', run: (list) => joinGroups(list, size, separator) };
    },
  },
  join_tables: {
    description: 'Fields of each element as one text, with a separator',
    make(args) {
      const separator = args.atMost(1).optional(0) ?? '';
      return {
        takes: 'objects',
        run: (list) => list.map((item) => (typeof item === 'string' ? item : item.all().join(separator))),
      };
    },
  },
  sort: {
    description: 'Elements in the order of their characters',
    make: noArgs(() =>
      onItems('list', (list) =>
        list.toSorted((a, b) => {
          const [left, right] = [itemText(a), itemText(b)];
          return left < right ? -1 : left > right ? 1 : 0;
        }),
      ),
    ),
  },
  uniq: {
    description: 'Every element once',
    make: noArgs(() =>
      onItems('list', (list) => {
        const seen = new Set<string>();
        return list.filter((item) => {
          const value = itemText(item);
          return !seen.has(value) && seen.add(value);
        });
      }),
    ),
  },
  digest: {
    description: 'Digest of the text: encoding (hex), hash (blake2)',
    make(args) {
      const encoding = args.atMost(2).oneOf(0, digestEncodings) ?? 'hex';
      const hash = args.oneOf(1, digestHashes) ?? 'blake2';
      return onText((value) => digest(value, encoding, hash));
    },
  },
  substring: {
    description: 'Characters from … to …, counted from 1, negative ones from the end',
    make(args) {
      const first = args.atMost(2).integer(0, 1);
      const last = args.integer(1, -1);
      return onText((value) => substring(value, first, last));
    },
  },
  prepend: {
    description: 'The arguments before the text',
    make(args) {
      const before = args.words().join('');
      return onText((value) => before + value);
    },
  },
  append: {
    description: 'The arguments after the text',
    make(args) {
      const after = args.words().join('');
      return onText((value) => value + after);
    },
  },
  regexp: {
    description: 'The match of a regular expression and its groups, as a list',
    make: regexp,
  },
  match: {
    description: 'The same as regexp',
    make: regexp,
  },
  filter_map: {
    description: 'The text if it is in a map',
    make(args, context) {
      const map = context.map(args.atMost(1).required(0));
      return onText((value) => (map.lookup(value) === undefined ? undefined : value));
    },
  },
  except_map: {
    description: 'The text if it is in no entry of a map',
    make(args, context) {
      const map = context.map(args.atMost(1).required(0));
      return onText((value) => (map.lookup(value) === undefined ? value : undefined));
    },
  },
  apply_map: {
    description: 'What a map says of the text',
    make(args, context) {
      const map = context.map(args.atMost(1).required(0));
      return onText((value) => map.lookup(value));
    },
  },
  id: {
    description: 'The argument (or a list of them) in place of the value',
    make(args) {
      const values = args.words();
      if (values.length > 1) return { takes: 'any', gives: 'strings', run: () => values };
      return { takes: 'any', gives: 'string', run: () => values[0] ?? '' };
    },
  },
  equal: {
    description: 'The text if it equals the argument',
    make(args) {
      const wanted = args.atMost(1).required(0);
      return onText((value) => (value === wanted ? value : undefined));
    },
  },
  in: {
    description: 'The text if it is one of the arguments',
    make(args) {
      const wanted = new Set(args.words());
      return onText((value) => (wanted.has(value) ? value : undefined));
    },
  },
  not_in: {
    description: 'The text if it is none of the arguments',
    make(args) {
      const unwanted = new Set(args.words());
      return onText((value) => (unwanted.has(value) ? undefined : value));
    },
  },
  inverse: {
    description: 'Nothing for a text; the argument (or `true`) where there is none',
    make(args) {
      const value = args.atMost(1).optional(0) ?? 'true';
      return { takes: 'nil', run: (input) => (input === undefined || input === '' ? value : undefined) };
    },
  },
  ipmask: {
    description: 'Network of an address: bits for IPv4, bits for IPv6',
    make(args) {
      const v4 = Number(args.atMost(2).required(0));
      const v6 = args.number(1) ?? v4;
      if (!(Number.isInteger(v4) && v4 >= 0 && (v4 <= 32 || (args.length === 1 && v4 <= 128)))) {
        throw args.error('bits of IPv4 are 0 to 32');
      }
      if (!(Number.isInteger(v6) && v6 >= 0 && v6 <= 128)) throw args.error('bits of IPv6 are 0 to 128');
      return onText((value) => mask(value, v4, v6));
    },
  },
  to_ascii: {
    description: 'Bytes outside ASCII replaced (`?`)',
    make(args) {
      const replacement = args.atMost(1).optional(0) ?? '?';
      return onText((value) =>
        value.replace(/[^\x00-\x7f]/gu, (char) => replacement.repeat(Buffer.byteLength(char, 'utf8'))),
      );
    },
  },
  get_tld: {
    description: 'Registered domain of a host name',
    make: noArgs(() => onText((value) => effectiveDomain(value))),
  },
  pack_numbers: {
    description: 'Numbers as bytes: b B h H i I f d n (f)',
    make(args) {
      const letter = args.atMost(1).optional(0) ?? 'f';
      const writer = packWriters[letter];
      if (!writer) throw args.error(`"${letter}" is none of ${Object.keys(packWriters).join(' ')}`);
      return {
        takes: 'texts',
        gives: 'string',
        run(list) {
          const numbers = list.map(Number).filter((value) => Number.isFinite(value));
          const bytes = Buffer.alloc(numbers.length * writer[0]);
          for (const [i, value] of numbers.entries()) writer[1](bytes.subarray(i * writer[0]), value);
          return bytes.toString('latin1');
        },
      };
    },
  },
  filter_string_nils: {
    description: 'Elements that are not the text `nil`',
    make: noArgs(() => ({
      takes: 'texts',
      gives: 'strings',
      run: (list) => list.filter((value) => value !== 'nil'),
    })),
  },
  apply_methods: {
    description: 'What several methods say of each element',
    make(args) {
      const names = args.words();
      if (names.length === 0) throw args.error('names of methods are missing');
      return {
        takes: 'objects',
        run: (list) =>
          list.flatMap((item) =>
            typeof item === 'string' ? [] : names.flatMap((name) => item.field(name) ?? []),
          ),
      };
    },
  },
  filter_method: {
    description: 'Elements of which a method says something, or what the second argument says',
    make(args) {
      const name = args.atMost(2).required(0);
      const wanted = args.optional(1);
      return onItems('list', (list) =>
        list.filter((item) => {
          if (typeof item === 'string') return false;
          const value = item.field(name);
          if (wanted !== undefined)
            return value === wanted || (Array.isArray(value) && value.includes(wanted));
          return value !== undefined && value !== 'false';
        }),
      );
    },
  },
};
