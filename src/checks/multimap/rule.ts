import {
  type CheckContext,
  type CheckUnit,
  type DynamicSymbol,
  type InsertHit,
  normaliseActionName,
  priorities,
  type SymbolDef,
  type Task,
} from '../../core/index.ts';
import { compileExpression, type Expression, ExpressionError, isTrue } from '../../expr/index.ts';
import { reversedIp } from '../../lib/index.ts';
import { compileCombined } from './combined.ts';
import { FilterError, type Key } from './filters.ts';
import { openLookup } from './lookup.ts';
import { parseMapValue } from './map-value.ts';
import type { Config, RuleOptions } from './options.ts';
import { regexpRules } from './regexp-rules.ts';
import { type Subject, subjectOf } from './subjects.ts';

type Context = CheckContext<Config, never>;

/** Symbols that map values name while mail is scanned. */
const maxDynamicSymbols = 10_000;

/** Symbols of all rules of this check by name, declared once. */
export class SymbolTable {
  readonly #context: Context;
  readonly #symbols = new Map<string, DynamicSymbol>();

  constructor(context: Context) {
    this.#context = context;
  }

  declare(name: string, def: SymbolDef): DynamicSymbol {
    const symbol = this.#context.declare(name, def);
    this.#symbols.set(name, symbol);
    return symbol;
  }

  /** A symbol that a map value names; undefined when there are too many. */
  get(name: string, def: () => SymbolDef): DynamicSymbol | undefined {
    const known = this.#symbols.get(name);
    if (known !== undefined) return known;
    if (this.#symbols.size >= maxDynamicSymbols) return undefined;
    return this.declare(name, def());
  }
}

/** Inserts the outcome of a match as the rule says. */
class Outcome {
  readonly symbol: DynamicSymbol;
  readonly declared: readonly DynamicSymbol[];
  readonly #name: string;
  readonly #options: RuleOptions;
  readonly #table: SymbolTable;
  readonly #allowed: ReadonlyMap<string, DynamicSymbol> | undefined;
  readonly #groups: readonly string[];
  readonly #action: string | undefined;

  constructor(name: string, options: RuleOptions, table: SymbolTable) {
    const { symbol = name, score = 0, group, type } = options;
    this.#name = symbol;
    this.#options = options;
    this.#table = table;
    this.#groups = [group ?? 'multimap'];
    this.#action = options.action === undefined ? undefined : normaliseActionName(options.action);
    const description = options.description ?? `A match in map ${name}, type ${type}`;
    const oneShot = options.one_shot ?? type === 'combined';
    this.symbol = table.declare(symbol, { score, description, groups: this.#groups, oneShot });
    const { symbols } = options;
    this.#allowed =
      symbols &&
      new Map(
        symbols.map((other) => [other, table.declare(other, { score, description, groups: this.#groups })]),
      );
    this.declared = [this.symbol, ...(this.#allowed?.values() ?? [])];
  }

  insert(task: Task, hit: InsertHit<never>, value: string, option: string | undefined): void {
    const { symbol: named, weight, options } = parseMapValue(value);
    let symbol: DynamicSymbol | undefined = this.symbol;
    let shown = options.length > 0 ? options : option === undefined ? [] : [option];
    if (named !== undefined) {
      if (this.#allowed) symbol = this.#allowed.get(named) ?? this.symbol;
      else if (this.#options.disable_multisymbol) shown = options.length > 0 ? options : [...shown, value];
      else symbol = this.#table.get(named, () => this.#dynamicDef()) ?? this.symbol;
    }
    hit(symbol, weight, ...shown);
    this.force(task);
  }

  force(task: Task): void {
    if (this.#action === undefined) return;
    task.setPreResult({
      action: this.#action,
      message: this.#options.message ?? `Matched map: ${this.#name}`,
      module: 'multimap',
      priority: priorities.low,
      isLeast: false,
      processAll: false,
    });
  }

  #dynamicDef(): SymbolDef {
    const { dynamic_symbols: isDynamic, score } = this.#options;
    return {
      score: isDynamic ? (score ?? 1) : 1,
      description: `Named by map ${this.#name}`,
      groups: this.#groups,
    };
  }
}

function keyText(key: Key): string {
  return typeof key === 'string' ? key : key.text;
}

type Run = CheckUnit<never>['run'];

function dnsblRun(name: string, options: RuleOptions, outcome: Outcome, context: Context): Run {
  const zone = options.map ?? options.url;
  if (typeof zone !== 'string' || !/^[a-z0-9_-]+(?:\.[a-z0-9_-]+)+\.?$/i.test(zone)) {
    throw context.configError([name, 'map'], 'a dnsbl rule needs the name of a zone');
  }
  const { dns, log } = context;
  return async (task, hit) => {
    const { clientIp } = task.envelope;
    if (!clientIp) return;
    // RFC 5782 2.1, 2.4.
    const { status } = await dns.resolve(`${reversedIp(clientIp)}.${zone}`, 'a', { signal: task.signal });
    if (status === 'ok') {
      hit(outcome.symbol, 1, zone);
      outcome.force(task);
    } else if (status !== 'nxdomain' && status !== 'nodata' && !task.signal.aborted) {
      log.error('zone cannot be asked', { id: task.id, zone, status });
    }
  };
}

function combinedRun(
  name: string,
  options: RuleOptions,
  outcome: Outcome,
  context: Context,
): { run: Run; waits: boolean } {
  const combined = compileCombined(name, options, context);
  return {
    waits: combined.waits,
    run(task, hit) {
      const insert = (matches: Awaited<ReturnType<typeof combined.match>>): void => {
        for (const match of matches ?? [])
          outcome.insert(task, hit, match.value, `${match.name}=${match.key}`);
      };
      const found = combined.match(task);
      if (found instanceof Promise) return found.then(insert);
      insert(found);
      return undefined;
    },
  };
}

function mapRun(
  name: string,
  options: RuleOptions,
  subject: Subject,
  outcome: Outcome,
  context: Context,
): { run: Run; waits: boolean } {
  const lookup = openLookup(
    name,
    options,
    subject.isAddress,
    options.description ?? `multimap ${name}`,
    context,
  );
  const insert = (task: Task, hit: InsertHit<never>, key: Key, values: readonly string[]): void => {
    for (const value of values) outcome.insert(task, hit, value, subject.isSecret ? undefined : keyText(key));
  };
  return {
    waits: lookup.waits,
    run(task, hit) {
      if (lookup.isEmpty()) return undefined;
      let pending: Promise<void>[] | undefined;
      for (const key of subject.keys(task)) {
        const found = lookup.find(task, key);
        if (found instanceof Promise) {
          pending ??= [];
          pending.push(found.then((values) => insert(task, hit, key, values)));
        } else if (found.length > 0) insert(task, hit, key, found);
      }
      return pending && Promise.all(pending).then(() => undefined);
    },
  };
}

function requirement(name: string, options: RuleOptions, context: Context): Expression<string> | undefined {
  const { require_symbols: text } = options;
  if (text === undefined) return undefined;
  try {
    return compileExpression(text, (atom) => atom);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw context.configError(
      [name, 'require_symbols'],
      `bad expression at character ${error.offset + 1}: ${error.message}`,
    );
  }
}

/** Options a type cannot do without. */
const required = {
  mempool: 'variable',
  selector: 'selector',
  symbol_options: 'target_symbol',
  header: 'header',
} as const;

function subject(name: string, options: RuleOptions, context: Context): Subject | undefined {
  const { selector: text } = options;
  const selector =
    options.type === 'selector' && text !== undefined
      ? context.selectors.compile(text, {
          path: context.path(name, 'selector'),
          delimiter: options.delimiter,
        })
      : undefined;
  try {
    return subjectOf(options, selector);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    throw context.configError(
      [name, options.type === 'received' && /flag/.test(error.message) ? 'flags' : 'filter'],
      error.message,
    );
  }
}

/**
 * Compiles one rule.
 * @throws ConfigError
 */
export function compileRule(
  name: string,
  options: RuleOptions,
  table: SymbolTable,
  context: Context,
): CheckUnit<never> | undefined {
  if (!options.enabled) return undefined;
  const { type } = options;
  for (const key of ['message_func', 'combinator'] as const) {
    if (options[key] !== undefined)
      throw context.configError([name, key], `${key} is Lua, which is not run here`);
  }
  if (options.hostname !== undefined) context.warn([name, 'hostname'], 'this switch has no effect');
  const { action } = options;
  if (action !== undefined && !context.options.actions.includes(normaliseActionName(action))) {
    throw context.configError(
      [name, 'action'],
      `unknown action \`${action}\``,
      `one of ${context.options.actions.join(', ')}`,
    );
  }
  if (type in required) {
    const option = required[type as keyof typeof required];
    if (options[option] === undefined) throw context.configError([name], `type ${type} needs \`${option}\``);
  }
  const outcome = new Outcome(name, options, table);
  const condition = requirement(name, options, context);
  const what = subject(name, options, context);
  let built: { readonly run: Run; readonly waits: boolean };
  if (what) built = mapRun(name, options, what, outcome, context);
  else if (type === 'combined') built = combinedRun(name, options, outcome, context);
  else if (type === 'regexp_rules') {
    const ruleRun = regexpRules(name, options, table, context, (task) => outcome.force(task));
    built = { run: ruleRun, waits: false };
  } else built = { run: dnsblRun(name, options, outcome, context), waits: true };

  const { run } = built;
  const after = [...(condition?.atoms ?? []), ...(type === 'symbol_options' ? [options.target_symbol!] : [])];
  const isPrefilter = options.prefilter ?? (options.action !== undefined && after.length === 0);
  return {
    name: outcome.symbol,
    stage: isPrefilter ? 'prefilter' : 'filter',
    ...(options.priority === undefined ? {} : { priority: options.priority }),
    symbols: outcome.declared,
    waits: built.waits,
    needs: type === 'regexp_rules' ? ['text'] : (what?.needs ?? []),
    after,
    run: condition
      ? (task, hit) =>
          isTrue(condition.evaluate((symbol) => (task.result.has(symbol) ? 1 : 0)))
            ? run(task, hit)
            : undefined
      : run,
  };
}
