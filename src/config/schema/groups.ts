import { z } from 'zod';
import type { GroupConfig, SourcePosition, SymbolConfig } from '../../core/index.ts';
import type { UclEntry, UclNode, UclObject } from '../../ucl/index.ts';
import { flatten, namedSections } from '../flatten.ts';
import { type Reading, readSection, type SectionSpec } from '../section.ts';
import { texts } from './values.ts';

const group = z.strictObject({
  max_score: z.number().optional().describe('Cap of the sum of its symbols'),
  min_score: z.number().optional().describe('Cap on the negative side'),
  one_shot: z.boolean().optional(),
  enabled: z.boolean().optional(),
  disabled: z.boolean().optional(),
  description: z.string().optional(),
});
const groupSpec: SectionSpec<typeof group> = { schema: group, noCounterpart: ['public', 'name', 'metric'] };

const symbol = z.strictObject({
  score: z.number().optional(),
  description: z.string().optional(),
  one_shot: z.boolean().optional(),
  any_shot: z.boolean().optional(),
  nshots: z.int().positive().optional(),
  one_param: z.boolean().optional(),
  enabled: z.boolean().optional(),
  group: z.string().optional(),
  groups: texts.optional(),
});
/** One symbol of a group (config-format 11.1). */
export const symbolSpec: SectionSpec<typeof symbol> = {
  schema: symbol,
  aliases: { weight: 'score' },
  noCounterpart: ['ignore', 'priority', 'metric', 'name', 'public', 'nice', 'url'],
};

type SymbolSection = z.output<typeof symbol>;
type GroupSection = z.output<typeof group>;

/** Values of fields with the priority of the file that gave them: the higher wins, the later on a tie. */
class Layered<T extends object> {
  readonly #values: Partial<T> = {};
  readonly #priorities: Partial<Record<keyof T, number>> = {};

  add(section: T, priorityOf: (key: string) => number): void {
    for (const key of Object.keys(section) as (keyof T & string)[]) {
      const priority = priorityOf(key);
      const old = this.#priorities[key];
      if (section[key] === undefined || (old !== undefined && priority < old)) continue;
      this.#values[key] = section[key];
      this.#priorities[key] = priority;
    }
  }

  get values(): Partial<T> {
    return this.#values;
  }
}

interface SymbolLayers {
  readonly fields: Layered<SymbolSection>;
  readonly groups: Set<string>;
  position: SourcePosition | undefined;
}

/** Groups and symbols while they are gathered from all the places that may define them. */
export class MetricReader {
  readonly #reading: Reading;
  readonly #groups = new Map<string, Layered<GroupSection>>();
  readonly #symbols = new Map<string, SymbolLayers>();

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  /** `group "name" { … }` in all repetitions; also the older `group { name = "…"; … }`. */
  addGroups(values: readonly UclNode[]): void {
    for (const value of values) {
      const name = value.kind === 'object' ? value.entries.get('name')?.values[0] : undefined;
      if (value.kind === 'object' && name?.kind === 'scalar') this.#addGroup(name.text, value);
      else
        for (const [key, sections] of namedSections([value]))
          for (const section of sections) {
            if (section.kind === 'object') this.#addGroup(key, section);
            else
              this.#reading.findings.error(
                section.position,
                ['group', key],
                'no group',
                'group "name" { … }',
              );
          }
    }
  }

  #addGroup(name: string, section: UclObject): void {
    const layers = this.#groups.get(name) ?? new Layered<GroupSection>();
    this.#groups.set(name, layers);
    const own = new Map<string, UclEntry>();
    for (const [key, entry] of section.entries) {
      if (key === 'symbols' || key === 'symbol') this.addSymbols(entry.values, name);
      else own.set(key, entry);
    }
    const { value } = readSection(this.#reading, groupSpec, { ...section, entries: own }, ['group', name]);
    if (value) layers.add(value, (key) => own.get(key)?.values[0]?.priority ?? 0);
  }

  /** `symbols { NAME { … } }`, or a bare score for a name. */
  addSymbols(values: readonly UclNode[], groupName: string): void {
    for (const [name, sections] of namedSections(values)) {
      const path = ['group', groupName, 'symbols', name];
      const layers = this.#layersOf(name);
      layers.groups.add(groupName);
      const objects = sections.filter((section) => section.kind === 'object');
      if (objects.length > 0) this.#addSymbol(layers, flatten(objects), path);
      for (const section of sections) {
        if (section.kind === 'object') continue;
        if (section.kind === 'scalar' && typeof section.value === 'number') this.setScore(name, section);
        else
          this.#reading.findings.error(
            section.position,
            path,
            'no symbol definition',
            'a section { score = … }',
          );
      }
    }
  }

  /** A bare score, as the controller saves them. */
  setScore(name: string, node: UclNode): void {
    if (node.kind !== 'scalar' || typeof node.value !== 'number') {
      this.#reading.findings.error(node.position, ['symbols', name], 'no score', 'a number');
      return;
    }
    const layers = this.#layersOf(name);
    layers.fields.add({ score: node.value }, () => node.priority);
    layers.position = node.position;
  }

  #layersOf(name: string): SymbolLayers {
    const known = this.#symbols.get(name);
    if (known) return known;
    const layers: SymbolLayers = { fields: new Layered(), groups: new Set(), position: undefined };
    this.#symbols.set(name, layers);
    return layers;
  }

  #addSymbol(layers: SymbolLayers, section: UclObject, path: readonly string[]): void {
    const { value } = readSection(this.#reading, symbolSpec, section, path);
    if (!value) return;
    const nodeOf = (key: string): UclNode | undefined =>
      (section.entries.get(key) ?? (key === 'score' ? section.entries.get('weight') : undefined))?.values[0];
    layers.fields.add(value, (key) => nodeOf(key)?.priority ?? 0);
    layers.position = nodeOf('score')?.position ?? layers.position ?? section.position;
    if (value.group) layers.groups.add(value.group);
    for (const name of value.groups ?? []) layers.groups.add(name);
  }

  get groups(): ReadonlyMap<string, GroupConfig> {
    const result = new Map<string, GroupConfig>();
    for (const [name, layers] of this.#groups) {
      const { max_score, min_score, one_shot, enabled, disabled, description } = layers.values;
      result.set(name, {
        maxScore: max_score,
        minScore: min_score,
        oneShot: one_shot ?? false,
        enabled: (enabled ?? true) && disabled !== true,
        description,
      });
    }
    return result;
  }

  get symbols(): ReadonlyMap<string, SymbolConfig> {
    const result = new Map<string, SymbolConfig>();
    for (const [name, { fields, groups }] of this.#symbols) {
      const { score, description, one_shot, any_shot, nshots, one_param, enabled } = fields.values;
      result.set(name, {
        score,
        description,
        groups: [...groups].filter((group) => group !== ungrouped || groups.size === 1),
        oneShot: one_shot,
        maxShots: one_shot ? 1 : any_shot ? Number.POSITIVE_INFINITY : nshots,
        oneParam: one_param ?? false,
        enabled: enabled ?? true,
      });
    }
    return result;
  }

  /** Where the score of each symbol was written. */
  get positions(): ReadonlyMap<string, SourcePosition> {
    const result = new Map<string, SourcePosition>();
    for (const [name, { position }] of this.#symbols) if (position) result.set(name, position);
    return result;
  }
}

/** Group of symbols that were defined outside any group (config-format 4). */
export const ungrouped = 'ungrouped';
