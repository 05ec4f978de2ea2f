import {
  type CheckUnit,
  ConfigError,
  type ConfigProblem,
  type DynamicSymbol,
  defineCheck,
  type InsertHit,
  type SymbolDef,
  type Task,
} from '../../core/index.ts';
import { ExpressionError, isTrue } from '../../expr/index.ts';
import { type CompiledRule, RuleEngine } from './engine.ts';
import { config, luaOptions, type RuleOptions, rule as ruleSchema } from './options.ts';
import { codeRules, codeSymbols, runCode } from './rules/code.ts';
import { stockRules } from './rules/stock.ts';

interface Rule {
  readonly symbol: DynamicSymbol | string;
  readonly compiled: CompiledRule;
  readonly isMimeOnly: boolean;
}

const stockSymbols: Readonly<Record<string, SymbolDef>> = Object.fromEntries(
  Object.entries(stockRules).map(([symbol, { score, description, group, oneShot = false }]) => [
    symbol,
    { score, description, groups: [group], oneShot },
  ]),
);

const codeDefs: Readonly<Record<string, SymbolDef>> = Object.fromEntries(
  Object.entries(codeRules).map(([symbol, { run: _run, ...def }]) => [symbol, def]),
);

export const regexp = defineCheck({
  name: 'regexp',
  summary: 'Rules over patterns: those that ship, and the operator’s own.',
  details: [
    'Every key of the section is a rule by its symbol: an object with `re`, or the expression itself. An expression joins',
    'patterns and functions with `!`, `&`, `|`, `+`, comparisons and parentheses. Its value is the weight of the symbol.',
    '',
    'A pattern is `Name=/…/flags` or `/…/flags`. Flags of Perl: `i`, `m`, `s`, `x`, `u` (characters), `r` (bytes); `A`',
    'counts every match (up to 255), `S` compares the name of the field with its case; `O`, `L` and `T` change nothing.',
    'What it reads stands as a letter among the flags or as a name in braces:',
    '',
    '| Type | Read |',
    '|---|---|',
    '| `H` `{header}` | decoded values of the field (default when there is a name) |',
    '| `X` `{raw_header}` | values as sent, unfolded |',
    '| `B` `{mime_header}` | the field in the message and in every part |',
    '| `R` `{all_headers}` | the whole header as sent |',
    '| `M` `{body}` | the whole message as sent (default without a name) |',
    '| `P` `{mime}` `{part}` | text of each part, of HTML what is visible |',
    '| `Q` `{raw_mime}` `{raw_part}`, `D` `{sa_raw_body}` | text of each part, HTML as it is |',
    '| `C` `{sa_body}` | subject, and text of each part as one line |',
    '| `U` `{url}`, `{email}` | each link, each address in the text |',
    '| `{words}`, `{raw_words}`, `{stem_words}` | each word: in lower case and plain letters, as it is, its stem |',
    '| `{skeleton_words}` | each word as it looks: look-alikes of other alphabets as Latin letters, no accents (ours) |',
    '| `$` `{selector}` | values of the selector before the pattern |',
    '',
    'Functions: `check_smtp_data(from, /…/)` (also `rcpt`, `helo`, `user`, `subject`), `header_exists(name)`,',
    '`raw_header_exists(name)`, `has_symbol(name)`, `has_flag(name)`, `content_type_is_type(t)`,',
    '`content_type_is_subtype(t)`, `content_type_has_param(name)`, `content_type_compare_param(name, value)`,',
    '`has_content_part(type, subtype)`, `has_content_part_len(type, subtype, min, max)`,',
    '`compare_transfer_encoding(name)`, `compare_encoding(name)`, `compare_parts_distance(percent, below)`,',
    '`compare_recipients_distance(x)`, `is_recipients_sorted()`, `is_empty_body()`, `has_only_html_part()`,',
    '`has_html_tag(name)`, `has_fake_html()`, `is_html_balanced()`.',
    '',
    'A rule with the name of one that ships takes its place. Patterns look at the first `max_size` characters of a text.',
    'One that takes longer than 100 ms over one text is stopped, named in the log and off until the next reload; one with',
    'a loop of exponential time is told at load and looks at 16,384 characters.',
  ].join('\n'),
  group: 'regexp',
  stage: 'filter',
  direction: 'both',
  needs: ['headers'],
  config,
  unsupported: {
    max_threads: 'patterns run in the worker’s own thread',
  },
  symbols: { ...stockSymbols, ...codeDefs },
  create(context) {
    const { config: options, declare, warn } = context;
    const engine = new RuleEngine(
      context,
      options.max_size === 0 ? Number.POSITIVE_INFINITY : options.max_size,
    );
    const rules: Rule[] = [];
    const problems: ConfigProblem[] = [];
    const own = new Set<string>();
    for (const [name, value] of Object.entries(options)) {
      if (Object.hasOwn(config.shape, name)) continue;
      own.add(name);
      // Everything that is no option of the section itself went through the schema of rules.
      const given = typeof value === 'string' ? { re: value } : (value as object);
      const rule = ruleSchema.parse(given);
      try {
        rules.push(compileOwn(name, rule));
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        problems.push(...error.problems);
      }
    }
    if (problems.length > 0) throw new ConfigError(problems);
    for (const [symbol, { re }] of Object.entries(stockRules)) {
      if (own.has(symbol)) continue;
      rules.push({ symbol, compiled: engine.compile(symbol, re, unexpected), isMimeOnly: true });
    }
    return units(
      engine,
      rules,
      codeSymbols.filter((symbol) => !own.has(symbol)),
    );

    function compileOwn(name: string, rule: RuleOptions): Rule {
      for (const option of luaOptions)
        if (rule[option] !== undefined)
          throw context.configError([name, option], `"${option}" is Lua code, which is not supported`);
      const { re } = rule;
      if (re === undefined) throw context.configError([name], `rule ${name} has no "re"`, 're = "…"');
      const symbol = declare(name, {
        score: rule.score,
        description: rule.description ?? `Rule ${name} of the operator`,
        groups: [rule.group ?? 'regexp'],
        oneShot: rule.one_shot,
      });
      try {
        const compiled = engine.compile(name, re, (message) => warn([name, 're'], message));
        return { symbol, compiled, isMimeOnly: rule.mime_only };
      } catch (error) {
        if (!(error instanceof ExpressionError)) throw error;
        throw context.configError(
          [name, 're'],
          `bad expression at character ${error.offset + 1}: ${error.message}`,
        );
      }
    }
  },
});

/** Rules that ship are known to be quick. */
function unexpected(message: string): never {
  throw new Error(message);
}

function units(
  engine: RuleEngine,
  rules: readonly Rule[],
  code: readonly (typeof codeSymbols)[number][],
): readonly CheckUnit<string>[] {
  const independent = rules.filter(({ compiled }) => compiled.asksFor.length === 0);
  const dependent = rules.filter(({ compiled }) => compiled.asksFor.length > 0);
  const names = (list: readonly Rule[]): DynamicSymbol[] => list.map(({ symbol }) => symbol as DynamicSymbol);
  const run = (list: readonly Rule[], task: Task, hit: InsertHit<string>): void => {
    const isRaw = task.flags.has('raw');
    const opened = engine.open(task);
    for (const { symbol, compiled, isMimeOnly } of list) {
      if (isMimeOnly && isRaw) continue;
      const value = compiled.value(opened);
      if (isTrue(value)) hit(symbol, value);
    }
  };
  return [
    {
      name: 'REGEXP',
      symbols: [...names(independent), ...code],
      run(task, hit) {
        if (!task.flags.has('raw')) for (const symbol of code) runCode(symbol, task, hit);
        run(independent, task, hit);
      },
    },
    {
      name: 'REGEXP_AFTER_SYMBOLS',
      symbols: names(dependent),
      after: ['REGEXP', ...new Set(dependent.flatMap(({ compiled }) => compiled.asksFor))],
      run: (task, hit) => run(dependent, task, hit),
    },
  ];
}
