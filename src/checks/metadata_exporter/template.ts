import type { Selector, Task } from '../../core/index.ts';

type Segment =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'variable'; readonly name: string; readonly isBracketed: boolean }
  | { readonly kind: 'selector'; readonly selector: Selector };

export interface TemplateOptions {
  readonly variables: readonly string[];
  /** Compiles what stands in `${…}` and is no variable. Throws ConfigError. */
  compileSelector(text: string): Selector;
  /** Told of `$words` that are no variables; they stay as they are. */
  onUnknown?(name: string): void;
}

/** A text with `$variable`, `${variable}` and `${selector}`. Compiled once. */
export type Template = readonly Segment[];

const placeholder = /\$(?:\{([^}]*)\}|([A-Za-z_]\w*))/g;

/** @throws ConfigError for a selector that cannot be read */
export function compileTemplate(text: string, options: TemplateOptions): Template {
  const segments: Segment[] = [];
  let end = 0;
  const addText = (piece: string): void => {
    if (piece !== '') segments.push({ kind: 'text', text: piece });
  };
  for (const match of text.matchAll(placeholder)) {
    const [whole, braced, plain] = match;
    const name = braced ?? plain ?? '';
    const after = match.index + whole.length;
    const isVariable = options.variables.includes(name);
    if (!isVariable && braced === undefined) {
      options.onUnknown?.(name);
      continue;
    }
    addText(text.slice(end, match.index));
    end = after;
    if (isVariable) {
      const isBracketed = text[match.index - 1] === '<' && text[after] === '>';
      segments.push({ kind: 'variable', name, isBracketed });
    } else {
      segments.push({ kind: 'selector', selector: options.compileSelector(name) });
    }
  }
  addText(text.slice(end));
  return segments;
}

/** Does the text depend on the message? */
export function isFixed(template: Template): boolean {
  return template.every(({ kind }) => kind === 'text');
}

/**
 * The text for one message.
 *
 * @param readValue value of a variable; `isBracketed` when it stands between `<` and `>`
 * @param clean what is made of values of selectors
 */
export function renderTemplate(
  template: Template,
  task: Task,
  readValue: (name: string, isBracketed: boolean) => string,
  clean: (value: string) => string,
): string {
  let text = '';
  for (const segment of template) {
    if (segment.kind === 'text') text += segment.text;
    else if (segment.kind === 'variable') text += readValue(segment.name, segment.isBracketed);
    else text += clean((segment.selector.values(task) ?? []).join(','));
  }
  return text;
}
