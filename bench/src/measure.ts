import { setTimeout as sleep } from 'node:timers/promises';
import type { ScanClient } from './clients/client.ts';
import { type LoadResult, type MessageSource, runLoad } from './loader.ts';
import { cpuBetween, readBusyNs } from './proc/cpu-time.ts';
import { readTreeMemory, type TreeMemory } from './proc/memory.ts';
import { readTreeTimes } from './proc/process-tree.ts';

/** One block of messages handed to one target, with what it cost. */
export interface Block extends LoadResult {
  /** CPU time of the target's whole tree, until it rested after the last verdict; undefined for a remote target. */
  readonly cpuMs: number | undefined;
  /** How far `cpuMs` may be off. */
  readonly cpuResolutionMs: number;
  /** CPU time of the loader while messages were under way. */
  readonly loaderCpuMs: number;
  /** Share of the target's cores that anything but the target used meanwhile; undefined when not pinned. */
  readonly foreignShare: number | undefined;
  readonly memory: TreeMemory | undefined;
}

/** What a block is measured on. */
export interface Probe {
  readonly pid: number | undefined;
  /** The cores the target is bound to; undefined when it is not. */
  readonly cores: ReadonlySet<number> | undefined;
}

const restWindowMs = 25;
const restShare = 0.02;

/**
 * Waits until a tree uses less than a given share of one core over a window.
 *
 * @returns false when it did not within the time.
 */
export async function waitForRest(
  pid: number,
  windowMs: number,
  share: number,
  timeoutMs: number,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  let before = readTreeTimes(pid);
  while (performance.now() < deadline) {
    await sleep(windowMs);
    const after = readTreeTimes(pid);
    if (cpuBetween(before, after).cpuNs < windowMs * 1e6 * share) return true;
    before = after;
  }
  return false;
}

/**
 * Hands in a block of messages and measures. The target's CPU time counts until it rests: what it does for a
 * message after the reply (log, history, counters) is part of the message's price, though not of its latency.
 */
export async function measureBlock(
  probe: Probe,
  client: ScanClient,
  source: MessageSource,
  concurrency: number,
): Promise<Block> {
  const { pid, cores } = probe;
  const before = pid === undefined ? undefined : readTreeTimes(pid);
  const busyBeforeNs = cores ? readBusyNs(cores) : 0;
  const loaderBefore = process.cpuUsage();
  const started = performance.now();
  const load = await runLoad(client, source, concurrency);
  const loader = process.cpuUsage(loaderBefore);
  const loaderCpuMs = (loader.user + loader.system) / 1000;
  if (pid === undefined || before === undefined) {
    return {
      ...load,
      cpuMs: undefined,
      cpuResolutionMs: 0,
      loaderCpuMs,
      foreignShare: undefined,
      memory: undefined,
    };
  }
  await waitForRest(pid, restWindowMs, restShare, 1000);
  const { cpuNs, resolutionNs } = cpuBetween(before, readTreeTimes(pid));
  const spanNs = (performance.now() - started) * 1e6;
  const foreignNs = cores ? Math.max(0, readBusyNs(cores) - busyBeforeNs - cpuNs) : 0;
  return {
    ...load,
    cpuMs: cpuNs / 1e6,
    cpuResolutionMs: resolutionNs / 1e6,
    loaderCpuMs,
    foreignShare: cores ? foreignNs / (spanNs * cores.size) : undefined,
    memory: readTreeMemory(pid, 'proportional'),
  };
}
