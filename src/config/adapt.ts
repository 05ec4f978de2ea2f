import type { z } from 'zod';
import { parseNumber, setOwn, toPlain, type UclNode, type UclObject } from '../ucl/index.ts';
import { flatten } from './flatten.ts';
import { type AnySchema, alternatives } from './schema-walk.ts';

/**
 * Turns UCL values into the plain value that a schema wants to see. UCL guesses types and repeats keys, so what the
 * option is for decides (docs/configuration.md, "How values are read"):
 *
 * - a list is wanted: repeated keys are its elements, and a single value is a list of one;
 * - a single value is wanted and the key is repeated: the first counts;
 * - an object is wanted and the section is repeated: their keys are put together;
 * - text is wanted and UCL saw a number or a boolean: the text as written;
 * - a number or boolean is wanted and the value is quoted: it is read as if it were not.
 *
 * Whatever does not fit is handed on as it is, for the schema to refuse.
 */
export function adapt(schema: z.core.$ZodType, values: readonly UclNode[]): unknown {
  const choices = alternatives(schema);
  const choice = choices.length === 1 ? choices[0]! : choose(choices, values);
  return choice ? adaptTo(choice, values) : plain(values);
}

function adaptTo(schema: AnySchema, values: readonly UclNode[]): unknown {
  const { def } = schema._zod;
  switch (def.type) {
    case 'array':
      return listOf(values).map((item) => adapt(def.element, [item]));
    case 'tuple':
      return listOf(values).map((item, index) => {
        const inner = def.items[index] ?? def.rest;
        return inner ? adapt(inner, [item]) : toPlain(item);
      });
    case 'object':
      return adaptObject(values, (key) => (Object.hasOwn(def.shape, key) ? def.shape[key] : def.catchall));
    case 'record':
      return adaptObject(values, () => def.valueType);
    default:
      return adaptScalar(schema, values[0]!);
  }
}

function adaptObject(
  values: readonly UclNode[],
  schemaOf: (key: string) => z.core.$ZodType | undefined,
): unknown {
  const objects = values.filter((value): value is UclObject => value.kind === 'object');
  if (objects.length !== values.length) return plain(values);
  const result: Record<string, unknown> = {};
  for (const [key, entry] of flatten(objects).entries) {
    const inner = schemaOf(key);
    setOwn(result, key, inner ? adapt(inner, entry.values) : plain(entry.values));
  }
  return result;
}

function adaptScalar(schema: AnySchema, node: UclNode): unknown {
  if (node.kind !== 'scalar') return toPlain(node);
  const { def } = schema._zod;
  const { value, text } = node;
  switch (def.type) {
    case 'string':
      return typeof value === 'number' || typeof value === 'boolean' ? text : value;
    case 'number':
      return typeof value === 'string' ? (parseNumber(value)?.value ?? value) : value;
    case 'boolean':
      if (value === 0 || value === 1) return value === 1;
      if (typeof value === 'string' && /^(?:true|yes|on)$/i.test(value)) return true;
      return typeof value === 'string' && /^(?:false|no|off)$/i.test(value) ? false : value;
    case 'enum':
      return typeof value !== 'string' && Object.values(def.entries).includes(text) ? text : value;
    case 'literal':
      return typeof value !== 'string' && def.values.includes(text) ? text : value;
    default:
      return value;
  }
}

/** The alternative that fits the kind of value best; undefined: none does. */
function choose(choices: readonly AnySchema[], values: readonly UclNode[]): AnySchema | undefined {
  const first = values[0]!;
  const lists = choices.filter(isListSchema);
  const objects = choices.filter(isObjectSchema);
  if (values.length > 1 && lists.length > 0) return lists[0];
  if (first.kind === 'array') return lists[0];
  if (first.kind === 'object')
    return fitting(objects, values) ?? objects[0] ?? (lists[0] as AnySchema | undefined);
  const scalars = choices.filter((choice) => !isListSchema(choice) && !isObjectSchema(choice));
  return (
    scalars.find((choice) => accepts(choice, first.value)) ??
    scalars.find((choice) => accepts(choice, adaptScalar(choice, first))) ??
    lists.find((choice) => accepts(choice, adaptTo(choice, values))) ??
    scalars[0]
  );
}

function fitting(choices: readonly AnySchema[], values: readonly UclNode[]): AnySchema | undefined {
  return choices.length === 1
    ? choices[0]
    : choices.find((choice) => accepts(choice, adaptTo(choice, values)));
}

function accepts(schema: AnySchema, value: unknown): boolean {
  return (schema as unknown as z.ZodType).safeParse(value).success;
}

function isListSchema(schema: AnySchema): boolean {
  const { type } = schema._zod.def;
  return type === 'array' || type === 'tuple';
}

function isObjectSchema(schema: AnySchema): boolean {
  const { type } = schema._zod.def;
  return type === 'object' || type === 'record' || type === 'intersection';
}

/** Elements of a list: of the array, or of every array when the key was repeated, or the values themselves. */
function listOf(values: readonly UclNode[]): readonly UclNode[] {
  return values.flatMap((value) => (value.kind === 'array' ? value.items : [value]));
}

function plain(values: readonly UclNode[]): unknown {
  return values.length === 1 ? toPlain(values[0]!) : values.map(toPlain);
}
