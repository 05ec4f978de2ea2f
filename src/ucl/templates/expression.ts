import { TemplateFailure } from './failure.ts';
import { filters, type TemplateFilter } from './filters.ts';
import { described, type TokenReader } from './tokens.ts';
import { isList, isTruthy, type TemplateValue, toNumber, toText } from './values.ts';

/** Names visible where an expression stands. */
export type Names = (name: string) => TemplateValue;
/** A compiled expression. Throws {@link TemplateFailure} for values that do not fit. */
export type Expression = (names: Names) => TemplateValue;

/** Brackets inside brackets in one expression. */
const maxDepth = 64;

/** Binary operators of Lua by strength; `~=` and `!=` are one. */
const levels: readonly (readonly string[])[] = [
  ['or'],
  ['and'],
  ['<', '<=', '>', '>=', '==', '~=', '!='],
  ['..'],
  ['+', '-'],
  ['*', '/', '%'],
];

/** Compiles the expression that the reader stands before. */
export function parseExpression(reader: TokenReader, level = 0, depth = 0): Expression {
  if (depth > maxDepth) reader.fail('too many brackets inside each other');
  const operators = levels[level];
  if (!operators) return parseUnary(reader, depth);
  let left = parseExpression(reader, level + 1, depth);
  for (;;) {
    const { text, offset } = reader.current;
    if (!operators.includes(text) || !reader.take(text)) return left;
    left = binary(text, left, parseExpression(reader, level + 1, depth), offset);
  }
}

function binary(operator: string, left: Expression, right: Expression, offset: number): Expression {
  switch (operator) {
    case 'or':
      return (names) => {
        const value = left(names);
        return isTruthy(value) ? value : right(names);
      };
    case 'and':
      return (names) => {
        const value = left(names);
        return isTruthy(value) ? right(names) : value;
      };
    case '==':
      return (names) => left(names) === right(names);
    case '~=':
    case '!=':
      return (names) => left(names) !== right(names);
    case '..':
      return (names) => textOf(left(names), offset) + textOf(right(names), offset);
    default:
      return (names) => calculate(operator, left(names), right(names), offset);
  }
}

function calculate(
  operator: string,
  left: TemplateValue,
  right: TemplateValue,
  offset: number,
): TemplateValue {
  if (typeof left === 'string' && typeof right === 'string' && /[<>]/.test(operator))
    return operator.startsWith('<')
      ? left < right || (operator === '<=' && left === right)
      : left > right || (operator === '>=' && left === right);
  const a = toNumber(left);
  const b = toNumber(right);
  if (a === undefined || b === undefined)
    throw new TemplateFailure(`\`${operator}\` between values that are no numbers`, offset);
  switch (operator) {
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    default:
      // Lua's remainder has the sign of the divisor.
      return a - Math.floor(a / b) * b;
  }
}

function parseUnary(reader: TokenReader, depth: number): Expression {
  const { offset } = reader.current;
  if (reader.take('not')) {
    const operand = parseExpression(reader, levels.length, depth + 1);
    return (names) => !isTruthy(operand(names));
  }
  if (reader.take('-')) {
    const operand = parseExpression(reader, levels.length, depth + 1);
    return (names) => calculate('-', 0, operand(names), offset);
  }
  if (reader.take('#')) {
    const operand = parseExpression(reader, levels.length, depth + 1);
    return (names) => applyFilter(filters['length']!, operand(names), [], offset);
  }
  let value = parsePostfix(reader, depth);
  while (reader.take('|')) value = parseFilter(reader, value, depth);
  return value;
}

function parseFilter(reader: TokenReader, value: Expression, depth: number): Expression {
  const { offset } = reader.current;
  const name = reader.name();
  const filter = Object.hasOwn(filters, name) ? filters[name] : undefined;
  if (!filter)
    throw new TemplateFailure(`unknown filter \`${name}\``, offset, Object.keys(filters).join(', '));
  const args: Expression[] = [];
  const { kind } = reader.current;
  if (reader.take('(')) {
    while (!reader.take(')')) {
      args.push(parseExpression(reader, 0, depth + 1));
      if (!reader.take(',')) {
        reader.expect(')');
        break;
      }
    }
  } else if (kind === 'string' || kind === 'number') args.push(parsePostfix(reader, depth));
  return (names) =>
    applyFilter(
      filter,
      value(names),
      args.map((arg) => arg(names)),
      offset,
    );
}

function applyFilter(
  filter: TemplateFilter,
  value: TemplateValue,
  args: readonly TemplateValue[],
  offset: number,
): TemplateValue {
  const result = filter(value, args);
  if (result instanceof Error) throw new TemplateFailure(result.message, offset);
  return result;
}

/** A literal, a name with fields, a test or a bracket. */
function parsePostfix(reader: TokenReader, depth: number): Expression {
  const token = reader.next();
  let value: Expression;
  if (token.kind === 'string') {
    const { text } = token;
    value = () => text;
  } else if (token.kind === 'number') {
    const { value: number } = token;
    value = () => number;
  } else if (token.text === '(' && token.kind === 'symbol') {
    value = parseExpression(reader, 0, depth + 1);
    reader.expect(')');
  } else if (token.text === '{' && token.kind === 'symbol') value = parseList(reader, depth);
  else if (token.kind === 'name') value = parseName(reader, token.text, token.offset, depth);
  else throw new TemplateFailure(`unexpected ${described(token)}`, token.offset, 'a value');
  for (;;) {
    const { offset } = reader.current;
    if (reader.take('.')) {
      const name = reader.name();
      value = field(value, () => name, offset);
    } else if (reader.take('[')) {
      const key = parseExpression(reader, 0, depth + 1);
      reader.expect(']');
      value = field(value, key, offset);
    } else return value;
  }
}

function parseName(reader: TokenReader, name: string, offset: number, depth: number): Expression {
  if (name === 'true') return () => true;
  if (name === 'false') return () => false;
  if (name === 'nil') return () => undefined;
  if (levels.some((level) => level.includes(name)) || name === 'not')
    throw new TemplateFailure(`unexpected \`${name}\``, offset, 'a value');
  if (!reader.take('(')) return (names) => names(name);
  const argument = parseExpression(reader, 0, depth + 1);
  reader.expect(')');
  if (name === 'is_defined') return (names) => argument(names) !== undefined;
  if (name === 'is_true') return (names) => argument(names) === true;
  throw new TemplateFailure(`unknown function \`${name}\``, offset, 'is_defined or is_true');
}

function parseList(reader: TokenReader, depth: number): Expression {
  const items: Expression[] = [];
  while (!reader.take('}')) {
    items.push(parseExpression(reader, 0, depth + 1));
    if (!reader.take(',')) {
      reader.expect('}');
      break;
    }
  }
  return (names) => items.map((item) => item(names));
}

function field(value: Expression, key: Expression, offset: number): Expression {
  return (names) => {
    const owner = value(names);
    const name = key(names);
    // Lua counts from 1.
    if (isList(owner)) return typeof name === 'number' ? owner[name - 1] : undefined;
    if (typeof owner !== 'object' || owner === null)
      throw new TemplateFailure('a field of something that has none', offset);
    const text = toText(name);
    return text !== undefined && Object.hasOwn(owner, text)
      ? (owner as Readonly<Record<string, TemplateValue>>)[text]
      : undefined;
  };
}

/** Text of a value, or a failure for lists. */
export function textOf(value: TemplateValue, offset: number): string {
  const text = toText(value);
  if (text === undefined) throw new TemplateFailure('a list or object has no text', offset);
  return text;
}
