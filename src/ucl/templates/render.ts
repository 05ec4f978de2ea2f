import { UclSyntaxError } from '../failure.ts';
import { Source, type TextSegment } from '../source.ts';
import { type Names, textOf } from './expression.ts';
import { TemplateFailure } from './failure.ts';
import { type TemplateNode, TemplateParser } from './parse.ts';
import { isList, isTruthy, type TemplateGlobals, type TemplateValue } from './values.ts';

/** Bounds on what a template may make: characters, and rounds of its loops. */
const maxOutput = 16 * 1024 * 1024;
const maxSteps = 1_000_000;

/** What a template became, with the way back to the file. */
export interface Rendered {
  readonly text: string;
  readonly segments: readonly TextSegment[];
}

/**
 * Renders the templates in a file's text (config-format 2).
 * @returns undefined when the text has no template tags
 * @throws UclSyntaxError for what is not understood, with its position in the file
 */
export function renderTemplate(text: string, file: string, globals: TemplateGlobals): Rendered | undefined {
  if (!/\{[%=#]/.test(text)) return undefined;
  try {
    const renderer = new Renderer(text, globals);
    renderer.run(new TemplateParser(text).parse());
    return renderer.result();
  } catch (error) {
    if (!(error instanceof TemplateFailure)) throw error;
    const position = new Source(file, text).positionAt(error.offset);
    throw new UclSyntaxError({ message: error.message, position, expected: error.expected });
  }
}

class Renderer {
  readonly #text: string;
  readonly #names: Map<string, TemplateValue>;
  readonly #lookup: Names;
  readonly #segments: TextSegment[] = [];
  readonly #parts: string[] = [];
  #length = 0;
  #steps = 0;

  constructor(text: string, globals: TemplateGlobals) {
    this.#text = text;
    this.#names = new Map(Object.entries(globals));
    this.#lookup = (name) => this.#names.get(name);
  }

  result(): Rendered {
    return { text: this.#parts.join(''), segments: this.#segments };
  }

  run(nodes: readonly TemplateNode[]): void {
    for (const node of nodes) {
      if (++this.#steps > maxSteps)
        throw new TemplateFailure(
          'the template does too much work',
          'offset' in node ? node.offset : node.start,
        );
      switch (node.kind) {
        case 'text':
          this.#add(this.#text.slice(node.start, node.end), node.start, true);
          break;
        case 'print':
          this.#add(textOf(node.value(this.#lookup), node.offset), node.offset, false);
          break;
        case 'set':
          this.#names.set(node.name, node.value(this.#lookup));
          break;
        case 'if': {
          const branch = node.branches.find((b) => !b.condition || isTruthy(b.condition(this.#lookup)));
          if (branch) this.run(branch.body);
          break;
        }
        case 'for':
          this.#loop(node);
          break;
      }
    }
  }

  #loop(node: TemplateNode & { kind: 'for' }): void {
    const list = node.list(this.#lookup);
    if (list === undefined) return;
    if (typeof list !== 'object') throw new TemplateFailure('`for` goes over lists only', node.offset);
    const [first, second] = node.names;
    // One name takes the values; two names take index and value, or key and value.
    const pairs: (readonly [TemplateValue, TemplateValue])[] = isList(list)
      ? list.map((value, index) => [index + 1, value] as const)
      : Object.entries(list);
    for (const [key, value] of pairs) {
      this.#names.set(first!, second === undefined ? value : key);
      if (second !== undefined) this.#names.set(second, value);
      this.run(node.body);
    }
  }

  #add(text: string, originStart: number, isLiteral: boolean): void {
    if (text === '') return;
    this.#segments.push({ outStart: this.#length, originStart, isLiteral });
    this.#parts.push(text);
    this.#length += text.length;
    if (this.#length > maxOutput) throw new TemplateFailure('the template makes too much text', originStart);
  }
}
