import { encodeWords } from 'nodemailer/lib/mime-funcs';
import type { Task } from '../../core/index.ts';

/** Instances of one header field that are exported. */
const maxInstances = 16;
/** Most servers take header lines of 8 KiB. */
const maxHeaderValueBytes = 7168;

const unknown = 'unknown';

/** What is told of a message besides its content. Names are those of Rspamd; `direction` and `sender` are ours. */
export interface EnvelopeMetadata {
  readonly ip: string;
  readonly user: string;
  readonly qid: string;
  readonly subject: string;
  readonly action: string;
  /** Name of this machine. */
  readonly rspamd_server: string;
  readonly score: number;
  readonly fuzzy: readonly string[];
  readonly rcpt: readonly string[] | string;
  readonly from: string;
  readonly symbols: readonly {
    readonly name: string;
    readonly score: number;
    readonly group: string | undefined;
    readonly groups: readonly string[];
    readonly options: readonly string[];
  }[];
  /** Milliseconds. */
  readonly scan_time: number;
  /** Bytes. */
  readonly size: number;
  readonly direction: 'inbound' | 'outbound';
  /** Sender identity as limits and logs know it. */
  readonly sender: string;
}

/** The same with header fields of the message. */
export interface Metadata extends EnvelopeMetadata {
  readonly header_from: readonly string[] | string;
  readonly header_to: readonly string[] | string;
  readonly header_subject: readonly string[] | string;
  readonly header_date: readonly string[] | string;
  readonly message_id: string;
}

export interface Scanner {
  readonly hostName: string;
  now(): number;
}

/** Metadata without header fields. */
export function envelopeMetadata(task: Task, scanner: Scanner): EnvelopeMetadata {
  const { envelope, result, direction } = task;
  const fuzzy = task.variables.get('fuzzy_hashes');
  return {
    ip: envelope.clientIp?.text ?? unknown,
    user: envelope.login ?? unknown,
    qid: envelope.queueId ?? unknown,
    subject: task.message.subject || unknown,
    action: result.currentAction(),
    rspamd_server: scanner.hostName,
    score: result.currentScore(),
    fuzzy: fuzzy === undefined ? [] : String(fuzzy).split(/,\s*/),
    rcpt: envelope.recipients.length === 0 ? unknown : envelope.recipients.map(({ text }) => text),
    from: envelope.sender?.text || unknown,
    symbols: Array.from(result.hits, ({ name, score, groups, options }) => ({
      name,
      score,
      group: groups[0],
      groups,
      options,
    })),
    scan_time: Math.max(0, Math.round(scanner.now() - task.startedMs)),
    size: task.raw.length,
    direction: direction.isOutbound ? 'outbound' : 'inbound',
    sender: `${task.sender.kind}:${task.sender.value}`,
  };
}

function headerValues(task: Task, key: string): readonly string[] | string {
  const found = task.message.headers.every(key);
  return found.length === 0 ? unknown : found.slice(0, maxInstances).map(({ value }) => value);
}

/** All metadata. */
export function metadataOf(task: Task, scanner: Scanner): Metadata {
  return {
    ...envelopeMetadata(task, scanner),
    header_from: headerValues(task, 'from'),
    header_to: headerValues(task, 'to'),
    header_subject: headerValues(task, 'subject'),
    header_date: headerValues(task, 'date'),
    message_id: task.message.messageId ?? 'undef',
  };
}

/** JSON in ASCII, as header values have to be (RFC 9110 5.5). */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The longest beginning of a list that fits, so that what is cut off still parses. */
function boundedJson(items: readonly unknown[]): string {
  let text = asciiJson(items);
  let count = items.length;
  while (text.length > maxHeaderValueBytes && count > 0) {
    count = Math.min(count - 1, Math.floor((count * maxHeaderValueBytes) / text.length));
    text = asciiJson(items.slice(0, count));
  }
  return text;
}

/** Without line breaks and other controls, which would end a header or a line of an alert. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ').toWellFormed();
}

/** Encoded words (RFC 2047) where a text is not ASCII. */
export function encodeText(text: string): string {
  return /[^ -~\t\n]/.test(text) ? encodeWords(text, 'B', 52) : text;
}

/** The metadata as request headers: lists in JSON, other text in encoded words (RFC 2047) where it is not ASCII. */
export function metadataHeaders(
  metadata: EnvelopeMetadata,
  prefix: string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [
      `${prefix}${name}`,
      Array.isArray(value)
        ? boundedJson(value)
        : encodeText(oneLine(String(value)).slice(0, maxHeaderValueBytes / 4)),
    ]),
  );
}
