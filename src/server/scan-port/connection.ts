import type { Socket } from 'node:net';
import { LimitError, type Log, PosternError, ProtocolError, toPosternError } from '../../core/index.ts';
import { failureReply, type HttpReply, type HttpScan } from '../http/index.ts';
import type { Peer } from '../peer.ts';
import { type LegacyReply, type LegacyScan, legacyFailure } from '../spamc/index.ts';
import type { HttpHead } from './head.ts';
import type { AfterReply, HttpResponseWriter } from './http-response.ts';
import type { PortMetrics, Protocol, Trouble } from './port-metrics.ts';
import { HeadTooLargeError, type ReadState, RequestReader } from './request-reader.ts';
import type { ScanPortSettings } from './settings.ts';

/** What a connection needs from the port that took it. */
export interface ConnectionHost {
  readonly settings: ScanPortSettings;
  readonly http: HttpScan;
  readonly legacy: LegacyScan;
  readonly writer: HttpResponseWriter;
  readonly metrics: PortMetrics;
  readonly log: Log;
  now(): number;
  /** Accounts for bytes of bodies held in memory. False: there is no room. */
  reserve(sizeBytes: number): boolean;
  release(sizeBytes: number): void;
}

/** Every request on a connection is refused, with this error and for this reason. */
export interface Refusal {
  readonly error: LimitError;
  readonly reason: Trouble;
}

/** Bytes of further requests that are kept while one is served; then the socket is not read. */
const maxWaitingBytes = 64 * 1024;
/**
 * A client that closes its write side after the request does so at once. One that closes later has given up: the
 * two look the same on the wire but for the time between. It is the client's time that counts: an end that lay in the
 * socket while this process had other work is no late one, so only what comes a turn of the loop after the clock was
 * looked at does.
 */
const halfCloseGraceMs = 100;
/** After the last reply: how long a silent client may keep the connection. */
const lingerSilenceMs = 2000;

/**
 * - `reading`: waiting for a request or for the rest of one;
 * - `busy`: the scan runs;
 * - `flushing`: the reply has not left yet, the connection goes on;
 * - `lingering`: the last reply is sent, what still comes is thrown away, since closing on unread bytes would
 *   destroy the reply on its way (RFC 9112 9.6).
 */
type State = 'reading' | 'busy' | 'flushing' | 'lingering' | 'closed';

/** One client of the scan port: reads requests one after the other, answers each before the next (RFC 9112 9.3.2). */
export class Connection {
  readonly #socket: Socket;
  readonly #peer: Peer;
  readonly #host: ConnectionHost;
  readonly #refusal: Refusal | undefined;
  readonly #reader: RequestReader;
  #state: State = 'reading';
  #scan: AbortController | undefined;
  #reservedBytes = 0;
  #activeMs: number;
  /** When the current request began to come, 0 between requests. */
  #requestMs = 0;
  /** When the scan began, or the lingering. */
  #enteredMs = 0;
  /** The request came so long ago that an end of the stream means that nobody waits any more. */
  #isGraceOver = false;
  #peerEnded = false;
  #isDraining = false;

  constructor(
    socket: Socket,
    init: { readonly peer: Peer; readonly host: ConnectionHost; readonly refusal: Refusal | undefined },
  ) {
    this.#socket = socket;
    this.#peer = init.peer;
    this.#host = init.host;
    this.#refusal = init.refusal;
    this.#reader = new RequestReader(() => init.host.settings);
    this.#activeMs = init.host.now();
    socket.allowHalfOpen = true;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('end', () => this.#onEnd());
    socket.on('drain', () => this.#onDrain());
    socket.on('error', (error) => this.#onError(error));
    socket.on('close', () => this.#onClose());
  }

  // ---------------------------------------------------------------- from outside

  /** Looks at the clock; called every now and then. */
  tick(now: number): void {
    const { idleTimeoutMs, requestTimeoutMs, scanTimeoutMs } = this.#host.settings;
    const isSilent = idleTimeoutMs > 0 && now - this.#activeMs >= idleTimeoutMs;
    switch (this.#state) {
      case 'reading':
        if (this.#requestMs === 0) {
          if (isSilent) this.#endWith('');
        } else if (isSilent || (requestTimeoutMs > 0 && now - this.#requestMs >= requestTimeoutMs)) {
          this.#fail(new PosternError('timeout', 'request took too long to arrive'), 'slow sender', 408);
        }
        break;
      case 'busy':
        if (now - this.#enteredMs >= scanTimeoutMs) {
          this.#giveUp(new PosternError('timeout', 'scan is stuck'), 'scan stuck');
        } else if (!this.#isGraceOver && now - this.#enteredMs > halfCloseGraceMs) {
          const scan = this.#scan;
          // After the sockets were read that have something to read by now.
          setImmediate(() => {
            if (this.#scan === scan) this.#isGraceOver = true;
          });
        }
        break;
      case 'flushing':
        if (isSilent) this.#drop('slow reader');
        break;
      case 'lingering':
        this.#tickLingering(now, isSilent);
        break;
      case 'closed':
        break;
    }
  }

  #tickLingering(now: number, isSilent: boolean): void {
    const { requestTimeoutMs } = this.#host.settings;
    if (this.#socket.writableLength > 0) {
      if (isSilent) this.#drop('slow reader');
    } else if (
      now - this.#activeMs >= lingerSilenceMs ||
      (requestTimeoutMs > 0 && now - this.#enteredMs >= requestTimeoutMs)
    ) {
      this.#socket.destroy();
    }
  }

  /** Finishes what was begun, then closes. */
  drain(): void {
    this.#isDraining = true;
    if (this.#state === 'reading' && this.#requestMs === 0) this.#endWith('');
  }

  /** Answers what is still open with "try later" and closes. */
  stop(): void {
    const failure = new LimitError('overload', 'server is shutting down');
    if (this.#state === 'busy') this.#giveUp(failure, 'shutdown');
    else if (this.#state === 'reading' && this.#requestMs > 0) this.#fail(failure, 'shutdown');
    if (this.#socket.writableLength === 0) this.#socket.destroy();
    else this.#socket.destroySoon();
  }

  /** Closes at once, whatever has not left yet. */
  destroy(): void {
    this.#socket.destroy();
  }

  // ---------------------------------------------------------------- socket events

  #onData(chunk: Buffer): void {
    this.#activeMs = this.#host.now();
    switch (this.#state) {
      case 'reading':
        if (this.#requestMs === 0) this.#requestMs = this.#activeMs;
        this.#read(() => this.#reader.read(chunk));
        break;
      case 'busy':
      case 'flushing':
        // A legacy request is the last one on its connection.
        if (this.#reader.line?.protocol !== 'http') break;
        this.#reader.keep(chunk);
        if (this.#reader.waitingBytes > maxWaitingBytes) this.#socket.pause();
        break;
      case 'lingering':
      case 'closed':
        break;
    }
  }

  #onEnd(): void {
    this.#peerEnded = true;
    if (this.#state === 'reading') this.#read(() => this.#reader.end());
    // spamc and Exim's default variant always half-close; theirs says nothing about who still listens.
    else if (this.#state === 'busy' && this.#reader.line?.protocol !== 'spamc' && this.#isGraceOver) {
      this.#drop('client gone');
    }
  }

  #onDrain(): void {
    this.#activeMs = this.#host.now();
    if (this.#state === 'flushing') this.#nextRequest();
  }

  #onError(error: Error): void {
    const isOwed = this.#state === 'busy' || (this.#state === 'reading' && this.#requestMs > 0);
    if (!isOwed) return;
    this.#host.metrics.trouble(this.#protocol, 'client gone');
    this.#host.log.info('client broke the connection', { peer: this.#peer.text, error: error.message });
  }

  #onClose(): void {
    const scan = this.#scan;
    this.#state = 'closed';
    this.#scan = undefined;
    this.#releaseBody();
    this.#reader.clear();
    scan?.abort(new ProtocolError('client closed the connection'));
  }

  // ---------------------------------------------------------------- reading

  get #protocol(): Protocol {
    return this.#reader.line?.protocol ?? 'unknown';
  }

  #read(step: () => ReadState): void {
    try {
      const state = step();
      if (this.#refusal && this.#reader.head) throw this.#refusal.error;
      this.#account();
      if (state === 'complete') this.#serve();
      else if (state === 'idle') this.#idle();
      else this.#invite();
    } catch (error) {
      this.#failOn(error);
    }
  }

  /** Nothing of a request has come. */
  #idle(): void {
    this.#requestMs = 0;
    if (this.#peerEnded || this.#isDraining) this.#endWith('');
  }

  /** Tells a client that waits for it to send the body (RFC 9110 10.1.1). */
  #invite(): void {
    const { head, bodyBytes } = this.#reader;
    if (head?.protocol !== 'http' || !head.expectsContinue || bodyBytes > 0) return;
    this.#socket.write('HTTP/1.1 100 Continue\r\n\r\n');
  }

  #account(): void {
    const arrived = this.#reader.bodyBytes - this.#reservedBytes;
    if (arrived === 0) return;
    this.#reservedBytes += arrived;
    if (!this.#host.reserve(arrived)) {
      throw new LimitError('overload', 'messages in memory are over their limit');
    }
  }

  #releaseBody(): void {
    if (this.#reservedBytes > 0) this.#host.release(this.#reservedBytes);
    this.#reservedBytes = 0;
  }

  // ---------------------------------------------------------------- answering

  #serve(): void {
    const head = this.#reader.head!;
    const scan = new AbortController();
    this.#scan = scan;
    this.#isGraceOver = false;
    this.#state = 'busy';
    this.#enteredMs = this.#host.now();
    const { headers } = head;
    const request = { headers, body: this.#reader.takeBody(), peer: this.#peer, signal: scan.signal };
    const served =
      head.protocol === 'http'
        ? this.#host.http
            .answer({ ...request, method: head.method, target: head.target, door: 'http' })
            .then((reply) => this.#answerHttp(scan, head, reply))
        : this.#host.legacy
            .answer({ ...request, protocol: head.protocol, command: head.command, version: head.version })
            .then((reply) => this.#answerLegacy(scan, reply));
    served.catch((error: unknown) => this.#answerFailed(scan, error));
  }

  #answerHttp(scan: AbortController, head: HttpHead, reply: HttpReply): void {
    if (this.#scan !== scan) return;
    this.#scan = undefined;
    this.#note(reply);
    // Requests that were sent ahead are still answered when the client or we are about to finish.
    const isLast = (this.#peerEnded || this.#isDraining) && this.#reader.waitingBytes === 0;
    const after = head.keepAlive && !isLast ? 'keep-alive' : 'close';
    this.#writeHttp(reply, after, head.method === 'HEAD' ? 'head' : 'whole');
    reply.settle?.();
    if (after === 'close') return;
    this.#releaseBody();
    this.#activeMs = this.#host.now();
    if (this.#socket.writableNeedDrain) this.#state = 'flushing';
    else this.#nextRequest();
  }

  #answerLegacy(scan: AbortController, reply: LegacyReply): void {
    if (this.#scan !== scan) return;
    this.#scan = undefined;
    this.#note(reply);
    this.#endWith(reply.bytes);
    reply.settle?.();
  }

  /** Either the scan was given up, then somebody has answered or nobody listens; or this is a fault of ours. */
  #answerFailed(scan: AbortController, error: unknown): void {
    if (this.#scan !== scan) return;
    this.#scan = undefined;
    this.#fail(toPosternError(error), 'internal');
  }

  #writeHttp(reply: HttpReply, after: AfterReply, extent: 'whole' | 'head'): void {
    const sizeBytes = Buffer.byteLength(reply.body);
    const head = this.#host.writer.head(reply, after, this.#host.settings.idleTimeoutMs, sizeBytes);
    const body = extent === 'head' ? '' : reply.body;
    if (typeof body === 'string') {
      // As many bytes as characters: ASCII, which the socket writes faster under a name that needs no encoding.
      const encoding = sizeBytes === reply.body.length ? 'latin1' : 'utf8';
      if (after === 'close') this.#endWith(head + body, encoding);
      else this.#socket.write(head + body, encoding);
      return;
    }
    this.#socket.cork();
    this.#socket.write(head);
    if (after === 'close') this.#endWith(body);
    else this.#socket.write(body);
    this.#socket.uncork();
  }

  #nextRequest(): void {
    this.#state = 'reading';
    this.#requestMs = this.#reader.waitingBytes > 0 ? this.#activeMs : 0;
    if (this.#socket.isPaused()) this.#socket.resume();
    this.#read(() => this.#reader.next());
  }

  // ---------------------------------------------------------------- ending

  /** Sends the last bytes, closes our side and throws away what still comes. */
  #endWith(bytes: string | Buffer, encoding: 'utf8' | 'latin1' = 'utf8'): void {
    this.#releaseBody();
    this.#reader.clear();
    this.#state = 'lingering';
    this.#enteredMs = this.#activeMs = this.#host.now();
    this.#socket.end(bytes, encoding);
    if (this.#socket.isPaused()) this.#socket.resume();
  }

  /** Closes a connection whose client does not listen. */
  #drop(reason: Trouble): void {
    this.#host.metrics.trouble(this.#protocol, reason);
    this.#host.log.info('scan connection dropped', {
      peer: this.#peer.text,
      protocol: this.#protocol,
      reason,
    });
    this.#socket.destroy();
  }

  /** Ends a scan from our side and answers in its place. */
  #giveUp(failure: PosternError, reason: Trouble): void {
    const scan = this.#scan;
    this.#scan = undefined;
    this.#fail(failure, reason);
    scan?.abort(failure);
  }

  #failOn(thrown: unknown): void {
    const error = toPosternError(thrown);
    if (error === this.#refusal?.error) this.#fail(error, this.#refusal.reason);
    else if (error instanceof HeadTooLargeError) this.#fail(error, 'head too large', 431);
    else if (error.code === 'tooLarge') this.#fail(error, 'too large');
    else if (error.code === 'overload') this.#fail(error, 'memory full');
    else if (error.code !== 'protocol') this.#fail(error, 'internal');
    else this.#fail(error, this.#peerEnded ? 'truncated' : 'bad request');
  }

  /** Answers what cannot be served, in the client's own protocol where that is known, and closes. */
  #fail(error: PosternError, reason: Trouble, httpStatus?: number): void {
    this.#host.metrics.trouble(this.#protocol, reason);
    this.#host.log[reason === 'internal' ? 'error' : 'warn']('scan request refused', {
      peer: this.#peer.text,
      protocol: this.#protocol,
      reason,
      error: error.message,
    });
    if (this.#socket.destroyed) return;
    const { line } = this.#reader;
    if (line && line.protocol !== 'http') this.#endWith(legacyFailure(line.protocol, error).bytes);
    else this.#writeHttp(failureReply(error, { status: httpStatus }), 'close', 'whole');
  }

  #note(reply: HttpReply | LegacyReply): void {
    this.#host.metrics.request(this.#protocol, reply.kind);
    if (reply.problem === undefined) return;
    this.#host.log.warn('scan request failed', {
      peer: this.#peer.text,
      protocol: this.#protocol,
      error: reply.problem,
    });
  }
}
