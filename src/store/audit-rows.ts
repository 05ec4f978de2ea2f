import type { DatabaseSync } from 'node:sqlite';
import type { AuditEntry, AuditQuery } from '../core/index.ts';

/** Adds a row and has it flushed to the disk: an audit trail that a power cut shortens is none. */
export function appendAudit(database: DatabaseSync, entry: AuditEntry): void {
  database.exec('PRAGMA synchronous = FULL');
  try {
    database
      .prepare(
        `INSERT INTO audit (time_ms, area, verb, subject, owner, origin, reason, until_ms, details)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        Math.round(entry.timeMs),
        entry.area,
        entry.verb,
        entry.subject,
        entry.owner,
        entry.origin,
        entry.reason,
        entry.untilMs === null ? null : Math.round(entry.untilMs),
        JSON.stringify(entry.details),
      );
  } finally {
    database.exec('PRAGMA synchronous = NORMAL');
  }
}

/** Newest first. */
export function queryAudit(
  database: DatabaseSync,
  { area, subject, activeAtMs, maxRows }: AuditQuery,
): readonly AuditEntry[] {
  const conditions = ['area = ?'];
  const values: (string | number)[] = [area];
  if (subject !== undefined) {
    conditions.push('subject = ?');
    values.push(subject);
  }
  if (activeAtMs !== undefined) {
    conditions.push('until_ms > ?');
    values.push(Math.round(activeAtMs));
  }
  const sql = `SELECT * FROM audit WHERE ${conditions.join(' AND ')} ORDER BY id DESC LIMIT ?`;
  return database
    .prepare(sql)
    .all(...values, Math.max(0, maxRows))
    .map((row) => ({
      timeMs: Number(row['time_ms']),
      area: String(row['area']),
      verb: String(row['verb']),
      subject: String(row['subject']),
      owner: String(row['owner']),
      origin: String(row['origin']),
      reason: String(row['reason']),
      untilMs: row['until_ms'] === null ? null : Number(row['until_ms']),
      details: JSON.parse(String(row['details'])) as Record<string, unknown>,
    }));
}
