import { availableParallelism } from 'node:os';
import { z } from 'zod';
import type {
  BindSocket,
  ControllerWorker,
  FuzzyWorker,
  NormalWorker,
  ProxyWorker,
  WorkerBase,
} from '../../core/index.ts';
import { moduleRedisOptions } from '../../core/index.ts';
import type { SectionSpec } from '../section.ts';
import { parseBindSocket } from './bind-socket.ts';
import { count, mapValue, seconds, texts, toMs } from './values.ts';

const listener = texts.superRefine((list, context) => {
  for (const [index, text] of list.entries()) {
    const socket = parseBindSocket(text, 0);
    if (typeof socket === 'string')
      context.addIssue({ code: 'custom', path: [index], message: `${socket}: \`${text}\`` });
  }
});

/** Connection keys of Redis but for those that mean something else in a worker. */
const { password: _password, ...redisKeys } = moduleRedisOptions;

const base = {
  type: z.string().optional(),
  enabled: z.boolean().default(true),
  bind_socket: listener
    .optional()
    .describe(
      '`host:port`, `*:port`, `[v6]:port`, `/path mode=0660 owner=u group=g`, `systemd:N`; ` ssl` for TLS',
    ),
  count: z.int().optional().describe('Processes; zero or less: the listener is off'),
  ssl_cert: z.string().optional().describe('PEM file with the certificate chain'),
  ssl_key: z.string().optional().describe('PEM file with the key'),
  max_connections: count.default(0),
  max_connections_per_source: count.default(0),
};
const aliases = { listen: 'bind_socket', bind: 'bind_socket' };
const foreign = [
  'max_core',
  'max_files',
  'keypair',
  'user',
  'group',
  'nice',
  'rlimit_nofile',
  'rlimit_maxcore',
];
const reasons = { encrypted_only: 'encrypted requests (HTTPCrypt)' };

const normal = z.strictObject({
  ...base,
  timeout: seconds.default(60),
  task_timeout: seconds.optional().describe('Seconds for one scan; default: `options.task_timeout`'),
  max_tasks: count.default(0).describe('Messages in work at once; 0: `options.limits.max_tasks`'),
  allow_file_and_shm_inputs: z
    .boolean()
    .default(false)
    .describe('Clients may name a file to scan; for trusted clients on this machine only'),
});

const controller = z.strictObject({
  ...base,
  password: z.string().optional().describe('Password for reading, or its `rspamadm pw` hash'),
  enable_password: z.string().optional().describe('Password for changing things'),
  secure_ip: mapValue.default(['127.0.0.1', '::1']).describe('Addresses that need no password'),
  static_dir: z.string().optional().describe('Folder of a web page to serve'),
  max_auth_failures: count.default(10),
  auth_failure_window: seconds.default(60),
});

const proxy = z.strictObject({
  ...base,
  milter: z.boolean().default(true).describe('Speak milter; otherwise HTTP'),
  timeout: seconds.default(60),
  max_retries: count.default(5),
  discard_on_reject: z.boolean().default(false),
  quarantine_on_reject: z.boolean().default(false),
  spam_header: z.string().default('X-Spam'),
  reject_message: z.string().default('Spam message rejected'),
  quarantine_message: z.string().default('Spam message quarantined'),
  tempfail_message: z.string().default('Try again later'),
  client_ca_name: z.string().optional(),
  log_tag_type: z.enum(['session', 'queue_id', 'none']).default('session'),
  upstream: z.unknown().optional(),
  mirror: z.unknown().optional(),
});

const key = z.string().regex(/^[a-z0-9]{52}$/, 'this is no key: 52 characters of base 32 are');
const keyPair = z.strictObject({
  privkey: key,
  pubkey: key.optional().describe('Follows from `privkey`'),
  id: z.string().optional(),
  type: z.enum(['kex']).default('kex'),
  encoding: z.enum(['base32']).default('base32'),
  algorithm: z.enum(['curve25519']).default('curve25519'),
});

const fuzzy = z.strictObject({
  ...base,
  ...redisKeys,
  backend: z
    .literal('redis', {
      error: 'only `redis`, or nothing for the store of this server: hashes of an SQLite file are not read',
    })
    .optional()
    .describe('Only `redis`; hashes are in Redis where there is one, else in the embedded store'),
  allow_update: mapValue
    .default([])
    .describe('Addresses that may add and delete. Default: none; this server itself needs none. Map'),
  blocked: mapValue.default([]).describe('Addresses that get no answer. Map'),
  read_only: z.boolean().default(false).describe('Nobody may add and delete'),
  expire: z
    .number()
    .min(1)
    .default(90 * 86_400)
    .describe('Seconds after which hashes go that were not reported again'),
  keypair: z
    .union([z.array(keyPair), keyPair])
    .transform((value) => (Array.isArray(value) ? value : [value]))
    .default([])
    .describe('Keys for encrypted requests, as `rspamadm keypair` or `postern fuzzy keypair` make them'),
  encrypted_only: z.boolean().default(false).describe('Refuse what is not encrypted'),
  ratelimit_rate: z
    .number()
    .nonnegative()
    .default(0)
    .describe('Requests a second from one network; 0: any number'),
  ratelimit_burst: z.number().min(1).default(100).describe('Requests of one network at once'),
  ratelimit_buckets: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(2000)
    .describe('Networks that are counted at the same time'),
  ratelimit_network_mask: z
    .int()
    .min(8)
    .max(32)
    .default(24)
    .describe('Bits of IPv4 addresses that make a network; of IPv6 always 64'),
  ratelimit_whitelist: mapValue.default([]).describe('Addresses without that limit. Map'),
});

export const normalSpec: SectionSpec<typeof normal> = {
  schema: normal,
  aliases: { ...aliases, allow_file_inputs: 'allow_file_and_shm_inputs' },
  noCounterpart: [...foreign, 'language_detection', 'lang_detection', 'heartbeat_interval'],
  unsupported: { ...reasons, mime: 'scanning without MIME parsing' },
  stock: { mime: true, encrypted_only: false },
};

export const controllerSpec: SectionSpec<typeof controller> = {
  schema: controller,
  aliases: { ...aliases, trusted_ips: 'secure_ip' },
  noCounterpart: [...foreign, 'save_stats_interval', 'stats_path', 'neighbours', 'task_timeout', 'timeout'],
  unsupported: reasons,
  stock: { encrypted_only: false },
};

export const proxySpec: SectionSpec<typeof proxy> = {
  schema: proxy,
  aliases,
  noCounterpart: [
    ...foreign,
    'task_timeout',
    'allow_file_and_shm_inputs',
    'script',
    'max_tasks',
    'spamc_compat',
  ],
  unsupported: reasons,
  stock: { encrypted_only: false },
};

const sqlite = 'hashes of an SQLite file are not read; learn them again, or let Rspamd keep them in Redis';
const peers = 'storages do not push to each other here; let them share one Redis';

export const fuzzySpec: SectionSpec<typeof fuzzy> = {
  schema: fuzzy,
  aliases,
  noCounterpart: [
    ...foreign.filter((name) => name !== 'keypair'),
    'sync',
    'keypair_cache_size',
    'updates_maxfail',
  ],
  unsupported: {
    hashfile: sqlite,
    hash_file: sqlite,
    file: sqlite,
    database: sqlite,
    masters: peers,
    master_key: peers,
    master_timeout: peers,
    sync_keypair: peers,
    slave: peers,
    mirror: peers,
    delay: 'hashes count at once',
    allow_update_keys: 'who may change is known by address here',
    forbidden_ids: 'keys have no rights of their own here',
    dynamic_keys_map: 'keys are those of `keypair`',
  },
};

type BaseSection = { readonly [Key in keyof typeof base]?: unknown } & {
  readonly enabled: boolean;
  readonly bind_socket?: readonly string[] | undefined;
  readonly count?: number | undefined;
  readonly ssl_cert?: string | undefined;
  readonly ssl_key?: string | undefined;
  readonly max_connections: number;
  readonly max_connections_per_source: number;
};

function toBase(section: BaseSection, defaultPort: number, defaultCount: number): WorkerBase {
  const processes = section.count ?? defaultCount;
  const sockets = (section.bind_socket ?? [`localhost:${defaultPort}`]).map((text) =>
    parseBindSocket(text, defaultPort),
  );
  return {
    enabled: section.enabled && processes > 0,
    sockets: sockets.filter((socket): socket is BindSocket => typeof socket !== 'string'),
    count: Math.max(processes, 0),
    tlsCertificatePath: section.ssl_cert,
    tlsKeyPath: section.ssl_key,
    maxConnections: section.max_connections,
    maxConnectionsPerSource: section.max_connections_per_source,
  };
}

export function toNormalWorker(section: z.output<typeof normal>): NormalWorker {
  return {
    ...toBase(section, 11333, availableParallelism()),
    timeoutMs: toMs(section.timeout),
    taskTimeoutMs: section.task_timeout === undefined ? undefined : toMs(section.task_timeout),
    maxTasks: section.max_tasks,
    allowFileInputs: section.allow_file_and_shm_inputs,
  };
}

export function toControllerWorker(section: z.output<typeof controller>): ControllerWorker {
  return {
    ...toBase(section, 11334, 1),
    password: section.password,
    enablePassword: section.enable_password,
    secureIp: section.secure_ip,
    staticDir: section.static_dir,
    maxAuthFailures: section.max_auth_failures,
    authFailureWindowMs: toMs(section.auth_failure_window),
  };
}

export function toProxyWorker(
  section: z.output<typeof proxy>,
  peers: Pick<ProxyWorker, 'upstreams' | 'mirrors'>,
): ProxyWorker {
  return {
    ...toBase(section, 11332, 1),
    milter: section.milter,
    timeoutMs: toMs(section.timeout),
    maxRetries: section.max_retries,
    upstreams: peers.upstreams,
    mirrors: peers.mirrors,
    discardOnReject: section.discard_on_reject,
    quarantineOnReject: section.quarantine_on_reject,
    spamHeader: section.spam_header,
    rejectMessage: section.reject_message,
    quarantineMessage: section.quarantine_message,
    tempfailMessage: section.tempfail_message,
    clientCaName: section.client_ca_name,
    logTagType: section.log_tag_type,
  };
}

/** Rspamd's files name this machine in lists of addresses. */
function withLocalhost(value: unknown): unknown {
  const list = typeof value === 'string' ? [value] : value;
  if (!Array.isArray(list) || !list.includes('localhost')) return value;
  return list.flatMap((item: unknown) => (item === 'localhost' ? ['127.0.0.1', '::1'] : [item]));
}

export function toFuzzyWorker(
  section: z.output<typeof fuzzy>,
  written: Readonly<Record<string, unknown>>,
): FuzzyWorker {
  const store = Object.fromEntries(
    Object.entries(written).filter(([name]) => Object.hasOwn(redisKeys, name)),
  );
  return {
    ...toBase(section, 11335, -1),
    allowUpdate: withLocalhost(section.allow_update),
    blocked: withLocalhost(section.blocked),
    readOnly: section.read_only,
    expireSeconds: Math.ceil(section.expire),
    privateKeys: section.keypair.map(({ privkey }) => privkey),
    encryptedOnly: section.encrypted_only,
    rateLimit: {
      perSecond: section.ratelimit_rate,
      burst: section.ratelimit_burst,
      maxSources: section.ratelimit_buckets,
      ipv4Bits: section.ratelimit_network_mask,
      ipv6Bits: 64,
      whitelist: withLocalhost(section.ratelimit_whitelist),
    },
    store: Object.keys(store).length > 0 ? store : undefined,
  };
}
