import { randomBytes } from 'node:crypto';
import { Packr } from 'msgpackr';
import {
  type Envelope,
  LimitError,
  ProtocolError,
  type RequestHeaderList,
  type ScanOutcome,
  type ScanRequest,
  type TaskFlag,
  type Verdict,
} from '../../core/index.ts';
import { compressZstd, decompressZstd } from '../compression.ts';
import { envelopeFromRequest, type RequestContext } from '../envelope.ts';
import type { Peer } from '../peer.ts';
import { renderErrorJson, renderVerdictJson, rewrittenBody, type VerdictLayout } from '../reply/index.ts';
import { acceptsZstd, negotiate } from './accept.ts';
import { readOutsideInput } from './file-input.ts';
import { maxMetadataBytes, metadataHeaders, metadataRequestHeaders, parseMetadata } from './metadata.ts';
import { type FormPart, headerParameter, parseMultipart, renderMultipart } from './multipart.ts';
import { errorReply, failureReply, type HttpReply, jsonType, noHeaders, reasonPhrase } from './reply.ts';
import { addArguments, parseTarget, type RequestTarget } from './target.ts';

/** A whole HTTP request, whoever took it off the wire. */
export interface HttpRequest {
  readonly method: string;
  /** Path with query. */
  readonly target: string;
  readonly headers: RequestHeaderList;
  readonly body: Buffer;
  readonly peer: Peer;
  readonly door: 'http' | 'controller';
  /** Fires when the client is gone. */
  readonly signal?: AbortSignal | undefined;
}

/** Options that bound and permit what a request may do. */
interface HttpScanSettings {
  readonly maxMessageBytes: number;
  /** File inputs over TCP; unix sockets may always (wire-protocols 1.5.3). */
  readonly allowFileInputs: boolean;
}

export interface HttpScanInit {
  readonly scan: (request: ScanRequest) => Promise<ScanOutcome>;
  /** Asked for every request, so that a reload counts at once. */
  readonly settings: () => HttpScanSettings;
  /** OpenMetrics text, with or without the final `# EOF`. */
  readonly metricsText: () => string | Promise<string>;
}

const msgpackType = 'application/msgpack';
const formType = 'multipart/form-data';
const mixedType = 'multipart/mixed';

type Representation = typeof jsonType | typeof msgpackType | typeof formType | typeof mixedType;

const v2Representations = [jsonType, msgpackType] as const;
/** `message/rfc822` asks for the mixed form (wire-protocols 1.6). */
const v3Representations = [formType, jsonType, msgpackType, mixedType, 'message/rfc822'] as const;

const scanLayouts: ReadonlyMap<string, VerdictLayout> = new Map<string, VerdictLayout>([
  ['checkv2', 'v2'],
  ['skip', 'skip'],
  ['check', 'v1'],
  ['scan', 'v1'],
  ['symbols', 'v1'],
  ['process', 'v1'],
  ['report', 'v1'],
  ['report_ifspam', 'v1'],
]);

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT']);

const packr = new Packr({ useRecords: false });

/** Headers about the way of the message rather than about its envelope. */
class Transport {
  accept: string | undefined;
  acceptEncoding: string | undefined;
  compression: string | undefined;
  contentEncoding: string | undefined;
  dictionary: string | undefined;
  file: string | undefined;
  shm: string | undefined;
  contentType: string | undefined;

  constructor(headers: RequestHeaderList) {
    for (const [name, value] of headers.entries()) {
      switch (name) {
        case 'accept':
          this.accept = value;
          break;
        case 'accept-encoding':
          this.acceptEncoding = value;
          break;
        case 'compression':
          this.compression = value;
          break;
        case 'content-encoding':
          this.contentEncoding = value;
          break;
        case 'content-type':
          this.contentType = value;
          break;
        case 'dictionary':
          this.dictionary = value;
          break;
        case 'file':
        case 'path':
          this.file = value;
          break;
        case 'shm':
          this.shm = value;
          break;
      }
    }
  }

  /** @throws ProtocolError for another compression than zstd */
  get isZstd(): boolean {
    const name = this.compression ?? this.contentEncoding;
    if (name === undefined || name === '' || name.toLowerCase() === 'identity') return false;
    if (name.toLowerCase() !== 'zstd') throw new ProtocolError('Invalid compression method');
    if (this.dictionary !== undefined) throw new ProtocolError('Invalid dictionary: none is configured');
    return true;
  }
}

/** How a verdict is to be written. */
interface ReplyForm {
  readonly layout: VerdictLayout;
  readonly flags: ReadonlySet<TaskFlag>;
  readonly isMsgpack: boolean;
  readonly isZstd: boolean;
}

function verdictBytes(verdict: Verdict, form: ReplyForm): string | Buffer {
  const error = verdict.failure?.code === 'tooLarge' ? verdict.failure.message : undefined;
  const json = renderVerdictJson(verdict, { layout: form.layout, flags: form.flags, error });
  return form.isMsgpack ? packr.pack(JSON.parse(json)) : json;
}

function bytesOf(text: string | Buffer): Buffer {
  return typeof text === 'string' ? Buffer.from(text) : text;
}

/** Answers requests of the HTTP scan protocol (wire-protocols 1); knows nothing of sockets. */
export class HttpScan {
  readonly #init: HttpScanInit;

  constructor(init: HttpScanInit) {
    this.#init = init;
  }

  /**
   * Answers one request. Rejects only with the reason of `signal`; every other failure is a reply.
   */
  async answer(request: HttpRequest): Promise<HttpReply> {
    let layout: VerdictLayout | undefined;
    try {
      if (!methods.has(request.method)) {
        return errorReply(405, `method ${request.method} is not allowed`, [
          ['Allow', [...methods].join(', ')],
        ]);
      }
      const target = parseTarget(request.target);
      layout = scanLayouts.get(target.command);
      if (layout !== undefined) return await this.#check(request, target, layout);
      return await this.#other(request, target);
    } catch (error) {
      if (request.signal?.aborted) throw request.signal.reason;
      return failureReply(error, { layout });
    }
  }

  async #other(request: HttpRequest, target: RequestTarget): Promise<HttpReply> {
    switch (target.command) {
      case 'checkv3':
        return this.#checkV3(request);
      case 'ping':
        return { ...info('text/plain'), body: 'pong\r\n' };
      case 'metrics':
        return this.#metrics();
      case '':
        return errorReply(404, 'missing command');
      default:
        return errorReply(404, 'invalid command');
    }
  }

  async #metrics(): Promise<HttpReply> {
    const text = await this.#init.metricsText();
    const body = text.endsWith('# EOF\n') ? text : `${text}# EOF\n`;
    return { ...info('application/openmetrics-text; version=1.0.0; charset=utf-8'), body };
  }

  async #check(request: HttpRequest, target: RequestTarget, layout: VerdictLayout): Promise<HttpReply> {
    const { headers, peer, door, signal } = request;
    addArguments(headers, target);
    const transport = new Transport(headers);
    const isZstdRequest = transport.isZstd;
    const envelope = envelopeFromRequest(headers, { door, peerIp: peer.ip });
    let raw = request.body;
    if (transport.file !== undefined || transport.shm !== undefined) {
      raw = await this.#readOutside(transport, peer);
    }
    if (isZstdRequest) raw = await decompressZstd(raw, this.#init.settings().maxMessageBytes);
    const outcome = await this.#init.scan({ envelope, raw, signal });
    const form: ReplyForm = {
      layout,
      flags: envelope.flags,
      isMsgpack:
        transport.accept !== undefined && negotiate(transport.accept, v2Representations) === msgpackType,
      isZstd: isZstdRequest || envelope.flags.has('zstd') || acceptsZstd(transport.acceptEncoding),
    };
    return this.#verdictReply(outcome, form);
  }

  #readOutside(
    transport: { file: string | undefined; shm: string | undefined },
    peer: Peer,
  ): Promise<Buffer> {
    const { allowFileInputs, maxMessageBytes } = this.#init.settings();
    return readOutsideInput(
      { file: transport.file, shm: transport.shm },
      { allowed: allowFileInputs || peer.isUnixSocket, maxBytes: maxMessageBytes },
    );
  }

  async #verdictReply(outcome: ScanOutcome, form: ReplyForm): Promise<HttpReply> {
    const { verdict } = outcome;
    const reply = verdictHead(verdict, form.isMsgpack ? msgpackType : jsonType);
    let body = verdictBytes(verdict, form);
    const headers: (readonly [string, string])[] = [];
    if (verdict.rewritten !== undefined && form.flags.has('body_block')) {
      const head = bytesOf(body);
      headers.push(['Message-Offset', `${head.length}`]);
      body = Buffer.concat([head, rewrittenBody(verdict.rewritten, form.flags)]);
    }
    if (form.isZstd) {
      body = await compressZstd(bytesOf(body));
      headers.push(['Compression', 'zstd'], ['Content-Encoding', 'zstd']);
    }
    return {
      ...reply,
      headers: headers.length === 0 ? noHeaders : headers,
      body,
      settle: () => outcome.settle(),
    };
  }

  async #checkV3(request: HttpRequest): Promise<HttpReply> {
    const transport = new Transport(request.headers);
    const accepted = negotiate(transport.accept, v3Representations);
    if (accepted === undefined) return notAcceptable();
    const representation = accepted === 'message/rfc822' ? mixedType : accepted;
    const form = parseForm(request.body, transport.contentType ?? '');
    const isMsgpackMetadata = /msgpack/i.test(form.metadata.headers.get('content-type') ?? '');
    if (form.metadata.body.length > maxMetadataBytes) {
      throw new LimitError('tooLarge', `metadata is larger than ${maxMetadataBytes} bytes`);
    }
    const metadata = parseMetadata(form.metadata.body, isMsgpackMetadata ? 'msgpack' : 'json');
    const context: RequestContext = {
      door: request.door,
      peerIp: request.peer.ip,
      request: metadataRequestHeaders(metadata, request.headers),
      settings: metadata.settings,
    };
    const envelope = envelopeFromRequest(metadataHeaders(metadata), context);
    const isOutside = metadata.file !== undefined || metadata.shm !== undefined;
    const raw = isOutside
      ? await this.#readOutside({ file: metadata.file, shm: metadata.shm }, request.peer)
      : await this.#messagePart(form.message);
    const outcome = await this.#init.scan({ envelope, raw, signal: request.signal });
    const reply = await this.#replyV3(outcome, envelope, {
      representation,
      isMsgpackMetadata,
      isZstd: acceptsZstd(transport.acceptEncoding) || envelope.flags.has('zstd'),
    });
    return { ...reply, headers: [...reply.headers, ['Vary', 'Accept, Accept-Encoding']] };
  }

  async #messagePart(part: FormPart | undefined): Promise<Buffer> {
    if (!part) throw new ProtocolError('message is missing');
    const encoding = (part.headers.get('content-encoding') ?? '').toLowerCase();
    const transfer = (part.headers.get('content-transfer-encoding') ?? '').toLowerCase();
    if (encoding === 'zstd' || transfer === 'zstd') {
      return decompressZstd(part.body, this.#init.settings().maxMessageBytes);
    }
    if (encoding !== '' && encoding !== 'identity') throw new ProtocolError('Invalid compression method');
    return part.body;
  }

  async #replyV3(
    outcome: ScanOutcome,
    envelope: Envelope,
    options: {
      readonly representation: Representation;
      readonly isMsgpackMetadata: boolean;
      readonly isZstd: boolean;
    },
  ): Promise<HttpReply> {
    const { representation, isZstd } = options;
    const { flags } = envelope;
    if (representation === jsonType || representation === msgpackType) {
      const isMsgpack = representation === msgpackType;
      return this.#verdictReply(outcome, { layout: 'v2', flags, isMsgpack, isZstd });
    }
    const { verdict } = outcome;
    const isMsgpack = options.isMsgpackMetadata;
    const result = bytesOf(verdictBytes(verdict, { layout: 'v2', flags, isMsgpack, isZstd }));
    const part = async (name: string, contentType: string, body: Buffer) => ({
      name,
      contentType,
      isZstd,
      body: isZstd ? await compressZstd(body) : body,
    });
    const parts = [await part('result', isMsgpack ? msgpackType : jsonType, result)];
    if (verdict.rewritten !== undefined) {
      parts.push(await part('body', 'application/octet-stream', rewrittenBody(verdict.rewritten, flags)));
    }
    const boundary = `postern-v3-${randomBytes(16).toString('hex')}`;
    return {
      ...verdictHead(verdict, `${representation}; boundary="${boundary}"`),
      body: renderMultipart(parts, boundary),
      settle: () => outcome.settle(),
    };
  }
}

function info(contentType: string): Omit<HttpReply, 'body'> {
  return { kind: 'info', status: 200, reason: 'OK', contentType, headers: noHeaders };
}

function verdictHead(verdict: Verdict, contentType: string): Omit<HttpReply, 'body'> {
  if (!verdict.failure)
    return { kind: 'verdict', status: 200, reason: 'OK', contentType, headers: noHeaders };
  const status = verdict.failure.code === 'tooLarge' ? 413 : 503;
  return { kind: 'failure', status, reason: reasonPhrase(status), contentType, headers: noHeaders };
}

function notAcceptable(): HttpReply {
  const error = errorReply(406, 'Not Acceptable', [['Vary', 'Accept, Accept-Encoding']]);
  const supported = JSON.stringify([formType, mixedType, jsonType, msgpackType]);
  return { ...error, body: `${renderErrorJson('Not Acceptable').slice(0, -1)},"supported":${supported}}` };
}

function parseForm(body: Buffer, contentType: string): { metadata: FormPart; message: FormPart | undefined } {
  const boundary = headerParameter(contentType, 'boundary');
  if (!contentType.toLowerCase().trimStart().startsWith(formType) || boundary === undefined) {
    throw new ProtocolError('request is no multipart/form-data');
  }
  const parts = parseMultipart(body, boundary, 2);
  const metadata = parts.find((part) => part.name === 'metadata');
  if (!metadata) throw new ProtocolError('metadata is missing');
  return { metadata, message: parts.find((part) => part.name === 'message') };
}
