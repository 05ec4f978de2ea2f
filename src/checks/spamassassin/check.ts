import { globSync } from 'node:fs';
import type { CheckContext, DynamicSymbol } from '../../core/index.ts';
import { defineCheck } from '../../core/index.ts';
import { Ruleset, type ScoreSet, SpamRules } from '../../spamassassin/index.ts';
import { config, type Options } from './options.ts';

/** Units of other checks whose findings functions read. */
const unitsByFinding = {
  spf: 'SPF_CHECK',
  dkim: 'DKIM_CHECK',
  dmarc: 'DMARC_CHECK',
  arc: 'ARC_CHECK',
} as const;

export const spamassassin = defineCheck({
  name: 'spamassassin',
  summary: 'Runs rule files of SpamAssassin.',
  details: [
    'Every rule that has a score becomes a symbol of group `sa` with that score and its description; rules whose names',
    'begin with `__` are parts of others. What a file asks for and cannot be done here is named once at load, with the',
    'rules that stand off because of it. [Rule files of SpamAssassin](../../spamassassin.md) lists what is understood.',
    '',
    '`ruleset` and `base_ruleset` are paths, with `*` and `?`; any other key with a path or a list of paths is read as one',
    'more rule set. Files are read in the order of their names, `base_ruleset` first; what comes later holds.',
  ].join('\n'),
  group: 'sa',
  stage: 'filter',
  direction: 'both',
  needs: ['text'],
  config,
  symbols: {
    SPAMASSASSIN_CUT: { score: 0, description: 'Rules of SpamAssassin took too long and did not all run' },
  },
  create(context) {
    const { config: options, log } = context;
    const ruleset = readRules(context);
    if (ruleset.rules.size === 0) {
      log.info('no rules of SpamAssassin are configured');
      return undefined;
    }
    const stopped = context.metrics.counter(
      'postern_spamassassin_stopped_total',
      'Rules that took too long and are off until the next reload',
      ['rule'],
    );
    const rules = new SpamRules({
      ruleset,
      scoreSet: options.score_set as ScoreSet,
      alpha: options.alpha,
      maxChars: options.match_limit,
      onStopped(rule) {
        log.warn('rule of SpamAssassin took too long and is off until the next reload', { rule });
        stopped.add(1, { rule });
      },
    });
    for (const problem of rules.problems) context.warn([], problem);
    const symbols = new Map<string, DynamicSymbol>(
      rules.symbols.map(({ name, score, description }) => [
        name,
        context.declare(name, { score, description, groups: ['sa'], oneShot: true }),
      ]),
    );
    const { defined, compiled, refused } = rules.counts;
    log.info('rules of SpamAssassin loaded', { defined, compiled, refused, symbols: symbols.size });
    return {
      name: 'SPAMASSASSIN',
      symbols: [...symbols.values(), 'SPAMASSASSIN_CUT'],
      after: [...rules.foreign, ...[...rules.asked].map((finding) => unitsByFinding[finding])],
      run(task, hit) {
        const { hits, isCut } = rules.run(task);
        for (const { name } of hits) hit(symbols.get(name)!);
        if (isCut) hit('SPAMASSASSIN_CUT');
      },
    };
  },
});

const optionNames: ReadonlySet<string> = new Set(Object.keys(config.shape));

/** Reads every file that the section names. */
function readRules(context: CheckContext<Options, 'SPAMASSASSIN_CUT'>): Ruleset {
  const { config: options } = context;
  const ruleset = new Ruleset();
  const others = Object.entries(options).filter(([key]) => !optionNames.has(key));
  const named: readonly (readonly [string, unknown])[] = [
    ['base_ruleset', options.base_ruleset],
    ['ruleset', options.ruleset],
    ...others,
  ];
  for (const [key, value] of named) {
    if (value === undefined) continue;
    for (const pattern of Array.isArray(value) ? (value as string[]) : [String(value)]) {
      const files = globSync(pattern).toSorted();
      if (files.length === 0) context.warn([key], `no file matches ${pattern}`);
      for (const file of files) {
        try {
          ruleset.readFile(file);
        } catch (error) {
          context.warn([key], `${file}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
    }
  }
  return ruleset;
}
