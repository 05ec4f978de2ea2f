import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { open } from 'lmdb';
import { type Log, StoreError } from '../core/index.ts';
import { type BootMark, currentBoot, isProcessAlive, isSameBoot } from './boot.ts';
import { damageOf } from './lmdb-file.ts';
import { type RootByteDatabase, type StoreDatabases, transactionFlags } from './lmdb-types.ts';

/** Names of the files inside the state folder. */
export interface StorePaths {
  readonly live: string;
  /** A consistent copy a few minutes old. */
  readonly snapshot: string;
  /** Which run of the operating system and which processes use the live file. */
  readonly boot: string;
}

export function storePaths(stateDir: string): StorePaths {
  return {
    live: resolve(stateDir, 'store.mdb'),
    snapshot: resolve(stateDir, 'store.snapshot.mdb'),
    boot: resolve(stateDir, 'store.boot.mdb'),
  };
}

/** LMDB's code for a file that a failed write left unusable until it is opened anew. */
const panicCode = -30795;

/** Room for the lock files and the first pages. */
const minFreeBytes = 512 * 1024;

const bootKey = Buffer.from('boot');
const processPrefix = 'process:';

/**
 * The file of the embedded store, open in this process.
 *
 * Commits go to the operating system's cache, not to the disk: a commit costs microseconds and a crash of any
 * process loses nothing. A crash of the whole machine may leave the file inconsistent, so after one the store
 * starts from its last snapshot (see {@link LmdbEnvironment.snapshot}), as Redis starts from its dump.
 */
export class LmdbEnvironment {
  readonly databases: StoreDatabases;
  readonly #boot: RootByteDatabase;
  readonly #paths: StorePaths;
  #users = 1;
  #isOpen = true;

  private constructor(databases: StoreDatabases, boot: RootByteDatabase, paths: StorePaths) {
    this.databases = databases;
    this.#boot = boot;
    this.#paths = paths;
  }

  /**
   * Opens the file, or joins those in this process who have it open (during a reload, two configurations).
   *
   * @throws StoreError when the folder or a file in it cannot be used
   */
  static open(stateDir: string, log: Log, mark: BootMark = currentBoot()): LmdbEnvironment {
    const paths = storePaths(stateDir);
    const shared = openEnvironments.get(paths.live);
    if (shared) {
      shared.#users++;
      return shared;
    }
    const environment = LmdbEnvironment.#openAlone(stateDir, paths, log, mark);
    openEnvironments.set(paths.live, environment);
    return environment;
  }

  static #openAlone(stateDir: string, paths: StorePaths, log: Log, mark: BootMark): LmdbEnvironment {
    let boot: RootByteDatabase | undefined;
    try {
      mkdirSync(stateDir, { recursive: true, mode: 0o700 });
      requireSpace(paths.live);
      boot = openBootFile(paths.boot);
      const opened = boot;
      const databases = opened.transactionSync(() => {
        prepareLiveFile(opened, paths, mark, log);
        return openDatabases(paths.live);
      }, transactionFlags);
      return new LmdbEnvironment(databases, opened, paths);
    } catch (error) {
      if (boot) closeQuietly(boot, log);
      throw storeError(paths.live, error);
    }
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Size of the file. Pages that became free inside it count: LMDB uses them again but never gives them back. */
  sizeBytes(): number {
    const stats = this.databases.root.getStats() as { pageSize: number; lastPageNumber: number };
    return (stats.lastPageNumber + 1) * stats.pageSize;
  }

  /** Writes a consistent copy beside the live file, without holding up writers. */
  async snapshot(): Promise<void> {
    const temporary = `${this.#paths.snapshot}.${process.pid}`;
    try {
      await this.databases.root.backup(temporary, true);
      syncFile(temporary);
      renameSync(temporary, this.#paths.snapshot);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw storeError(this.#paths.snapshot, error);
    }
  }

  /** The last process to close leaves a file that is whole on disk, and says so. */
  async close(): Promise<void> {
    if (--this.#users > 0 || !this.#isOpen) return;
    this.#forget();
    const { root } = this.databases;
    await new Promise<void>((done, reject) => {
      (root as unknown as { sync(after: (error: unknown) => void): void }).sync((error) =>
        error ? reject(storeError(this.#paths.live, error)) : done(),
      );
    });
    this.#boot.transactionSync(() => {
      this.#boot.remove(processKey(process.pid));
      if (otherProcesses(this.#boot).length === 0) this.#boot.remove(bootKey);
      return undefined;
    }, transactionFlags);
    await root.close();
    await this.#boot.close();
  }

  /** Gives the files up after a failure, leaving the mark that they were in use. */
  async abandon(): Promise<void> {
    if (!this.#isOpen) return;
    this.#forget();
    await this.databases.root.close();
    await this.#boot.close();
  }

  #forget(): void {
    this.#isOpen = false;
    openEnvironments.delete(this.#paths.live);
  }
}

/** By path of the live file. LMDB must not open one file twice in a process. */
const openEnvironments = new Map<string, LmdbEnvironment>();

/** Any error of the library or the file system as a StoreError that names the file. */
export function storeError(path: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const code = (error as { code?: unknown } | null)?.code;
  const isWriteFailure = code === 5 || code === 28 || code === 'ENOSPC' || code === 'EIO';
  const hint = isWriteFailure ? ` (${freeSpace(path)})` : '';
  return new StoreError(`cannot use ${path}: ${text}${hint}`, { cause: error });
}

export function isPanic(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === panicCode;
}

/**
 * LMDB maps its lock files into memory; when the disk has no room for their pages, touching them ends the process
 * (SIGBUS), so it is asked before.
 *
 * @throws StoreError when the disk is full
 */
function requireSpace(path: string): void {
  const { bavail, bsize } = statfsSync(dirname(path));
  if (bavail * bsize < minFreeBytes)
    throw new StoreError(`cannot use ${path}: the disk is full (${freeSpace(path)})`);
}

function freeSpace(path: string): string {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return `${Math.floor((bavail * bsize) / 1048576)} MiB left on the disk`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const openOptions = {
  encoding: 'binary',
  keyEncoding: 'binary',
  noSubdir: true,
  maxDbs: 8,
} as const;

function openBootFile(path: string): RootByteDatabase {
  const damage = damageOf(path);
  if (damage !== undefined) rmSync(path, { force: true });
  return open<Buffer, Buffer>({ ...openOptions, path, overlappingSync: false });
}

function openDatabases(path: string): StoreDatabases {
  const root = open<Buffer, Buffer>({ ...openOptions, path, noSync: true });
  chmodSync(path, 0o600);
  const named = (name: string) => root.openDB<Buffer, Buffer>({ ...openOptions, name });
  return {
    root,
    keys: named('keys'),
    fields: named('fields'),
    expiry: named('expiry'),
    internals: named('internals'),
  };
}

function processKey(pid: number): Buffer {
  return Buffer.from(`${processPrefix}${pid}`);
}

function otherProcesses(boot: RootByteDatabase): number[] {
  const pids: number[] = [];
  for (const key of boot.getKeys({ start: Buffer.from(processPrefix), end: Buffer.from('process;') }))
    pids.push(Number((key as Buffer).toString().slice(processPrefix.length)));
  return pids.filter((pid) => pid !== process.pid && isProcessAlive(pid));
}

/** Runs alone: the caller holds the boot file's write lock. */
function prepareLiveFile(boot: RootByteDatabase, paths: StorePaths, mark: BootMark, log: Log): void {
  const stored = boot.get(bootKey);
  const last = stored && (JSON.parse(stored.toString()) as BootMark);
  if (otherProcesses(boot).length === 0) {
    const damage = existsSync(paths.live) ? damageOf(paths.live) : undefined;
    if (damage !== undefined) {
      const aside = `${paths.live}.damaged`;
      log.error(`${paths.live}: ${damage}; moved to ${aside}`);
      renameSync(paths.live, aside);
      restoreSnapshot(paths, log);
    } else if (last && !isSameBoot(last, mark) && existsSync(paths.live)) {
      log.warn(`${paths.live}: the machine went down while the store was in use`);
      rmSync(paths.live);
      restoreSnapshot(paths, log);
    }
  }
  boot.put(bootKey, Buffer.from(JSON.stringify(mark)));
  boot.put(processKey(process.pid), Buffer.from([1]));
}

function restoreSnapshot(paths: StorePaths, log: Log): void {
  rmSync(`${paths.live}-lock`, { force: true });
  if (!existsSync(paths.snapshot)) {
    log.warn(`${paths.live}: no snapshot to start from, the store is empty`);
    return;
  }
  const damage = damageOf(paths.snapshot);
  if (damage !== undefined) {
    log.error(`${paths.snapshot}: ${damage}; the store is empty`);
    return;
  }
  copyFileSync(paths.snapshot, paths.live);
  log.warn(`${paths.live}: restored from the last snapshot`);
}

function syncFile(path: string): void {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function closeQuietly(database: RootByteDatabase, log: Log): void {
  database.close().catch((error: unknown) => log.warn('cannot close the store', { error: String(error) }));
}
