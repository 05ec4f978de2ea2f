import type { z } from 'zod';

/** A zod schema with its definition visible; the union tells the kinds apart by `type`. */
export type AnySchema = z.core.$ZodTypes;

/** The schema without the wrappers that say nothing about the shape of input. */
function unwrapSchema(schema: z.core.$ZodType): AnySchema {
  let current = schema as AnySchema;
  for (;;) {
    const { def } = current._zod;
    switch (def.type) {
      case 'optional':
      case 'nullable':
      case 'default':
      case 'prefault':
      case 'nonoptional':
      case 'catch':
      case 'readonly':
        current = def.innerType as AnySchema;
        break;
      case 'pipe':
        // z.preprocess is a pipe from a transform; any other pipe takes its input first.
        current = ((def.in as AnySchema)._zod.def.type === 'transform' ? def.out : def.in) as AnySchema;
        break;
      case 'lazy':
        current = def.getter() as AnySchema;
        break;
      default:
        return current;
    }
  }
}

/** Alternatives of a union, flattened; the schema itself when it is none. */
export function alternatives(schema: z.core.$ZodType): readonly AnySchema[] {
  const plain = unwrapSchema(schema);
  const { def } = plain._zod;
  return def.type === 'union' ? def.options.flatMap((option) => alternatives(option)) : [plain];
}

/** Names of options that a schema knows at a path of values. */
export function knownKeys(schema: z.core.$ZodType, path: readonly PropertyKey[]): readonly string[] {
  let current: readonly AnySchema[] = alternatives(schema);
  for (const step of path) current = current.flatMap((inner) => stepInto(inner, step));
  return current.flatMap(ownKeys);
}

function ownKeys(schema: AnySchema): readonly string[] {
  const { def } = schema._zod;
  if (def.type === 'object') return Object.keys(def.shape);
  if (def.type === 'intersection')
    return [...alternatives(def.left), ...alternatives(def.right)].flatMap(ownKeys);
  return [];
}

function stepInto(schema: AnySchema, step: PropertyKey): readonly AnySchema[] {
  const { def } = schema._zod;
  switch (def.type) {
    case 'object': {
      const inner = Object.hasOwn(def.shape, step) ? def.shape[String(step)] : def.catchall;
      return inner ? alternatives(inner) : [];
    }
    case 'record':
      return alternatives(def.valueType);
    case 'array':
      return alternatives(def.element);
    case 'intersection':
      return [...alternatives(def.left), ...alternatives(def.right)].flatMap((side) => stepInto(side, step));
    default:
      return [];
  }
}
