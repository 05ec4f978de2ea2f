import { z } from 'zod';

const files = z.union([z.string(), z.array(z.string())]);

export const config = z
  .object({
    enabled: z.boolean().default(true).describe('Switches the check off when false'),
    ruleset: files.optional().describe('Rule files: a path or a list, with `*` and `?`'),
    base_ruleset: files.optional().describe('Rule files that are read before `ruleset`'),
    match_limit: z.int().min(1).default(100_000).describe('Bytes of one text that patterns look at'),
    alpha: z
      .number()
      .min(0)
      .default(0.9)
      .describe(
        'Rules other than metas become symbols when their score is farther from 0 than this; 0: all of them',
      ),
    score_set: z
      .int()
      .min(0)
      .max(3)
      .default(3)
      .describe('Which of four scores counts: 0 plain, 1 with network tests, 2 with Bayes, 3 with both'),
    pcre_only: z
      .array(z.string())
      .default([])
      .describe('Rules that Rspamd keeps out of Hyperscan; changes nothing, as there is only one engine'),
    scores_priority: z
      .number()
      .default(2)
      .describe('Priority of scores in Rspamd; changes nothing: scores of the operator hold'),
  })
  .catchall(files.describe('A further rule set: a path or a list'));
export type Options = z.output<typeof config>;
