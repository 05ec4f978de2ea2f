import { z } from 'zod';
import { moduleRedisOptions } from '../../core/index.ts';

const share = z.number().min(0).max(1);
const probability = z.number().gt(0).lt(1);

/** An option of Rspamd's that is refused where it stands. */
const refused = (reason: string) => z.never({ error: () => `not supported: ${reason}` }).optional();
const ofNetwork =
  'it belongs to a network that is trained in rounds; here each lesson is learned when it comes';

const train = z.strictObject({
  autotrain: z
    .boolean()
    .default(false)
    .describe(
      'Learn from verdicts. Rspamd does unless told not to; what it learned then is what it thought before',
    ),
  spam_score: z.number().optional().describe('Learn as spam from this score on, instead of by the action'),
  ham_score: z.number().optional().describe('Learn as ham up to this score, instead of by the action'),
  frozen: z.boolean().default(false).describe('Learn nothing more, by hand neither'),
  learn_mode: z
    .enum(['balanced', 'proportional'])
    .default('balanced')
    .describe('`balanced`: by verdicts no class outgrows the other by more than a tenth and 50 messages'),
  train_prob: share.default(1).describe('Share of the mail that verdicts are learned from'),
  spam_skip_prob: share.default(0).describe('Share of the spam left out of that'),
  ham_skip_prob: share.default(0).describe('Share of the ham left out of that'),
  store_pool_only: z
    .literal(false)
    .default(false)
    .describe('Only false: there are no scripts to read vectors'),
  max_trains: refused(ofNetwork),
  max_usages: refused(ofNetwork),
  max_iterations: refused(ofNetwork),
  max_epoch: refused(ofNetwork),
  mse: refused(ofNetwork),
  learning_rate: refused('each weight has a step of its own (AdaGrad)'),
  learn_threads: refused(ofNetwork),
  classes_bias: refused(ofNetwork),
});

const autolearn = z.strictObject({
  enabled: z.boolean().default(false).describe('The same as `train { autotrain }`'),
  exclude_users: z.boolean().default(true).describe('Not from mail of users with a login'),
  exclude_local: z.boolean().default(false).describe('Not from mail of local addresses'),
});

export const neuralOptions = z.strictObject({
  ...moduleRedisOptions,
  symbol_spam: z.string().min(1).default('NEURAL_SPAM').describe('Symbol for spam'),
  symbol_ham: z.string().min(1).default('NEURAL_HAM').describe('Symbol for ham'),
  prefix: z.string().default('rn').describe('How keys of the store begin'),
  min_learns: z.int().min(1).default(200).describe('Messages of each class that must be learned first. Ours'),
  spam_probability: probability
    .default(0.88)
    .describe('From this probability on there is `NEURAL_SPAM`. Ours'),
  sure_spam_probability: probability
    .default(0.9975)
    .describe('From this probability on it counts in full; below it counts less. Ours'),
  ham_probability: probability.default(0.4).describe('Up to this probability there is `NEURAL_HAM`. Ours'),
  sure_ham_probability: probability
    .default(0.0025)
    .describe('Up to this probability it counts in full; above it counts less. Ours'),
  bayes_share: share
    .default(0.5)
    .describe(
      'Share of the score of `BAYES_SPAM` that `NEURAL_SPAM` is less: both read the same words. Ours',
    ),
  reasons: z.int().min(0).max(10).default(3).describe('How many reasons a symbol names; 0: none. Ours'),
  blacklisted_symbols: z.array(z.string()).default([]).describe('Symbols that are not learned'),
  allow_local: z.boolean().default(false).describe('Learn verdicts on mail of local addresses too'),
  watch_interval: z
    .number()
    .min(0.1)
    .default(2)
    .describe('Seconds after which it is looked whether another process has learned'),
  train: train.prefault({}),
  autolearn: autolearn.prefault({}),
});

export type NeuralOptions = z.output<typeof neuralOptions>;

/** Options of Rspamd's module that there is no counterpart of. */
export const unsupportedOptions: Readonly<Record<string, string>> = {
  rules: 'there is one learner; write its options into the section itself',
  hidden_layer_mult: 'the learner has no hidden layer',
  max_profiles: 'there is one learner: new symbols join it',
  max_inputs: 'inputs are hashed: there may be any number of them',
  ann_expire: 'what was learned does not end by itself',
  lock_expire: 'the lock ends after 20 seconds',
  learning_spawned: 'learning takes milliseconds, beside scans',
  roc_enabled: 'thresholds are probabilities',
  roc_misclassification_cost: 'thresholds are probabilities',
  spam_score_threshold: 'write `spam_probability`',
  ham_score_threshold: 'write `ham_probability`',
  flat_threshold_curve: 'the symbol counts more the surer the learner is',
  providers: 'there is one source of what is learned: symbols, words, links and header of the message',
  disable_symbols_input: 'symbols are learned among other things; name some as `blacklisted_symbols`',
  fusion: 'there is one source of what is learned',
};
