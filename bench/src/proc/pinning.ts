import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Which cores the loader and the targets run on. */
export interface Pinning {
  /** Core numbers as taskset(1) takes them: `0`, `0-2`, `1,3`. Undefined: not pinned. */
  readonly loader: string | undefined;
  readonly target: string | undefined;
}

/** Reads a core list as taskset(1) writes it (`0,2-3`). @throws RangeError when it is not one. */
export function parseCores(list: string): ReadonlySet<number> {
  const cores = new Set<number>();
  for (const range of list.split(',')) {
    const match = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(range.trim());
    if (!match) throw new RangeError(`not a list of cores: ${list}`);
    const last = Number(match[2] ?? match[1]);
    for (let core = Number(match[1]); core <= last; core++) cores.add(core);
  }
  return cores;
}

/**
 * Loader on core 0, targets on the `workers` cores after it (fewer when the machine has fewer).
 * On a machine with a single core nothing is pinned.
 */
export function defaultPinning(workers: number, cores: number = availableParallelism()): Pinning {
  if (cores < 2) return { loader: undefined, target: undefined };
  const last = Math.min(workers, cores - 1);
  return { loader: '0', target: last === 1 ? '1' : `1-${last}` };
}

/** Binds all threads of this process to the given cores. @throws Error when taskset(1) is missing or refuses. */
export function pinSelf(cores: string): void {
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(process.pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

/** A command line that runs the given one bound to the given cores. */
export function pinnedCommand(cores: string | undefined, command: readonly string[]): readonly string[] {
  return cores === undefined ? command : ['taskset', '--cpu-list', cores, ...command];
}
