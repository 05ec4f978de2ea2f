import { type AddedHeader, isSpamAction, type Verdict } from '../../core/index.ts';
import { encodeHeaderText } from '../encoded-word.ts';
import { bodyOffsetOf, refold } from '../reply/index.ts';
import { spamThreshold } from './report.ts';

/** A header field of a message that is being edited. */
interface Field {
  readonly key: string;
  /** The whole field with its line break. */
  readonly bytes: Buffer;
}

/** Marks of ours; those that came with the message are removed, since anybody can write them. */
const ownFields: ReadonlySet<string> = new Set([
  'x-spam-flag',
  'x-spam-level',
  'x-spam-status',
  'x-spam-checker-version',
]);
const maxLevel = 50;

/** Offset after the mbox line `From …` and the blank lines behind it; 0 when the message has none. */
function headerOffset(raw: Buffer): number {
  if (raw.toString('latin1', 0, 5) !== 'From ') return 0;
  const end = raw.indexOf(0x0a);
  return end < 0 ? raw.length : end + 1;
}

function splitFields(header: Buffer): Field[] {
  const fields: Field[] = [];
  let start = 0;
  while (start < header.length) {
    let end = start;
    do {
      const lineFeed = header.indexOf(0x0a, end);
      end = lineFeed < 0 ? header.length : lineFeed + 1;
    } while (header[end] === 0x20 || header[end] === 0x09);
    const bytes = header.subarray(start, end);
    const colon = bytes.indexOf(0x3a);
    fields.push({ key: bytes.toString('latin1', 0, Math.max(colon, 0)).trim().toLowerCase(), bytes });
    start = end;
  }
  return fields;
}

/** Removes instances: 0 all, n the n-th from the top, -n the n-th from the end. */
function removeInstances(fields: Field[], name: string, instances: readonly number[]): Field[] {
  const key = name.toLowerCase();
  const count = fields.filter((field) => field.key === key).length;
  const doomed = new Set(instances.map((instance) => (instance < 0 ? count + 1 + instance : instance)));
  let seen = 0;
  return fields.filter((field) => field.key !== key || !(doomed.has(0) || doomed.has(++seen)));
}

function insertAt(fields: Field[], order: number | undefined, field: Field): void {
  if (order === undefined || order === -1) fields.push(field);
  else if (order >= 0) fields.splice(Math.min(order, fields.length), 0, field);
  else fields.splice(Math.max(fields.length + 1 + order, 0), 0, field);
}

/** Symbol names with commas, a new line where the next name would go beyond 78 characters (RFC 5322 2.1.1). */
function foldNames(names: readonly string[], lineLength: number): string {
  let text = '';
  for (const [index, name] of names.entries()) {
    const piece = index === names.length - 1 ? name : `${name},`;
    if (index > 0 && lineLength + piece.length > 78) {
      text += '\n\t';
      lineLength = 8;
    }
    text += piece;
    lineLength += piece.length;
  }
  return text;
}

function statusValue(verdict: Verdict, isSpam: boolean): string {
  const score = `score=${verdict.score.toFixed(1)} required=${spamThreshold(verdict).toFixed(1)}`;
  const names = verdict.symbols.map((hit) => hit.name);
  const tests = names.length === 0 ? 'none' : foldNames(names, '        tests='.length);
  return `${isSpam ? 'Yes' : 'No'}, ${score}\n\ttests=${tests}`;
}

function marks(verdict: Verdict): AddedHeader[] {
  const isSpam = isSpamAction(verdict.action);
  const added: AddedHeader[] = [];
  if (isSpam) added.push({ name: 'X-Spam-Flag', value: 'YES' });
  if (verdict.score >= 1) {
    added.push({ name: 'X-Spam-Level', value: '*'.repeat(Math.min(Math.floor(verdict.score), maxLevel)) });
  }
  added.push({ name: 'X-Spam-Status', value: statusValue(verdict, isSpam) });
  return added;
}

/**
 * The message as PROCESS returns it: marked with `X-Spam-*`, subject rewritten, signed, and changed as checks asked
 * for. Nothing but header fields is touched, unless a check rewrote the message.
 *
 * @param extent `header`: without the body, as HEADERS wants it
 */
export function processMessage(raw: Buffer, verdict: Verdict, extent: 'whole' | 'header'): Buffer {
  const message = verdict.rewritten ?? raw;
  const newline = verdict.newline === '\r' ? '\n' : verdict.newline;
  const start = headerOffset(message);
  const bodyOffset = start + bodyOffsetOf(message.subarray(start));
  const field = ({ name, value }: { name: string; value: string }): Field => ({
    key: name.toLowerCase(),
    bytes: Buffer.from(`${name}: ${refold(value, newline)}${newline}`),
  });
  let fields = splitFields(message.subarray(start, bodyOffset)).filter(
    ({ key, bytes }) => !ownFields.has(key) && !/^\r?\n$/.test(bytes.toString('latin1', 0, 3)),
  );
  const last = fields.at(-1);
  if (last && last.bytes.at(-1) !== 0x0a) {
    fields[fields.length - 1] = { key: last.key, bytes: Buffer.concat([last.bytes, Buffer.from(newline)]) };
  }
  for (const { name, instances } of verdict.milter?.removeHeaders ?? []) {
    fields = removeInstances(fields, name, instances);
  }
  if (verdict.subject !== undefined) {
    const subject = field({ name: 'Subject', value: encodeHeaderText(verdict.subject) });
    const at = fields.findIndex(({ key }) => key === 'subject');
    if (at < 0) fields.push(subject);
    else fields[at] = subject;
  }
  for (const added of verdict.milter?.addHeaders ?? []) insertAt(fields, added.order, field(added));
  const onTop = [
    ...marks(verdict),
    ...verdict.dkimSignatures.map((value) => ({ name: 'DKIM-Signature', value })),
  ].map(field);
  const pieces = [message.subarray(0, start), ...onTop.map(({ bytes }) => bytes)];
  for (const { bytes } of fields) pieces.push(bytes);
  pieces.push(Buffer.from(newline));
  if (extent === 'whole') pieces.push(message.subarray(bodyOffset));
  return Buffer.concat(pieces);
}
