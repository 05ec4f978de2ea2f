import type { QueryArrayConfig } from 'pg';
import { UpstreamError } from '../core/index.ts';
import type { IpAddress } from '../lib/index.ts';
import { type AskedInit, AskedMap } from './asked.ts';
import type { DirectoryTls, SqlSpec } from './directory-value.ts';

/** Rows that are looked at; an answer is a handful of addresses, not a table. */
const maxRows = 1000;
const maxValueLength = 65_536;

/** Runs the query of a map. */
interface Database {
  /** The first column of each row; of more than {@link maxRows} rows the first, and at least one more than that. */
  firstColumn(key: string): Promise<readonly unknown[]>;
  close(): Promise<void>;
}

const connect: Readonly<Record<SqlSpec['dialect'], (spec: SqlSpec) => Promise<Database>>> = {
  postgresql: openPostgres,
  mysql: openMysql,
  sqlite: openSqlite,
};

/** A map that is a query of a database: the first column of its rows, joined with commas. */
export class SqlMap extends AskedMap {
  readonly sources: readonly string[];
  readonly #spec: SqlSpec;
  #database: Promise<Database> | undefined;

  constructor(init: AskedInit, spec: SqlSpec) {
    super(init, spec.cacheMs);
    this.#spec = spec;
    this.sources = [withoutCredentials(spec)];
  }

  protected async query(key: string | IpAddress): Promise<string | undefined> {
    const database = await this.#open();
    const column = await database.firstColumn(typeof key === 'string' ? key : key.text);
    if (column.length === 0) return undefined;
    if (column.length > maxRows) throw new UpstreamError(`the query gives more than ${maxRows} rows`);
    const value = column.filter((item) => item !== null && item !== undefined).join(', ');
    if (value.length > maxValueLength) throw new UpstreamError('the answer is too long');
    return value;
  }

  override async close(): Promise<void> {
    const database = this.#database;
    this.#database = undefined;
    await database?.then((open) => open.close()).catch(() => undefined);
  }

  /** The driver is loaded with the first question: who needs none pays for none. */
  #open(): Promise<Database> {
    this.#database ??= connect[this.#spec.dialect](this.#spec).catch((error: unknown) => {
      this.#database = undefined;
      throw error;
    });
    return this.#database;
  }
}

function withoutCredentials({ dialect, location }: SqlSpec): string {
  if (dialect === 'sqlite') return `sqlite:${location}`;
  const url = new URL(location);
  return `${dialect}://${url.host}${url.pathname}`;
}

function tlsOptions(tls: DirectoryTls): { rejectUnauthorized: boolean } | undefined {
  return tls === 'off' ? undefined : { rejectUnauthorized: tls === 'on' };
}

async function openPostgres(spec: SqlSpec): Promise<Database> {
  const { Pool, Query } = (await import('pg')).default;
  const pool = new Pool({
    connectionString: spec.location,
    max: spec.maxConnections,
    connectionTimeoutMillis: spec.timeoutMs,
    // The server gives up, and the client shortly after if the server does not say so.
    statement_timeout: spec.timeoutMs,
    query_timeout: spec.timeoutMs,
    idleTimeoutMillis: 60_000,
    allowExitOnIdle: true,
    ssl: tlsOptions(spec.tls) ?? false,
    application_name: 'postern',
  });
  // A connection that breaks while nobody uses it is replaced with the next question.
  pool.on('error', () => undefined);
  return {
    async firstColumn(key) {
      const client = await pool.connect();
      const column: unknown[] = [];
      let failure: Error | undefined;
      await new Promise<void>((resolve) => {
        const asked: QueryArrayConfig<string[]> = { text: spec.query, values: [key], rowMode: 'array' };
        const query = new Query<unknown[]>(asked, (error) => {
          failure = error ?? undefined;
          resolve();
        });
        query.on('row', (row) => {
          // A query without a limit must not fill the memory: the connection ends with it.
          if (column.push(row[0]) > maxRows) resolve();
        });
        client.query(query);
      });
      client.release(column.length > maxRows || failure !== undefined);
      if (failure !== undefined && column.length <= maxRows) throw failure;
      return column;
    },
    close: () => pool.end(),
  };
}

async function openMysql(spec: SqlSpec): Promise<Database> {
  const { createPool } = await import('mysql2/promise');
  const url = new URL(spec.location);
  const ssl = tlsOptions(spec.tls);
  const pool = createPool({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 3306 : Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
    connectionLimit: spec.maxConnections,
    connectTimeout: spec.timeoutMs,
    idleTimeout: 60_000,
    // Waiting questions end with their own deadline; more than these would only add to an outage.
    queueLimit: 1000,
    ...(ssl && { ssl }),
  });
  // A query without a limit must not fill the memory.
  pool.on('connection', (connection) => connection.query(`SET SESSION sql_select_limit = ${maxRows + 1}`));
  const keys = (key: string): string[] => new Array<string>(spec.placeholders).fill(key);
  return {
    async firstColumn(key) {
      const [rows] = await pool.execute({
        sql: spec.query,
        values: keys(key),
        rowsAsArray: true,
        timeout: spec.timeoutMs,
      });
      return (rows as unknown as readonly unknown[][]).map((row) => row[0]);
    },
    close: () => pool.end(),
  };
}

async function openSqlite(spec: SqlSpec): Promise<Database> {
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(spec.location, { readOnly: true, timeout: spec.timeoutMs });
  const statement = database.prepare(spec.query);
  statement.setReturnArrays(true);
  return {
    async firstColumn(key) {
      const keys = new Array<string>(spec.placeholders).fill(key);
      const column: unknown[] = [];
      // Row by row: a query without a limit must not fill the memory.
      for (const row of statement.iterate(...keys) as Iterable<unknown>) {
        column.push((row as unknown[])[0]);
        if (column.length > maxRows) break;
      }
      return column;
    },
    close: async () => database.close(),
  };
}
