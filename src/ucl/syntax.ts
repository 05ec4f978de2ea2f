import type { SourcePosition } from '../core/index.ts';
import type { UclScalarType } from './value.ts';

// A file as written, before macros run and values are merged.

export interface SyntaxScalar {
  readonly kind: 'scalar';
  readonly type: UclScalarType;
  readonly value: string | number | boolean | null;
  readonly text: string;
  readonly position: SourcePosition;
}

export interface SyntaxArray {
  readonly kind: 'array';
  readonly items: readonly SyntaxValue[];
  readonly position: SourcePosition;
}

export interface SyntaxObject {
  readonly kind: 'object';
  readonly statements: readonly Statement[];
  readonly position: SourcePosition;
}

export type SyntaxValue = SyntaxScalar | SyntaxArray | SyntaxObject;

export interface SyntaxKey {
  readonly name: string;
  readonly position: SourcePosition;
}

/** `key = value`, or with several keys a named section. */
export interface Assignment {
  readonly kind: 'assignment';
  readonly keys: readonly SyntaxKey[];
  readonly value: SyntaxValue;
}

/** `.name(arguments) "argument"`. */
export interface MacroCall {
  readonly kind: 'macro';
  readonly name: string;
  readonly position: SourcePosition;
  readonly options: readonly Assignment[];
  readonly argument: string;
  readonly argumentPosition: SourcePosition;
}

export type Statement = Assignment | MacroCall;
