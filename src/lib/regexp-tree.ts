/** A regular expression that cannot be used, and where in its text. */
export class RegexpError extends Error {
  /** Characters from the start of the pattern text. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.name = 'RegexpError';
    this.offset = offset;
  }
}

/** One piece of a pattern; `source` is ECMAScript. */
export type RegexpNode =
  /** Consumes exactly one character. */
  | { readonly kind: 'char'; readonly source: string }
  /** Consumes nothing: anchors, word boundaries. */
  | { readonly kind: 'assertion'; readonly source: string }
  /** Consumes what a group held. */
  | { readonly kind: 'backreference'; readonly source: string }
  | { readonly kind: 'sequence'; readonly items: readonly RegexpNode[] }
  | { readonly kind: 'choice'; readonly branches: readonly RegexpNode[] }
  | { readonly kind: 'group'; readonly open: string; readonly body: RegexpNode }
  | { readonly kind: 'look'; readonly open: string; readonly body: RegexpNode }
  | {
      readonly kind: 'repeat';
      readonly body: RegexpNode;
      readonly min: number;
      readonly max: number;
      readonly isLazy: boolean;
    };

/** The tree as ECMAScript source. */
export function writeRegexp(node: RegexpNode): string {
  switch (node.kind) {
    case 'char':
    case 'assertion':
    case 'backreference':
      return node.source;
    case 'sequence':
      return node.items
        .map((item) => (item.kind === 'choice' ? `(?:${writeRegexp(item)})` : writeRegexp(item)))
        .join('');
    case 'choice':
      return node.branches.map(writeRegexp).join('|');
    case 'group':
    case 'look':
      return `${node.open}${writeRegexp(node.body)})`;
    case 'repeat': {
      const { min, max } = node;
      let quantifier: string;
      if (max === Number.POSITIVE_INFINITY) quantifier = min === 0 ? '*' : min === 1 ? '+' : `{${min},}`;
      else if (min === 0 && max === 1) quantifier = '?';
      else quantifier = min === max ? `{${min}}` : `{${min},${max}}`;
      return `${writeRegexp(node.body)}${quantifier}${node.isLazy ? '?' : ''}`;
    }
  }
}
