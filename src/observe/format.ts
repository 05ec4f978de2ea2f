import type { Log } from '../core/index.ts';

export type Level = Exclude<keyof Log, 'child'>;
export type Fields = Readonly<Record<string, unknown>>;

/** One record as one line, its line end included. */
export type Format = (timeMs: number, level: Level, message: string, fields: Fields, bound: Fields) => string;

/** Longest value that is logged, in characters: much of it is text that strangers chose. */
const maxValueLength = 4096;

/**
 * What could end a line, move the cursor of a terminal or turn the reading direction: control characters (C0, DEL,
 * C1), Unicode's line separators, directional marks.
 */
const dangerous = /[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const needsQuotes = /[\s"=\\]|[^\x20-\x7e]/;

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function toJson(value: unknown): string {
  try {
    return (JSON.stringify(value) ?? String(value)).replaceAll(dangerous, escapeCharacter);
  } catch (error) {
    // A value with a cycle or a bigint; a log line is no reason to fail.
    return JSON.stringify(`not shown: ${(error as Error).message}`).replaceAll(dangerous, escapeCharacter);
  }
}

function shorten(text: string): string {
  return text.length > maxValueLength ? `${text.slice(0, maxValueLength)}…` : text;
}

/** Quotes a value only when it would not read as one word. */
function formatValue(value: unknown): string {
  if (typeof value !== 'string') return shorten(toJson(value));
  const text = shorten(value);
  return text === '' || needsQuotes.test(text) ? toJson(text) : text;
}

/** `2026-11-22T10:00:00.000Z info  module: message name=value …` */
export const formatText: Format = (timeMs, level, message, fields, bound) => {
  let line = `${new Date(timeMs).toISOString()} ${level.padEnd(5)} `;
  const module = fields['module'] ?? bound['module'];
  if (module !== undefined) line += `${module}: `;
  line += message.replaceAll('\n', ' ').replaceAll(dangerous, escapeCharacter);
  for (const source of [bound, fields]) {
    for (const key in source) {
      const value = source[key];
      if (key !== 'module' && value !== undefined) line += ` ${key}=${formatValue(value)}`;
    }
  }
  return `${line}\n`;
};

/** One JSON object; `time`, `level` and `msg` are always ours. */
export const formatJson: Format = (timeMs, level, message, fields, bound) => {
  const record: Record<string, unknown> = { time: '', level: '' };
  for (const source of [bound, fields]) {
    for (const key in source) {
      const value = source[key];
      record[key] = typeof value === 'string' ? shorten(value) : value;
    }
  }
  record['time'] = new Date(timeMs).toISOString();
  record['level'] = level;
  record['msg'] = message;
  return `${toJson(record)}\n`;
};

/** Priorities of syslog (RFC 5424 6.2.1). */
const priorities: Readonly<Record<Level, number>> = { debug: 7, info: 6, warn: 4, error: 3 };

/** Marks each line with its priority, as whoever collects a service's standard error reads it (sd-daemon(3)). */
export function withPriority(format: Format): Format {
  return (timeMs, level, message, fields, bound) =>
    `<${priorities[level]}>${format(timeMs, level, message, fields, bound)}`;
}
