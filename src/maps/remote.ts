import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../core/index.ts';

/** What is known of a remote list, beside its bytes in the cache folder. */
interface CacheRecord {
  readonly url: string;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  /** Changes with the bytes; undefined: never fetched. */
  readonly version: string | undefined;
  /** No process asks the server before this time. */
  readonly nextCheckMs: number;
  /** Failures in a row. */
  readonly failures: number;
  /** Why the last attempt failed. */
  readonly failure: string | undefined;
}

export interface RemoteOptions {
  readonly cacheDir: string;
  readonly clock: Clock;
  readonly fetch: typeof fetch;
  readonly timeoutMs: number;
  readonly pollMs: number;
  readonly maxBytes: number;
}

export interface RemoteState {
  readonly version: string | undefined;
  readonly failure: string | undefined;
  /** Did this process ask the server just now? The others leave the telling to it. */
  readonly isAsked: boolean;
}

const firstRetryMs = 15_000;
const maxFreshMs = 86_400_000;
const maxRecordBytes = 16_384;

/**
 * A list on an HTTP server, kept in files that all processes share (and the next start reads). Whoever finds the
 * list due takes a lock file and asks the server under the conditions of RFC 9110 13.1; the others only look at
 * the record, so a list is fetched once for the whole server.
 */
export class RemoteSource {
  readonly url: string;
  readonly #authorization: string | undefined;
  readonly #options: RemoteOptions;
  readonly #recordPath: string;
  readonly #dataPath: string;
  readonly #lockPath: string;

  constructor(url: string, authorization: string | undefined, options: RemoteOptions) {
    this.url = url;
    this.#authorization = authorization;
    this.#options = options;
    const name = createHash('sha256')
      .update(`${authorization ?? ''}\n${url}`)
      .digest('hex')
      .slice(0, 32);
    this.#recordPath = join(options.cacheDir, `${name}.json`);
    this.#dataPath = join(options.cacheDir, `${name}.data`);
    this.#lockPath = join(options.cacheDir, `${name}.lock`);
  }

  /** What the cache holds now, without asking the server. */
  async cached(): Promise<RemoteState> {
    return known(await this.#readRecord());
  }

  /** Bytes of the cached list. */
  async content(): Promise<Buffer> {
    const { size } = await stat(this.#dataPath);
    if (size > this.#options.maxBytes) throw new Error(`larger than ${this.#options.maxBytes} bytes`);
    return readFile(this.#dataPath);
  }

  /** Asks the server if the list is due and no other process does so already. Never rejects. */
  async refresh(signal: AbortSignal): Promise<RemoteState> {
    const before = await this.#readRecord();
    if (before && !this.#isDue(before)) return known(before);
    await mkdir(this.#options.cacheDir, { recursive: true, mode: 0o700 });
    if (!(await this.#lock())) return known(before);
    try {
      // Another process may have been faster than the lock.
      const record = await this.#readRecord();
      if (record && !this.#isDue(record)) return known(record);
      const next = await this.#ask(record, signal);
      if (signal.aborted) return known(record);
      await this.#write(this.#recordPath, Buffer.from(JSON.stringify(next)));
      return { version: next.version, failure: next.failure, isAsked: true };
    } finally {
      await unlink(this.#lockPath).catch(ignoreMissing);
    }
  }

  /** A time further away than any answer may set means that the machine's clock was wrong. */
  #isDue(record: CacheRecord): boolean {
    const waitMs = record.nextCheckMs - this.#options.clock.now();
    return waitMs <= 0 || waitMs > maxFreshMs + 2 * this.#options.pollMs;
  }

  async #ask(before: CacheRecord | undefined, signal: AbortSignal): Promise<CacheRecord> {
    const { clock, pollMs } = this.#options;
    try {
      return await this.#fetch(before, signal);
    } catch (error) {
      const failures = (before?.failures ?? 0) + 1;
      return {
        url: this.url,
        etag: before?.etag,
        lastModified: before?.lastModified,
        version: before?.version,
        nextCheckMs: clock.now() + Math.min(pollMs, firstRetryMs * 2 ** Math.min(failures - 1, 10)),
        failures,
        failure: describe(error),
      };
    }
  }

  async #fetch(before: CacheRecord | undefined, signal: AbortSignal): Promise<CacheRecord> {
    const { clock, pollMs, timeoutMs } = this.#options;
    const headers: Record<string, string> = { 'user-agent': 'postern' };
    if (this.#authorization !== undefined) headers['authorization'] = this.#authorization;
    if (before?.version !== undefined) {
      if (before.etag !== undefined) headers['if-none-match'] = before.etag;
      if (before.lastModified !== undefined) headers['if-modified-since'] = before.lastModified;
    }
    const response = await this.#options.fetch(this.url, {
      headers,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    const now = clock.now();
    const common = {
      url: this.url,
      nextCheckMs: now + freshFor(response.headers, now, pollMs),
      failures: 0,
      failure: undefined,
    };
    if (response.status === 304 && before?.version !== undefined) {
      await response.body?.cancel();
      const { etag, lastModified, version } = before;
      return { ...common, etag, lastModified, version };
    }
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`the server answered ${response.status}`);
    }
    const data = await this.#body(response);
    await this.#write(this.#dataPath, data);
    return {
      ...common,
      etag: response.headers.get('etag') ?? undefined,
      lastModified: response.headers.get('last-modified') ?? undefined,
      version: createHash('sha256').update(data).digest('hex').slice(0, 16),
    };
  }

  async #body(response: Response): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    let sizeBytes = 0;
    if (response.body) {
      for await (const chunk of response.body) {
        sizeBytes += chunk.length;
        if (sizeBytes > this.#options.maxBytes)
          throw new Error(`larger than ${this.#options.maxBytes} bytes`);
        chunks.push(chunk);
      }
    }
    return Buffer.concat(chunks);
  }

  async #readRecord(): Promise<CacheRecord | undefined> {
    let text: string;
    try {
      const { size } = await stat(this.#recordPath);
      if (size > maxRecordBytes) return undefined;
      text = await readFile(this.#recordPath, 'utf8');
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    return parseRecord(text);
  }

  /** Takes the lock file; one left behind by a dead process is broken after twice the time a fetch may take. */
  async #lock(): Promise<boolean> {
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        const file = await open(this.#lockPath, 'wx', 0o600);
        await file.close();
        return true;
      } catch (error) {
        if (!isCode(error, 'EEXIST')) throw error;
      }
      try {
        const { mtimeMs } = await stat(this.#lockPath);
        if (Date.now() - mtimeMs < this.#options.timeoutMs * 2 + 10_000) return false;
        await unlink(this.#lockPath);
      } catch (error) {
        ignoreMissing(error);
      }
    }
    return false;
  }

  async #write(path: string, data: Buffer): Promise<void> {
    const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
    try {
      await writeFile(temporary, data, { mode: 0o600, flush: true });
      await rename(temporary, path);
    } catch (error) {
      await unlink(temporary).catch(ignoreMissing);
      throw error;
    }
  }
}

function known(record: CacheRecord | undefined): RemoteState {
  return { version: record?.version, failure: record?.failure, isAsked: false };
}

/** How long an answer may be used (RFC 9111 4.2.1), at least the interval of looks and at most a day. */
function freshFor(headers: Headers, nowMs: number, pollMs: number): number {
  const interval = pollMs * (1 + Math.random());
  const control = headers.get('cache-control') ?? '';
  if (/\bno-(?:cache|store)\b/i.test(control)) return interval;
  const maxAge = /\bmax-age\s*=\s*"?(\d{1,10})/i.exec(control);
  let freshMs = 0;
  if (maxAge) freshMs = Number(maxAge[1]) * 1000;
  else {
    const expires = Date.parse(headers.get('expires') ?? '');
    if (!Number.isNaN(expires)) freshMs = expires - nowMs;
  }
  return Math.max(interval, Math.min(freshMs, maxFreshMs));
}

function parseRecord(text: string): CacheRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // A record cut short by a full disk counts as none: the list is fetched again.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const record = value as Partial<Record<keyof CacheRecord, unknown>>;
  const textOf = (field: unknown): string | undefined => (typeof field === 'string' ? field : undefined);
  if (typeof record.nextCheckMs !== 'number' || typeof record.url !== 'string') return undefined;
  return {
    url: record.url,
    etag: textOf(record.etag),
    lastModified: textOf(record.lastModified),
    version: textOf(record.version),
    nextCheckMs: record.nextCheckMs,
    failures: typeof record.failures === 'number' ? record.failures : 0,
    failure: textOf(record.failure),
  };
}

/** The innermost reason: fetch wraps the network's error in "fetch failed". */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'timeout';
  const { cause } = error;
  if (cause instanceof Error && cause.message !== '') return cause.message;
  return isCode(cause, undefined) ? `${error.message}: ${cause.code}` : error.message;
}

export function isCode(error: unknown, code: string | undefined): error is { readonly code: string } {
  return (
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    typeof error.code === 'string' &&
    (code === undefined || error.code === code)
  );
}

export function isMissing(error: unknown): boolean {
  return isCode(error, 'ENOENT') || isCode(error, 'ENOTDIR');
}

function ignoreMissing(error: unknown): void {
  if (!isMissing(error)) throw error;
}
