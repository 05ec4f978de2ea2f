import { isIP } from 'node:net';
import type { DmarcPolicyWord, SpfResult, Store, StoreProcedure } from '../../core/index.ts';
import { dnsName } from '../signing/names.ts';

/** Domains of DKIM signatures by what came of them. */
export interface DkimDomains {
  readonly pass: readonly string[];
  readonly fail: readonly string[];
  readonly temperror: readonly string[];
  readonly permerror: readonly string[];
}

/** Messages that look the same in an aggregate report (RFC 7489 7.2): one element of Rspamd's sorted set. */
export interface ReportRow {
  readonly ip: string;
  readonly isSpfAligned: boolean;
  readonly isDkimAligned: boolean;
  readonly disposition: DmarcPolicyWord;
  readonly isSampledOut: boolean;
  readonly fromDomain: string;
  readonly dkim: DkimDomains;
  /** `''` when SPF had no domain. */
  readonly spfDomain: string;
  readonly spfResult: SpfResult;
}

/** Signatures of one kind that a row names. */
const maxDomains = 10;
const dispositions: ReadonlySet<string> = new Set(['none', 'quarantine', 'reject']);
const spfResults: ReadonlySet<string> = new Set([
  'none',
  'neutral',
  'pass',
  'fail',
  'softfail',
  'temperror',
  'permerror',
]);

/** Names that are none would tear the element apart. */
function joinDomains(domains: readonly string[]): string {
  const names = domains.map(dnsName).filter((name) => name !== undefined);
  return [...new Set(names)].slice(0, maxDomains).join('|');
}

/** The element, as Rspamd writes it: values with commas between, domains of one kind with bars. */
export function formatRow(row: ReportRow): string {
  const { dkim } = row;
  return [
    row.ip,
    row.isSpfAligned ? 'pass' : 'fail',
    row.isDkimAligned ? 'pass' : 'fail',
    row.disposition,
    row.isSampledOut ? 'sampled_out' : '',
    row.fromDomain,
    joinDomains(dkim.pass),
    joinDomains(dkim.fail),
    joinDomains(dkim.temperror),
    joinDomains(dkim.permerror),
    dnsName(row.spfDomain) ?? '',
    row.spfResult,
  ].join(',');
}

/** Reads an element; undefined when it is none. The set may be shared with other programs. */
export function parseRow(text: string): ReportRow | undefined {
  const fields = text.split(',');
  if (fields.length !== 12) return undefined;
  const [ip = '', spf, dkim, disposition = '', sampled, from = '', ...rest] = fields;
  const [pass = '', fail = '', temperror = '', permerror = '', spfDomain = '', spfResult = ''] = rest;
  const fromDomain = dnsName(from);
  if (isIP(ip) === 0 || fromDomain === undefined) return undefined;
  if (!dispositions.has(disposition) || !spfResults.has(spfResult)) return undefined;
  return {
    ip,
    isSpfAligned: spf === 'pass',
    isDkimAligned: dkim === 'pass',
    disposition: disposition as DmarcPolicyWord,
    isSampledOut: sampled === 'sampled_out',
    fromDomain,
    dkim: {
      pass: splitDomains(pass),
      fail: splitDomains(fail),
      temperror: splitDomains(temperror),
      permerror: splitDomains(permerror),
    },
    spfDomain: dnsName(spfDomain) ?? '',
    spfResult: spfResult as SpfResult,
  };
}

function splitDomains(text: string): readonly string[] {
  return text
    .split('|', maxDomains)
    .map((name) => (name === '' ? undefined : dnsName(name)))
    .filter((name) => name !== undefined);
}

/** Parts of the names of keys (`reporting.redis_keys`). */
export interface ReportKeyParts {
  readonly index_prefix: string;
  readonly report_prefix: string;
  readonly join_char: string;
}

/** `YYYYMMDD` in UTC. */
export function dayOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10).replaceAll('-', '');
}

/** A row that was read back, with how many messages it stands for. */
export interface CountedRow {
  readonly row: ReportRow;
  readonly count: number;
}

/** The key of one report. */
export interface ReportKey {
  readonly key: string;
  readonly domain: string;
}

/** Rows by domain and day, in Rspamd's layout: what the check writes and the sender of reports reads. */
export class ReportStore {
  readonly #store: Store;
  readonly #parts: ReportKeyParts;
  readonly #ttlSeconds: number;
  readonly #maxRows: number;

  constructor(
    store: Store,
    options: { readonly keys: ReportKeyParts; readonly ttlSeconds: number; readonly maxRows: number },
  ) {
    this.#store = store;
    this.#parts = options.keys;
    this.#ttlSeconds = options.ttlSeconds;
    this.#maxRows = options.maxRows;
  }

  /** Counts one message. Index and rows are separate steps: in a Redis Cluster they live in different places. */
  async add(domain: string, ruaText: string, day: string, row: ReportRow): Promise<void> {
    const { report_prefix: prefix, join_char: join } = this.#parts;
    const key = [prefix, domain, ruaText, day].join(join);
    await this.#store.run(addToIndex, [this.#indexKey(day)], [key, this.#ttlSeconds]);
    await this.#store.run(addRow, [key], [formatRow(row), this.#maxRows, this.#ttlSeconds]);
  }

  /** Reports that wait for a day. */
  async reports(day: string): Promise<readonly ReportKey[]> {
    const { report_prefix: prefix, join_char: join } = this.#parts;
    const keys = await this.#store.run(readIndex, [this.#indexKey(day)], []);
    return keys.flatMap((key) => {
      if (!key.startsWith(prefix + join) || !key.endsWith(join + day)) return [];
      const domain = dnsName(key.slice(prefix.length + join.length).split(join, 1)[0] ?? '');
      return domain === undefined ? [] : [{ key, domain }];
    });
  }

  /** Rows of these reports together: a domain that changes its `rua` during a day has several. */
  async rows(keys: readonly string[]): Promise<readonly CountedRow[]> {
    const counts = new Map<string, number>();
    for (const key of keys)
      for (const { member, score } of await this.#store.sortedRange(key, 0, -1))
        counts.set(member, (counts.get(member) ?? 0) + Math.floor(score));
    return [...counts].flatMap(([member, count]) => {
      const row = parseRow(member);
      return row && count >= 1 ? [{ row, count }] : [];
    });
  }

  /** Removes a report that was sent, or that nobody wants. */
  async remove(day: string, key: string): Promise<void> {
    await this.#store.delete(key);
    await this.#store.run(removeFromIndex, [this.#indexKey(day)], [key]);
  }

  /** False: somebody else sends this report at the moment. */
  claim(domain: string, day: string, ttlMs: number): Promise<boolean> {
    return this.#store.run(claim, [this.#claimKey(domain, day)], [ttlMs]);
  }

  release(domain: string, day: string): Promise<void> {
    return this.#store.delete(this.#claimKey(domain, day));
  }

  /** Notes that this receiver has the report, for when another one has to be tried again. */
  noteSent(domain: string, day: string, address: string): Promise<void> {
    return this.#store.set(this.#sentKey(domain, day, address), '1', this.#ttlSeconds * 1000);
  }

  async wasSent(domain: string, day: string, address: string): Promise<boolean> {
    return (await this.#store.get(this.#sentKey(domain, day, address))) !== undefined;
  }

  #indexKey(day: string): string {
    return [this.#parts.index_prefix, day].join(this.#parts.join_char);
  }

  #claimKey(domain: string, day: string): string {
    return [`${this.#parts.report_prefix}_claim`, domain, day].join(this.#parts.join_char);
  }

  #sentKey(domain: string, day: string, address: string): string {
    return [`${this.#parts.report_prefix}_sent`, domain, address, day].join(this.#parts.join_char);
  }
}

/** The index is a set in Redis; the embedded store has none and keeps a sorted set with equal scores. */
const addToIndex: StoreProcedure<readonly [key: string, ttlSeconds: number], void> = {
  name: 'dmarc_index_add',
  apply(tx, [index = ''], [key, ttlSeconds]) {
    tx.sortedAdd(index, key, 0);
    tx.expire(index, ttlSeconds * 1000);
  },
  lua: `redis.call('SADD', KEYS[1], ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1`,
  parse() {},
};

const readIndex: StoreProcedure<readonly [], readonly string[]> = {
  name: 'dmarc_index_read',
  apply: (tx, [index = '']) => tx.sortedRange(index, 0, -1).map(({ member }) => member),
  lua: `local members = redis.call('SMEMBERS', KEYS[1])
table.sort(members)
return members`,
  parse: (reply) => reply as readonly string[],
};

const removeFromIndex: StoreProcedure<readonly [key: string], void> = {
  name: 'dmarc_index_remove',
  apply(tx, [index = ''], [key]) {
    const rank = tx.sortedRange(index, 0, -1).findIndex(({ member }) => member === key);
    if (rank >= 0) tx.sortedRemoveByRank(index, rank, rank);
  },
  lua: `return redis.call('SREM', KEYS[1], ARGV[1])`,
  parse() {},
};

/** Counts a row; of more than so many the rarest are dropped. */
const addRow: StoreProcedure<readonly [row: string, maxRows: number, ttlSeconds: number], void> = {
  name: 'dmarc_row_add',
  apply(tx, [key = ''], [row, maxRows, ttlSeconds]) {
    const known = tx.sortedRange(key, 0, -1).find(({ member }) => member === row);
    tx.sortedAdd(key, row, (known?.score ?? 0) + 1);
    tx.sortedRemoveByRank(key, 0, -maxRows - 1);
    tx.expire(key, ttlSeconds * 1000);
  },
  lua: `redis.call('ZINCRBY', KEYS[1], 1, ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -tonumber(ARGV[2]) - 1)
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1`,
  parse() {},
};

const claim: StoreProcedure<readonly [ttlMs: number], boolean> = {
  name: 'dmarc_claim',
  apply(tx, [key = ''], [ttlMs]) {
    if (tx.get(key) !== undefined) return false;
    tx.set(key, '1', ttlMs);
    return true;
  },
  lua: `return redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[1]) and 1 or 0`,
  parse: (reply) => Number(reply) === 1,
};
