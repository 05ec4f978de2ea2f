import {
  builtinActions,
  type CheckContext,
  type CheckDefinition,
  type CheckServices,
  type CheckUnit,
  ConfigError,
  type ConfigPath,
  type DnsAnswer,
  type DynamicSymbol,
  type GlobalOptions,
  type InsertHit,
  type Log,
  type Metrics,
  type PreResult,
  type Records,
  type Resolver,
  type Stage,
  type Store,
  type SymbolDef,
  stages,
  type Task,
} from '../../src/core/index.ts';
import { createMaps, type LiveMaps } from '../../src/maps/index.ts';
import { createSelectors } from '../../src/selectors/index.ts';
import { type TestMessage, testTask } from './task.ts';

export * from './task.ts';

/** One line of a recorded log. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A log that remembers its lines. */
export function recordingLog(lines: LogLine[] = []): Log {
  const at =
    (level: LogLine['level']) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      lines.push({ level, message, fields });
    };
  const log: Log = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => log,
  };
  return log;
}

/** Metrics that go nowhere. */
export const noMetrics: Metrics = {
  counter: () => ({ add() {} }),
  gauge: () => ({ set() {} }),
  histogram: () => ({ observe() {} }),
};

/** A resolver that answers from a table keyed `type name`, with `nxdomain` for everything else. */
export function tableResolver(
  table: Readonly<Record<string, readonly string[] | DnsAnswer['status']>>,
  asked: string[] = [],
): Resolver {
  return {
    async resolve(name, type) {
      asked.push(`${type} ${name}`);
      const found = table[`${type} ${name}`];
      if (found === undefined) return { status: 'nxdomain', records: [], ttlSeconds: 0 };
      if (typeof found === 'string') return { status: found, records: [], ttlSeconds: 0 };
      return { status: 'ok', records: found, ttlSeconds: 0 };
    },
  };
}

/** A port whose every use is a mistake of the test. */
function unexpected<T extends object>(name: string): T {
  return new Proxy({} as T, {
    get(_, property) {
      throw new Error(`the test gave no ${name}, but ${String(property)} was used`);
    },
  });
}

export interface CheckOptions {
  readonly dns?: Resolver;
  readonly store?: Store;
  readonly records?: Records;
  readonly now?: () => number;
  readonly stateDir?: string;
  readonly global?: Partial<GlobalOptions>;
  readonly log?: LogLine[];
  /** What other checks offer. */
  readonly services?: CheckServices;
}

/** One inserted symbol. */
export interface TestHit {
  readonly symbol: string;
  readonly weight: number;
  readonly options: readonly string[];
}

export interface CheckRun {
  /** In order of insertion. */
  readonly hits: readonly TestHit[];
  /** Names, sorted, each once. */
  readonly symbols: readonly string[];
  readonly preResults: readonly PreResult[];
  readonly task: Task;
}

export interface BuiltCheck {
  readonly units: readonly CheckUnit[];
  /** Symbols the configuration named, with what was declared of them. */
  readonly declared: ReadonlyMap<string, SymbolDef>;
  /** What it lets administrators do. */
  readonly services: CheckServices;
  /** Warnings at load, `path: message`. */
  readonly warnings: readonly string[];
  readonly maps: LiveMaps;
  /** Runs every unit in the order of its stage; `idempotent` ones last. */
  run(message?: TestMessage): Promise<CheckRun>;
  close(): Promise<void>;
}

type AnyDefinition = CheckDefinition<CheckDefinition['config'], string>;

/**
 * Builds a check as the engine does, without an engine: the configuration goes through its schema, maps and
 * selectors are the real ones (local files read once, nothing fetched).
 *
 * @throws ConfigError as `create` does, ZodError for options that do not fit the schema
 */
export async function buildCheck(
  definition: CheckDefinition,
  config: Readonly<Record<string, unknown>> = {},
  options: CheckOptions = {},
): Promise<BuiltCheck> {
  const check = definition as AnyDefinition;
  const log = recordingLog(options.log);
  const clock = { now: options.now ?? (() => 1_700_000_000_000) };
  const maps = createMaps({
    options: {
      mapWatchIntervalMs: 3_600_000,
      mapFileWatchMultiplier: 1,
      maps: { connectTimeoutMs: 500, readTimeoutMs: 500 },
      httpAuth: undefined,
    },
    stateDir: options.stateDir ?? '/nonexistent',
    log,
    clock,
    metrics: noMetrics,
    mode: 'check',
    ...(options.store ? { store: options.store } : {}),
  });
  const declared = new Map<string, SymbolDef>();
  const warnings: string[] = [];
  const closers: (() => void | Promise<void>)[] = [];
  const services: CheckServices = { ...options.services };
  const context: CheckContext<unknown, string> = {
    config: check.config.parse(config),
    options: {
      actions: builtinActions,
      checkLocal: undefined,
      checkAuthed: undefined,
      maxRecipients: 1024,
      maxUrls: 10_240,
      hostName: 'scanner.example',
      gtubePatterns: 'reject',
      historyRows: 200,
      ...options.global,
    },
    maps,
    selectors: createSelectors({ maps, hostName: 'scanner.example' }),
    dns: options.dns ?? tableResolver({}),
    store: options.store ?? unexpected<Store>('store'),
    records: options.records ?? unexpected<Records>('records'),
    clock,
    log,
    metrics: noMetrics,
    stateDir: options.stateDir ?? '/nonexistent',
    declare(name, def) {
      if (!declared.has(name)) declared.set(name, def);
      return name as DynamicSymbol;
    },
    rename(symbol, name, score) {
      const def = check.symbols[symbol]!;
      declared.set(name, score === undefined ? def : { ...def, score });
      return name as DynamicSymbol;
    },
    configError: (path, message, expected) =>
      new ConfigError({ message, path: [check.name, ...path].join('.'), expected }),
    warn: (path, message) => warnings.push(`${path.join('.')}: ${message}`),
    path: (...inside): ConfigPath => [check.name, ...inside],
    services,
    offer: (offered) => void Object.assign(services, offered),
    onClose: (close) => closers.push(close),
  };
  // As in the engine: a check that is off by default is built only where its section switches it on.
  const isOff = (context.config as { readonly enabled?: unknown }).enabled === false;
  const made = isOff ? undefined : check.create(context);
  await maps.ready();
  const list = made === undefined ? [] : typeof made === 'function' ? [{ run: made }] : made;
  const units: CheckUnit[] = Array.isArray(list) ? [...list] : [list as CheckUnit];
  const stageOf = (unit: CheckUnit): Stage => unit.stage ?? check.stage;
  const ordered = units.toSorted((a, b) => {
    const stage = stages.indexOf(stageOf(a)) - stages.indexOf(stageOf(b));
    return stage || (b.priority ?? check.priority ?? 0) - (a.priority ?? check.priority ?? 0);
  });
  return {
    units,
    declared,
    services,
    warnings,
    maps,
    async run(message = {}) {
      const { task, hits: present, preResults } = testTask(message);
      const hits: TestHit[] = [];
      const insert: InsertHit<string> = (symbol, weight = 1, ...hitOptions) => {
        hits.push({ symbol, weight, options: hitOptions });
        const def = declared.get(symbol) ?? check.symbols[symbol];
        const metricScore = def?.score ?? 0;
        present.set(symbol, {
          name: symbol,
          score: metricScore * weight,
          metricScore,
          description: def?.description,
          groups: def?.groups ?? [check.group],
          options: [...(present.get(symbol)?.options ?? []), ...hitOptions],
        });
      };
      for (const unit of ordered) await unit.run(task, insert);
      return { hits, symbols: [...new Set(hits.map((hit) => hit.symbol))].sort(), preResults, task };
    },
    async close() {
      for (const close of closers) await close();
      await maps.close();
    },
  };
}

/** Builds a check, runs it over one message and closes it. */
export async function runCheck(
  definition: CheckDefinition,
  config: Readonly<Record<string, unknown>>,
  message: TestMessage = {},
  options: CheckOptions = {},
): Promise<CheckRun> {
  const built = await buildCheck(definition, config, options);
  try {
    return await built.run(message);
  } finally {
    await built.close();
  }
}
