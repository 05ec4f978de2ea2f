import type { CheckDefinition, ConfigPath, Configuration, Direction } from '../../core/index.ts';
import { type Apply, configuredApply, mergeApply } from './apply.ts';
import { isRecord, type SettingsReader, type Values } from './reader.ts';

/** What holds for every message of one direction, below all other settings. */
export interface DirectionSettings {
  readonly inbound: Apply | undefined;
  readonly outbound: Apply | undefined;
}

/** Names that the sections may use. */
export interface DirectionNames {
  readonly checks: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
}

/** Every check and group there is: those of the configuration, and those that the checks declare. */
export function directionNames(
  definitions: readonly CheckDefinition[],
  configured: Iterable<string>,
): DirectionNames {
  const groups = new Set(configured);
  for (const { group, symbols } of definitions) {
    groups.add(group);
    for (const symbol of Object.values(symbols)) for (const name of symbol.groups ?? []) groups.add(name);
  }
  return { checks: new Set(definitions.map(({ name }) => name)), groups };
}

/** Names that are switched off in `{ NAME = off; NAME { enabled = no } }`. */
function switchedOff(
  section: unknown,
  path: ConfigPath,
  known: ReadonlySet<string>,
  reader: SettingsReader,
): readonly string[] {
  if (!isRecord(section)) {
    reader.problem(path, 'object expected', 'NAME = off, or NAME { enabled = no; }');
    return [];
  }
  const off: string[] = [];
  for (const [name, item] of Object.entries(section)) {
    const own = [...path, name];
    const [value, place] = isRecord(item) ? [item['enabled'], [...own, 'enabled']] : [item, own];
    const stray = isRecord(item) ? Object.keys(item).find((option) => option !== 'enabled') : undefined;
    if (!known.has(name))
      reader.problem(own, `there is no ${path.at(-1) === 'groups' ? 'group' : 'check'} "${name}"`);
    else if (stray !== undefined)
      reader.problem([...own, stray], `"${stray}" cannot differ by direction`, 'enabled = no');
    else if (reader.flag(value, place)) {
      // Nothing is off that this could switch on: what a direction leaves out by itself has options of its own.
      reader.problem(
        own,
        'everything that is not switched off runs',
        'off; checks that leave outbound mail alone have check_local and check_authed',
      );
    } else off.push(name);
  }
  return off;
}

function readDirection(
  direction: 'inbound' | 'outbound',
  section: Values,
  names: DirectionNames,
  reader: SettingsReader,
): Apply | undefined {
  const { enabled, groups, checks, ...rest } = section;
  if (enabled !== undefined && !reader.flag(enabled, [direction, 'enabled'])) return undefined;
  const off: Record<string, unknown> = {};
  if (groups !== undefined)
    off['groups_disabled'] = switchedOff(groups, [direction, 'groups'], names.groups, reader);
  if (checks !== undefined)
    off['checks_disabled'] = switchedOff(checks, [direction, 'checks'], names.checks, reader);
  const apply = mergeApply(configuredApply(rest, [direction], reader), off);
  return Object.keys(apply).length === 0 ? undefined : apply;
}

/** Reads the sections `inbound` and `outbound`: `apply` without rules and conditions, and names to switch off. */
export function readDirections(
  { inbound, outbound }: Configuration['directions'],
  names: DirectionNames,
  reader: SettingsReader,
): DirectionSettings {
  return {
    inbound: inbound && readDirection('inbound', inbound, names, reader),
    outbound: outbound && readDirection('outbound', outbound, names, reader),
  };
}

/** The part of the settings that a direction brings along. */
export function applyOf(settings: DirectionSettings, { isOutbound }: Direction): Apply | undefined {
  return isOutbound ? settings.outbound : settings.inbound;
}
