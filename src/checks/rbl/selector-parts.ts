/** Parts of a selector between its `;`, quoted ones and those in brackets left alone. */
export function splitSelector(text: string): readonly string[] {
  const parts: string[] = [];
  let start = 0;
  let depth = 0;
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (quote !== '') {
      if (char === '\\') i++;
      else if (char === quote) quote = '';
    } else if (char === "'" || char === '"') quote = char;
    else if (char === '(' || char === '{') depth++;
    else if (char === ')' || char === '}') depth--;
    else if (char === ';' && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

/** Symbols that a selector reads: they must be there before. */
export function selectorSymbols(text: string): readonly string[] {
  return Array.from(text.matchAll(/\bsymbol\(\s*['"]?([\w-]+)/g), (match) => match[1]!);
}
