import { defineCheck } from '../../core/index.ts';
import { compileRules, dccType, icapType, type ScannerFamily } from '../../scanners/index.ts';
import { oletoolsType } from './oletools.ts';
import { externalServicesOptions, type ServiceOptions, serviceOptions } from './options.ts';
import { pyzorType } from './pyzor.ts';
import { razorType } from './razor.ts';
import { spamassassinType } from './spamassassin.ts';

const commercial = 'a service whose protocol is not public';
const withAccount = 'a service on the network that wants an account; nothing of a message is sent there';

const family: ScannerFamily<ServiceOptions> = {
  name: 'external_services',
  metrics: {
    scans: 'postern_external_services_scans_total',
    failures: 'postern_external_services_failures_total',
  },
  types: {
    dcc: dccType,
    icap: icapType,
    oletools: oletoolsType,
    pyzor: pyzorType,
    razor: razorType,
    spamassassin: spamassassinType,
  },
  refusedTypes: {
    cloudmark: commercial,
    expurgate: commercial,
    metadefender: withAccount,
    vadesecure: commercial,
    virustotal: withAccount,
  },
  anchor: (key) => `${key.toUpperCase()}_CHECK`,
};

export const externalServices = defineCheck({
  name: 'external_services',
  summary:
    'Asks other programs about messages: SpamAssassin, DCC, Pyzor, Razor, oletools, and anything that speaks ICAP.',
  details: [
    'Every object in the section is a rule by its name; without one nothing is asked. Mail of every direction is asked',
    'about. Settings know a rule by its name in upper case with `_CHECK`. Defaults by type:',
    '',
    '| Type | Port | `timeout` | `cache_expire` | Symbol (score) | Asked about |',
    '|---|---|---|---|---|---|',
    '| `spamassassin` | 783 | 15 | 3600 | `SPAMD` (1) | the whole message, after the filters, `dynamic_scan` |',
    "| `icap` | 1344 | 10 | 7200 | the rule's name (0) | attachments |",
    '| `dcc` | 10045 | 5 | 7200 | `DCC_REJECT` (2), `DCC_BULK` (1), `DCC_FAIL` | the whole message |',
    '| `oletools` | 10050 | 15 | 86400 | `OLETOOLS` (1) | attachments of 500 bytes and more, after the filters, `dynamic_scan` |',
    '| `pyzor` | 5953 | 15 | 7200 | `PYZOR` (1) | the whole message |',
    '| `razor` | 11342 | 5 | 7200 | `RAZOR` (1) | the whole message |',
    '',
    "`spamassassin` speaks spamd's own protocol. Its score, when positive, is the weight of `SPAMD`, and the rules that",
    'matched are the option. Nothing but the message is told to spamd.',
    '',
    '`dcc` asks dccifd, `pyzor` pyzorsocket, `razor` razorfy and `oletools` olefy, each over TCP; all but dccifd are told',
    'nothing but the message or attachment, dccifd the envelope, too. `DCC_BULK` weighs a third for each checksum that was seen',
    'as often as its threshold, `PYZOR` 0.2 to 1.5 by the number of reports. `oletools` finds macros that run by themselves',
    'and look suspicious; with `extended` the options are flags (`M` macros, `A` run by themselves, `S` suspicious, `I`',
    'addresses, `H`, `B`, `D`, `V` hidden texts) and the words that were found.',
    '',
    'Types `cloudmark`, `expurgate`, `metadefender`, `vadesecure` and `virustotal` are refused.',
    '',
    'A service that is away, too slow or answers nonsense gives `<symbol>_FAIL` (weight 0) within `timeout` (never more than',
    'what is left of `task_timeout`), a line of log once a minute and `postern_external_services_failures_total`; a server',
    'that failed is asked last for a minute. Results are kept in the store under `rs_<name>_<BLAKE2b-512 of what was asked',
    'about>`. The rest is as with [`antivirus`](antivirus.md).',
  ].join('\n'),
  group: 'external_services',
  stage: 'filter',
  direction: 'both',
  needs: ['parts'],
  rulesNeed: 'servers',
  config: externalServicesOptions,
  symbols: {},
  create(context) {
    return compileRules(
      family,
      context.config,
      (name) => name in externalServicesOptions.shape,
      (value) => serviceOptions.parse(value),
      context,
    );
  },
});
