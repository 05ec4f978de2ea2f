import type { Part, Task } from '../core/index.ts';
import type { Pattern } from '../lib/index.ts';
import type { SettledOptions } from './options.ts';

/** What is handed to a scanner at once. */
export interface Piece {
  readonly content: Buffer;
  /** Undefined: the whole message. */
  readonly part: Part | undefined;
}

/** First bytes of the image formats that mail programs show. */
const imageStarts = [
  Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
  Buffer.from('\xff\xd8\xff', 'latin1'),
  Buffer.from('GIF8', 'latin1'),
  Buffer.from('BM', 'latin1'),
];
/** First bytes of what is no text although it may have no NUL near its start. */
const binaryStarts = [
  'MZ',
  'PK\x03\x04',
  '%PDF',
  '{\\rtf',
  '\xd0\xcf\x11\xe0',
  'Rar!',
  '7z\xbc\xaf',
  '\x1f\x8b',
].map((start) => Buffer.from(start, 'latin1'));
const sniffedBytes = 1024;

const startsWith = (content: Buffer, start: Buffer): boolean =>
  content.length >= start.length && content.compare(start, 0, start.length, 0, start.length) === 0;

/** Is it the image that it says it is? What only claims to be one is scanned like any attachment. */
function isImage(part: Part, content: Buffer): boolean {
  if (part.kind !== 'image') return false;
  if (imageStarts.some((start) => startsWith(content, start))) return true;
  return content.toString('latin1', 0, 4) === 'RIFF' && content.toString('latin1', 8, 12) === 'WEBP';
}

/** Text of the message for reading, and no file that says it is text. */
function isText(part: Part, content: Buffer): boolean {
  if (part.kind !== 'text' || part.isAttachment || part.fileName !== undefined) return false;
  if (binaryStarts.some((start) => startsWith(content, start))) return false;
  return part.charset?.startsWith('utf-16') || !content.subarray(0, sniffedBytes).includes(0);
}

function hasWords(text: string, count: number): boolean {
  if (count <= 0) return true;
  let words = 0;
  for (const _ of text.matchAll(/[\p{Letter}\p{Number}]+/gu)) if (++words >= count) return true;
  return false;
}

/** Which parts of a message a rule wants to see. */
export class PieceFilter {
  readonly #options: SettledOptions;
  readonly #patterns: readonly Pattern[];
  readonly #extensions: ReadonlySet<string>;

  constructor(options: SettledOptions, patterns: readonly Pattern[]) {
    this.#options = options;
    this.#patterns = patterns;
    this.#extensions = new Set(
      options.mime_parts_filter_ext?.map((ext) => ext.toLowerCase().replace(/^\./, '')),
    );
  }

  /** In the order of the message, empty ones left out. */
  select(task: Task): readonly Piece[] {
    if (!this.#options.scan_mime_parts) {
      return task.raw.length === 0 ? [] : [{ content: task.raw, part: undefined }];
    }
    const pieces: Piece[] = [];
    for (const part of task.message.parts) {
      if (part.kind === 'multipart' || part.children.length > 0) continue;
      const content = part.decoded();
      if (content.length > 0 && this.#wants(part, content)) pieces.push({ content, part });
    }
    return pieces;
  }

  #wants(part: Part, content: Buffer): boolean {
    const options = this.#options;
    if (isText(part, content)) {
      if (options.scan_text_mime && hasWords(part.text(), options.text_part_min_words)) return true;
    } else if (isImage(part, content)) {
      if (options.scan_image_mime) return true;
    } else if (options.scan_all_mime_parts) {
      return true;
    }
    return !options.scan_all_mime_parts && this.#isNamed(part);
  }

  #isNamed({ fileName, contentType }: Part): boolean {
    if (fileName !== undefined) {
      const labels = fileName.toLowerCase().split('.');
      const [last, beforeLast] = [
        labels.length > 1 ? labels.at(-1) : undefined,
        labels.length > 2 ? labels.at(-2) : undefined,
      ];
      if (last !== undefined && this.#extensions.has(last)) return true;
      if (beforeLast !== undefined && this.#extensions.has(beforeLast)) return true;
      if (this.#patterns.some((pattern) => pattern.test(fileName))) return true;
    }
    return this.#patterns.some((pattern) => pattern.test(contentType));
  }
}
