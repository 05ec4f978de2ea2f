import {
  type CheckContext,
  type CheckUnit,
  type DynamicSymbol,
  defineCheck,
  type InsertHit,
  type MapHandle,
  type MapKind,
  type ReceivedHop,
  type Task,
} from '../../core/index.ts';
import { parseIp } from '../../lib/index.ts';
import { type RelayOptions, type RelayRule, relayOptions } from './options.ts';
import {
  behindAddresses,
  behindNames,
  endOfLogins,
  type FindHop,
  firstFromOutside,
  nth,
} from './strategies.ts';

type Context = CheckContext<RelayOptions, never>;

export const externalRelay = defineCheck({
  name: 'external_relay',
  summary: 'Finds the real client of mail that came through own relays, in its Received fields.',
  details: [
    "Address, host name and HELO of the client are corrected for every check that follows, and the mail's direction is",
    'decided anew. The host name is the one that the relay verified.',
    '',
    '| `strategy` | Client |',
    '|---|---|',
    '| `authenticated` | of mail with a login: the first hop that was not authenticated |',
    '| `local` | of mail from a local address: the first hop from another, or the oldest |',
    '| `count` | of the Received field with that number |',
    '| `hostname_map` | of mail from a host in the map: the first hop that came from no such host, from relay to relay by the names that they verified |',
    '| `ip_map` | of mail from an address in the map: the first hop that came from no such address, or the oldest |',
    '',
    'Received fields below that of the last own relay can say anything: `count` and `local` trust that they are ours.',
  ].join('\n'),
  group: 'external_relay',
  stage: 'connfilter',
  direction: 'both',
  needs: ['headers'],
  config: relayOptions,
  symbols: {},
  create(context) {
    const units = Object.entries(context.config.rules).flatMap(([name, rule]) =>
      rule.enabled ? [compileRule(name, rule, context)] : [],
    );
    return units.length === 0 ? undefined : units;
  },
});

function compileRule(name: string, rule: RelayRule, context: Context): CheckUnit<never> {
  const symbol = context.declare(rule.symbol ?? name, { description: 'The client behind a relay was found' });
  const find = compileStrategy(name, rule, context);
  return {
    name: rule.symbol ?? name,
    priority: rule.priority,
    symbols: [symbol],
    run(task, hit) {
      const found = find(task);
      if (!(found instanceof Promise)) return apply(task, found, symbol, hit);
      return found.then((hop) => apply(task, hop, symbol, hit));
    },
  };
}

/** Options that belong to one strategy only. */
const ownOptions = {
  user_map: 'authenticated',
  count: 'count',
  hostname_map: 'hostname_map',
  ip_map: 'ip_map',
} as const;

function compileStrategy(name: string, rule: RelayRule, context: Context): FindHop {
  for (const [option, strategy] of Object.entries(ownOptions)) {
    const path = ['rules', name, option];
    if (rule[option as keyof typeof ownOptions] !== undefined && strategy !== rule.strategy)
      throw context.configError(path, `${option} belongs to strategy ${strategy}`);
  }
  const needed = <Value>(option: keyof typeof ownOptions, value: Value | undefined): Value => {
    if (value !== undefined) return value;
    throw context.configError(['rules', name], `strategy ${rule.strategy} needs ${option}`, option);
  };
  const open = (option: keyof typeof ownOptions, kind: MapKind): MapHandle =>
    context.maps.open(needed(option, rule[option]), kind, {
      description: `external_relay: ${name}`,
      path: context.path('rules', name, option),
    });
  switch (rule.strategy) {
    case 'authenticated':
      return endOfLogins(rule.user_map === undefined ? undefined : open('user_map', 'set'));
    case 'local':
      return firstFromOutside();
    case 'count':
      return nth(needed('count', rule.count));
    case 'hostname_map':
      return behindNames(open('hostname_map', 'hash'));
    case 'ip_map':
      return behindAddresses(open('ip_map', 'radix'));
  }
}

function apply(task: Task, hop: ReceivedHop | undefined, symbol: DynamicSymbol, hit: InsertHit<never>): void {
  const ip = hop?.fromIp === undefined ? undefined : parseIp(hop.fromIp);
  if (!hop || !ip) return;
  task.correctEnvelope({
    clientIp: ip,
    clientPort: undefined,
    clientSocketPath: undefined,
    hostName: hop.realName,
    helo: hop.fromName ?? `[${ip.text}]`,
  });
  hit(symbol);
}
