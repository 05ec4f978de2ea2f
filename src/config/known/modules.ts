/** What is known about a module of Rspamd (reference page of its modules), for when no check of ours reads it. */
export interface KnownModule {
  /** `on`: does something with stock files; `off`: needs configuration or `enabled = true` first. */
  readonly stock: 'on' | 'off';
  /** `none`: exports, statistics, housekeeping: never changes a verdict. */
  readonly effect: 'verdict' | 'none';
  /** What to do instead, or why it is not here. */
  readonly reason?: string;
  /** Stock values of options, where an operator is likely to repeat them. */
  readonly values?: Readonly<Record<string, unknown>>;
}

const on = (values?: Readonly<Record<string, unknown>>): KnownModule => ({
  stock: 'on',
  effect: 'verdict',
  ...(values && { values }),
});
const off = (values?: Readonly<Record<string, unknown>>): KnownModule => ({
  stock: 'off',
  effect: 'verdict',
  ...(values && { values }),
});
const sink: KnownModule = { stock: 'off', effect: 'none' };
const because = (module: KnownModule, reason: string): KnownModule => ({ ...module, reason });

const hour = 3600;
const day = 24 * hour;

/** Every section that is a module of Rspamd 3.4 or 4.x. */
export const knownModules: Readonly<Record<string, KnownModule>> = {
  aliases: on(),
  antivirus: off(),
  arc: on(),
  asn: on({ provider_type: 'rspamd' }),
  aws_s3: because(sink, 'messages are not stored in S3; `metadata_exporter` hands them on by HTTP'),
  bayes_expiry: because(
    { stock: 'on', effect: 'none' },
    'it looks after tokens in Redis that are not kept so here',
  ),
  bimi: because(off(), 'indicators are not fetched'),
  chartable: on({ threshold: 0.3, symbol: 'R_MIXED_CHARSET' }),
  clickhouse: sink,
  clustering: off(),
  contextal: because(off(), 'messages are not handed to that platform'),
  dcc: off({ timeout: 2 }),
  dkim: on({
    dkim_cache_size: 2000,
    dkim_cache_expire: day,
    time_jitter: 6 * hour,
    trusted_only: false,
    skip_multi: false,
  }),
  dkim_signing: on(),
  dmarc: on(),
  dynamic_conf: { stock: 'off', effect: 'none' },
  elastic: sink,
  emails: off(),
  ensure_hostname: off(),
  external_relay: off(),
  external_services: off(),
  force_actions: off(),
  forged_recipients: on({ symbol_sender: 'FORGED_SENDER', symbol_rcpt: 'FORGED_RECIPIENTS' }),
  fuzzy_check: on({ min_bytes: 1000, timeout: 2, retransmits: 1 }),
  fuzzy_collect: because(sink, 'hashes are not gathered from other storages'),
  gpt: because(off(), 'no language model is asked'),
  greylist: on({
    expire: day,
    timeout: 300,
    key_prefix: 'rg',
    max_data_len: 10_000,
    message: 'Try again later',
    action: 'soft reject',
    ipv4_mask: 19,
    ipv6_mask: 64,
  }),
  hfilter: on({
    helo_enabled: true,
    hostname_enabled: true,
    url_enabled: true,
    from_enabled: true,
    rcpt_enabled: true,
    mid_enabled: false,
  }),
  history_redis: {
    stock: 'on',
    effect: 'none',
    values: { key_prefix: 'rs_history', nrows: 200, compress: true, subject_privacy: false },
  },
  http_headers: off(),
  ip_score: off(),
  known_senders: off(),
  llm_embeddings: off(),
  maillist: on({ symbol: 'MAILLIST' }),
  maps_stats: because(sink, 'the controller and `/metrics` tell of maps'),
  metadata_exporter: sink,
  metric_exporter: sink,
  mid: on(),
  milter_headers: on({ use: [] }),
  mime_types: on(),
  multimap: on(),
  mx_check: off(),
  neural: on(),
  once_received: on({ good_host: 'mail', bad_host: ['static', 'dynamic'] }),
  p0f: off({ symbol: 'P0F', timeout: 5, prefix: 'p0f', expire: 7200 }),
  phishing: on({ symbol: 'PHISHING', openphish_enabled: false, phishtank_enabled: true }),
  ratelimit: on({ whitelisted_rcpts: 'postmaster,mailer-daemon' }),
  rbl: on(),
  regexp: on({ max_size: 1_000_000 }),
  replies: on({
    expire: day,
    key_prefix: 'rr',
    message: 'Message is reply to one we originated',
    symbol: 'REPLY',
  }),
  reputation: off(),
  rspamd_update: because(off(), 'rules from elsewhere, which are Lua, are not fetched'),
  spamassassin: off(),
  spamtrap: off({ learn_fuzzy: false, learn_spam: false }),
  spf: on({ spf_cache_size: 2000, spf_cache_expire: day }),
  surbl: off(),
  trie: off(),
  url_redirector: off({
    expire: day,
    timeout: 10,
    nested_limit: 1,
    key_prefix: 'rdr:',
    check_ssl: false,
    max_size: 10_000,
  }),
  url_suspect: on(),
  whitelist: on(),
};

/** Top-level keys of Rspamd that are no modules and mean nothing here. */
export const foreignSections: ReadonlySet<string> = new Set([
  'hs_helper',
  'lang_detection',
  'modules',
  'neighbours',
  'upstream',
  'upstreams',
  'view',
]);

/** Top-level keys that would change verdicts and are not implemented, with the reason. */
export const unsupportedSections: Readonly<Record<string, string>> = {
  classifier: 'statistics',
  statfile: 'statistics',
  settings_redis: 'settings from Redis by Lua handlers',
  lua_content: 'bounds of the work on PDF and calendars are fixed; `documents` says which',
  lua: 'Lua code is not run here',
};

/** Top-level sections that this server reads itself. */
export const coreSections: readonly string[] = [
  'actions',
  'composites',
  'group',
  'logging',
  'metric',
  'options',
  'redis',
  'settings',
  'symbols',
  'worker',
];

/** C modules that run only when `options.filters` names them. */
export const filterModules: readonly string[] = ['chartable', 'dkim', 'regexp', 'fuzzy_check'];
