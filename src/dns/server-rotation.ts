import type { Clock, DnsOptions } from '../core/index.ts';
import { type Response, rcodes } from './codec.ts';
import type { NameServerAddress } from './nameservers.ts';
import { askOverTcp } from './tcp.ts';
import type { ExchangeFailure, Finish, Question } from './udp.ts';
import { UdpServer } from './udp.ts';

/** Pause of a server that failed several times in a row: doubles up to the longest. */
const firstPauseMs = 1_000;
const longestPauseMs = 30_000;
const failuresBeforePause = 3;

/** One name server and how it behaved lately. */
export class NameServer {
  readonly address: NameServerAddress;
  readonly #udp: UdpServer;
  readonly #clock: Clock;
  /** Cleared when the server refuses questions with EDNS (RFC 6891 7). */
  #edns: Question['edns'] = 'edns';
  #failures = 0;
  #pausedUntilMs = 0;

  constructor(address: NameServerAddress, clock: Clock) {
    this.address = address;
    this.#udp = new UdpServer(address);
    this.#clock = clock;
  }

  get isPaused(): boolean {
    return this.#pausedUntilMs > this.#clock.now();
  }

  /** Asks over UDP, and again in another way where the response asks for it. */
  ask(question: Omit<Question, 'edns'>, timeoutMs: number, signal: AbortSignal, finish: Finish): void {
    const { name, type } = question;
    const askedMs = performance.now();
    const edns = this.#edns;
    this.#udp.ask({ name, type, edns }, timeoutMs, (outcome) => {
      const isRefused = edns === 'edns' && refusesEdns(outcome);
      if (isRefused || (typeof outcome !== 'string' && outcome.isTruncated)) {
        this.#askAgain(question, outcome, askedMs + timeoutMs, signal).then(finish, () => finish('network'));
        return;
      }
      this.#note(outcome);
      finish(outcome);
    });
  }

  async #askAgain(
    question: Omit<Question, 'edns'>,
    first: Response | ExchangeFailure,
    deadlineMs: number,
    signal: AbortSignal,
  ): Promise<Response | ExchangeFailure> {
    const leftMs = (): number => Math.max(1, deadlineMs - performance.now());
    let outcome = first;
    if (refusesEdns(outcome)) {
      outcome = await new Promise<Response | ExchangeFailure>((resolve) =>
        this.#udp.ask({ ...question, edns: 'plain' }, leftMs(), resolve),
      );
      if (typeof outcome !== 'string' && !refusesEdns(outcome)) this.#edns = 'plain';
    }
    if (typeof outcome !== 'string' && outcome.isTruncated)
      outcome = await askOverTcp(this.address, { ...question, edns: this.#edns }, leftMs(), signal);
    this.#note(outcome);
    return outcome;
  }

  close(): void {
    this.#udp.close();
  }

  #note(outcome: Response | ExchangeFailure): void {
    if (outcome === 'aborted') return;
    if (outcome !== 'timeout' && outcome !== 'network') {
      this.#failures = 0;
      this.#pausedUntilMs = 0;
      return;
    }
    this.#failures++;
    if (this.#failures < failuresBeforePause) return;
    const pauseMs = firstPauseMs * 2 ** Math.min(10, this.#failures - failuresBeforePause);
    this.#pausedUntilMs = this.#clock.now() + Math.min(longestPauseMs, pauseMs);
  }
}

function refusesEdns(outcome: Response | ExchangeFailure): boolean {
  return typeof outcome !== 'string' && (outcome.rcode === rcodes.formerr || outcome.rcode === rcodes.notimp);
}

/** Chooses servers: which first for a question, and which after that. */
export class ServerRotation {
  readonly servers: readonly NameServer[];
  readonly #rotation: DnsOptions['rotation'];
  readonly #totalWeight: number;
  #turn = 0;

  constructor(addresses: readonly NameServerAddress[], rotation: DnsOptions['rotation'], clock: Clock) {
    const ordered =
      rotation === 'master-slave' ? addresses.toSorted((a, b) => b.weight - a.weight) : addresses;
    this.servers = ordered.map((address) => new NameServer(address, clock));
    this.#rotation = rotation;
    this.#totalWeight = addresses.reduce((sum, { weight }) => sum + weight, 0);
  }

  /** All servers in the order to try them for this name; paused ones come last. */
  order(name: string): readonly NameServer[] {
    if (this.servers.length === 1) return this.servers;
    const start = this.#start(name);
    const turned = [...this.servers.slice(start), ...this.servers.slice(0, start)];
    return [...turned.filter((server) => !server.isPaused), ...turned.filter((server) => server.isPaused)];
  }

  close(): void {
    for (const server of this.servers) server.close();
  }

  #start(name: string): number {
    switch (this.#rotation) {
      case 'master-slave':
        return 0;
      case 'round-robin':
        return this.#byWeight(this.#turn++ % this.#totalWeight);
      case 'random':
        return this.#byWeight(Math.floor(Math.random() * this.#totalWeight));
      case 'hash':
        return this.#byWeight(hash(name) % this.#totalWeight);
    }
  }

  #byWeight(point: number): number {
    let left = point;
    for (const [index, { address }] of this.servers.entries()) {
      left -= address.weight;
      if (left < 0) return index;
    }
    return 0;
  }
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}
