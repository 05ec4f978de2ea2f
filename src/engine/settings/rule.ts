import type { ConfigPath, MapHandle, Maps, Selector, Selectors, Task } from '../../core/index.ts';
import { compileExpression, type Expression, ExpressionError, isTrue } from '../../expr/index.ts';
import { type Apply, configuredApply, insertedSymbols } from './apply.ts';
import { type Condition, ConditionReader, type Conditions, conditionKeys } from './conditions.ts';
import { isRecord, type SettingsReader, type Values } from './reader.ts';

/** A rule of the settings, compiled. */
export interface Rule {
  readonly name: string;
  /** Undefined in rules of a map. */
  readonly id: string | undefined;
  readonly priority: number;
  /** Undefined: no condition, so only its id selects it. */
  matches: ((task: Task) => boolean | Promise<boolean>) | undefined;
  /** Undefined: the rule only inserts symbols, or asks elsewhere. */
  readonly apply: Apply | undefined;
  /** Inserted when the conditions matched, not when the id selected the rule. */
  readonly symbols: readonly string[];
  readonly external: { readonly map: MapHandle; readonly selector: Selector } | undefined;
}

const otherKeys = [
  'delimiter',
  'inverse',
  'expression',
  'priority',
  'id',
  'disabled',
  'enabled',
  'apply',
  'symbols',
  'whitelist',
  'want_spam',
  'external_map',
  'register_symbols',
] as const;
const ruleKeys = new Set<string>([...conditionKeys, ...otherKeys]);

const priorityWords: Readonly<Record<string, number>> = { high: 3, medium: 2, low: 1 };
const defaultPriority = 1;

export interface RuleContext {
  readonly maps: Maps;
  readonly selectors: Selectors;
  readonly reader: SettingsReader;
  /** `map`: rules of a map must not have ids. */
  readonly origin: 'configuration' | 'map';
}

function readPriority(value: unknown, path: ConfigPath, reader: SettingsReader): number {
  if (value === undefined) return defaultPriority;
  const priority = typeof value === 'string' ? priorityWords[value.toLowerCase()] : value;
  if (typeof priority === 'number' && Number.isInteger(priority)) return priority;
  reader.problem(path, 'bad priority', 'high, medium, low or a whole number');
  return defaultPriority;
}

/** Conditions as one test. They are asked in order, and no further than needed. */
function implicitTest({ main }: Conditions, isInverse: boolean): (task: Task) => boolean | Promise<boolean> {
  const conditions = [...main.values()];
  const all = (task: Task, from: number): boolean | Promise<boolean> => {
    for (let at = from; at < conditions.length; at++) {
      const result = conditions[at]!(task);
      const outcome = (isMatch: boolean): boolean | Promise<boolean> => {
        // Inverse: none of the conditions may match.
        if (isMatch === isInverse) return false;
        return all(task, at + 1);
      };
      if (typeof result !== 'boolean') return result.then(outcome);
      if (result === isInverse) return false;
    }
    return true;
  };
  return (task) => all(task, 0);
}

function expressionTest(expression: Expression<Condition>): (task: Task) => boolean | Promise<boolean> {
  const conditions = [...new Set(expression.atoms)];
  return (task) => {
    const known = new Map<Condition, boolean>();
    const evaluate = (): boolean | Promise<boolean> => {
      let missing: { readonly condition: Condition; readonly result: Promise<boolean> } | undefined;
      const value = expression.evaluate((condition) => {
        if (missing) return 0;
        const seen = known.get(condition);
        if (seen !== undefined) return seen ? 1 : 0;
        const result = condition(task);
        if (typeof result !== 'boolean') {
          missing = { condition, result };
          return 0;
        }
        known.set(condition, result);
        return result ? 1 : 0;
      });
      // A condition that has to ask elsewhere: wait for it, then evaluate again with its answer.
      if (missing && known.size < conditions.length) {
        const { condition, result } = missing;
        return result.then((answer) => {
          known.set(condition, answer);
          return evaluate();
        });
      }
      return isTrue(value);
    };
    return evaluate();
  };
}

function readExpression(
  text: unknown,
  conditions: Conditions,
  path: ConfigPath,
  reader: SettingsReader,
): Expression<Condition> | undefined {
  if (typeof text !== 'string') {
    reader.problem(path, 'text expected');
    return undefined;
  }
  try {
    return compileExpression(text, (atom, offset) => {
      const condition = conditions.named.get(atom) ?? conditions.named.get(atom.toLowerCase());
      if (!condition) {
        throw new ExpressionError(
          `no condition is called "${atom}" (there are: ${[...conditions.named.keys()].join(', ')})`,
          offset,
        );
      }
      return condition;
    });
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    reader.problem(path, `bad expression at character ${error.offset + 1}: ${error.message}`);
    return undefined;
  }
}

function readExternal(value: unknown, path: ConfigPath, context: RuleContext): Rule['external'] {
  const { reader, maps, selectors } = context;
  if (!isRecord(value) || value['map'] === undefined || typeof value['selector'] !== 'string') {
    reader.problem(path, 'bad external_map', '{ map = …; selector = "…" }');
    return undefined;
  }
  for (const key of Object.keys(value)) {
    if (key !== 'map' && key !== 'selector')
      reader.problem([...path, key], `unknown option "${key}"`, 'map, selector');
  }
  const mapPath = [...path, 'map'];
  const map = reader.attempt(() =>
    maps.open(value['map'], 'hash', {
      description: `settings of ${path.slice(0, -1).join('.')}`,
      path: mapPath,
    }),
  );
  const selectorText = value['selector'];
  const selector = reader.attempt(() =>
    selectors.compile(selectorText, { path: [...path, 'selector'], delimiter: '' }),
  );
  return map && selector && { map, selector };
}

/** Compiles one rule; undefined when it is switched off or does not make sense (told to the reader). */
export function compileRule(
  name: string,
  value: Values,
  path: ConfigPath,
  context: RuleContext,
): Rule | undefined {
  const { reader } = context;
  const before = reader.problems.length;
  for (const key of Object.keys(value)) {
    if (!ruleKeys.has(key)) {
      reader.problem([...path, key], `unknown option "${key}" of a settings rule`, [...ruleKeys].join(', '));
    }
  }
  const isOff =
    (value['disabled'] !== undefined && reader.flag(value['disabled'], [...path, 'disabled'])) ||
    (value['enabled'] !== undefined && !reader.flag(value['enabled'], [...path, 'enabled']));
  const conditions = new ConditionReader(path, context.maps, context.selectors, reader).read(value);
  const isInverse = value['inverse'] !== undefined && reader.flag(value['inverse'], [...path, 'inverse']);
  let matches: Rule['matches'];
  if (value['expression'] !== undefined) {
    const expression = readExpression(value['expression'], conditions, [...path, 'expression'], reader);
    if (expression) matches = expressionTest(expression);
  } else if (conditions.main.size > 0) matches = implicitTest(conditions, isInverse);

  const isWhitelist = ['whitelist', 'want_spam'].some(
    (key) => value[key] !== undefined && reader.flag(value[key], [...path, key]),
  );
  let apply =
    value['apply'] === undefined ? undefined : configuredApply(value['apply'], [...path, 'apply'], reader);
  if (isWhitelist) apply = { ...apply, whitelist: true };
  const symbols = value['symbols'] === undefined ? [] : reader.texts(value['symbols'], [...path, 'symbols']);
  const external =
    value['external_map'] === undefined
      ? undefined
      : readExternal(value['external_map'], [...path, 'external_map'], context);
  if (!apply && symbols.length === 0 && value['external_map'] === undefined) {
    reader.problem(path, 'the rule does nothing', 'apply, symbols, whitelist or external_map');
  }
  let { id = context.origin === 'configuration' ? name : undefined } = value;
  if (id !== undefined && typeof id !== 'string' && typeof id !== 'number') {
    reader.problem([...path, 'id'], 'text expected');
    id = undefined;
  } else if (value['id'] !== undefined && context.origin === 'map') {
    reader.problem([...path, 'id'], 'rules of a map cannot have an id');
  }
  const priority = readPriority(value['priority'], [...path, 'priority'], reader);
  if (isOff || reader.problems.length > before) return undefined;
  return {
    name,
    id: id === undefined ? undefined : String(id),
    priority,
    matches,
    apply,
    symbols,
    external,
  };
}

/** Every symbol that the rules may insert. */
export function symbolsOf(rules: readonly Rule[], registered: readonly string[]): readonly string[] {
  const names = new Set(registered);
  for (const rule of rules) {
    for (const name of rule.symbols) names.add(name);
    if (rule.apply) for (const name of insertedSymbols(rule.apply)) names.add(name);
  }
  return [...names];
}
