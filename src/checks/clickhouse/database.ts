import type { Log, Store } from '../../core/index.ts';
import { StoreError } from '../../core/index.ts';
import { type Attempt, type Batch, reasonOf, type WebServers } from '../../delivery/index.ts';
import { addColumns, columnOf, createTable, insertInto, ownColumns } from './columns.ts';
import { type Config, type ExtraColumn, extraColumnsOf } from './options.ts';
import { ownNames } from './row.ts';

/** In the store: somebody removed old rows, and nobody needs to for a while. */
const retentionKey = 'clickhouse_retention';
/** After a removal that failed. */
const retentionRetryMs = 3_600_000;

/** ClickHouse did not do what it was asked for. */
class StatementError extends Error {
  readonly status: number;

  constructor(status: number, body: Buffer) {
    // The rest of the text may hold values of rows.
    const code = /^(?:Code: (\d+)|.*\bDB::Exception\b)/.exec(body.toString('latin1', 0, 200))?.[1];
    super(`the server answered ${status}${code === undefined ? '' : `, error ${code} of ClickHouse`}`);
    this.status = status;
  }
}

/** The table `rspamd` in a ClickHouse: makes it, adds columns it lacks, fills it, and removes what is too old. */
export class ClickHouse {
  readonly #servers: WebServers;
  readonly #config: Config;
  readonly #extra: readonly ExtraColumn[];
  readonly #store: Store;
  readonly #log: Log;
  readonly #insert: string;
  readonly #names: readonly string[];
  #isPrepared = false;
  #nextRetentionMs = 0;

  constructor(servers: WebServers, config: Config, store: Store, log: Log) {
    this.#servers = servers;
    this.#config = config;
    this.#extra = extraColumnsOf(config);
    this.#store = store;
    this.#log = log;
    this.#names = [...ownNames(config), ...this.#extra.map(({ name }) => name)];
    this.#insert = insertInto(this.#names);
  }

  /** Sends rows. Never rejects. */
  async send({ rows }: Batch, signal: AbortSignal): Promise<Attempt> {
    try {
      if (!this.#isPrepared) await this.#prepare(signal);
      this.#isPrepared = true;
      await this.#run(this.#insert, Buffer.from(rows.join('')), this.#config.timeout, signal);
    } catch (error) {
      // Somebody may have dropped the table, or its columns.
      this.#isPrepared = false;
      // 400: what was sent cannot be read, and never will be. Everything else may be mended.
      const isRefused = error instanceof StatementError && error.status === 400;
      return { outcome: isRefused ? 'refused' : 'outage', reason: reasonOf(error) };
    }
    await this.#removeOld(signal);
    return { outcome: 'sent' };
  }

  async #prepare(signal: AbortSignal): Promise<void> {
    const extra = this.#extra.map(columnOf);
    const columns = [
      ...ownColumns.filter(({ name }) => name !== 'TaskUUID' || this.#config.enable_uuid),
      ...extra,
    ];
    const present = new Set(
      await this.#ask(
        "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = 'rspamd'",
        signal,
      ),
    );
    if (present.size === 0) await this.#tell(createTable(columns), signal);
    else {
      const wanted = new Set(this.#names);
      const missing = columns.filter(({ name }) => wanted.has(name) && !present.has(name));
      if (missing.length > 0) {
        await this.#tell(addColumns(missing), signal);
        this.#log.info('columns were added to the table', { columns: missing.map(({ name }) => name) });
      }
    }
    for (const statement of this.#config.schema_additions) await this.#tell(statement, signal);
  }

  /** Removes what is too old when nobody did for a while. A failure is told and costs no row. */
  async #removeOld(signal: AbortSignal): Promise<void> {
    const { enable, method, period_months: months, run_every: everySeconds } = this.#config.retention;
    const nowMs = Date.now();
    if (!enable || nowMs < this.#nextRetentionMs) return;
    this.#nextRetentionMs = nowMs + retentionRetryMs;
    try {
      // Other processes, and machines that share the store, look after the same table.
      if ((await this.#store.get(retentionKey)) !== undefined) return;
      await this.#store.set(retentionKey, String(nowMs), everySeconds * 1000);
      const partitions = await this.#ask(
        [
          'SELECT DISTINCT partition_id FROM system.parts WHERE database = currentDatabase()',
          `AND table = 'rspamd' AND active AND max_date < subtractMonths(today(), ${months})`,
        ].join(' '),
        signal,
      );
      for (const partition of partitions.filter((id) => /^[\w-]+$/.test(id)))
        await this.#tell(`ALTER TABLE rspamd ${method.toUpperCase()} PARTITION ID '${partition}'`, signal);
      if (partitions.length > 0)
        this.#log.info('old rows were removed', { method, weeks: partitions.length });
    } catch (error) {
      this.#log.warn('old rows were not removed', { error: reasonOf(error) });
      await this.#forgetRetention();
    }
  }

  async #forgetRetention(): Promise<void> {
    try {
      await this.#store.delete(retentionKey);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#log.warn('old rows are looked at again only later', { error: error.message });
    }
  }

  async #tell(statement: string, signal: AbortSignal): Promise<void> {
    await this.#run(statement, undefined, this.#config.check_timeout, signal);
  }

  /** First column of each row of the answer; only for names that need no escaping. */
  async #ask(query: string, signal: AbortSignal): Promise<readonly string[]> {
    const body = await this.#run(
      `${query} FORMAT TabSeparated`,
      undefined,
      this.#config.check_timeout,
      signal,
    );
    return body
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '');
  }

  async #run(
    statement: string,
    rows: Buffer | undefined,
    timeoutSeconds: number,
    signal: AbortSignal,
  ): Promise<Buffer> {
    const query = new URLSearchParams({ database: this.#config.database });
    if (rows) query.set('query', statement);
    const { status, body } = await this.#servers.request(
      {
        method: 'POST',
        path: `/?${query}`,
        body: rows ?? Buffer.from(statement),
        timeoutMs: timeoutSeconds * 1000,
      },
      signal,
    );
    if (status < 200 || status > 299) throw new StatementError(status, body);
    return body;
  }
}
