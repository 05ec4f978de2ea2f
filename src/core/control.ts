import type { ActionName } from './action.ts';
import type { Envelope } from './envelope.ts';
import type { FuzzyAnswer, FuzzyLesson, FuzzyService } from './fuzzy.ts';
import type { LearnAnswer, LearningService } from './learning.ts';
import type { BucketReport, LimitsService } from './limits.ts';
import type { MapHandle } from './ports.ts';
import type { ScanRequest } from './verdict.ts';

/** Counts of one symbol since the start of statistics. */
export interface SymbolCounter {
  readonly symbol: string;
  readonly group: string;
  readonly weight: number;
  readonly description: string | undefined;
  readonly hits: number;
  /** Hits per second, mean and standard deviation over one-minute windows. */
  readonly frequency: number;
  readonly frequencyStddev: number;
  /** Mean time of the check, milliseconds. */
  readonly timeMs: number;
}

/** Totals of the whole server, over all its processes. */
export interface Totals {
  readonly startedMs: number;
  readonly scanned: number;
  readonly learned: number;
  readonly actions: Readonly<Record<ActionName, number>>;
  readonly connections: number;
  readonly controlConnections: number;
  /** Seconds of the last scans, newest last, at most 31. */
  readonly scanTimesSeconds: readonly number[];
  readonly symbols: Readonly<
    Record<
      string,
      {
        readonly hits: number;
        readonly timeMs: number;
        readonly frequency: number;
        readonly frequencyStddev: number;
      }
    >
  >;
  /** Messages by action in time slots, for graphs. */
  readonly graph: readonly GraphSlot[];
}

export interface GraphSlot {
  readonly startMs: number;
  readonly lengthMs: number;
  readonly actions: Readonly<Record<ActionName, number>>;
}

export interface LoggedError {
  readonly timeMs: number;
  readonly pid: number;
  readonly type: string;
  readonly module: string;
  readonly id: string;
  readonly message: string;
}

/** Selectors for people who write them. */
export interface SelectorTools {
  /** Name → description. */
  readonly extractors: Readonly<Record<string, string>>;
  readonly transforms: Readonly<Record<string, string>>;
  /** What is wrong with a selector; undefined: nothing. */
  problem(text: string): string | undefined;
  /** Values of a selector for a message. */
  evaluate(text: string, request: ScanRequest): readonly string[] | undefined;
}

/** A classifier as the controller teaches it. */
export interface Learning extends Pick<LearningService, 'classifiers' | 'classes' | 'statistics'> {
  /** See {@link LearningService.learn}. */
  learn(
    request: ScanRequest,
    className: string | undefined,
    manner: 'careful' | 'bulk',
  ): Promise<LearnAnswer>;
}

/** Fuzzy storages as the controller teaches them. */
export interface FuzzyControl extends Pick<FuzzyService, 'rules' | 'forget' | 'counts'> {
  /** See {@link FuzzyService.teach}. */
  teach(request: ScanRequest, lesson: FuzzyLesson): Promise<FuzzyAnswer>;
  /** See {@link FuzzyService.hashes}. */
  hashes(request: ScanRequest): Promise<Readonly<Record<string, readonly string[]>>>;
}

/** What the controller may ask of the rest of the server; implemented by the daemon over its processes. */
export interface Control {
  readonly version: string;
  readonly configId: string;
  totals(): Promise<Totals>;
  resetTotals(): Promise<void>;
  /** Metric as compiled: every known symbol with its groups and score. */
  symbols(): readonly {
    /** The main one first. */
    readonly groups: readonly string[];
    readonly symbol: string;
    readonly weight: number;
    readonly description: string | undefined;
  }[];
  actions(): readonly { readonly action: ActionName; readonly value: number | null }[];
  /** Writes new thresholds (null disables) to the state folder and reloads. */
  saveActions(thresholds: Readonly<Record<ActionName, number | null>>): Promise<void>;
  /** Writes new scores to the state folder and reloads. */
  saveSymbols(scores: Readonly<Record<string, number>>): Promise<void>;
  readonly maps: readonly MapHandle[];
  /** Undefined: no limits are configured. */
  readonly limits: LimitsService | undefined;
  /** Undefined: there is no classifier. */
  readonly learning: Learning | undefined;
  /** Undefined: the check `fuzzy_check` is off. */
  readonly fuzzy: FuzzyControl | undefined;
  /** Leaky buckets that count mail with this envelope; none without the check `ratelimit`. */
  buckets(envelope: Envelope, then: 'show' | 'reset'): Promise<readonly BucketReport[]>;
  readonly selectors: SelectorTools;
  errors(): Promise<readonly LoggedError[]>;
  /** OpenMetrics text of all processes, without the final `# EOF`. */
  metrics(): Promise<string>;
  health(): Promise<{
    readonly workers: number;
    readonly notResponding: number;
    readonly readyScanners: number;
  }>;
  /** Loads the configuration again; rejects with ConfigError and keeps the old one when it is bad. */
  reload(): Promise<void>;
}
