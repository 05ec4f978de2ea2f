import type { Socket } from 'node:net';
import { type Clock, type FuzzyWorker, type Log, type Metrics, StoreError } from '../../core/index.ts';
import {
  type FuzzyOutcome,
  type FuzzyPeer,
  FuzzyServer,
  type FuzzyStorage,
  parseKey,
} from '../../fuzzy/index.ts';
import { type IpAddress, maskIp, parseIp } from '../../lib/index.ts';
import { FrameReader, frame } from './frames.ts';
import { SourceLimit } from './source-limit.ts';

/** What a configuration says about the storage. */
export interface FuzzyDoorSettings {
  readonly worker: FuzzyWorker;
  readonly storage: FuzzyStorage;
  mayChange(ip: IpAddress): boolean;
  isBlocked(ip: IpAddress): boolean;
  isUnlimited(ip: IpAddress): boolean;
}

interface Init {
  readonly settings: FuzzyDoorSettings;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Requests that wait for the store at once; further ones get no answer. */
const maxRunning = 1000;
const maxConnections = 256;
const idleMs = 30_000;
const quietMs = 60_000;

/** What is built from one configuration. */
interface Current {
  readonly settings: FuzzyDoorSettings;
  readonly server: FuzzyServer;
  readonly limit: SourceLimit;
}

/** A fuzzy storage that others ask: datagrams, and frames over TCP. */
export class FuzzyStorageDoor {
  readonly #init: Init;
  readonly #requests: ReturnType<Metrics['counter']>;
  readonly #connections = new Set<Socket>();
  #current: Current;
  #running = 0;
  #quietUntilMs = 0;
  #drained: () => void = () => undefined;

  constructor(init: Init) {
    this.#init = init;
    this.#requests = init.metrics.counter(
      'postern_fuzzy_storage_requests_total',
      'Requests to the fuzzy storage of this server',
      ['outcome'],
    );
    this.#current = this.#build(init.settings);
  }

  reconfigure(settings: FuzzyDoorSettings): void {
    this.#current = this.#build(settings);
  }

  /** Answers one datagram, or does not. */
  datagram(bytes: Buffer, address: string, send: (reply: Buffer) => void): void {
    void this.#answer(bytes, address).then((reply) => {
      if (reply) send(reply);
    });
  }

  /** A TCP connection: requests as frames, any number. */
  handle(connection: Socket): void {
    if (this.#connections.size >= maxConnections) {
      connection.destroy();
      return;
    }
    this.#connections.add(connection);
    connection.on('close', () => this.#connections.delete(connection));
    connection.on('error', () => connection.destroy());
    connection.setTimeout(idleMs, () => connection.destroy());
    connection.on('end', () => connection.end());
    const reader = new FrameReader();
    const address = connection.remoteAddress ?? '';
    connection.on('data', (chunk: Buffer) => {
      const frames = reader.read(chunk);
      if (!frames) {
        this.#requests.add(1, { outcome: 'unreadable' });
        connection.destroy();
        return;
      }
      for (const bytes of frames)
        this.datagram(Buffer.from(bytes), address, (reply) => {
          if (connection.writable) connection.write(frame(reply));
        });
    });
  }

  /** Resolves when what was accepted is answered. */
  async close(graceMs: number): Promise<void> {
    if (this.#running > 0)
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
        setTimeout(resolve, graceMs).unref();
      });
    for (const connection of this.#connections) connection.destroy();
  }

  #build(settings: FuzzyDoorSettings): Current {
    const { worker, storage } = settings;
    const { clock } = this.#init;
    const kept = { ttlSeconds: worker.expireSeconds };
    const server = new FuzzyServer({
      database: {
        check: (hash) => storage.check(hash),
        add: (hash, change) =>
          storage.add(hash, { ...change, ...kept, nowSeconds: Math.floor(clock.now() / 1000) }),
        delete: (hash, flag) => storage.delete(hash, flag),
        count: () => storage.count(),
      },
      privateKeys: worker.privateKeys.flatMap((text) => parseKey(text) ?? []),
      encryptedOnly: worker.encryptedOnly,
    });
    return { settings, server, limit: new SourceLimit(worker.rateLimit, clock) };
  }

  #peer({ settings, limit }: Current, ip: IpAddress): FuzzyPeer {
    const { worker } = settings;
    const { ipv4Bits, ipv6Bits } = worker.rateLimit;
    return {
      mayAsk: !settings.isBlocked(ip),
      mayChange: !worker.readOnly && settings.mayChange(ip),
      isOverLimit:
        worker.rateLimit.perSecond > 0 &&
        !settings.isUnlimited(ip) &&
        limit.isOver(maskIp(ip, ip.family === 4 ? ipv4Bits : ipv6Bits).text),
    };
  }

  async #answer(bytes: Buffer, address: string): Promise<Buffer | undefined> {
    const current = this.#current;
    const ip = parseIp(address.replace(/%.*/, ''));
    if (!ip || this.#running >= maxRunning) {
      this.#requests.add(1, { outcome: 'dropped' });
      return undefined;
    }
    this.#running++;
    let outcome: FuzzyOutcome | 'failed' = 'failed';
    try {
      const answer = await current.server.answer(bytes, this.#peer(current, ip));
      outcome = answer.outcome;
      return answer.reply;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#complain(error);
      return undefined;
    } finally {
      this.#running--;
      this.#requests.add(1, { outcome });
      if (this.#running === 0) this.#drained();
    }
  }

  #complain(error: StoreError): void {
    const { clock, log } = this.#init;
    if (this.#quietUntilMs > clock.now()) return;
    this.#quietUntilMs = clock.now() + quietMs;
    log.warn('the fuzzy storage cannot reach its store', { error: error.message });
  }
}
