import type { CheckContext, CheckUnit, InsertHit, MapHandle, MapKind, Task } from '../../core/index.ts';
import { type IpAddress, reversedIp } from '../../lib/index.ts';
import { compileAnswers } from './answers.ts';
import { Asking, type ListCounters } from './asking.ts';
import type { ListHealth } from './health.ts';
import { ruleKinds, ruleSwitches } from './kinds.ts';
import { nameEncoder } from './name-hash.ts';
import { isQuestion, maxNameLength } from './names.ts';
import type { CheckKind, Config, RuleOptions } from './options.ts';
import { QuestionTable } from './question-table.ts';
import type { ScanStates } from './scan-state.ts';
import { selectorSymbols } from './selector-parts.ts';
import { ruleSources, type Sink, type Source } from './sources.ts';
import type { StockSymbol } from './stock-symbols.ts';
import { listSymbols } from './symbols.ts';

type Context = CheckContext<Config, StockSymbol>;

/** What all lists of a configuration share. */
export interface Shared {
  readonly context: Context;
  readonly states: ScanStates;
  readonly healthOf: (
    name: string,
    options: RuleOptions,
    kinds: ReadonlySet<CheckKind>,
  ) => ListHealth | undefined;
  readonly counters: ListCounters;
  readonly localExclusions: MapHandle | undefined;
  readonly disabledZones: MapHandle | undefined;
  readonly urlWhitelist: MapHandle | undefined;
  /** How long one list may take for one message. */
  readonly limitMs: number;
}

/** One compiled list. */
export interface CompiledRule {
  readonly name: string;
  readonly unitName: string;
  readonly isAllowList: boolean;
  /** What other lists find counts only when this list does not protect it. */
  readonly heedsAllowLists: boolean;
  /** Symbols that must have been decided before. */
  readonly after: readonly string[];
  units(after: readonly string[]): readonly CheckUnit<StockSymbol>[];
}

/**
 * Opens a map that is looked up while names are gathered.
 * @throws ConfigError
 */
export function openLocalMap(
  context: Context,
  spec: unknown,
  kind: MapKind,
  description: string,
  path: readonly (string | number)[],
): MapHandle {
  const map = context.maps.open(spec, kind, { description, path: context.path(...path) });
  if (map.isExternal) throw context.configError(path, 'a map that asks another server cannot be used here');
  return map;
}

const zonePattern = /^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})+\.?$/i;
const domainKinds: readonly CheckKind[] = ['urls', 'emails', 'dkim', 'replyto'];
const nothing: readonly Source[] = [];

/** Maps that keep names from being looked up. */
function openWhitelist(
  name: string,
  options: RuleOptions,
  kinds: ReadonlySet<CheckKind>,
  { context, urlWhitelist }: Shared,
): MapHandle | undefined {
  const ofAddresses = kinds.has('from') || kinds.has('received');
  if (options.whitelist !== undefined)
    return openLocalMap(context, options.whitelist, ofAddresses ? 'radix' : 'set', `whitelist of ${name}`, [
      'rbls',
      name,
      'whitelist',
    ]);
  if (options.ignore_url_whitelist || ofAddresses || !domainKinds.some((kind) => kinds.has(kind)))
    return undefined;
  if (options.url_whitelist === undefined) return urlWhitelist;
  return openLocalMap(context, options.url_whitelist, 'set', `whitelist of ${name}`, [
    'rbls',
    name,
    'url_whitelist',
  ]);
}

/**
 * Compiles a list; undefined when it is switched off.
 * @throws ConfigError
 */
export function compileRule(name: string, options: RuleOptions, shared: Shared): CompiledRule | undefined {
  const { context, states, counters } = shared;
  const switches = ruleSwitches(options, context.config);
  if (!switches.enabled) return undefined;
  const fail = (option: string, message: string): Error =>
    context.configError(['rbls', name, option], message);
  if (options.rbl === undefined) {
    // What is left of a list that used to be stock: Rspamd goes on without it, too.
    context.warn(['rbls', name], `list ${name} has no \`rbl\`, its zone; it is left out`);
    return undefined;
  }
  if (!zonePattern.test(options.rbl)) throw fail('rbl', `"${options.rbl}" is no name of a zone`);
  if (options.process_script !== undefined)
    throw fail('process_script', 'process_script is Lua, which is not run here');
  if (options.local_exclude_ip_map !== undefined)
    throw fail(
      'local_exclude_ip_map',
      '`local_exclude_ip_map` belongs into the section `rbl`, not into a rule',
    );
  const zone = options.rbl.replace(/\.$/, '').toLowerCase();
  const kinds = ruleKinds(name, options, context);
  const codes = compileAnswers(name, options, context);
  const symbols = listSymbols(options.symbol ?? name.toUpperCase(), options, codes, context);
  const encode = nameEncoder(options);
  const ignoresWhitelists = options.ignore_whitelist ?? options.ignore_whitelists ?? false;
  const whitelist = ignoresWhitelists ? undefined : openWhitelist(name, options, kinds, shared);
  const health = shared.healthOf(name, options, kinds);
  const { localExclusions, disabledZones } = shared;
  const isLocalAddress = (ip: IpAddress): boolean =>
    (context.options.isLocalAddress?.(ip) ?? false) || localExclusions?.lookup(ip) !== undefined;
  const sources = ruleSources({ key: name, options, switches, kinds, context, isLocalAddress });
  const heedsAllowLists = !options.is_whitelist && !ignoresWhitelists;

  const asking = new Asking({
    name,
    zone,
    symbols,
    codes,
    encode,
    health,
    counters,
    resolvesAddresses: options.resolve_ip,
    ipv4: switches.ipv4,
    ipv6: switches.ipv6,
    tellsUnknown: switches.tellsUnknown,
    mergesPlaces: options.merge_checks,
    isAllowList: options.is_whitelist,
    heedsAllowLists,
    dns: context.dns,
    log: context.log,
    limitMs: shared.limitMs,
  });

  const isExcluded = ({ direction, envelope }: Task): boolean => {
    if (switches.excludesUsers && direction.isAuthenticated) return true;
    if (!switches.excludesLocal) return false;
    const { clientIp } = envelope;
    return direction.isLocal || (clientIp !== undefined && localExclusions?.lookup(clientIp) !== undefined);
  };

  const roomForName = maxNameLength - (options.resolve_ip ? 0 : zone.length + 1);

  /** Gathers names and asks; returns undefined when there is nothing to ask. */
  const look = (
    task: Task,
    hit: InsertHit<StockSymbol>,
    from: readonly Source[],
  ): Promise<void> | undefined => {
    if (isExcluded(task)) return undefined;
    if (options.require_symbols.some((symbol) => !task.result.has(symbol))) return undefined;
    if (disabledZones?.lookup(zone) !== undefined) return undefined;
    const state = states.of(task);
    const table = new QuestionTable();
    const sink: Sink = {
      state,
      isAllowed: (domain) => whitelist?.lookup(domain) !== undefined,
      name(written, label) {
        const text = written.endsWith('.') ? written.replace(/\.+$/, '') : written;
        if (text === '' || whitelist?.lookup(text) !== undefined) return;
        // The zone is well-formed; so is the whole when what stands before it is.
        const asked = (options.resolve_ip ? text : encode(text)).toLowerCase();
        if (!isQuestion(asked, roomForName)) return;
        if (options.resolve_ip) table.add(asked, text, label, 'host');
        else table.add(`${asked}.${zone}`, text, label);
      },
      address(address, label) {
        if (whitelist?.lookup(address) !== undefined) return;
        table.add(`${encode(reversedIp(address))}.${zone}`.toLowerCase(), address.text, label);
      },
    };
    for (const source of from) source(task, sink);
    if (table.size === 0 || (health && !health.mayAsk())) return undefined;
    return asking.ask(task, hit, table.values(), state);
  };

  const needed = [
    ...options.require_symbols,
    ...Object.values(
      typeof options.selector === 'string' ? [options.selector] : (options.selector ?? {}),
    ).flatMap(selectorSymbols),
  ];
  const unit = (from: readonly Source[], after: readonly string[]): CheckUnit<StockSymbol> => ({
    name: symbols.unit,
    symbols: symbols.all,
    waits: true,
    needs: [],
    after,
    run: (task, hit) => look(task, hit, from),
  });
  return {
    name,
    unitName: symbols.unit,
    isAllowList: options.is_whitelist,
    heedsAllowLists,
    after: needed,
    units: (after) => {
      const units: CheckUnit<StockSymbol>[] = [];
      // Whatever does not need DKIM is asked at once, and not only when the last signature is verified.
      if (sources.now.length > 0) units.push(unit(sources.now, after));
      if (sources.dkim.length > 0) units.push(unit(sources.dkim, [...after, 'DKIM_CHECK']));
      return units.length > 0 ? units : [unit(nothing, after)];
    },
  };
}
