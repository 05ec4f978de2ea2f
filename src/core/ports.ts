import type { IpAddress } from '../lib/index.ts';
import type { Task } from './task.ts';

/** Time, injectable for tests. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

/** Structured log. Fields and messages carry no message content. */
export interface Log {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** A log that adds these fields to every line. */
  child(fields: Readonly<Record<string, unknown>>): Log;
}

/** Counters and gauges. A metric is made once, at start or when a configuration is built; same name, same metric. */
export interface Metrics {
  counter(
    name: string,
    help: string,
    labels?: readonly string[],
  ): { add(value?: number, labels?: Readonly<Record<string, string>>): void };
  /** @param combine what the value of the whole server is: the processes' sum (default), or the largest of them */
  gauge(
    name: string,
    help: string,
    labels?: readonly string[],
    combine?: 'sum' | 'max',
  ): { set(value: number, labels?: Readonly<Record<string, string>>): void };
  histogram(
    name: string,
    help: string,
    buckets: readonly number[],
    labels?: readonly string[],
  ): { observe(value: number, labels?: Readonly<Record<string, string>>): void };
}

// ---------------------------------------------------------------- DNS

export type DnsType = 'a' | 'aaaa' | 'ns' | 'ptr' | 'mx' | 'txt' | 'soa';

/** Outcome of a question. `nodata` is NOERROR without an answer (RFC 2308 2.2). */
export type DnsStatus =
  | 'ok'
  | 'nxdomain'
  | 'nodata'
  | 'servfail'
  | 'refused'
  | 'formerr'
  | 'notimp'
  | 'timeout'
  | 'network';

export interface DnsAnswer {
  readonly status: DnsStatus;
  /** Text of each record: addresses, names without final dot, TXT joined; MX `preference host`; SOA seven fields. */
  readonly records: readonly string[];
  /** Seconds the answer may be kept. */
  readonly ttlSeconds: number;
}

/** Asks DNS. Never rejects: failures are statuses. */
export interface Resolver {
  resolve(
    name: string,
    type: DnsType,
    options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number },
  ): Promise<DnsAnswer>;
}

// ---------------------------------------------------------------- maps

export type MapKind =
  | 'set'
  | 'hash'
  | 'radix'
  | 'regexp'
  | 'regexp_multi'
  | 'glob'
  | 'glob_multi'
  | 'cdb'
  | 'plain';

/** A list from a file, the network or the configuration, kept current (config-format 7). */
export interface MapHandle {
  readonly id: number;
  readonly kind: MapKind;
  readonly description: string;
  /** URL or path texts, `static` for inline data. */
  readonly sources: readonly string[];
  /** False until the first successful load, and for a local file that does not exist. */
  readonly isLoaded: boolean;
  /** True: every look-up asks another server or the store; use {@link ask}. */
  readonly isExternal: boolean;
  readonly entryCount: number;
  /** Look-ups that found something since the start, per key where the kind has keys. */
  readonly hitCount: number;
  /** Value of the entry that matches, `''` for entries without value; undefined when nothing matches. */
  lookup(key: string | IpAddress): string | undefined;
  /** Every match, for the `_multi` kinds; at most one for the others. */
  lookupAll(key: string | IpAddress): readonly string[];
  /** Like {@link lookup}, also for external maps. Resolves undefined on failure after logging it. */
  ask(key: string | IpAddress, signal?: AbortSignal): Promise<string | undefined>;
  /** Like {@link ask}, but rejects with UpstreamError on failure: "not listed" and "nobody answered" differ. */
  demand(key: string | IpAddress, signal?: AbortSignal): Promise<string | undefined>;
  /** Raw text of a `plain` map and of local files (controller `getmap`). */
  text(): string | undefined;
  /** Runs after every successful (re)load. */
  onChange(listener: () => void): void;
}

/** Opens maps. One instance lives as long as one configuration; `close` stops its timers. */
export interface Maps {
  /**
   * @param spec value of a map option as config-format 7.3 describes it
   * @param kind what the option asks for; a prefix such as `regexp;` in the text overrides it
   * @throws ConfigError when the value is no map
   */
  open(
    spec: unknown,
    kind: MapKind,
    info: { readonly description: string; readonly path: ConfigPath },
  ): MapHandle;
  /** Map that a configuration object named with `selector_alias`. */
  byAlias(alias: string): MapHandle | undefined;
  readonly all: readonly MapHandle[];
  /** Resolves when every local map was read once. Remote ones go on loading in the background. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

/** Keys and indices from the root of the configuration to a value. */
export type ConfigPath = readonly (string | number)[];

// ---------------------------------------------------------------- selectors

/** A compiled selector (config-format 8). */
export interface Selector {
  readonly text: string;
  /** One string for a scalar, several for a list (joined row by row, the shortest list ends them); undefined: nil. */
  values(task: Task): readonly string[] | undefined;
}

export interface Selectors {
  /** @throws ConfigError with what is wrong and where in the text */
  compile(text: string, options: { readonly path: ConfigPath; readonly delimiter?: string }): Selector;
}

// ---------------------------------------------------------------- store

/** Synchronous view of one transaction of the embedded store. Keys and fields are strings, numbers are stored as text. */
export interface StoreTransaction {
  get(key: string): string | undefined;
  set(key: string, value: string, ttlMs?: number): void;
  delete(key: string): void;
  expire(key: string, ttlMs: number): void;
  hashGet(key: string, field: string): string | undefined;
  hashGetAll(key: string): Readonly<Record<string, string>>;
  hashSet(key: string, fields: Readonly<Record<string, string | number>>): void;
  hashDelete(key: string, field: string): void;
  /** Fields of a hash, 0 where there is none. Looks at each field of a large one. */
  hashLength(key: string): number;
  sortedAdd(key: string, member: string, score: number): void;
  sortedCount(key: string): number;
  /** Removes members by rank, from lowest score, both ends included. */
  sortedRemoveByRank(key: string, first: number, last: number): void;
  /** Members with scores, lowest first. */
  sortedRange(
    key: string,
    first: number,
    last: number,
  ): readonly { readonly member: string; readonly score: number }[];
}

/**
 * An atomic operation in both languages: a transaction for the embedded store, a Lua script for Redis. Both read
 * and write the same keys in the same way; the same test table runs on both.
 */
export interface StoreProcedure<Args extends readonly (string | number)[], Result> {
  readonly name: string;
  /** Runs inside one transaction. Must be pure but for the transaction. */
  apply(tx: StoreTransaction, keys: readonly string[], args: Args): Result;
  /** Lua 5.1 for EVAL, with KEYS and ARGV (all texts). In a Redis Cluster all keys share one slot. */
  readonly lua: string;
  /** Turns the script's reply into the result of {@link apply}. */
  parse(reply: unknown): Result;
}

/** Hands bytes to whoever listens on a server, outside the keys that {@link Store} keeps. Rejects with StoreError. */
export interface StoreFeeds {
  /** PUBLISH. Channels are named as given: the prefix of keys is not put before them. Nobody may listen. */
  publish(channel: string, payload: Uint8Array): Promise<void>;
  /**
   * XADD of one entry with one field.
   *
   * @param maxLength older entries beyond about so many are dropped; undefined: none are
   */
  append(stream: string, field: string, payload: Uint8Array, maxLength?: number): Promise<void>;
}

/** Counters, buckets, keys, profiles: hot state shared by all workers (and machines, with Redis). Rejects with StoreError. */
export interface Store {
  readonly driver: 'lmdb' | 'redis';
  /** Keys of one procedure must share a slot (Redis Cluster). Undefined: they need not. */
  readonly isCluster?: boolean;
  /** Undefined where nobody could listen: the embedded store. */
  readonly feeds?: StoreFeeds | undefined;
  run<Args extends readonly (string | number)[], Result>(
    procedure: StoreProcedure<Args, Result>,
    keys: readonly string[],
    args: Args,
  ): Promise<Result>;
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string, ttlMs?: number): Promise<void>;
  delete(key: string): Promise<void>;
  hashGet(key: string, field: string): Promise<string | undefined>;
  hashGetAll(key: string): Promise<Readonly<Record<string, string>>>;
  hashSet(key: string, fields: Readonly<Record<string, string | number>>): Promise<void>;
  hashDelete(key: string, field: string): Promise<void>;
  sortedRange(
    key: string,
    first: number,
    last: number,
  ): Promise<readonly { readonly member: string; readonly score: number }[]>;
  /** Throws StoreError when the store cannot be reached or written. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** Gives a module its store: its own `redis` settings, else the common ones, else the embedded store (config-format 6). */
export interface Stores {
  forModule(name: string, moduleSection: Readonly<Record<string, unknown>> | undefined): Store;
  close(): Promise<void>;
}

// ---------------------------------------------------------------- records

/** One row of the history of scans (wire-protocols 1.11.1). No message content but what the operator chose. */
export interface HistoryRow {
  readonly id: string;
  readonly timeMs: number;
  readonly ip: string;
  readonly user: string;
  readonly action: string;
  readonly score: number;
  readonly requiredScore: number | null;
  readonly symbols: readonly {
    readonly name: string;
    readonly score: number;
    readonly metricScore: number;
    readonly description?: string | undefined;
    readonly options?: readonly string[] | undefined;
  }[];
  readonly subject: string;
  readonly sizeBytes: number;
  readonly elapsedMs: number;
  readonly messageId: string;
  readonly senderSmtp: string;
  readonly senderMime: string;
  readonly recipientsSmtp: readonly string[];
  readonly recipientsMime: readonly string[];
  readonly isSkipped: boolean;
  readonly queueId: string;
  /** Sender identity as limits and logs know it. */
  readonly sender: string;
  readonly direction: string;
}

/** One change that somebody made to the running server. */
export interface AuditEntry {
  readonly timeMs: number;
  /** What was changed: `limits`. */
  readonly area: string;
  readonly verb: string;
  readonly subject: string;
  /** Who did it, as they said. */
  readonly owner: string;
  /** Where from: address of the client, or `unix`. */
  readonly origin: string;
  readonly reason: string;
  /** End of what was begun; null: it has none. */
  readonly untilMs: number | null;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface AuditQuery {
  readonly area: string;
  readonly subject?: string | undefined;
  /** Only entries whose `untilMs` is later. */
  readonly activeAtMs?: number | undefined;
  /** The newest so many. */
  readonly maxRows: number;
}

/** Rows people query: history and audit now; incidents and held mail later. Rejects with StoreError. */
export interface Records {
  /** Appends to the audit trail, which nothing changes or shortens. On disk when it resolves. */
  addAudit(entry: AuditEntry): Promise<void>;
  /** Newest first. */
  audit(query: AuditQuery): Promise<readonly AuditEntry[]>;
  addHistory(rows: readonly HistoryRow[]): Promise<void>;
  /** Newest first; `first` and `last` are both included, `last` -1 is the end (Redis list range). */
  history(first: number, last: number): Promise<readonly HistoryRow[]>;
  clearHistory(): Promise<void>;
  /** Keeps at most this many rows. */
  trimHistory(maxRows: number): Promise<void>;
  close(): Promise<void>;
}
