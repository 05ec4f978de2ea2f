import {
  ProtocolError,
  RequestHeaderList,
  type ScanOutcome,
  type ScanRequest,
  toPosternError,
} from '../../core/index.ts';
import { decompressZlib } from '../compression.ts';
import { envelopeFromRequest } from '../envelope.ts';
import type { Peer } from '../peer.ts';
import { type Learn, parseLearnHeaders } from './learn.ts';
import { renderRspamcFailure, renderRspamcReply, rspamcPong } from './rspamc.ts';
import {
  isScanCommand,
  renderLearnReply,
  renderSpamcReply,
  spamcFailure,
  spamcPong,
  spamcStatus,
} from './spamc.ts';

/** A whole RSPAMC or SPAMC request. */
export interface LegacyRequest {
  readonly protocol: 'rspamc' | 'spamc';
  readonly command: string;
  /** Number after the slash of `SPAMC/1.5`, 0 when there is none. */
  readonly version: number;
  readonly headers: RequestHeaderList;
  readonly body: Buffer;
  readonly peer: Peer;
  readonly signal?: AbortSignal | undefined;
}

/** The reply; after it the connection ends. */
export interface LegacyReply {
  readonly kind: 'verdict' | 'failure' | 'error' | 'info';
  /** Empty: SPAMC's SKIP, which is answered by closing. */
  readonly bytes: string | Buffer;
  /** For the log: why there is no verdict. */
  readonly problem?: string | undefined;
  readonly settle?: (() => void) | undefined;
}

export interface LegacyScanInit {
  readonly scan: (request: ScanRequest) => Promise<ScanOutcome>;
  readonly settings: () => { readonly maxMessageBytes: number };
  /** Undefined: there is no classifier to teach. */
  readonly learn?: Learn | undefined;
}

/** SPAMC's `User` is whoever runs spamc, never a login: kept for rules under a name that means nothing else. */
function renameUser(headers: RequestHeaderList): RequestHeaderList {
  if (headers.get('user') === undefined) return headers;
  const renamed = new RequestHeaderList();
  for (const [name, value] of headers.entries()) renamed.add(name === 'user' ? 'spamc-user' : name, value);
  return renamed;
}

/** Commands of RSPAMC that judge a message; all have the same reply (wire-protocols 2.1, 2.3). */
const rspamcScanCommands: ReadonlySet<string> = new Set([
  'CHECK',
  'SYMBOLS',
  'REPORT',
  'REPORT_IFSPAM',
  'PROCESS',
]);

/** The reply in the client's own protocol to a request that could not be read or served. */
export function legacyFailure(protocol: 'rspamc' | 'spamc', thrown: unknown): LegacyReply {
  const error = toPosternError(thrown);
  const kind = error.code === 'protocol' ? 'error' : 'failure';
  const bytes = protocol === 'rspamc' ? renderRspamcFailure(error) : spamcFailure(error);
  return { kind, bytes, problem: error.message };
}

/** Answers requests of the two line protocols (wire-protocols 2); knows nothing of sockets. */
export class LegacyScan {
  readonly #init: LegacyScanInit;

  constructor(init: LegacyScanInit) {
    this.#init = init;
  }

  /** Answers one request. Rejects only with the reason of `signal`; every other failure is a reply. */
  async answer(request: LegacyRequest): Promise<LegacyReply> {
    try {
      return await (request.protocol === 'rspamc' ? this.#rspamc(request) : this.#spamc(request));
    } catch (error) {
      if (request.signal?.aborted) throw request.signal.reason;
      return legacyFailure(request.protocol, error);
    }
  }

  async #rspamc(request: LegacyRequest): Promise<LegacyReply> {
    if (request.command === 'PING') return { kind: 'info', bytes: rspamcPong };
    if (!rspamcScanCommands.has(request.command)) throw new ProtocolError('unknown command');
    const { headers, peer, signal } = request;
    const envelope = envelopeFromRequest(headers, { door: 'rspamc', peerIp: peer.ip });
    const outcome = await this.#init.scan({ envelope, raw: request.body, signal });
    const { verdict } = outcome;
    return {
      kind: verdict.failure ? 'failure' : 'verdict',
      bytes: renderRspamcReply(verdict),
      settle: () => outcome.settle(),
    };
  }

  async #spamc(request: LegacyRequest): Promise<LegacyReply> {
    const { command } = request;
    if (command === 'PING') return { kind: 'info', bytes: spamcPong };
    if (command === 'SKIP') return { kind: 'info', bytes: '' };
    if (command === 'TELL') return this.#tell(request);
    if (!isScanCommand(command)) throw new ProtocolError('unknown command');
    const headers = renameUser(request.headers);
    const envelope = envelopeFromRequest(headers, { door: 'spamc', peerIp: request.peer.ip });
    const raw = await this.#message(request);
    const outcome = await this.#init.scan({ envelope, raw, signal: request.signal });
    const { verdict } = outcome;
    return {
      kind: verdict.failure ? 'failure' : 'verdict',
      bytes: renderSpamcReply(command, request.version, verdict, raw),
      settle: () => outcome.settle(),
    };
  }

  async #tell(request: LegacyRequest): Promise<LegacyReply> {
    const { learn } = this.#init;
    const wishes = parseLearnHeaders(request.headers);
    if (!learn) {
      const problem = 'no classifier is configured';
      return { kind: 'error', bytes: spamcStatus(69, problem), problem };
    }
    const headers = renameUser(request.headers);
    const envelope = envelopeFromRequest(headers, { door: 'spamc', peerIp: request.peer.ip });
    const raw = await this.#message(request);
    const result = await learn({ ...wishes, raw, envelope, signal: request.signal });
    return { kind: 'info', bytes: renderLearnReply(result) };
  }

  /** The message, decompressed when the client says so (`Compress: zlib`). */
  async #message(request: LegacyRequest): Promise<Buffer> {
    const compression = request.headers.get('compress')?.toLowerCase();
    if (compression === undefined || compression === '') return request.body;
    if (compression !== 'zlib') throw new ProtocolError('Invalid compression method');
    return decompressZlib(request.body, this.#init.settings().maxMessageBytes);
  }
}
