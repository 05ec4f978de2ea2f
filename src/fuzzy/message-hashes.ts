import { htmlSkeleton, stemEvery } from '../content/index.ts';
import type { Part, Task, TextView } from '../core/index.ts';
import { imageSize } from './image-size.ts';
import type { FuzzyHasher } from './keys.ts';
import { fuzzyLimits } from './limits.ts';

/** What a hash stands for; the short names are those in options of symbols. */
export type FuzzyKind = 'txt' | 'html' | 'img' | 'bin';

/** The hash of one piece of a message. */
export interface FuzzyHash {
  readonly kind: FuzzyKind;
  /** 64 bytes. */
  readonly digest: Buffer;
  /** Undefined: only what is the same to the byte matches. */
  readonly shingles: BigUint64Array | undefined;
}

/** Which pieces of a message are hashed (config-format 17.5). */
export interface Eligibility {
  /** Words from which on a text has shingles; never fewer than 32. Scripts without blanks need a third. */
  readonly minLength: number;
  readonly minBytes: number;
  /** Bytes of texts count so many times. */
  readonly textMultiplier: number;
  readonly textShingles: boolean;
  /** Texts with too few words are hashed as a whole. */
  readonly shortTextDirectHash: boolean;
  /** Their hash does not take in the subject. */
  readonly noSubject: boolean;
  readonly texts: boolean;
  /** Undefined: the structure of HTML is not hashed. */
  readonly html: { readonly minTags: number } | undefined;
  readonly images: boolean;
  readonly minWidth: number;
  readonly minHeight: number;
  readonly archives: boolean;
  /** Does an attachment of this media type count? */
  readonly isWantedType: (contentType: string) => boolean;
}

/** Kinds that are left out on demand. */
export type Skipped = ReadonlySet<'text' | 'image' | 'attachment'>;

const noneSkipped: Skipped = new Set();

/** Shingles of shorter texts are as good as none. */
const leastWords = 32;

/** Links and nested elements that a template needs to be told from others. */
const leastLinks = 2;
const leastDepth = 3;

/** Bytes of a digest of HTML that stand for its structure; the rest stands for where its links lead. */
export const structureBytes = 48;

const invisible = /[\u200b-\u200d\u2060\ufeff\u00ad]/g;
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;
const archive =
  /^application\/(?:x-)?(?:zip|zip-compressed|rar|rar-compressed|vnd\.rar|7z-compressed|gzip|tar|gtar|iso9660-image|cab|ace|arj|bzip2|xz)$/;

/** A text as it is hashed as a whole: lines joined, what is invisible gone. */
function strippedText({ text }: TextView): string {
  return text.replaceAll(invisible, '').replaceAll(/[\r\n]+/g, ' ');
}

/** Half of the words being of a script without blanks, words are shorter and fewer. */
function minWords(words: readonly string[], minLength: number): number {
  let found = 0;
  for (const word of words) if (unspaced.test(word)) found++;
  return Math.max(leastWords, 2 * found > words.length ? Math.ceil(minLength / 3) : minLength);
}

class HashReader {
  readonly #task: Task;
  readonly #hasher: FuzzyHasher;
  readonly #eligible: Eligibility;
  readonly #hashes: FuzzyHash[] = [];
  #bytes = 0;

  constructor(task: Task, hasher: FuzzyHasher, eligible: Eligibility) {
    this.#task = task;
    this.#hasher = hasher;
    this.#eligible = eligible;
  }

  async read(skipped: Skipped): Promise<readonly FuzzyHash[]> {
    const { content, message } = this.#task;
    const { texts, html, images } = this.#eligible;
    if (!skipped.has('text'))
      for (const view of content.texts) {
        if (this.#hashes.length >= fuzzyLimits.items) break;
        if (texts) await this.#readText(view);
        if (html && view.kind === 'html') await this.#readHtml(view, html.minTags);
      }
    for (const part of message.parts) {
      if (this.#hashes.length >= fuzzyLimits.items) break;
      if (part.kind === 'image') {
        if (images && !skipped.has('image')) await this.#readImage(part);
      } else if (!skipped.has('attachment') && content.attachments.includes(part))
        await this.#readAttachment(part);
    }
    return this.#hashes;
  }

  async #readText(view: TextView): Promise<void> {
    const { minLength, textShingles, shortTextDirectHash } = this.#eligible;
    const { normal, language, sites } = this.#task.content.words(view);
    const isLong = textShingles && normal.length >= minWords(normal, minLength);
    if (!isLong) {
      if (shortTextDirectHash || !textShingles) await this.#readShortText(view);
      return;
    }
    const words = stemEvery(sites.size === 0 ? normal : normal.filter((_, at) => !sites.has(at)), language)
      .filter((word) => word !== '')
      .slice(0, fuzzyLimits.words);
    const digest = await this.#hasher.digest(words.join(''));
    this.#hashes.push({ kind: 'txt', digest, shingles: this.#hasher.shingles(words) });
  }

  async #readShortText(view: TextView): Promise<void> {
    const { minBytes, textMultiplier, noSubject } = this.#eligible;
    const text = strippedText(view);
    const subject = noSubject ? '' : this.#task.message.subject;
    const length = Buffer.byteLength(text) + Buffer.byteLength(subject);
    if (text.trim() === '' || length * textMultiplier < minBytes) return;
    const digest = await this.#hasher.digest(text, subject);
    this.#hashes.push({ kind: 'txt', digest, shingles: undefined });
  }

  async #readHtml({ part }: TextView, minTags: number): Promise<void> {
    const html = part.text().slice(0, fuzzyLimits.htmlChars);
    const { tags, links, depth, mainDomain } = htmlSkeleton(html, fuzzyLimits.htmlTags);
    if (tags.length < Math.max(minTags, 3) || links < leastLinks || depth < leastDepth) return;
    const structure = await this.#hasher.digest(`html\n${tags.join('\n')}`);
    const target = await this.#hasher.digest(`html-links\n${mainDomain ?? ''}`);
    const digest = Buffer.concat([structure.subarray(0, structureBytes), target.subarray(structureBytes)]);
    this.#hashes.push({ kind: 'html', digest, shingles: this.#hasher.shingles(tags) });
  }

  async #readImage(part: Part): Promise<void> {
    const { minWidth, minHeight } = this.#eligible;
    const bytes = part.decoded();
    const size = minWidth > 0 || minHeight > 0 ? imageSize(bytes) : undefined;
    if (size && (size.width < minWidth || size.height < minHeight)) return;
    await this.#readBytes('img', bytes, this.#eligible.minBytes);
  }

  async #readAttachment(part: Part): Promise<void> {
    const { archives, isWantedType, minBytes } = this.#eligible;
    if (archives && archive.test(part.contentType)) await this.#readBytes('bin', part.decoded(), 1);
    else if (isWantedType(part.contentType)) await this.#readBytes('bin', part.decoded(), minBytes);
  }

  async #readBytes(kind: FuzzyKind, bytes: Buffer, minBytes: number): Promise<void> {
    if (bytes.length === 0 || bytes.length < minBytes) return;
    this.#bytes += bytes.length;
    if (this.#bytes > fuzzyLimits.bytes) return;
    this.#hashes.push({ kind, digest: await this.#hasher.digest(bytes), shingles: undefined });
  }
}

/** The hashes of a message: texts, HTML structures, images, attachments. Bounded as {@link fuzzyLimits} says. */
export function messageHashes(
  task: Task,
  hasher: FuzzyHasher,
  eligible: Eligibility,
  skipped: Skipped = noneSkipped,
): Promise<readonly FuzzyHash[]> {
  return new HashReader(task, hasher, eligible).read(skipped);
}
