import type { Task } from '../core/index.ts';
import type { ObjectClass } from './values.ts';

/** Forms of words by the peer's names; `full` is all of them. */
export const wordForms = ['stem', 'raw', 'norm', 'full'] as const;

interface FullWord {
  readonly stem: string;
  readonly norm: string;
  readonly raw: string;
}

export const wordClass: ObjectClass<FullWord> = {
  name: 'word',
  fields: { stem: ({ stem }) => stem, norm: ({ norm }) => norm, raw: ({ raw }) => raw },
  text: ({ stem }) => stem,
};

const lists = { stem: 'stems', norm: 'normal', raw: 'raw' } as const;

/** Words of all texts of a message, without links, addresses, and stop words among stems. */
export function words({ content }: Task, form: keyof typeof lists): readonly string[] {
  return content.texts.flatMap((text) => {
    const read = content.words(text);
    return read[lists[form]].filter((word, index) => word !== '' && !read.sites.has(index));
  });
}

/** The same with all their forms. */
export function fullWords({ content }: Task): readonly FullWord[] {
  return content.texts.flatMap((text) => {
    const { raw, normal, stems, sites } = content.words(text);
    return raw.flatMap((word, index) =>
      sites.has(index) ? [] : [{ raw: word, norm: normal[index]!, stem: stems[index]! }],
    );
  });
}
