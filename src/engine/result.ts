import type { ActionName, Hit, PreResult, ResultView } from '../core/index.ts';
import {
  type ActionTable,
  type ChosenAction,
  chooseAction,
  highestThreshold,
  requiredScore,
} from './actions.ts';
import type { Group, Metric, MetricSymbol } from './metric.ts';

/** A symbol in a running scan; composites may take away its weight or hide it. */
export interface MutableHit extends Hit {
  score: number;
  metricScore: number;
  options: string[];
  readonly symbol: MetricSymbol;
  shots: number;
  optionsLength: number;
  isHidden: boolean;
}

/** What settings change about scoring for one message. */
export interface ScoreOverrides {
  readonly scores: ReadonlyMap<string, number>;
  readonly disabledSymbols: ReadonlySet<string>;
}

/** Adds up the symbols of one message (config-format 11.2, 11.3). */
export class ScanResult implements ResultView {
  readonly #hits = new Map<string, MutableHit>();
  readonly #metric: Metric;
  readonly #maxOptionsLength: number;
  #groupSums: Map<Group, number> | undefined;
  #preResults: PreResult[] = [];
  #score = 0;
  overrides: ScoreOverrides | undefined;
  actions: ActionTable;

  constructor(metric: Metric, actions: ActionTable, maxOptionsLength: number) {
    this.#metric = metric;
    this.actions = actions;
    this.#maxOptionsLength = maxOptionsLength;
  }

  get score(): number {
    return this.#score;
  }

  /** Without those that composites took out of the verdict. */
  get hits(): Iterable<MutableHit> {
    return this.#hits.values().filter((hit) => !hit.isHidden);
  }

  get size(): number {
    return this.#hits.size;
  }

  /** By descending priority, in order of arrival among equals. */
  get preResults(): readonly PreResult[] {
    return this.#preResults;
  }

  has(symbol: string): boolean {
    return this.#hits.has(symbol);
  }

  get(symbol: string): MutableHit | undefined {
    return this.#hits.get(symbol);
  }

  symbolScore(symbol: string): number {
    return this.overrides?.scores.get(symbol) ?? this.#metric.getOrUnknown(symbol).score;
  }

  choose(): ChosenAction {
    return chooseAction(this.actions, this.#score, this.#preResults);
  }

  currentScore(): number {
    return this.choose().score;
  }

  currentAction(): ActionName {
    return this.choose().action;
  }

  threshold(action: ActionName): number | undefined {
    return this.actions.actions.find(({ name }) => name === action)?.threshold;
  }

  requiredScore(): number | undefined {
    return requiredScore(this.actions);
  }

  addPreResult(preResult: PreResult): void {
    let at = this.#preResults.length;
    while (at > 0 && this.#preResults[at - 1]!.priority < preResult.priority) at--;
    this.#preResults.splice(at, 0, preResult);
  }

  /** For this message only: the table is shared with others. */
  disableAction(action: ActionName): void {
    const { actions, disabled } = this.actions;
    this.actions = { actions, disabled: new Set(disabled).add(action) };
  }

  /** Is an action forced that makes further filters pointless? */
  get isPassthrough(): boolean {
    return this.#preResults.some((preResult) => !preResult.isLeast && !preResult.processAll);
  }

  insert(name: string, weight: number, options: readonly string[]): void {
    if (this.overrides?.disabledSymbols.has(name)) return;
    let hit = this.#hits.get(name);
    const symbol = hit?.symbol ?? this.#metric.getOrUnknown(name);
    if (!symbol.isEnabled) return;
    const symbolScore = this.overrides?.scores.get(name) ?? symbol.score;
    if (!hit) {
      hit = {
        name,
        score: 0,
        metricScore: symbolScore,
        description: symbol.description,
        groups: symbol.groups.map((group) => group.name),
        options: [],
        symbol,
        shots: 0,
        optionsLength: 0,
        isHidden: false,
      };
      this.#hits.set(name, hit);
    }
    this.#addOptions(hit, options);
    const value = symbolScore * weight;
    if (hit.shots >= symbol.maxShots) {
      // One shot keeps the stronger of the two values, but never changes sign (config-format 11.2).
      const isStronger = Math.abs(value) > Math.abs(hit.score) && Math.sign(value) === Math.sign(hit.score);
      if (symbol.maxShots === 1 && isStronger) this.#add(hit, value - hit.score);
      return;
    }
    hit.shots++;
    this.#add(hit, value);
  }

  /** Adds to a hit's score as far as the caps of its groups allow. */
  #add(hit: MutableHit, difference: number): void {
    if (difference === 0 || !Number.isFinite(difference)) return;
    let allowed = difference;
    const { groups } = hit.symbol;
    for (const group of groups) {
      const sum = this.#groupSums?.get(group) ?? 0;
      if (allowed > 0 && group.maxScore !== undefined)
        allowed = Math.min(allowed, Math.max(0, group.maxScore - sum));
      if (allowed < 0 && group.minScore !== undefined)
        allowed = Math.max(allowed, Math.min(0, group.minScore - sum));
    }
    if (groups.length > 0) {
      this.#groupSums ??= new Map();
      for (const group of groups) this.#groupSums.set(group, (this.#groupSums.get(group) ?? 0) + allowed);
    }
    hit.score += allowed;
    this.#score += allowed;
  }

  #addOptions(hit: MutableHit, options: readonly string[]): void {
    for (const option of options) {
      if (hit.symbol.oneParam && hit.options.length > 0) return;
      if (hit.options.includes(option)) continue;
      if (hit.optionsLength + option.length > this.#maxOptionsLength) return;
      hit.options.push(option);
      hit.optionsLength += option.length;
    }
  }

  /** Takes a hit's weight out of the total (composites). */
  removeWeight(hit: MutableHit): void {
    this.#add(hit, -hit.score);
  }

  /** Multiplies every positive symbol, once, when several weak signs meet (config-format 10.3). */
  grow(growFactor: number): void {
    if (growFactor <= 1) return;
    const maxThreshold = highestThreshold(this.actions) ?? 0;
    if (maxThreshold <= 0) return;
    let factor = growFactor;
    for (const hit of this.#hits.values()) {
      if (hit.score > 0) factor *= 1 + ((growFactor - 1) * hit.score) / maxThreshold;
    }
    for (const hit of this.#hits.values()) {
      if (hit.score <= 0) continue;
      const grown = hit.score * factor;
      this.#score += grown - hit.score;
      hit.score = grown;
    }
  }

  groupScores(): ReadonlyMap<Group, number> {
    return this.#groupSums ?? new Map();
  }
}
