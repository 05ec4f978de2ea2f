import type { ActionDef, ActionName, PreResult } from '../core/index.ts';

/** Thresholds that hold for one message: configured actions with what settings changed. */
export interface ActionTable {
  readonly actions: readonly ActionDef[];
  /** Names of actions that settings switched off for this message. */
  readonly disabled: ReadonlySet<ActionName>;
}

/** An action and the score that goes with it. */
export interface ChosenAction {
  readonly action: ActionName;
  readonly score: number;
  readonly definition: ActionDef | undefined;
  /** The pre-result that forced it, if one did. */
  readonly forcedBy: PreResult | undefined;
}

function scoringThreshold(action: ActionDef, disabled: ReadonlySet<ActionName>): number | undefined {
  if (disabled.has(action.name) || action.flags.has('no_threshold') || action.flags.has('ham'))
    return undefined;
  return action.threshold;
}

/**
 * Chooses the action for a score (config-format 10.2).
 *
 * @param preResults by descending priority
 */
export function chooseAction(
  table: ActionTable,
  score: number,
  preResults: readonly PreResult[],
): ChosenAction {
  const definitionOf = (name: ActionName): ActionDef | undefined =>
    table.actions.find((action) => action.name === name);
  let least: PreResult | undefined;
  for (const preResult of preResults) {
    if (table.disabled.has(preResult.action)) continue;
    if (!preResult.isLeast) {
      let forcedScore = score;
      if (preResult.score !== undefined) {
        forcedScore = preResult.action === 'no action' ? Math.min(preResult.score, score) : preResult.score;
      }
      return {
        action: preResult.action,
        score: forcedScore,
        definition: definitionOf(preResult.action),
        forcedBy: preResult,
      };
    }
    least ??= preResult;
  }

  const leastDefinition = least && definitionOf(least.action);
  const floor = least ? (least.score ?? leastDefinition?.threshold) : undefined;
  let best: ActionDef | undefined;
  let bestThreshold = Number.NEGATIVE_INFINITY;
  for (const action of table.actions) {
    const threshold = scoringThreshold(action, table.disabled);
    if (threshold === undefined || threshold > score || threshold <= bestThreshold) continue;
    if (floor !== undefined && threshold <= floor && action.name !== least?.action) continue;
    best = action;
    bestThreshold = threshold;
  }

  if (least) {
    if (leastDefinition?.threshold === undefined) {
      if (best?.name !== 'reject' && best?.name !== 'discard') {
        return { action: least.action, score, definition: leastDefinition, forcedBy: least };
      }
    } else if (!best || bestThreshold <= (floor ?? Number.NEGATIVE_INFINITY)) {
      return {
        action: least.action,
        score: Math.max(score, floor ?? score),
        definition: leastDefinition,
        forcedBy: least,
      };
    }
  }
  return {
    action: best?.name ?? 'no action',
    score,
    definition: best ?? definitionOf('no action'),
    forcedBy: undefined,
  };
}

/** The threshold of `reject` where it has one, else the highest (config-format 10.2, `required_score`). */
export function requiredScore(table: ActionTable): number | undefined {
  const reject = table.actions.find(({ name }) => name === 'reject');
  return (reject && scoringThreshold(reject, table.disabled)) ?? highestThreshold(table);
}

/** The highest threshold of a scoring action: the score that stands for certainty (config-format 10.3). */
export function highestThreshold(table: ActionTable): number | undefined {
  let highest: number | undefined;
  for (const action of table.actions) {
    const threshold = scoringThreshold(action, table.disabled);
    if (threshold !== undefined && (highest === undefined || threshold > highest)) highest = threshold;
  }
  return highest;
}

/** Every finite threshold of actions that score, for replies. */
export function thresholds(table: ActionTable): ReadonlyMap<ActionName, number> {
  const found = new Map<ActionName, number>();
  for (const action of table.actions) {
    const threshold = scoringThreshold(action, table.disabled);
    if (threshold !== undefined && Number.isFinite(threshold)) found.set(action.name, threshold);
  }
  return found;
}
