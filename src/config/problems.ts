import type { z } from 'zod';
import type { ConfigPath } from '../core/index.ts';
import { nearest } from './nearest.ts';
import { knownKeys } from './schema-walk.ts';

/** What is wrong at one place of a section's values. */
export interface SchemaProblem {
  /** From the section to the value; for an unknown option it ends in its name. */
  readonly path: ConfigPath;
  readonly message: string;
  readonly expected: string | undefined;
  readonly isUnknownOption: boolean;
}

/** Turns what zod found into words an operator understands. */
export function schemaProblems(
  schema: z.core.$ZodType,
  value: unknown,
  issues: readonly z.core.$ZodIssue[],
): SchemaProblem[] {
  return issues.flatMap((issue) => fromIssue(schema, value, issue, []));
}

function fromIssue(
  schema: z.core.$ZodType,
  root: unknown,
  issue: z.core.$ZodIssue,
  prefix: ConfigPath,
): SchemaProblem[] {
  const path = [...prefix, ...toPath(issue.path)];
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, path);
    return issue.keys.map((key) => unknownOption([...path, key], known));
  }
  const value = valueAt(root, path);
  if (issue.code === 'invalid_union') return fromUnion(schema, root, issue, path, value);
  if (value === undefined) return [problem(path, 'is missing', expectation(issue))];
  return [problem(path, complaint(issue, value), expectation(issue))];
}

/** Problems of the alternative that was most likely meant, or one problem that names them all. */
function fromUnion(
  schema: z.core.$ZodType,
  root: unknown,
  issue: z.core.$ZodIssueInvalidUnion,
  path: ConfigPath,
  value: unknown,
): SchemaProblem[] {
  const deeper = issue.errors.filter((errors) =>
    errors.every((error) => error.path.length > 0 || isKeyIssue(error)),
  );
  const meant = deeper.sort((a, b) => a.length - b.length)[0];
  if (meant) return meant.flatMap((inner) => fromIssue(schema, root, inner, path));
  const wanted = new Set<string>();
  for (const errors of issue.errors)
    for (const error of errors) {
      if (error.code === 'invalid_union')
        for (const inner of fromUnion(schema, root, error, path, value))
          wanted.add(inner.expected ?? inner.message);
      else wanted.add(expectation(error) ?? error.message);
    }
  if (value === undefined) return [problem(path, 'is missing', [...wanted].join(' or '))];
  return [problem(path, `${kindOf(value)} does not fit`, [...wanted].join(' or ') || undefined)];
}

function isKeyIssue(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'unrecognized_keys';
}

function problem(path: ConfigPath, message: string, expected: string | undefined): SchemaProblem {
  return { path, message, expected, isUnknownOption: false };
}

/** Names the nearest known option, or all of them when there are few. */
function unknownOption(path: ConfigPath, known: readonly string[]): SchemaProblem {
  const name = String(path.at(-1));
  const near = nearest(name, known);
  const few = known.length > 0 && known.length <= 12 ? [...known].sort().join(', ') : undefined;
  return {
    path,
    message: `unknown option \`${name}\`${near ? `, did you mean \`${near}\`?` : ''}`,
    expected: near ? undefined : few,
    isUnknownOption: true,
  };
}

function complaint(issue: z.core.$ZodIssue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return `${kindOf(value)} does not fit`;
    case 'too_small':
      return 'too small';
    case 'too_big':
      return 'too big';
    case 'invalid_value':
      return typeof value === 'object' ? `${kindOf(value)} does not fit` : `unknown value ${shown(value)}`;
    case 'custom':
      return issue.message;
    default:
      return 'bad value';
  }
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a section { … }',
  record: 'a section { … }',
  null: 'null',
};

function expectation(issue: z.core.$ZodIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return typeWords[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return issue.values.map((value) => String(value)).join(', ');
    case 'too_small':
      return `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${unit(issue.origin)}`;
    case 'too_big':
      return `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${unit(issue.origin)}`;
    case 'custom':
      return undefined;
    default:
      return issue.message;
  }
}

function unit(origin: string): string {
  return origin === 'string' ? ' characters' : origin === 'array' ? ' elements' : '';
}

/** `a number`, `a list`: the kind of a value, never the value itself. */
function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'text';
    case 'number':
      return 'a number';
    case 'boolean':
      return 'true or false';
    default:
      return 'a section';
  }
}

function shown(value: unknown): string {
  const text = String(value);
  return `\`${text.length > 40 ? `${text.slice(0, 40)}…` : text}\``;
}

function toPath(path: readonly PropertyKey[]): ConfigPath {
  return path.map((step) => (typeof step === 'symbol' ? String(step) : step));
}

function valueAt(root: unknown, path: ConfigPath): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[step];
  }
  return value;
}
