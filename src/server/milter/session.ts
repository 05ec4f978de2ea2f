import type { Socket } from 'node:net';
import {
  type Log,
  type PosternError,
  ProtocolError,
  type ProxyWorker,
  type Scanner,
  type ScanOutcome,
  toPosternError,
} from '../../core/index.ts';
import type { IpAddress } from '../../lib/index.ts';
import { buildEnvelope, type EnvelopeBuilder } from './envelope.ts';
import { FrameReader } from './frame-reader.ts';
import { beginsHttp, HealthCheck } from './health-check.ts';
import type { MilterLimits } from './limits.ts';
import type { MessageBuilder } from './message-builder.ts';
import type { MilterMetrics } from './metrics.ts';
import { type Agreement, negotiate, negotiationAnswer } from './negotiation.ts';
import { PacketWriter } from './packet-writer.ts';
import { Command, Reply, Step } from './protocol.ts';
import { failureLine, writeReply } from './reply.ts';
import { replyLine } from './reply-text.ts';
import { Transaction } from './transaction.ts';
import { Watch } from './watch.ts';

/** What sessions read of their configuration; replaced as a whole by a reload. */
export interface MilterSettings {
  readonly scanner: Scanner;
  readonly worker: ProxyWorker;
  readonly limits: MilterLimits;
}

/** The server as its sessions see it. */
export interface SessionHost {
  readonly settings: MilterSettings;
  readonly isDraining: boolean;
  readonly metrics: MilterMetrics;
  readonly log: Log;
  closed(session: MilterSession): void;
}

/** Who connected. */
export interface SessionPeer {
  /** Name of the session in logs. */
  readonly id: string;
  readonly ip: IpAddress | undefined;
  /** Set when the server has no room: the reason. The MTA is told to come back later. */
  readonly refusal: string | undefined;
}

/** A scan under way. */
interface RunningScan {
  readonly controller: AbortController;
  readonly worker: ProxyWorker;
  readonly envelope: EnvelopeBuilder;
  readonly content: MessageBuilder;
  readonly raw: Buffer;
}

/** Step that says whether a command is answered. */
const stepOf = new Map<number, number>([
  [Command.connect, Step.noReplyConnect],
  [Command.helo, Step.noReplyHelo],
  [Command.mail, Step.noReplyMail],
  [Command.recipient, Step.noReplyRecipient],
  [Command.data, Step.noReplyData],
  [Command.unknown, Step.noReplyUnknown],
  [Command.header, Step.noReplyHeader],
  [Command.endOfHeaders, Step.noReplyEndOfHeaders],
  [Command.body, Step.noReplyBody],
]);

/**
 * One connection of an MTA: reads its commands, has the message scanned at its end and writes the answer. Nothing
 * of one message reaches the next (wire-protocols 3.10).
 */
export class MilterSession {
  readonly #socket: Socket;
  readonly #host: SessionHost;
  readonly #peer: SessionPeer;
  readonly #reader: FrameReader;
  readonly #writer = new PacketWriter();
  readonly #state = new Transaction();
  readonly #watch = new Watch();
  #health: HealthCheck | undefined;
  #isFirstChunk = true;
  #agreement: Agreement | undefined;
  #mayNegotiate = true;
  #scan: RunningScan | undefined;
  #isClosing = false;
  #hasToldDropped = false;
  #packets = 0;

  constructor(socket: Socket, host: SessionHost, peer: SessionPeer) {
    this.#socket = socket;
    this.#host = host;
    this.#peer = peer;
    this.#reader = new FrameReader(host.settings.limits.maxFrameBytes);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('drain', () => socket.resume());
    // Half-closed is closed: an MTA that waits for a verdict keeps both directions open.
    socket.on('end', () => this.#end());
    socket.on('error', (error) => host.log.debug('milter connection failed', this.#fields(error)));
    socket.on('close', () => {
      this.#isClosing = true;
      this.#giveUpScan();
      host.closed(this);
    });
  }

  /** Ends the session as soon as no message is under way. */
  drain(): void {
    if (!this.#scan && !this.#state.hasMessage) this.#end();
  }

  /** Ends the session now. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Looks at the clock: tells a waiting MTA that its scan goes on, and ends a session that is silent for too long. */
  sweep(nowMs: number): void {
    const { limits } = this.#host.settings;
    if (this.#scan) {
      // Known since version 6; older MTAs wait for minutes anyway (wire-protocols 3.10).
      if (this.#watch.scanning(nowMs, limits) && this.#agreement?.version === 6) {
        this.#writer.command(Reply.progress);
        this.#flush();
      }
      return;
    }
    const silenceMs = this.#state.hasMessage ? limits.uploadTimeoutMs : limits.idleTimeoutMs;
    const pending = this.#pending();
    const overdue = this.#watch.waiting(nowMs, pending, this.#packets, silenceMs, limits.requestTimeoutMs);
    if (overdue === undefined) return;
    const [phase = overdue] = overdue.split(' ');
    this.#host.metrics.timeout(phase);
    this.#host.log.info('milter connection timed out', { session: this.#peer.id, phase });
    this.destroy();
  }

  /** What has been begun and must end soon. Another one of the same kind has another number. */
  #pending(): string | undefined {
    if (this.#isClosing) return 'closing';
    if (this.#socket.writableLength > 0) return `answer ${this.#state.messages}`;
    if (this.#state.content) return `content ${this.#state.messages}`;
    if (this.#health || !this.#agreement) return 'negotiation';
    return this.#reader.isInsidePacket ? `packet ${this.#packets}` : undefined;
  }

  #receive(chunk: Buffer): void {
    if (this.#isClosing) return;
    if (this.#isFirstChunk) {
      this.#isFirstChunk = false;
      if (beginsHttp(chunk[0]!)) this.#health = new HealthCheck();
    }
    if (this.#health) {
      const answer = this.#health.receive(chunk);
      if (answer === undefined) return;
      this.#socket.write(answer);
      this.#end();
      return;
    }
    try {
      this.#reader.push(chunk);
      while (!this.#isClosing && this.#reader.next()) {
        this.#packets++;
        this.#dispatch(this.#reader.command, this.#reader.payload);
      }
    } catch (error) {
      this.#fail(toPosternError(error));
      return;
    }
    this.#flush();
  }

  /** Bytes nobody can answer: the connection ends, and the MTA takes its default action. */
  #fail(error: PosternError): void {
    if (error.code === 'protocol') this.#host.metrics.protocolError();
    this.#host.log.warn('milter connection closed', this.#fields(error));
    this.#giveUpScan();
    this.destroy();
  }

  #fields(error: Error): Record<string, unknown> {
    return { session: this.#peer.id, ip: this.#peer.ip?.text, error: error.message };
  }

  #flush(): void {
    if (this.#writer.isEmpty || this.#socket.destroyed || this.#socket.writableEnded) return;
    // An MTA that does not read its answers is not listened to either.
    if (!this.#socket.write(this.#writer.take())) this.#socket.pause();
  }

  #end(): void {
    this.#giveUpScan();
    this.#flush();
    this.#isClosing = true;
    this.#socket.end();
  }

  #dispatch(command: number, payload: Buffer): void {
    switch (command) {
      case Command.quit:
        this.#end();
        return;
      case Command.abort:
        this.#giveUpScan();
        this.#state.forgetMessage();
        this.#endIfDraining();
        return;
      case Command.quitNewConnection:
        this.#giveUpScan();
        this.#state.forgetConnection();
        this.#mayNegotiate = true;
        this.#endIfDraining();
        return;
      case Command.negotiate:
        this.#negotiate(payload);
        return;
    }
    if (!this.#agreement) throw new ProtocolError('milter command before negotiation');
    if (command === Command.macros) this.#state.macros.read(payload);
    else if (this.#scan) throw new ProtocolError('milter command during a scan');
    else if (this.#peer.refusal !== undefined) this.#refuse(command, this.#agreement);
    else if (command === Command.endOfBody) this.#endOfBody(payload, this.#agreement);
    else this.#event(command, payload, this.#agreement);
  }

  #negotiate(payload: Buffer): void {
    if (!this.#mayNegotiate || this.#scan) throw new ProtocolError('milter negotiated twice');
    this.#mayNegotiate = false;
    this.#agreement = negotiate(payload, this.#peer.refusal === undefined ? 0 : Step.noReplyConnect);
    this.#writer.bytes(Reply.negotiate, negotiationAnswer(this.#agreement));
  }

  /** A server without room says so at the first command that has an answer; 421 ends the SMTP session. */
  #refuse(command: number, { steps }: Agreement): void {
    if (steps & (stepOf.get(command) ?? 0)) return;
    const codes = command === Command.connect ? '421 4.3.2' : '451 4.3.2';
    this.#writer.strings(Reply.replyCode, replyLine(codes, this.#host.settings.worker.tempfailMessage));
    this.#end();
  }

  #event(command: number, payload: Buffer, { steps }: Agreement): void {
    this.#state.take(command, payload, (steps & Step.leadingSpace) !== 0, this.#host.settings.limits);
    if (steps & stepOf.get(command)!) return;
    // Only an MTA that waits for an answer can be asked to skip the rest of a body nobody wants.
    const isUnwanted = command === Command.body && this.#state.isOverLimit && (steps & Step.skip) !== 0;
    this.#writer.command(isUnwanted ? Reply.skip : Reply.continue);
  }

  #endOfBody(payload: Buffer, agreement: Agreement): void {
    const { worker, scanner, limits } = this.#host.settings;
    const content = this.#state.endOfBody(payload, limits);
    const refusal = this.#state.limitLine(worker);
    if (refusal !== undefined) {
      this.#writer.strings(Reply.replyCode, refusal);
      this.#host.metrics.message('tooLarge');
      this.#endMessage();
      return;
    }
    const { envelope } = this.#state;
    const scan = { controller: new AbortController(), worker, envelope, content, raw: content.raw() };
    this.#scan = scan;
    void this.#run(scan, scanner, agreement);
  }

  async #run(scan: RunningScan, scanner: Scanner, agreement: Agreement): Promise<void> {
    let outcome: ScanOutcome | undefined;
    try {
      const envelope = buildEnvelope({
        connection: this.#state.connection,
        helo: this.#state.helo,
        envelope: scan.envelope,
        macros: this.#state.macros,
        worker: scan.worker,
        tag: `${this.#peer.id}-${this.#state.messages}`,
        peer: this.#peer.ip,
      });
      outcome = await scanner.scan({ envelope, raw: scan.raw, signal: scan.controller.signal });
      // Aborted meanwhile: a late verdict would answer the next message.
      if (this.#scan !== scan) return;
      this.#answer(scan, outcome, agreement);
    } catch (error) {
      if (this.#scan !== scan) return;
      this.#answerFailure(scan, toPosternError(error));
    }
    this.#flush();
    outcome?.settle();
    this.#endMessage();
  }

  #answer(scan: RunningScan, { verdict }: ScanOutcome, agreement: Agreement): void {
    // A writer of its own: should rendering fail half-way, nothing of it goes out.
    const writer = new PacketWriter();
    const { worker, envelope, content, raw } = scan;
    const fieldNames = (): string[] => content.fieldNames(raw);
    const { recipients } = envelope;
    const { ending, dropped } = writeReply(verdict, { agreement, worker, recipients, fieldNames }, writer);
    this.#writer.append(writer);
    this.#host.metrics.message(verdict.failure ? 'failure' : ending);
    if (dropped.length === 0 || this.#hasToldDropped) return;
    // Once a session: an MTA that agrees to little would fill the log.
    this.#hasToldDropped = true;
    this.#host.log.warn('milter changes left out', { session: this.#peer.id, changes: dropped });
  }

  #answerFailure(scan: RunningScan, error: PosternError): void {
    if (error.code === 'internal') this.#host.log.error('scan failed', this.#fields(error));
    this.#host.metrics.message(error.code === 'tooLarge' ? 'tooLarge' : 'failure');
    this.#writer.strings(Reply.replyCode, failureLine(error, scan.worker));
  }

  #giveUpScan(): void {
    const scan = this.#scan;
    if (!scan) return;
    this.#scan = undefined;
    this.#host.metrics.message('aborted');
    scan.controller.abort();
  }

  #endMessage(): void {
    this.#scan = undefined;
    this.#state.forgetMessage();
    this.#endIfDraining();
  }

  #endIfDraining(): void {
    if (this.#host.isDraining) this.#end();
  }
}
