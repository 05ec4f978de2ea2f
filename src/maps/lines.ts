/** One entry of a map text. */
export interface MapEntry {
  readonly key: string;
  /** `''` when the line has none. */
  readonly value: string;
  /** From 1. */
  readonly line: number;
}

const hash = 0x23;
const quote = 0x22;
const slash = 0x2f;
const backslash = 0x5c;

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09 || code === 0x0b || code === 0x0c;

/** Where a quoted key or an expression between slashes ends; undefined when the line does not close it. */
function closingAt(line: string, from: number, end: number, closer: number): number | undefined {
  for (let at = from; at < end; at++) {
    const code = line.charCodeAt(at);
    if (code === backslash) at++;
    else if (code === closer) return at;
  }
  return undefined;
}

/**
 * Reads one line of a map (config-format 7.4).
 * @returns undefined for an empty line or a comment
 */
export function parseLine(line: string): { readonly key: string; readonly value: string } | undefined {
  let start = 0;
  let end = line.length;
  while (start < end && (isBlank(line.charCodeAt(start)) || line.charCodeAt(start) === 0x0d)) start++;
  while (end > start && (isBlank(line.charCodeAt(end - 1)) || line.charCodeAt(end - 1) === 0x0d)) end--;
  if (start === end) return undefined;
  const first = line.charCodeAt(start);
  if (first === hash) return undefined;
  let key: string | undefined;
  let at = start;
  if (first === quote) {
    const close = closingAt(line, start + 1, end, quote);
    if (close !== undefined) {
      key = line.slice(start + 1, close).replace(/\\(["\\])/g, '$1');
      at = close + 1;
    }
  } else if (first === slash) {
    // The closing slash ends the expression; flags follow up to a blank. A path has no use for this: its key ends
    // at a blank all the same.
    at = closingAt(line, start + 1, end, slash) ?? start;
    while (at < end && !isBlank(line.charCodeAt(at)) && line.charCodeAt(at) !== hash) at++;
    key = line.slice(start, at);
  }
  if (key === undefined) {
    let isEscaped = false;
    at = start;
    for (; at < end; at++) {
      const code = line.charCodeAt(at);
      if (isBlank(code)) break;
      if (code !== hash) continue;
      if (at > start && line.charCodeAt(at - 1) === backslash) isEscaped = true;
      else break;
    }
    key = line.slice(start, at);
    if (isEscaped) key = key.replaceAll('\\#', '#');
  }
  while (at < end && isBlank(line.charCodeAt(at))) at++;
  let valueEnd = line.indexOf('#', at);
  if (valueEnd < 0 || valueEnd > end) valueEnd = end;
  while (valueEnd > at && isBlank(line.charCodeAt(valueEnd - 1))) valueEnd--;
  return { key, value: line.slice(at, valueEnd) };
}

/** The entries of a text, in order. */
export function* parseLines(text: string): Generator<MapEntry> {
  let line = 0;
  // A byte order mark is no part of the first key.
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (at < text.length) {
    let end = text.indexOf('\n', at);
    if (end < 0) end = text.length;
    line++;
    const entry = parseLine(text.slice(at, end));
    if (entry) yield { ...entry, line };
    at = end + 1;
  }
}
