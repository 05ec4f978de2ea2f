import type { CheckContext, Task } from '../../core/index.ts';
import {
  compileExpression,
  ExpressionError,
  type ExpressionNode,
  expressionFunction,
} from '../../expr/index.ts';
import { RegexpError, readPattern } from '../../lib/index.ts';
import { type GroupRun, PatternGroup, patternLimits } from '../../patterns/index.ts';
import { type Call, compileCall } from './functions.ts';
import { type CallSyntax, type PatternSyntax, readAtom } from './syntax.ts';
import { type Reading, selectorSource, smtpFields, type TextSource, textSource } from './texts.ts';

interface PatternAtom {
  readonly group: number;
  readonly number: number;
  /** Number of the header field it reads. */
  readonly field: number | undefined;
  readonly call?: undefined;
}

interface CallAtom {
  readonly call: Call;
  /** Number of the header field that must be there. */
  readonly field: number | undefined;
}

type Atom = PatternAtom | CallAtom;

/** Fields that nearly every message has: rules are gated by others where they can. */
const commonFields = new Set(['from', 'to', 'subject', 'date', 'received', 'message-id', 'content-type']);

/** A rule's expression, ready to run. */
export interface CompiledRule {
  /** Its value for a message; gated, every pattern is tried once for all rules. */
  readonly value: (run: Run) => number;
  /** Symbols of other checks that it asks for. */
  readonly asksFor: readonly string[];
}

/** What is known of one message so far. */
export interface Run {
  readonly task: Task;
  readonly groups: (GroupRun | undefined)[];
  /** By number of the field: is it in the message? */
  readonly hasField: Uint8Array;
}

interface Group {
  readonly patterns: PatternGroup;
  readonly source: TextSource;
}

type Context = Pick<CheckContext<unknown, never>, 'selectors' | 'path' | 'log' | 'metrics'>;

/** All patterns of one configuration by what they read, and the expressions over them. */
export class RuleEngine {
  readonly #context: Context;
  readonly #maxChars: number;
  readonly #groups: Group[] = [];
  readonly #groupsByKey = new Map<string, number>();
  /** The same pattern in several rules is one. */
  readonly #atoms = new Map<string, Atom>();
  readonly #runs = new WeakMap<Task, Run>();
  readonly #fields: string[] = [];
  readonly #stopped: ReturnType<Context['metrics']['counter']>;

  constructor(context: Context, maxChars: number) {
    this.#context = context;
    this.#maxChars = maxChars;
    this.#stopped = context.metrics.counter(
      'postern_regexp_stopped_total',
      'Patterns that took too long and are off until the next reload',
      ['symbol'],
    );
  }

  /**
   * @param warn is told of patterns that are slow on some texts
   * @throws ExpressionError with the offset of what is wrong
   */
  compile(symbol: string, text: string, warn: (message: string) => void): CompiledRule {
    const asksFor: string[] = [];
    const expression = compileExpression<Atom>(text, (atomText, offset) => {
      const syntax = readAtom(atomText, offset);
      if (syntax.kind === 'pattern') return this.#pattern(symbol, syntax, offset, warn);
      if (syntax.name === 'check_smtp_data') return this.#smtpData(symbol, syntax, offset, warn);
      const call = compileCall(syntax.name, syntax.args, offset);
      if (syntax.name === 'has_symbol') asksFor.push(syntax.args[0]!);
      const isExistence = syntax.name === 'header_exists' || syntax.name === 'raw_header_exists';
      return { call, field: isExistence ? this.#field(syntax.args[0]!) : undefined };
    });
    const value = expressionFunction<Atom, Run>(expression.root, (atom) => {
      if (atom.call !== undefined) {
        const { call } = atom;
        return ({ task }) => call(task);
      }
      return (run) => this.#patternValue(run, atom);
    });
    return { value: gated(value, this.#gate(expression.root)), asksFor };
  }

  /** What is known of a message, the same for all rules. */
  open(task: Task): Run {
    const known = this.#runs.get(task);
    if (known) return known;
    const { headers } = task.message;
    const run: Run = {
      task,
      groups: new Array<GroupRun | undefined>(this.#groups.length).fill(undefined),
      hasField: Uint8Array.from(this.#fields, (key) => (headers.has(key) ? 1 : 0)),
    };
    this.#runs.set(task, run);
    return run;
  }

  #patternValue({ groups, hasField, task }: Run, { group, number, field }: PatternAtom): number {
    if (field !== undefined && hasField[field] === 0) return 0;
    let run = groups[group];
    if (run === undefined) {
      const { patterns, source } = this.#groups[group]!;
      const { texts, bytes } = source(task);
      run = patterns.open(texts, bytes);
      groups[group] = run;
    }
    return run.value(number);
  }

  #field(name: string): number {
    const key = name.toLowerCase();
    const known = this.#fields.indexOf(key);
    return known < 0 ? this.#fields.push(key) - 1 : known;
  }

  /** Fields without which an expression is 0. */
  #gate(node: ExpressionNode<Atom>): readonly number[] | undefined {
    if (node.kind === 'atom') return node.atom.field === undefined ? undefined : [node.atom.field];
    if (node.kind !== 'binary') return undefined;
    const left = this.#gate(node.left);
    const right = this.#gate(node.right);
    switch (node.operator) {
      case '&':
        if (left === undefined || right === undefined) return left ?? right;
        return left.some((field) => commonFields.has(this.#fields[field]!)) ? right : left;
      case '|':
      case '+':
        return left && right && [...new Set([...left, ...right])];
      default:
        return undefined;
    }
  }

  #pattern(symbol: string, syntax: PatternSyntax, offset: number, warn: (message: string) => void): Atom {
    const { reading, name, isStrict, pattern: written, counts } = syntax;
    const key = `${reading}\0${isStrict ? name : name.toLowerCase()}\0${isStrict}`;
    const atomKey = `${key}\0${written}\0${counts}`;
    const known = this.#atoms.get(atomKey);
    if (known) return known;
    try {
      const pattern = readPattern(written);
      if (pattern.exponentialLoop !== undefined)
        warn(
          `${written}: the loop ${pattern.exponentialLoop} takes exponential time on some texts: it runs bounded`,
        );
      const group = this.#group(key, () => this.#source(symbol, reading, name, isStrict));
      const number = this.#groups[group]!.patterns.add(pattern, {
        counts,
        onOverrun: () => {
          this.#context.log.warn('pattern took too long and is off until the next reload', {
            symbol,
            pattern: written,
          });
          this.#stopped.add(1, { symbol });
        },
      });
      const isField = reading === 'header' || reading === 'raw_header';
      const atom = { group, number, field: isField ? this.#field(name) : undefined };
      this.#atoms.set(atomKey, atom);
      return atom;
    } catch (error) {
      if (error instanceof RegexpError) throw new ExpressionError(`${written}: ${error.message}`, offset);
      throw error;
    }
  }

  #source(symbol: string, reading: Reading, name: string, isStrict: boolean): TextSource {
    const { selectors, path } = this.#context;
    return reading === 'selector'
      ? selectorSource(selectors.compile(name, { path: path(symbol) }))
      : textSource(reading, name, isStrict, this.#maxChars);
  }

  #smtpData(symbol: string, { args }: CallSyntax, offset: number, warn: (message: string) => void): Atom {
    const [field = '', wanted = ''] = args;
    if (!smtpFields.some((known) => known === field))
      throw new ExpressionError(`check_smtp_data: there is no field "${field}"`, offset);
    if (wanted === '') throw new ExpressionError('check_smtp_data: argument 2 is missing', offset);
    const pattern = wanted.startsWith('/') ? wanted : `/^${wanted.replace(/[^A-Za-z0-9]/g, '\\$&')}$/i`;
    const syntax = {
      kind: 'pattern',
      reading: 'smtp',
      name: field,
      pattern,
      counts: false,
      isStrict: false,
    } as const;
    return this.#pattern(symbol, syntax, offset, warn);
  }

  #group(key: string, source: () => TextSource): number {
    const known = this.#groupsByKey.get(key);
    if (known !== undefined) return known;
    const limits = { ...patternLimits, textChars: this.#maxChars };
    this.#groups.push({ patterns: new PatternGroup(limits), source: source() });
    this.#groupsByKey.set(key, this.#groups.length - 1);
    return this.#groups.length - 1;
  }
}

/** @param gate numbers of header fields of which at least one must be there; undefined: it depends on something else */
function gated(value: (run: Run) => number, gate: readonly number[] | undefined): (run: Run) => number {
  if (gate === undefined) return value;
  const [only = 0] = gate;
  if (gate.length === 1) return (run) => (run.hasField[only] === 1 ? value(run) : 0);
  return (run) => {
    for (const field of gate) if (run.hasField[field] === 1) return value(run);
    return 0;
  };
}
