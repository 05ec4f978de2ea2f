import type { TextView } from '../../core/index.ts';

/** Tags of an HTML text, as the functions of rules ask for them. */
export interface HtmlTags {
  readonly names: ReadonlySet<string>;
  readonly count: number;
  /** Every element that needs an end tag has one, in order. */
  readonly isBalanced: boolean;
}

const maxChars = 1_000_000;
const maxDepth = 1_000;
const tag = /<(\/?)([a-z][a-z0-9:]{0,31})(?=[\s/>])[^<>]{0,4096}?(\/?)>/gi;

/** Elements without end tag, and those whose end tag may be left out (HTML standard, 13.1.2 and 13.1.2.4). */
const withoutEnd = new Set(
  'area base br col embed hr img input link meta param source track wbr li dt dd p option optgroup thead tbody tfoot tr td th colgroup html head body rt rp'.split(
    ' ',
  ),
);

const known = new WeakMap<TextView, HtmlTags>();

/** Reads the tags of one HTML part, once. */
export function htmlTags(view: TextView): HtmlTags {
  const before = known.get(view);
  if (before) return before;
  const names = new Set<string>();
  const open: string[] = [];
  let count = 0;
  let isBalanced = true;
  for (const [, slash, written, selfClosing] of view.part.text().slice(0, maxChars).matchAll(tag)) {
    const name = written!.toLowerCase();
    count++;
    names.add(name);
    if (!isBalanced || withoutEnd.has(name) || selfClosing === '/') continue;
    if (slash === '') {
      open.push(name);
      isBalanced = open.length <= maxDepth;
    } else isBalanced = open.pop() === name;
  }
  const tags = { names, count, isBalanced: isBalanced && open.length === 0 };
  known.set(view, tags);
  return tags;
}
