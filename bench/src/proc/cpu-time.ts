import { readFileSync } from 'node:fs';
import { type ProcessTimes, type TreeTimes, tickNs } from './process-tree.ts';

/** CPU time that a process tree used between two readings. */
export interface CpuUse {
  readonly cpuNs: number;
  /** How far the figure may be off: 0 when every thread's own nanosecond count was there from start to end. */
  readonly resolutionNs: number;
}

function sameProcess(a: ProcessTimes, b: ProcessTimes | undefined): b is ProcessTimes {
  return b !== undefined && a.startTicks === b.startTicks;
}

function threadsUse(before: ProcessTimes | undefined, after: ProcessTimes): number | undefined {
  if (!after.threadNs || (before && !before.threadNs)) return undefined;
  // A thread that ended takes its nanoseconds along; only the ticks of the process still hold them.
  for (const tid of before?.threadNs?.keys() ?? []) if (!after.threadNs.has(tid)) return undefined;
  // A process born meanwhile that has lost threads already shows more ticks than its threads add up to.
  let cpuNs = 0;
  for (const [tid, ns] of after.threadNs) cpuNs += ns - (before?.threadNs?.get(tid) ?? 0);
  const ticks = after.ownTicks - (before?.ownTicks ?? 0);
  return ticks * tickNs - cpuNs > 2 * tickNs ? undefined : cpuNs;
}

/**
 * CPU time a tree used between two readings, nothing lost and nothing counted twice:
 * - live threads by their own nanosecond counters (/proc/PID/task/TID/schedstat);
 * - a process of which a thread ended, by the ticks of the process (/proc/PID/stat);
 * - processes that ended, also those that no reading saw, by what their parents in the tree were credited with
 *   when they waited for them (cutime, cstime), less what was counted for them before.
 */
export function cpuBetween(before: TreeTimes, after: TreeTimes): CpuUse {
  let cpuNs = 0;
  let resolutionNs = 0;
  let reapedTicks = 0;
  for (const now of after.values()) {
    const former = before.get(now.pid);
    const then = sameProcess(now, former) ? former : undefined;
    const exact = threadsUse(then, now);
    if (exact === undefined) {
      cpuNs += (now.ownTicks - (then?.ownTicks ?? 0)) * tickNs;
      resolutionNs += 2 * tickNs; // utime and stime are each cut to whole ticks
    } else {
      cpuNs += exact;
    }
    reapedTicks += now.reapedTicks - (then?.reapedTicks ?? 0);
  }
  for (const gone of before.values()) {
    if (!sameProcess(gone, after.get(gone.pid))) reapedTicks -= gone.ownTicks + gone.reapedTicks;
  }
  if (reapedTicks > 0) {
    cpuNs += reapedTicks * tickNs;
    resolutionNs += 2 * tickNs;
  }
  return { cpuNs, resolutionNs };
}

/** Time the given cores spent on anything but idling, in nanoseconds since boot, from the text of /proc/stat. */
export function parseBusyNs(statText: string, cores: ReadonlySet<number>): number {
  let ticks = 0;
  for (const line of statText.split('\n')) {
    const match = /^cpu(\d+) (.*)$/.exec(line);
    if (!match || !cores.has(Number(match[1]))) continue;
    // user nice system idle iowait irq softirq steal; guest times are part of user and nice (proc(5)).
    const fields = match[2]!.split(' ').map(Number);
    for (const index of [0, 1, 2, 5, 6, 7]) ticks += fields[index] ?? 0;
  }
  return ticks * tickNs;
}

/** {@link parseBusyNs} of this moment. */
export function readBusyNs(cores: ReadonlySet<number>): number {
  return parseBusyNs(readFileSync('/proc/stat', 'latin1'), cores);
}
