import { isModuleOn, type KnownDifference, places, positionsOf } from './difference.ts';

/** What mail says and holds. */
export const contentDifferences: readonly KnownDifference[] = [
  {
    id: 'autolearn-outbound',
    topic: 'classifier',
    rspamd: '`autolearn` learns mail of authenticated and local senders too',
    postern: 'it does so only with `autolearn_outbound = true`, or `check_local` and `check_authed`',
    concerns: (context) => places(context, (path) => /^classifier\.bayes\b.*\.autolearn\b/.test(path)),
  },
  {
    id: 'bayes-classes',
    topic: 'classifier',
    rspamd: 'with several classes the certainty of the likeliest is that of one sum, or a fixed value',
    postern: 'it is that of the likeliest against the average of the others, as for two classes',
    concerns: (context) =>
      places(context, (path) => /^classifier\.bayes\b.*\.statfile\b.*\.class$/.test(path)),
  },
  {
    id: 'bayes-window',
    topic: 'classifier',
    rspamd: 'up to 3.x five words are looked at together',
    postern: 'two, as in 4.x: to go on with a database of 3.x set `tokenizer { window = 5; }`',
    concerns: (context) =>
      places(context, (path) => /^classifier\.bayes\b/.test(path) && !/\.window$/.test(path)),
  },
  {
    id: 'fuzzy-public',
    topic: 'fuzzy_check',
    rspamd: 'the stock rule asks the public storage of rspamd.com about all mail',
    postern: 'nobody outside is asked unless `local.d/fuzzy_check.conf` has a rule with `servers`',
    concerns: (context) =>
      isModuleOn(context.configuration, 'fuzzy_check') &&
      !places(context, (path) => /^fuzzy_check\.rule\..+\.servers\b/.test(path))
        ? []
        : undefined,
  },
  {
    id: 'mime-types-archives',
    topic: 'mime_types',
    rspamd:
      'members of zip, rar, 7z and gz are looked at, one level deep; packed directories of 7z are not read',
    postern: 'tar, iso, udf, cab and arj too, three levels deep, and directories of 7z',
    concerns: ({ configuration }) => (isModuleOn(configuration, 'mime_types') ? [] : undefined),
  },
  {
    id: 'mime-types-unicode',
    topic: 'mime_types',
    rspamd:
      'joiners, marks of direction and the blank of macOS’ screenshots are MIME_BAD_UNICODE wherever they stand',
    postern: 'only where the script or picture around them does not need them',
    concerns: ({ configuration }) => (isModuleOn(configuration, 'mime_types') ? [] : undefined),
  },
  {
    id: 'clustering-keys',
    topic: 'clustering',
    rspamd: 'keys in Redis are the bare values of `source_selector`, whatever else has that name',
    postern: "they have a prefix with the rule's name (`prefix`)",
    concerns: (context) => places(context, (path) => /^clustering\.rules\..+\.source_selector$/.test(path)),
  },
  {
    id: 'url-redirector-addresses',
    topic: 'url_redirector',
    rspamd: '`forbid_local` looks at a name once and connects by name again',
    postern:
      'the address that was looked up is the one connected to, at every step; a private one forbids the name',
    concerns: (context) => places(context, (path) => path === 'url_redirector.redirector_hosts_map'),
  },
  {
    id: 'url-suspect-idn',
    topic: 'url_suspect',
    rspamd: 'names that imitate others are found in links with another flag only',
    postern: '`process_flags` holds `idn`, so every IDN is looked at',
    concerns: ({ configuration }) => (isModuleOn(configuration, 'url_suspect') ? [] : undefined),
  },
  {
    id: 'chartable-scripts',
    topic: 'chartable',
    rspamd: 'every change between scripts within a word counts',
    postern: 'only changes between alphabets that look alike, not Latin letters within Chinese or Arabic',
    concerns: ({ configuration }) => (isModuleOn(configuration, 'chartable') ? [] : undefined),
  },
  {
    id: 'phishtank-answers',
    topic: 'phishing',
    rspamd: 'any answer of PhishTank counts, so a resolver that rewrites answers lists the world',
    postern: 'only answers within 127.0.0.0/8 count',
    concerns: ({ configuration }) => (isModuleOn(configuration, 'phishing') ? [] : undefined),
  },
  {
    id: 'regexp-slow',
    topic: 'regexp',
    rspamd: 'a slow pattern may hold up a worker for as long as it takes',
    postern: 'it is stopped after 100 ms, named in the log and off until the next reload',
    concerns: (context) => places(context, (path) => /^regexp\.(?!enabled$|max_size$)/.test(path)),
  },
  {
    id: 'spamassassin-language',
    topic: 'spamassassin',
    rspamd: 'texts are its own, most functions and some kinds of rules are passed over without a word',
    postern: 'rules see and count what SpamAssassin sees; what cannot be used is named at load',
    concerns: (context) => places(context, (path) => /^spamassassin\.\w+/.test(path)),
  },
  {
    id: 'spamassassin-scores',
    topic: 'spamassassin',
    rspamd: 'a rule without score is no symbol, or counts 0',
    postern: 'it counts 1 (`nice` −1, `T_…` 0.01), as in SpamAssassin; a rule with score 0 is off',
    concerns: (context) => places(context, (path) => /^spamassassin\.\w+/.test(path)),
  },
  {
    id: 'regular-expressions',
    topic: 'regular expressions',
    rspamd: 'PCRE and Hyperscan',
    postern:
      'translated to ECMAScript at load; what cannot be translated, or could need exponential time, is an error with its place',
    concerns: ({ options }) =>
      positionsOf(
        options.filter(
          ({ section, path, value }) =>
            ['multimap', 'settings', 'force_actions'].includes(section) &&
            (/regexp/.test(value) ||
              /^\/.+\/[a-zA-Z]*$/.test(value) ||
              (/regexp/.test(path) && value !== 'false')),
        ),
      ),
  },
  {
    id: 'neural',
    topic: 'content',
    rspamd: 'a network is trained on verdicts, in rounds, and its symbols need scores',
    postern:
      '`neural` learns each message that is taught to Bayes, at once; verdicts only with `train { autotrain = true; }`',
    concerns: ({ configuration }) => (isModuleOn(configuration, 'neural') ? [] : undefined),
  },
  {
    id: 'content-model',
    topic: 'content',
    rspamd: 'no model of content comes with it',
    postern: '`content_model` adds CONTENT_SPAM or CONTENT_HAM; `enabled = false` leaves it out',
    concerns: ({ configuration }) => (isModuleOn(configuration, 'content_model') ? [] : undefined),
  },
  {
    id: 'documents',
    topic: 'content',
    rspamd: 'PDF alone are looked into; fonts with blanks in their names make PDF_SUSPICIOUS',
    postern:
      '`documents` adds OFFICE_*, HTML_ATTACHMENT_* and PDF_* for office documents, attached pages and PDF; their links are looked up; `enabled = false` leaves the symbols out',
    concerns: ({ configuration }) => (isModuleOn(configuration, 'documents') ? [] : undefined),
  },
  {
    id: 'qr-codes',
    topic: 'content',
    rspamd: 'QR codes are not read',
    postern: '`qr_codes` reads them and looks their links up (QR_URL); `enabled = false` leaves them alone',
    concerns: ({ configuration }) => (isModuleOn(configuration, 'qr_codes') ? [] : undefined),
  },
];
