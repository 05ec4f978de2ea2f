import { readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { type Command, InvalidArgumentError } from 'commander';
import { type ErrorCode, PosternError, UpstreamError } from '../core/index.ts';

/** Where the controller is, and what opens it. */
export interface ControllerOptions {
  readonly host: string;
  readonly port: number;
  readonly socket?: string;
  readonly passwordFile?: string;
  readonly timeout: number;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new InvalidArgumentError('expected 1 to 65535');
  return port;
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!(seconds > 0 && seconds <= 3600)) throw new InvalidArgumentError('expected seconds, up to 3600');
  return seconds;
}

/** Adds the options of commands that ask a running server. */
export function withControllerOptions(command: Command): Command {
  return command
    .option('--host <host>', 'server', '127.0.0.1')
    .option('--port <port>', 'controller port', parsePort, 11334)
    .option('--socket <file>', 'unix socket of the controller, instead of host and port')
    .option(
      '--password-file <file>',
      'file with the password of the controller; else $POSTERN_PASSWORD; from addresses of secure_ip none is needed',
    )
    .option('--timeout <seconds>', 'time to wait for an answer', parseSeconds, 30);
}

function passwordOf({ passwordFile }: ControllerOptions): string | undefined {
  if (passwordFile === undefined) return process.env['POSTERN_PASSWORD'];
  try {
    return readFileSync(passwordFile, 'utf8').trim();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new PosternError('notFound', `cannot read the password: ${reason}`, { cause: error });
  }
}

const codes: Readonly<Record<number, ErrorCode>> = {
  400: 'protocol',
  401: 'forbidden',
  403: 'forbidden',
  404: 'notFound',
  413: 'tooLarge',
  429: 'overload',
};

/** An answer that is none, as an error in the server's own words. */
export function failureOf({ status, text }: ControllerReply): PosternError {
  let message = text;
  try {
    message = String((JSON.parse(text) as { readonly error?: unknown }).error ?? text);
  } catch (error) {
    // Whatever answered was no controller: its own words have to do.
    if (!(error instanceof SyntaxError)) throw error;
  }
  const hint = status === 401 ? ': give the password of the controller (--password-file)' : '';
  return new PosternError(codes[status] ?? 'upstream', `the server says: ${message.trim()}${hint}`);
}

/** What a controller answered. */
export interface ControllerReply {
  readonly status: number;
  readonly text: string;
}

/** One request to a controller, as its commands put it. */
interface ControllerRequest {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent by POST; undefined: GET. */
  readonly payload?: Buffer | undefined;
}

/**
 * Asks the controller of a running server and hands out whatever it says.
 *
 * @throws UpstreamError when nothing answers
 */
export function callController(
  options: ControllerOptions,
  { path, headers, payload }: ControllerRequest,
): Promise<ControllerReply> {
  const password = passwordOf(options);
  const { host, port, socket, timeout } = options;
  const where = socket ?? `${host}:${port}`;
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void =>
      reject(new UpstreamError(`no answer from ${where}: ${error.message}`, { cause: error }));
    const call = request(
      {
        ...(socket === undefined ? { host, port } : { socketPath: socket }),
        path,
        method: payload ? 'POST' : 'GET',
        headers: {
          ...(password !== undefined && { Password: password }),
          ...(payload && { 'Content-Length': payload.length }),
          ...headers,
        },
        timeout: timeout * 1000,
      },
      (response: IncomingMessage) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
        );
        response.on('error', failed);
      },
    );
    call.on('timeout', () => call.destroy(new Error(`nothing within ${timeout} s`)));
    call.on('error', failed);
    call.end(payload);
  });
}

/**
 * Asks the controller of a running server.
 *
 * @param body sent as JSON by POST; undefined: GET
 * @throws PosternError with the server's own words, UpstreamError when nothing answers
 */
export async function askController(
  options: ControllerOptions,
  path: string,
  query: Readonly<Record<string, string | undefined>> = {},
  body?: object,
): Promise<unknown> {
  const words = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  );
  const search = new URLSearchParams(words).toString();
  const { status, text } = await callController(options, {
    path: search === '' ? path : `${path}?${search}`,
    ...(body !== undefined && {
      payload: Buffer.from(JSON.stringify(body)),
      headers: { 'Content-Type': 'application/json' },
    }),
  });
  if (status !== 200) throw failureOf({ status, text });
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const { host, port, socket } = options;
    throw new UpstreamError(`${socket ?? `${host}:${port}`} is no controller of Postern`, { cause: error });
  }
}
