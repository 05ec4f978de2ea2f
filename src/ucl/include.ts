import type { Chunk, Scope } from './evaluate.ts';
import { type MacroHost, type MacroOptions, type MacroOptionValues, readOptions } from './macros.ts';
import { type DuplicateStrategy, duplicateStrategies, newObject } from './merge.ts';
import { basename, dirname, expandGlob, resolvePath } from './paths.ts';
import type { MacroCall, SyntaxArray, SyntaxObject } from './syntax.ts';
import type { UclArray, UclObject } from './value.ts';

/** Files inside files (config-format 1.7). */
const maxNesting = 16;

const optionTypes = {
  try: 'boolean',
  priority: 'number',
  duplicate: 'string',
  glob: 'boolean',
  sign: 'boolean',
  url: 'boolean',
  prefix: 'boolean',
  key: 'string',
  target: 'string',
  path: 'strings',
} as const;

/** `.include(…) "file"`: reads files into the object where the macro stands. */
export function includeFile(
  host: MacroHost,
  call: MacroCall,
  given: MacroOptions,
  scope: Scope,
  chunk: Chunk,
): void {
  const options = readOptions(host, call, given, optionTypes);
  if (!options) return;
  const at = { position: call.argumentPosition };
  const strategy = options['duplicate'] ?? 'append';
  const priority = options['priority'] ?? 0;
  if (!duplicateStrategies.includes(strategy as DuplicateStrategy)) {
    host.problem({
      message: `unknown strategy \`${strategy}\` for duplicates`,
      position: call.position,
      expected: duplicateStrategies.join(', '),
    });
    return;
  }
  if (!Number.isInteger(priority) || Number(priority) < 0 || Number(priority) > 15) {
    host.problem({
      message: 'bad priority',
      position: call.position,
      expected: 'a whole number from 0 to 15',
    });
    return;
  }
  if (options['sign'] === true) {
    host.problem({ message: 'signed includes are not supported', position: call.position });
    return;
  }
  if (call.argument === '') {
    host.problem({ message: `.${call.name} needs a file`, ...at, expected: 'a path' });
    return;
  }
  if (/^[a-z][a-z0-9+]*:\/\//i.test(call.argument) && !call.argument.startsWith('file://')) {
    host.problem({ message: `only local files can be included, not ${call.argument}`, ...at });
    return;
  }

  const inner = { priority: Number(priority), strategy: strategy as DuplicateStrategy };
  const wanted = call.argument.replace(/^file:\/\//, '');
  const files = findFiles(host, wanted, options, chunk);
  if (files.length === 0 && options['try'] !== true)
    host.problem({ message: `cannot include ${call.argument}: no such file`, ...at });
  for (const file of files) {
    const result = host.files!.read(file);
    if ('error' in result) {
      if (options['try'] !== true || !result.isMissing)
        host.problem({ message: `cannot include ${file}: ${result.error}`, ...at });
      continue;
    }
    if (chunk.chain.includes(file)) {
      host.problem({ message: `${file} includes itself`, ...at });
      continue;
    }
    if (chunk.chain.length > maxNesting) {
      host.problem({ message: `more than ${maxNesting} files inside each other`, ...at });
      continue;
    }
    if (!host.countInclude()) {
      host.problem({ message: 'too many includes', ...at });
      return;
    }
    const document = host.parse(file, result.text, chunk.file);
    if (!document) continue;
    const child: Chunk = { file, ...inner, chain: [...chunk.chain, file] };
    put(host, call, document, options, scope, child);
  }
}

function findFiles(
  host: MacroHost,
  wanted: string,
  options: MacroOptionValues,
  chunk: Chunk,
): readonly string[] {
  const { files } = host;
  if (!files) return [];
  const paths = options['path'];
  const folders = Array.isArray(paths) ? (paths as readonly string[]) : [];
  const candidates = [...folders, dirname(chunk.file)].map((folder) => resolvePath(folder, wanted));
  if (options['glob'] === true) return expandGlob(candidates[0]!, (folder) => files.list(folder));
  for (const candidate of candidates) {
    const result = files.read(candidate);
    // An unreadable file is found too: the caller tells about it.
    if ('text' in result || !result.isMissing) return [candidate];
  }
  return [];
}

/** Puts a file's content into the current object, or with `prefix` under a key of it. */
function put(
  host: MacroHost,
  call: MacroCall,
  document: SyntaxObject | SyntaxArray,
  options: MacroOptionValues,
  scope: Scope,
  chunk: Chunk,
): void {
  if (options['prefix'] !== true) {
    if (document.kind === 'object') host.evaluator.run(document.statements, scope, chunk);
    else
      host.problem({
        message: `${chunk.file} holds an array and cannot be read into an object`,
        position: call.argumentPosition,
        expected: 'prefix=true with a key',
      });
    return;
  }
  const given = options['key'];
  const key = typeof given === 'string' ? given : basename(chunk.file).replace(/\.(?:conf|ucl)$/, '');
  const wantsArray = options['target'] === 'array' || document.kind === 'array';
  const old = scope.object.entries.get(key)?.values[0];
  if (old?.kind === 'scalar') {
    host.problem({
      message: `\`${key}\` is a single value already`,
      position: call.argumentPosition,
      path: key,
    });
    return;
  }
  const base = { position: document.position, keyPosition: call.position, priority: chunk.priority };
  let target: UclObject | UclArray | undefined = old;
  if (!target) {
    target = wantsArray ? { kind: 'array', items: [], ...base } : newObject(base.position, base.priority);
    scope.object.entries.set(key, { values: [target], replaced: [] });
  } else if (wantsArray && target.kind === 'object') {
    // A second file makes a list of what was one object.
    target = { kind: 'array', items: [target], ...base };
    scope.object.entries.set(key, { values: [target], replaced: [] });
  }
  if (target.kind === 'array' && document.kind === 'array')
    host.evaluator.extend(target, document.items, scope, chunk);
  else if (document.kind === 'object') {
    const object = target.kind === 'object' ? target : newObject(document.position, chunk.priority);
    if (target.kind === 'array') target.items.push(object);
    host.evaluator.run(document.statements, { object, outer: scope }, chunk);
  }
}
