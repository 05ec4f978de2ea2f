import type { Selector, Task } from '../core/index.ts';
import { compileExpression, ExpressionError, type ExpressionNode } from '../expr/index.ts';
import { RegexpError } from '../lib/index.ts';
import { PatternGroup, patternLimits, watched } from '../patterns/index.ts';
import { type Asked, type EvalTest, FunctionError, makeEval } from './evals/index.ts';
import { FieldError, type FieldSource, fieldSource, joinValues } from './fields.ts';
import { ruleLimits } from './limits.ts';
import { type FollowRedirectors, RuleMessage } from './message.ts';
import { placeText } from './reader.ts';
import { readRulePattern } from './rule-pattern.ts';
import type { RuleDefinition, Ruleset, RuleTest, ScoreSet } from './ruleset.ts';
import { compileDetail, compileMimeHeader, compileRedirectors } from './value-tests.ts';

/** What a rule comes down to. */
type Node =
  | { readonly kind: 'off' }
  | {
      readonly kind: 'pattern';
      readonly group: number;
      readonly number: number;
      readonly isNegated: boolean;
      /** Value when the field is not there; undefined: the texts are always there. */
      readonly unset: number | undefined;
      readonly maxHits: number;
    }
  | { readonly kind: 'test'; readonly test: EvalTest }
  | { readonly kind: 'meta'; readonly root: ExpressionNode<MetaAtom> };

type MetaAtom = { readonly rules: readonly number[] } | { readonly symbol: string };

type Read = (message: RuleMessage) => readonly string[];

interface Group {
  readonly patterns: PatternGroup;
  readonly read: Read;
}

/** A rule that becomes a symbol. */
export interface RuleSymbol {
  readonly name: string;
  readonly index: number;
  readonly score: number;
  readonly description: string;
}

/** What the rules say of one message. */
export interface RulesOutcome {
  /** Symbols that hit, in the order of their files. */
  readonly hits: readonly RuleSymbol[];
  /** The rules took too long, and the rest of them did not run. */
  readonly isCut: boolean;
}

export interface EngineOptions {
  readonly ruleset: Ruleset;
  readonly scoreSet: ScoreSet;
  /** Rules other than metas become symbols when their score is farther from 0 than this. */
  readonly alpha: number;
  /** Which rules without a score become symbols. Default `all`. */
  readonly unscored?: 'all' | 'metas' | undefined;
  /** Characters of one text that patterns look at. */
  readonly maxChars: number;
  /** A rule's pattern took too long and is off. */
  readonly onStopped: (rule: string) => void;
  /** For `selector` rules; undefined: there are none. */
  readonly compileSelector?: ((text: string) => Selector) | undefined;
}

const off: Node = { kind: 'off' };
const unknownValue = Number.NaN;

/** The rules of a configuration, compiled, and what became of those that could not be. */
export class SpamRules {
  readonly symbols: readonly RuleSymbol[];
  /** Symbols of others that metas ask for. */
  readonly foreign: ReadonlySet<string>;
  /** What functions ask of others. */
  readonly asked: ReadonlySet<Asked>;
  /** What could not be used, and rules that stand off because of it. */
  readonly problems: readonly string[];
  /** Rules by what became of them. */
  readonly counts: { readonly defined: number; readonly compiled: number; readonly refused: number };
  readonly #nodes: Node[] = [];
  readonly #groups: Group[] = [];
  readonly #maxChars: number;
  readonly #follow: FollowRedirectors;

  constructor(options: EngineOptions) {
    const compiler = new Compiler(options, this.#nodes, this.#groups);
    this.#maxChars = options.maxChars;
    this.#follow = compileRedirectors(options.ruleset.redirectors, compiler.problems);
    this.symbols = compiler.compile();
    this.foreign = compiler.foreign;
    this.asked = compiler.asked;
    this.problems = compiler.finish();
    this.counts = {
      defined: options.ruleset.rules.size,
      compiled: this.#nodes.length - compiler.refused,
      refused: compiler.refused,
    };
  }

  /** Runs the rules over one message. */
  run(task: Task): RulesOutcome {
    const message = new RuleMessage(task, this.#maxChars, this.#follow);
    // Hundreds of patterns may take long in theory, hardly any does: one watch for all, and only when that strikes the
    // rules run again, each pattern under its own.
    const outcome = watched(ruleLimits.watchMs, () =>
      this.#hits(message, 'caller', Number.POSITIVE_INFINITY),
    );
    if (!outcome.isOverrun) return outcome.value;
    return this.#hits(message, 'own', performance.now() + ruleLimits.totalMs);
  }

  #hits(message: RuleMessage, watch: 'own' | 'caller', untilMs: number): RulesOutcome {
    const run = new RuleRun(this.#nodes, this.#groups, message, watch);
    const hits: RuleSymbol[] = [];
    for (const symbol of this.symbols) {
      if (watch === 'own' && performance.now() > untilMs) return { hits, isCut: true };
      if (run.value(symbol.index) !== 0) hits.push(symbol);
    }
    return { hits, isCut: false };
  }
}

/** Rules over one message; each is asked once. */
class RuleRun {
  readonly #nodes: readonly Node[];
  readonly #groups: readonly Group[];
  readonly #message: RuleMessage;
  readonly #values: Float64Array;
  readonly #watch: 'own' | 'caller';
  readonly #runs: (ReturnType<PatternGroup['open']> | 'none' | undefined)[];
  #depth = 0;

  constructor(
    nodes: readonly Node[],
    groups: readonly Group[],
    message: RuleMessage,
    watch: 'own' | 'caller',
  ) {
    this.#watch = watch;
    this.#nodes = nodes;
    this.#groups = groups;
    this.#message = message;
    this.#values = new Float64Array(nodes.length).fill(unknownValue);
    this.#runs = new Array<undefined>(groups.length).fill(undefined);
  }

  value(index: number): number {
    const known = this.#values[index]!;
    if (!Number.isNaN(known)) return known;
    // A meta that asks for itself sees that it did not hit.
    this.#values[index] = 0;
    const value = this.#evaluate(this.#nodes[index]!);
    this.#values[index] = value;
    return value;
  }

  #evaluate(node: Node): number {
    switch (node.kind) {
      case 'off':
        return 0;
      case 'test':
        return Number(node.test(this.#message));
      case 'pattern': {
        const { group, number, isNegated, unset, maxHits } = node;
        const run = this.#open(group);
        if (run === 'none') return unset ?? 0;
        const hits = run.value(number);
        return isNegated ? Number(hits === 0) : Math.min(hits, maxHits);
      }
      case 'meta': {
        if (this.#depth >= ruleLimits.metaDepth) return 0;
        this.#depth++;
        const value = this.#meta(node.root);
        this.#depth--;
        return value;
      }
    }
  }

  #open(group: number): ReturnType<PatternGroup['open']> | 'none' {
    const known = this.#runs[group];
    if (known !== undefined) return known;
    const { patterns, read } = this.#groups[group]!;
    const texts = read(this.#message);
    const run = texts.length === 0 ? 'none' : patterns.open(texts, texts, this.#watch);
    this.#runs[group] = run;
    return run;
  }

  /** Values as Perl has them: `||` and `&&` give the operand that decides. */
  #meta(node: ExpressionNode<MetaAtom>): number {
    switch (node.kind) {
      case 'number':
        return node.value;
      case 'not':
        return this.#meta(node.operand) === 0 ? 1 : 0;
      case 'atom': {
        const { atom } = node;
        if ('symbol' in atom) return this.#message.task.result.has(atom.symbol) ? 1 : 0;
        let sum = 0;
        for (const index of atom.rules) sum += this.value(index);
        return sum;
      }
      case 'binary': {
        const left = this.#meta(node.left);
        switch (node.operator) {
          case '&':
            return left === 0 ? 0 : this.#meta(node.right);
          case '|':
            return left === 0 ? this.#meta(node.right) : left;
        }
        return arithmetic(node.operator, left, this.#meta(node.right));
      }
    }
  }
}

function arithmetic(operator: string, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return right === 0 ? 0 : left / right;
    case '<':
      return Number(left < right);
    case '<=':
      return Number(left <= right);
    case '>':
      return Number(left > right);
    case '>=':
      return Number(left >= right);
    case '==':
      return Number(left === right);
    default:
      return Number(left !== right);
  }
}

/** Names that are asked for and tell nothing more than that a rule of theirs is missing. */
const maxNamedRules = 400;

class Compiler {
  readonly foreign = new Set<string>();
  readonly asked = new Set<Asked>();
  readonly problems: string[] = [];
  refused = 0;
  readonly #options: EngineOptions;
  readonly #nodes: Node[];
  readonly #groups: Group[];
  readonly #groupsByKey = new Map<string, number>();
  readonly #indices = new Map<string, number>();
  readonly #sources = new Map<string, FieldSource>();
  /** By function that is not known, the rules that ask for it. */
  readonly #unknownFunctions = new Map<string, string[]>();

  constructor(options: EngineOptions, nodes: Node[], groups: Group[]) {
    this.#options = options;
    this.#nodes = nodes;
    this.#groups = groups;
  }

  compile(): readonly RuleSymbol[] {
    const { ruleset, scoreSet, alpha, unscored } = this.#options;
    const symbols: RuleSymbol[] = [];
    for (const { name, test } of ruleset.rules.values()) {
      if (name.startsWith('__')) continue;
      const score = this.#score(name, scoreSet);
      if (test.kind !== 'meta' && unscored === 'metas' && ruleset.score(name, scoreSet) === undefined)
        continue;
      if (score === 0 || (test.kind !== 'meta' && Math.abs(score) <= alpha)) continue;
      const index = this.#index(name);
      if (index === undefined || this.#nodes[index] === off) continue;
      symbols.push({ name, index, score, description: ruleset.descriptions.get(name) ?? `Rule ${name}` });
    }
    return symbols;
  }

  finish(): readonly string[] {
    for (const [reason, rules] of this.#unknownFunctions) {
      const shown = rules.slice(0, maxNamedRules).join(', ');
      this.problems.push(`${reason}: ${rules.length === 1 ? 'rule' : 'rules'} ${shown} off`);
    }
    return [...this.#options.ruleset.problems, ...this.#options.ruleset.leftOutRules, ...this.problems];
  }

  #score(name: string, set: ScoreSet): number {
    const { ruleset } = this.#options;
    const given = ruleset.score(name, set);
    if (given !== undefined) return given;
    if (name.startsWith('T_')) return 0.01;
    return ruleset.flags.get(name)?.has('nice') ? -1 : 1;
  }

  /** Number of a rule's node; undefined: there is no such rule. */
  #index(name: string): number | undefined {
    const known = this.#indices.get(name);
    if (known !== undefined) return known;
    const rule = this.#options.ruleset.rules.get(name);
    if (!rule) return undefined;
    const index = this.#nodes.push(off) - 1;
    this.#indices.set(name, index);
    if (name.startsWith('__') || this.#score(name, this.#options.scoreSet) !== 0)
      this.#nodes[index] = this.#node(rule);
    return index;
  }

  #node(rule: RuleDefinition): Node {
    try {
      return this.#compile(rule, rule.test);
    } catch (error) {
      this.refused++;
      if (error instanceof FunctionError) {
        const reason = `function ${error.message}`;
        const rules = this.#unknownFunctions.get(reason) ?? [];
        rules.push(rule.name);
        this.#unknownFunctions.set(reason, rules);
        return off;
      }
      if (error instanceof RegexpError || error instanceof FieldError || error instanceof ExpressionError) {
        this.problems.push(`${placeText(rule.place)}: rule ${rule.name} is off: ${error.message}`);
        return off;
      }
      throw error;
    }
  }

  #compile(rule: RuleDefinition, test: RuleTest): Node {
    switch (test.kind) {
      case 'header':
        return this.#header(rule, test);
      case 'exists': {
        const source = this.#source(test.header);
        const { isNegated } = test;
        return { kind: 'test', test: (message) => source.read(message).length > 0 !== isNegated };
      }
      case 'body':
        return this.#options.ruleset.flags.get(rule.name)?.has('nosubject')
          ? this.#pattern(rule, test.pattern, 'body alone', (message) => message.bodyWithoutSubject)
          : this.#pattern(rule, test.pattern, 'body', (message) => message.body);
      case 'rawbody':
        return this.#pattern(rule, test.pattern, 'rawbody', (message) => message.rawBody);
      case 'full':
        return this.#pattern(rule, test.pattern, 'full', (message) => message.full);
      case 'uri':
        return this.#pattern(rule, test.pattern, 'uri', (message) => message.uris);
      case 'mimeheader':
        return { kind: 'test', test: compileMimeHeader(test, this.#replacements(rule)) };
      case 'uri_detail':
        return { kind: 'test', test: compileDetail(test.conditions, this.#replacements(rule)) };
      case 'selector':
        return this.#selector(rule, test);
      case 'eval': {
        const { test: made, asks } = makeEval(test.name, test.args, this.#options.ruleset.lists);
        for (const asked of asks) this.asked.add(asked);
        return { kind: 'test', test: made };
      }
      case 'meta':
        return { kind: 'meta', root: this.#meta(test.expression) };
    }
  }

  #replacements(rule: RuleDefinition): Ruleset | undefined {
    const { ruleset } = this.#options;
    return ruleset.replacedRules.has(rule.name) ? ruleset : undefined;
  }

  #source(text: string): FieldSource {
    const known = this.#sources.get(text);
    if (known) return known;
    const source = fieldSource(text);
    this.#sources.set(text, source);
    return source;
  }

  #header(rule: RuleDefinition, test: RuleTest & { kind: 'header' }): Node {
    const source = this.#source(test.header);
    const read: Read = (message) => {
      const values = source.read(message);
      return values.length === 0 ? values : [joinValues(values)];
    };
    return this.#pattern(rule, test.pattern, `header ${test.header}`, read, test);
  }

  #selector(rule: RuleDefinition, test: RuleTest & { kind: 'selector' }): Node {
    const { compileSelector } = this.#options;
    if (!compileSelector) throw new FieldError('selectors are rules of multimap only');
    const selector = compileSelector(test.selector);
    const read: Read = ({ task }) =>
      (selector.values(task) ?? []).map((value) => Buffer.from(value, 'utf8').toString('latin1'));
    return this.#pattern(rule, test.pattern, `selector ${test.selector}`, read, {
      ...test,
      unset: undefined,
    });
  }

  #pattern(
    rule: RuleDefinition,
    written: string,
    key: string,
    read: Read,
    field?: { readonly isNegated: boolean; readonly unset: string | undefined },
  ): Node {
    const pattern = readRulePattern(written, this.#replacements(rule));
    if (pattern.exponentialLoop !== undefined)
      this.problems.push(
        `${placeText(rule.place)}: rule ${rule.name} runs bounded: the loop ${pattern.exponentialLoop} takes exponential time on some texts`,
      );
    const flags = this.#options.ruleset.flags.get(rule.name);
    const counts = flags?.has('multiple') ?? false;
    // The engine translates a pattern when it is first used, and to machine code when it is used again: large ones take
    // longer for that than for a message.
    if (pattern.regexp.source.length > ruleLimits.warmedChars)
      for (let i = 0; i < 2; i++) pattern.regexp.test(' ');
    const group = this.#group(key, read);
    const number = this.#groups[group]!.patterns.add(pattern, {
      counts,
      onOverrun: () => this.#options.onStopped(rule.name),
    });
    const maxFlag = [...(flags ?? [])].find((flag) => flag.startsWith('maxhits='));
    const maxHits = counts ? Number(maxFlag?.slice('maxhits='.length) ?? ruleLimits.hits) : 1;
    const isNegated = field?.isNegated ?? false;
    const unset = field && Number(pattern.regexp.test(field.unset ?? '') !== isNegated);
    return { kind: 'pattern', group, number, isNegated, unset, maxHits };
  }

  #group(key: string, read: Read): number {
    const known = this.#groupsByKey.get(key);
    if (known !== undefined) return known;
    const limits = {
      ...patternLimits,
      textChars: this.#options.maxChars,
      searchFromChars: 0,
      limitMs: ruleLimits.patternMs,
    };
    const group = this.#groups.push({ patterns: new PatternGroup(limits), read }) - 1;
    this.#groupsByKey.set(key, group);
    return group;
  }

  #meta(text: string): ExpressionNode<MetaAtom> {
    // Names hold no hyphens, but the reader of expressions would let them.
    return compileExpression<MetaAtom>(text.replaceAll('-', ' - '), (atom, offset) => {
      const matching = /^rules_matching\(\s*([\w*?]+)\s*\)$/.exec(atom);
      if (matching) return { rules: this.#matching(matching[1]!) };
      if (!/^\w+$/.test(atom)) throw new ExpressionError(`"${atom}" is no name of a rule`, offset);
      const index = this.#index(atom);
      if (index !== undefined) return { rules: [index] };
      this.foreign.add(atom);
      return { symbol: atom };
    }).root;
  }

  #matching(glob: string): readonly number[] {
    const source = glob.replace(/[*?]/g, (char) => (char === '*' ? '.*' : '.'));
    const pattern = new RegExp(`^${source}$`);
    return [...this.#options.ruleset.rules.keys()]
      .filter((name) => pattern.test(name))
      .flatMap((name) => this.#index(name) ?? []);
  }
}
