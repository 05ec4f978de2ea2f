import type { ActionDef } from './action.ts';
import type { ConfigProblem, SourcePosition } from './errors.ts';
import type { ConfigPath } from './ports.ts';

/** `options { … }` with defaults filled in. Times in milliseconds, sizes in bytes. */
export interface Options {
  /** Map option value (list of networks or map URL); default: the stock private networks. */
  readonly localAddrs: unknown;
  readonly checkLocal: boolean | undefined;
  readonly checkAuthed: boolean | undefined;
  readonly maxMessageBytes: number;
  readonly maxRecipients: number;
  readonly maxUrls: number;
  readonly maxOptionsLength: number;
  readonly taskTimeoutMs: number;
  readonly softRejectOnTimeout: boolean;
  readonly oneShot: boolean;
  readonly defaultMaxShots: number;
  readonly checkAllFilters: boolean;
  readonly gtubePatterns: 'reject' | 'all' | 'disable';
  readonly historyRows: number;
  readonly mapWatchIntervalMs: number;
  readonly mapFileWatchMultiplier: number;
  readonly maps: {
    readonly connectTimeoutMs: number;
    readonly readTimeoutMs: number;
  };
  /** `options.http_auth` for maps: `user:password`. */
  readonly httpAuth: string | undefined;
  readonly dns: DnsOptions;
  /** Names of one message that one list is asked about. Default 64. */
  readonly dnsMaxRequests?: number;
  /** What of a message beside its words counts for statistics; undefined: all there is. */
  readonly statistics?: StatisticsOptions;
  /** Services that seem to be dead are asked all the same. */
  readonly disableMonitoring?: boolean;
  readonly disabledModules: readonly string[];
  /** Limits that the original lacks; see docs/configuration.md. */
  readonly limits: {
    readonly maxHeaderBytes: number;
    readonly maxConnections: number;
    readonly maxConnectionsPerSource: number;
    readonly maxTasks: number;
    readonly idleTimeoutMs: number;
    /** From the first byte of a request to its last. */
    readonly requestTimeoutMs: number;
  };
}

/** What of a message beside its words counts for statistics (`options.classify_…`). */
export interface StatisticsOptions {
  /** Fields whose values count. */
  readonly headers: readonly string[];
  /** Size, type and name of images. */
  readonly hasImages: boolean;
  /** Size, name, language and charset of parts, and how they are put together. */
  readonly hasMimeInfo: boolean;
  /** Sites of links. */
  readonly hasUrls: boolean;
  /** Weekday and hour, and what SPF and DKIM found. */
  readonly hasMeta: boolean;
}

export interface DnsOptions {
  /** `ip`, `ip:port`, `ip:port:weight`; empty: the system's. */
  readonly nameservers: readonly string[];
  readonly rotation: 'round-robin' | 'master-slave' | 'hash' | 'random';
  readonly timeoutMs: number;
  readonly retransmits: number;
  readonly fakeRecords: readonly {
    readonly name: string;
    readonly type: string;
    readonly rcode: string;
    readonly replies: readonly string[];
  }[];
  /** Undefined: /etc/hosts; empty: none; else paths. */
  readonly hosts: readonly string[] | undefined;
}

/** Where a worker listens, parsed from `bind_socket`. */
export interface BindSocket {
  /** As written, for messages. */
  readonly text: string;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly path?: string | undefined;
  readonly mode?: number | undefined;
  readonly owner?: string | undefined;
  readonly group?: string | undefined;
  /** Index of the socket that systemd passed. */
  readonly systemd?: number | undefined;
  readonly tls: boolean;
}

/** What all listeners have in common. */
export interface WorkerBase {
  readonly enabled: boolean;
  readonly sockets: readonly BindSocket[];
  readonly count: number;
  readonly tlsCertificatePath: string | undefined;
  readonly tlsKeyPath: string | undefined;
  /** 0: the global limit only. */
  readonly maxConnections: number;
  readonly maxConnectionsPerSource: number;
}

export interface NormalWorker extends WorkerBase {
  readonly timeoutMs: number;
  readonly taskTimeoutMs: number | undefined;
  /** 0: unlimited. */
  readonly maxTasks: number;
  readonly allowFileInputs: boolean;
}

export interface ControllerWorker extends WorkerBase {
  /** Plain text or Rspamd's `$id$salt$hash`. Undefined: the one generated in the state folder. */
  readonly password: string | undefined;
  readonly enablePassword: string | undefined;
  /** Map option value. */
  readonly secureIp: unknown;
  readonly staticDir: string | undefined;
  readonly maxAuthFailures: number;
  readonly authFailureWindowMs: number;
}

/** `worker "fuzzy"`: the storage of hashes that other servers ask. */
export interface FuzzyWorker extends WorkerBase {
  /** Map option value: addresses that may add and delete. */
  readonly allowUpdate: unknown;
  /** Map option value: addresses that are not answered. */
  readonly blocked: unknown;
  readonly readOnly: boolean;
  readonly expireSeconds: number;
  /** Rspamd's text form. */
  readonly privateKeys: readonly string[];
  /** What is not encrypted is refused. */
  readonly encryptedOnly: boolean;
  readonly rateLimit: {
    /** Requests a second of one source; 0: no limit. */
    readonly perSecond: number;
    readonly burst: number;
    readonly maxSources: number;
    /** Length of the prefix that makes a source. */
    readonly ipv4Bits: number;
    readonly ipv6Bits: number;
    /** Map option value: addresses without limit. */
    readonly whitelist: unknown;
  };
  /** Its own `redis` keys as written; undefined: the common store. */
  readonly store: Section | undefined;
}

export interface UpstreamConfig {
  readonly name: string;
  readonly isDefault: boolean;
  /** `host:port[:weight]` or socket paths, in order; empty with self-scan. */
  readonly hosts: readonly string[];
  readonly rotation: 'round-robin' | 'master-slave' | 'hash' | 'random';
  readonly selfScan: boolean;
  readonly compress: boolean;
  readonly tls: boolean;
  readonly keepalive: boolean;
  readonly timeoutMs: number | undefined;
  readonly settingsId: string | undefined;
  readonly settings: unknown;
  readonly extraHeaders: Readonly<Record<string, string>>;
}

export interface MirrorConfig extends UpstreamConfig {
  /** 0 to 1. */
  readonly probability: number;
  readonly followMaster: boolean;
}

export interface ProxyWorker extends WorkerBase {
  readonly milter: boolean;
  readonly timeoutMs: number;
  readonly maxRetries: number;
  readonly upstreams: readonly UpstreamConfig[];
  readonly mirrors: readonly MirrorConfig[];
  readonly discardOnReject: boolean;
  readonly quarantineOnReject: boolean;
  readonly spamHeader: string;
  readonly rejectMessage: string;
  readonly quarantineMessage: string;
  readonly tempfailMessage: string;
  readonly clientCaName: string | undefined;
  readonly logTagType: 'session' | 'queue_id' | 'none';
}

export interface LoggingConfig {
  readonly type: 'console' | 'file' | 'syslog';
  readonly file: string | undefined;
  readonly level: 'debug' | 'info' | 'notice' | 'warning' | 'error' | 'silent';
  /** Modules with debug log on. */
  readonly debugModules: readonly string[];
  readonly json: boolean;
}

/** Metric definition of one symbol as configured: undefined fields leave the check's declaration as it is. */
export interface SymbolConfig {
  readonly score: number | undefined;
  readonly description: string | undefined;
  readonly groups: readonly string[];
  readonly oneShot: boolean | undefined;
  /** Undefined: `default_max_shots`; Infinity: any. */
  readonly maxShots: number | undefined;
  /** Keep only the first option. */
  readonly oneParam: boolean;
  readonly enabled: boolean;
}

export interface GroupConfig {
  readonly maxScore: number | undefined;
  readonly minScore: number | undefined;
  readonly oneShot: boolean;
  readonly enabled: boolean;
  readonly description: string | undefined;
}

export interface CompositeConfig {
  readonly name: string;
  readonly expression: string;
  readonly score: number | undefined;
  readonly policy: 'remove_all' | 'remove_symbol' | 'remove_weight' | 'leave';
  readonly groups: readonly string[];
  readonly description: string | undefined;
  readonly enabled: boolean;
}

/** One module section as plain values (strings, numbers, booleans, null, arrays, objects), times in seconds. */
export type Section = Readonly<Record<string, unknown>>;

/** A whole configuration, layered and validated: what `config/` makes and everything else reads. */
export interface Configuration {
  /** Changes whenever an effective value changes; 16 hex digits. */
  readonly id: string;
  /** Folder given by the operator, if any. */
  readonly configDir: string | undefined;
  readonly stateDir: string;
  /** Files that were read, in order. */
  readonly files: readonly string[];
  readonly options: Options;
  readonly actions: readonly ActionDef[];
  /** Template of rewritten subjects. Default `*** SPAM *** %s`. */
  readonly subject: string;
  /** Score of symbols without definition; undefined: 0. */
  readonly unknownWeight: number | undefined;
  readonly growFactor: number;
  readonly groups: ReadonlyMap<string, GroupConfig>;
  readonly symbols: ReadonlyMap<string, SymbolConfig>;
  readonly composites: readonly CompositeConfig[];
  /** `settings { … }` as written, or the map URL; the engine compiles it. */
  readonly settings: Section | string | undefined;
  /** `inbound { … }` and `outbound { … }` as written: settings by direction without conditions. */
  readonly directions: { readonly inbound: Section | undefined; readonly outbound: Section | undefined };
  readonly normal: NormalWorker;
  readonly controller: ControllerWorker;
  readonly proxy: ProxyWorker;
  readonly fuzzy: FuzzyWorker;
  readonly logging: LoggingConfig;
  /** Common `redis { … }` as written; undefined: the embedded store. */
  readonly redis: Section | undefined;
  /** Validated options of every check by its name; a check without a section has its defaults. */
  readonly modules: ReadonlyMap<string, unknown>;
  /** Sections of checks as written, for `redis` inside them; absent ones are missing. */
  readonly sections: ReadonlyMap<string, Section>;
  /** Things worth telling the operator that do not stop a start. */
  readonly notices: readonly ConfigProblem[];
  /** What would change a verdict and is not implemented: `serve` needs `--allow-unsupported`. */
  readonly unsupported: readonly ConfigProblem[];
  /** Where a value was written; undefined for defaults. */
  position(path: ConfigPath): SourcePosition | undefined;
}
