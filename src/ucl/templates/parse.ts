import { type Expression, parseExpression } from './expression.ts';
import { TemplateFailure } from './failure.ts';
import { TokenReader, tokenize } from './tokens.ts';

/** A piece of a template. Offsets are those of the file. */
export type TemplateNode =
  | { readonly kind: 'text'; readonly start: number; readonly end: number }
  | { readonly kind: 'print'; readonly value: Expression; readonly offset: number }
  | { readonly kind: 'set'; readonly name: string; readonly value: Expression; readonly offset: number }
  | { readonly kind: 'if'; readonly branches: readonly Branch[]; readonly offset: number }
  | {
      readonly kind: 'for';
      readonly names: readonly string[];
      readonly list: Expression;
      readonly body: readonly TemplateNode[];
      readonly offset: number;
    };

/** `if`, `elseif` or, without condition, `else`. */
interface Branch {
  readonly condition: Expression | undefined;
  readonly body: readonly TemplateNode[];
}

const tagStart = /\{[%=#]/g;
/** Blocks inside blocks. */
const maxDepth = 64;

interface Tag {
  readonly kind: '%' | '=';
  readonly start: number;
  readonly innerStart: number;
  readonly innerEnd: number;
}

/** Cuts a template into texts and tags and compiles it. Throws {@link TemplateFailure}. */
export class TemplateParser {
  readonly #text: string;
  #at = 0;
  /** Tag that ended the last block. */
  #closing: { readonly word: string; readonly reader: TokenReader; readonly offset: number } | undefined;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): TemplateNode[] {
    const nodes = this.#block(undefined, []);
    return nodes;
  }

  /** Nodes up to a statement with one of these words; without words up to the end. */
  #block(opened: { readonly word: string; readonly offset: number } | undefined, until: readonly string[]) {
    if (++this.#depth > maxDepth) throw new TemplateFailure('too many blocks inside each other', this.#at);
    const nodes: TemplateNode[] = [];
    for (;;) {
      const tag = this.#nextTag(nodes);
      if (!tag) {
        if (opened) throw new TemplateFailure(`\`${opened.word}\` has no end`, opened.offset, until.at(-1));
        this.#depth--;
        return nodes;
      }
      const reader = new TokenReader(tokenize(this.#text, tag.innerStart, tag.innerEnd));
      if (tag.kind === '=') {
        const value = parseExpression(reader);
        reader.end();
        nodes.push({ kind: 'print', value, offset: tag.start });
        continue;
      }
      const { offset } = reader.current;
      const word = reader.name();
      if (until.includes(word)) {
        this.#closing = { word, reader, offset };
        this.#depth--;
        return nodes;
      }
      nodes.push(...this.#statement(word, reader, tag, offset));
    }
  }

  #statement(word: string, reader: TokenReader, tag: Tag, offset: number): TemplateNode[] {
    switch (word) {
      case 'if':
        return [this.#if(reader, tag.start)];
      case 'for':
        return [this.#for(reader, tag.start)];
      case 'set': {
        const name = reader.name();
        reader.expect('=');
        const value = parseExpression(reader);
        reader.end();
        return [{ kind: 'set', name, value, offset: tag.start }];
      }
      case 'raw':
        reader.end();
        return [this.#raw(tag.start)];
      default:
        throw new TemplateFailure(
          `template statement \`${word}\` is not supported here`,
          offset,
          'if, elseif, else, endif, for, endfor, set, raw, endraw',
        );
    }
  }

  #if(reader: TokenReader, start: number): TemplateNode {
    const branches: Branch[] = [];
    let condition: Expression | undefined = parseExpression(reader);
    reader.end();
    for (;;) {
      const words = condition ? ['elseif', 'elif', 'else', 'endif'] : ['endif'];
      const body = this.#block({ word: 'if', offset: start }, words);
      branches.push({ condition, body });
      const closing = this.#closing!;
      if (closing.word === 'endif') {
        closing.reader.end();
        return { kind: 'if', branches, offset: start };
      }
      condition = closing.word === 'else' ? undefined : parseExpression(closing.reader);
      closing.reader.end();
    }
  }

  #for(reader: TokenReader, start: number): TemplateNode {
    const names = [reader.name()];
    if (reader.take(',')) names.push(reader.name());
    reader.expect('in');
    const list = parseExpression(reader);
    reader.end();
    const body = this.#block({ word: 'for', offset: start }, ['endfor']);
    this.#closing!.reader.end();
    return { kind: 'for', names, list, body, offset: start };
  }

  #raw(start: number): TemplateNode {
    const end = /\{%-?\s*endraw\s*-?%\}/g;
    end.lastIndex = this.#at;
    const match = end.exec(this.#text);
    if (!match) throw new TemplateFailure('`raw` has no end', start, 'endraw');
    const node: TemplateNode = { kind: 'text', start: this.#at, end: match.index };
    this.#at = end.lastIndex;
    return node;
  }

  /** Adds the text before the next tag and steps over it and over comments; undefined at the end. */
  #nextTag(nodes: TemplateNode[]): Tag | undefined {
    for (;;) {
      tagStart.lastIndex = this.#at;
      const match = tagStart.exec(this.#text);
      const start = match?.index ?? this.#text.length;
      const trimsBefore = match !== null && this.#text[start + 2] === '-';
      this.#addText(nodes, this.#at, trimsBefore ? this.#blanksBefore(start) : start);
      if (!match) {
        this.#at = this.#text.length;
        return undefined;
      }
      const kind = match[0][1] as '%' | '=' | '#';
      const innerStart = start + (trimsBefore ? 3 : 2);
      const close = kind === '%' ? '%}' : kind === '=' ? '=}' : '#}';
      const end = kind === '#' ? this.#text.indexOf(close, innerStart) : this.#tagEnd(innerStart, close);
      if (end < 0)
        throw new TemplateFailure(`\`{${kind}\` starts a template tag that has no end`, start, close);
      const trimsAfter = this.#text[end - 1] === '-' && end > innerStart;
      this.#at = end + 2;
      if (trimsAfter) while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
      if (kind !== '#') return { kind, start, innerStart, innerEnd: trimsAfter ? end - 1 : end };
    }
  }

  #addText(nodes: TemplateNode[], start: number, end: number): void {
    if (end > start) nodes.push({ kind: 'text', start, end });
  }

  #blanksBefore(offset: number): number {
    while (offset > this.#at && /\s/.test(this.#text[offset - 1]!)) offset--;
    return offset;
  }

  #tagEnd(from: number, close: string): number {
    let quote = '';
    for (let at = from; at < this.#text.length; at++) {
      const c = this.#text[at]!;
      if (quote !== '') {
        if (c === '\\') at++;
        else if (c === quote) quote = '';
      } else if (c === '"' || c === "'") quote = c;
      else if (c === close[0] && this.#text[at + 1] === close[1]) return at;
    }
    return -1;
  }
}
