import { close, mkdir, mkdirSync, open, openSync, write } from 'node:fs';
import { dirname } from 'node:path';

/** Lines that wait while nothing can be written; what comes beyond it is lost and counted. */
const defaultMaxWaitingBytes = 1024 * 1024;
/** How long lines are gathered before they are written together. */
const gatherMs = 100;
/** So much is written without waiting for more. */
const gatherBytes = 16 * 1024;
/** Pause after a failed write. A pipe whose reader is slow is asked again sooner. */
const defaultRetryMs = 1000;
const busyRetryMs = 50;
const flushTimeoutMs = 2000;
const fileMode = 0o640;
const standardErrorFd = 2;

export interface LineWriterInit {
  /** Path to append to; undefined: the standard error. */
  readonly file: string | undefined;
  /** Told about every write or open that failed. */
  readonly onFailure?: (error: NodeJS.ErrnoException) => void;
  /** Told how many lines found no room. */
  readonly onLost?: (lines: number) => void;
  /** Default 1 MiB. */
  readonly maxWaitingBytes?: number;
  /** Default one second. */
  readonly retryMs?: number;
}

/**
 * Appends lines in the background. Never throws and never holds up its caller: while the disk is full or the file
 * cannot be opened, lines wait in bounded memory and the write is tried again; then they are dropped and counted.
 */
export class LineWriter {
  readonly #init: LineWriterInit;
  readonly #maxWaitingBytes: number;
  #fd: number | undefined;
  #lines: string[] = [];
  #waitingBytes = 0;
  /** What is being written, from `#offset` on. */
  #batch: Buffer | undefined;
  #offset = 0;
  #isWriting = false;
  #isClosed = false;
  #mustReopen = false;
  #failure: NodeJS.ErrnoException | undefined;
  #timer: NodeJS.Timeout | undefined;
  #flushed: (() => void)[] = [];

  constructor(init: LineWriterInit) {
    this.#init = init;
    this.#maxWaitingBytes = init.maxWaitingBytes ?? defaultMaxWaitingBytes;
    if (init.file === undefined) {
      this.#fd = standardErrorFd;
      return;
    }
    try {
      mkdirSync(dirname(init.file), { recursive: true });
      this.#fd = openSync(init.file, 'a', fileMode);
    } catch (error) {
      this.#failed(error as NodeJS.ErrnoException);
    }
  }

  /** Why the last write or open failed; undefined: it did not. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** @param line with its line end */
  write(line: string): void {
    // UTF-16 length is near enough to bytes for a bound.
    if (this.#waitingBytes + line.length > this.#maxWaitingBytes) {
      this.#init.onLost?.(1);
      return;
    }
    this.#lines.push(line);
    this.#waitingBytes += line.length;
    if (this.#isWriting || this.#failure) return;
    if (this.#waitingBytes >= gatherBytes) this.#pump();
    else this.#later(gatherMs);
  }

  /** Opens the path again: the old file was moved away. When that fails, lines go on to the old one. */
  reopen(): void {
    if (this.#init.file === undefined) return;
    this.#mustReopen = true;
    this.#pump();
  }

  /** Resolves when everything written so far has left the process, or cannot leave it. */
  flush(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, flushTimeoutMs);
      this.#flushed.push(() => {
        clearTimeout(timer);
        resolve();
      });
      this.#pump();
    });
  }

  /** Writes what waits and closes the file. */
  async close(): Promise<void> {
    await this.flush();
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined && fd !== standardErrorFd)
      await new Promise<void>((done) => close(fd, () => done()));
  }

  get #isIdle(): boolean {
    return !this.#isWriting && this.#batch === undefined && this.#lines.length === 0 && !this.#mustReopen;
  }

  #later(delayMs: number): void {
    if (!this.#isClosed) this.#timer ??= setTimeout(() => this.#pump(), delayMs).unref();
  }

  /** Takes the next step, unless one is under way. */
  #pump(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isWriting || this.#isClosed) return;
    if (this.#mustReopen || this.#fd === undefined) {
      this.#open();
      return;
    }
    if (!this.#batch) {
      if (this.#lines.length === 0) {
        this.#tellFlushed();
        return;
      }
      this.#batch = Buffer.from(this.#lines.join(''));
      this.#offset = 0;
      this.#lines = [];
    }
    const batch = this.#batch;
    this.#isWriting = true;
    write(this.#fd, batch, this.#offset, batch.length - this.#offset, null, (error, bytesWritten) => {
      this.#isWriting = false;
      if (error) {
        this.#failed(error);
        return;
      }
      this.#failure = undefined;
      this.#offset += bytesWritten;
      if (this.#offset >= batch.length) {
        this.#batch = undefined;
        this.#waitingBytes = this.#lines.reduce((sum, line) => sum + line.length, 0);
        if (this.#lines.length > 0 && this.#waitingBytes < gatherBytes && this.#flushed.length === 0) {
          this.#later(gatherMs);
          return;
        }
      }
      this.#pump();
    });
  }

  #open(): void {
    const { file } = this.#init;
    if (file === undefined) return;
    this.#isWriting = true;
    const opened = (error: NodeJS.ErrnoException | null, fd?: number): void => {
      this.#isWriting = false;
      this.#mustReopen = false;
      if (error || fd === undefined) {
        if (error) this.#failed(error);
        return;
      }
      const old = this.#fd;
      this.#fd = fd;
      this.#failure = undefined;
      if (old === undefined) this.#pump();
      else close(old, () => this.#pump());
    };
    mkdir(dirname(file), { recursive: true }, (error) => {
      if (error) opened(error);
      else open(file, 'a', fileMode, opened);
    });
  }

  #failed(error: NodeJS.ErrnoException): void {
    const isBusy = error.code === 'EAGAIN';
    if (!isBusy) {
      this.#failure = error;
      this.#init.onFailure?.(error);
      this.#tellFlushed();
    }
    this.#later(isBusy ? busyRetryMs : (this.#init.retryMs ?? defaultRetryMs));
  }

  #tellFlushed(): void {
    for (const resolve of this.#flushed.splice(0)) resolve();
  }
}
