import { defineCheck } from '../../core/index.ts';
import { compileRules, type IcapOptions, icapType, type ScannerFamily } from '../../scanners/index.ts';
import { clamavType } from './clamav.ts';
import { antivirusOptions, ruleOptions } from './options.ts';

const family: ScannerFamily<IcapOptions> = {
  name: 'antivirus',
  metrics: {
    scans: 'postern_antivirus_scans_total',
    failures: 'postern_antivirus_failures_total',
  },
  types: { clamav: clamavType, icap: icapType },
  refusedTypes: Object.fromEntries(
    ['avast', 'fprot', 'kaspersky', 'kaspersky_se', 'metadefender', 'savapi', 'sophos', 'virustotal'].map(
      (type) => [type, 'its protocol is not spoken here'],
    ),
  ),
};

export const antivirus = defineCheck({
  name: 'antivirus',
  summary: 'Has virus scanners look at messages: ClamAV over its own protocol, others over ICAP.',
  details: [
    'Every object in the section is a rule by its name; without one nothing is scanned. Mail of every direction is',
    'scanned, attachments one by one: all parts that are neither text nor an image, judged by their first bytes and not',
    'by the type they claim. Types `avast`, `fprot`, `kaspersky`, `kaspersky_se`, `metadefender`, `savapi`, `sophos` and',
    '`virustotal` are refused. Defaults of `clamav`: port 3310, `timeout` 5, `cache_expire` 3600; of `icap`: port 1344,',
    '`timeout` 10, `cache_expire` 7200.',
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
    'domains; ICAP previews are used where the service asks for them. For `mime_parts_filter_…` types recognised by content',
    'and names inside archives count, too.',
  ].join('\n'),
  group: 'antivirus',
  stage: 'filter',
  direction: 'both',
  needs: ['parts'],
  rulesNeed: 'servers',
  config: antivirusOptions,
  symbols: {},
  create(context) {
    return compileRules(
      family,
      context.config,
      (name) => name in antivirusOptions.shape,
      (value) => ruleOptions.parse(value),
      context,
    );
  },
});
