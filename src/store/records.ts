import { chmodSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { type HistoryRow, type Log, type Records, StoreError } from '../core/index.ts';
import { appendAudit, queryAudit } from './audit-rows.ts';
import { migrate } from './records-schema.ts';

/** How long a process waits for another one's write; the event loop stands still meanwhile. */
const busyTimeoutMs = 1000;
/** After a failed open the next try waits this long; calls meanwhile fail at once. */
const reopenDelayMs = 1000;

const columns = [
  'task_id',
  'time_ms',
  'ip',
  'user',
  'action',
  'score',
  'required_score',
  'symbols',
  'subject',
  'size_bytes',
  'elapsed_ms',
  'message_id',
  'sender_smtp',
  'sender_mime',
  'recipients_smtp',
  'recipients_mime',
  'is_skipped',
  'queue_id',
  'sender',
  'direction',
] as const;

interface OpenFile {
  readonly database: DatabaseSync;
  readonly insert: StatementSync;
  readonly newest: StatementSync;
  readonly trim: StatementSync;
}

/**
 * Rows in one SQLite file of the state folder, shared by all processes of the machine. The file is opened at the
 * first use; while it cannot be, every call rejects with StoreError and the next one tries again.
 */
export function createRecords({ stateDir, log }: { readonly stateDir: string; readonly log: Log }): Records {
  const path = resolve(stateDir, 'records.sqlite');
  let file: OpenFile | undefined;
  let failure: { readonly error: StoreError; readonly untilMs: number } | undefined;
  let isClosed = false;

  const open = (): OpenFile => {
    if (file) return file;
    if (isClosed) throw new StoreError('the records are closed');
    if (failure && performance.now() < failure.untilMs) throw failure.error;
    try {
      file = openFile(stateDir, path);
      failure = undefined;
      return file;
    } catch (error) {
      failure = { error: recordsError(path, error), untilMs: performance.now() + reopenDelayMs };
      log.error(failure.error.message);
      throw failure.error;
    }
  };
  const use = async <Result>(work: (opened: OpenFile) => Result): Promise<Result> => {
    try {
      return work(open());
    } catch (error) {
      throw recordsError(path, error);
    }
  };

  return {
    addAudit: (entry) => use(({ database }) => appendAudit(database, entry)),
    audit: (query) => use(({ database }) => queryAudit(database, query)),
    addHistory: (rows) =>
      use(({ database, insert }) => {
        if (rows.length === 0) return;
        inTransaction(database, () => {
          for (const row of rows) insert.run(...valuesOf(row));
        });
      }),
    history: (first, last) =>
      use(({ database, newest }) => {
        const range = first < 0 || last < -1 ? fromEnd(database, first, last) : [first, last];
        const [start, end] = range as [number, number];
        const count = end === -1 ? -1 : end - start + 1;
        if (count === 0 || count < -1) return [];
        return newest.all(count, start).map(rowOf);
      }),
    clearHistory: () => use(({ database }) => database.exec('DELETE FROM history')),
    trimHistory: (maxRows) =>
      use(({ trim }) => {
        trim.run(Math.max(0, maxRows));
      }),
    async close() {
      isClosed = true;
      file?.database.close();
      file = undefined;
    },
  };
}

function openFile(stateDir: string, path: string): OpenFile {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs });
  try {
    chmodSync(path, 0o600);
    // Write-ahead log: readers never wait. NORMAL: a crash of the machine may lose the last rows, never the file.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    migrate(database);
    return {
      database,
      insert: database.prepare(
        `INSERT INTO history (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
      ),
      newest: database.prepare('SELECT * FROM history ORDER BY id DESC LIMIT ? OFFSET ?'),
      trim: database.prepare(
        'DELETE FROM history WHERE id <= (SELECT id FROM history ORDER BY id DESC LIMIT 1 OFFSET ?)',
      ),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

function recordsError(path: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new StoreError(`cannot use ${path}: ${text}`, { cause: error });
}

function inTransaction(database: DatabaseSync, work: () => void): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    work();
    database.exec('COMMIT');
  } catch (error) {
    // A failed COMMIT (full disk) has rolled back by itself.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** Negative indices count from the oldest row, as in a Redis list range. */
function fromEnd(database: DatabaseSync, first: number, last: number): [number, number] {
  const total = Number(database.prepare('SELECT count(*) AS total FROM history').get()?.['total'] ?? 0);
  return [first < 0 ? Math.max(0, total + first) : first, last < -1 ? total + last : last];
}

function valuesOf(row: HistoryRow): (string | number | null)[] {
  return [
    row.id,
    Math.round(row.timeMs),
    row.ip,
    row.user,
    row.action,
    row.score,
    row.requiredScore,
    JSON.stringify(row.symbols),
    row.subject,
    row.sizeBytes,
    row.elapsedMs,
    row.messageId,
    row.senderSmtp,
    row.senderMime,
    JSON.stringify(row.recipientsSmtp),
    JSON.stringify(row.recipientsMime),
    row.isSkipped ? 1 : 0,
    row.queueId,
    row.sender,
    row.direction,
  ];
}

function rowOf(row: Record<string, SQLOutputValue>): HistoryRow {
  const text = (name: (typeof columns)[number]): string => String(row[name] ?? '');
  const number = (name: (typeof columns)[number]): number => Number(row[name] ?? 0);
  return {
    id: text('task_id'),
    timeMs: number('time_ms'),
    ip: text('ip'),
    user: text('user'),
    action: text('action'),
    score: number('score'),
    requiredScore: row['required_score'] === null ? null : number('required_score'),
    symbols: JSON.parse(text('symbols')) as HistoryRow['symbols'],
    subject: text('subject'),
    sizeBytes: number('size_bytes'),
    elapsedMs: number('elapsed_ms'),
    messageId: text('message_id'),
    senderSmtp: text('sender_smtp'),
    senderMime: text('sender_mime'),
    recipientsSmtp: JSON.parse(text('recipients_smtp')) as string[],
    recipientsMime: JSON.parse(text('recipients_mime')) as string[],
    isSkipped: number('is_skipped') === 1,
    queueId: text('queue_id'),
    sender: text('sender'),
    direction: text('direction'),
  };
}
