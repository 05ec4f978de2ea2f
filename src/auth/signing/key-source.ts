import { readFileSync, statSync } from 'node:fs';
import { parseSigningKey, type SigningKey } from '../keys.ts';

/** Where a key is: a file, or the text of the key itself. */
export type KeyPlace = { readonly file: string } | { readonly text: string };

/** A key, or why there is none; neither: the file does not exist. */
export interface KeyOutcome {
  readonly key?: SigningKey | undefined;
  readonly error?: string | undefined;
}

interface CachedFile extends KeyOutcome {
  /** Of the content that was read; undefined when it could not be. */
  readonly mtimeMs: number | undefined;
  checkedMs: number;
}

/** How long a key file is trusted before its time of change is looked at again. */
const recheckMs = 1000;
const maxKeyBytes = 65_536;
const maxCached = 4096;

/** What an operator wrote as `path`: a text that begins with `/` or `.` is a file, anything else the key itself. */
export function configuredKey(path: string): KeyPlace {
  return /^[/.]/.test(path) ? { file: path } : { text: path };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function parseOutcome(content: string | Buffer): KeyOutcome {
  try {
    return { key: parseSigningKey(content) };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

function readKey(path: string): KeyOutcome & { readonly mtimeMs: number | undefined } {
  try {
    const { mtimeMs, size } = statSync(path);
    if (size > maxKeyBytes) return { error: `larger than ${maxKeyBytes} bytes`, mtimeMs };
    return { ...parseOutcome(readFileSync(path)), mtimeMs };
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return { ...(!isMissing && { error: messageOf(error) }), mtimeMs: undefined };
  }
}

/** Parsed keys by file or text, so that a signature costs no parsing. Bounded, since names come from messages. */
export class KeyCache {
  readonly #files = new Map<string, CachedFile>();
  readonly #texts = new Map<string, KeyOutcome>();

  get(place: KeyPlace, nowMs: number): KeyOutcome {
    return 'file' in place ? this.#file(place.file, nowMs) : this.#text(place.text);
  }

  #file(path: string, nowMs: number): KeyOutcome {
    const known = this.#files.get(path);
    if (known && Math.abs(nowMs - known.checkedMs) < recheckMs) return known;
    if (known?.mtimeMs !== undefined && mtimeOf(path) === known.mtimeMs) {
      known.checkedMs = nowMs;
      return known;
    }
    const read = { ...readKey(path), checkedMs: nowMs };
    if (this.#files.size >= maxCached) this.#files.clear();
    this.#files.set(path, read);
    return read;
  }

  #text(text: string): KeyOutcome {
    let outcome = this.#texts.get(text);
    if (!outcome) {
      outcome = parseOutcome(text);
      if (this.#texts.size >= maxCached) this.#texts.clear();
      this.#texts.set(text, outcome);
    }
    return outcome;
  }
}

function mtimeOf(path: string): number | undefined {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return undefined; // gone or no longer readable: reading again says why
  }
}
