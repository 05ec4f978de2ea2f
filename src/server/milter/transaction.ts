import { LimitError, ProtocolError, type ProxyWorker } from '../../core/index.ts';
import { type ClientConnection, EnvelopeBuilder, readConnection } from './envelope.ts';
import { readStrings } from './frame-reader.ts';
import type { MilterLimits } from './limits.ts';
import { Macros } from './macros.ts';
import { MessageBuilder } from './message-builder.ts';
import { Command } from './protocol.ts';
import { failureLine } from './reply.ts';
import { replyLine } from './reply-text.ts';

/**
 * What the commands of a connection said so far: about the MTA's client, which stays for several messages, and about
 * the message under way, which is forgotten when it ends (wire-protocols 3.10).
 */
export class Transaction {
  readonly macros = new Macros();
  connection: ClientConnection | undefined;
  helo: string | undefined;
  envelope = new EnvelopeBuilder();
  /** Set from the first header, end of header or body on. */
  content: MessageBuilder | undefined;
  /** Messages whose content has begun. */
  messages = 0;

  /** True from MAIL on. */
  get hasMessage(): boolean {
    return this.content !== undefined || this.envelope.hasSender;
  }

  /** True: more was sent than a limit allows; the content is dropped. */
  get isOverLimit(): boolean {
    return this.content?.overLimit !== undefined;
  }

  /**
   * Takes a command between negotiation and end of body.
   *
   * @param keepsSpace header values hold the blank after the colon
   * @throws ProtocolError when the command is unknown or its payload is cut
   */
  take(command: number, payload: Buffer, keepsSpace: boolean, limits: MilterLimits): void {
    switch (command) {
      case Command.connect:
        this.#connect(payload);
        break;
      case Command.helo:
        this.helo = readStrings(payload, 1)[0] || undefined;
        break;
      case Command.mail:
        this.envelope = new EnvelopeBuilder();
        this.content = undefined;
        this.envelope.mail(payload);
        break;
      case Command.recipient:
        this.envelope.recipient(payload, limits.maxRecipients);
        break;
      case Command.data:
      case Command.unknown:
        break;
      case Command.header:
        if (!this.#content(limits).header(payload, keepsSpace)) {
          throw new ProtocolError('milter header without name');
        }
        break;
      case Command.endOfHeaders:
        this.#content(limits).endHeaders();
        break;
      case Command.body:
        this.#content(limits).body(payload);
        break;
      default:
        throw new ProtocolError(`unknown milter command ${command}`);
    }
  }

  /** Ends the content; the packet may hold its last bytes (wire-protocols 3.2). */
  endOfBody(payload: Buffer, limits: MilterLimits): MessageBuilder {
    const content = this.#content(limits);
    content.body(payload);
    if (content.sizeBytes > 0) content.endHeaders();
    return content;
  }

  /** The reply line for a message that passed a limit; undefined when it did not. */
  limitLine(worker: ProxyWorker): string | undefined {
    if (this.content?.overLimit) {
      const what = this.content.overLimit === 'headers' ? 'message header' : 'message';
      return failureLine(new LimitError('tooLarge', `${what} too large`), worker);
    }
    // RFC 5321 4.5.3.1.10 knows 552 for this; the same message would fail again.
    return this.envelope.isOverLimit ? replyLine('552 5.5.3', 'too many recipients') : undefined;
  }

  /** The message ended or was aborted. */
  forgetMessage(): void {
    this.envelope = new EnvelopeBuilder();
    this.content = undefined;
    this.macros.endMessage();
  }

  /** The MTA goes on with another client over the same connection. */
  forgetConnection(): void {
    this.forgetMessage();
    this.macros.clear();
    this.connection = undefined;
    this.helo = undefined;
  }

  #connect(payload: Buffer): void {
    const connection = readConnection(payload);
    if (!connection) throw new ProtocolError('milter connect command is cut');
    if (this.connection) {
      this.forgetMessage();
      this.macros.beginSession();
    }
    this.connection = connection;
    this.helo = undefined;
  }

  #content(limits: MilterLimits): MessageBuilder {
    if (!this.content) {
      this.messages++;
      this.content = new MessageBuilder(limits);
    }
    return this.content;
  }
}
