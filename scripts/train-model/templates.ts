import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One kind of message in one language; texts have `{slots}` and `[this|or that]`. */
export interface Template {
  readonly label: 'ham' | 'spam';
  readonly kind: string;
  readonly language: string;
  readonly subjects: readonly string[];
  readonly blocks: readonly Block[];
}

/** A paragraph, one that may be left out, or a link to press. */
export interface Block {
  readonly type: 'text' | 'optional' | 'button';
  readonly text: string;
}

const types: Readonly<Record<string, Block['type']>> = { '-': 'text', '?': 'optional', '>': 'button' };

const folder = join(import.meta.dirname, 'templates');

/**
 * Reads `templates/LANGUAGE.txt` and `templates/LANGUAGE-….txt`: `# label kind`, `s:` subjects, `-` paragraphs, `?`
 * optional ones, `>` buttons.
 */
export function readTemplates(language: string): readonly Template[] {
  const text = readdirSync(folder)
    .filter((name) => name === `${language}.txt` || name.startsWith(`${language}-`))
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
  return text
    .split(/^# /m)
    .slice(1)
    .map((section) => {
      const [head = '', ...lines] = section.trim().split('\n');
      const [label, kind = ''] = head.split(' ');
      if (label !== 'ham' && label !== 'spam') throw new TypeError(`${language}: a section ${head}`);
      const subjects: string[] = [];
      const blocks: Block[] = [];
      for (const line of lines) {
        if (line.startsWith('s: ')) subjects.push(line.slice(3));
        else if (types[line[0] ?? '']) blocks.push({ type: types[line[0]!]!, text: line.slice(2) });
        else throw new TypeError(`${language}, ${kind}: a line ${line}`);
      }
      return { label, kind, language, subjects, blocks };
    });
}
