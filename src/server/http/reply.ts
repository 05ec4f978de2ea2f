import { STATUS_CODES } from 'node:http';
import { LimitError, type PosternError, toPosternError } from '../../core/index.ts';
import {
  failureVerdict,
  oneLine,
  renderErrorJson,
  renderVerdictJson,
  type VerdictLayout,
} from '../reply/index.ts';

/** How a request ended, for metrics. */
type ReplyKind = 'verdict' | 'failure' | 'error' | 'info';

/** An HTTP reply before it is framed. */
export interface HttpReply {
  readonly kind: ReplyKind;
  readonly status: number;
  /** Reason phrase; for errors the error itself, as Rspamd does it (wire-protocols 1.1). */
  readonly reason: string;
  readonly contentType: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string | Buffer;
  /** For the log: why there is no verdict. */
  readonly problem?: string | undefined;
  /** To be called once, when the reply was handed to the socket. */
  readonly settle?: (() => void) | undefined;
}

export const jsonType = 'application/json';
export const noHeaders: HttpReply['headers'] = [];
const noFlags: ReadonlySet<never> = new Set();

export function reasonPhrase(status: number): string {
  return STATUS_CODES[status] ?? 'Unknown';
}

/** A reply to a client's mistake: an honest status, and `error` as the only key. */
export function errorReply(
  status: number,
  message: string,
  headers: HttpReply['headers'] = noHeaders,
): HttpReply {
  return {
    kind: 'error',
    status,
    reason: oneLine(message).replace(/[^\x20-\x7e]/g, '?'),
    contentType: jsonType,
    headers,
    body: renderErrorJson(message),
    problem: message,
  };
}

/** Codes of errors that are the client's own mistake, which sending again does not mend. */
function isMistake(error: PosternError): boolean {
  return error.code === 'protocol' || error.code === 'notFound' || error.code === 'forbidden';
}

/**
 * The reply to a request that has no verdict (docs/decisions: scan port). A mistake of the client gets
 * {@link errorReply}. All else, a message over a limit included, gets a whole verdict with action `soft reject`,
 * since MTAs let mail pass on an error: what is over a limit must not slip through for being large.
 *
 * @param status instead of the one in the error table
 */
export function failureReply(
  thrown: unknown,
  options: { readonly layout?: VerdictLayout | undefined; readonly status?: number | undefined } = {},
): HttpReply {
  const error = toPosternError(thrown);
  const status = options.status ?? error.kind.httpStatus;
  if (isMistake(error)) return errorReply(status, error.message);
  const isPublic = error instanceof LimitError && error.code === 'tooLarge';
  return {
    kind: 'failure',
    status,
    reason: reasonPhrase(status),
    contentType: jsonType,
    headers: noHeaders,
    body: renderVerdictJson(failureVerdict(error), {
      layout: options.layout ?? 'v2',
      flags: noFlags,
      error: isPublic ? error.message : undefined,
    }),
    problem: error.message,
  };
}
