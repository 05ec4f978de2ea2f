import type { Clock, Log, LoggedError, LoggingConfig, Metrics } from '../core/index.ts';
import { type Fields, type Format, formatJson, formatText, type Level, withPriority } from './format.ts';
import { LineWriter } from './line-writer.ts';

const levels: Readonly<Record<Level, number>> = { debug: 20, info: 30, warn: 40, error: 50 };

const thresholds: Readonly<Record<LoggingConfig['level'], number>> = {
  debug: 20,
  info: 30,
  notice: 30,
  warning: 40,
  error: 50,
  silent: 100,
};

export interface LogInit {
  readonly logging: LoggingConfig;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Fields on every line, such as the process's role. */
  readonly fields?: Fields;
  /** Told about every line of level error, for the controller's `/errors`. */
  readonly onError?: (error: LoggedError) => void;
}

/** The log of a process, of which the others are children. */
export interface ProcessLog extends Log {
  /** Why nothing can be written at the moment; undefined: it can. */
  readonly failure: Error | undefined;
  /** Takes another configuration, for every child too. */
  reconfigure(logging: LoggingConfig): void;
  /** Follows a file that was moved away. */
  reopen(): void;
  /** Resolves when everything written so far has left the process, or cannot leave it. */
  flush(): Promise<void>;
}

function formatOf({ json, type }: LoggingConfig): Format {
  const format = json ? formatJson : formatText;
  return type === 'syslog' ? withPriority(format) : format;
}

/** What all logs of a process share; replaced as a whole when the configuration changes. */
interface Shared {
  logging: LoggingConfig;
  format: Format;
  writer: LineWriter;
  readonly clock: Clock;
  readonly onError: ((error: LoggedError) => void) | undefined;
}

class LineLog implements Log {
  readonly #shared: Shared;
  readonly #bound: Fields;
  /** The configuration that the threshold was worked out for. */
  #logging: LoggingConfig | undefined;
  #threshold = 0;

  constructor(shared: Shared, bound: Fields) {
    this.#shared = shared;
    this.#bound = bound;
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
    const { clock, onError } = this.#shared;
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
    return new LineLog(this.#shared, { ...this.#bound, ...fields });
  }

  #write(level: Level, message: string, fields: Fields = {}): void {
    const { logging, format, writer, clock } = this.#shared;
    if (this.#logging !== logging) {
      const module = this.#bound['module'];
      const isDebugged = typeof module === 'string' && logging.debugModules.includes(module);
      this.#threshold = isDebugged ? levels.debug : thresholds[logging.level];
      this.#logging = logging;
    }
    if (levels[level] < this.#threshold) return;
    writer.write(format(clock.now(), level, message, fields, this.#bound));
  }
}

/**
 * Opens the log that a configuration names: text or JSON lines on the standard error, in a file, or (`syslog`) on
 * the standard error with priorities for the service manager that passes them on. A log that cannot be written
 * stops nothing; it is counted, and {@link ProcessLog.failure} says why.
 */
export function openLog(init: LogInit): ProcessLog {
  const failures = init.metrics.counter('postern_log_failures_total', 'Writes of the log that failed');
  const lost = init.metrics.counter('postern_log_lost_lines_total', 'Log lines that could not be kept');
  const openWriter = ({ type, file }: LoggingConfig): LineWriter =>
    new LineWriter({
      file: type === 'file' ? file : undefined,
      onFailure: () => failures.add(),
      onLost: (lines) => lost.add(lines),
    });
  const shared: Shared = {
    logging: init.logging,
    format: formatOf(init.logging),
    writer: openWriter(init.logging),
    clock: init.clock,
    onError: init.onError,
  };
  const log = new LineLog(shared, init.fields ?? {});
  return {
    debug: (message, fields) => log.debug(message, fields),
    info: (message, fields) => log.info(message, fields),
    warn: (message, fields) => log.warn(message, fields),
    error: (message, fields) => log.error(message, fields),
    child: (fields) => log.child(fields),
    get failure() {
      return shared.writer.failure;
    },
    reconfigure(logging) {
      const old = shared.logging;
      shared.logging = logging;
      shared.format = formatOf(logging);
      if (old.type === logging.type && old.file === logging.file) return;
      void shared.writer.close();
      shared.writer = openWriter(logging);
    },
    reopen: () => shared.writer.reopen(),
    flush: () => shared.writer.flush(),
  };
}

/** A log that says nothing, for commands whose output is their answer. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
};
