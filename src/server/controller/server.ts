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
  type Scanner,
  toPosternError,
} from '../../core/index.ts';
import type { IpAddress } from '../../lib/index.ts';
import { HttpScan } from '../http/index.ts';
import { peerOf } from '../peer.ts';
import { type Access, Authenticator } from './authentication.ts';
import { Connections } from './connections.ts';
import { argumentOf, bodyOf, headersOf, normalizeTarget, rawBodyOf, readBody } from './request.ts';
import type { Privilege, Route, RouteRequest } from './route.ts';
import { createRoutes } from './routes.ts';
import { readStaticFile } from './static-files.ts';

/** What a reload may change. */
export interface ControllerSettings {
  /** `password` is the one in force, generated or configured. */
  readonly worker: ControllerWorker;
  readonly options: Options;
  /** Addresses of `secure_ip`. */
  readonly isTrusted: (ip: IpAddress) => boolean;
  readonly records: Records;
}

export interface ControllerInit {
  /** Asked for every request, so that a reload counts at once. */
  readonly settings: () => ControllerSettings;
  readonly control: Control;
  readonly scanner: Scanner;
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
/** An idle connection is kept so long for the next request. */
const keepAliveMs = 5000;
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

/** Builds the controller. It listens on nothing by itself. */
export function createController(init: ControllerInit): ControllerServer {
  const { settings, control, scanner, log, metrics } = init;
  const authenticator = new Authenticator({ settings, clock: init.clock });
  const connections = new Connections(() => connectionSettings(settings()));
  const kinds = new WeakMap<Socket, 'tcp' | 'unix'>();
  const requests = metrics.counter('postern_controller_requests_total', 'Requests to the controller', [
    'status',
  ]);
  const scan = new HttpScan({
    scan: (request) => scanner.scan(request),
    settings: () => ({ maxMessageBytes: settings().options.maxMessageBytes, allowFileInputs: false }),
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
      const { maxHeaderBytes } = settings().options.limits;
      server = createServer({ maxHeaderSize: maxHeaderBytes, keepAliveTimeout: keepAliveMs }, handler);
      return server;
    },
    rewriteUrl: (request) => normalizeTarget(request.url ?? '/'),
    exposeHeadRoutes: false,
    routerOptions: { ignoreTrailingSlash: true },
    clientErrorHandler: answerBrokenRequest,
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request: FastifyRequest, payload: IncomingMessage) =>
    readBody(payload, settings().options.maxMessageBytes),
  );
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
  app.addHook('preHandler', async (request, reply) => {
    const { socket } = request.raw;
    connections.begin(socket);
    reply.raw.once('close', () => connections.end(socket));
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
    const { staticDir } = settings().worker;
    const path = request.url.split('?', 1)[0]!;
    const file = staticDir === undefined ? undefined : await readStaticFile(staticDir, path);
    if (file) return reply.type(file.contentType).header('X-Content-Type-Options', 'nosniff').send(file.body);
    setReason(reply, 'Not found');
    return reply.code(404).type('text/plain').send('Not found');
  });

  const answer = async (route: Route, http: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const granted = await guard(http, reply, route.privilege);
    if (granted === undefined) return reply;
    const request: RouteRequest = {
      http,
      reply,
      body: await bodyOf(http, settings().options.maxMessageBytes),
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
        const { socket } = http.raw;
        const gone = new AbortController();
        reply.raw.once('close', () => gone.abort());
        const outcome = await scan.answer({
          method: http.method,
          target: http.url,
          headers: headersOf(http.raw),
          body: rawBodyOf(http),
          peer: peerOf(socket, kinds.get(socket) ?? 'tcp'),
          door: 'controller',
          signal: gone.signal,
        });
        setReason(reply, outcome.reason);
        for (const [name, value] of outcome.headers) void reply.header(name, value);
        if (outcome.settle) reply.raw.once('close', outcome.settle);
        return reply.code(outcome.status).type(outcome.contentType).send(outcome.body);
      },
    });
  }
  const ready = app.ready();

  return {
    handle: (socket, kind) => {
      if (!connections.admit(socket)) return;
      kinds.set(socket, kind);
      void ready.then(() => server.emit('connection', socket));
    },
    close: async (graceMs) => {
      await connections.close(graceMs);
      await app.close();
      await authenticator.close();
    },
  };
}

function connectionSettings({ worker, options }: ControllerSettings): {
  readonly requestTimeoutMs: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerSource: number;
} {
  const { limits } = options;
  const stricter = (own: number, common: number): number =>
    own > 0 && common > 0 ? Math.min(own, common) : own || common;
  return {
    requestTimeoutMs: limits.requestTimeoutMs,
    maxConnections: stricter(worker.maxConnections, limits.maxConnections),
    maxConnectionsPerSource: stricter(worker.maxConnectionsPerSource, limits.maxConnectionsPerSource),
  };
}

/** Bytes that are no HTTP request. */
function answerBrokenRequest(error: Error & { readonly code?: string }, socket: Socket): void {
  if (socket.destroyed || !socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, text] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'Request header fields too large']
      : [400, 'HTTP parser error'];
  const body = JSON.stringify({ error: text });
  socket.end(
    `HTTP/1.1 ${status} ${text}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
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
