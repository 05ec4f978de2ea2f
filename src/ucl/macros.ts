import type { ConfigProblem, SourcePosition } from '../core/index.ts';
import type { Chunk, Evaluator, Scope } from './evaluate.ts';
import { includeFile } from './include.ts';
import { place, placementOf } from './merge.ts';
import type { MacroCall, SyntaxArray, SyntaxObject, SyntaxValue } from './syntax.ts';
import type { UclNode } from './value.ts';

/** How the outside reads files for includes. */
export interface UclFiles {
  /** Text of a file, or why there is none. */
  read(path: string): { readonly text: string } | { readonly error: string; readonly isMissing: boolean };
  /** Names in a folder; empty when it cannot be read. */
  list(folder: string): readonly string[];
}

/** What macros need from the reading as a whole. */
export interface MacroHost {
  readonly evaluator: Evaluator;
  readonly files: UclFiles | undefined;
  /** Parses a file's text; undefined after a problem, which is recorded. */
  parse(file: string, text: string, includedBy: string): SyntaxObject | SyntaxArray | undefined;
  problem(problem: ConfigProblem): void;
  /** Counts an inclusion; false when there were too many. */
  countInclude(): boolean;
}

export type MacroOptions = ReadonlyMap<string, SyntaxValue>;

const known = ['include', 'try_include', 'includes', 'priority', 'load', 'inherit', 'include_map'];

/** Carries out one macro. Mistakes are recorded, and the reading goes on after it. */
export function runMacro(host: MacroHost, call: MacroCall, scope: Scope, chunk: Chunk): void {
  const options: MacroOptions = new Map(call.options.map((o) => [o.keys[0]!.name, o.value]));
  switch (call.name) {
    case 'include':
      includeFile(host, call, options, scope, chunk);
      break;
    case 'try_include':
    case 'include_map':
      includeFile(host, call, new Map([['try', yes(call.position)], ...options]), scope, chunk);
      break;
    case 'includes':
      host.problem({
        message: '.includes asks for a signature, and signed includes are not supported',
        position: call.position,
        expected: '.include',
      });
      break;
    case 'priority':
      setPriority(host, call, options, chunk);
      break;
    case 'load':
      loadFile(host, call, options, scope, chunk);
      break;
    case 'inherit':
      inherit(host, call, options, scope);
      break;
    default:
      host.problem({
        message: `unknown macro .${call.name}`,
        position: call.position,
        expected: known.map((name) => `.${name}`).join(', '),
      });
  }
}

function yes(position: SourcePosition): SyntaxValue {
  return { kind: 'scalar', type: 'boolean', value: true, text: 'true', position };
}

function setPriority(host: MacroHost, call: MacroCall, options: MacroOptions, chunk: Chunk): void {
  const given = options.get('priority');
  const value =
    given?.kind === 'scalar' ? given.value : call.argument === '' ? Number.NaN : Number(call.argument);
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 15)
    chunk.priority = value;
  else
    host.problem({
      message: 'bad priority',
      position: call.argumentPosition,
      expected: 'a whole number from 0 to 15',
    });
}

/** `.load(key="name", …) "file"`: the file's text, untouched, as a value. */
function loadFile(host: MacroHost, call: MacroCall, options: MacroOptions, scope: Scope, chunk: Chunk): void {
  const read = readOptions(host, call, options, {
    key: 'string',
    target: 'string',
    priority: 'number',
    try: 'boolean',
    trim: 'boolean',
    multiline: 'boolean',
    escape: 'boolean',
  });
  if (!read) return;
  const key = read['key'];
  if (typeof key !== 'string' || key === '') {
    host.problem({ message: '.load needs a key', position: call.position, expected: 'key="name"' });
    return;
  }
  const target = read['target'] ?? 'string';
  if (target !== 'string' && target !== 'int') {
    host.problem({
      message: `unknown target \`${target}\``,
      position: call.position,
      expected: 'string or int',
    });
    return;
  }
  const result = host.files?.read(call.argument) ?? { error: 'files cannot be read here', isMissing: false };
  if ('error' in result) {
    if (read['try'] !== true)
      host.problem({
        message: `cannot load ${call.argument}: ${result.error}`,
        position: call.argumentPosition,
      });
    return;
  }
  const text = read['trim'] === true ? result.text.trim() : result.text;
  const number = Number(text.trim());
  if (target === 'int' && !Number.isInteger(number)) {
    host.problem({
      message: `${call.argument} does not hold a whole number`,
      position: call.argumentPosition,
    });
    return;
  }
  const priority = typeof read['priority'] === 'number' ? read['priority'] : chunk.priority;
  const node: UclNode = {
    kind: 'scalar',
    type: target === 'int' ? 'integer' : 'string',
    value: target === 'int' ? number : text,
    text,
    position: { file: call.argument, line: 1, column: 1 },
    keyPosition: call.position,
    priority,
  };
  const old = scope.object.entries.get(key);
  const placement = old ? placementOf(chunk.strategy, old.values[0]!, priority, false) : 'add';
  if (placement === 'add' || placement === 'replace') place(scope.object, key, node, placement);
  else if (placement !== 'ignore')
    host.problem({ message: `key \`${key}\` is given twice`, position: call.position, path: key });
}

/** `.inherit "name"`: keys of an object beside this one, or beside one around it, that are not set yet. */
function inherit(host: MacroHost, call: MacroCall, options: MacroOptions, scope: Scope): void {
  const read = readOptions(host, call, options, { replace: 'boolean' });
  if (!read) return;
  for (let around = scope.outer; around; around = around.outer) {
    const parent = around.object.entries.get(call.argument)?.values[0];
    if (parent?.kind !== 'object' || parent === scope.object) continue;
    for (const [key, entry] of parent.entries) {
      const own = scope.object.entries.get(key);
      if (own && read['replace'] !== true) continue;
      const values = entry.values.map((node) => ({ ...node, isInherited: true }));
      scope.object.entries.set(key, { values, replaced: own ? [...own.replaced, ...own.values] : [] });
    }
    return;
  }
  host.problem({
    message: `nothing to inherit from: there is no section \`${call.argument}\` above`,
    position: call.argumentPosition,
  });
}

type OptionType = 'string' | 'number' | 'boolean' | 'strings';
export type MacroOptionValues = Readonly<
  Record<string, string | number | boolean | readonly string[] | undefined>
>;

/** Checks the names and types of a macro's arguments; undefined after a problem. */
export function readOptions(
  host: MacroHost,
  call: MacroCall,
  options: MacroOptions,
  types: Readonly<Record<string, OptionType>>,
): MacroOptionValues | undefined {
  const values: Record<string, string | number | boolean | readonly string[]> = {};
  for (const [name, value] of options) {
    const type = Object.hasOwn(types, name) ? types[name]! : undefined;
    if (!type) {
      host.problem({
        message: `unknown argument \`${name}\` of .${call.name}`,
        position: value.position,
        expected: Object.keys(types).join(', '),
      });
      return undefined;
    }
    const plain =
      value.kind === 'scalar'
        ? value.value
        : value.kind === 'array'
          ? value.items.map((item) => (item.kind === 'scalar' ? item.text : ''))
          : null;
    if (type === 'strings' && typeof plain === 'string') values[name] = [plain];
    else if (type === 'strings' ? Array.isArray(plain) : typeof plain === type)
      values[name] = plain as string | number | boolean | readonly string[];
    else {
      host.problem({
        message: `bad value for argument \`${name}\` of .${call.name}`,
        position: value.position,
        expected: type === 'strings' ? 'a list of texts' : `a ${type}`,
      });
      return undefined;
    }
  }
  return values;
}
