import { z } from 'zod';
import { defineCheck } from '../../core/index.ts';
import { listEvidence, listSoftware } from './recognise.ts';

const config = z.strictObject({
  symbol: z.string().min(1).default('MAILLIST').describe('Name of the symbol'),
});

export const maillist = defineCheck({
  name: 'maillist',
  summary: 'Recognises mailing lists by their headers.',
  details: [
    'Signs add up: List-Id 0.75; List-Archive, List-Owner, List-Help, List-Post, List-Subscribe, List-Unsubscribe and X-Loop',
    '0.125 each; `Precedence: list` or `bulk` 0.25; both List-Subscribe and List-Unsubscribe 0.25 more. From 1 on it is a',
    'list: with weight 1 when ezmlm, Mailman, Google Groups or CommuniGate Pro made it, else with half of the sum.',
  ].join('\n'),
  group: 'headers',
  stage: 'filter',
  direction: 'both',
  needs: ['headers'],
  config,
  symbols: { MAILLIST: { score: -0.2, description: 'The message comes from a mailing list' } },
  create({ config: { symbol }, rename }) {
    const name = rename('MAILLIST', symbol);
    return (task, hit) => {
      const { headers } = task.message;
      const sum = listEvidence(headers);
      if (sum < 1) return;
      const software = listSoftware(headers);
      if (software === undefined) hit(name, Math.min(2, sum * 0.5), 'generic');
      else hit(name, 1, software);
    };
  },
});
