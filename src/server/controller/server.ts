import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { promisify } from 'node:util';
import { gzip, zstdCompress } from 'node:zlib';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import {
  type Clock,
  type Control,
  type ControllerWorker,
  type Log,
  type Metrics,
  type Options,
  type Records,
  RequestHeaderList,
  type Scanner,
  toPosternError,
} from '../../core/index.ts';
import type { IpAddress } from '../../lib/index.ts';
import { decompressZstd } from '../compression.ts';
import { HttpScan } from '../http/index.ts';
import { peerOf } from '../peer.ts';
import { type Access, Authenticator } from './authentication.ts';
import { createRoutes, type Privilege, type Route, type RouteRequest } from './routes.ts';
import { readStaticFile } from './static-files.ts';

export interface ControllerInit {
  /** `password` is the one in force, generated or configured. */
  readonly worker: ControllerWorker;
  readonly options: Options;
  readonly control: Control;
  /** Addresses of `secure_ip`. */
  readonly isTrusted: (ip: IpAddress) => boolean;
  readonly scanner: Scanner;
  readonly records: Records;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

/** The controller on sockets that somebody else accepts. */
export interface ControllerServer {
  handle(socket: Socket, kind: 'tcp' | 'unix'): void;
  /** Finishes requests that were accepted; what is still open after `graceMs` is cut. */
  close(graceMs: number): Promise<void>;
}

const compressors = { zstd: promisify(zstdCompress), gzip: promisify(gzip) } as const;
/** Below this a compressed reply is hardly shorter. */
const minCompressedBytes = 1024;
const corsHeaders = 'Classifier,Class,Content-Type,Password,Map,Weight,Flag,Hash';
const scanPaths = ['/checkv2', '/checkv3', '/check', '/scan'] as const;

interface StatusError extends Error {
  readonly status?: number;
}

/** Reason phrases carry the error's text, as Rspamd's do; header bytes must be plain ASCII. */
function setReason(reply: FastifyReply, text: string): void {
  reply.raw.statusMessage = text
    .split('\n', 1)[0]!
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .slice(0, 200);
}

function sendError(reply: FastifyReply, status: number, message: string): FastifyReply {
  setReason(reply, message);
  return reply
    .code(status)
    .type('application/json')
    .send(JSON.stringify({ error: message }));
}

function queryOf(request: FastifyRequest): Readonly<Record<string, unknown>> {
  return (request.query ?? {}) as Record<string, unknown>;
}

function argumentOf(request: FastifyRequest, name: string): string | undefined {
  const header = request.headers[name];
  if (header !== undefined) return Array.isArray(header) ? header.at(-1) : header;
  const value = queryOf(request)[name];
  const last = Array.isArray(value) ? value.at(-1) : value;
  return typeof last === 'string' ? last : undefined;
}

async function bodyOf(request: FastifyRequest, maxBytes: number): Promise<Buffer> {
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const encoding = request.headers['compression'] ?? request.headers['content-encoding'];
  return encoding === 'zstd' ? decompressZstd(body, maxBytes) : body;
}

/** Builds the controller. It listens on nothing by itself. */
export function createController(init: ControllerInit): ControllerServer {
  const { worker, options, control, scanner, log, metrics } = init;
  const authenticator = new Authenticator({ worker, isTrusted: init.isTrusted, clock: init.clock });
  const kinds = new WeakMap<Socket, 'tcp' | 'unix'>();
  const requests = metrics.counter('postern_controller_requests_total', 'Requests to the controller', [
    'status',
  ]);
  const scan = new HttpScan({
    scan: (request) => scanner.scan(request),
    settings: () => ({ maxMessageBytes: options.maxMessageBytes, allowFileInputs: false }),
    metricsText: () => control.metrics(),
  });

  const access = (request: IncomingMessage, password: string | undefined): Promise<Access> =>
    authenticator.access(request, kinds.get(request.socket) === 'unix', password);

  /** Answers with an error unless the request may do this. */
  const guard = async (
    request: FastifyRequest,
    reply: FastifyReply,
    privilege: Privilege,
  ): Promise<Access | undefined> => {
    if (privilege === 'open') return 'read';
    const granted = await access(request.raw, argumentOf(request, 'password'));
    if (granted === 'throttled') sendError(reply, 429, 'Too many authentication failures');
    else if (granted === 'none' || (privilege === 'write' && granted !== 'write'))
      sendError(reply, 401, 'Unauthorized');
    else return granted;
    return undefined;
  };

  let server!: Server;
  const app: FastifyInstance = fastify({
    serverFactory: (handler) => {
      server = createServer(
        { requestTimeout: options.limits.requestTimeoutMs, keepAliveTimeout: 5000 },
        handler,
      );
      return server;
    },
    bodyLimit: options.maxMessageBytes,
    exposeHeadRoutes: false,
    routerOptions: { ignoreDuplicateSlashes: true, ignoreTrailingSlash: true },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('Cache-Control', 'no-store').header('Server', `postern/${control.version}`);
    if (request.method === 'OPTIONS') {
      await reply
        .header('Access-Control-Allow-Methods', 'POST, GET, OPTIONS')
        .header('Access-Control-Allow-Headers', corsHeaders)
        .code(200)
        .send('');
    }
  });
  app.addHook('onSend', async (request, reply, payload) => compress(request, reply, payload));
  app.addHook('onResponse', async (_request, reply) => requests.add(1, { status: String(reply.statusCode) }));
  app.setErrorHandler((error: StatusError, request, reply) => {
    const failure = toPosternError(error);
    const status = error.status ?? (error as { statusCode?: number }).statusCode ?? failure.kind.httpStatus;
    if (status >= 500)
      log.error('controller request failed', { path: request.routeOptions.url, error: failure.message });
    return sendError(reply, status === 503 ? 500 : status, failure.message);
  });
  app.setNotFoundHandler(async (request, reply) => {
    if (request.method !== 'GET' && request.method !== 'POST') {
      setReason(reply, 'Invalid method');
      return reply.code(500).send('');
    }
    const path = request.url.split('?', 1)[0]!;
    const file = worker.staticDir === undefined ? undefined : await readStaticFile(worker.staticDir, path);
    if (file) return reply.type(file.contentType).send(file.body);
    setReason(reply, 'Not found');
    return reply.code(404).type('text/plain').send('Not found');
  });

  const answer = async (route: Route, http: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const granted = await guard(http, reply, route.privilege);
    if (granted === undefined) return reply;
    const request: RouteRequest = {
      http,
      reply,
      body: await bodyOf(http, options.maxMessageBytes),
      argument: (name) => argumentOf(http, name),
      isReadOnly: granted !== 'write',
    };
    const value = await route.answer(request);
    if (typeof value === 'string') {
      if (!reply.hasHeader('content-type')) void reply.type('text/plain');
      return reply.send(value);
    }
    return reply.type('application/json').send(JSON.stringify(value));
  };
  for (const route of createRoutes(init)) {
    app.route({
      method: ['GET', 'POST'],
      url: route.path,
      handler: (http, reply) => answer(route, http, reply),
    });
  }
  for (const url of scanPaths) {
    app.route({
      method: ['GET', 'POST'],
      url,
      handler: async (http, reply) => {
        if ((await guard(http, reply, 'read')) === undefined) return reply;
        const outcome = await scan.answer({
          method: http.method,
          target: http.url,
          headers: headersOf(http.raw),
          body: Buffer.isBuffer(http.body) ? http.body : Buffer.alloc(0),
          peer: peerOf(http.raw.socket, kinds.get(http.raw.socket) ?? 'tcp'),
          door: 'controller',
        });
        setReason(reply, outcome.reason);
        for (const [name, value] of outcome.headers) void reply.header(name, value);
        if (outcome.settle) reply.raw.once('finish', outcome.settle);
        return reply.code(outcome.status).type(outcome.contentType).send(outcome.body);
      },
    });
  }
  const ready = app.ready();

  return {
    handle: (socket, kind) => {
      kinds.set(socket, kind);
      void ready.then(() => server.emit('connection', socket));
    },
    close: async (graceMs) => {
      server.closeIdleConnections();
      const isDone = new Promise<void>((resolve) => {
        if (!server.listening) waitForConnections(server, graceMs).then(resolve);
      });
      await isDone;
      server.closeAllConnections();
      await app.close();
      await authenticator.close();
    },
  };
}

const pollMs = 50;

/** The server was handed its sockets, so it can only be asked how many are left. */
async function waitForConnections(server: Server, graceMs: number): Promise<void> {
  const endMs = Date.now() + graceMs;
  while (Date.now() < endMs) {
    server.closeIdleConnections();
    const open = await new Promise<number>((resolve) =>
      server.getConnections((_error, count) => resolve(count ?? 0)),
    );
    if (open === 0) return;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

function headersOf(request: IncomingMessage): RequestHeaderList {
  const headers = new RequestHeaderList();
  const { rawHeaders } = request;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers.add(rawHeaders[i]!, rawHeaders[i + 1]!);
  return headers;
}

async function compress(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
  const isText = typeof payload === 'string' || Buffer.isBuffer(payload);
  if (!isText || payload.length < minCompressedBytes || reply.hasHeader('content-encoding')) return payload;
  if (/^(?:image|font)\//.test(String(reply.getHeader('content-type')))) return payload;
  const accepted = String(request.headers['accept-encoding'] ?? '');
  const encoding = /\bzstd\b/.test(accepted) ? 'zstd' : /\bgzip\b/.test(accepted) ? 'gzip' : undefined;
  if (encoding === undefined) return payload;
  void reply.header('Content-Encoding', encoding).removeHeader('content-length');
  return compressors[encoding](payload);
}
