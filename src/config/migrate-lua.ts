/** One thing that a Lua file adds to Rspamd. */
export interface LuaRegistration {
  /** What kind of thing, in Rspamd's words: `symbol`, `dependency`, `map`, `extractor`, … */
  readonly kind: string;
  /** Name as written; undefined: the script computes it. */
  readonly name: string | undefined;
  /** From 1. */
  readonly line: number;
}

interface Pattern {
  readonly kind: string;
  readonly expression: RegExp;
  /** Where the name stands: in a group of the expression, or in the call behind it. */
  readonly name: 'group' | 'argument' | 'pair';
}

/** More of one file than this is not listed: the list is for people. */
const maxRegistrations = 1000;
/** Bytes of a call that are searched for its name. */
const maxCallLength = 16_384;

const key = String.raw`(?:\.\s*(?<word>[A-Za-z_]\w*)|\[\s*(?<quote>['"])(?<text>[^'"\n]{1,200})\k<quote>\s*\])`;
const assigned = String.raw`\s*=(?!=)`;

const patterns: readonly Pattern[] = [
  { kind: 'dependency', expression: /\brspamd_config\s*[:.]\s*register_dependency\b/g, name: 'pair' },
  {
    kind: 'symbol',
    expression:
      /\brspamd_config\s*[:.]\s*(?:register_symbols?|register_(?:callback|virtual)_symbol(?:_priority)?)\b/g,
    name: 'argument',
  },
  {
    kind: 'filter',
    expression: /\brspamd_config\s*[:.]\s*register_(?:pre_filter|post_filter)\b/g,
    name: 'argument',
  },
  { kind: 'condition', expression: /\brspamd_config\s*[:.]\s*add_condition\b/g, name: 'argument' },
  { kind: 'composite', expression: /\brspamd_config\s*[:.]\s*add_composite\b/g, name: 'argument' },
  { kind: 'score', expression: /\brspamd_config\s*[:.]\s*set_metric_symbol\b/g, name: 'argument' },
  { kind: 'action', expression: /\brspamd_config\s*[:.]\s*set_metric_action\b/g, name: 'argument' },
  { kind: 'map', expression: /\brspamd_config\s*[:.]\s*add_(?:map|\w+_map)\b/g, name: 'argument' },
  { kind: 'start hook', expression: /\brspamd_config\s*[:.]\s*add_on_load\b/g, name: 'argument' },
  { kind: 'finish hook', expression: /\brspamd_config\s*[:.]\s*register_finish_script\b/g, name: 'argument' },
  { kind: 'timer', expression: /\brspamd_config\s*[:.]\s*add_periodic\b/g, name: 'argument' },
  { kind: 'worker', expression: /\brspamd_config\s*[:.]\s*register_worker_script\b/g, name: 'argument' },
  { kind: 'extractor', expression: /\bregister_extractor\b/g, name: 'argument' },
  { kind: 'transform', expression: /\bregister_transform\b/g, name: 'argument' },
  {
    kind: 'symbol',
    expression: new RegExp(String.raw`\brspamd_config\s*${key}${assigned}`, 'g'),
    name: 'group',
  },
  { kind: 'map', expression: new RegExp(String.raw`\brspamd_maps\s*${key}${assigned}`, 'g'), name: 'group' },
  {
    kind: 'classifier',
    expression: new RegExp(String.raw`\brspamd_classifiers\s*${key}${assigned}`, 'g'),
    name: 'group',
  },
];

/** Tables whose keys are regular expression rules: `config.regexp`, and what a script calls it. */
const regexpTable = String.raw`\bconfig\s*(?:\.\s*regexp\b|\[\s*['"]regexp['"]\s*\])`;

/**
 * What a Lua script registers, as its text tells: nothing is run, so names that are computed stay unknown and code that
 * is never reached is listed too.
 */
export function luaRegistrations(source: string): readonly LuaRegistration[] {
  const text = withoutComments(source);
  const found: (LuaRegistration & { readonly at: number })[] = [];
  const lineOf = lineFinder(text);
  for (const { kind, expression, name } of [...patterns, ...regexpRules(text)])
    for (const match of text.matchAll(expression)) {
      if (found.length >= maxRegistrations) break;
      const call = match.index + match[0].length;
      const named =
        name === 'group' ? (match.groups?.['word'] ?? match.groups?.['text']) : calledName(text, call, name);
      found.push({ kind, name: named, line: lineOf(match.index), at: match.index });
    }
  return found.sort((a, b) => a.at - b.at).map(({ kind, name, line }) => ({ kind, name, line }));
}

/** `config.regexp.NAME = …`, and the same through a local name for the table. */
function regexpRules(text: string): readonly Pattern[] {
  const names = [
    ...text.matchAll(new RegExp(String.raw`\b([A-Za-z_]\w{0,60})\s*=\s*${regexpTable}(?!\s*[.[])`, 'g')),
  ];
  const tables = [regexpTable, ...new Set(names.map((match) => String.raw`(?<![.\w])${match[1]}`))].slice(
    0,
    10,
  );
  return tables.map((table) => ({
    kind: 'regexp rule',
    expression: new RegExp(String.raw`${table}\s*${key}${assigned}`, 'g'),
    name: 'group',
  }));
}

/** Name in a call: `name = "X"` of a table, else the first text (of a pair: both). */
function calledName(text: string, start: number, kind: 'argument' | 'pair'): string | undefined {
  const call = callText(text, start);
  const texts = [...call.matchAll(/(['"])((?:\\.|(?!\1)[^\\\n]){0,200})\1/g)].map((match) => match[2]!);
  if (kind === 'pair') return texts.length >= 2 ? `${texts[0]} → ${texts[1]}` : undefined;
  const table = /^\s*\(?\s*\{/.exec(call);
  if (table) return /[{,;]\s*name\s*=\s*(['"])([^'"\n]{1,200})\1/.exec(outermost(call, table[0].length))?.[2];
  // A function as argument has texts of its own, which name nothing.
  const before = /\bfunction\b/.exec(call)?.index ?? call.length;
  return /(['"])([^'"\n]{1,200})\1/.exec(call.slice(0, before))?.[2];
}

/** Text of a call's arguments: from its bracket to the one that closes it. */
function callText(text: string, start: number): string {
  const end = Math.min(text.length, start + maxCallLength);
  let depth = 0;
  for (let at = start; at < end; at++) {
    const c = text[at]!;
    if (c === '"' || c === "'") at = endOfText(text, at) - 1;
    else if (c === '(' || c === '{' || c === '[') depth++;
    else if (c === ')' || c === '}' || c === ']') {
      depth--;
      if (depth <= 0) return text.slice(start, at + 1);
    } else if (depth === 0 && !/\s/.test(c)) return '';
  }
  return text.slice(start, end);
}

/** A table without the tables and calls inside it. */
function outermost(call: string, start: number): string {
  let result = '{';
  let depth = 0;
  for (let at = start; at < call.length; at++) {
    const c = call[at]!;
    if (c === '"' || c === "'") {
      const end = endOfText(call, at);
      if (depth === 0) result += call.slice(at, end);
      at = end - 1;
    } else if (c === '(' || c === '{' || c === '[') depth++;
    else if (c === ')' || c === '}' || c === ']') depth--;
    else if (depth === 0) result += c;
  }
  return result;
}

/** Comments and long texts as blanks, so that every line stays where it is. */
function withoutComments(source: string): string {
  let result = '';
  let copied = 0;
  const blank = (from: number, to: number): void => {
    result += source.slice(copied, from) + source.slice(from, to).replaceAll(/[^\n]/g, ' ');
    copied = to;
  };
  for (let at = 0; at < source.length; ) {
    const c = source[at];
    if (c === '"' || c === "'") at = endOfText(source, at);
    else if (c === '-' && source[at + 1] === '-') {
      const newline = source.indexOf('\n', at);
      const end = endOfLong(source, at + 2) ?? (newline < 0 ? source.length : newline);
      blank(at, end);
      at = end;
    } else if (c === '[') {
      const end = endOfLong(source, at);
      if (end !== undefined) blank(at, end);
      at = end ?? at + 1;
    } else at++;
  }
  return result + source.slice(copied);
}

/** Place behind a quoted text; it ends at the end of its line at the latest. */
function endOfText(source: string, start: number): number {
  const quote = source[start];
  for (let at = start + 1; at < source.length; at++) {
    if (source[at] === '\\') at++;
    else if (source[at] === quote) return at + 1;
    else if (source[at] === '\n') return at;
  }
  return source.length;
}

/** Place behind `[[ … ]]` or `[==[ … ]==]`; undefined: there is none here. */
function endOfLong(source: string, start: number): number | undefined {
  const open = /^\[(=*)\[/.exec(source.slice(start, start + 34));
  if (!open) return undefined;
  const end = source.indexOf(`]${open[1]}]`, start + open[0].length);
  return end < 0 ? source.length : end + open[1]!.length + 2;
}

/** Line of a place; places may come in any order. */
function lineFinder(text: string): (at: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (at) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= at) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}
