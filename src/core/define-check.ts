import type { z } from 'zod';
import type { IpAddress } from '../lib/index.ts';
import type { ActionName } from './action.ts';
import type { StatisticsOptions } from './configuration.ts';
import type { ConfigError } from './errors.ts';
import type { FuzzyService } from './fuzzy.ts';
import type { LearningService } from './learning.ts';
import type { BucketReport, LimitsService } from './limits.ts';
import type { Clock, ConfigPath, Log, Maps, Metrics, Records, Resolver, Selectors, Store } from './ports.ts';
import type { DynamicSymbol, SymbolDef } from './symbol.ts';
import type { Task } from './task.ts';

/**
 * When a check runs, in the field's order. `final` runs when score and action stand and renders them (headers,
 * signatures); `idempotent` runs after the reply and inserts nothing.
 */
export const stages = [
  'connfilter',
  'prefilter',
  'filter',
  'classifier',
  'postfilter',
  'final',
  'idempotent',
] as const;
export type Stage = (typeof stages)[number];

/** Views of a message that a check reads: without a message there are none, and the check is skipped. */
export type NeededView = 'headers' | 'parts' | 'text' | 'urls';

/** Priorities within prefilters and postfilters: higher first. */
export const priorities = { top: 10, high: 9, medium: 5, low: 0 } as const;

/**
 * Inserts a symbol: adds `weight` × the symbol's score. `weight` defaults to 1; options are short texts that tell
 * why. Only declared symbols compile.
 */
export type InsertHit<Sym extends string> = (
  symbol: Sym | DynamicSymbol,
  weight?: number,
  ...options: readonly string[]
) => void;

/** One callable piece of a check: what settings switch on and off as a whole. */
export interface CheckUnit<Sym extends string = string> {
  /** Name of the callback symbol, by which settings and `depends` know it. Default: the check's name in upper case. */
  readonly name?: string;
  /** Default: the check's. */
  readonly stage?: Stage;
  /** Default: the check's. */
  readonly priority?: number;
  /** Symbols it may insert; default: all of the check's declared and dynamic ones. */
  readonly symbols?: readonly (Sym | DynamicSymbol)[];
  /** It waits for DNS, the store or HTTP: started before the checks that compute. */
  readonly waits?: boolean;
  /** Runs also when an action was already forced. */
  readonly ignorePassthrough?: boolean;
  /** Runs even when settings switch everything else off. */
  readonly alwaysRun?: boolean;
  /** Names of units or symbols that must have run before, within the same stage. */
  readonly after?: readonly string[];
  /** Overrides the definition's `needs`. */
  readonly needs?: readonly NeededView[];
  run(task: Task, hit: InsertHit<Sym>): void | Promise<void>;
}

/** What checks let an administrator ask and do, by the name of the check. */
export interface CheckServices {
  readonly limits?: LimitsService;
  readonly learning?: LearningService;
  readonly fuzzy?: FuzzyService;
  /** Learns at the same doors what {@link learning} is taught, and leaves the answer to it. */
  readonly secondLearning?: Omit<LearningService, 'onLearned'>;
  readonly ratelimit?: {
    /** Buckets that count mail like this one and hold something; `reset` empties them. */
    buckets(task: Task, then: 'show' | 'reset'): Promise<readonly BucketReport[]>;
  };
}

/** What a check gets to build itself, once per configuration. */
export interface CheckContext<Config, Sym extends string> {
  readonly config: Config;
  /** Root options that checks may follow (`check_local`, `check_authed`, `local_addrs` is in `task.direction`). */
  readonly options: GlobalOptions;
  readonly maps: Maps;
  readonly selectors: Selectors;
  readonly dns: Resolver;
  /** The module's store: its own `redis` section, else the common one, else the embedded one. */
  readonly store: Store;
  /** Rows that people query. */
  readonly records: Records;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Folder for everything written at run time. */
  readonly stateDir: string;
  /** Declares a symbol that the configuration names. The same name again returns the same symbol. */
  declare(name: string, def: SymbolDef): DynamicSymbol;
  /**
   * Type-safe reference to a declared static symbol under the name and the default score that the configuration gave
   * it (`symbol = "…"`, `score = …`).
   */
  rename(symbol: Sym, name: string, score?: number): DynamicSymbol;
  /** An error that names file, line and option; throw it. `path` starts inside the check's section. */
  configError(path: ConfigPath, message: string, expected?: string): ConfigError;
  /** A warning at load that names file, line and option. */
  warn(path: ConfigPath, message: string): void;
  /** Path of the check's section in the configuration, for `maps.open` and `selectors.compile`. */
  path(...inside: (string | number)[]): ConfigPath;
  /** What all checks of this configuration offered; complete once messages are scanned. */
  readonly services: CheckServices;
  /** Lets administrators reach this check through the controller. */
  offer(services: CheckServices): void;
  /** Registers work to undo when this configuration is replaced (timers, watchers). */
  onClose(close: () => void | Promise<void>): void;
}

/** Parts of `options` that checks may read. */
export interface GlobalOptions {
  /** Names of all actions, those of the operator's own included. */
  readonly actions: readonly ActionName[];
  readonly checkLocal: boolean | undefined;
  readonly checkAuthed: boolean | undefined;
  readonly maxRecipients: number;
  readonly maxUrls: number;
  readonly hostName: string;
  readonly gtubePatterns: 'reject' | 'all' | 'disable';
  readonly historyRows: number;
  /** How long a whole scan may take; undefined: not known (tests). Deadlines of checks end before it. */
  readonly taskTimeoutMs?: number;
  /** `options.dns_max_requests`: names of one message that one list is asked about. Default 64. */
  readonly maxDnsRequests?: number;
  /** `options.classify_headers` and its like; undefined: not known (tests). */
  readonly statistics?: StatisticsOptions;
  /** `options.disable_monitoring`: services that seem to be dead are asked all the same. */
  readonly isMonitoringOff?: boolean;
  /** Is this address of our own networks (`options.local_addrs`) or the machine's? Undefined: not known (tests). */
  readonly isLocalAddress?: (ip: IpAddress) => boolean;
}

/** A check: one declaration from which validation, documentation, `/symbols` and default scores are derived. */
export interface CheckDefinition<Schema extends z.ZodType = z.ZodType, Sym extends string = string> {
  /** Configuration section, documentation slug, metric label and log field. */
  readonly name: string;
  /** Other section names read as this one (older spellings). */
  readonly aliases?: readonly string[];
  /** One sentence for the reference page: what it finds or does. */
  readonly summary: string;
  /** Further paragraphs of the reference page, Markdown. */
  readonly details?: string;
  readonly group: string;
  readonly stage: Stage;
  /** Default 0. */
  readonly priority?: number;
  /** Mail it looks at by default. */
  readonly direction: 'both' | 'inbound' | 'outbound';
  readonly needs: readonly NeededView[];
  /**
   * Options with defaults and descriptions (`.describe()`), strict: unknown options are errors. Every schema
   * understands `enabled` (boolean, default true), which the engine handles.
   */
  readonly config: Schema;
  /**
   * Whose connection keys (`servers`, `timeout` …) stand in the section: the store's, or those of what the check itself
   * asks; then only a `redis` block in it gives the module a store of its own. Default `store`.
   */
  readonly servers?: 'store' | 'own';
  /**
   * The option that every rule (a section inside the section) needs. Stock files bring rules without it, for operators
   * to complete: those are left out as long as nobody does.
   */
  readonly rulesNeed?: string;
  /** Key of the section inside the check's own that names the store (`classifier "bayes" { servers … }`). */
  readonly storeKey?: string;
  /** Options of Rspamd's module that are refused by name, with the reason. */
  readonly unsupported?: Readonly<Record<string, string>>;
  readonly symbols: Readonly<Record<Sym, SymbolDef>>;
  /** Returns what runs; undefined: nothing to do with this configuration (say why with `log.info`). */
  create(
    context: CheckContext<z.output<Schema>, Sym>,
  ): CheckUnit<Sym> | readonly CheckUnit<Sym>[] | CheckUnit<Sym>['run'] | undefined;
}

/** Declares a check; exists for its types. */
export function defineCheck<const Schema extends z.ZodType, const Sym extends string = never>(
  definition: CheckDefinition<Schema, Sym>,
): CheckDefinition<Schema, Sym> {
  return definition;
}

/** `check_local` and `check_authed` of a check's section. */
export interface DirectionOptions {
  readonly check_local?: boolean | undefined;
  readonly check_authed?: boolean | undefined;
}

/**
 * Which outbound mail does a check with these options look at? The module's own section is asked first; only when it
 * sets neither key do the global options count (outbound-matrix 0).
 */
export function outboundChecks(
  own: DirectionOptions,
  options: GlobalOptions,
): { readonly local: boolean; readonly authed: boolean } {
  const ownCounts = own.check_local !== undefined || own.check_authed !== undefined;
  return {
    local: (ownCounts ? own.check_local : options.checkLocal) ?? false,
    authed: (ownCounts ? own.check_authed : options.checkAuthed) ?? false,
  };
}

/** Should a check with these options leave a message alone? See {@link outboundChecks}. */
export function directionFilter(
  own: DirectionOptions,
  options: GlobalOptions,
): (task: Pick<Task, 'direction'>) => boolean {
  const { local, authed } = outboundChecks(own, options);
  return ({ direction }) => (direction.isAuthenticated && !authed) || (direction.isLocal && !local);
}
