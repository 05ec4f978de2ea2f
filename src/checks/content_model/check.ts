import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ContentModel, parseModelFile, readFeatures, readShippedModel } from '../../classify/index.ts';
import { type CheckContext, defineCheck, directionFilter } from '../../core/index.ts';

const probability = z.number().gt(0).lt(1);

const config = z.strictObject({
  spam_probability: probability.default(0.6).describe('From this probability on there is `CONTENT_SPAM`'),
  sure_probability: probability
    .default(0.995)
    .describe('From this probability on `CONTENT_SPAM` counts in full; below it counts less'),
  ham_probability: probability.default(0.02).describe('Below this probability there is `CONTENT_HAM`'),
  ham_min_words: z
    .int()
    .min(0)
    .default(20)
    .describe('Texts with fewer words never get `CONTENT_HAM`: they tell too little'),
  reasons: z.int().min(0).max(20).default(4).describe('How many reasons a symbol names; 0: none'),
  model: z
    .string()
    .min(1)
    .optional()
    .describe('File of another model, as `npm run train:model` writes it. Default: the one that ships'),
  check_local: z.boolean().default(true).describe('Also for mail from local addresses'),
  check_authed: z.boolean().default(true).describe('Also for mail with a login'),
});
type Config = z.output<typeof config>;

/** What `CONTENT_SPAM` counts where it begins. */
const leastWeight = 0.15;

const logOdds = (share: number): number => Math.log(share / (1 - share));

function openModel({ config: { model: file }, configError }: CheckContext<Config, string>): ContentModel {
  if (file === undefined) return readShippedModel();
  try {
    return new ContentModel(parseModelFile(readFileSync(file, 'utf8')));
  } catch (error) {
    throw configError(['model'], `${file} cannot be used: ${error instanceof Error ? error.message : error}`);
  }
}

export const contentModel = defineCheck({
  name: 'content_model',
  summary: 'Judges what a message says and how it is made by a model that ships and needs no training.',
  details: [
    'A linear model over some 400 readable features of header, structure, links and phrases in seven languages, and over',
    'hashed words, gives the probability that a message is spam, phishing or fraud. `CONTENT_SPAM` counts more the surer',
    'the model is, on the scale of log-odds between `spam_probability` and `sure_probability`. Both symbols name the',
    'probability and what speaks most for it. Data, accuracy and limits: [model card](../../model-card.md).',
    '',
    'It looks at outbound mail as well as at inbound mail, and asks nobody.',
  ].join('\n'),
  group: 'content_model',
  stage: 'filter',
  direction: 'both',
  needs: ['text'],
  config,
  symbols: {
    CONTENT_SPAM: {
      score: 6,
      description: 'The content is like that of spam, phishing or fraud',
      oneShot: true,
    },
    CONTENT_HAM: { score: -0.5, description: 'The content is like that of honest mail', oneShot: true },
  },
  create(context) {
    const settings = context.config;
    const begin = logOdds(settings.spam_probability);
    const full = logOdds(settings.sure_probability);
    if (full <= begin) throw context.configError(['sure_probability'], 'must be above spam_probability');
    if (settings.ham_probability >= settings.spam_probability)
      throw context.configError(['ham_probability'], 'must be below spam_probability');
    const model = openModel(context);
    const isLeftOut = directionFilter(settings, context.options);
    const judged = context.metrics.counter(
      'postern_content_model_total',
      'Mail by what the content model thinks of it',
      ['result'],
    );
    return (task, hit) => {
      if (isLeftOut(task)) return;
      const features = readFeatures(task.message, task.content);
      const opinion = model.judge(features);
      const share = opinion.probability;
      if (share >= settings.spam_probability && !features.isBlank) {
        const position = Math.min(1, (logOdds(Math.min(share, 1 - 1e-12)) - begin) / (full - begin));
        const weight = leastWeight + (1 - leastWeight) * position;
        hit('CONTENT_SPAM', weight, share.toFixed(3), ...opinion.reasons(settings.reasons));
        judged.add(1, { result: 'spam' });
      } else if (share < settings.ham_probability && features.words >= settings.ham_min_words) {
        hit('CONTENT_HAM', 1, share.toFixed(3), ...opinion.reasons(settings.reasons));
        judged.add(1, { result: 'ham' });
      } else judged.add(1, { result: 'unsure' });
    };
  },
});
