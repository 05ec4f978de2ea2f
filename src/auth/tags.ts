/**
 * Tags of a record or header (RFC 6376 3.2), values trimmed; names are case-sensitive, a name may come once.
 *
 * @returns undefined when the text is no tag list
 */
export function parseTags(text: string): ReadonlyMap<string, string> | undefined {
  const tags = new Map<string, string>();
  const items = text.split(';');
  for (const [index, item] of items.entries()) {
    const equals = item.indexOf('=');
    if (equals < 0 && isBlank(item)) {
      // Only the last semicolon may have nothing after it.
      if (index < items.length - 1) return undefined;
      continue;
    }
    if (equals < 1) return undefined;
    const name = trimFws(item.slice(0, equals));
    if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name) || tags.has(name)) return undefined;
    tags.set(name, trimFws(item.slice(equals + 1)));
  }
  return tags;
}

function isBlank(text: string): boolean {
  return trimFws(text) === '';
}

/** A loop: an expression for the end would begin anew at every blank inside. */
function trimFws(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isFws(text.charCodeAt(from))) from++;
  while (to > from && isFws(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

function isFws(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a;
}

/** A value without its folding white space (base64, lists). */
export function withoutFws(value: string): string {
  return value.replace(/[ \t\r\n]+/g, '');
}
