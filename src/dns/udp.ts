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

/** Takes what came of a question, once. */
export type Finish = (outcome: Response | ExchangeFailure) => void;

interface Pending {
  readonly id: number;
  readonly question: Question;
  readonly finish: Finish;
  timer: NodeJS.Timeout | undefined;
}

/** Sockets open to one server at a time; each has a random source port (RFC 5452 9.2). */
const socketsPerServer = 8;
/** After so many questions a socket is replaced, and with it the port. */
const questionsPerSocket = 128;
/** A socket with this many open questions takes no more: ids stay hard to guess. */
const openPerSocket = 1024;
const idleCloseMs = 10_000;

/**
 * One connected socket: the kernel drops what does not come from the server. An open question keeps the process alive,
 * by its timer; a socket does not.
 */
class UdpChannel {
  readonly #socket: Socket;
  readonly #onClose: (channel: UdpChannel) => void;
  readonly #pending = new Map<number, Pending>();
  readonly #unsent: Pending[] = [];
  readonly #sent = (error: Error | null): void => {
    if (error) this.#failAll('network');
  };
  #asked = 0;
  #isConnected = false;
  #isClosed = false;
  #idleSinceMs = 0;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(server: NameServerAddress, onClose: (channel: UdpChannel) => void) {
    const socket = createSocket(isIPv6(server.host) ? 'udp6' : 'udp4');
    this.#socket = socket;
    this.#onClose = onClose;
    socket.unref();
    socket.once('connect', () => this.#connected());
    socket.on('error', () => {
      // No route, no such address family: the resolver goes on with the next server.
      if (this.#isConnected) this.#failAll('network');
      else this.close('network');
    });
    socket.on('message', (message) => this.#receive(message));
    socket.connect(server.port, server.host);
  }

  get isUsable(): boolean {
    return !this.#isClosed && this.#asked < questionsPerSocket && this.#pending.size < openPerSocket;
  }

  ask(question: Question, timeoutMs: number, finish: Finish): void {
    this.#asked++;
    let id = randomInt(65_536);
    while (this.#pending.has(id)) id = randomInt(65_536);
    const pending: Pending = { id, question, finish, timer: undefined };
    pending.timer = setTimeout(this.#expire, timeoutMs, pending);
    this.#pending.set(id, pending);
    this.#unsent.push(pending);
  }

  /** Sends what was asked since the last time. */
  flush(): void {
    if (!this.#isConnected) return;
    for (const pending of this.#unsent) this.#send(pending);
    this.#unsent.length = 0;
  }

  close(reason: ExchangeFailure): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#idleTimer);
    this.#onClose(this);
    this.#unsent.length = 0;
    this.#failAll(reason);
    this.#socket.close();
  }

  #connected(): void {
    if (this.#isClosed) return;
    this.#isConnected = true;
    this.flush();
  }

  #send({ id, question: { name, type, edns } }: Pending): void {
    this.#socket.send(encodeQuery(id, name, type, edns), this.#sent);
  }

  readonly #expire = (pending: Pending): void => this.#end(pending, 'timeout');

  #receive(message: Buffer): void {
    const id = responseId(message);
    const pending = id === undefined ? undefined : this.#pending.get(id);
    // Not an answer to this question: perhaps a forged one, so the true one may still come.
    if (!pending || !answersQuestion(message, pending.question.name, pending.question.type)) return;
    this.#end(pending, decodeResponse(message) ?? 'malformed');
  }

  #end(pending: Pending, outcome: Response | ExchangeFailure): void {
    if (!this.#pending.delete(pending.id)) return;
    clearTimeout(pending.timer);
    if (this.#pending.size === 0) this.#becameIdle();
    pending.finish(outcome);
  }

  #failAll(reason: ExchangeFailure): void {
    for (const pending of [...this.#pending.values()]) this.#end(pending, reason);
  }

  #becameIdle(): void {
    if (this.#isClosed) return;
    if (this.#asked >= questionsPerSocket) {
      this.close('network');
      return;
    }
    this.#idleSinceMs = performance.now();
    this.#idleTimer ??= setTimeout(this.#closeIfIdle, idleCloseMs).unref();
  }

  readonly #closeIfIdle = (): void => {
    this.#idleTimer = undefined;
    if (this.#pending.size > 0) return; // the last answer begins to wait anew
    const leftMs = this.#idleSinceMs + idleCloseMs - performance.now();
    if (leftMs <= 0) this.close('network');
    else this.#idleTimer = setTimeout(this.#closeIfIdle, leftMs).unref();
  };
}

/** All sockets to one server. */
export class UdpServer {
  readonly #server: NameServerAddress;
  readonly #slots: (UdpChannel | undefined)[] = new Array(socketsPerServer).fill(undefined);
  /** Those that have left their slot and wait for their last answers, too. */
  readonly #open = new Set<UdpChannel>();
  /**
   * Questions asked together go through one socket and are sent together: a server that has to be woken for each, and
   * answers that are read one by one, cost several times as much.
   */
  #current: UdpChannel | undefined;
  readonly #flush = (): void => {
    const channel = this.#current;
    this.#current = undefined;
    channel?.flush();
  };

  constructor(server: NameServerAddress) {
    this.#server = server;
  }

  ask(question: Question, timeoutMs: number, finish: Finish): void {
    let channel = this.#current;
    if (!channel?.isUsable) {
      if (channel) channel.flush();
      else queueMicrotask(this.#flush);
      channel = this.#channel();
      this.#current = channel;
    }
    channel.ask(question, timeoutMs, finish);
  }

  close(): void {
    for (const channel of [...this.#open]) channel.close('aborted');
    this.#current = undefined;
  }

  /** One of several at random; a fresh one where it is used up. */
  #channel(): UdpChannel {
    const slot = randomInt(socketsPerServer);
    const known = this.#slots[slot];
    if (known?.isUsable) return known;
    const channel = new UdpChannel(this.#server, (closed) => this.#open.delete(closed));
    this.#slots[slot] = channel;
    this.#open.add(channel);
    return channel;
  }
}
