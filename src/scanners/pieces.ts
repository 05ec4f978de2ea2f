import type { FileView, Part, Task } from '../core/index.ts';
import type { Pattern } from '../lib/index.ts';
import type { SettledOptions } from './options.ts';

/** What is handed to a scanner at once. */
export interface Piece {
  readonly content: Buffer;
  /** Undefined: the whole message. */
  readonly part: Part | undefined;
}

/** Image formats that mail programs show. */
const shownImages: ReadonlySet<string> = new Set(['png', 'jpg', 'gif', 'bmp', 'webp']);
/** Texts may have types, too. */
const textFamilies: ReadonlySet<string> = new Set(['text', 'script']);
const sniffedBytes = 1024;

/** Is it the image that it says it is? What only claims to be one is scanned like any attachment. */
function isImage({ part, type }: FileView): boolean {
  return part.kind === 'image' && type !== undefined && shownImages.has(type.extension);
}

/** Text of the message for reading, and no file that says it is text. */
function isText({ part, type }: FileView, content: Buffer): boolean {
  if (part.kind !== 'text' || part.isAttachment || part.fileName !== undefined) return false;
  if (type && !textFamilies.has(type.family)) return false;
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
      if (content.length > 0 && this.#wants(task.content.file(part), content)) pieces.push({ content, part });
    }
    return pieces;
  }

  #wants(view: FileView, content: Buffer): boolean {
    const options = this.#options;
    if (isText(view, content)) {
      if (options.scan_text_mime && hasWords(view.part.text(), options.text_part_min_words)) return true;
    } else if (isImage(view)) {
      if (options.scan_image_mime) return true;
    } else if (options.scan_all_mime_parts) {
      return true;
    }
    return !options.scan_all_mime_parts && this.#isNamed(view);
  }

  #isNamed(view: FileView): boolean {
    const { fileName, contentType } = view.part;
    if (fileName !== undefined && this.#isWantedName(fileName)) return true;
    if (this.#matches(contentType)) return true;
    if (this.#patterns.length === 0 && this.#extensions.size === 0) return false;
    const { type, archive } = view;
    if (type && (this.#extensions.has(type.extension) || this.#matches(type.contentType))) return true;
    return archive?.members.some(({ name }) => this.#isWantedName(name)) ?? false;
  }

  #matches(text: string): boolean {
    return this.#patterns.some((pattern) => pattern.test(text));
  }

  #isWantedName(name: string): boolean {
    const labels = name.toLowerCase().split('.');
    const last = labels.length > 1 ? labels.at(-1) : undefined;
    const beforeLast = labels.length > 2 ? labels.at(-2) : undefined;
    if (last !== undefined && this.#extensions.has(last)) return true;
    if (beforeLast !== undefined && this.#extensions.has(beforeLast)) return true;
    return this.#matches(name);
  }
}
