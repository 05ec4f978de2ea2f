/** An expression that does not parse; `offset` is where, in characters from 0. */
export class ExpressionError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.name = 'ExpressionError';
    this.offset = offset;
  }
}

type BinaryOperator = '*' | '/' | '+' | '-' | '<' | '<=' | '>' | '>=' | '==' | '!=' | '&' | '|';

export type ExpressionNode<A> =
  | { readonly kind: 'atom'; readonly atom: A }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'not'; readonly operand: ExpressionNode<A> }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: ExpressionNode<A>;
      readonly right: ExpressionNode<A>;
    };

/** A compiled expression over atoms of the caller's making. */
export interface Expression<A> {
  readonly root: ExpressionNode<A>;
  /** Every atom in order of appearance. */
  readonly atoms: readonly A[];
  /** Value of the expression; true means {@link isTrue}. Operands that cannot change the outcome are not asked. */
  evaluate(value: (atom: A) => number): number;
}

/** Truth of an expression's value: anything but zero, within the precision of sums of scores. */
export function isTrue(value: number): boolean {
  return Math.abs(value) > 1e-9;
}

/** Binding strength, higher binds tighter (config-format 9). */
const levels: Readonly<Record<BinaryOperator, number>> = {
  '*': 6,
  '/': 6,
  '+': 5,
  '-': 5,
  '<': 4,
  '<=': 4,
  '>': 4,
  '>=': 4,
  '==': 4,
  '!=': 4,
  '&': 3,
  '|': 2,
};

const maxDepth = 200;
const maxLength = 65_536;

const isBlank = (code: number): boolean => code === 0x20 || (code >= 0x09 && code <= 0x0d);
const isWordEnd = (code: number): boolean =>
  Number.isNaN(code) || isBlank(code) || '()!&|+*/<>=~'.includes(String.fromCharCode(code));

class Parser<A> {
  readonly #text: string;
  readonly #parseAtom: (text: string, offset: number) => A;
  readonly atoms: A[] = [];
  #at = 0;
  #depth = 0;

  constructor(text: string, parseAtom: (text: string, offset: number) => A) {
    this.#text = text;
    this.#parseAtom = parseAtom;
  }

  parse(): ExpressionNode<A> {
    const root = this.#binary(0);
    this.#skipBlanks();
    if (this.#at < this.#text.length) {
      throw new ExpressionError(`unexpected "${this.#text[this.#at]}"`, this.#at);
    }
    return root;
  }

  #skipBlanks(): void {
    while (isBlank(this.#text.charCodeAt(this.#at))) this.#at++;
  }

  #word(word: string): boolean {
    const end = this.#at + word.length;
    return this.#text.slice(this.#at, end).toLowerCase() === word && isWordEnd(this.#text.charCodeAt(end));
  }

  /** The operator at the present place and its length in characters. */
  #peekOperator(): { operator: BinaryOperator; length: number } | undefined {
    const two = this.#text.slice(this.#at, this.#at + 2);
    switch (two) {
      case '<=':
      case '>=':
      case '==':
      case '!=':
        return { operator: two, length: 2 };
      case '&&':
        return { operator: '&', length: 2 };
      case '||':
        return { operator: '|', length: 2 };
    }
    const one = two[0];
    switch (one) {
      case '*':
      case '/':
      case '+':
      case '-':
      case '<':
      case '>':
      case '&':
      case '|':
        return { operator: one, length: 1 };
    }
    if (this.#word('and')) return { operator: '&', length: 3 };
    if (this.#word('or')) return { operator: '|', length: 2 };
    return undefined;
  }

  #binary(minimumLevel: number): ExpressionNode<A> {
    let left = this.#unary();
    for (;;) {
      this.#skipBlanks();
      const found = this.#peekOperator();
      if (!found || levels[found.operator] <= minimumLevel) return left;
      this.#at += found.length;
      const right = this.#binary(levels[found.operator]);
      left = { kind: 'binary', operator: found.operator, left, right };
    }
  }

  #unary(): ExpressionNode<A> {
    if (++this.#depth > maxDepth) throw new ExpressionError('nested too deeply', this.#at);
    this.#skipBlanks();
    const start = this.#at;
    const char = this.#text[start];
    let node: ExpressionNode<A>;
    if (char === undefined) {
      throw new ExpressionError('ends where a name was expected', start);
    } else if (char === '!' || this.#word('not')) {
      this.#at += char === '!' ? 1 : 3;
      node = { kind: 'not', operand: this.#unary() };
    } else if (char === '(') {
      this.#at++;
      node = this.#binary(0);
      this.#skipBlanks();
      if (this.#text[this.#at] !== ')') throw new ExpressionError('parenthesis is not closed', start);
      this.#at++;
    } else {
      node = this.#operand(start);
    }
    this.#depth--;
    return node;
  }

  #operand(start: number): ExpressionNode<A> {
    const number = /^\d+(?:\.\d+)?(?=$|[\s()!&|+*/<>=-])/.exec(this.#text.slice(start, start + 32));
    if (number) {
      this.#at += number[0].length;
      return { kind: 'number', value: Number(number[0]) };
    }
    const end = this.#atomEnd(start);
    if (end === start) throw new ExpressionError(`unexpected "${this.#text[start]}"`, start);
    this.#at = end;
    const atom = this.#parseAtom(this.#text.slice(start, end), start);
    this.atoms.push(atom);
    return { kind: 'atom', atom };
  }

  /** An atom is a name with optional prefixes, `[options]`, or a regular expression with flags and type. */
  #atomEnd(start: number): number {
    const text = this.#text;
    let i = start;
    while ('~-^'.includes(text[i] ?? ' ')) i++;
    if (/^g[+-]:/.test(text.slice(i, i + 3))) i += 3;
    for (; i < text.length; i++) {
      const char = text[i]!;
      if (char === '[') {
        i = this.#closing(i, ']');
      } else if (char === '/' && (i === start || text[i - 1] === '=')) {
        i = this.#closing(i, '/');
      } else if (char === '{' && text.includes('}', i)) {
        i = text.indexOf('}', i);
      } else if (char === '(' && i > start && this.#isCall(start, i)) {
        i = this.#closing(i, ')');
      } else if (char === '=') {
        if (text[i + 1] !== '/') break;
      } else if (isBlank(char.charCodeAt(0)) || '()!&|+*/<>'.includes(char)) {
        break;
      }
    }
    return i;
  }

  /** `name(`: a function of the regexp module, unless the name is an operator word. */
  #isCall(start: number, parenthesis: number): boolean {
    return /^[a-z_][a-z0-9_]*$/i.test(this.#text.slice(start, parenthesis));
  }

  /** Index of the closing character for what opens at `open`; backslash escapes, and `/…/` inside brackets is skipped. */
  #closing(open: number, close: string): number {
    const text = this.#text;
    for (let i = open + 1; i < text.length; i++) {
      const char = text[i];
      if (char === '\\') i++;
      else if (char === close) return i;
      else if (char === '/' && close !== '/' && '[,('.includes(text.slice(open, i).trimEnd().at(-1) ?? '')) {
        i = this.#closing(i, '/');
      }
    }
    throw new ExpressionError(`"${text[open]}" is not closed`, open);
  }
}

function evaluate<A>(node: ExpressionNode<A>, value: (atom: A) => number): number {
  switch (node.kind) {
    case 'atom':
      return value(node.atom);
    case 'number':
      return node.value;
    case 'not':
      return isTrue(evaluate(node.operand, value)) ? 0 : 1;
    case 'binary': {
      const left = evaluate(node.left, value);
      if (node.operator === '&') return isTrue(left) && isTrue(evaluate(node.right, value)) ? 1 : 0;
      if (node.operator === '|') return isTrue(left) || isTrue(evaluate(node.right, value)) ? 1 : 0;
      return arithmetic(node.operator, left, evaluate(node.right, value));
    }
  }
}

/**
 * Makes a function of an expression that is evaluated very often, with the same result as `evaluate`: the tree is
 * walked once, here.
 *
 * @param compileAtom makes the function of one operand
 */
export function expressionFunction<A, S>(
  node: ExpressionNode<A>,
  compileAtom: (atom: A) => (state: S) => number,
): (state: S) => number {
  switch (node.kind) {
    case 'atom':
      return compileAtom(node.atom);
    case 'number': {
      const { value } = node;
      return () => value;
    }
    case 'not': {
      const operand = expressionFunction(node.operand, compileAtom);
      return (state) => (isTrue(operand(state)) ? 0 : 1);
    }
    case 'binary': {
      const { operator } = node;
      const left = expressionFunction(node.left, compileAtom);
      const right = expressionFunction(node.right, compileAtom);
      if (operator === '&') return (state) => (isTrue(left(state)) && isTrue(right(state)) ? 1 : 0);
      if (operator === '|') return (state) => (isTrue(left(state)) || isTrue(right(state)) ? 1 : 0);
      return (state) => {
        const first = left(state);
        return arithmetic(operator, first, right(state));
      };
    }
  }
}

function arithmetic(operator: Exclude<BinaryOperator, '&' | '|'>, left: number, right: number): number {
  switch (operator) {
    case '*':
      return left * right;
    case '/':
      return right === 0 ? 0 : left / right;
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '<':
      return left < right ? 1 : 0;
    case '<=':
      return left <= right ? 1 : 0;
    case '>':
      return left > right ? 1 : 0;
    case '>=':
      return left >= right ? 1 : 0;
    case '==':
      return isTrue(left - right) ? 0 : 1;
    case '!=':
      return isTrue(left - right) ? 1 : 0;
  }
}

/**
 * Compiles an expression of composites, settings, force_actions, maps or regexp rules (config-format 9).
 *
 * @param parseAtom turns the text of one operand into the caller's atom; may throw ExpressionError
 * @throws ExpressionError with the offset of what is wrong
 */
export function compileExpression<A>(
  text: string,
  parseAtom: (atomText: string, offset: number) => A,
): Expression<A> {
  if (text.length > maxLength) throw new ExpressionError(`longer than ${maxLength} characters`, maxLength);
  const parser = new Parser(text, parseAtom);
  const root = parser.parse();
  return { root, atoms: parser.atoms, evaluate: (value) => evaluate(root, value) };
}
