import { readFileSync, statSync } from 'node:fs';
import { parseSigningKey, type SigningKey } from '../keys.ts';

interface CachedFile {
  readonly key: SigningKey | undefined;
  readonly error: string | undefined;
  readonly mtimeMs: number;
  checkedMs: number;
}

/** How long a key file is trusted before its time of change is looked at again. */
const recheckMs = 1000;
const maxKeyBytes = 65_536;
const maxCachedTexts = 1000;

/** A key, or why there is none; neither: the file does not exist. */
export interface KeyOutcome {
  readonly key?: SigningKey | undefined;
  readonly error?: string | undefined;
}

function readKey(path: string): { key: SigningKey | undefined; error: string | undefined; mtimeMs: number } {
  try {
    const { mtimeMs, size } = statSync(path);
    if (size > maxKeyBytes) return { key: undefined, error: `larger than ${maxKeyBytes} bytes`, mtimeMs };
    return { key: parseSigningKey(readFileSync(path)), error: undefined, mtimeMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      return { key: undefined, error: undefined, mtimeMs: -1 };
    return { key: undefined, error: error instanceof Error ? error.message : String(error), mtimeMs: -1 };
  }
}

/** Parsed keys by file or text, so that a signature costs no parsing. */
export class KeyCache {
  readonly #files = new Map<string, CachedFile>();
  readonly #texts = new Map<string, KeyOutcome>();

  /** A text that begins with `/` or `.` is a file; anything else is the key itself. */
  get(pathOrText: string, nowMs: number): KeyOutcome {
    return /^[/.]/.test(pathOrText) ? this.#file(pathOrText, nowMs) : this.#text(pathOrText);
  }

  #file(path: string, nowMs: number): KeyOutcome {
    const known = this.#files.get(path);
    if (known && nowMs - known.checkedMs < recheckMs) return known;
    if (known && known.mtimeMs >= 0 && mtimeOf(path) === known.mtimeMs) {
      known.checkedMs = nowMs;
      return known;
    }
    const read = { ...readKey(path), checkedMs: nowMs };
    this.#files.set(path, read);
    return read;
  }

  #text(text: string): KeyOutcome {
    let outcome = this.#texts.get(text);
    if (!outcome) {
      try {
        outcome = { key: parseSigningKey(text) };
      } catch (error) {
        outcome = { error: error instanceof Error ? error.message : String(error) };
      }
      if (this.#texts.size >= maxCachedTexts) this.#texts.clear();
      this.#texts.set(text, outcome);
    }
    return outcome;
  }
}

function mtimeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -1;
}
