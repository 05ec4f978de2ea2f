import { readFileSync } from 'node:fs';
import { z } from 'zod';
import {
  ContentModel,
  type Opinion,
  parseModelFile,
  readFeatures,
  readShippedModel,
} from '../../classify/index.ts';
import { type CheckContext, defineCheck, directionFilter, type Task } from '../../core/index.ts';

const probability = z.number().gt(0).lt(1);

const config = z.strictObject({
  spam_probability: probability.default(0.6).describe('From this probability on there is `CONTENT_SPAM`'),
  sure_probability: probability
    .default(0.9975)
    .describe('From this probability on `CONTENT_SPAM` counts in full; below it counts less'),
  ham_probability: probability.default(0.25).describe('Below this probability there is `CONTENT_HAM`'),
  sure_ham_probability: probability
    .default(0.01)
    .describe('Below this probability `CONTENT_HAM` counts in full; above it counts less'),
  ham_min_words: z
    .int()
    .min(0)
    .default(20)
    .describe('Texts with fewer words never get `CONTENT_HAM`: they tell too little'),
  ham_own_score: z
    .number()
    .min(0)
    .default(1)
    .describe('What `CONTENT_HAM` takes off at most where no weak sign speaks against the message'),
  offset_groups: z
    .array(z.string().min(1))
    .default([
      'headers',
      'subject',
      'url',
      'html',
      'mime',
      'mime_types',
      'body',
      'mid',
      'excessqp',
      'excessb64',
      'experimental',
    ])
    .describe('Groups of symbols about form, whose scores `CONTENT_HAM` may take back'),
  offset_max_score: z
    .number()
    .min(0)
    .default(3.5)
    .describe(
      'A symbol that scores more than this is no weak sign: it is not taken back, and there is no `CONTENT_HAM` beside it',
    ),
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
const leastWeight = 0.06;

const logOdds = (share: number): number => Math.log(share / (1 - share));

function openModel({ config: { model: file }, configError }: CheckContext<Config, string>): ContentModel {
  if (file === undefined) return readShippedModel();
  try {
    return new ContentModel(parseModelFile(readFileSync(file, 'utf8')));
  } catch (error) {
    throw configError(['model'], `${file} cannot be used: ${error instanceof Error ? error.message : error}`);
  }
}

/** What `CONTENT_SPAM` counts, 0: nothing. */
function spamWeight({ spam_probability, sure_probability }: Config): (opinion: Opinion) => number {
  const begin = logOdds(spam_probability);
  const full = logOdds(sure_probability);
  return ({ logOdds: odds }) => {
    if (odds < begin) return 0;
    return leastWeight + (1 - leastWeight) * Math.min(1, (odds - begin) / (full - begin));
  };
}

/** What `CONTENT_HAM` counts before it is asked what there is to take back; 0: nothing. */
function hamWeight({ ham_probability, sure_ham_probability }: Config): (opinion: Opinion) => number {
  const begin = logOdds(ham_probability);
  const full = logOdds(sure_ham_probability);
  return ({ logOdds: odds }) => Math.min(1, Math.max(0, (begin - odds) / (begin - full)));
}

/** What weak signs add up to; undefined beside one that is not weak. */
function weakScore({ result }: Task, groups: ReadonlySet<string>, maxScore: number): number | undefined {
  let sum = 0;
  for (const { name, score, groups: own } of result.hits) {
    if (score <= 0 || name === 'CONTENT_SPAM') continue;
    if (score > maxScore) return undefined;
    if (own.some((group) => groups.has(group))) sum += score;
  }
  return sum;
}

export const contentModel = defineCheck({
  name: 'content_model',
  summary: 'Judges what a message says and how it is made by a model that ships and needs no training.',
  details: [
    'A linear model over some 400 readable features of header, structure, links and phrases in ten languages, and over',
    'hashed words, gives the probability that a message is spam, phishing or fraud. `CONTENT_SPAM` counts more the surer',
    'the model is, on the scale of log-odds between `spam_probability` and `sure_probability`. Both symbols name the',
    'probability and what speaks most for it. Data, accuracy and limits: [model card](../../model-card.md).',
    '',
    'Many rules on the form of a message (a subject that ends with a question mark, an address without a dot) fire on',
    'honest lists and newsletters as well. `CONTENT_HAM`, inserted after the filters, weighs them: when the content is that of',
    'honest mail it takes back what the groups in `offset_groups` added, the more the surer the model is, and at most its',
    'score (−3); where there is nothing to take back it is worth at most `ham_own_score`. Whoever writes a message so that',
    'the model likes it gains no more than that. Symbols of other groups (block lists, phishing, viruses, Bayes, fuzzy hashes,',
    'limits) are never taken back, and beside any symbol that scores more than `offset_max_score` there is no `CONTENT_HAM`.',
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
      score: 8,
      description: 'The content is like that of spam, phishing or fraud',
      oneShot: true,
    },
    CONTENT_HAM: {
      score: -3,
      description: 'The content is like that of honest mail: weak signs against it count less',
      oneShot: true,
    },
  },
  create(context) {
    const settings = context.config;
    const { spam_probability, sure_probability, ham_probability, sure_ham_probability } = settings;
    if (sure_probability <= spam_probability)
      throw context.configError(['sure_probability'], 'must be above spam_probability');
    if (ham_probability >= spam_probability)
      throw context.configError(['ham_probability'], 'must be below spam_probability');
    if (sure_ham_probability >= ham_probability)
      throw context.configError(['sure_ham_probability'], 'must be below ham_probability');
    const model = openModel(context);
    const weighSpam = spamWeight(settings);
    const weighHam = hamWeight(settings);
    const offsetGroups = new Set(settings.offset_groups);
    const isLeftOut = directionFilter(settings, context.options);
    const judged = context.metrics.counter(
      'postern_content_model_total',
      'Mail by what the content model thinks of it',
      ['result'],
    );
    const honest = new WeakMap<Task, Opinion>();
    const tell = ({ probability: share, reasons }: Opinion): string[] => [
      share.toFixed(3),
      ...reasons(settings.reasons),
    ];
    return [
      {
        name: 'CONTENT_MODEL',
        symbols: ['CONTENT_SPAM'],
        run(task, hit) {
          if (isLeftOut(task)) return;
          const features = readFeatures(task.message, task.content);
          const opinion = model.judge(features);
          const weight = features.isBlank ? 0 : weighSpam(opinion);
          if (weight > 0) {
            hit('CONTENT_SPAM', weight, ...tell(opinion));
            judged.add(1, { result: 'spam' });
          } else if (weighHam(opinion) > 0 && features.words >= settings.ham_min_words) {
            honest.set(task, opinion);
            judged.add(1, { result: 'ham' });
          } else judged.add(1, { result: 'unsure' });
        },
      },
      {
        // Once the filters have said what there is to take back.
        name: 'CONTENT_MODEL_OFFSET',
        stage: 'classifier',
        symbols: ['CONTENT_HAM'],
        run(task, hit) {
          const opinion = honest.get(task);
          const weak = opinion && weakScore(task, offsetGroups, settings.offset_max_score);
          if (weak === undefined) return;
          const most = weighHam(opinion!);
          const score = Math.abs(task.result.symbolScore('CONTENT_HAM'));
          const weight =
            score === 0 ? most : Math.min(most, (most * (settings.ham_own_score + weak)) / score);
          hit('CONTENT_HAM', weight, ...tell(opinion!));
        },
      },
    ];
  },
});
