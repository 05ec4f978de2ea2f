/** A value inside a template. A `for` loop goes over lists and over the fields of objects. */
export type TemplateValue =
  | string
  | number
  | boolean
  | undefined
  | readonly TemplateValue[]
  | { readonly [name: string]: TemplateValue };

/** Names that templates know from the start, such as `env` and `paths`. */
export type TemplateGlobals = Readonly<Record<string, TemplateValue>>;

/** As in Lua: only nil and false are false. */
export function isTruthy(value: TemplateValue): boolean {
  return value !== undefined && value !== false;
}

export function isList(value: TemplateValue): value is readonly TemplateValue[] {
  return Array.isArray(value);
}

/** Text of a value where it is printed; nothing for nil, undefined when it has none. */
export function toText(value: TemplateValue): string | undefined {
  if (value === undefined) return '';
  return typeof value === 'object' ? undefined : String(value);
}

export function toNumber(value: TemplateValue): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const number = Number(value);
  return Number.isNaN(number) ? undefined : number;
}
