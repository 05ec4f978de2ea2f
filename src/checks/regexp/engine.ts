import type { CheckContext, Task } from '../../core/index.ts';
import { compileExpression, type Expression, ExpressionError } from '../../expr/index.ts';
import { RegexpError, readPattern } from '../../lib/index.ts';
import { type GroupRun, PatternGroup, patternLimits } from '../../patterns/index.ts';
import { type Call, compileCall } from './functions.ts';
import { type CallSyntax, type PatternSyntax, readAtom } from './syntax.ts';
import { type Reading, selectorSource, smtpFields, type TextSource, textSource } from './texts.ts';

type Atom =
  | { readonly group: number; readonly number: number; readonly call?: undefined }
  | { readonly call: Call };

/** A rule's expression, ready to run. */
export interface CompiledRule {
  readonly expression: Expression<Atom>;
  /** Symbols of other checks that it asks for. */
  readonly asksFor: readonly string[];
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
  readonly #runs = new WeakMap<Task, (GroupRun | undefined)[]>();
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
      return { call };
    });
    return { expression, asksFor };
  }

  /** Value of a rule for a message; every pattern is tried once for all rules. */
  evaluate({ expression }: CompiledRule, task: Task): number {
    let runs = this.#runs.get(task);
    if (runs === undefined) {
      runs = new Array<GroupRun | undefined>(this.#groups.length).fill(undefined);
      this.#runs.set(task, runs);
    }
    const opened = runs;
    return expression.evaluate((atom) => {
      if (atom.call !== undefined) return atom.call(task);
      let run = opened[atom.group];
      if (run === undefined) {
        const { patterns, source } = this.#groups[atom.group]!;
        const { texts, bytes } = source(task);
        run = patterns.open(texts, bytes);
        opened[atom.group] = run;
      }
      return run.value(atom.number);
    });
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
      const atom = { group, number };
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
