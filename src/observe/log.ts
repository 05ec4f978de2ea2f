import { pino } from 'pino';
import type { Clock, Log, LoggedError, LoggingConfig } from '../core/index.ts';

const levels = { debug: 20, info: 30, warn: 40, error: 50 } as const;
type Level = keyof typeof levels;

const thresholds: Readonly<Record<LoggingConfig['level'], number>> = {
  debug: 20,
  info: 30,
  notice: 30,
  warning: 40,
  error: 50,
  silent: 100,
};

type Fields = Readonly<Record<string, unknown>>;

/** Where lines go; `reopen` follows a rotated file. */
export interface LogTarget {
  write(line: string): void;
  reopen(): void;
  /** Resolves when everything written so far has left the process. */
  flush(): Promise<void>;
}

/** Opens the target a configuration names. Lines are gathered and written in the background. */
export function openLogTarget(logging: LoggingConfig): LogTarget {
  const destination = pino.destination({
    dest: logging.type === 'file' && logging.file !== undefined ? logging.file : 2,
    append: true,
    mkdir: true,
    sync: false,
    minLength: logging.type === 'file' ? 4096 : 0,
    periodicFlush: 500,
  });
  // A full disk must not take the server down; the line is lost, and the counter of the stream says so.
  destination.on('error', () => undefined);
  return {
    write: (line) => void destination.write(line),
    reopen: () => {
      if (logging.type === 'file') destination.reopen();
    },
    flush: () => new Promise((resolve) => destination.flush(() => resolve())),
  };
}

/** Quotes a value only when it would not read as one word. */
function formatValue(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined');
  return typeof value === 'string' && (text === '' || /[\s"=\\]|[^\x20-\x7e]/.test(text))
    ? JSON.stringify(text)
    : text;
}

function formatText(timeMs: number, level: Level, message: string, fields: Fields, bound: Fields): string {
  let line = `${new Date(timeMs).toISOString()} ${level.padEnd(5)} `;
  const module = fields['module'] ?? bound['module'];
  if (module !== undefined) line += `${module}: `;
  line += message.includes('\n') ? message.replaceAll('\n', '\n  ') : message;
  for (const source of [bound, fields]) {
    for (const key in source) {
      const value = source[key];
      if (key !== 'module' && value !== undefined) line += ` ${key}=${formatValue(value)}`;
    }
  }
  return `${line}\n`;
}

function formatJson(timeMs: number, level: Level, message: string, fields: Fields, bound: Fields): string {
  return `${JSON.stringify({ time: new Date(timeMs).toISOString(), level, ...bound, ...fields, msg: message })}\n`;
}

export interface LogOptions {
  readonly target: LogTarget;
  readonly logging: LoggingConfig;
  readonly clock: Clock;
  /** Fields on every line, such as the process's role. */
  readonly fields?: Fields;
  /** Told about every line of level error, for the controller's `/errors`. */
  readonly onError?: (error: LoggedError) => void;
}

class LineLog implements Log {
  readonly #options: LogOptions;
  readonly #bound: Fields;
  readonly #threshold: number;
  readonly #format: typeof formatText;

  constructor(options: LogOptions, bound: Fields) {
    const { logging } = options;
    this.#options = options;
    this.#bound = bound;
    const isDebugged = typeof bound['module'] === 'string' && logging.debugModules.includes(bound['module']);
    this.#threshold = isDebugged ? levels.debug : thresholds[logging.level];
    this.#format = logging.json ? formatJson : formatText;
  }

  debug(message: string, fields?: Fields): void {
    this.#write('debug', message, fields);
  }

  info(message: string, fields?: Fields): void {
    this.#write('info', message, fields);
  }

  warn(message: string, fields?: Fields): void {
    this.#write('warn', message, fields);
  }

  error(message: string, fields: Fields = {}): void {
    const { clock, onError } = this.#options;
    onError?.({
      timeMs: clock.now(),
      pid: process.pid,
      type: String(this.#bound['role'] ?? 'main'),
      module: String(fields['module'] ?? this.#bound['module'] ?? ''),
      id: String(fields['id'] ?? ''),
      message: fields['error'] === undefined ? message : `${message}: ${fields['error']}`,
    });
    this.#write('error', message, fields);
  }

  child(fields: Fields): Log {
    return new LineLog(this.#options, { ...this.#bound, ...fields });
  }

  #write(level: Level, message: string, fields: Fields = {}): void {
    if (levels[level] < this.#threshold) return;
    const { target, clock } = this.#options;
    target.write(this.#format(clock.now(), level, message, fields, this.#bound));
  }
}

/** A log as the configuration wants it: text lines, or JSON with `log_json`. */
export function createLog(options: LogOptions): Log {
  return new LineLog(options, options.fields ?? {});
}

/** A log that says nothing, for commands whose output is their answer. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
};
