import { availableParallelism } from 'node:os';
import { z } from 'zod';
import type {
  BindSocket,
  ControllerWorker,
  NormalWorker,
  ProxyWorker,
  WorkerBase,
} from '../../core/index.ts';
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
