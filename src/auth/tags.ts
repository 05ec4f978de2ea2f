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

function trimFws(text: string): string {
  return text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
}

/** A value without its folding white space (base64, lists). */
export function withoutFws(value: string): string {
  return value.replace(/[ \t\r\n]+/g, '');
}
