import { isModuleOn, type KnownDifference, places, positionsOf } from './difference.ts';

/** Who sends: signatures, SPF, DMARC, relays, networks. */
export const authenticationDifferences: readonly KnownDifference[] = [
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
    id: 'hfilter-dns-failure',
    topic: 'hfilter',
    rspamd: 'what DNS fails to answer counts as not there, for RDNS_NONE too',
    postern: 'a failure is no sign; RDNS_DNSFAIL names it',
    concerns: ({ configuration }) =>
      isModuleOn(configuration, 'hfilter') || isModuleOn(configuration, 'once_received') ? [] : undefined,
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
];
