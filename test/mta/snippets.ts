import { readFileSync } from 'node:fs';

const FENCE = /^```(\w+) (\S+)\n([\s\S]*?)^```$/gm;

/**
 * The configuration blocks of a page under `docs/integrate`, by the name that follows the language
 * (```` ```conf main.cf ````). What the tests run is therefore what the page says.
 */
export function readSnippets(page: string): Map<string, string> {
  const text = readFileSync(new URL(`../../docs/integrate/${page}.md`, import.meta.url), 'utf8');
  return new Map(Array.from(text.matchAll(FENCE), ([, , name = '', content = '']) => [name, content]));
}

/**
 * One block with the page's addresses and paths replaced by those of a test.
 *
 * @throws Error when the page lacks the block or one of the words to replace.
 */
export function snippet(
  page: string,
  name: string,
  replacements: Readonly<Record<string, string>> = {},
): string {
  let text = readSnippets(page).get(name);
  if (text === undefined) throw new Error(`docs/integrate/${page}.md has no block named ${name}`);
  for (const [from, to] of Object.entries(replacements)) {
    if (!text.includes(from))
      throw new Error(`${name} in docs/integrate/${page}.md does not contain ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}
