import type { MapHandle, Task } from '../../core/index.ts';
import {
  type Eligibility,
  type FuzzyHash,
  FuzzyHasher,
  type FuzzyKeys,
  messageHashes,
  type Skipped,
} from '../../fuzzy/index.ts';
import { compileGlob } from '../../lib/index.ts';
import type { Backend } from './backend.ts';
import type { FuzzyCheckOptions, RuleOptions } from './options.ts';

/** What a flag stands for. */
export interface Meaning<Sym> {
  readonly symbol: Sym;
  readonly hitsLimit: number;
}

/** One storage with what is asked of it. */
export interface Rule<Sym> {
  readonly name: string;
  readonly options: RuleOptions;
  readonly backend: Backend;
  readonly hashes: HashMaker;
  readonly meanings: ReadonlyMap<number, Meaning<Sym>>;
  /** For other flags; undefined: they do not count. */
  readonly otherwise: Meaning<Sym> | undefined;
  readonly skipped: MapHandle | undefined;
  readonly htmlWeight: number;
}

/** Hashes messages as a rule wants it; rules that want the same share one. */
export class HashMaker {
  readonly isHtmlRead: boolean;
  readonly #hasher: FuzzyHasher;
  readonly #eligible: Eligibility;
  readonly #made = new WeakMap<Task, Promise<readonly FuzzyHash[]>>();

  constructor(keys: FuzzyKeys, eligible: Eligibility) {
    this.#hasher = new FuzzyHasher(keys);
    this.#eligible = eligible;
    this.isHtmlRead = eligible.html !== undefined;
  }

  /** Computed once for each message. */
  of(task: Task): Promise<readonly FuzzyHash[]> {
    let made = this.#made.get(task);
    if (!made) this.#made.set(task, (made = messageHashes(task, this.#hasher, this.#eligible)));
    return made;
  }

  /** For teaching, which may leave something out. */
  without(task: Task, skipped: Skipped): Promise<readonly FuzzyHash[]> {
    return messageHashes(task, this.#hasher, this.#eligible, skipped);
  }
}

function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}

/** Options of a rule that make its hashes, with everything filled in. */
function hashOptions(own: RuleOptions, common: FuzzyCheckOptions) {
  const { text, html, image, archive } = own.checks ?? {};
  return {
    keys: { fuzzyKey: own.fuzzy_key, shinglesKey: own.fuzzy_shingles_key, algorithm: own.algorithm },
    minLength: text?.min_length ?? own.min_length ?? common.min_length ?? 64,
    minBytes: own.min_bytes ?? common.min_bytes ?? 1024,
    textMultiplier: text?.text_multiplier ?? own.text_multiplier ?? common.text_multiplier ?? 4,
    textShingles: own.text_shingles,
    shortTextDirectHash: text?.short_text_direct_hash ?? own.short_text_direct_hash,
    noSubject: own.no_subject,
    texts: text?.enabled ?? own.text_hashes,
    html:
      (html?.enabled ?? own.html_shingles)
        ? { minTags: html?.min_html_tags ?? own.min_html_tags ?? 10 }
        : undefined,
    images: image?.enabled ?? !own.skip_images,
    minWidth: image?.min_width ?? own.min_width ?? common.min_width ?? 500,
    minHeight: image?.min_height ?? own.min_height ?? common.min_height ?? 500,
    archives: archive?.enabled ?? own.scan_archives,
    mimeTypes: [...new Set(listOf(own.mime_types))],
  };
}

/** Makers of hashes, each kind once. */
export class HashMakers {
  readonly #made = new Map<string, HashMaker>();

  for(own: RuleOptions, common: FuzzyCheckOptions): HashMaker {
    const { keys, mimeTypes, ...options } = hashOptions(own, common);
    const key = JSON.stringify({ keys, mimeTypes, options });
    let maker = this.#made.get(key);
    if (!maker) {
      const globs = mimeTypes.map((glob) => compileGlob(glob.toLowerCase()));
      const isWantedType = (type: string): boolean => globs.some((glob) => glob.test(type));
      this.#made.set(key, (maker = new HashMaker(keys, { ...options, isWantedType })));
    }
    return maker;
  }
}
