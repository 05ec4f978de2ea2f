import { z } from 'zod';
import type { CompositeConfig } from '../../core/index.ts';
import type { UclNode } from '../../ucl/index.ts';
import { flatten, namedSections } from '../flatten.ts';
import { type Reading, readSection, type SectionSpec } from '../section.ts';
import { texts } from './values.ts';

const policies = {
  default: 'remove_all',
  remove_all: 'remove_all',
  remove: 'remove_all',
  remove_symbol: 'remove_symbol',
  remove_weight: 'remove_weight',
  leave: 'leave',
  remove_none: 'leave',
} as const satisfies Record<string, CompositeConfig['policy']>;
type PolicyName = keyof typeof policies;

const composite = z.strictObject({
  expression: z.string().min(1),
  score: z.number().optional(),
  policy: z.enum(Object.keys(policies) as [PolicyName, ...PolicyName[]]).default('remove_all'),
  group: z.string().optional(),
  groups: texts.default([]),
  description: z.string().optional(),
  enabled: z.boolean().default(true),
});

const compositeSpec: SectionSpec<typeof composite> = {
  schema: composite,
  aliases: { weight: 'score' },
  // Dependencies between composites follow from their expressions.
  noCounterpart: ['depends_on', 'priority', 'one_shot', 'metric'],
};

/** Reads `composites { NAME { … } }` (config-format 12). */
export function readComposites(reading: Reading, values: readonly UclNode[]): readonly CompositeConfig[] {
  const result: CompositeConfig[] = [];
  for (const [name, sections] of namedSections(values)) {
    const path = ['composites', name];
    const wrong = sections.find((section) => section.kind !== 'object');
    if (wrong) {
      reading.findings.error(wrong.position, path, 'no composite', 'a section { expression = "…"; … }');
      continue;
    }
    const { value } = readSection(reading, compositeSpec, flatten(sections), path);
    if (!value) continue;
    const groups = [...(value.group ? [value.group] : []), ...value.groups];
    result.push({
      name,
      expression: value.expression,
      score: value.score,
      policy: policies[value.policy],
      groups: groups.length > 0 ? groups : ['composite'],
      description: value.description,
      enabled: value.enabled,
    });
  }
  return result;
}
