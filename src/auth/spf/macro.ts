// Macros of RFC 7208 7.

/** `%{…}`: a letter with what is done to its value. */
interface MacroExpansion {
  /** Lower case. */
  readonly letter: string;
  /** An upper-case letter: the value is URL-escaped (RFC 7208 7.3). */
  readonly isEscaped: boolean;
  /** Labels kept from the right; 0: all. */
  readonly keep: number;
  readonly isReversed: boolean;
  readonly delimiters: string;
}

/** A text with macros, compiled. */
export interface MacroText {
  readonly pieces: readonly (string | MacroExpansion)[];
  /** It has `%{p}`, which costs questions to DNS. */
  readonly needsName: boolean;
}

/** Values of the macro letters. */
export type MacroValues = (letter: string) => string;

const macro = /^%\{([slodiphcrtv])(\d{0,9})(r?)([-.+,/_=]*)\}/i;
const onlyInExplanations: ReadonlySet<string> = new Set(['c', 'r', 't']);
/** Stand-ins for characters that cannot be written as they are. */
const escapes: Readonly<Record<string, string>> = { '%%': '%', '%_': ' ', '%-': '%20' };

/**
 * Compiles `macro-string` (RFC 7208 7.1).
 *
 * @param use `domain`: a name to ask for; `modifier`: value of a modifier nobody knows; `explanation`: text that
 *   may have blanks
 * @returns undefined for what the grammar does not allow
 */
export function parseMacros(text: string, use: 'domain' | 'modifier' | 'explanation'): MacroText | undefined {
  const pieces: (string | MacroExpansion)[] = [];
  let needsName = false;
  let literal = '';
  for (let i = 0; i < text.length; ) {
    const code = text.charCodeAt(i);
    if (code === 0x25) {
      const plain = escapes[text.slice(i, i + 2)];
      if (plain !== undefined) {
        literal += plain;
        i += 2;
        continue;
      }
      const found = macro.exec(text.slice(i, i + 64));
      if (!found) return undefined;
      const [whole, written = '', digits = '', reversed = '', delimiters = ''] = found;
      const letter = written.toLowerCase();
      if (use === 'domain' && onlyInExplanations.has(letter)) return undefined;
      const keep = digits === '' ? 0 : Number(digits);
      if (digits !== '' && keep === 0) return undefined;
      if (literal !== '') pieces.push(literal);
      literal = '';
      needsName ||= letter === 'p';
      pieces.push({
        letter,
        isEscaped: written !== letter,
        keep,
        isReversed: reversed !== '',
        delimiters: delimiters === '' ? '.' : delimiters,
      });
      i += whole.length;
      continue;
    }
    const isAllowed = (code > 0x20 && code < 0x7f) || (code === 0x20 && use === 'explanation');
    if (!isAllowed) return undefined;
    literal += text[i]!;
    i++;
  }
  if (literal !== '') pieces.push(literal);
  return { pieces, needsName };
}

/** Compiles `domain-spec` (RFC 7208 7.1): a macro string that ends in a macro or in a dot and a top label. */
export function parseDomainSpec(text: string): MacroText | undefined {
  const compiled = parseMacros(text, 'domain');
  if (!compiled || compiled.pieces.length === 0) return undefined;
  if (typeof compiled.pieces.at(-1) !== 'string' || /%[%_-]$/.test(text)) return compiled;
  const end = text.endsWith('.') ? text.length - 1 : text.length;
  const dot = text.lastIndexOf('.', end - 1);
  return dot >= 0 && isTopLabel(text.slice(dot + 1, end)) ? compiled : undefined;
}

function isTopLabel(label: string): boolean {
  return (
    /^[A-Za-z0-9-]+$/.test(label) && !label.startsWith('-') && !label.endsWith('-') && !/^\d+$/.test(label)
  );
}

/** An expansion longer than this is no name and no explanation worth having. */
const maxLength = 4_096;

/** The text with values put in (RFC 7208 7.2, 7.3), cut off where it is longer than anybody needs. */
export function expandMacros({ pieces }: MacroText, values: MacroValues): string {
  let text = '';
  for (const piece of pieces) {
    text += typeof piece === 'string' ? piece : expand(piece, values(piece.letter));
    if (text.length > maxLength) return text.slice(0, maxLength);
  }
  return text;
}

function expand({ delimiters, keep, isReversed, isEscaped }: MacroExpansion, value: string): string {
  let labels: string[] = [];
  let label = '';
  for (const char of value.slice(0, maxLength)) {
    if (delimiters.includes(char)) {
      labels.push(label);
      label = '';
    } else label += char;
  }
  labels.push(label);
  if (isReversed) labels.reverse();
  if (keep > 0) labels = labels.slice(-keep);
  const text = labels.join('.');
  return isEscaped ? escapeForUrl(text) : text;
}

/** RFC 3986 2.3: everything but unreserved characters. */
function escapeForUrl(text: string): string {
  let escaped = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    const char = String.fromCharCode(byte);
    escaped += /[A-Za-z0-9._~-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return escaped;
}

const maxNameLength = 253;

/** A name as long as DNS allows: labels are dropped from the left (RFC 7208 7.3). No final dot. */
export function truncateName(name: string): string {
  let cut = name.endsWith('.') ? name.slice(0, -1) : name;
  while (cut.length > maxNameLength) {
    const dot = cut.indexOf('.');
    if (dot < 0) return '';
    cut = cut.slice(dot + 1);
  }
  return cut;
}
