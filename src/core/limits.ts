/** What is counted. */
export const countedThings = ['messages', 'recipients'] as const;
export type CountedThing = (typeof countedThings)[number];

export const limitWindows = ['minute', 'hour', 'day'] as const;
export type LimitWindow = (typeof limitWindows)[number];

/** A temporary deviation from a limit. */
export interface LimitException {
  readonly id: string;
  readonly owner: string;
  readonly reason: string;
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** One window of one subject: what holds, why, and how much of it is used. */
export interface LimitState {
  readonly counts: CountedThing;
  readonly window: LimitWindow;
  /** Null: not limited. */
  readonly limit: number | null;
  readonly used: number;
  /** Of `used`, what belongs to messages that are being judged right now. */
  readonly pending: number;
  /** The level that set the limit; null: none did. */
  readonly source: string | null;
  readonly exception: LimitException | null;
}

/** Counters of one sender, or of all senders of a level together. */
export interface LimitScopeState {
  /** `login:alice@example.com`, `script:33:form.php`, `@example.com`, `tenant:acme`, `local`, `server` */
  readonly subject: string;
  readonly role: 'sender' | 'pool';
  readonly windows: readonly LimitState[];
}

/** Everything that limits a subject, the subject itself first. */
export interface LimitsReport {
  readonly subject: string;
  readonly domain: string | null;
  readonly tenant: string | null;
  readonly scopes: readonly LimitScopeState[];
}

/** An exception with what it changes. */
export interface ExceptionReport extends LimitException {
  readonly subject: string;
  readonly limits: readonly {
    readonly counts: CountedThing;
    readonly window: LimitWindow;
    /** Null: unlimited. */
    readonly limit: number | null;
  }[];
}

/** Who changes a limit, from where, and why: what the audit trail keeps of every change. */
export interface LimitChange {
  readonly subject: string;
  readonly owner: string;
  /** Address of the client, or `unix`. */
  readonly origin: string;
  readonly reason: string;
}

/** Limits of senders, for whoever administers them. Bad input rejects with PosternError `protocol` or `notFound`. */
export interface LimitsService {
  show(subject: string): Promise<LimitsReport>;
  /** Exceptions in force, the one that ends first in front. */
  exceptions(): Promise<readonly ExceptionReport[]>;
  /** @param amounts such as `100/h 500/d`; undefined leaves what is counted as it is */
  except(
    change: LimitChange & {
      readonly messages?: string | undefined;
      readonly recipients?: string | undefined;
      readonly untilMs: number;
    },
  ): Promise<ExceptionReport>;
  /** Ends exceptions before their time: one, or all of the subject. */
  revoke(change: LimitChange & { readonly id?: string | undefined }): Promise<readonly string[]>;
  /** Forgets what was used. */
  reset(change: LimitChange): Promise<void>;
}

/** One leaky bucket of a sender (check `ratelimit`). */
export interface BucketReport {
  readonly limit: string;
  readonly key: string;
  /** Content now, drained to the present. */
  readonly level: number;
  readonly burst: number;
  readonly ratePerSecond: number;
  readonly counts: CountedThing;
}
