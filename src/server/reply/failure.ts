import type { PosternError, Verdict } from '../../core/index.ts';

const noThresholds: ReadonlyMap<string, number> = new Map();

/** What the sender of the message is told when the scan could not be done. */
function smtpMessage(failure: PosternError): string {
  if (failure.code === 'tooLarge') return failure.message;
  return 'Try again later';
}

/**
 * A whole verdict, action `soft reject`, for a request that never reached the engine: the server is full, the
 * request is over a limit, or the scanner failed. Every client tells its sender to try later.
 */
export function failureVerdict(failure: PosternError): Verdict {
  return {
    action: 'soft reject',
    score: 0,
    requiredScore: undefined,
    thresholds: noThresholds,
    isSkipped: false,
    passthroughModule: 'failure',
    subject: undefined,
    milterAction: undefined,
    symbols: [],
    groups: [],
    messages: { smtp_message: smtpMessage(failure) },
    urls: undefined,
    emails: undefined,
    profile: undefined,
    messageId: undefined,
    elapsedMs: 0,
    dkimSignatures: [],
    milter: undefined,
    rewritten: undefined,
    newline: '\r\n',
    failure,
  };
}
