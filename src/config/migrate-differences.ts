import type { LoggingConfig, SourcePosition, UpstreamConfig } from '../core/index.ts';
import type { Findings } from './findings.ts';
import type { LoadedConfiguration } from './load.ts';
import type { OperatorOption } from './migrate-options.ts';

/** What a difference may depend on. */
export interface DifferenceContext {
  readonly configuration: LoadedConfiguration;
  /** Values of the operator that are in effect. */
  readonly options: readonly OperatorOption[];
  readonly findings: Findings;
}

/** One thing that goes otherwise than with Rspamd. */
export interface Difference {
  /** Stable word for scripts. */
  readonly id: string;
  readonly topic: string;
  readonly rspamd: string;
  readonly postern: string;
  /** Places in the operator's files that it concerns; none: stock values. */
  readonly positions: readonly SourcePosition[];
}

interface KnownDifference extends Omit<Difference, 'positions'> {
  /** Places that it concerns, none for stock values; undefined: not this configuration. */
  concerns(context: DifferenceContext): readonly SourcePosition[] | undefined;
}

/** Differences that concern this configuration (docs/migrate-notes.md has all of them in words). */
export function differencesOf(context: DifferenceContext): readonly Difference[] {
  return knownDifferences.flatMap(({ concerns, ...difference }) => {
    const positions = concerns(context);
    return positions ? [{ ...difference, positions }] : [];
  });
}

const speaksMilter = ({ configuration: { proxy } }: DifferenceContext): boolean =>
  proxy.enabled && proxy.milter;
const ownRates = (context: DifferenceContext): readonly SourcePosition[] | undefined =>
  isModuleOn(context.configuration, 'ratelimit')
    ? places(context, (path) => path.startsWith('ratelimit.rates.'))
    : undefined;

/** Rules of `reputation` with this selector. */
const reputationWith =
  (selector: string) =>
  (context: DifferenceContext): readonly SourcePosition[] | undefined =>
    isModuleOn(context.configuration, 'reputation')
      ? places(context, (path) =>
          new RegExp(`^reputation\\.rules\\..+\\.selector\\.${selector}\\.`).test(path),
        )
      : undefined;

const knownDifferences: readonly KnownDifference[] = [
  {
    id: 'autolearn-outbound',
    topic: 'classifier',
    rspamd: '`autolearn` learns mail of authenticated and local senders too',
    postern: 'it does so only with `autolearn_outbound = true`, or `check_local` and `check_authed`',
    concerns: (context) => places(context, (path) => /^classifier\.bayes\b.*\.autolearn\b/.test(path)),
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
    id: 'ratelimit-new-bucket',
    topic: 'ratelimit',
    rspamd: 'a new bucket lets its first message through, whatever its size',
    postern: 'a new bucket lets through no more than an empty one',
    concerns: ownRates,
  },
  {
    id: 'ratelimit-oversized',
    topic: 'ratelimit',
    rspamd: 'a message that can never fit is told to try later',
    postern: 'refused at once with a text that says so: softly, or with 5xx (`reject_oversized = true`)',
    concerns: ownRates,
  },
  {
    id: 'ratelimit-keyword',
    topic: 'ratelimit',
    rspamd: 'a limit without selector whose name has an unknown word silently never applies',
    postern: 'an error with its place',
    concerns: (context) => {
      const rates = places(context, (path) => path.startsWith('ratelimit.rates.'));
      if (!rates || !isModuleOn(context.configuration, 'ratelimit')) return undefined;
      const bySelector = new Set(
        context.options.flatMap(({ path }) => /^(ratelimit\.rates\..+)\.selector$/.exec(path)?.[1] ?? []),
      );
      const isNamed = (path: string): boolean =>
        path.startsWith('ratelimit.rates.') && ![...bySelector].some((rate) => path.startsWith(`${rate}.`));
      return places(context, isNamed);
    },
  },
  {
    id: 'ratelimit-store',
    topic: 'ratelimit',
    rspamd: 'needs Redis',
    postern: 'buckets live in the embedded store below STATE, which all processes of this machine share',
    concerns: (context) => (usesRedis(context, 'ratelimit') ? undefined : ownRates(context)),
  },
  {
    id: 'ratelimit-outage',
    topic: 'ratelimit',
    rspamd: 'what happens while the store cannot be reached is not an option',
    postern: 'mail is told to try later, or passes with `on_store_failure = "accept"`',
    concerns: ownRates,
  },
  {
    id: 'ratelimit-empty',
    topic: 'ratelimit',
    rspamd: 'no rates, no word',
    postern: 'a warning at start',
    concerns: (context) =>
      isModuleOn(context.configuration, 'ratelimit') &&
      !places(context, (path) => path.startsWith('ratelimit.rates'))
        ? places(context, (path) => path.startsWith('ratelimit.'))
        : undefined,
  },
  {
    id: 'spf-malformed',
    topic: 'spf',
    rspamd: 'terms that are no SPF are passed over, and of several records one counts',
    postern: 'such a policy is malformed (RFC 7208 4.5, 4.6): R_SPF_PERMFAIL',
    concerns: ({ configuration }) => (isModuleOn(configuration, 'spf') ? [] : undefined),
  },
  {
    id: 'spf-limits',
    topic: 'spf',
    rspamd: 'a policy may ask DNS as often as `max_dns_requests` says, and may give many empty answers',
    postern:
      'the limits of RFC 7208 4.6.4 hold besides: beyond ten terms or two empty answers it is malformed',
    concerns: (context) =>
      isModuleOn(context.configuration, 'spf')
        ? (places(context, (path) => path.startsWith('spf.max_dns_')) ?? [])
        : undefined,
  },
  {
    id: 'dmarc-policy-values',
    topic: 'dmarc',
    rspamd: '`adkim` or `aspf` of a policy that cannot be read makes it bad, `np` is not read',
    postern: 'they count as the default (RFC 7489 6.3); `np` holds for names that do not exist (RFC 9091)',
    concerns: ({ configuration }) => (isModuleOn(configuration, 'dmarc') ? [] : undefined),
  },
  {
    id: 'dmarc-not-looked-at',
    topic: 'dmarc',
    rspamd:
      'signatures that `dkim` leaves out (`whitelist`, `skip_multi`) and SPF without a client count as failed',
    postern: 'what was looked at may pass; otherwise nothing is said',
    concerns: ({ configuration }) => (isModuleOn(configuration, 'dmarc') ? [] : undefined),
  },
  {
    id: 'dmarc-mended',
    topic: 'dmarc',
    rspamd: 'an action stays forced when a trusted ARC sealer mends the failure',
    postern: 'it is not forced then',
    concerns: (context) => places(context, (path) => path.startsWith('dmarc.actions.')),
  },
  {
    id: 'dmarc-munge-from',
    topic: 'dmarc',
    rspamd: '`munge_from = false` has no effect',
    postern: 'From stays, only Reply-To is written',
    concerns: (context) => places(context, (path) => path === 'dmarc.munging.munge_from'),
  },
  {
    id: 'dmarc-reports',
    topic: 'dmarc',
    rspamd: 'reports are sent by `rspamadm dmarc_report`',
    postern: 'by `postern dmarc report`, from cron or a timer as well; the rows are the same',
    concerns: (context) => places(context, (path) => path.startsWith('dmarc.reporting.')),
  },
  {
    id: 'replies-privacy',
    topic: 'replies',
    rspamd: '`reply_sender_privacy` has no effect',
    postern: 'it has: keys of the sets of verified replies change with it',
    concerns: (context) =>
      places(context, (path) => /^(?:replies|known_senders)\.reply_sender_privacy/.test(path)),
  },
  {
    id: 'replies-cookies',
    topic: 'replies',
    rspamd: 'cookies are looked at only where there is no Redis',
    postern: 'cookies and Message-IDs together',
    concerns: (context) => places(context, (path) => path.startsWith('replies.cookie')),
  },
  {
    id: 'replies-sets',
    topic: 'replies',
    rspamd: 'full sets lose the address that was answered last or most',
    postern: 'they lose the one that was answered first or least',
    concerns: (context) => places(context, (path) => /^replies\.max_(?:local|global)_size/.test(path)),
  },
  {
    id: 'known-senders-age',
    topic: 'known_senders',
    rspamd: '`max_ttl` is not enforced',
    postern: 'a sender is forgotten `max_ttl` after its last message',
    concerns: (context) =>
      isModuleOn(context.configuration, 'known_senders')
        ? places(context, (path) => path.startsWith('known_senders.'))
        : undefined,
  },
  {
    id: 'greylist-without-redis',
    topic: 'greylist',
    rspamd: 'without Redis no mail is told to wait',
    postern:
      'the embedded store serves: suspicious inbound mail is told to wait (`enabled = false` ends that)',
    concerns: (context) =>
      isModuleOn(context.configuration, 'greylist') && !usesRedis(context, 'greylist') ? [] : undefined,
  },
  {
    id: 'replies-without-redis',
    topic: 'replies',
    rspamd: 'without Redis answers are recognised by cookies only',
    postern: 'the embedded store serves: answers to own mail get REPLY',
    concerns: (context) =>
      isModuleOn(context.configuration, 'replies') && !usesRedis(context, 'replies') ? [] : undefined,
  },
  {
    id: 'greylist-outage',
    topic: 'greylist',
    rspamd: 'while Redis cannot be written, mail is told to wait without being noted',
    postern: 'while the store cannot be reached nobody waits',
    concerns: (context) =>
      isModuleOn(context.configuration, 'greylist')
        ? (places(context, (path) => path.startsWith('greylist.')) ?? [])
        : undefined,
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
    id: 'reputation-dkim',
    topic: 'reputation',
    rspamd: 'selector `dkim` changes the score of R_DKIM_ALLOW',
    postern: 'it adds `<symbol>_ADJUSTMENT`, with the same total',
    concerns: reputationWith('dkim'),
  },
  {
    id: 'reputation-url',
    topic: 'reputation',
    rspamd: 'selector `url` weighs domains by how often they were ever seen; `check_from` does nothing',
    postern: 'by how often they stand in the message; the header From counts as one link',
    concerns: reputationWith('url'),
  },
  {
    id: 'reputation-spf',
    topic: 'reputation',
    rspamd: 'selector `spf` knows a policy by the text of its record',
    postern: 'by its domain',
    concerns: reputationWith('spf'),
  },
  {
    id: 'hfilter-dns-failure',
    topic: 'hfilter',
    rspamd: 'what DNS fails to answer counts as not there, for RDNS_NONE too',
    postern: 'a failure is no sign; RDNS_DNSFAIL names it',
    concerns: ({ configuration }) =>
      isModuleOn(configuration, 'hfilter') || isModuleOn(configuration, 'once_received') ? [] : undefined,
  },
  {
    id: 'regexp-slow',
    topic: 'regexp',
    rspamd: 'a slow pattern may hold up a worker for as long as it takes',
    postern: 'it is stopped after 100 ms, named in the log and off until the next reload',
    concerns: (context) => places(context, (path) => /^regexp\.(?!enabled$|max_size$)/.test(path)),
  },
  {
    id: 'once-received-swapped',
    topic: 'once_received',
    rspamd: 'for RDNS_NONE `check_local` and `check_authed` are taken for each other',
    postern: 'each means what it says',
    concerns: (context) => places(context, (path) => /^once_received\.check_(?:local|authed)$/.test(path)),
  },
  {
    id: 'once-received-hyphen',
    topic: 'once_received',
    rspamd: 'a hyphen in `good_host` and `bad_host` repeats what stands before it',
    postern: 'in texts of letters, digits, dots and hyphens it is a hyphen',
    concerns: ({ options }) =>
      positionsOf(
        options.filter(
          ({ path, value }) =>
            /^once_received\.(?:good|bad)_host\b/.test(path) &&
            /^[A-Za-z0-9._-]*-[A-Za-z0-9._-]*$/.test(value),
        ),
      ),
  },
  {
    id: 'once-received-off',
    topic: 'once_received',
    rspamd: '`enabled = false` leaves RDNS_NONE on',
    postern: 'it switches the whole section off',
    concerns: (context) =>
      isModuleOn(context.configuration, 'once_received')
        ? undefined
        : places(context, (path) => path === 'once_received.enabled'),
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
    id: 'asn-logins',
    topic: 'asn',
    rspamd: '`check_authed` is read and does nothing',
    postern: 'with `false` clients with a login are not looked up',
    concerns: (context) => places(context, (path) => path === 'asn.check_authed'),
  },
  {
    id: 'external-relay-names',
    topic: 'external_relay',
    rspamd: 'takes the names that senders claim in HELO for host names, and follows them from relay to relay',
    postern: 'only names that a relay verified count',
    concerns: (context) => places(context, (path) => /^external_relay\.rules\..+\.strategy$/.test(path)),
  },
  {
    id: 'external-relay-count',
    topic: 'external_relay',
    rspamd: '`count` counts a hop that Rspamd makes up, where it makes one up',
    postern: '`count` counts the Received fields of the message: look at the number',
    concerns: (context) => places(context, (path) => /^external_relay\.rules\..+\.count$/.test(path)),
  },
  {
    id: 'whitelist-undecided',
    topic: 'whitelist',
    rspamd: 'what was not checked, and what DNS failed to answer for the moment, is a failure',
    postern: 'it says nothing either way',
    concerns: (context) => places(context, (path) => path.startsWith('whitelist.')),
  },
  {
    id: 'rbl-require-symbols',
    topic: 'rbl',
    rspamd: 'a list with `require_symbols` is never asked',
    postern: 'asked when all the symbols are there',
    concerns: (context) => places(context, (path) => /^rbl\..+\.require_symbols\b/.test(path)),
  },
  {
    id: 'rbl-local-exclude',
    topic: 'rbl',
    rspamd:
      '`local_exclude_ip_map` works the other way round for `received`: hops in it are the ones that are asked',
    postern: 'hops and clients in it are left alone',
    concerns: (context) => places(context, (path) => /^rbl\.local_exclude_ip_map\b/.test(path)),
  },
  {
    id: 'rbl-ignore-defaults',
    topic: 'rbl',
    rspamd: '`ignore_defaults` with `from` or `received` asks nothing without `ipv4 = true`',
    postern: 'asks both families of addresses unless the list says otherwise',
    concerns: (context) => places(context, (path) => /^rbl\..+\.ignore_defaults?$/.test(path)),
  },
  {
    id: 'rbl-dkim-match-from',
    topic: 'rbl',
    rspamd: 'with `dkim_match_from` the meaning of `dkim_domainonly` is turned round',
    postern: '`dkim_domainonly` says what is asked, `dkim_match_from` which signatures count',
    concerns: (context) => places(context, (path) => /^rbl\..*dkim_match_from$/.test(path)),
  },
  {
    id: 'rbl-full-hostname',
    topic: 'rbl',
    rspamd: 'with `url_full_hostname` one host of each domain is asked',
    postern: 'every host, within `requests_limit`',
    concerns: (context) => places(context, (path) => /^rbl\..+\.url_full_hostname$/.test(path)),
  },
  {
    id: 'rbl-rewritten-answers',
    topic: 'rbl',
    rspamd: 'an answer outside 127.0.0.0/8 counts',
    postern:
      'counts only where `returncodes` name it: other answers are those of resolvers that rewrite them',
    concerns: (context) =>
      isModuleOn(context.configuration, 'rbl')
        ? (places(context, (path) => /^rbl\.(?:rbls|rules)\..+\.rbl$/.test(path)) ?? [])
        : undefined,
  },
  {
    id: 'rbl-together',
    topic: 'rbl',
    rspamd: 'lists wait for the allow lists before they are asked',
    postern: 'all are asked at once; what an allow list holds is not counted for the others',
    concerns: (context) =>
      isModuleOn(context.configuration, 'rbl')
        ? (places(context, (path) => /^rbl\..+\.is_whitelist$/.test(path)) ?? [])
        : undefined,
  },
  {
    id: 'rbl-monitoring',
    topic: 'rbl',
    rspamd: 'every list is probed each minute; answers before the first probe count',
    postern: 'only lists that mail asks are probed, and nothing counts before the first probe has ended',
    concerns: (context) =>
      places(context, (path) =>
        /^rbl\..*(?:disable_monitoring|monitored_address|random_monitored)$/.test(path),
      ),
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
    id: 'dkim-strict',
    topic: 'dkim',
    rspamd:
      'signatures that cannot be read or have expired give no symbol; rsa-sha1 and keys of any length verify; a failed test key counts',
    postern:
      '`R_DKIM_PERMFAIL` for all of them (RFC 6376, RFC 8301); a failed test key is as if there were no signature',
    concerns: (context) =>
      isModuleOn(context.configuration, 'dkim')
        ? places(context, (path) => path.startsWith('dkim.'))
        : undefined,
  },
  {
    id: 'arc-trust',
    topic: 'arc',
    rspamd:
      'a trusted signer anywhere in the chain makes it trusted, whoever changed the message and sealed it afterwards',
    postern:
      'the signer counts when nobody changed the message after it, or only others that are trusted; missing keys are `ARC_DNSFAIL`',
    concerns: (context) =>
      isModuleOn(context.configuration, 'arc')
        ? places(context, (path) => path.startsWith('arc.whitelist'))
        : undefined,
  },
  {
    id: 'settings-negated',
    topic: 'settings',
    rspamd: '`authenticated = no` and `local = no` are read and test nothing',
    postern: 'they are conditions',
    concerns: ({ options }) =>
      positionsOf(
        options.filter(
          ({ path, value }) =>
            /^settings\..+\.(?:authenticated|local)$/.test(path) && /^(?:no|off|false|0)$/i.test(value),
        ),
      ),
  },
  {
    id: 'settings-bare-scores',
    topic: 'settings',
    rspamd: 'with several matching rules bare `SYMBOL = score` entries of `apply` are lost',
    postern: 'kept, as `scores`',
    concerns: (context) => {
      const rules = new Set(
        context.options.flatMap(({ path }) => /^settings\.([^.]+)\./.exec(path)?.[1] ?? []),
      );
      return rules.size < 2
        ? undefined
        : places(context, (path) => /^settings\..+\.apply\.[A-Z][A-Z0-9_]*$/.test(path));
    },
  },
  {
    id: 'proxy-in-place',
    topic: 'proxy',
    rspamd: 'forwards to the scan port of the same machine',
    postern: 'scanned in place, with the same result and without the detour',
    concerns: (context) => {
      const { proxy, normal } = context.configuration;
      const ports = normal.enabled ? normal.sockets.map(({ port }) => port) : [];
      const isOwn = ({ hosts, tls }: UpstreamConfig): boolean =>
        !tls && hosts.some((host) => isLoopback(host, ports));
      if (!proxy.enabled || !proxy.upstreams.some(isOwn)) return undefined;
      return places(context, (path) => /^worker\.rspamd_proxy\.upstream\b.*\.hosts?$/.test(path)) ?? [];
    },
  },
  {
    id: 'milter-carry-over',
    topic: 'milter',
    rspamd:
      '`discard_on_reject` or `quarantine_on_reject` of one message holds for the next ones of the connection',
    postern: 'nothing is carried from one message to the next',
    concerns: (context) =>
      speaksMilter(context)
        ? places(context, (path) => /^worker\.rspamd_proxy\.(?:discard|quarantine)_on_reject$/.test(path))
        : undefined,
  },
  {
    id: 'milter-signature',
    topic: 'milter',
    rspamd: 'the DKIM header is sent after the verdict when `spam_header` is used, and lost',
    postern: 'headers and signatures always come before the verdict',
    concerns: (context) =>
      speaksMilter(context) ? places(context, (path) => path.startsWith('dkim_signing.')) : undefined,
  },
  {
    id: 'milter-percent',
    topic: 'milter',
    rspamd: 'a `%` in a reply makes the MTA take it for malformed',
    postern: '`%` is doubled, the text is one line of printable ASCII, the codes agree',
    concerns: (context) =>
      speaksMilter(context)
        ? positionsOf(
            context.options.filter(({ path, value }) => /message$/.test(path) && value.includes('%')),
          )
        : undefined,
  },
  {
    id: 'milter-login',
    topic: 'milter',
    rspamd: 'a login is read only from the macro as it is named by default; other macros are dropped',
    postern: '`{auth_authen}` is understood with and without braces; other macros are kept as `X-Milter-…`',
    concerns: (context) => (speaksMilter(context) ? [] : undefined),
  },
  {
    id: 'milter-slow-scan',
    topic: 'milter',
    rspamd: 'silent during a long scan; Sendmail waits ten seconds',
    postern: 'says every few seconds that it goes on',
    concerns: (context) => (speaksMilter(context) ? [] : undefined),
  },
  {
    id: 'scan-failure',
    topic: 'scan port',
    rspamd: 'a failed scan is an error object, which Haraka takes for a clean message',
    postern: 'a whole verdict, `soft reject`, with HTTP 503: every client tells its sender to try later',
    concerns: ({ configuration }) => (configuration.normal.enabled ? [] : undefined),
  },
  {
    id: 'scan-flag',
    topic: 'scan port',
    rspamd: '`spamc -c`, RSPAMC and SPAMC always say `False`',
    postern: '`True` for every action but `no action`, `greylist` and `soft reject`',
    concerns: ({ configuration }) => (configuration.normal.enabled ? [] : undefined),
  },
  {
    id: 'limits',
    topic: 'limits',
    rspamd: 'connections to the scan port and the milter are not bounded',
    postern: 'bounded by `options.limits`; beyond it clients are told to try later',
    concerns: (context) => (places(context, (path) => path.startsWith('options.limits.')) ? undefined : []),
  },
  {
    id: 'controller-password',
    topic: 'controller',
    rspamd: 'the stock password is `q1`',
    postern: 'generated at the first start into STATE/controller.password, readable by its owner only',
    concerns: ({ configuration: { controller } }) =>
      controller.enabled && controller.password === undefined ? [] : undefined,
  },
  {
    id: 'log-output',
    topic: 'logging',
    rspamd: 'a stock tree logs to a file',
    postern: 'standard error, until your `logging.inc` says `type = "file"`',
    concerns: (context) =>
      isConsole(context.configuration.logging) && !places(context, (path) => path === 'logging.type')
        ? (places(context, (path) => /^logging\.(?:filename|file|log_file)$/.test(path)) ?? [])
        : undefined,
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
  {
    id: 'history',
    topic: 'history',
    rspamd: 'kept in memory, or in Redis with `history_redis`',
    postern: 'without Redis kept in SQLite below STATE, or in memory (`backend`)',
    concerns: (context) =>
      isModuleOn(context.configuration, 'history') && !usesRedis(context, 'history_redis')
        ? (places(context, (path) => path.startsWith('history.')) ?? [])
        : undefined,
  },
  {
    id: 'history-key',
    topic: 'history',
    rspamd: 'up to 3.x host and compression are put behind any `key_prefix`',
    postern: 'as 4.x: `{{HOSTNAME}}` and `{{COMPRESS}}` say where; `rs_history` alone means both',
    concerns: (context) => {
      const isBare = ({ path, value }: OperatorOption): boolean =>
        path === 'history_redis.key_prefix' && value !== 'rs_history' && !value.includes('{{');
      return positionsOf(context.options.filter(isBare));
    },
  },
  {
    id: 'state-folder',
    topic: 'folders',
    rspamd: '`$DBDIR` is /var/lib/rspamd',
    postern: '`$DBDIR` is STATE: keys and lists there must be copied, or named with their full path',
    concerns: ({ configuration, options }) =>
      positionsOf(options.filter(({ value }) => value.includes(`${configuration.stateDir}/`))),
  },
  {
    id: 'signing-keys',
    topic: 'folders',
    rspamd: 'signing keys that no option names are sought in /var/lib/rspamd/dkim',
    postern: 'in STATE/dkim (arc: STATE/arc)',
    concerns: (context) =>
      places(context, (path) => /^(?:dkim_signing|arc)\.(?:.*\.)?(?:path|path_map|key_table)\b/.test(path))
        ? undefined
        : places(context, (path) => /^(?:dkim_signing|arc)\./.test(path)),
  },
  {
    id: 'slash-comments',
    topic: 'syntax',
    rspamd: '`//` is a key',
    postern: '`//` starts a comment, with a warning',
    concerns: ({ findings }) => {
      const found = findings.notices.filter(({ message }) => message.startsWith('`//`'));
      return positionsOf(found);
    },
  },
  {
    id: 'unknown-options',
    topic: 'syntax',
    rspamd: 'an unknown or misspelt option is silence',
    postern: 'an error with file, line, column and the nearest known name',
    concerns: ({ findings }) =>
      positionsOf(findings.errors.filter(({ message }) => /^unknown (?:option|section)/.test(message))),
  },
];

/** Does this check run? */
export function isModuleOn({ modules, options }: LoadedConfiguration, name: string): boolean {
  const own = modules.get(name);
  const isSwitchedOff = typeof own === 'object' && own !== null && 'enabled' in own && own.enabled === false;
  return own !== undefined && !isSwitchedOff && !options.disabledModules.includes(name);
}

function usesRedis({ configuration }: DifferenceContext, module: string): boolean {
  const own = Object.keys(configuration.sections.get(module) ?? {});
  return configuration.redis !== undefined || own.some((key) => /servers$/.test(key) || key === 'redis');
}

function isConsole({ type }: LoggingConfig): boolean {
  return type === 'console';
}

function isLoopback(host: string, ports: readonly (number | undefined)[]): boolean {
  const match = /^(?:localhost|127\.0\.0\.1|\[::1\]):(\d+)/.exec(host);
  return match !== null && ports.includes(Number(match[1]));
}

/** Places of the operator's options with such a path; undefined: there are none. */
function places(
  { options }: DifferenceContext,
  matches: (path: string) => boolean,
): readonly SourcePosition[] | undefined {
  return positionsOf(options.filter(({ path }) => matches(path)));
}

function positionsOf(
  found: readonly { readonly position?: SourcePosition | undefined }[],
): readonly SourcePosition[] | undefined {
  const positions = found.flatMap(({ position }) => position ?? []);
  return positions.length === 0 ? undefined : positions;
}
