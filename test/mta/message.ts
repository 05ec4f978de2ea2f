import { randomBytes } from 'node:crypto';

/** A message taken apart without changing a byte. */
export interface SplitMessage {
  /** Header fields in order, each with its folded lines but without the last CRLF; latin1, so lossless. */
  fields: string[];
  /** Everything after the empty line. */
  body: Buffer;
}

/** Takes a message apart at the first empty line (RFC 5322 2.1). */
export function splitMessage(raw: Buffer): SplitMessage {
  const text = raw.toString('latin1');
  if (text.startsWith('\r\n')) return { fields: [], body: raw.subarray(2) };
  const end = text.indexOf('\r\n\r\n');
  const head = end < 0 ? text.replace(/\r\n$/, '') : text.slice(0, end);
  const fields = head === '' ? [] : head.split(/\r\n(?![ \t])/);
  return { fields, body: end < 0 ? Buffer.alloc(0) : raw.subarray(end + 4) };
}

/** The name of a header field, lower case; empty where the line has none. */
export const fieldName = (field: string): string => (/^([^\s:]+)\s*:/.exec(field)?.[1] ?? '').toLowerCase();

/** The unfolded values of every header field of this name. */
export function headerValues(raw: Buffer, name: string): string[] {
  return splitMessage(raw)
    .fields.filter((field) => fieldName(field) === name.toLowerCase())
    .map((field) =>
      field
        .slice(field.indexOf(':') + 1)
        .replace(/\r\n/g, '')
        .trim(),
    );
}

/** The Message-ID without its brackets, as the scanner's history has it. */
export const messageIdOf = (raw: Buffer): string =>
  (headerValues(raw, 'message-id')[0] ?? '').replace(/[<>]/g, '');

/** The message without the header fields of these names (lower case). */
export function withoutFields(raw: Buffer, names: readonly string[]): SplitMessage {
  const { fields, body } = splitMessage(raw);
  return { fields: fields.filter((field) => !names.includes(fieldName(field))), body };
}

const DOT = 0x2e;

const startsLine = (bytes: Buffer, at: number): boolean =>
  at === 0 || (bytes[at - 1] === 0x0a && bytes[at - 2] === 0x0d);

/** Doubles the dots that begin a line, for DATA (RFC 5321 4.5.2). */
export function stuff(raw: Buffer): Buffer {
  const out: Buffer[] = [];
  let from = 0;
  for (let at = raw.indexOf(DOT); at >= 0; at = raw.indexOf(DOT, at + 1)) {
    if (!startsLine(raw, at)) continue;
    out.push(raw.subarray(from, at + 1));
    from = at;
  }
  out.push(raw.subarray(from));
  return Buffer.concat(out);
}

/** Takes the doubled dots away again. */
export function unstuff(wire: Buffer): Buffer {
  const out: Buffer[] = [];
  let from = 0;
  for (let at = wire.indexOf(DOT); at >= 0; at = wire.indexOf(DOT, at + 1)) {
    if (!startsLine(wire, at)) continue;
    out.push(wire.subarray(from, at));
    from = at + 1;
  }
  out.push(wire.subarray(from));
  return Buffer.concat(out);
}

/** A word that no other message of the run carries. */
export const uniqueWord = (): string => randomBytes(6).toString('hex');

/** The standard test text that every scanner of this family must refuse. */
export const GTUBE = 'XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X';

export interface MessageOptions {
  from?: string;
  to?: string;
  subject?: string;
  /** Header lines besides the usual ones, each without its line end. */
  headers?: readonly string[];
  body?: string;
}

/** An ordinary message with the headers that mail programs write; `body` with CRLF line ends. */
export function buildMessage({
  from = 'Alice <alice@example.com>',
  to = 'bob@far.example',
  subject = 'Minutes of Tuesday',
  headers = [],
  body = 'Dear Bob,\r\n\r\nhere are the minutes.\r\n.. and a line that begins with dots.\r\n\r\nAlice\r\n',
}: MessageOptions = {}): Buffer {
  return Buffer.from(
    [
      `From: ${from}`,
      `To: ${to}`,
      `Subject: ${subject}`,
      `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
      `Message-ID: <${uniqueWord()}@example.com>`,
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=utf-8',
      ...headers,
      '',
      body,
    ].join('\r\n'),
    'latin1',
  );
}
