import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ: the unit of the times in /proc/PID/stat. 100 on every Linux port that runs Node (proc(5), times(2)). */
const ticksPerSecond = 100;
/** One tick in nanoseconds: the resolution of whatever has to be read from /proc/PID/stat. */
export const tickNs = 1e9 / ticksPerSecond;

/** The fields of /proc/PID/stat that the accounting needs. */
export interface ProcessStat {
  readonly pid: number;
  readonly parentPid: number;
  /** User and system time of all threads, those that ended included, in ticks. */
  readonly ownTicks: number;
  /** User and system time of children that ended and were waited for, and of theirs, in ticks. */
  readonly reapedTicks: number;
  /** Start time in ticks since boot: with the pid it names a process for good, since pids are used again. */
  readonly startTicks: number;
}

/** CPU times of one process at one moment. */
export interface ProcessTimes extends ProcessStat {
  /** Time on the CPU of each live thread in nanoseconds, by thread id; undefined where the kernel keeps none. */
  readonly threadNs: ReadonlyMap<number, number> | undefined;
}

/** All processes of a tree at one moment, by pid. */
export type TreeTimes = ReadonlyMap<number, ProcessTimes>;

/**
 * Reads the text of /proc/PID/stat. The command name stands in parentheses and may itself hold spaces and
 * parentheses, so fields are counted from the last closing one (proc(5)).
 *
 * @returns undefined when the text is not such a line.
 */
export function parseStat(text: string): ProcessStat | undefined {
  const nameEnd = text.lastIndexOf(')');
  const pid = Number.parseInt(text, 10);
  if (nameEnd < 0 || Number.isNaN(pid)) return undefined;
  // Field 3 (state) is the first after the name; proc(5) numbers fields from 1.
  const fields = text.slice(nameEnd + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3] ?? Number.NaN);
  const stat = {
    pid,
    parentPid: field(4),
    ownTicks: field(14) + field(15),
    reapedTicks: field(16) + field(17),
    startTicks: field(22),
  };
  return Object.values(stat).every(Number.isFinite) ? stat : undefined;
}

/**
 * Reads the text of /proc/PID/task/TID/schedstat: time on the CPU, time waiting (both nanoseconds), time slices.
 *
 * @returns the time on the CPU in nanoseconds, undefined when the text is not such a line.
 */
export function parseSchedstat(text: string): number | undefined {
  const match = /^(\d+) \d+ \d+\s*$/.exec(text);
  return match ? Number(match[1]) : undefined;
}

/** The pids of a process and of everything below it, parents before children. */
export function treeOf(rootPid: number, all: readonly ProcessStat[]): number[] {
  const childrenOf = new Map<number, number[]>();
  for (const { pid, parentPid } of all) {
    const siblings = childrenOf.get(parentPid);
    if (siblings) siblings.push(pid);
    else childrenOf.set(parentPid, [pid]);
  }
  const tree = all.some(({ pid }) => pid === rootPid) ? [rootPid] : [];
  for (const pid of tree) tree.push(...(childrenOf.get(pid) ?? []));
  return tree;
}

/** Reads a file of /proc; undefined when its process has ended meanwhile or is not ours to look at. */
export function readProcFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

function listNumbers(path: string): number[] {
  try {
    return readdirSync(path)
      .map(Number)
      .filter((entry) => Number.isInteger(entry));
  } catch {
    return [];
  }
}

function readThreadTimes(pid: number): Map<number, number> | undefined {
  const times = new Map<number, number>();
  for (const tid of listNumbers(`/proc/${pid}/task`)) {
    const text = readProcFile(`/proc/${pid}/task/${tid}/schedstat`);
    const ns = text === undefined ? undefined : parseSchedstat(text);
    if (ns !== undefined) times.set(tid, ns);
  }
  return times.size > 0 ? times : undefined;
}

/** The processes of the machine as /proc tells them now. */
export function readAllStats(): ProcessStat[] {
  const stats: ProcessStat[] = [];
  for (const pid of listNumbers('/proc')) {
    const text = readProcFile(`/proc/${pid}/stat`);
    const stat = text === undefined ? undefined : parseStat(text);
    if (stat) stats.push(stat);
  }
  return stats;
}

/** Reads the CPU times of the tree below (and with) a process. Empty when the process is gone. */
export function readTreeTimes(rootPid: number): TreeTimes {
  const stats = readAllStats();
  const byPid = new Map(stats.map((stat) => [stat.pid, stat]));
  const times = new Map<number, ProcessTimes>();
  for (const pid of treeOf(rootPid, stats)) {
    const stat = byPid.get(pid);
    if (stat) times.set(pid, { ...stat, threadNs: readThreadTimes(pid) });
  }
  return times;
}
