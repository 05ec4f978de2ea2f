import { z } from 'zod';
import type { Options } from '../../core/index.ts';
import type { SectionSpec } from '../section.ts';
import { parseHosts } from './upstreams.ts';
import { commaList, count, mapValue, seconds, texts, toMs } from './values.ts';

const kib = 1024;
const mib = 1024 * kib;

const fakeRecord = z.strictObject({
  name: z.string(),
  type: z.enum(['a', 'aaaa', 'ns', 'ptr', 'mx', 'txt', 'soa']).default('a'),
  rcode: z.string().optional(),
  code: z.string().optional().describe('Older name of `rcode`'),
  replies: texts.default([]),
});

const dns = z.strictObject({
  nameserver: texts
    .default([])
    .describe('`ip`, `ip:port`, `ip:port:weight`, or `master-slave:a,b` and the like; default: the system’s'),
  timeout: seconds.default(1).describe('Seconds for one try'),
  retransmits: count.default(5),
  fake_records: z
    .array(fakeRecord)
    .default([])
    .describe('Answers given without asking: names that are not listed go to the real server'),
  fake_replies: z.array(fakeRecord).optional().describe('Older name of `fake_records`'),
  hosts: z
    .union([z.null(), texts])
    .optional()
    .describe('Files like /etc/hosts; `null`: none. Default: /etc/hosts'),
});

const maps = z.strictObject({
  connect_timeout: seconds.default(1),
  read_timeout: seconds.default(4),
});

const limits = z.strictObject({
  max_header_size: count.default(mib).describe('Bytes of all headers of a message together'),
  max_connections: count
    .default(4096)
    .describe('Connections of one kind of listener in one process; 0: no limit'),
  max_connections_per_source: count.default(1024).describe('The same, from one address; 0: no limit'),
  max_tasks: count.default(512).describe('Messages in work at once in one process; 0: no limit'),
  idle_timeout: seconds
    .default(600)
    .describe(
      'Seconds without a byte before a connection is closed; longer than the session times of the MTA',
    ),
  request_timeout: seconds.default(120).describe('Seconds from the first byte of a request to its last'),
});

const schema = z.strictObject({
  local_addrs: mapValue
    .default(['192.168.0.0/16', '10.0.0.0/8', '172.16.0.0/12', 'fd00::/8', '169.254.0.0/16', 'fe80::/10'])
    .describe('Networks (or a map of them) whose mail is outbound without a login'),
  check_local: z.boolean().optional().describe('Checks that spare local mail look at it too'),
  check_authed: z.boolean().optional().describe('Checks that spare authenticated mail look at it too'),
  max_message: count.default(50 * mib).describe('Largest message in bytes; larger ones are refused'),
  max_recipients: count.default(1024),
  max_urls: count.default(10_240),
  max_opts_len: count.default(4096).describe('Bytes of the options of one symbol'),
  task_timeout: seconds.default(8).describe('Seconds for the scan of one message'),
  soft_reject_on_timeout: z.boolean().default(false),
  one_shot: z.boolean().default(false),
  default_max_shots: count.default(100),
  check_all_filters: z.boolean().default(false).describe('Filters go on when the message is refused already'),
  gtube_patterns: z
    .preprocess(
      (value) => (typeof value === 'string' ? value.toLowerCase() : value === false ? 'disable' : value),
      z.enum(['reject', 'all', 'disable', 'disabled']),
    )
    .optional(),
  enable_test_patterns: z.boolean().optional().describe('Older spelling of `gtube_patterns = all`'),
  history_rows: count.default(200),
  map_watch_interval: seconds.default(300),
  map_file_watch_multiplier: z.number().positive().default(0.1),
  maps: maps.prefault({}),
  http_auth: z.string().optional().describe('`user:password` for maps over HTTP'),
  dns: dns.prefault({}),
  dns_max_requests: count.default(64).describe('Names of one message that one DNS list is asked about'),
  disable_monitoring: z
    .boolean()
    .default(false)
    .describe('DNS lists that seem to be dead are asked all the same'),
  filters: commaList.optional(),
  classify_headers: commaList
    .default(['User-Agent', 'X-Mailer', 'Content-Type', 'X-MimeOLE', 'Organization', 'Organisation'])
    .describe('Statistics: fields whose values count'),
  classify_images: z.boolean().default(true).describe('Statistics: size, type and name of images count'),
  classify_mime_info: z
    .boolean()
    .default(true)
    .describe('Statistics: size, name, language and charset of parts and their structure count'),
  classify_urls: z.boolean().default(true).describe('Statistics: sites of up to five links count once more'),
  classify_meta: z
    .boolean()
    .default(true)
    .describe('Statistics: weekday and hour, results of SPF and DKIM count'),
  disable_modules: commaList.default([]),
  limits: limits.prefault({}).describe('Bounds that Rspamd does not have'),
});

export type OptionsSection = z.output<typeof schema>;

/** `options { … }`. */
export const optionsSpec: SectionSpec<typeof schema> = {
  schema,
  aliases: { local_networks: 'local_addrs', disabled_modules: 'disable_modules' },
  noCounterpart: [
    'cache_file',
    'compat_messages',
    'control_socket',
    'cores_dir',
    'disable_hyperscan',
    'disable_pcre_jit',
    'dns.enable_dnssec',
    'dns.sockets',
    'dynamic_conf',
    'enable_css_parser',
    'enable_experimental',
    'enable_sessions_cache',
    'enable_shutdown_workaround',
    'events_backend',
    'explicit_modules',
    'full_gc_iters',
    'heartbeat_interval',
    'heartbeats_loss_max',
    'history_file',
    'hs_cache_dir',
    'http',
    'images_cache_size',
    'log_task',
    'lua_gc_pause',
    'lua_gc_step',
    'maps.connection_ttl',
    'maps.idle_timeout',
    'maps.max_reuse',
    'maps.ssl_timeout',
    'maps.write_timeout',
    'maps_cache_dir',
    'max_blas_threads',
    'max_cores_count',
    'max_cores_size',
    'max_html_len',
    'max_lua_urls',
    'max_pic_size',
    'max_sessions_cache',
    'max_word_len',
    'memory_dump',
    'min_word_len',
    'monitoring_watch_interval',
    'neighbours',
    'pidfile',
    'public_groups_only',
    'rrd',
    'self_check',
    'ssl_ca_path',
    'ssl_ciphers',
    'stats_file',
    'temp_dir',
    'tempdir',
    'upstream',
    'upstreams',
    'url_tld',
    'vectorized_hyperscan',
    'vectorized_hyperscan_min',
    'words_decay',
    'task_stat_timeout',
    'zstd_input_dictionary',
    'zstd_output_dictionary',
    'rspamd_user',
    'rspamd_group',
    'trusted_keys',
  ],
  unsupported: {
    allow_raw_input: 'messages without MIME structure are always scanned',
    enable_mime_utf: 'UTF-8 headers are always understood',
    ignore_received: 'Received headers are always read',
    raw_mode: 'text is always decoded',
  },
  stock: { allow_raw_input: true, enable_mime_utf: false, ignore_received: false, raw_mode: false },
};

/** `options` as the rest of the program sees them. */
export function toOptions(section: OptionsSection, disabledModules: readonly string[]): Options {
  const { dns: resolver } = section;
  const { hosts, rotation } = parseHosts(resolver.nameserver);
  const pattern = section.gtube_patterns ?? (section.enable_test_patterns ? 'all' : 'reject');
  return {
    localAddrs: section.local_addrs,
    checkLocal: section.check_local,
    checkAuthed: section.check_authed,
    maxMessageBytes: section.max_message,
    maxRecipients: section.max_recipients,
    maxUrls: section.max_urls,
    maxOptionsLength: section.max_opts_len,
    taskTimeoutMs: toMs(section.task_timeout),
    softRejectOnTimeout: section.soft_reject_on_timeout,
    oneShot: section.one_shot,
    defaultMaxShots: section.default_max_shots,
    checkAllFilters: section.check_all_filters,
    gtubePatterns: pattern === 'disabled' ? 'disable' : pattern,
    historyRows: section.history_rows,
    mapWatchIntervalMs: toMs(section.map_watch_interval),
    mapFileWatchMultiplier: section.map_file_watch_multiplier,
    maps: {
      connectTimeoutMs: toMs(section.maps.connect_timeout),
      readTimeoutMs: toMs(section.maps.read_timeout),
    },
    httpAuth: section.http_auth,
    dns: {
      nameservers: hosts,
      rotation,
      timeoutMs: toMs(resolver.timeout),
      retransmits: resolver.retransmits,
      fakeRecords: [...resolver.fake_records, ...(resolver.fake_replies ?? [])].map((record) => ({
        name: record.name,
        type: record.type,
        rcode: (record.rcode ?? record.code ?? 'noerror').toLowerCase(),
        replies: record.replies,
      })),
      hosts: resolver.hosts === null ? [] : resolver.hosts,
    },
    statistics: {
      headers: section.classify_headers,
      hasImages: section.classify_images,
      hasMimeInfo: section.classify_mime_info,
      hasUrls: section.classify_urls,
      hasMeta: section.classify_meta,
    },
    disabledModules,
    limits: {
      maxHeaderBytes: section.limits.max_header_size,
      maxConnections: section.limits.max_connections,
      maxConnectionsPerSource: section.limits.max_connections_per_source,
      maxTasks: section.limits.max_tasks,
      idleTimeoutMs: toMs(section.limits.idle_timeout),
      requestTimeoutMs: toMs(section.limits.request_timeout),
    },
  };
}
