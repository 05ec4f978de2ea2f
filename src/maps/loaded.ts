import { readFileSync, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { type Log, type MapHandle, type MapKind, UpstreamError } from '../core/index.ts';
import type { IpAddress } from '../lib/index.ts';
import { CdbTable } from './cdb.ts';
import { parseLines } from './lines.ts';
import { describe, isCode, isMissing, type RemoteSource } from './remote.ts';
import { createTable, type MapTable, type TableBuilder } from './table.ts';
import type { InlineEntry } from './value.ts';

/** Bounds of one map. */
export interface MapLimits {
  /** Bytes of one source, before and after decompression. */
  readonly maxBytes: number;
  readonly maxEntries: number;
  readonly maxPatterns: number;
}

export const defaultLimits: MapLimits = {
  maxBytes: 128 * 1024 * 1024,
  maxEntries: 4_000_000,
  maxPatterns: 50_000,
};

/** A source as a loaded map uses it. */
export type LiveSource =
  | { readonly kind: 'file'; readonly path: string; readonly isFallback: boolean }
  | { readonly kind: 'http'; readonly remote: RemoteSource };

/** What a look at one source found. */
type Look =
  | { readonly status: 'present'; readonly version: string }
  | { readonly status: 'missing'; readonly reason: string | undefined; readonly isAsked: boolean }
  | { readonly status: 'unreadable'; readonly reason: string };

const decompress = promisify(zstdDecompress);
const zstdMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
/** Entries between two turns of the event loop. */
const entriesPerTurn = 20_000;
const maxReportedLines = 10;
const maxShownBytes = 16 * 1024 * 1024;

export interface LoadedMapInit {
  readonly id: number;
  readonly kind: MapKind;
  readonly description: string;
  readonly sources: readonly LiveSource[];
  readonly inline: readonly InlineEntry[];
  readonly pollMs: number;
  readonly limits: MapLimits;
  readonly log: Log;
  /** Called after every attempt that changed something. */
  onLoad(outcome: 'ok' | 'failed', handle: LoadedMap): void;
}

/** A map held in memory (or, for `cdb`, in an open file) and renewed when a source changes. */
export class LoadedMap implements MapHandle {
  readonly id: number;
  readonly kind: MapKind;
  readonly description: string;
  readonly sources: readonly string[];
  readonly isExternal = false;
  readonly #init: LoadedMapInit;
  readonly #listeners: (() => void)[] = [];
  /** Look of the last attempt, per source; the same look again means nothing to do. */
  #seen = '';
  readonly #reported = new Map<string, string>();
  #table: MapTable;
  #cdbs: readonly CdbTable[] = [];
  #text: string | undefined;
  #hits = 0;
  isLoaded: boolean;

  /** @param inlineTable table with the inline entries, in use until the sources are loaded */
  constructor(init: LoadedMapInit, inlineTable: TableBuilder) {
    this.id = init.id;
    this.kind = init.kind;
    this.description = init.description;
    this.sources =
      init.sources.length === 0
        ? ['static']
        : init.sources.map((source) => (source.kind === 'file' ? source.path : source.remote.url));
    this.#init = init;
    this.#table = inlineTable;
    this.isLoaded = init.sources.length === 0;
    if (this.isLoaded && init.kind === 'plain') this.#text = inlineText(init.inline);
  }

  get entryCount(): number {
    return this.#table.entryCount;
  }

  get hitCount(): number {
    return this.#hits;
  }

  get isLocal(): boolean {
    return this.#init.sources.every((source) => source.kind === 'file');
  }

  lookup(key: string | IpAddress): string | undefined {
    const value = this.#table.lookup(key);
    if (value !== undefined) this.#hits++;
    return value;
  }

  lookupAll(key: string | IpAddress): readonly string[] {
    const values = this.#table.lookupAll(key);
    if (values.length > 0) this.#hits++;
    return values;
  }

  async ask(key: string | IpAddress): Promise<string | undefined> {
    return this.lookup(key);
  }

  /** A list that could not be loaded yet cannot say that something is not in it. */
  async demand(key: string | IpAddress): Promise<string | undefined> {
    if (!this.isLoaded && !this.isLocal) throw new UpstreamError(`${this.description} is not loaded yet`);
    return this.lookup(key);
  }

  text(): string | undefined {
    if (this.kind === 'plain') return this.#text;
    if (this.kind === 'cdb' || !this.isLocal || this.#init.sources.length === 0) return undefined;
    let text = '';
    for (const source of this.#init.sources) {
      if (source.kind !== 'file' || source.isFallback) continue;
      try {
        if (statSync(source.path).size > maxShownBytes) return undefined;
        text += readFileSync(source.path, 'utf8');
      } catch (error) {
        if (!isCode(error, undefined)) throw error;
      }
    }
    return text;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Looks at the sources and loads what changed. `mode` `cache` reads remote lists from the disk cache only. */
  async refresh(mode: 'cache' | 'ask', signal: AbortSignal): Promise<void> {
    const { sources, log, onLoad } = this.#init;
    if (sources.length === 0) return;
    const looks = await Promise.all(sources.map((source) => this.#look(source, mode, signal)));
    if (signal.aborted) return;
    const seen = JSON.stringify(
      looks.map(({ status, ...rest }) => [status, 'version' in rest ? rest.version : rest.reason]),
    );
    if (seen === this.#seen) return;
    this.#seen = seen;
    for (const [index, look] of looks.entries()) this.#report(index, look);
    const chosen = chooseSources(sources, looks);
    const isUnreadable = looks.some((look) => look.status === 'unreadable');
    if (chosen.length === 0 || (isUnreadable && this.isLoaded)) {
      if (isUnreadable) onLoad('failed', this);
      return;
    }
    try {
      if (this.kind === 'cdb') this.#openCdbs(chosen);
      else await this.#load(chosen, signal);
    } catch (error) {
      if (signal.aborted) return;
      // The state that failed is remembered: the next attempt waits for a change.
      log.error(this.isLoaded ? 'map not renewed, the last good one stays' : 'map not loaded', {
        map: this.description,
        reason: describe(error),
      });
      onLoad('failed', this);
      return;
    }
    if (signal.aborted) return;
    const isFirst = !this.isLoaded;
    this.isLoaded = true;
    // Every process loads every map when it starts; what an operator wants to see is a change.
    log[isFirst && this.isLocal ? 'debug' : 'info']('map loaded', {
      map: this.description,
      sources: this.sources,
      entries: this.entryCount,
    });
    onLoad('ok', this);
    for (const listener of this.#listeners) listener();
  }

  close(): void {
    for (const cdb of this.#cdbs) cdb.close();
    this.#cdbs = [];
  }

  async #look(source: LiveSource, mode: 'cache' | 'ask', signal: AbortSignal): Promise<Look> {
    try {
      if (source.kind === 'file') {
        const { mtimeMs, size, ino, ctimeMs } = await stat(source.path);
        return { status: 'present', version: `${mtimeMs}:${ctimeMs}:${size}:${ino}` };
      }
      const state = await (mode === 'cache' ? source.remote.cached() : source.remote.refresh(signal));
      if (state.version === undefined)
        return { status: 'missing', reason: state.failure, isAsked: state.isAsked };
      // A failure is told once, and its end too.
      if (state.failure !== undefined) this.#warnStale(source.remote.url, state.failure, state.isAsked);
      else this.#reported.delete(source.remote.url);
      return { status: 'present', version: state.version };
    } catch (error) {
      if (isMissing(error)) return { status: 'missing', reason: undefined, isAsked: false };
      if (!isCode(error, undefined)) throw error;
      return { status: 'unreadable', reason: describe(error) };
    }
  }

  #warnStale(url: string, failure: string, isAsked: boolean): void {
    if (!isAsked || this.#reported.get(url) === failure) return;
    this.#reported.set(url, failure);
    this.#init.log.warn('remote map not renewed, the cached one stays', {
      map: this.description,
      source: url,
      reason: failure,
    });
  }

  #report(index: number, look: Look): void {
    const { log } = this.#init;
    const source = this.sources[index]!;
    const text = look.status === 'present' ? '' : `${look.status} ${look.reason ?? ''}`;
    const key = `${index}`;
    if (this.#reported.get(key) === text) return;
    const isRemote = this.#init.sources[index]!.kind === 'http';
    // A list is asked for by one process, and that one tells.
    if (isRemote && look.status === 'missing' && look.reason !== undefined && !look.isAsked) return;
    this.#reported.set(key, text);
    const fields = { map: this.description, source };
    if (look.status === 'unreadable') log.error('map cannot be read', { ...fields, reason: look.reason });
    else if (look.status === 'missing') {
      if (isRemote && look.reason !== undefined) {
        log.warn('remote map is empty until it can be fetched', { ...fields, reason: look.reason });
      } else if (!isRemote && this.isLoaded) log.warn('map file is gone, the last good one stays', fields);
      else log.debug('map is not there yet', fields);
    }
  }

  #openCdbs(chosen: readonly LiveSource[]): void {
    const opened: CdbTable[] = [];
    try {
      for (const source of chosen) if (source.kind === 'file') opened.push(new CdbTable(source.path));
    } catch (error) {
      for (const cdb of opened) cdb.close();
      throw error;
    }
    const old = this.#cdbs;
    this.#cdbs = opened;
    this.#table = opened.length === 1 ? opened[0]! : new JoinedTable(opened);
    for (const cdb of old) cdb.close();
  }

  async #load(chosen: readonly LiveSource[], signal: AbortSignal): Promise<void> {
    const { limits, inline, log, kind } = this.#init;
    const table = createTable(kind, limits);
    let plain = kind === 'plain' ? inlineText(inline) : '';
    let entries = 0;
    let complaints = 0;
    addInline(table, inline);
    for (const source of chosen) {
      const name = source.kind === 'file' ? source.path : source.remote.url;
      const text = await this.#read(source);
      if (kind === 'plain') {
        plain += text;
        continue;
      }
      for (const entry of parseLines(text)) {
        if (++entries > limits.maxEntries) throw new Error(`more than ${limits.maxEntries} entries`);
        const problem = table.add(entry);
        if (problem && ++complaints <= maxReportedLines) {
          const fields = { map: this.description, line: `${name}:${entry.line}`, reason: problem.message };
          if (problem.isFatal) log.error('map entry left out', fields);
          else log.warn('map entry', fields);
        }
        if (entries % entriesPerTurn === 0) {
          await nextTurn();
          if (signal.aborted) return;
        }
      }
    }
    if (complaints > maxReportedLines) {
      log.error('more map entries left out', { map: this.description, count: complaints - maxReportedLines });
    }
    this.#table = table;
    if (kind === 'plain') this.#text = plain;
  }

  async #read(source: LiveSource): Promise<string> {
    const { maxBytes } = this.#init.limits;
    let data: Buffer;
    let isNamedZstd: boolean;
    if (source.kind === 'file') {
      const { size } = await stat(source.path);
      if (size > maxBytes) throw new Error(`${source.path}: larger than ${maxBytes} bytes`);
      data = await readFile(source.path);
      isNamedZstd = /\.zstd?$/.test(source.path);
    } else {
      data = await source.remote.content();
      isNamedZstd = /\.zstd?$/.test(new URL(source.remote.url).pathname);
    }
    if (data.subarray(0, 4).equals(zstdMagic)) {
      data = await decompress(data, { maxOutputLength: maxBytes });
    } else if (isNamedZstd && data.length > 0) throw new Error('not zstd data, in spite of its name');
    return data.toString('utf8');
  }
}

/** Adds what the configuration gives; yields what is wrong with an entry and its index. */
export function addInline(
  table: TableBuilder,
  inline: readonly InlineEntry[],
): { readonly index: number; readonly message: string; readonly isFatal: boolean }[] {
  const problems: { index: number; message: string; isFatal: boolean }[] = [];
  for (const [index, item] of inline.entries()) {
    for (const entry of typeof item === 'string' ? parseLines(item) : [item]) {
      const problem = table.add(entry);
      if (problem) problems.push({ index, ...problem });
    }
  }
  return problems;
}

function inlineText(inline: readonly InlineEntry[]): string {
  return inline.map((item) => `${typeof item === 'string' ? item : `${item.key} ${item.value}`}\n`).join('');
}

/** All main sources that are there; the fallbacks only when there is none. */
function chooseSources(sources: readonly LiveSource[], looks: readonly Look[]): readonly LiveSource[] {
  const present = sources.filter((_, index) => looks[index]!.status === 'present');
  const isFallback = (source: LiveSource): boolean => source.kind === 'file' && source.isFallback;
  const main = present.filter((source) => !isFallback(source));
  return main.length > 0 ? main : present;
}

class JoinedTable implements MapTable {
  readonly #tables: readonly MapTable[];

  constructor(tables: readonly MapTable[]) {
    this.#tables = tables;
  }

  get entryCount(): number {
    return this.#tables.reduce((sum, table) => sum + table.entryCount, 0);
  }

  lookup(key: string | IpAddress): string | undefined {
    for (const table of this.#tables) {
      const value = table.lookup(key);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  lookupAll(key: string | IpAddress): readonly string[] {
    return this.#tables.flatMap((table) => table.lookupAll(key));
  }
}
