import {
  type AppliedSettings,
  type CheckDefinition,
  ConfigError,
  type Configuration,
  type Log,
  type Maps,
  type Selectors,
  type SourcePosition,
  type Task,
} from '../../core/index.ts';
import { parseUcl, toPlain } from '../../ucl/index.ts';
import type { SettingsResolver } from '../engine-init.ts';
import { type Apply, foreignApply, insertedSymbols, mergeApply } from './apply.ts';
import { applyOf, type DirectionSettings, directionNames, readDirections } from './directions.ts';
import { parseSettingsText, type Query, QueryReader } from './query.ts';
import { isRecord, SettingsReader, type Values } from './reader.ts';
import { compileRule, type Rule, symbolsOf } from './rule.ts';

export interface SettingsInit {
  readonly configuration: Pick<Configuration, 'settings' | 'directions' | 'groups' | 'position'>;
  /** Every check there is, for the names that the directions switch off. */
  readonly checks: readonly CheckDefinition[];
  readonly maps: Maps;
  readonly selectors: Selectors;
  readonly log: Log;
}

/** Settings of one configuration. */
export interface Settings extends SettingsResolver {
  /** Ids that `Settings-ID` may name. */
  readonly ids: readonly string[];
  /** Symbols that settings insert. */
  readonly symbols: readonly string[];
}

/** Rules of one priority, in the order of their names. */
interface Level {
  readonly priority: number;
  readonly rules: readonly Rule[];
}

interface RuleSet {
  readonly levels: readonly Level[];
  readonly byId: ReadonlyMap<string, Rule>;
  readonly symbols: readonly string[];
}

const noRules: RuleSet = { levels: [], byId: new Map(), symbols: [] };
/** Switches of the section itself, handled by the loader. */
const sectionKeys = new Set(['enabled']);
const maxMerged = 256;
const maxExternalReplies = 128;

/** Compiles the rules of a section. What is wrong goes to the reader. */
function compileRules(section: Values, context: Parameters<typeof compileRule>[3]): RuleSet {
  const rules: Rule[] = [];
  const registered: string[] = [];
  const byId = new Map<string, Rule>();
  for (const [name, value] of Object.entries(section)) {
    const path = ['settings', name];
    if (!isRecord(value)) {
      if (Array.isArray(value)) context.reader.problem(path, 'a rule of this name is there twice');
      else if (!sectionKeys.has(name)) context.reader.problem(path, 'a settings rule must be an object');
      continue;
    }
    const rule = compileRule(name, value, path, context);
    if (!rule) continue;
    rules.push(rule);
    if (value['register_symbols'] !== undefined) {
      const names = value['register_symbols'];
      registered.push(
        ...context.reader.texts(isRecord(names) ? Object.keys(names) : names, [...path, 'register_symbols']),
      );
    }
    if (rule.id === undefined) continue;
    if (byId.has(rule.id)) context.reader.problem([...path, 'id'], `two rules have the id "${rule.id}"`);
    byId.set(rule.id, rule);
  }
  const levels = [...Map.groupBy(rules, (rule) => rule.priority)]
    .map(
      ([priority, list]): Level => ({
        priority,
        rules: list
          .toSorted((a, b) => (a.name < b.name ? -1 : 1))
          .filter((rule) => rule.matches !== undefined),
      }),
    )
    .toSorted((a, b) => b.priority - a.priority);
  return { levels, byId, symbols: symbolsOf(rules, registered) };
}

class CompiledSettings implements Settings {
  readonly #log: Log;
  readonly #query: QueryReader;
  #rules: RuleSet = noRules;
  /** Merged settings by the rules they came from, so that one combination is one object. */
  readonly #merged = new Map<string, AppliedSettings>();
  readonly #replies = new Map<string, Apply>();
  readonly #directions: DirectionSettings;
  /** What came of putting settings over a direction's, so that the engine compiles it once. */
  readonly #overDirection = new WeakMap<Apply, WeakMap<Apply, Apply>>();

  constructor(init: SettingsInit) {
    const { configuration, maps, selectors } = init;
    this.#log = init.log.child({ module: 'settings' });
    this.#query = new QueryReader(this.#log);
    const { settings } = configuration;
    const reader = new SettingsReader((path) => configuration.position(path));
    const names = directionNames(init.checks, configuration.groups.keys());
    this.#directions = readDirections(configuration.directions, names, reader);
    if (typeof settings === 'string') this.#watch(settings, init);
    else if (settings !== undefined)
      this.#rules = compileRules(settings, { maps, selectors, reader, origin: 'configuration' });
    reader.throwIfAny();
  }

  get ids(): readonly string[] {
    return [...this.#rules.byId.keys()];
  }

  get symbols(): readonly string[] {
    const { inbound, outbound } = this.#directions;
    return [...this.#rules.symbols, ...insertedSymbols(inbound ?? {}), ...insertedSymbols(outbound ?? {})];
  }

  resolve(task: Task): AppliedSettings | undefined | Promise<AppliedSettings | undefined> {
    const found = this.#find(task);
    const below = applyOf(this.#directions, task.direction);
    if (!below) return found;
    return found instanceof Promise
      ? found.then((settings) => this.#over(below, settings))
      : this.#over(below, found);
  }

  /** Settings of rules and requests stand above those of the direction. */
  #over(below: Apply, settings: AppliedSettings | undefined): AppliedSettings {
    if (!settings) return { id: undefined, apply: below };
    let known = this.#overDirection.get(below);
    if (!known) this.#overDirection.set(below, (known = new WeakMap()));
    let apply = known.get(settings.apply);
    if (!apply) known.set(settings.apply, (apply = mergeApply(below, settings.apply)));
    return { id: settings.id, apply };
  }

  #find(task: Task): AppliedSettings | undefined | Promise<AppliedSettings | undefined> {
    const { levels, byId } = this.#rules;
    const query = this.#query.read(task, byId);
    if (levels.length === 0) return query && { id: query.id, apply: query.apply };
    return this.#tryLevels(task, query, levels, 0, []);
  }

  /** Tries the levels from the top; the first with a match decides, and a query stands between them. */
  #tryLevels(
    task: Task,
    query: Query | undefined,
    levels: readonly Level[],
    from: number,
    alsoSymbols: readonly string[],
  ): AppliedSettings | undefined | Promise<AppliedSettings | undefined> {
    for (let at = from; at < levels.length; at++) {
      const level = levels[at]!;
      // Rules up to the query's own priority are not even tried.
      if (level.priority < 1 || (query && level.priority <= query.priority)) break;
      const matching = this.#matching(task, level.rules);
      if (matching instanceof Promise) {
        return matching.then((rules) => this.#decide(task, query, levels, at, alsoSymbols, rules));
      }
      if (matching.length > 0) return this.#decide(task, query, levels, at, alsoSymbols, matching);
    }
    return this.#finish(query && { id: query.id, apply: query.apply }, alsoSymbols);
  }

  #decide(
    task: Task,
    query: Query | undefined,
    levels: readonly Level[],
    at: number,
    alsoSymbols: readonly string[],
    matching: readonly Rule[],
  ): AppliedSettings | undefined | Promise<AppliedSettings | undefined> {
    const symbols = [...alsoSymbols, ...matching.flatMap((rule) => rule.symbols)];
    const applying = matching.filter((rule) => rule.apply !== undefined || rule.external !== undefined);
    // A rule that only inserts symbols leaves the decision to the others.
    if (applying.length === 0) return this.#tryLevels(task, query, levels, at + 1, symbols);
    this.#log.debug('settings match', { id: task.id, rules: applying.map((rule) => rule.name) });
    if (applying.some((rule) => rule.external !== undefined))
      return this.#askExternal(task, applying, symbols);
    return this.#remember(`${applying.map((rule) => rule.name).join('\n')}\n\n${symbols.join('\n')}`, () =>
      this.#merge(
        applying.map((rule) => rule.apply ?? {}),
        applying.at(-1)!.id,
        symbols,
      ),
    );
  }

  #matching(task: Task, rules: readonly Rule[]): readonly Rule[] | Promise<readonly Rule[]> {
    const results = rules.map((rule) => rule.matches!(task));
    const pick = (found: readonly boolean[]): readonly Rule[] => rules.filter((_, index) => found[index]);
    return results.every((result) => typeof result === 'boolean')
      ? pick(results)
      : Promise.all(results).then(pick);
  }

  async #askExternal(
    task: Task,
    rules: readonly Rule[],
    symbols: readonly string[],
  ): Promise<AppliedSettings | undefined> {
    const applies: Apply[] = [];
    for (const rule of rules) {
      if (rule.apply) applies.push(rule.apply);
      if (!rule.external) continue;
      const { map, selector } = rule.external;
      for (const key of selector.values(task) ?? []) {
        const reply = map.isExternal ? await map.ask(key, task.signal) : map.lookup(key);
        if (reply !== undefined && reply !== '') {
          const apply = this.#reply(rule, reply);
          if (apply) applies.push(apply);
          break;
        }
      }
    }
    if (applies.length === 0 && symbols.length === 0) return undefined;
    return this.#merge(applies, rules.at(-1)!.id, symbols);
  }

  #reply(rule: Rule, reply: string): Apply | undefined {
    const known = this.#replies.get(reply);
    if (known) return known;
    const parsed = parseSettingsText(reply);
    if (typeof parsed === 'string') {
      this.#log.error('settings of an external map cannot be read', { rule: rule.name, reason: parsed });
      return undefined;
    }
    const inner = isRecord(parsed['apply']) ? parsed['apply'] : parsed;
    const apply = foreignApply(inner, (reason) => {
      this.#log.warn('part of the settings of an external map is left out', { rule: rule.name, reason });
    });
    bound(this.#replies, maxExternalReplies);
    this.#replies.set(reply, apply);
    return apply;
  }

  #merge(applies: readonly Apply[], id: string | undefined, symbols: readonly string[]): AppliedSettings {
    const apply = applies.length === 0 ? {} : applies.reduce(mergeApply);
    return { id, apply: symbols.length === 0 ? apply : mergeApply(apply, { symbols }) };
  }

  #finish(settings: AppliedSettings | undefined, symbols: readonly string[]): AppliedSettings | undefined {
    if (symbols.length === 0) return settings;
    return { id: settings?.id, apply: mergeApply(settings?.apply ?? {}, { symbols }) };
  }

  #remember(key: string, make: () => AppliedSettings): AppliedSettings {
    const known = this.#merged.get(key);
    if (known) return known;
    bound(this.#merged, maxMerged);
    const made = make();
    this.#merged.set(key, made);
    return made;
  }

  /** Rules from a map: compiled again whenever it changes, the last good ones kept. */
  #watch(url: string, { maps, selectors }: SettingsInit): void {
    const map = maps.open(url, 'plain', { description: 'settings', path: ['settings'] });
    const load = (): void => {
      const text = map.text();
      if (text === undefined) return;
      try {
        const file = map.sources[0] ?? 'settings';
        const { root } = parseUcl(text, { file });
        const plain = toPlain(root);
        const section = isRecord(plain) && isRecord(plain['settings']) ? plain['settings'] : plain;
        const reader = new SettingsReader((): SourcePosition => ({ file, line: 1, column: 1 }));
        if (!isRecord(section)) reader.problem(['settings'], 'settings must be an object');
        const rules = compileRules(isRecord(section) ? section : {}, {
          maps,
          selectors,
          reader,
          origin: 'map',
        });
        reader.throwIfAny();
        this.#rules = rules;
        this.#merged.clear();
        this.#log.info('settings loaded', { source: file, rules: Object.keys(section as Values).length });
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        this.#log.error('settings not renewed, the last good ones stay', {
          problems: error.problems.slice(0, 10).map((problem) => `${problem.path ?? ''}: ${problem.message}`),
        });
      }
    };
    map.onChange(load);
    load();
  }
}

function bound(map: Map<string, unknown>, size: number): void {
  if (map.size < size) return;
  const [oldest] = map.keys();
  map.delete(oldest!);
}

/**
 * Compiles the settings of a configuration (config-format 13).
 * @throws ConfigError with every problem of every rule
 */
export function compileSettings(init: SettingsInit): Settings {
  return new CompiledSettings(init);
}
