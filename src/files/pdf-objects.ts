import { openEncrypted, type PdfDecrypter } from './pdf-decrypt.ts';
import { PdfLexer, type PdfWork } from './pdf-lexer.ts';
import type { PdfLimits } from './pdf-limits.ts';
import { decodeStream } from './pdf-streams.ts';
import {
  isDictionary,
  type PdfDictionary,
  PdfName,
  PdfReference,
  PdfString,
  type PdfValue,
} from './pdf-values.ts';

interface ObjectHead {
  readonly number: number;
  readonly generation: number;
}

interface StoredObject extends ObjectHead {
  readonly value: PdfValue;
  /** Where its stream begins in the file; -1: it has none. */
  readonly streamAt: number;
}

/** Bytes of a stream without filter that are looked through for its end. */
const plainStreamBytes = 1_048_576;
const maxTrailers = 64;

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;
const isBlank = (byte: number | undefined): boolean =>
  byte !== undefined && (byte <= 0x0d ? byte === 0 || byte >= 9 : byte === 0x20);

/**
 * The objects of a PDF, found by looking for them rather than by the table of references: readers mend broken tables,
 * so what no table names is read, too.
 */
export class PdfObjects {
  readonly #file: Buffer;
  readonly #limits: PdfLimits;
  readonly #work: PdfWork;
  readonly #stored = new Map<number, StoredObject>();
  /** Those that a later version replaced, which older versions of the document are made of. */
  readonly #replaced: PdfValue[] = [];
  readonly #trailer = new Map<string, PdfValue>();
  /** Places in the file where an object begins. */
  count = 0;
  isCut = false;
  /** For documents that open with the empty password. */
  #decrypter: PdfDecrypter | undefined;

  constructor(file: Buffer, limits: PdfLimits, work: PdfWork) {
    this.#file = file;
    this.#limits = limits;
    this.#work = work;
    this.#readTrailers();
    this.#readObjects();
    if (this.isEncrypted) this.#decrypt();
    if (this.isReadable) this.#readObjectStreams();
    if (work.tokens <= 0 || work.inflatedBytes <= 0) this.isCut = true;
  }

  /** Entries of all trailers and of the streams that take their place, the last ones first. */
  get trailer(): PdfDictionary {
    return this.#trailer;
  }

  get isEncrypted(): boolean {
    return this.#trailer.has('Encrypt');
  }

  /** Can texts and streams be read: it is not encrypted, or opens with the empty password. */
  get isReadable(): boolean {
    return !this.isEncrypted || this.#decrypter !== undefined;
  }

  *values(): Generator<PdfValue> {
    for (const { value } of this.#stored.values()) yield value;
    yield* this.#replaced;
  }

  /** What a reference leads to; anything else as it is. */
  resolve(value: PdfValue | undefined): PdfValue | undefined {
    let resolved = value;
    for (let i = 0; i < 8 && resolved instanceof PdfReference; i++)
      resolved = this.#stored.get(resolved.object)?.value;
    return resolved;
  }

  /** The stream that a reference leads to; undefined: none, or none that can be read. */
  stream(value: PdfValue | undefined): Buffer | undefined {
    if (!(value instanceof PdfReference) || !this.isReadable) return undefined;
    const object = this.#stored.get(value.object);
    return object && this.#decode(object);
  }

  /** Objects with streams of one subtype, each with the bytes of its stream as they stand in the file. */
  *streams(subtype: string): Generator<{ readonly dictionary: PdfDictionary; readonly bytes: Buffer }> {
    if (!this.isReadable) return;
    for (const object of this.#stored.values()) {
      const { value, streamAt } = object;
      if (streamAt < 0 || !isDictionary(value) || !isNamed(value.get('Subtype'), subtype)) continue;
      const length = this.resolve(value.get('Length'));
      if (typeof length !== 'number' || length <= 0) continue;
      const bytes = this.#plainStream(object, this.#file.subarray(streamAt, streamAt + length));
      if (bytes) yield { dictionary: value, bytes };
    }
  }

  #readTrailers(): void {
    let at = this.#file.length;
    for (let i = 0; i < maxTrailers && at > 0; i++) {
      at = this.#file.lastIndexOf('trailer', at - 1, 'latin1');
      if (at < 0) return;
      this.#addTrailer(new PdfLexer(this.#file, at + 7, this.#work).value());
    }
  }

  #addTrailer(value: PdfValue | undefined): void {
    if (!isDictionary(value)) return;
    for (const key of ['Encrypt', 'Root', 'Info', 'ID']) {
      const entry = value.get(key);
      if (entry !== undefined && !this.#trailer.has(key)) this.#trailer.set(key, entry);
    }
  }

  #readObjects(): void {
    const { objects } = this.#limits;
    const first: number[] = [];
    // The latest places, in a ring.
    const last: number[] = [];
    for (const place of this.#places()) {
      if (first.length < objects / 2) first.push(place);
      else last[(this.count - 1) % (objects / 2)] = place;
    }
    if (this.count > objects) this.isCut = true;
    for (const place of first) this.#readObject(place);
    for (const place of last.sort((a, b) => a - b)) this.#readObject(place);
  }

  /** Offsets of `obj` behind two numbers. */
  *#places(): Generator<number> {
    const file = this.#file;
    let looked = 0;
    for (let at = file.indexOf('obj', 0, 'latin1'); at >= 0; at = file.indexOf('obj', at + 3, 'latin1')) {
      // `endobj` follows each of them.
      if (++looked > this.#limits.countedObjects * 2) {
        this.isCut = true;
        return;
      }
      if (!isBlank(file[at - 1]) && !isDigit(file[at - 1])) continue;
      const next = file[at + 3];
      if (next !== undefined && /[A-Za-z0-9]/.test(String.fromCharCode(next))) continue;
      if (!this.#headBefore(at)) continue;
      this.count++;
      yield at;
    }
  }

  /** Numbers of the object whose `obj` stands here; undefined: there are none. */
  #headBefore(place: number): ObjectHead | undefined {
    const file = this.#file;
    let at = place - 1;
    const least = Math.max(0, place - 48);
    const skip = (holds: (byte: number | undefined) => boolean): number => {
      const start = at;
      while (at >= least && holds(file[at])) at--;
      return start - at;
    };
    skip(isBlank);
    const generationEnd = at + 1;
    if (skip(isDigit) === 0) return undefined;
    const generation = Number(file.toString('latin1', at + 1, generationEnd));
    if (skip(isBlank) === 0) return undefined;
    const end = at + 1;
    const digits = skip(isDigit);
    if (digits === 0 || digits > 10) return undefined;
    return { number: Number(file.toString('latin1', at + 1, end)), generation };
  }

  #readObject(place: number): void {
    const head = this.#headBefore(place);
    if (!head) return;
    const lexer = new PdfLexer(this.#file, place + 3, this.#work);
    const value = lexer.value();
    if (value === undefined) return;
    const streamAt = isDictionary(value) && lexer.takeWord('stream') ? this.#lineAfter(lexer.position) : -1;
    const before = this.#stored.get(head.number);
    if (before && typeof before.value === 'object') this.#replaced.push(before.value);
    this.#stored.set(head.number, { ...head, value, streamAt });
    if (streamAt >= 0 && isDictionary(value) && isNamed(value.get('Type'), 'XRef')) this.#addTrailer(value);
  }

  #lineAfter(position: number): number {
    let at = position;
    if (this.#file[at] === 0x0d) at++;
    if (this.#file[at] === 0x0a) at++;
    return at;
  }

  /** Undoes the encryption of texts, if the empty password opens the document. */
  #decrypt(): void {
    const reference = this.#trailer.get('Encrypt');
    const encrypt = this.resolve(reference);
    if (!isDictionary(encrypt)) return;
    const ids = this.resolve(this.#trailer.get('ID'));
    const id = Array.isArray(ids) ? this.resolve(ids[0] as PdfValue) : undefined;
    this.#decrypter = openEncrypted(encrypt, id instanceof PdfString ? id.bytes : '');
    if (!this.#decrypter) return;
    for (const object of this.#stored.values())
      if (object.value !== encrypt) this.#decryptTexts(object, object.value);
  }

  #decryptTexts(object: ObjectHead, value: PdfValue): void {
    if (value instanceof PdfString) {
      this.#work.inflatedBytes -= value.bytes.length;
      if (this.#work.inflatedBytes <= 0) return;
      const plain = this.#decrypter?.(Buffer.from(value.bytes, 'latin1'), object, 'string');
      value.bytes = plain?.toString('latin1') ?? '';
    } else if (Array.isArray(value)) {
      for (const item of value as readonly PdfValue[]) this.#decryptTexts(object, item);
    } else if (isDictionary(value)) {
      for (const item of value.values()) this.#decryptTexts(object, item);
    }
  }

  /** Bytes of a stream without their encryption. */
  #plainStream(object: StoredObject, bytes: Buffer): Buffer | undefined {
    if (!this.#decrypter) return bytes;
    this.#work.inflatedBytes -= bytes.length;
    return this.#work.inflatedBytes > 0 ? this.#decrypter(bytes, object, 'stream') : undefined;
  }

  #decode(object: StoredObject): Buffer | undefined {
    const { value, streamAt } = object;
    if (streamAt < 0 || !isDictionary(value)) return undefined;
    const stream = this.#plainStream(object, this.#streamBytes(value, streamAt));
    const decoded = stream && decodeStream(value, stream, this.#limits.streamBytes, this.#work);
    if (decoded?.isCut) this.isCut = true;
    return decoded?.bytes;
  }

  /** A stream as it stands in the file. Compressed ones end by themselves, whatever their length is said to be. */
  #streamBytes(dictionary: PdfDictionary, streamAt: number): Buffer {
    if (dictionary.has('Filter') && !this.#decrypter)
      return this.#file.subarray(streamAt, streamAt + this.#limits.streamBytes);
    const window = this.#file.subarray(streamAt, streamAt + plainStreamBytes);
    const length = this.resolve(dictionary.get('Length'));
    if (typeof length === 'number' && length > 0 && this.#decrypter) return window.subarray(0, length);
    const end = window.indexOf('endstream', 0, 'latin1');
    this.#work.tokens -= (end < 0 ? window.length : end) >>> 5;
    return end < 0 ? window : window.subarray(0, end);
  }

  /** Objects in compressed streams (ISO 32000-1 7.5.7). */
  #readObjectStreams(): void {
    let left = this.#limits.objects;
    for (const object of [...this.#stored.values()]) {
      if (object.streamAt < 0 || !isDictionary(object.value)) continue;
      if (!isNamed(object.value.get('Type'), 'ObjStm')) continue;
      const bytes = this.#decode(object);
      if (bytes) left -= this.#readCompressed(bytes, object.value, left);
    }
    if (left <= 0) this.isCut = true;
  }

  #readCompressed(bytes: Buffer, dictionary: PdfDictionary, most: number): number {
    const count = this.resolve(dictionary.get('N'));
    const first = this.resolve(dictionary.get('First'));
    if (typeof count !== 'number' || typeof first !== 'number') return 0;
    const header = new PdfLexer(bytes, 0, this.#work, first);
    let read = 0;
    for (; read < Math.min(count, most); read++) {
      const number = header.value();
      const offset = header.value();
      if (typeof number !== 'number' || typeof offset !== 'number') break;
      const value = new PdfLexer(bytes, Math.max(0, first + offset), this.#work).value();
      if (value === undefined) continue;
      this.count++;
      if (this.#stored.has(number)) this.#replaced.push(value);
      else this.#stored.set(number, { number, generation: 0, value, streamAt: -1 });
    }
    return read;
  }
}

function isNamed(value: PdfValue | undefined, name: string): boolean {
  return value instanceof PdfName && value.name === name;
}
