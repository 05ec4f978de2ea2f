import { type ReadPattern, RegexpError, readPattern } from '../lib/index.ts';
import { ruleLimits } from './limits.ts';

/** `replace_tag` and its kin (ReplaceTags of SpamAssassin). */
export interface Replacements {
  readonly tags: ReadonlyMap<string, string>;
  readonly pre: ReadonlyMap<string, string>;
  readonly inter: ReadonlyMap<string, string>;
  readonly post: ReadonlyMap<string, string>;
}

const closers: Readonly<Record<string, string>> = { '{': '}', '(': ')', '[': ']', '<': '>' };

/** A pattern as it was written: `/…/i`, `m{…}x`, `m!…!`; anything else is a bare expression. */
export interface WrittenPattern {
  readonly body: string;
  readonly flags: string;
}

/** @throws RegexpError when the end is missing or a flag has no meaning here */
export function splitPerlPattern(text: string): WrittenPattern {
  const start = /^(?:m\s*([^\w\s])|(\/))/.exec(text);
  if (!start) return { body: text, flags: '' };
  const open = start[1] ?? start[2]!;
  const end = text.lastIndexOf(closers[open] ?? open);
  const begin = start[0].length;
  if (end < begin) throw new RegexpError(`pattern without closing ${closers[open] ?? open}`, text.length);
  const given = text.slice(end + 1);
  if (!/^[a-z]*$/.test(given)) throw new RegexpError(`"${given}" after the pattern`, end + 1);
  const strange = given.replace(/[imsxgopuald]/g, '');
  if (strange !== '') throw new RegexpError(`flag "${strange}" is not supported`, end + 1);
  let body = text.slice(begin, end);
  // A delimiter inside is escaped for Perl's reader only.
  if (open !== '/' && closers[open] === undefined) body = body.replaceAll(`\\${open}`, unescaped(open));
  return { body, flags: given.replace(/[^imsx]/g, '') };
}

/** A delimiter that was escaped stands for itself; where it would be an operator, it keeps its backslash. */
function unescaped(char: string): string {
  return /[.*+?^$|()[\]{}\\]/.test(char) ? `\\${char}` : char;
}

const maxPasses = 5;

/** Puts the values of tags in their places: `<V><inter W2>…`. */
function replaceTags(body: string, { tags, pre, inter, post }: Replacements): string {
  let text = body;
  for (let pass = 0; pass < maxPasses; pass++) {
    const around = { pre: '', inter: '', post: '' };
    for (const [kind, known] of [
      ['pre', pre],
      ['post', post],
      ['inter', inter],
    ] as const) {
      text = text.replace(new RegExp(`<${kind} (.+?)>`), (_, name: string) => {
        around[kind] = known.get(name) ?? '';
        return '';
      });
    }
    let isNested = false;
    const pieces = text.split(/(<[^<>]+>)/).map((piece, index, all) => {
      const name = /^<([^<>]+)>$/.exec(piece)?.[1];
      // Between two tags that touch each other stands an empty piece.
      if (name === undefined)
        return piece === '' && index > 0 && index < all.length - 1 ? around.inter : piece;
      const value = tags.get(name);
      if (value === undefined) return piece;
      if (/<[^>]+>/.test(value)) isNested = true;
      return around.pre + value + around.post;
    });
    text = pieces.join('');
    if (!isNested) break;
  }
  return text;
}

/**
 * Reads a pattern of a rule file. It is matched against bytes, one character each, as SpamAssassin does.
 *
 * @throws RegexpError for what is no pattern, and for what cannot be expressed here
 */
export function readRulePattern(text: string, replacements: Replacements | undefined): ReadPattern {
  const { body, flags } = splitPerlPattern(text);
  if (/%\{[A-Z]/.test(body)) throw new RegexpError('captures of other rules (%{NAME}) are not supported', 0);
  const full = replacements ? replaceTags(body, replacements) : body;
  return readPattern(`/${full}/${flags}r`, ruleLimits.patternChars);
}
