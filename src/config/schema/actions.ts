import { z } from 'zod';
import { type ActionDef, builtinActions, normaliseActionName } from '../../core/index.ts';
import type { UclEntry, UclObject } from '../../ucl/index.ts';
import { firstNode } from '../flatten.ts';
import { nearest } from '../nearest.ts';
import { type Reading, readSection, type SectionSpec } from '../section.ts';

type Flag = 'no_threshold' | 'threshold_only' | 'ham';

/** What `actions { … }` says besides the thresholds. */
const general = z.strictObject({
  subject: z.string().default('*** SPAM *** %s'),
  unknown_weight: z.number().optional(),
  grow_factor: z.number().default(1),
});

const detailed = z.strictObject({
  score: z.number().optional(),
  flags: z.array(z.enum(['no_threshold', 'threshold_only', 'ham'])).default([]),
  milter: z.enum(['discard', 'quarantine']).optional(),
});
const detailedSpec: SectionSpec<typeof detailed> = {
  schema: detailed,
  aliases: { threshold: 'score' },
  noCounterpart: ['description', 'priority'],
};

/** Flags that built-in actions have until the configuration gives them a value (config-format 10.2). */
const startFlags: Readonly<Record<string, readonly Flag[]>> = {
  'soft reject': ['no_threshold', 'ham'],
  greylist: ['threshold_only', 'ham'],
  'no action': ['ham'],
};

/** From harmless to harmful: thresholds are expected to rise in this order. */
const order = ['no action', 'greylist', 'add header', 'rewrite subject', 'quarantine', 'reject', 'discard'];

export interface ActionSettings {
  readonly actions: readonly ActionDef[];
  readonly subject: string;
  readonly unknownWeight: number | undefined;
  readonly growFactor: number;
}

/** Reads `actions { … }`: thresholds by name, `null` for none, objects for more (config-format 10.1). */
export function readActions(reading: Reading, section: UclObject): ActionSettings {
  const rest = new Map<string, UclEntry>();
  const defs = new Map<string, ActionDef>();
  for (const name of builtinActions) defs.set(name, builtinAction(name, startFlags[name] ?? []));
  for (const [key, entry] of section.entries) {
    if (Object.hasOwn(general.shape, key)) rest.set(key, entry);
    else if (key === 'metric' || key === 'name') continue;
    else {
      const name = normaliseActionName(key);
      const def = readAction(reading, name, key, entry, defs.has(name));
      if (def) defs.set(name, def);
    }
  }
  const settings = readSection(reading, { schema: general }, { ...section, entries: rest }, [
    'actions',
  ]).value;
  const actions = [...defs.values()];
  warnAboutOrder(reading, actions, section);
  return {
    actions,
    subject: settings?.subject ?? '*** SPAM *** %s',
    unknownWeight: settings?.unknown_weight,
    growFactor: settings?.grow_factor ?? 1,
  };
}

function builtinAction(name: string, flags: readonly Flag[]): ActionDef {
  return { name, threshold: undefined, flags: new Set(flags) };
}

function readAction(
  reading: Reading,
  name: string,
  key: string,
  entry: UclEntry,
  isKnown: boolean,
): ActionDef | undefined {
  const node = firstNode(entry);
  const path = ['actions', key];
  if (node.kind === 'object') {
    const { value } = readSection(reading, detailedSpec, node, path);
    if (!value) return undefined;
    const { score, flags, milter } = value;
    const all = new Set<Flag>(score === undefined ? [...flags, 'no_threshold'] : flags);
    return { name, threshold: score, flags: all, milter };
  }
  if (!isKnown) {
    const near = nearest(name, builtinActions);
    reading.findings.error(
      node.keyPosition ?? node.position,
      path,
      `unknown action \`${key}\`${near ? `, did you mean \`${near.replaceAll(' ', '_')}\`?` : ''}`,
      `one of ${builtinActions.map((action) => action.replaceAll(' ', '_')).join(', ')}; a new one is a section { score = … }`,
    );
    return undefined;
  }
  const value = node.kind === 'scalar' ? node.value : undefined;
  if (value === null) return builtinAction(name, ['no_threshold']);
  if (typeof value === 'number' && Number.isFinite(value))
    return { name, threshold: value, flags: new Set() };
  reading.findings.error(node.position, path, 'no threshold', 'a number, null or a section { score = … }');
  return undefined;
}

function warnAboutOrder(reading: Reading, actions: readonly ActionDef[], section: UclObject): void {
  let highest: ActionDef | undefined;
  for (const name of order) {
    const action = actions.find((def) => def.name === name);
    if (action?.threshold === undefined) continue;
    if (highest?.threshold !== undefined && action.threshold <= highest.threshold) {
      const entry = section.entries.get(name.replaceAll(' ', '_')) ?? section.entries.get(name);
      const node = entry && firstNode(entry);
      reading.findings.notice(
        node?.position,
        ['actions', name.replaceAll(' ', '_')],
        `the threshold ${action.threshold} is not above that of \`${highest.name}\` (${highest.threshold})`,
      );
    }
    if (highest?.threshold === undefined || action.threshold > highest.threshold) highest = action;
  }
}
