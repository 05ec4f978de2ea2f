import { readAllStats, readProcFile, treeOf } from './process-tree.ts';

/** Memory of a process tree in bytes. */
export interface TreeMemory {
  /** Resident set sizes added up: pages that processes share count once for each. */
  readonly rssBytes: number;
  /** Peaks of the resident set sizes (VmHWM, since each process started) added up: an upper bound of the peak. */
  readonly peakRssBytes: number;
  /** Proportional set sizes added up: shared pages count once. Undefined where the kernel does not let us look. */
  readonly pssBytes: number | undefined;
  readonly processes: number;
}

/** Takes the size of a line `Name:   123 kB` of a /proc file, in bytes; undefined when it is not there. */
export function parseSizeLine(text: string, name: string): number | undefined {
  const match = new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(text);
  return match ? Number(match[1]) * 1024 : undefined;
}

/** Whether to read proportional set sizes too: exact, but it costs milliseconds and holds up the target. */
export type MemoryDetail = 'resident' | 'proportional';

/** Reads the memory of the tree below (and with) a process. All zero when the process is gone. */
export function readTreeMemory(rootPid: number, detail: MemoryDetail): TreeMemory {
  const pids = treeOf(rootPid, readAllStats());
  let rssBytes = 0;
  let peakRssBytes = 0;
  let pssBytes: number | undefined = detail === 'proportional' ? 0 : undefined;
  for (const pid of pids) {
    const status = readProcFile(`/proc/${pid}/status`) ?? '';
    rssBytes += parseSizeLine(status, 'VmRSS') ?? 0;
    peakRssBytes += parseSizeLine(status, 'VmHWM') ?? 0;
    if (pssBytes === undefined) continue;
    const rollup = readProcFile(`/proc/${pid}/smaps_rollup`);
    const pss = rollup === undefined ? undefined : parseSizeLine(rollup, 'Pss');
    // A file that cannot be read means another user's process: then there is no honest sum.
    pssBytes = pss === undefined ? undefined : pssBytes + pss;
  }
  return { rssBytes, peakRssBytes, pssBytes, processes: pids.length };
}
