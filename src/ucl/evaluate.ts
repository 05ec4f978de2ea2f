import type { ConfigProblem, SourcePosition } from '../core/index.ts';
import { type MacroHost, runMacro } from './macros.ts';
import { type DuplicateStrategy, firstValue, newObject, place, placementOf } from './merge.ts';
import type { Assignment, Statement, SyntaxKey, SyntaxValue } from './syntax.ts';
import type { UclArray, UclNode, UclObject } from './value.ts';

/** A file, or a part of one after `.priority`, while it is put into the tree. */
export interface Chunk {
  readonly file: string;
  priority: number;
  readonly strategy: DuplicateStrategy;
  /** Files being read, outermost first: against inclusion of oneself. */
  readonly chain: readonly string[];
}

/** The object that statements fill, and the ones around it, innermost first. */
export interface Scope {
  readonly object: UclObject;
  readonly outer: Scope | undefined;
}

/** Runs the statements of files: values by the merge rules, macros through their host. */
export class Evaluator {
  readonly #host: MacroHost;
  readonly #problems: ConfigProblem[];

  constructor(host: Omit<MacroHost, 'evaluator'>, problems: ConfigProblem[]) {
    this.#host = { ...host, evaluator: this };
    this.#problems = problems;
  }

  run(statements: readonly Statement[], scope: Scope, chunk: Chunk): void {
    for (const statement of statements) {
      if (statement.kind === 'macro') runMacro(this.#host, statement, scope, chunk);
      else this.#assign(statement.keys, 0, statement, scope, chunk);
    }
  }

  /** Appends the elements of an array from another file. */
  extend(array: UclArray, items: readonly SyntaxValue[], scope: Scope, chunk: Chunk): void {
    for (const item of items) array.items.push(this.#build(item, undefined, scope, chunk));
  }

  #assign(
    keys: readonly SyntaxKey[],
    depth: number,
    statement: Assignment,
    scope: Scope,
    chunk: Chunk,
  ): void {
    const key = keys[depth]!;
    const isLast = depth === keys.length - 1;
    const old = scope.object.entries.get(key.name);
    const wanted = isLast ? statement.value.kind : 'object';
    const placement = old
      ? placementOf(chunk.strategy, firstValue(old), chunk.priority, wanted !== 'scalar')
      : 'add';
    if (placement === 'error') {
      this.#problem(`key \`${key.name}\` is given twice`, key.position, key.name);
      return;
    }
    if (placement === 'descend') {
      const target = firstValue(old!);
      if (target.kind !== wanted) {
        this.#problem(`cannot merge ${named(wanted)} with ${named(target.kind)}`, key.position, key.name);
        return;
      }
      this.#fill(target, keys, depth, statement, scope, chunk);
      return;
    }
    // A value that loses is built all the same, into nothing: what it includes is still checked.
    let node: UclNode;
    if (isLast) node = this.#build(statement.value, key.position, scope, chunk);
    else {
      node = newObject(keys[depth + 1]!.position, chunk.priority, key.position);
      this.#assign(keys, depth + 1, statement, { object: node, outer: scope }, chunk);
    }
    if (placement !== 'ignore') place(scope.object, key.name, node, placement);
  }

  #fill(
    target: UclNode,
    keys: readonly SyntaxKey[],
    depth: number,
    statement: Assignment,
    scope: Scope,
    chunk: Chunk,
  ): void {
    const { value } = statement;
    if (target.kind === 'object') {
      const inner = { object: target, outer: scope };
      if (depth < keys.length - 1) this.#assign(keys, depth + 1, statement, inner, chunk);
      else if (value.kind === 'object') this.run(value.statements, inner, chunk);
    } else if (target.kind === 'array' && value.kind === 'array') {
      this.extend(target, value.items, scope, chunk);
    }
  }

  #build(value: SyntaxValue, keyPosition: SourcePosition | undefined, scope: Scope, chunk: Chunk): UclNode {
    const { priority } = chunk;
    if (value.kind === 'scalar') {
      const { type, text, position } = value;
      return { kind: 'scalar', type, value: value.value, text, position, keyPosition, priority };
    }
    if (value.kind === 'array') {
      const array: UclArray = { kind: 'array', items: [], position: value.position, keyPosition, priority };
      this.extend(array, value.items, scope, chunk);
      return array;
    }
    const object = newObject(value.position, priority, keyPosition);
    this.run(value.statements, { object, outer: scope }, chunk);
    return object;
  }

  #problem(message: string, position: SourcePosition, path: string): void {
    this.#problems.push({ message, position, path });
  }
}

function named(kind: UclNode['kind']): string {
  return kind === 'scalar' ? 'a single value' : kind === 'array' ? 'an array' : 'an object';
}
