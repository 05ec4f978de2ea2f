import { randomInt } from 'node:crypto';
import dgram from 'node:dgram';
import { lookup } from 'node:dns/promises';
import type { Clock } from '../core/index.ts';
import { ClientBox } from './cryptobox.ts';
import type { ServerList } from './servers.ts';
import { decodeReply, encodeRequest, type FuzzyReply, type FuzzyRequest } from './wire.ts';

export interface FuzzyClientOptions {
  readonly servers: ServerList;
  /** Public key of the servers; undefined: requests go as they are. */
  readonly serverKey: Buffer | undefined;
  /** How long one try may take. */
  readonly timeoutMs: number;
  /** Tries after the first one. */
  readonly retransmits: number;
  /** Failures in a row after which a server is left alone for a while, as long as there are others. */
  readonly maxErrors: number;
  readonly reviveMs: number;
  readonly clock: Clock;
}

type Question = Omit<FuzzyRequest, 'tag'>;

/** One socket to one server: what somebody else sends does not get through. */
class Server {
  readonly name: string;
  failures = 0;
  deadUntilMs = 0;
  readonly #host: string;
  readonly #port: number;
  readonly #open: (datagram: Buffer) => Buffer | undefined;
  readonly #waiting = new Map<number, (reply: FuzzyReply) => void>();
  #socket: Promise<dgram.Socket> | undefined;

  constructor({ host, port }: ServerList['servers'][number], open: (datagram: Buffer) => Buffer | undefined) {
    this.name = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    this.#host = host;
    this.#port = port;
    this.#open = open;
  }

  /** A tag that nobody waits for. */
  freeTag(): number {
    let tag = randomInt(0x1_0000_0000);
    while (this.#waiting.has(tag)) tag = randomInt(0x1_0000_0000);
    return tag;
  }

  /** Hands the reply with this tag over, once. Returns what forgets it. */
  expect(tag: number, take: (reply: FuzzyReply) => void): () => void {
    this.#waiting.set(tag, take);
    return () => this.#waiting.delete(tag);
  }

  async send(datagram: Buffer): Promise<void> {
    this.#socket ??= this.#connect();
    const socket = await this.#socket;
    await new Promise<void>((resolve, reject) => {
      socket.send(datagram, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Lets go of the socket, so that the name is looked up anew. */
  close(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.then(
      (open) => open.close(),
      () => undefined,
    );
  }

  async #connect(): Promise<dgram.Socket> {
    const { address, family } = await lookup(this.#host);
    const socket = dgram.createSocket(family === 6 ? 'udp6' : 'udp4');
    socket.unref();
    socket.on('message', (datagram) => this.#receive(datagram));
    // "Connection refused" and the like: whoever waits finds out by waiting.
    socket.on('error', () => undefined);
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.connect(this.#port, address, () => {
        socket.off('error', reject);
        resolve();
      });
    });
    return socket;
  }

  #receive(datagram: Buffer): void {
    const opened = this.#open(datagram);
    const reply = opened && decodeReply(opened);
    if (reply) this.#waiting.get(reply.tag)?.(reply);
  }
}

/** Asks a storage over UDP. */
export class FuzzyClient {
  readonly #options: FuzzyClientOptions;
  readonly #box: ClientBox | undefined;
  readonly #servers: readonly Server[];
  #turn = 0;

  /** @throws Error for a key that cannot be used */
  constructor(options: FuzzyClientOptions) {
    this.#options = options;
    const box = options.serverKey && new ClientBox(options.serverKey);
    this.#box = box;
    const open = box ? (datagram: Buffer) => box.open(datagram) : (datagram: Buffer) => datagram;
    this.#servers = options.servers.servers.map((server) => new Server(server, open));
  }

  get names(): readonly string[] {
    return this.#servers.map(({ name }) => name);
  }

  /**
   * Asks everything at once; each further try goes to the next server. Ends when all is answered, time is up, or the
   * signal fires.
   *
   * @returns as many as were asked; undefined: no answer
   */
  async ask(
    questions: readonly Question[],
    signal?: AbortSignal,
  ): Promise<readonly (FuzzyReply | undefined)[]> {
    const replies = new Array<FuzzyReply | undefined>(questions.length).fill(undefined);
    const order = this.#order();
    const { retransmits, timeoutMs } = this.#options;
    for (let attempt = 0; attempt <= retransmits && !signal?.aborted; attempt++) {
      const server = order[attempt % order.length]!;
      const left = [...questions.keys()].filter((at) => replies[at] === undefined);
      if (left.length === 0) break;
      await this.#try(server, questions, left, replies, timeoutMs, signal);
    }
    return replies;
  }

  close(): void {
    for (const server of this.#servers) server.close();
  }

  async #try(
    server: Server,
    questions: readonly Question[],
    left: readonly number[],
    replies: (FuzzyReply | undefined)[],
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<'answered' | 'late' | 'aborted' | 'failed'>();
    let missing = left.length;
    const forget: (() => void)[] = [];
    const datagrams: Buffer[] = [];
    for (const at of left) {
      const tag = server.freeTag();
      forget.push(
        server.expect(tag, (reply) => {
          if (replies[at] !== undefined) return;
          replies[at] = reply;
          if (--missing === 0) resolve('answered');
        }),
      );
      const request = encodeRequest({ ...questions[at]!, tag });
      datagrams.push(this.#box?.seal(request) ?? request);
    }
    const timer = setTimeout(() => resolve('late'), timeoutMs);
    const abort = (): void => resolve('aborted');
    signal?.addEventListener('abort', abort, { once: true });
    Promise.all(datagrams.map((datagram) => server.send(datagram))).catch(() => resolve('failed'));
    const outcome = await promise;
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    for (const one of forget) one();
    this.#note(server, outcome);
  }

  #note(server: Server, outcome: 'answered' | 'late' | 'aborted' | 'failed'): void {
    if (outcome === 'aborted') return;
    if (outcome === 'answered') {
      server.failures = 0;
      return;
    }
    server.close();
    server.failures++;
    if (server.failures >= this.#options.maxErrors)
      server.deadUntilMs = this.#options.clock.now() + this.#options.reviveMs;
  }

  #order(): readonly Server[] {
    const { rotation } = this.#options.servers;
    const count = this.#servers.length;
    if (count === 1) return this.#servers;
    const starts = {
      'master-slave': () => 0,
      'round-robin': () => this.#turn++ % count,
      random: () => randomInt(count),
    };
    const start = starts[rotation]();
    const turned = [...this.#servers.slice(start), ...this.#servers.slice(0, start)];
    const now = this.#options.clock.now();
    return [
      ...turned.filter(({ deadUntilMs }) => deadUntilMs <= now),
      ...turned.filter(({ deadUntilMs }) => deadUntilMs > now),
    ];
  }
}
