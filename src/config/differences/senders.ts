import type { SourcePosition } from '../../core/index.ts';
import { type DifferenceContext, isModuleOn, type KnownDifference, places, usesRedis } from './difference.ts';

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

/** What is counted, remembered and asked about senders. */
export const sendersDifferences: readonly KnownDifference[] = [
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
    id: 'limits',
    topic: 'limits',
    rspamd: 'connections to the scan port and the milter are not bounded',
    postern: 'bounded by `options.limits`; beyond it clients are told to try later',
    concerns: (context) => (places(context, (path) => path.startsWith('options.limits.')) ? undefined : []),
  },
];
