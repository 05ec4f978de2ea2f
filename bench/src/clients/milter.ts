import { connect, type Socket } from 'node:net';
import type { BenchMessage } from '../message.ts';
import { clientHelo, type Outcome, reasonOf, type ScanClient, type Submission } from './client.ts';
import {
  EventWriter,
  encodeOffer,
  encodePacket,
  type MilterEvent,
  type Packet,
  PacketReader,
  postfixOffer,
} from './milter-codec.ts';

/** Replies that only announce an edit or more time; the verdict follows. */
const preliminary = new Set(['+', '2', '-', 'e', 'h', 'i', 'm', 'b', 'q', 'p']);

/** Reads the packet that ends a message. A tempfail without text is what filters send when they have no verdict. */
export function parseMilterVerdict({ command, payload }: Packet): Outcome {
  const verdict = (action: string): Outcome => ({ kind: 'verdict', action, symbols: undefined });
  switch (command) {
    case 'a':
    case 'c':
      return verdict('accept');
    case 'd':
      return verdict('discard');
    case 'r':
      return verdict('reject');
    case 'y':
      return verdict(payload[0] === 0x34 ? 'soft reject' : 'reject');
    case 't':
      return { kind: 'error', reason: 'tempfail' };
    default:
      return { kind: 'error', reason: `unexpected reply ${JSON.stringify(command)}` };
  }
}

/** One connection to a filter, from the offer on. */
class MilterSession {
  readonly #socket: Socket;
  readonly #reader = new PacketReader();
  readonly #arrived: Packet[] = [];
  #waiting: { resolve(packet: Packet): void; reject(error: Error): void } | undefined;
  #failure: Error | undefined;
  #writer: EventWriter | undefined;
  readonly #timeoutMs: number;
  messages = 0;

  constructor(submission: Submission) {
    this.#socket = connect({ host: submission.host, port: submission.port, noDelay: true });
    this.#timeoutMs = submission.timeoutMs;
    this.#socket.on('timeout', () => this.#fail(new Error('timeout')));
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('closed')));
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  get usable(): boolean {
    return this.#failure === undefined;
  }

  #take(chunk: Buffer): void {
    try {
      this.#arrived.push(...this.#reader.push(chunk));
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
    if (this.#waiting && this.#arrived.length > 0) {
      const { resolve } = this.#waiting;
      this.#waiting = undefined;
      resolve(this.#arrived.shift()!);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#socket.destroy();
    this.#waiting?.reject(this.#failure);
    this.#waiting = undefined;
  }

  async #nextPacket(): Promise<Packet> {
    const packet = this.#arrived.shift();
    if (packet) return packet;
    if (this.#failure) throw this.#failure;
    this.#socket.setTimeout(this.#timeoutMs);
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting = { resolve, reject };
      });
    } finally {
      this.#socket.setTimeout(0); // between messages a connection may rest as long as it likes
    }
  }

  /** Sends pieces of a session, waiting where an answer is due. @returns the last answer. */
  async #send(
    events: readonly MilterEvent[],
    settles: (packet: Packet) => boolean,
  ): Promise<Packet | undefined> {
    let packet: Packet | undefined;
    let skipped: string | undefined;
    for (const { command, bytes, replied } of events) {
      if (command === skipped) continue;
      this.#socket.write(bytes);
      if (!replied) continue;
      do packet = await this.#nextPacket();
      while (preliminary.has(packet.command));
      if (settles(packet)) return packet;
      // SKIP: no more events of this kind (milter protocol 6).
      skipped = packet.command === 's' ? command : undefined;
    }
    return packet;
  }

  /**
   * Negotiates and introduces the client.
   *
   * @param writers one for each protocol word seen, so that messages are encoded once for all connections.
   */
  async open(clientIp: string, writers: Map<number, EventWriter>): Promise<void> {
    this.#socket.write(encodeOffer(postfixOffer));
    const answer = await this.#nextPacket();
    if (answer.command !== 'O' || answer.payload.length < 12) throw new Error('no negotiation');
    const protocol = answer.payload.readUInt32BE(8);
    this.#writer = writers.get(protocol) ?? new EventWriter(protocol);
    writers.set(protocol, this.#writer);
    const client = { name: clientHelo, ip: clientIp, helo: clientHelo };
    await this.#send(this.#writer.connection(client), () => false);
  }

  /** Hands in one message and ends its transaction, as Postfix does, with an ABORT. */
  async scan(message: BenchMessage, user: string | undefined): Promise<Outcome> {
    if (!this.#writer) throw new Error('no negotiation');
    this.messages += 1;
    const settles = ({ command }: Packet): boolean => command !== 'c' && command !== 's';
    const packet = await this.#send(this.#writer.message(message, user), settles);
    this.#socket.write(encodePacket('A'));
    return packet ? parseMilterVerdict(packet) : { kind: 'error', reason: 'no verdict' };
  }

  quit(): void {
    this.#failure ??= new Error('closed');
    this.#socket.end(encodePacket('Q'));
    this.#socket.setTimeout(1000);
  }
}

/**
 * A client that speaks milter 6 as Postfix does: one connection a lane.
 *
 * @param messagesPerConnection after how many messages a connection is ended and a new one opened (an SMTP session
 *   of a mail client: 1); Infinity: never.
 */
export function milterClient(submission: Submission, messagesPerConnection: number): ScanClient {
  const sessions = new Map<number, MilterSession>();
  const writers = new Map<number, EventWriter>();
  return {
    async scan(lane, message) {
      let session = sessions.get(lane);
      try {
        if (!session?.usable) {
          session = new MilterSession(submission);
          sessions.set(lane, session);
          await session.open(submission.clientIp, writers);
        }
        const outcome = await session.scan(message, submission.user);
        if (session.messages >= messagesPerConnection) {
          session.quit();
          sessions.delete(lane);
        }
        return outcome;
      } catch (error) {
        session?.quit();
        sessions.delete(lane);
        return { kind: 'error', reason: reasonOf(error) };
      }
    },
    close() {
      for (const session of sessions.values()) session.quit();
      sessions.clear();
    },
  };
}
