import {
  type CheckContext,
  type CheckDefinition,
  type CheckServices,
  type CheckUnit,
  type Clock,
  ConfigError,
  type ConfigPath,
  type Configuration,
  type DynamicSymbol,
  type GlobalOptions,
  type InsertHit,
  type LocalAddresses,
  type Log,
  type Maps,
  type Metrics,
  type NeededView,
  type Records,
  type Resolver,
  type Section,
  type Selectors,
  type Stage,
  type Stores,
  type SymbolDef,
  type Task,
} from '../core/index.ts';
import { isIntrinsicallyLocal } from '../lib/index.ts';
import type { Metric } from './metric.ts';

/** A unit of a check with everything filled in, at its place in the plan. */
export interface PlannedUnit {
  readonly index: number;
  readonly name: string;
  readonly check: string;
  readonly group: string;
  readonly stage: Stage;
  readonly priority: number;
  readonly symbols: readonly string[];
  readonly waits: boolean;
  readonly alwaysRun: boolean;
  readonly ignorePassthrough: boolean;
  readonly needs: readonly NeededView[];
  readonly direction: 'both' | 'inbound' | 'outbound';
  readonly after: readonly string[];
  run(task: Task, hit: InsertHit<string>): void | Promise<void>;
}

/** Rooms that checks reach through their context. */
export interface CheckPorts {
  readonly maps: Maps;
  readonly selectors: Selectors;
  readonly dns: Resolver;
  readonly stores: Stores;
  readonly records: Records;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Who tells what checks find odd about a configuration: one process of the server, not each. */
  readonly loadWarnings: 'tell' | 'hush';
}

/** Units that run together: those that wait are started before the others compute. */
export interface Step {
  readonly waiting: readonly PlannedUnit[];
  readonly computing: readonly PlannedUnit[];
}

/** Units by stage, in the order they start. */
export interface Plan {
  readonly units: readonly PlannedUnit[];
  /** Per stage: groups that run one after another; members of a group run together. */
  readonly steps: Readonly<Record<Stage, readonly Step[]>>;
  /** What checks let administrators do. */
  readonly services: CheckServices;
  close(): Promise<void>;
}

type AnyCheck = CheckDefinition<CheckDefinition['config'], string>;

/** Parts of `options` that checks may read. */
export function globalOptions(
  configuration: Configuration,
  hostName: string,
  localAddresses: LocalAddresses,
): GlobalOptions {
  const { options } = configuration;
  return {
    actions: configuration.actions.map(({ name }) => name),
    checkLocal: options.checkLocal,
    checkAuthed: options.checkAuthed,
    maxRecipients: options.maxRecipients,
    maxUrls: options.maxUrls,
    hostName,
    gtubePatterns: options.gtubePatterns,
    historyRows: options.historyRows,
    taskTimeoutMs: configuration.normal.taskTimeoutMs ?? options.taskTimeoutMs,
    ...(options.dnsMaxRequests !== undefined && { maxDnsRequests: options.dnsMaxRequests }),
    ...(options.statistics !== undefined && { statistics: options.statistics }),
    ...(options.disableMonitoring !== undefined && { isMonitoringOff: options.disableMonitoring }),
    isLocalAddress: (ip) => isIntrinsicallyLocal(ip) || localAddresses.has(ip),
  };
}

/** By the section, or because the check is off until its section says otherwise. */
function isSwitchedOff(check: AnyCheck, configuration: Configuration): boolean {
  const options = configuration.modules.get(check.name);
  return (
    configuration.sections.get(check.name)?.['enabled'] === false ||
    (options as { readonly enabled?: unknown } | undefined)?.enabled === false ||
    configuration.options.disabledModules.includes(check.name)
  );
}

/**
 * Builds every check of a configuration once.
 *
 * @throws ConfigError with the problems of all checks
 */
export function buildPlan(
  checks: readonly AnyCheck[],
  configuration: Configuration,
  metric: Metric,
  ports: CheckPorts,
  options: GlobalOptions,
): Plan {
  const units: PlannedUnit[] = [];
  const closers: (() => void | Promise<void>)[] = [];
  const services: CheckServices = {};
  const problems: ConfigError['problems'][number][] = [];
  for (const check of checks) {
    if (isSwitchedOff(check, configuration)) continue;
    try {
      units.push(
        ...buildCheck(check, configuration, metric, ports, options, closers, services, units.length),
      );
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  const steps = {
    connfilter: byPriority(units, 'connfilter'),
    prefilter: byPriority(units, 'prefilter'),
    filter: byDependency(inStage(units, 'filter')),
    classifier: byDependency(inStage(units, 'classifier')),
    postfilter: byPriority(units, 'postfilter'),
    final: byPriority(units, 'final'),
    idempotent: byPriority(units, 'idempotent'),
  };
  return {
    units,
    steps,
    services,
    close: async () => {
      for (const close of closers) await close();
    },
  };
}

function buildCheck(
  check: AnyCheck,
  configuration: Configuration,
  metric: Metric,
  ports: CheckPorts,
  options: GlobalOptions,
  closers: (() => void | Promise<void>)[],
  services: CheckServices,
  firstIndex: number,
): PlannedUnit[] {
  const declared: string[] = [];
  const renamed = new Set<string>();
  const declare = (name: string, def: SymbolDef): DynamicSymbol => {
    metric.declare(name, def, check.group);
    if (!declared.includes(name)) declared.push(name);
    return name as DynamicSymbol;
  };
  const log = ports.log.child({ module: check.name });
  const context: CheckContext<unknown, string> = {
    config: configuration.modules.get(check.name),
    options,
    maps: ports.maps,
    selectors: ports.selectors,
    dns: ports.dns,
    store: ports.stores.forModule(check.name, storeSection(check, configuration)),
    records: ports.records,
    clock: ports.clock,
    log,
    metrics: ports.metrics,
    stateDir: configuration.stateDir,
    declare,
    rename: (symbol, name, score) => {
      const def = check.symbols[symbol] ?? { description: '' };
      if (symbol === name) {
        if (score !== undefined) metric.redeclare(name, { ...def, score }, check.group);
        return name as DynamicSymbol;
      }
      renamed.add(symbol);
      return declare(name, score === undefined ? def : { ...def, score });
    },
    configError: (path, message, expected) => {
      const whole = [check.name, ...path];
      return new ConfigError({
        message,
        expected,
        path: formatPath(whole),
        position: configuration.position(whole),
      });
    },
    warn: (path, message) => {
      const position = configuration.position([check.name, ...path]);
      log[ports.loadWarnings === 'tell' ? 'warn' : 'debug'](message, {
        option: formatPath([check.name, ...path]),
        ...(position && { at: `${position.file}:${position.line}` }),
      });
    },
    path: (...inside) => [check.name, ...inside],
    services,
    offer: (offered) => void Object.assign(services, offered),
    onClose: (close) => closers.push(close),
  };
  const created = check.create(context);
  // After `create`, so that an option of the check may give one of these symbols another score.
  for (const [name, def] of Object.entries(check.symbols)) metric.declare(name, def, check.group);
  if (created === undefined) return [];
  const list: readonly CheckUnit[] =
    typeof created === 'function'
      ? [{ run: created }]
      : Array.isArray(created)
        ? created
        : [created as CheckUnit];
  const fixed = Object.keys(check.symbols).filter((name) => !renamed.has(name));
  const all = [...new Set([...fixed, ...declared])];
  return list.map((unit, offset) => ({
    index: firstIndex + offset,
    name: unit.name ?? check.name.toUpperCase(),
    check: check.name,
    group: check.group,
    stage: unit.stage ?? check.stage,
    priority: unit.priority ?? check.priority ?? 0,
    symbols: unit.symbols ?? all,
    waits: unit.waits ?? false,
    alwaysRun: unit.alwaysRun ?? false,
    ignorePassthrough: unit.ignorePassthrough ?? false,
    needs: unit.needs ?? check.needs,
    direction: check.direction,
    after: unit.after ?? [],
    run: unit.run.bind(unit),
  }));
}

/** The part of a check's section that may name a store. */
function storeSection(
  { name, servers, storeKey }: AnyCheck,
  { sections }: Configuration,
): Section | undefined {
  const whole = sections.get(name);
  if (storeKey !== undefined) {
    const inner = whole?.[storeKey];
    return (Array.isArray(inner) ? inner[0] : inner) as Section | undefined;
  }
  return whole && servers === 'own' ? { redis: whole['redis'] } : whole;
}

/** `ratelimit.rates.user_hour.bucket[0].rate` */
export function formatPath(path: ConfigPath): string {
  return path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? key : `${text}.${key}`),
    '',
  );
}

function toStep(units: readonly PlannedUnit[]): Step {
  return { waiting: units.filter((unit) => unit.waits), computing: units.filter((unit) => !unit.waits) };
}

function inStage(units: readonly PlannedUnit[], stage: Stage): readonly PlannedUnit[] {
  return units.filter((unit) => unit.stage === stage).sort((a, b) => b.priority - a.priority);
}

/** Units of a stage one priority after another, highest first; within one, by what they need. */
function byPriority(units: readonly PlannedUnit[], stage: Stage): readonly Step[] {
  const groups = Map.groupBy(inStage(units, stage), (unit) => unit.priority);
  return [...groups.values()].flatMap(byDependency);
}

/** Units grouped so that whatever a unit needs is in an earlier group. */
function byDependency(members: readonly PlannedUnit[]): readonly Step[] {
  const providers = new Map<string, PlannedUnit>();
  for (const unit of members) for (const name of [unit.name, ...unit.symbols]) providers.set(name, unit);
  const levels = new Map<PlannedUnit, number>();
  const levelOf = (unit: PlannedUnit, seen: ReadonlySet<PlannedUnit>): number => {
    const known = levels.get(unit);
    if (known !== undefined) return known;
    let level = 0;
    for (const name of unit.after) {
      const provider = providers.get(name);
      if (!provider || provider === unit || seen.has(provider)) continue;
      level = Math.max(level, levelOf(provider, new Set(seen).add(unit)) + 1);
    }
    levels.set(unit, level);
    return level;
  };
  const groups: PlannedUnit[][] = [];
  for (const unit of members) (groups[levelOf(unit, new Set())] ??= []).push(unit);
  return groups.filter((group) => group !== undefined).map(toStep);
}
