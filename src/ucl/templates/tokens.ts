import { TemplateFailure } from './failure.ts';

export type Token =
  | { readonly kind: 'name' | 'string' | 'symbol'; readonly text: string; readonly offset: number }
  | { readonly kind: 'number'; readonly text: string; readonly value: number; readonly offset: number }
  | { readonly kind: 'end'; readonly text: ''; readonly offset: number };

const tokenPattern =
  /\s*(?:([A-Za-z_]\w*)|(\d+(?:\.\d+)?)|("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(\.\.|==|~=|!=|<=|>=|[-+*/%#<>=().,[\]{}|:]))/y;
const stringEscapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

/** Splits the inside of a tag into tokens. Throws {@link TemplateFailure}. */
export function tokenize(text: string, start: number, end: number): Token[] {
  const tokens: Token[] = [];
  for (let at = start; ; ) {
    while (at < end && /\s/.test(text[at]!)) at++;
    if (at >= end) {
      tokens.push({ kind: 'end', text: '', offset: end });
      return tokens;
    }
    tokenPattern.lastIndex = at;
    const match = tokenPattern.exec(text);
    if (!match || tokenPattern.lastIndex > end) throw new TemplateFailure(`unexpected \`${text[at]}\``, at);
    const [, name, number, string, symbol] = match;
    if (name !== undefined) tokens.push({ kind: 'name', text: name, offset: at });
    else if (number !== undefined)
      tokens.push({ kind: 'number', text: number, value: Number(number), offset: at });
    else if (string !== undefined) {
      const body = string.slice(1, -1).replace(/\\(.)/g, (_, c: string) => stringEscapes[c] ?? c);
      tokens.push({ kind: 'string', text: body, offset: at });
    } else tokens.push({ kind: 'symbol', text: symbol!, offset: at });
    at = tokenPattern.lastIndex;
  }
}

/** Walks over tokens. */
export class TokenReader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get current(): Token {
    return this.#tokens[this.#at]!;
  }

  next(): Token {
    const token = this.current;
    if (token.kind !== 'end') this.#at++;
    return token;
  }

  /** Takes the token when it is this symbol or word. */
  take(text: string): boolean {
    const { current } = this;
    if ((current.kind !== 'symbol' && current.kind !== 'name') || current.text !== text) return false;
    this.#at++;
    return true;
  }

  expect(text: string): void {
    if (!this.take(text)) this.fail(`unexpected ${described(this.current)}`, `\`${text}\``);
  }

  name(): string {
    const token = this.next();
    if (token.kind !== 'name')
      throw new TemplateFailure(`unexpected ${described(token)}`, token.offset, 'a name');
    return token.text;
  }

  end(): void {
    if (this.current.kind !== 'end') this.fail(`unexpected ${described(this.current)}`, 'the end of the tag');
  }

  fail(message: string, expected?: string): never {
    throw new TemplateFailure(message, this.current.offset, expected);
  }
}

export function described(token: Token): string {
  return token.kind === 'end' ? 'end of the tag' : `\`${token.text}\``;
}
