import { type Task, UpstreamError } from '../core/index.ts';
import type { Connection } from './connection.ts';
import { type Head, parseHead, threatsOf } from './icap-message.ts';
import { type IcapOptions, icapOptions } from './options.ts';
import { type Reconnect, type Scanner, type ScannerType, type ScanResult, threatText } from './scanner.ts';

const endOfHead = '\r\n\r\n';
const lastChunk = Buffer.from('0\r\n\r\n', 'latin1');
/** All that was asked to be previewed was the whole (RFC 3507 4.5). */
const lastPreviewChunk = Buffer.from('0; ieof\r\n\r\n', 'latin1');
const maxPreviewBytes = 1_048_576;

/** What a server says of its service (RFC 3507 4.10.2). */
interface Service {
  readonly method: 'RESPMOD' | 'REQMOD';
  readonly allows204: boolean;
  /** Bytes it wants to see first; undefined: everything at once. */
  readonly previewBytes: number | undefined;
  readonly closes: boolean;
}

function chunk(content: Buffer): Buffer {
  if (content.length === 0) return content;
  return Buffer.concat([Buffer.from(`${content.length.toString(16)}\r\n`), content, Buffer.from('\r\n')]);
}

function serviceOf({ status, statusLine, headers }: Head): Service | ScanResult {
  if (status === 0) throw new UpstreamError('no ICAP server');
  if (status < 200 || status > 299) throw new UpstreamError(`OPTIONS: ${threatText(statusLine)}`);
  const methods = headers.get('methods') ?? '';
  const method = methods.includes('RESPMOD') ? 'RESPMOD' : methods.includes('REQMOD') ? 'REQMOD' : undefined;
  if (method === undefined) return { kind: 'fail', threats: ['NO RESPMOD'] };
  const preview = headers.get('preview');
  return {
    method,
    allows204: /\b204\b/.test(headers.get('allow') ?? ''),
    previewBytes:
      preview !== undefined && /^\d{1,9}$/.test(preview)
        ? Math.min(Number(preview), maxPreviewBytes)
        : undefined,
    closes: headers.get('connection')?.toLowerCase() === 'close',
  };
}

/** A scanner that speaks ICAP (RFC 3507): asks for the options of the service, then lets it see the content. */
function icapScanner(options: IcapOptions): Scanner {
  const { scheme, user_agent: userAgent } = options;
  const agentLine = userAgent === 'none' ? '' : `User-Agent: ${userAgent}\r\n`;

  const start = (method: string, host: string): string =>
    `${method} icap://${host}/${scheme} ICAP/1.0\r\nHost: ${host}\r\n${agentLine}`;

  /** Encapsulated heads and the header that tells where each begins (RFC 3507 4.4.1). */
  function encapsulated(method: Service['method'], sizeBytes: number): { header: string; heads: string } {
    const date = `Date: ${new Date().toUTCString()}\r\n`;
    const verb = method === 'REQMOD' ? 'POST' : 'GET';
    const length = `Content-Length: ${sizeBytes}\r\n`;
    const request =
      method === 'REQMOD' || options.req_headers_enabled
        ? `${verb} ${options.req_fake_url} HTTP/1.0\r\n${date}${agentLine}${method === 'REQMOD' ? length : ''}\r\n`
        : '';
    const response =
      method === 'RESPMOD' && options.http_headers_enabled
        ? `HTTP/1.0 200 OK\r\n${date}Server: Apache/2.4\r\n${length}\r\n`
        : '';
    const places: string[] = [];
    if (request) places.push('req-hdr=0');
    if (response) places.push(`res-hdr=${request.length}`);
    places.push(`${method === 'REQMOD' ? 'req' : 'res'}-body=${request.length + response.length}`);
    return { header: `Encapsulated: ${places.join(', ')}\r\n`, heads: request + response };
  }

  function extraHeaders({ envelope }: Task): string {
    let lines = '';
    if (options.x_client_header && envelope.clientIp) lines += `X-Client-IP: ${envelope.clientIp.text}\r\n`;
    const recipient = envelope.recipients[0];
    if (options.x_rcpt_header && recipient) lines += `X-Rcpt-To: ${threatText(recipient.text)}\r\n`;
    if (options.x_from_header && envelope.sender)
      lines += `X-Mail-From: ${threatText(envelope.sender.text)}\r\n`;
    return lines;
  }

  async function send(
    connection: Connection,
    host: string,
    service: Service,
    content: Buffer,
    task: Task,
  ): Promise<{ readonly head: Head; readonly isSent: boolean }> {
    const { method, allows204, previewBytes } = service;
    const { header, heads } = encapsulated(method, content.length);
    const isPreviewed = previewBytes !== undefined;
    const first = isPreviewed ? content.subarray(0, previewBytes) : content;
    await connection.write(
      Buffer.from(
        start(method, host) +
          (allows204 ? 'Allow: 204\r\n' : '') +
          (isPreviewed ? `Preview: ${first.length}\r\n` : '') +
          extraHeaders(task) +
          `${header}\r\n${heads}`,
        'latin1',
      ),
    );
    await connection.write(chunk(first));
    const isWhole = first.length === content.length;
    const isFirstSent = await connection.write(isPreviewed && isWhole ? lastPreviewChunk : lastChunk);
    const head = parseHead(await connection.readUntil(endOfHead), 'ICAP');
    if (head.status !== 100 || !isPreviewed || isWhole) {
      // A service that saw a preview has seen what it wanted to see.
      return { head, isSent: isFirstSent };
    }
    await connection.write(chunk(content.subarray(first.length)));
    const isSent = await connection.write(lastChunk);
    return { head: parseHead(await connection.readUntil(endOfHead), 'ICAP'), isSent };
  }

  /** What the HTTP status alone says. */
  function blocked({ status, statusLine }: Head): ScanResult | undefined {
    const words = threatText(statusLine.replace(/^HTTP\/\S+ /, ''));
    if (status >= 400 && status <= 499)
      return { kind: 'found', threats: [`pseudo-virus (blocked): ${words}`] };
    if (status >= 300 && status <= 399 && options.use_http_3xx_as_threat) {
      return { kind: 'found', threats: [`pseudo-virus (redirect): ${words}`] };
    }
    return undefined;
  }

  function verdict(head: Head): ScanResult | undefined {
    const threats = threatsOf(head.headers);
    return threats && { kind: threats.kind, threats: threats.names.map(threatText) };
  }

  async function judge(connection: Connection, head: Head): Promise<ScanResult> {
    if (head.status === 0) throw new UpstreamError('no ICAP server');
    if (head.status < 200 || head.status > 299) throw new UpstreamError(threatText(head.statusLine));
    const said = verdict(head);
    if (said) return said;
    const inside = head.headers.get('encapsulated') ?? 'null-body=0';
    if (head.status === 204 || !options.use_http_result_header || !/\b(?:res|req)-hdr=/.test(inside)) {
      return { kind: 'clean' };
    }
    const http = await connection.readUntil(endOfHead);
    // A service that lets a request pass gives it back as a request, without a status.
    if (inside.includes('req-hdr=') && !http.startsWith('HTTP/')) return { kind: 'clean' };
    const httpHead = parseHead(http, 'HTTP');
    if (httpHead.status < 200 || httpHead.status > 499) throw new UpstreamError('unhandled ICAP response');
    return verdict(httpHead) ?? blocked(httpHead) ?? { kind: 'clean' };
  }

  async function ask(connect: Reconnect, host: string, content: Buffer, task: Task): Promise<ScanResult> {
    let connection = await connect();
    try {
      await connection.write(
        Buffer.from(`${start('OPTIONS', host)}Encapsulated: null-body=0\r\n\r\n`, 'latin1'),
      );
      const service = serviceOf(parseHead(await connection.readUntil(endOfHead), 'ICAP'));
      if ('kind' in service) return service;
      if (service.closes) {
        connection.close();
        connection = await connect();
      }
      const { head, isSent } = await send(connection, host, service, content, task);
      const result = await judge(connection, head);
      // One that gives the content back while it still comes in has not judged it.
      if (result.kind === 'clean' && head.status !== 204 && !isSent) {
        return { kind: 'fail', threats: ['answered before everything was sent'] };
      }
      return result;
    } finally {
      connection.close();
    }
  }

  return {
    transport: !options.ssl ? 'plain' : options.no_ssl_verify ? 'tls-unverified' : 'tls',
    maxReplyBytes: 131_072,
    failure: (reason) => `failed - error: ${reason}`,
    scan: ask,
  };
}

/** ICAP services, whatever stands behind them. */
export const icapType: ScannerType<IcapOptions> = {
  port: 1344,
  timeoutSeconds: 10,
  cacheSeconds: 7200,
  ownOptions: icapOptions,
  words: 'threat found with icap scanner',
  weight: ({ default_score: weight }) => weight,
  create: icapScanner,
};
