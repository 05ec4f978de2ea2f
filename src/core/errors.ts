/** One row of the error table: what an error code means to every kind of client. */
export interface ErrorKind {
  /** Would the same request succeed later without being changed? */
  readonly retryable: boolean;
  /** HTTP status for a client of the scan or controller port. */
  readonly httpStatus: number;
  /** SMTP reply class given to an MTA that asked about a message (RFC 5321 4.2.1). */
  readonly smtpReply: '451 4.7.1' | '451 4.3.0' | '451 4.3.2' | '554 5.6.0' | '552 5.3.4';
  /** Exit code of the command line (sysexits). */
  readonly exitCode: number;
}

/** Every error code with its meaning. A code that is not here does not compile. */
export const errorKinds = {
  config: { retryable: false, httpStatus: 500, smtpReply: '451 4.3.0', exitCode: 78 },
  protocol: { retryable: false, httpStatus: 400, smtpReply: '554 5.6.0', exitCode: 76 },
  notFound: { retryable: false, httpStatus: 404, smtpReply: '554 5.6.0', exitCode: 66 },
  forbidden: { retryable: false, httpStatus: 403, smtpReply: '554 5.6.0', exitCode: 77 },
  tooLarge: { retryable: false, httpStatus: 413, smtpReply: '552 5.3.4', exitCode: 65 },
  overload: { retryable: true, httpStatus: 503, smtpReply: '451 4.3.2', exitCode: 75 },
  timeout: { retryable: true, httpStatus: 503, smtpReply: '451 4.7.1', exitCode: 75 },
  upstream: { retryable: true, httpStatus: 503, smtpReply: '451 4.7.1', exitCode: 75 },
  store: { retryable: true, httpStatus: 503, smtpReply: '451 4.3.0', exitCode: 75 },
  check: { retryable: true, httpStatus: 503, smtpReply: '451 4.3.0', exitCode: 70 },
  internal: { retryable: true, httpStatus: 503, smtpReply: '451 4.3.0', exitCode: 70 },
} as const satisfies Record<string, ErrorKind>;

/** A key of {@link errorKinds}. */
export type ErrorCode = keyof typeof errorKinds;

/**
 * Base of every exception Postern throws on purpose. The message never holds message content; it may be shown
 * to an operator and, for `protocol`, `notFound`, `forbidden` and `tooLarge`, to the client that caused it.
 */
export class PosternError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }

  get kind(): ErrorKind {
    return errorKinds[this.code];
  }
}

/** Where a value was written: file, line and column (both from 1). */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What is wrong with a configuration, and where. */
export interface ConfigProblem {
  readonly message: string;
  /** Undefined when the value has no place in a file (a default, the command line). */
  readonly position?: SourcePosition | undefined;
  /** Dotted path of the option, such as `ratelimit.rates.user_hour.bucket[0].rate`. */
  readonly path?: string | undefined;
  /** What would have been right, in words. */
  readonly expected?: string | undefined;
}

/** `file:line:column: path: message (expected …)`, with the parts that are known. */
export function formatProblem(problem: ConfigProblem): string {
  const { position, path, message, expected } = problem;
  const where = position ? `${position.file}:${position.line}:${position.column}: ` : '';
  return `${where}${path ? `${path}: ` : ''}${message}${expected ? ` (expected ${expected})` : ''}`;
}

/** A configuration that cannot be used. Holds every problem found, not only the first. */
export class ConfigError extends PosternError {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[] | ConfigProblem, options?: { cause?: unknown }) {
    const list = Array.isArray(problems)
      ? (problems as readonly ConfigProblem[])
      : [problems as ConfigProblem];
    super('config', list.map(formatProblem).join('\n'), options);
    this.problems = list;
  }
}

/** A client sent bytes that its protocol does not allow. */
export class ProtocolError extends PosternError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('protocol', message, options);
  }
}

/** A configured limit was passed: `tooLarge` for one request, `overload` for the server as a whole. */
export class LimitError extends PosternError {
  constructor(code: 'tooLarge' | 'overload', message: string, options?: { cause?: unknown }) {
    super(code, message, options);
  }
}

/** Another server (DNS, HTTP, scanner) failed or was too slow. */
export class UpstreamError extends PosternError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('upstream', message, options);
  }
}

/** The store of counters or records failed. */
export class StoreError extends PosternError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('store', message, options);
  }
}

/** A check threw: a bug of ours. The scan goes on without it. */
export class CheckError extends PosternError {
  readonly check: string;

  constructor(check: string, cause: unknown) {
    super('check', `check ${check} failed: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
    this.check = check;
  }
}

/** Any thrown value as a {@link PosternError}; foreign ones become `internal`. */
export function toPosternError(error: unknown): PosternError {
  if (error instanceof PosternError) return error;
  return new PosternError('internal', error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}
