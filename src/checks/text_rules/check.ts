import { z } from 'zod';
import { defineCheck, type TextView } from '../../core/index.ts';
import { distance, wordNumbers } from './distance.ts';

const manyWords = 30;

/** The plain and the HTML version of one text: children of one multipart/alternative, HTML perhaps with its images. */
function findVersions(
  texts: readonly TextView[],
): { readonly plain: string; readonly html: string } | undefined {
  if (texts.length < 2) return undefined;
  for (const { part, kind, text } of texts) {
    if (kind !== 'plain' || part.parent?.contentType !== 'multipart/alternative') continue;
    const html = texts.find(
      (other) =>
        other.kind === 'html' &&
        (other.part.parent === part.parent || other.part.parent?.parent === part.parent),
    );
    if (html) return { plain: text, html: html.text };
  }
  return undefined;
}

export const textRules = defineCheck({
  name: 'text_rules',
  summary: 'Compares the plain and the HTML version of a text.',
  details: [
    'Mail of every direction is looked at; a rule of Rspamd without options of its own. The words of both versions, links left',
    'out and at most 1000 of each, are compared in their order. From a difference of 50 % on the symbol has the weight of what',
    'goes beyond, doubled when there are more than 30 words.',
  ].join('\n'),
  group: 'body',
  stage: 'filter',
  direction: 'both',
  needs: ['text'],
  config: z.strictObject({}),
  symbols: {
    R_PARTS_DIFFER: { score: 1, description: 'The plain and the HTML version say different things' },
  },
  create() {
    return (task, hit) => {
      const versions = findVersions(task.content.texts);
      if (!versions) return;
      const plain = wordNumbers(versions.plain);
      const html = wordNumbers(versions.html);
      const share = distance(plain, html);
      if (share === undefined || share < 0.5) return;
      const factor = plain.length + html.length > manyWords ? 2 : 1;
      hit('R_PARTS_DIFFER', (share - 0.5) * factor, `${(share * 100).toFixed(1)}%`);
    };
  },
});
