import { type ActionDef, type ActionName, normaliseActionName } from '../core/index.ts';
import type { ActionTable } from './actions.ts';
import type { Metric } from './metric.ts';
import type { PlannedUnit } from './plan.ts';
import type { ScoreOverrides } from './result.ts';

/** The `apply` part of settings, compiled for one plan (config-format 13.3). */
export interface CompiledApply {
  /** 1 for each unit of the plan that runs; undefined: all. */
  readonly enabledUnits: Uint8Array | undefined;
  readonly isCompositeAllowed: (name: string) => boolean;
  readonly overrides: ScoreOverrides | undefined;
  readonly actions: ActionTable;
  readonly skipsFilters: boolean;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

/** A list, the keys of an object, or one word. */
function names(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.filter((item): item is string => typeof item === 'string');
  if (typeof value === 'string') return [value];
  return Object.keys(record(value));
}

/** Keys of `apply` that are no symbol (everything else with a number is the legacy form `SYMBOL = score`). */
const reservedKeys = new Set([
  'actions',
  'scores',
  'symbols_enabled',
  'symbols_disabled',
  'groups_enabled',
  'groups_disabled',
  'checks_disabled',
  'policy',
  'symbols',
  'subject',
  'flags',
  'add_headers',
  'remove_headers',
  'messages',
  'variables',
  'plugins',
  'whitelist',
  'id',
]);

function scoresOf(apply: Readonly<Record<string, unknown>>): ReadonlyMap<string, number> {
  const scores = new Map<string, number>();
  for (const [name, value] of Object.entries(apply)) {
    if (typeof value === 'number' && !reservedKeys.has(name)) scores.set(name, value);
  }
  for (const key of ['symbols_enabled', 'scores']) {
    for (const [name, value] of Object.entries(record(apply[key]))) {
      if (typeof value === 'number') scores.set(name, value);
    }
  }
  return scores;
}

/** Thresholds after settings: a number sets one, anything else switches the action off for this message. */
function actionsOf(base: ActionTable, value: unknown): ActionTable {
  const changes = Object.entries(record(value));
  if (changes.length === 0) return base;
  const actions = new Map<ActionName, ActionDef>(base.actions.map((action) => [action.name, action]));
  const disabled = new Set(base.disabled);
  for (const [key, threshold] of changes) {
    const name = normaliseActionName(key);
    if (typeof threshold !== 'number' || Number.isNaN(threshold)) {
      disabled.add(name);
      continue;
    }
    disabled.delete(name);
    actions.set(name, { ...actions.get(name), name, threshold, flags: new Set() });
  }
  return { actions: [...actions.values()], disabled };
}

/** Compiles one `apply` object; its caller remembers the outcome by the object's identity. */
export function compileApply(
  apply: Readonly<Record<string, unknown>>,
  units: readonly PlannedUnit[],
  metric: Metric,
  actions: ActionTable,
): CompiledApply {
  const enables = apply['symbols_enabled'] !== undefined || apply['groups_enabled'] !== undefined;
  const enabledSymbols = new Set(names(apply['symbols_enabled']));
  const enabledGroups = new Set(names(apply['groups_enabled']));
  const disabledSymbols = new Set(names(apply['symbols_disabled']));
  const disabledGroups = new Set(names(apply['groups_disabled']));
  const disabledChecks = new Set(names(apply['checks_disabled']));
  const inGroups = (symbol: string, groups: ReadonlySet<string>): boolean =>
    groups.size > 0 && (metric.get(symbol)?.groups.some((group) => groups.has(group.name)) ?? false);
  // With implicit_allow the list only unlocks what is off by default; nothing here is, so it switches nothing off.
  const isExclusive = enables && apply['policy'] !== 'implicit_allow';

  const isEnabled = (name: string, symbols: readonly string[]): boolean =>
    !isExclusive ||
    enabledSymbols.has(name) ||
    symbols.some((symbol) => enabledSymbols.has(symbol) || inGroups(symbol, enabledGroups));
  const isDisabled = (symbol: string): boolean =>
    disabledSymbols.has(symbol) || inGroups(symbol, disabledGroups);

  let enabledUnits: Uint8Array | undefined;
  if (isExclusive || disabledSymbols.size > 0 || disabledGroups.size > 0 || disabledChecks.size > 0) {
    enabledUnits = new Uint8Array(units.length);
    for (const [index, unit] of units.entries()) {
      const off =
        !isEnabled(unit.name, unit.symbols) ||
        disabledSymbols.has(unit.name) ||
        disabledGroups.has(unit.group) ||
        (unit.symbols.length > 0 && unit.symbols.every(isDisabled));
      enabledUnits[index] = !disabledChecks.has(unit.check) && (unit.alwaysRun || !off) ? 1 : 0;
    }
  }

  const scores = scoresOf(apply);
  const allDisabled = new Set(disabledSymbols);
  if (disabledGroups.size > 0) {
    for (const symbol of metric.symbols)
      if (inGroups(symbol.name, disabledGroups)) allDisabled.add(symbol.name);
  }
  return {
    enabledUnits,
    isCompositeAllowed: (name) => isEnabled(name, [name]) && !isDisabled(name),
    overrides: scores.size > 0 || allDisabled.size > 0 ? { scores, disabledSymbols: allDisabled } : undefined,
    actions: actionsOf(actions, apply['actions']),
    skipsFilters: apply['whitelist'] === true,
  };
}
