import { isList, type TemplateValue, toNumber, toText } from './values.ts';

/** A filter takes a value and arguments; a returned Error tells what was wrong with them. */
export type TemplateFilter = (value: TemplateValue, args: readonly TemplateValue[]) => TemplateValue | Error;

/** The filters that are understood (config-format 2). */
export const filters: Readonly<Record<string, TemplateFilter>> = {
  default: (value, [fallback]) => (value === undefined ? fallback : value),
  lower: (value) => text(value)?.toLowerCase() ?? new Error('a list has no lower case'),
  upper: (value) => text(value)?.toUpperCase() ?? new Error('a list has no upper case'),
  int: (value) => {
    const number = toNumber(value);
    return number === undefined ? new Error('not a number') : Math.trunc(number);
  },
  replace: (value, [from, to]) => {
    const [subject, search, replacement] = [text(value), text(from), text(to)];
    if (subject === undefined || search === undefined || replacement === undefined)
      return new Error('replace wants texts');
    return search === '' ? subject : subject.replaceAll(search, () => replacement);
  },
  join: (value, [separator]) => {
    if (!isList(value)) return new Error('only a list can be joined');
    const parts = value.map(toText);
    return parts.includes(undefined)
      ? new Error('only texts can be joined')
      : parts.join(text(separator) ?? '');
  },
  length: (value) => {
    if (typeof value === 'string') return value.length;
    return isList(value) ? value.length : new Error('only texts and lists have a length');
  },
};

function text(value: TemplateValue): string | undefined {
  return toText(value);
}
