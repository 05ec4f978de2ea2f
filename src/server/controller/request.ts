import { Buffer } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { LimitError, PosternError, ProtocolError, RequestHeaderList } from '../../core/index.ts';
import { decompressZstd } from '../compression.ts';

/** Every header line of a request, repeated ones too. */
export function headersOf(request: IncomingMessage): RequestHeaderList {
  const headers = new RequestHeaderList();
  const { rawHeaders } = request;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers.add(rawHeaders[i]!, rawHeaders[i + 1]!);
  return headers;
}

function queryOf(request: FastifyRequest): Readonly<Record<string, unknown>> {
  return (request.query ?? {}) as Record<string, unknown>;
}

/** A header, else the query argument of that name; the last one of several. */
export function argumentOf(request: FastifyRequest, name: string): string | undefined {
  const header = request.headers[name];
  if (header !== undefined) return Array.isArray(header) ? header.at(-1) : header;
  const value = queryOf(request)[name];
  const last = Array.isArray(value) ? value.at(-1) : value;
  return typeof last === 'string' ? last : undefined;
}

/**
 * Reads a body as it came.
 *
 * @throws LimitError `tooLarge` beyond `maxBytes`
 */
export async function readBody(stream: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of stream) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) throw new LimitError('tooLarge', `Request entity too large: ${sizeBytes}`);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, sizeBytes);
}

/** The body as it came, empty when there was none. */
export function rawBodyOf(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}

/**
 * The body without its zstd compression.
 *
 * @throws ProtocolError for any other compression or a broken stream, LimitError `tooLarge`
 */
export async function bodyOf(request: FastifyRequest, maxBytes: number): Promise<Buffer> {
  const body = rawBodyOf(request);
  const encoding = request.headers['compression'] ?? request.headers['content-encoding'];
  if (encoding === undefined || encoding === '' || encoding === 'identity') return body;
  if (encoding !== 'zstd') throw new ProtocolError('Invalid compression method');
  return decompressZstd(body, maxBytes);
}

/**
 * The target with its path cleaned as Rspamd's router does: no empty and no dot segments, so that one endpoint has
 * one name.
 */
export function normalizeTarget(target: string): string {
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  if (!/\/(?:\/|\.{1,2}(?:\/|$))/.test(path)) return target;
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  const isFolder = /\/(?:\.{1,2})?$/.test(path) && segments.length > 0;
  return `/${segments.join('/')}${isFolder ? '/' : ''}${mark < 0 ? '' : target.slice(mark)}`;
}

/** An answer with this status and text. */
export function mistake(status: number, message: string): PosternError & { readonly status: number } {
  return Object.assign(new PosternError(status === 404 ? 'notFound' : 'protocol', message), { status });
}

/**
 * A JSON body.
 *
 * @throws PosternError with status 400
 */
export function parseBody<Schema extends z.ZodType>(body: Buffer, schema: Schema): z.output<Schema> {
  if (body.length === 0) throw mistake(400, 'Empty body is not permitted');
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch (error) {
    throw Object.assign(mistake(400, 'Cannot parse input'), { cause: error });
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw mistake(400, `Cannot parse input: ${parsed.error.issues[0]?.message}`);
  return parsed.data;
}
