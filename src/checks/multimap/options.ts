import { z } from 'zod';
import { moduleRedisOptions } from '../../core/index.ts';

/** What a rule looks at. */
const ruleTypes = [
  'ip',
  'dnsbl',
  'from',
  'rcpt',
  'helo',
  'hostname',
  'user',
  'header',
  'received',
  'url',
  'filename',
  'content',
  'asn',
  'country',
  'mempool',
  'symbol_options',
  'selector',
  'combined',
  'regexp_rules',
] as const;

const words = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (Array.isArray(value) ? value : [value]));

const mapValue = z.union([z.string(), z.array(z.unknown()), z.record(z.string(), z.unknown())]);

const combinedRule = z.strictObject({
  selector: z.string().describe('Selector whose values are looked up'),
  map: mapValue.describe('List, as in every map option'),
  type: z
    .string()
    .optional()
    .describe(
      'Kind of map; default by the name: `ip…` radix, `regexp`/`re_…` regexp, `glob…` glob, else set',
    ),
  description: z.string().optional().describe('Name of the map in logs'),
});

export const rule = z.strictObject({
  type: z.enum(ruleTypes).describe('What is looked up'),
  enabled: z.boolean().default(true).describe('Switches this rule off when false'),
  map: mapValue
    .optional()
    .describe(
      'The list: path, URL, entries, map object, `redis://hash`, `redis+selector://selector`; a zone for `dnsbl`',
    ),
  url: mapValue.optional().describe('Older name of `map`'),
  symbol: z.string().optional().describe('Symbol to insert; default: the name of the rule'),
  score: z
    .number()
    .optional()
    .describe('Score of the symbol; default 0. The value of a map entry multiplies it'),
  group: z.string().optional().describe('Group of the symbol; default `multimap`'),
  description: z.string().optional().describe('Description of the symbol'),
  one_shot: z.boolean().optional().describe('Several matches count once; default only for `combined`'),
  filter: z.string().optional().describe('Part of the value that is looked up; see the table of types'),
  header: words.optional().describe('Header or headers, for type `header`'),
  extract_from: z
    .enum(['smtp', 'mime', 'both', 'default'])
    .default('default')
    .describe(
      'Addresses of types `from` and `rcpt`: envelope, header, both, or the envelope when there is one',
    ),
  regexp: z.boolean().default(false).describe('Entries are regular expressions'),
  glob: z.boolean().default(false).describe('Entries are shell-like patterns'),
  multi: z.boolean().default(false).describe('Every matching expression counts, not only the first'),
  cdb: z.boolean().default(false).describe('The map is a constant database'),
  radix: z.boolean().default(false).describe('Entries are networks'),
  hostname: z.boolean().optional().describe('Older switch without effect'),
  symbols: words
    .optional()
    .describe('Symbols that values of the map may name; others give the symbol of the rule'),
  disable_multisymbol: z
    .boolean()
    .default(false)
    .describe('Values never name symbols: they become options of the symbol of the rule'),
  dynamic_symbols: z
    .boolean()
    .default(false)
    .describe('Symbols that values name have the score of the rule (1 when it has none) and its group'),
  action: z.string().optional().describe('Action to force on a match'),
  message: z.string().optional().describe('Text for the SMTP reply with `action`'),
  prefilter: z
    .boolean()
    .optional()
    .describe('Runs before the filters; default when there is an `action` and no `require_symbols`'),
  priority: z.number().optional().describe('Order among prefilters, higher first'),
  require_symbols: z
    .string()
    .optional()
    .describe('The rule looks only when this expression over symbols holds'),
  variable: z.string().optional().describe('Variable of type `mempool`'),
  target_symbol: z.string().optional().describe('Symbol whose options type `symbol_options` looks up'),
  selector: z.string().optional().describe('Selector of type `selector`'),
  delimiter: z.string().default('').describe('Between the parts of a combined selector'),
  flags: words.optional().describe('Type `received`: hops must have these flags (`ssl`, `authenticated`)'),
  nflags: words.optional().describe('Type `received`: hops must not have these flags'),
  artificial: z
    .boolean()
    .default(false)
    .describe('Type `received`: hops that a scanner made up count; none are here'),
  min_pos: z
    .int()
    .optional()
    .describe('Type `received`: from this hop on, 1 is the newest; negative from the oldest'),
  max_pos: z.int().optional().describe('Type `received`: up to this hop'),
  skip_archives: z.boolean().default(false).describe('Type `filename`: names inside archives do not count'),
  skip_detected: z
    .boolean()
    .default(false)
    .describe('Type `filename`: types recognised by content do not count'),
  rules: z.record(z.string(), combinedRule).optional().describe('Type `combined`: its maps by name'),
  expression: z.string().optional().describe('Type `combined`: expression over the names of `rules`'),
  message_func: z.unknown().optional().describe('Lua code; not supported'),
  combinator: z.unknown().optional().describe('Lua function; not supported'),
});
export type RuleOptions = z.output<typeof rule>;

export const config = z
  .object({
    enabled: z.boolean().default(true).describe('Switches the check off when false'),
    ...moduleRedisOptions,
  })
  .catchall(rule.describe('A rule by its name'));
export type Config = z.output<typeof config>;
