import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { DnsType } from '../core/index.ts';
import { answersQuestion, decodeResponse, encodeQuery, type Response, responseId } from './codec.ts';
import type { NameServerAddress } from './nameservers.ts';

/** Why there is no response. */
export type ExchangeFailure = 'timeout' | 'network' | 'malformed' | 'aborted';

/** One question to one server. */
export interface Question {
  readonly name: string;
  readonly type: DnsType;
  readonly edns: 'edns' | 'plain';
}

interface Pending {
  readonly question: Question;
  finish(outcome: Response | ExchangeFailure): void;
}

/** Sockets open to one server at a time; each has a random source port (RFC 5452 9.2). */
const socketsPerServer = 8;
/** After so many questions a socket is replaced, and with it the port. */
const questionsPerSocket = 128;
/** A socket with this many open questions takes no more: ids stay hard to guess. */
const openPerSocket = 1024;
const idleCloseMs = 10_000;

/** One connected socket: the kernel drops what does not come from the server. */
class UdpChannel {
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  readonly #connected: Promise<void>;
  #asked = 0;
  #isClosed = false;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(server: NameServerAddress) {
    const socket = createSocket(isIPv6(server.host) ? 'udp6' : 'udp4');
    this.#socket = socket;
    this.#connected = new Promise((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    // Whoever waits for the connection sees the error there; later ones concern all open questions.
    this.#connected.catch(() => this.close());
    socket.on('error', () => this.#failAll('network'));
    socket.on('message', (message) => this.#receive(message));
    socket.connect(server.port, server.host);
  }

  get isUsable(): boolean {
    return !this.#isClosed && this.#asked < questionsPerSocket && this.#pending.size < openPerSocket;
  }

  async ask(question: Question, timeoutMs: number, signal: AbortSignal): Promise<Response | ExchangeFailure> {
    this.#asked++;
    try {
      await this.#connected;
    } catch {
      return 'network'; // no route, no such address family: the resolver goes on with the next server
    }
    return new Promise((resolve) => this.#send(question, timeoutMs, signal, resolve));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#idleTimer);
    this.#failAll('network');
    this.#socket.close();
  }

  #send(
    question: Question,
    timeoutMs: number,
    signal: AbortSignal,
    resolve: (outcome: Response | ExchangeFailure) => void,
  ): void {
    if (this.#isClosed) {
      resolve('network');
      return;
    }
    let id = randomInt(65_536);
    while (this.#pending.has(id)) id = randomInt(65_536);
    const abort = (): void => pending.finish('aborted');
    const pending: Pending = {
      question,
      finish: (outcome) => {
        if (!this.#pending.delete(id)) return;
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        this.#becameIdle();
        resolve(outcome);
      },
    };
    const timer = setTimeout(() => pending.finish('timeout'), timeoutMs);
    signal.addEventListener('abort', abort);
    this.#pending.set(id, pending);
    clearTimeout(this.#idleTimer);
    this.#socket.ref();
    this.#socket.send(encodeQuery(id, question.name, question.type, question.edns), (error) => {
      if (error) pending.finish('network');
    });
  }

  #receive(message: Buffer): void {
    const id = responseId(message);
    const pending = id === undefined ? undefined : this.#pending.get(id);
    // Not an answer to this question: perhaps a forged one, so the true one may still come.
    if (!pending || !answersQuestion(message, pending.question.name, pending.question.type)) return;
    pending.finish(decodeResponse(message) ?? 'malformed');
  }

  #failAll(reason: ExchangeFailure): void {
    for (const pending of [...this.#pending.values()]) pending.finish(reason);
  }

  #becameIdle(): void {
    if (this.#pending.size > 0 || this.#isClosed) return;
    if (this.#asked >= questionsPerSocket) {
      this.close();
      return;
    }
    // An idle resolver keeps no process alive.
    this.#socket.unref();
    this.#idleTimer = setTimeout(() => this.close(), idleCloseMs).unref();
  }
}

/** All sockets to one server. */
export class UdpServer {
  readonly #server: NameServerAddress;
  #channels: UdpChannel[] = [];

  constructor(server: NameServerAddress) {
    this.#server = server;
  }

  ask(question: Question, timeoutMs: number, signal: AbortSignal): Promise<Response | ExchangeFailure> {
    return this.#channel().ask(question, timeoutMs, signal);
  }

  close(): void {
    for (const channel of this.#channels) channel.close();
    this.#channels = [];
  }

  /** One of several at random; a fresh one while there are few. */
  #channel(): UdpChannel {
    this.#channels = this.#channels.filter((channel) => channel.isUsable);
    const slot = randomInt(socketsPerServer);
    const known = this.#channels[slot];
    if (known) return known;
    const channel = new UdpChannel(this.#server);
    this.#channels.push(channel);
    return channel;
  }
}
