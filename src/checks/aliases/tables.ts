/** Targets of an alias as written, by its name in lower case. */
export type AliasTable = ReadonlyMap<string, readonly string[]>;

/** Aliases taken from one table, and targets taken from one alias. */
const maxAliases = 1_000_000;
const maxTargets = 1000;

/** Lines with those that continue them: a line that begins with a blank belongs to the one before. */
function* logicalLines(text: string): Iterable<string> {
  let current = '';
  for (const line of text.split(/\r?\n/)) {
    // Comments and empty lines neither end nor continue a line (postfix, aliases(5) and virtual(5)).
    if (line.trim() === '' || line.trimStart().startsWith('#')) continue;
    if (/^[ \t]/.test(line)) {
      current += ` ${line.trim()}`;
    } else {
      if (current !== '') yield current;
      current = line.trimEnd();
    }
  }
  if (current !== '') yield current;
}

/** Splits at commas outside quotes. */
function splitTargets(text: string): readonly string[] {
  const targets: string[] = [];
  let start = 0;
  let isQuoted = false;
  const add = (end: number): void => {
    const target = text.slice(start, end).trim();
    if (target !== '' && targets.length < maxTargets) targets.push(target);
    start = end + 1;
  };
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '\\') i++;
    else if (char === '"') isQuoted = !isQuoted;
    else if (char === ',' && !isQuoted) add(i);
  }
  add(text.length);
  return targets;
}

function unquoted(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}

/** The target as an address, `user` or `user@host`; undefined for files, commands, lists and nonsense. */
function addressOf(target: string): string | undefined {
  const text = unquoted(target);
  if (/^[|/:]/.test(text) || text === '' || /[\s<>]/.test(text)) return undefined;
  return text;
}

function put(table: Map<string, readonly string[]>, name: string, values: string): void {
  const targets = splitTargets(values).flatMap((target) => addressOf(target) ?? []);
  if (name === '' || targets.length === 0 || table.size >= maxAliases) return;
  table.set(name.toLowerCase(), targets);
}

/**
 * Reads a table in the format of aliases(5): `name: target, target`. Commands, files and `:include:` lists among the
 * targets are deliveries and no addresses; they are left out.
 */
export function parseSystemAliases(text: string): AliasTable {
  const table = new Map<string, readonly string[]>();
  for (const line of logicalLines(text)) {
    const quoted = /^"([^"]*)"\s*:(.*)$/.exec(line);
    const colon = line.indexOf(':');
    if (quoted) put(table, quoted[1]!, quoted[2]!);
    else if (colon > 0) put(table, line.slice(0, colon).trim(), line.slice(colon + 1));
  }
  return table;
}

/** Reads a table in the format of Postfix virtual(5): `user@domain target, target`, `user target`, `@domain target`. */
export function parseVirtualAliases(text: string): AliasTable {
  const table = new Map<string, readonly string[]>();
  for (const line of logicalLines(text)) {
    const blank = line.search(/[ \t]/);
    if (blank > 0) put(table, line.slice(0, blank), line.slice(blank + 1));
  }
  return table;
}

/** Reads the value of one entry of a map: targets between commas. */
export function parseTargets(value: string): readonly string[] {
  return splitTargets(value).flatMap((target) => addressOf(target) ?? []);
}
