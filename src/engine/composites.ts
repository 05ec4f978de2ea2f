import { type CompositeConfig, ConfigError, type Configuration } from '../core/index.ts';
import {
  compileExpression,
  type Expression,
  ExpressionError,
  type ExpressionNode,
  isTrue,
} from '../expr/index.ts';
import type { Metric } from './metric.ts';
import type { MutableHit, ScanResult } from './result.ts';

/** What one operand does to the symbols it matched (config-format 12). */
type Prefix = '' | '~' | '-' | '^';

interface Atom {
  readonly prefix: Prefix;
  readonly match:
    | { readonly kind: 'symbol'; readonly name: string; readonly options: readonly (string | RegExp)[] }
    | { readonly kind: 'group'; readonly name: string; readonly sign: 'any' | 'positive' | 'negative' };
  isNegated: boolean;
}

interface Composite {
  readonly config: CompositeConfig;
  readonly expression: Expression<Atom>;
  /** Indices of composites this one reads. */
  readonly reads: readonly number[];
  /** Symbols of which one must be present for the expression to have a chance; undefined: unknown, always try. */
  readonly triggers: readonly string[] | undefined;
}

/** Symbol with a score of 0 is still there: the least value of an operand that is present. */
const presentValue = 0.001;

function parseOption(text: string): string | RegExp {
  const match = /^\/(.*)\/([a-z]*)$/su.exec(text);
  if (!match) return text;
  return new RegExp(match[1]!, match[2]!.replaceAll(/[^imsu]/gu, ''));
}

function splitOptions(text: string): string[] {
  const options: string[] = [];
  let start = 0;
  let inRegExp = false;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '/') inRegExp = inRegExp ? false : text.slice(start, i).trim() === '';
    else if (text[i] === ',' && !inRegExp) {
      options.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  options.push(text.slice(start).trim());
  return options.filter((option) => option !== '');
}

function parseAtom(text: string, offset: number): Atom {
  const prefix = '~-^'.includes(text[0]!) ? (text[0] as Prefix) : '';
  const body = text.slice(prefix.length);
  const group = /^g([+-]?):(.+)$/u.exec(body);
  if (group) {
    const sign = group[1] === '+' ? 'positive' : group[1] === '-' ? 'negative' : 'any';
    return { prefix, match: { kind: 'group', name: group[2]!, sign }, isNegated: false };
  }
  const open = body.indexOf('[');
  const name = open < 0 ? body : body.slice(0, open);
  if (name === '') throw new ExpressionError('a symbol name is missing', offset);
  try {
    const options =
      open < 0 ? [] : splitOptions(body.slice(open + 1, body.lastIndexOf(']'))).map(parseOption);
    return { prefix, match: { kind: 'symbol', name, options }, isNegated: false };
  } catch (error) {
    throw new ExpressionError(error instanceof Error ? error.message : String(error), offset);
  }
}

function markNegated(node: ExpressionNode<Atom>, isNegated: boolean): void {
  if (node.kind === 'atom') node.atom.isNegated ||= isNegated;
  else if (node.kind === 'not') markNegated(node.operand, true);
  else if (node.kind === 'binary') {
    markNegated(node.left, isNegated);
    markNegated(node.right, isNegated);
  }
}

/** Symbols of which at least one must be present, so that a composite without any is not evaluated. */
function triggersOf(node: ExpressionNode<Atom>): readonly string[] | undefined {
  if (node.kind === 'atom') return node.atom.match.kind === 'symbol' ? [node.atom.match.name] : undefined;
  if (node.kind !== 'binary') return undefined;
  const left = triggersOf(node.left);
  const right = triggersOf(node.right);
  if (node.operator === '&')
    return left && right ? (left.length <= right.length ? left : right) : (left ?? right);
  if (node.operator === '|') return left && right ? [...left, ...right] : undefined;
  return undefined;
}

function hasOptions(hit: MutableHit, wanted: readonly (string | RegExp)[]): boolean {
  return wanted.every((want) =>
    hit.options.some((option) => (typeof want === 'string' ? option === want : want.test(option))),
  );
}

/** The composites of one configuration, ready to run. */
export class Composites {
  readonly #composites: readonly Composite[];
  /** Whether a composite reads a symbol that only later stages insert: then it waits for the second pass. */
  readonly #isLate: readonly boolean[];

  constructor(composites: readonly Composite[], isLate: readonly boolean[]) {
    this.#composites = composites;
    this.#isLate = isLate;
  }

  get size(): number {
    return this.#composites.length;
  }

  /** Inserts every composite that matches and takes away what its policy says. */
  run(result: ScanResult, pass: 'first' | 'second', isAllowed: (name: string) => boolean): void {
    if (this.#composites.length === 0) return;
    const matched = new Map<number, boolean>();
    const removals = new Map<MutableHit, Removal>();
    for (let index = 0; index < this.#composites.length; index++) {
      if (this.#isLate[index] !== (pass === 'second')) continue;
      this.#test(index, result, matched, isAllowed, removals);
    }
    for (const [hit, removal] of removals) {
      if (removal.forced || (removal.removeWeight && !removal.keepWeight)) result.removeWeight(hit);
      if (removal.forced || (removal.removeSymbol && !removal.keepSymbol)) hit.isHidden = true;
    }
  }

  #test(
    index: number,
    result: ScanResult,
    matched: Map<number, boolean>,
    isAllowed: (name: string) => boolean,
    removals: Map<MutableHit, Removal>,
  ): boolean {
    const known = matched.get(index);
    if (known !== undefined) return known;
    matched.set(index, false);
    const composite = this.#composites[index]!;
    const { config, triggers } = composite;
    if (!isAllowed(config.name)) return false;
    for (const read of composite.reads) {
      // One of the other pass has run already, or reads nothing this one can see.
      if (this.#isLate[read] === this.#isLate[index]) this.#test(read, result, matched, isAllowed, removals);
    }
    if (triggers && !triggers.some((name) => result.has(name))) return false;
    const touched: [Atom, MutableHit][] = [];
    const value = composite.expression.evaluate((atom) => operandValue(atom, result, touched));
    if (!isTrue(value)) return false;
    matched.set(index, true);
    result.insert(config.name, 1, []);
    // Operands that short-circuiting skipped are present all the same, and their weight is covered as well.
    touched.length = 0;
    for (const atom of composite.expression.atoms) operandValue(atom, result, touched);
    for (const [atom, hit] of touched) {
      if (!atom.isNegated && hit.name !== config.name) plan(removals, hit, config.policy, atom.prefix);
    }
    return true;
  }
}

interface Removal {
  removeSymbol: boolean;
  removeWeight: boolean;
  keepSymbol: boolean;
  keepWeight: boolean;
  forced: boolean;
}

function plan(
  removals: Map<MutableHit, Removal>,
  hit: MutableHit,
  policy: CompositeConfig['policy'],
  prefix: Prefix,
): void {
  let removal = removals.get(hit);
  if (!removal) {
    removal = {
      removeSymbol: false,
      removeWeight: false,
      keepSymbol: false,
      keepWeight: false,
      forced: false,
    };
    removals.set(hit, removal);
  }
  if (prefix === '^') {
    removal.forced = true;
    return;
  }
  const removesSymbol = (policy === 'remove_all' || policy === 'remove_symbol') && prefix === '';
  const removesWeight = (policy === 'remove_all' || policy === 'remove_weight') && prefix !== '-';
  removal.removeSymbol ||= removesSymbol;
  removal.removeWeight ||= removesWeight;
  removal.keepSymbol ||= !removesSymbol;
  removal.keepWeight ||= !removesWeight;
}

function operandValue(atom: Atom, result: ScanResult, touched: [Atom, MutableHit][]): number {
  const { match } = atom;
  if (match.kind === 'symbol') {
    const hit = result.get(match.name);
    if (!hit || (match.options.length > 0 && !hasOptions(hit, match.options))) return 0;
    touched.push([atom, hit]);
    return Math.max(Math.abs(hit.score), presentValue);
  }
  let value = 0;
  for (const hit of result.hits) {
    if (!hit.groups.includes(match.name)) continue;
    if (match.sign === 'positive' && hit.score <= 0) continue;
    if (match.sign === 'negative' && hit.score >= 0) continue;
    touched.push([atom, hit]);
    value = Math.max(value, Math.abs(hit.score), presentValue);
  }
  return value;
}

/**
 * Compiles the composites of a configuration and declares their symbols.
 *
 * @param lateSymbols symbols that classifiers, postfilters or other late stages insert
 * @throws ConfigError for expressions that do not parse and composites that need themselves
 */
export function compileComposites(
  configuration: Pick<Configuration, 'composites' | 'position'>,
  metric: Metric,
  lateSymbols: ReadonlySet<string>,
): Composites {
  const problems: { message: string; path: string; position: ReturnType<Configuration['position']> }[] = [];
  const enabled = configuration.composites.filter((config) => config.enabled);
  const indexOf = new Map(enabled.map((config, index) => [config.name, index]));
  const composites: Composite[] = [];
  for (const config of enabled) {
    const path = ['composites', config.name, 'expression'];
    try {
      const expression = compileExpression(config.expression, parseAtom);
      markNegated(expression.root, false);
      const reads: number[] = [];
      for (const { match } of expression.atoms) {
        const index = match.kind === 'symbol' ? indexOf.get(match.name) : undefined;
        if (index !== undefined) reads.push(index);
      }
      const readsComposite = reads.length > 0;
      composites.push({
        config,
        expression,
        reads,
        triggers: readsComposite ? undefined : triggersOf(expression.root),
      });
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      problems.push({
        message: `${error.message} at character ${error.offset + 1} of the expression`,
        path: path.join('.'),
        position: configuration.position(path),
      });
      composites.push({ config, expression: compileExpression('0', parseAtom), reads: [], triggers: [] });
    }
    metric.declare(
      config.name,
      { score: config.score ?? 0, description: config.description ?? '', groups: config.groups },
      'composite',
    );
  }
  const isLate = composites.map(() => false);
  const state = new Map<number, 'open' | 'done'>();
  const visit = (index: number): void => {
    if (state.get(index) === 'done') return;
    const { config, expression, reads } = composites[index]!;
    if (state.get(index) === 'open') {
      problems.push({
        message: 'the composite needs itself',
        path: `composites.${config.name}.expression`,
        position: configuration.position(['composites', config.name, 'expression']),
      });
      return;
    }
    state.set(index, 'open');
    for (const read of reads) {
      visit(read);
      if (isLate[read]) isLate[index] = true;
    }
    for (const { match } of expression.atoms) {
      if (match.kind === 'symbol' && lateSymbols.has(match.name)) isLate[index] = true;
    }
    state.set(index, 'done');
  };
  for (let index = 0; index < composites.length; index++) visit(index);
  if (problems.length > 0) throw new ConfigError(problems);
  return new Composites(composites, isLate);
}
