import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

/** Names the current run of the operating system. */
export interface BootMark {
  /** The kernel's own id (Linux); `''` elsewhere. */
  readonly id: string;
  readonly startedSeconds: number;
}

const toleranceSeconds = 300;

export function currentBoot(): BootMark {
  let id = '';
  try {
    id = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch (error) {
    // Only Linux has the file; elsewhere the time of the start has to do.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return { id, startedSeconds: Math.round(Date.now() / 1000 - uptime()) };
}

export function isSameBoot(a: BootMark, b: BootMark): boolean {
  if (a.id !== '' && b.id !== '') return a.id === b.id;
  return Math.abs(a.startedSeconds - b.startedSeconds) < toleranceSeconds;
}

export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
