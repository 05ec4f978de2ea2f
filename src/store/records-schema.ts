import type { DatabaseSync } from 'node:sqlite';

/**
 * Changes of the schema in order; the file remembers how many it has seen (`user_version`). Never change one that
 * was released, add another.
 */
const migrations: readonly string[] = [
  `CREATE TABLE history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id TEXT NOT NULL,
    time_ms INTEGER NOT NULL,
    ip TEXT NOT NULL,
    user TEXT NOT NULL,
    action TEXT NOT NULL,
    score REAL NOT NULL,
    required_score REAL,
    symbols TEXT NOT NULL,
    subject TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    elapsed_ms REAL NOT NULL,
    message_id TEXT NOT NULL,
    sender_smtp TEXT NOT NULL,
    sender_mime TEXT NOT NULL,
    recipients_smtp TEXT NOT NULL,
    recipients_mime TEXT NOT NULL,
    is_skipped INTEGER NOT NULL,
    queue_id TEXT NOT NULL,
    sender TEXT NOT NULL,
    direction TEXT NOT NULL
  ) STRICT`,
  // What was written down stays: the triggers stop even a slip of our own.
  `CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time_ms INTEGER NOT NULL,
    area TEXT NOT NULL,
    verb TEXT NOT NULL,
    subject TEXT NOT NULL,
    owner TEXT NOT NULL,
    origin TEXT NOT NULL,
    reason TEXT NOT NULL,
    until_ms INTEGER,
    details TEXT NOT NULL
  ) STRICT;
  CREATE INDEX audit_by_subject ON audit (area, subject, id);
  CREATE INDEX audit_by_end ON audit (area, until_ms) WHERE until_ms IS NOT NULL;
  CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
  CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;`,
];

/**
 * Brings a file to the newest schema; several processes may try at once.
 *
 * @throws Error when the file was written by a newer version
 */
export function migrate(database: DatabaseSync): void {
  if (versionOf(database) === migrations.length) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    const version = versionOf(database);
    if (version > migrations.length)
      throw new Error(`it has schema ${version}, and this version of Postern knows ${migrations.length}`);
    for (const change of migrations.slice(version)) database.exec(change);
    database.exec(`PRAGMA user_version = ${migrations.length}`);
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

function versionOf(database: DatabaseSync): number {
  const row = database.prepare('PRAGMA user_version').get();
  return Number(row?.['user_version'] ?? 0);
}
