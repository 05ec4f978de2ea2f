import { Unpackr } from 'msgpackr';
import { z } from 'zod';
import { ProtocolError, RequestHeaderList } from '../../core/index.ts';
import { oneLine } from '../reply/index.ts';

/** Largest metadata part, in bytes: room for the longest recipient lists. */
export const maxMetadataBytes = 4 * 1024 * 1024;

const text = z.string();
const scalar = z.union([z.string(), z.number(), z.boolean()]);
const parameters = z.record(z.string(), scalar);

/** The `metadata` part of /checkv3 (wire-protocols 1.6). Unknown keys are ignored. */
const metadataSchema = z.object({
  from: text.optional(),
  rcpt: z.union([text, z.array(text)]).optional(),
  ip: text.optional(),
  helo: text.optional(),
  hostname: text.optional(),
  queue_id: text.optional(),
  user: text.optional(),
  deliver_to: text.optional(),
  settings_id: text.optional(),
  settings: z.record(z.string(), z.unknown()).optional(),
  tls: z.object({ cipher: text.optional(), version: text.optional() }).optional(),
  mta: z.object({ tag: text.optional(), name: text.optional() }).optional(),
  flags: z.array(text).optional(),
  raw: z.boolean().optional(),
  log_tag: text.optional(),
  mail_esmtp_args: parameters.optional(),
  rcpt_esmtp_args: z.array(parameters.nullable()).optional(),
  headers: z.record(z.string(), z.union([text, z.array(text)])).optional(),
  file: text.optional(),
  shm: text.optional(),
});

export type Metadata = z.infer<typeof metadataSchema>;

/** Headers that metadata may not set: they decide where the message comes from. */
const reservedHeaders: ReadonlySet<string> = new Set([
  'shm',
  'shm-offset',
  'shm-length',
  'file',
  'path',
  'dictionary',
  'compression',
  'content-encoding',
]);

const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' });

/**
 * Reads metadata as JSON or msgpack.
 *
 * @throws ProtocolError naming the field that is wrong
 */
export function parseMetadata(bytes: Buffer, format: 'json' | 'msgpack'): Metadata {
  if (bytes.length === 0) throw new ProtocolError('metadata is empty');
  let value: unknown;
  try {
    value = format === 'json' ? JSON.parse(bytes.toString('utf8')) : unpackr.unpack(bytes);
  } catch (error) {
    throw new ProtocolError(`metadata is no ${format}`, { cause: error });
  }
  const result = metadataSchema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue?.path.join('.');
  throw new ProtocolError(`metadata${path ? `.${path}` : ''} is not understood`);
}

/** The same facts as header lines, the form in which every other request brings them. */
export function metadataHeaders(metadata: Metadata): RequestHeaderList {
  const headers = new RequestHeaderList();
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined) headers.add(name, oneLine(value));
  };
  add('From', metadata.from);
  const recipients = typeof metadata.rcpt === 'string' ? [metadata.rcpt] : (metadata.rcpt ?? []);
  for (const recipient of recipients) add('Rcpt', recipient);
  add('IP', metadata.ip);
  add('Helo', metadata.helo);
  add('Hostname', metadata.hostname);
  add('Queue-Id', metadata.queue_id);
  add('User', metadata.user);
  add('Deliver-To', metadata.deliver_to);
  add('Settings-ID', metadata.settings_id);
  add('TLS-Cipher', metadata.tls?.cipher);
  add('TLS-Version', metadata.tls?.version);
  add('MTA-Tag', metadata.mta?.tag);
  add('MTA-Name', metadata.mta?.name);
  for (const flag of metadata.flags ?? []) add('Flags', flag);
  if (metadata.raw) add('Raw', 'yes');
  add('Log-Tag', metadata.log_tag);
  for (const [key, value] of Object.entries(metadata.mail_esmtp_args ?? {})) {
    add('X-Rspamd-Mail-Esmtp-Args', `${key}=${value}`);
  }
  for (const [index, args] of (metadata.rcpt_esmtp_args ?? []).entries()) {
    for (const [key, value] of Object.entries(args ?? {})) {
      add('X-Rspamd-Rcpt-Esmtp-Args', `${index}:${key}=${value}`);
    }
  }
  return headers;
}

/** Lines that rules may ask for: those of the HTTP request and those in the metadata. Nothing reads them as envelope. */
export function metadataRequestHeaders(metadata: Metadata, http: RequestHeaderList): RequestHeaderList {
  const headers = new RequestHeaderList();
  for (const [name, value] of http.entries()) headers.add(name, value);
  for (const [name, value] of Object.entries(metadata.headers ?? {})) {
    if (reservedHeaders.has(name.toLowerCase())) continue;
    for (const line of typeof value === 'string' ? [value] : value) headers.add(oneLine(name), oneLine(line));
  }
  if (metadata.settings) headers.add('Settings', JSON.stringify(metadata.settings));
  return headers;
}
