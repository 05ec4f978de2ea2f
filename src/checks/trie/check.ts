import { readFileSync } from 'node:fs';
import { z } from 'zod';
import {
  type CheckContext,
  type CheckUnit,
  type DynamicSymbol,
  defineCheck,
  type Task,
} from '../../core/index.ts';
import { foldText, LiteralAutomaton } from '../../patterns/index.ts';

/** Bytes of a file with patterns. */
const maxFileBytes = 16 * 1024 * 1024;
/** Characters that the beginnings of all strings of a source may have together: what the automaton searches. */
const maxSearchedChars = 50_000;
const minSearchedChars = 4;
const maxSearchedCharsOfOne = 16;
/** Hits of one pattern in one message that `multi` tells. */
const maxHits = 100;

const rule = z.strictObject({
  file: z.string().optional().describe('File with one string a line; lines that begin with `#` are comments'),
  patterns: z.array(z.string()).optional().describe('The strings, instead of `file`'),
  raw: z.boolean().default(false).describe('Looks at the whole message as it was sent'),
  body: z.boolean().default(false).describe('Looks at everything behind the header as it was sent'),
  multi: z
    .boolean()
    .default(false)
    .describe('Every place of a string counts, not only that it is there at all'),
  binary: z.unknown().optional().describe('Never did anything in Rspamd; not supported'),
});
type RuleOptions = z.output<typeof rule>;

const config = z
  .object({ enabled: z.boolean().default(true).describe('Switches the check off when false') })
  .catchall(rule.describe('A rule by its symbol'));
type Config = z.output<typeof config>;
type Context = CheckContext<Config, never>;

/** What a list of strings is looked for in. */
const sources = {
  raw: ({ message }: Task) => [message.raw.toString('latin1')],
  body: ({ message }: Task) => [message.raw.toString('latin1', message.bodyOffset)],
  mime: ({ content }: Task) => content.texts.map(({ text }) => text),
} satisfies Readonly<Record<string, (task: Task) => readonly string[]>>;
type Source = keyof typeof sources;

interface Entry {
  readonly text: string;
  readonly symbol: DynamicSymbol;
  readonly isMulti: boolean;
}

export const trie = defineCheck({
  name: 'trie',
  summary: 'Looks for the operator’s strings, however many, in one pass.',
  details: [
    'Every key of the section is a rule by its symbol. Strings are plain text: case counts, and there are no word',
    'boundaries. They are looked for in the text of the parts (of HTML what is visible), or with `raw` or `body` in the',
    'bytes as sent. The symbol is given once for each string that is found; with `multi` for each of its places, at most',
    `${maxHits} of a string. Its score comes from \`groups.conf\`. A file is read when the configuration is loaded; lists that`,
    'change while the server runs are better kept in `multimap`.',
  ].join('\n'),
  group: 'trie',
  stage: 'filter',
  direction: 'both',
  needs: ['parts'],
  config,
  symbols: {},
  create(context) {
    const entries: Record<Source, Entry[]> = { raw: [], body: [], mime: [] };
    for (const [name, value] of Object.entries(context.config)) {
      if (Object.hasOwn(config.shape, name)) continue;
      // Everything that is no option of the section itself went through the schema of rules.
      const options = value as RuleOptions;
      const source = sourceOf(name, options, context);
      const symbol = context.declare(name, { score: 0, description: `Strings of ${name} were found` });
      for (const text of stringsOf(name, options, context))
        entries[source].push({
          text: source === 'mime' ? text : Buffer.from(text).toString('latin1'),
          symbol,
          isMulti: options.multi,
        });
    }
    const units = (Object.keys(sources) as Source[]).flatMap((source) =>
      entries[source].length > 0 ? [unit(source, entries[source])] : [],
    );
    return units.length > 0 ? units : undefined;
  },
});

function sourceOf(name: string, { raw, body, binary }: RuleOptions, context: Context): Source {
  if (binary !== undefined)
    throw context.configError([name, 'binary'], '"binary" is not supported: strings are text in UTF-8');
  if (raw && body) throw context.configError([name], '"raw" and "body" exclude each other');
  return raw ? 'raw' : body ? 'body' : 'mime';
}

function stringsOf(name: string, { file, patterns }: RuleOptions, context: Context): readonly string[] {
  if ((file === undefined) === (patterns === undefined))
    throw context.configError([name], `rule ${name} needs either "file" or "patterns"`);
  const strings = (patterns ?? readStrings(name, file!, context)).filter((text) => text !== '');
  if (strings.length === 0)
    throw context.configError([name, patterns ? 'patterns' : 'file'], 'there are no strings in it');
  return strings;
}

function readStrings(name: string, file: string, context: Context): readonly string[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw context.configError(
      [name, 'file'],
      `${file} cannot be read: ${code}`,
      'a file with one string a line',
    );
  }
  if (bytes.length > maxFileBytes)
    throw context.configError([name, 'file'], `${file} is larger than ${maxFileBytes} bytes`);
  return bytes
    .toString('utf8')
    .split(/\r?\n/)
    .filter((line) => !line.startsWith('#'));
}

function unit(source: Source, entries: readonly Entry[]): CheckUnit<never> {
  // Their beginnings are enough to know what is worth a look.
  const share = Math.floor(maxSearchedChars / entries.length);
  const chars = Math.max(minSearchedChars, Math.min(share, maxSearchedCharsOfOne));
  const automaton = new LiteralAutomaton(
    entries.map(({ text }, owner) => ({ text: foldText(text.slice(0, chars)), owner })),
  );
  const found = new Uint8Array(entries.length);
  return {
    name: `TRIE_${source.toUpperCase()}`,
    symbols: [...new Set(entries.map(({ symbol }) => symbol))],
    run(task, hit) {
      const texts = sources[source](task);
      found.fill(0);
      for (const text of texts) automaton.search(text, found);
      for (let at = found.indexOf(1); at !== -1; at = found.indexOf(1, at + 1)) {
        const { text, symbol, isMulti } = entries[at]!;
        // The automaton looks away from case, and no further than the beginning.
        for (let count = placesOf(text, texts, isMulti ? maxHits : 1); count > 0; count--) hit(symbol);
      }
    },
  };
}

function placesOf(wanted: string, texts: readonly string[], most: number): number {
  let count = 0;
  for (const text of texts)
    for (let at = text.indexOf(wanted); at !== -1 && count < most; at = text.indexOf(wanted, at + 1)) count++;
  return count;
}
