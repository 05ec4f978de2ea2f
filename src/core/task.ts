import type { IpAddress } from '../lib/index.ts';
import type { ActionName } from './action.ts';
import type { AuthenticationState } from './authentication.ts';
import { type Direction, identifySender, type SenderIdentity } from './direction.ts';
import type { Envelope, TaskFlag } from './envelope.ts';
import type { ContentViews, Mailbox, Message } from './message.ts';
import { MilterReply } from './milter-reply.ts';
import type { Hit } from './symbol.ts';

/** An action that a check forces (Rspamd: pre-result, passthrough). */
export interface PreResult {
  readonly action: ActionName;
  /** Text for the SMTP reply. */
  readonly message: string;
  /** Check that forces it. */
  readonly module: string;
  /** Higher wins. Default 0. */
  readonly priority: number;
  /** The score becomes this. */
  readonly score?: number | undefined;
  /** Only a floor: a stronger action by score still wins (config-format 10.2). */
  readonly isLeast: boolean;
  /** Other filters still run. */
  readonly processAll: boolean;
}

/** What checks may read of the result so far. Filled by the engine. */
export interface ResultView {
  has(symbol: string): boolean;
  get(symbol: string): Hit | undefined;
  /** In order of insertion, without those that composites took out. */
  readonly hits: Iterable<Hit>;
  readonly score: number;
  /** What one of a symbol counts for this message: the operator's score, else the declared one. */
  symbolScore(symbol: string): number;
  /** Action as it stands now, forced ones included. */
  currentAction(): ActionName;
  /** Score as it stands now, with what forced actions make of it. */
  currentScore(): number;
  readonly preResults: readonly PreResult[];
  /** Threshold of an action for this message; undefined when it has none. */
  threshold(action: ActionName): number | undefined;
  /** The highest threshold of a scoring action, normally reject's. */
  requiredScore(): number | undefined;
}

/** The `apply` part of the settings that hold for this message, merged (config-format 13.3). */
export interface AppliedSettings {
  readonly id: string | undefined;
  readonly apply: Readonly<Record<string, unknown>>;
}

/** Mailboxes of the message's address fields. */
export interface Mailboxes {
  readonly from: readonly Mailbox[];
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
}

/** Makes the views of a message; the engine hands in the rooms that know how. */
export interface Views {
  parse(raw: Buffer): Message;
  content(message: Message): ContentViews;
}

/** One message on its way through the checks. */
export class Task {
  /** Name of this scan in logs and history. */
  readonly id: string;
  /** The envelope as the client told it. */
  readonly originalEnvelope: Envelope;
  readonly raw: Buffer;
  /** Milliseconds since 1970 when the scan began. */
  readonly startedMs: number;
  /** Fires at the task's deadline and when the client is gone. */
  readonly signal: AbortSignal;
  readonly flags: Set<TaskFlag>;
  readonly result: ResultView;
  readonly milter = new MilterReply();
  /** What SPF, DKIM, DMARC and ARC found so far. */
  readonly authentication: AuthenticationState = {};
  /** Named texts of the reply; `smtp_message` reaches the SMTP client. */
  readonly messages: Record<string, string> = {};
  /** Values that checks leave for others under a documented name (Rspamd: mempool variables). */
  readonly variables = new Map<string, string | number>();
  /** Values of DKIM-Signature headers, in order. */
  readonly dkimSignatures: string[] = [];
  settings: AppliedSettings | undefined;
  /** Subject for action `rewrite subject`, instead of the template's. */
  subject: string | undefined;
  /** The whole new message, when a check rewrote it. */
  rewritten: Buffer | undefined;
  /** Forces an action. */
  readonly setPreResult: (preResult: PreResult) => void;
  /** Takes an action out of the choice for this message: neither its score nor another check leads to it any more. */
  readonly disableAction: (action: ActionName) => void;

  readonly #views: Views;
  readonly #decideDirection: (envelope: Envelope) => Direction;
  #envelope: Envelope;
  #direction: Direction;
  #message: Message | undefined;
  #mailboxes: Mailboxes | undefined;
  #content: ContentViews | undefined;
  #sender: SenderIdentity | undefined;

  constructor(init: {
    id: string;
    envelope: Envelope;
    raw: Buffer;
    /** Decides the direction, again when a check corrects the envelope. */
    decideDirection: (envelope: Envelope) => Direction;
    startedMs: number;
    signal: AbortSignal;
    result: ResultView;
    setPreResult: (preResult: PreResult) => void;
    disableAction: (action: ActionName) => void;
    views: Views;
  }) {
    this.id = init.id;
    this.originalEnvelope = init.envelope;
    this.#envelope = init.envelope;
    this.#decideDirection = init.decideDirection;
    this.#direction = init.decideDirection(init.envelope);
    this.raw = init.raw;
    this.startedMs = init.startedMs;
    this.signal = init.signal;
    this.flags = new Set(init.envelope.flags);
    this.result = init.result;
    this.setPreResult = init.setPreResult;
    this.disableAction = init.disableAction;
    this.#views = init.views;
  }

  /** The envelope as checks should see it: corrected by those that know better than the client. */
  get envelope(): Envelope {
    return this.#envelope;
  }

  get direction(): Direction {
    return this.#direction;
  }

  /**
   * Corrects parts of the envelope for every check that follows: the client behind our own relays, addresses behind
   * aliases. The direction is decided anew, and in stage `connfilter` the settings are chosen anew, too.
   */
  correctEnvelope(changes: Partial<Envelope>): void {
    this.#envelope = { ...this.#envelope, ...changes };
    this.#direction = this.#decideDirection(this.#envelope);
    this.#sender = undefined;
  }

  /**
   * Mailboxes of From, To and Cc as checks should see them: those of the message until a check corrects them. What is
   * about the header fields as they stand (signatures, authentication, forgery) reads `message` instead.
   */
  get mailboxes(): Mailboxes {
    return this.#mailboxes ?? this.message;
  }

  /** Corrects the mailboxes of From, To or Cc for every check that follows: addresses behind aliases. */
  correctMailboxes(changes: Partial<Mailboxes>): void {
    const { from, to, cc } = this.mailboxes;
    this.#mailboxes = { from, to, cc, ...changes };
  }

  /** Did a check correct the envelope or addresses of the header? */
  get isCorrected(): boolean {
    return this.#envelope !== this.originalEnvelope || this.#mailboxes !== undefined;
  }

  /** Would mail from a client at this address count as local? */
  isLocalClient(ip: IpAddress): boolean {
    const from = { ...this.originalEnvelope, clientIp: ip, clientSocketPath: undefined };
    return this.#decideDirection(from).isLocal;
  }

  /** The parsed message. Parsed on first use; never throws. */
  get message(): Message {
    this.#message ??= this.#views.parse(this.raw);
    return this.#message;
  }

  /** Text, links and attachments of the message, each computed on first use. */
  get content(): ContentViews {
    this.#content ??= this.#views.content(this.message);
    return this.#content;
  }

  /** Who sent it: the one identity that limits, log and incidents share. */
  get sender(): SenderIdentity {
    this.#sender ??= identifySender(this.envelope, this.direction, this.message);
    return this.#sender;
  }

  /** Per-message options of a module from settings `apply.plugins`. */
  pluginSettings(module: string): Readonly<Record<string, unknown>> | undefined {
    const plugins = this.settings?.apply['plugins'];
    if (typeof plugins !== 'object' || plugins === null) return undefined;
    const section = (plugins as Record<string, unknown>)[module];
    return typeof section === 'object' && section !== null ? (section as Record<string, unknown>) : undefined;
  }
}
