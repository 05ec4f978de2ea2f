import { z } from 'zod';
import { type Defect, defineCheck } from '../../core/index.ts';

/** Names of defects that say that something was left out: `too-many-parts`, `text-too-long`, `html-too-large`. */
const leftOut = /^too-|-too-(?:long|large)$/;

/** What cannot be left out of anything, because it is a list of what is wrong. */
const ownList = 'too-many-defects';

function collect(defects: readonly Defect[], into: Set<string>): void {
  for (const { kind } of defects) if (kind !== ownList && leftOut.test(kind)) into.add(kind);
}

export const partlyRead = defineCheck({
  name: 'partly_read',
  summary: 'Tells when a message passed a bound and was read in part only.',
  details: [
    'Every message is read within bounds, so that none costs more than others can bear. Where one passes a bound, what goes',
    'beyond is not looked at, and the symbol names the bounds: `text-too-long`, `too-many-parts`, `html-too-large` … The page',
    '[Running it](../../operate.md#what-a-message-may-cost) has them all with their values.',
    '',
    'The symbol counts nothing by itself: long texts and many links are ordinary. Give it a score, or use it in a composite,',
    'where mail that cannot be read whole is not wanted.',
  ].join('\n'),
  group: 'mime',
  stage: 'postfilter',
  direction: 'both',
  needs: [],
  config: z.strictObject({}),
  symbols: {
    PARTLY_READ: {
      score: 0,
      description: 'Parts of the message are beyond a bound and were not read',
      oneShot: true,
    },
  },
  create() {
    return ({ message, content }, hit) => {
      if (message.defects.length === 0 && content.defects.length === 0) return;
      const kinds = new Set<string>();
      collect(message.defects, kinds);
      collect(content.defects, kinds);
      if (kinds.size > 0) hit('PARTLY_READ', 1, ...kinds);
    };
  },
});
