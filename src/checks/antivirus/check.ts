import { type CheckUnit, ConfigError, defineCheck } from '../../core/index.ts';
import { antivirusOptions, ruleOptions } from './options.ts';
import { compileRule } from './rule.ts';

export const antivirus = defineCheck({
  name: 'antivirus',
  summary: 'Has virus scanners look at messages: ClamAV over its own protocol, others over ICAP.',
  details: [
    'Every object in the section is a rule by its name; without one nothing is scanned. Mail of every direction is',
    'scanned, attachments one by one: all parts that are neither text nor an image, judged by their first bytes and not',
    'by the type they claim. Types `avast`, `fprot`, `kaspersky`, `kaspersky_se`, `metadefender`, `savapi`, `sophos` and',
    '`virustotal` are refused.',
    '',
    'A scanner that is away, too slow or answers nonsense gives `<symbol>_FAIL` within `timeout` (never more than what is',
    'left of `task_timeout`), a line of log once a minute and `postern_antivirus_failures_total`; a server that failed is',
    'asked last for a minute. The symbol has weight 0: give failures a score with',
    '`patterns_fail { AV_AWAY = "/./"; }` and a score for that symbol. What the scanner will not judge, such as content',
    'over its own limits, gives the same symbol and is not retried.',
    '',
    'Results are kept in the store under `rs_<name>_<BLAKE2b-512 of the piece>`; the log names the same digest for what was',
    'found.',
    '',
    'Unlike Rspamd: `timeout` covers all attempts and pieces together; `whitelist` also takes digests and envelope sender',
    'domains; ICAP previews are used where the service asks for them. Types recognised by content and names inside',
    'archives do not count for `mime_parts_filter_…`.',
  ].join('\n'),
  group: 'antivirus',
  stage: 'filter',
  direction: 'both',
  needs: ['parts'],
  config: antivirusOptions,
  symbols: {},
  create(context) {
    const units: CheckUnit<never>[] = [];
    const problems: ConfigError['problems'][number][] = [];
    for (const [name, options] of Object.entries(context.config)) {
      // Everything that is no option of the section itself went through the schema of rules.
      if (name in antivirusOptions.shape) continue;
      try {
        const unit = compileRule(name, ruleOptions.parse(options), context);
        if (unit) units.push(unit);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        problems.push(...error.problems);
      }
    }
    if (problems.length > 0) throw new ConfigError(problems);
    return units.length === 0 ? undefined : units;
  },
});
