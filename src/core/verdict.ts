import type { ActionName } from './action.ts';
import type { Envelope } from './envelope.ts';
import type { PosternError } from './errors.ts';
import type { UrlView } from './message.ts';
import type { MilterReply } from './milter-reply.ts';
import type { Hit } from './symbol.ts';

/** The judgement on one message, before any protocol renders it. */
export interface Verdict {
  readonly action: ActionName;
  readonly score: number;
  /** Threshold of the strongest scoring action, normally reject; undefined when nothing has one. */
  readonly requiredScore: number | undefined;
  /** Threshold of `add header`, for headers and SPAMC. */
  readonly thresholds: ReadonlyMap<ActionName, number>;
  /** True: filters were skipped (settings, flag, GTUBE). */
  readonly isSkipped: boolean;
  /** Check that forced the action, if one did. */
  readonly passthroughModule: string | undefined;
  /** Final subject, decoded, only with action `rewrite subject`. */
  readonly subject: string | undefined;
  /** What a custom or built-in action means to a milter when it is a discard or a quarantine. */
  readonly milterAction: 'discard' | 'quarantine' | undefined;
  /** In order of insertion; symbols that composites removed are left out. */
  readonly symbols: readonly Hit[];
  readonly groups: readonly {
    readonly name: string;
    readonly score: number;
    readonly description: string | undefined;
  }[];
  /** `smtp_message` is the text for the SMTP reply. */
  readonly messages: Readonly<Record<string, string>>;
  /** Undefined when the message holds neither link nor address. */
  readonly urls: readonly UrlView[] | undefined;
  readonly emails: readonly string[] | undefined;
  /** Milliseconds by symbol, with flag `profile`. */
  readonly profile: Readonly<Record<string, number>> | undefined;
  /** Without angle brackets; `undef` when the message has none, undefined for an empty message. */
  readonly messageId: string | undefined;
  readonly elapsedMs: number;
  /** Values of DKIM-Signature headers, folded with CRLF plus blank. */
  readonly dkimSignatures: readonly string[];
  readonly milter: MilterReply | undefined;
  /** The whole new message, when a check rewrote it. */
  readonly rewritten: Buffer | undefined;
  /** How the message's own lines end; reply texts follow it. */
  readonly newline: '\r\n' | '\n' | '\r';
  /** Set when this verdict stands for a failure (overload, dead store, crash): the action is `soft reject`. */
  readonly failure: PosternError | undefined;
}

/** What a session hands over: envelope and bytes. */
export interface ScanRequest {
  readonly envelope: Envelope;
  readonly raw: Buffer;
  /** Fires when the client is gone: the scan is given up and nothing is charged or recorded. */
  readonly signal?: AbortSignal | undefined;
}

/** A verdict, and what is to be done once the client has it. */
export interface ScanOutcome {
  readonly verdict: Verdict;
  /**
   * Runs the idempotent stage: history, counters, profiles. Call it exactly once, after the reply was handed to
   * the socket. Never throws.
   */
  settle(): void;
}

/** The one thing sessions need from the engine. */
export interface Scanner {
  /**
   * Judges a message. Never rejects for a failure inside (that is a verdict with `failure`); rejects with
   * LimitError `tooLarge` for a message over `max_message` or with more than `max_recipients`, and with the abort reason when `signal` fires.
   */
  scan(request: ScanRequest): Promise<ScanOutcome>;
}
