import { z } from 'zod';
import { defineCheck, priorities, type Task } from '../../core/index.ts';

/** All four patterns are this text with another first letter. */
const pattern = 'JS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X';
const maxPartBytes = 8192;

/** Action that each first letter forces; `A` only skips the filters. */
const letters = { X: 'reject', Y: 'add header', Z: 'rewrite subject', A: undefined } as const;
type Letter = keyof typeof letters;

/** First letter of the test pattern in the visible text of a short part, if one is there. */
function findLetter(task: Task): Letter | undefined {
  for (const view of task.content.texts) {
    if (view.part.bodyEnd - view.part.bodyStart > maxPartBytes * 4) continue;
    const { text } = view;
    if (text.length > maxPartBytes) continue;
    for (let at = text.indexOf(pattern); at > 0; at = text.indexOf(pattern, at + 1)) {
      const letter = text[at - 1]!;
      if (letter in letters) return letter as Letter;
    }
  }
  return undefined;
}

export const gtube = defineCheck({
  name: 'gtube',
  summary:
    'Recognises the test text that stands for spam, so that an installation can be tried without real spam.',
  details: [
    'Looked for in the visible text of every text part of at most 8 KiB. The pattern that begins with `X` forces',
    '`reject`; with `options.gtube_patterns = "all"` those that begin with `Y` and `Z` force `add header` and',
    '`rewrite subject`, and `A` only skips the filters. `options.gtube_patterns = "disable"` switches it off.',
  ].join('\n'),
  group: 'gtube',
  stage: 'prefilter',
  priority: priorities.top,
  direction: 'both',
  needs: ['text'],
  config: z.strictObject({}),
  symbols: { GTUBE: { description: 'Generic test for unsolicited bulk email' } },
  create({ options }) {
    const { gtubePatterns } = options;
    if (gtubePatterns === 'disable') return undefined;
    return {
      alwaysRun: true,
      run(task, hit) {
        if (task.raw.length === 0 || task.flags.has('skip_process')) return;
        const letter = findLetter(task);
        if (letter === undefined || (gtubePatterns === 'reject' && letter !== 'X')) return;
        task.flags.add('skip');
        const action = letters[letter];
        if (action === undefined) return;
        hit('GTUBE');
        task.setPreResult({
          action,
          message: 'Gtube pattern',
          module: 'GTUBE',
          priority: priorities.top + 1,
          score: task.result.threshold(action) ?? 0,
          isLeast: false,
          processAll: false,
        });
      },
    };
  },
});
