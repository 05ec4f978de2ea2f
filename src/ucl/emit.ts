import { parseAtom } from './scalar.ts';

export interface EmitOptions {
  /** Comment to put after the value at this path (keys and indices from the root); undefined: none. */
  readonly comment?: (path: readonly (string | number)[], value: unknown) => string | undefined;
}

/**
 * Plain values as UCL text: nested objects as sections, lists in brackets. Reading the text gives the same values
 * back (`undefined` fields are left out, as in JSON).
 */
export function emitUcl(value: Readonly<Record<string, unknown>>, options: EmitOptions = {}): string {
  const lines: string[] = [];
  emitEntries(value, [], '', options, lines);
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function emitEntries(
  object: Readonly<Record<string, unknown>>,
  path: readonly (string | number)[],
  indent: string,
  options: EmitOptions,
  lines: string[],
): void {
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined) continue;
    const inner = [...path, key];
    const note = commentText(options, inner, value);
    if (isObject(value)) {
      if (Object.keys(value).length === 0) {
        lines.push(`${indent}${emitKey(key)} {}${note}`);
        continue;
      }
      lines.push(`${indent}${emitKey(key)} {${note}`);
      emitEntries(value, inner, `${indent}  `, options, lines);
      lines.push(`${indent}}`);
    } else if (Array.isArray(value) && value.some((item) => isObject(item) || Array.isArray(item))) {
      lines.push(`${indent}${emitKey(key)} = [${note}`);
      for (const [index, item] of value.entries())
        emitItem(item, [...inner, index], `${indent}  `, options, lines);
      lines.push(`${indent}];`);
    } else lines.push(`${indent}${emitKey(key)} = ${emitFlat(value)};${note}`);
  }
}

function emitItem(
  item: unknown,
  path: readonly (string | number)[],
  indent: string,
  options: EmitOptions,
  lines: string[],
): void {
  if (isObject(item) && Object.keys(item).length > 0) {
    lines.push(`${indent}{`);
    emitEntries(item, path, `${indent}  `, options, lines);
    lines.push(`${indent}},`);
  } else if (Array.isArray(item) && item.some((inner) => isObject(inner) || Array.isArray(inner))) {
    lines.push(`${indent}[`);
    for (const [index, inner] of item.entries())
      emitItem(inner, [...path, index], `${indent}  `, options, lines);
    lines.push(`${indent}],`);
  } else lines.push(`${indent}${emitFlat(item)},`);
}

/** A scalar, a list of scalars, or an empty object. */
function emitFlat(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(emitFlat).join(', ')}]`;
  switch (typeof value) {
    case 'string':
      return emitString(value);
    case 'number':
      return emitNumber(value);
    case 'boolean':
      return String(value);
    default:
      return value === null || value === undefined
        ? 'null'
        : isObject(value)
          ? '{}'
          : emitString(String(value));
  }
}

function emitNumber(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (value === Number.POSITIVE_INFINITY) return 'inf';
  // UCL has no word for it; the largest finite number below comes nearest.
  if (value === Number.NEGATIVE_INFINITY) return String(-Number.MAX_VALUE);
  return Object.is(value, -0) ? '-0.0' : String(value);
}

/** Single quotes keep `$NAME` from being replaced; where they cannot hold the text, double quotes with JSON's escapes. */
function emitString(text: string): string {
  if (text.includes('$') && !/['\\\u0000-\u001f]/.test(text)) return `'${text}'`;
  return JSON.stringify(text);
}

function emitKey(key: string): string {
  return /^[0-9A-Za-z_][-./0-9A-Za-z_]*$/.test(key) && parseAtom(key).type === 'string'
    ? key
    : JSON.stringify(key);
}

function commentText(options: EmitOptions, path: readonly (string | number)[], value: unknown): string {
  const comment = options.comment?.(path, value);
  return comment === undefined ? '' : `  # ${comment.replaceAll(/[\r\n]+/g, ' ')}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
