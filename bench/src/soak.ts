import { type RunPlan, type Side, warmUp } from './interleave.ts';
import { type LoadResult, type MessageSource, runLoad } from './loader.ts';
import { readTreeMemory } from './proc/memory.ts';
import { slope } from './stats.ts';

/** Memory of a tree at one moment of a soak. */
export interface MemorySample {
  /** Since the end of the warm-up. */
  readonly atMs: number;
  readonly messages: number;
  readonly rssBytes: number;
}

/** What memory did under steady load. */
export interface SoakResult {
  readonly name: string;
  readonly load: LoadResult;
  readonly samples: readonly MemorySample[];
  readonly growth: MemoryGrowth;
  /** Proportional set sizes before and after, where the kernel shows them. */
  readonly pssBytes: readonly [before: number | undefined, after: number | undefined];
}

/** The course of memory in a few figures. */
export interface MemoryGrowth {
  readonly firstBytes: number;
  readonly lastBytes: number;
  readonly maxBytes: number;
  /**
   * Least-squares slope over the second half: a heap that fills up to its working size at first does not count as a
   * leak. NaN for fewer than two samples there.
   */
  readonly bytesPerMinute: number;
  readonly bytesPerThousandMessages: number;
}

/** Sums samples up. @throws RangeError for none. */
export function memoryGrowth(samples: readonly MemorySample[]): MemoryGrowth {
  const first = samples[0];
  const last = samples.at(-1);
  if (!first || !last) throw new RangeError('no memory samples');
  const half = samples.filter(({ atMs }) => atMs >= last.atMs / 2);
  return {
    firstBytes: first.rssBytes,
    lastBytes: last.rssBytes,
    maxBytes: Math.max(...samples.map(({ rssBytes }) => rssBytes)),
    bytesPerMinute: slope(half.map(({ atMs, rssBytes }) => ({ x: atMs / 60_000, y: rssBytes }))),
    bytesPerThousandMessages: slope(
      half.map(({ messages, rssBytes }) => ({ x: messages / 1000, y: rssBytes })),
    ),
  };
}

/**
 * Keeps a server under load for a time and watches the memory of its tree.
 *
 * @throws Error for a server whose process is not known, that gives no verdicts or goes away.
 */
export async function runSoak(
  side: Side,
  plan: RunPlan,
  durationMs: number,
  sampleEveryMs: number,
): Promise<SoakResult> {
  const { pid, name } = side;
  if (pid === undefined) throw new Error(`${name}: a soak watches memory, so it needs the target's pid`);
  await warmUp(side, plan);
  const pssBefore = readTreeMemory(pid, 'proportional').pssBytes;
  const started = performance.now();
  const samples: MemorySample[] = [];
  let sent = 0;
  const sample = (): void => {
    const { rssBytes } = readTreeMemory(pid, 'resident');
    samples.push({ atMs: performance.now() - started, messages: sent, rssBytes });
  };
  const source: MessageSource = () => {
    if (performance.now() - started >= durationMs || side.failure() !== undefined) return undefined;
    return plan.messages[sent++ % plan.messages.length];
  };
  sample();
  const timer = setInterval(sample, sampleEveryMs);
  let load: LoadResult;
  try {
    load = await runLoad(side.client, source, plan.concurrency);
  } finally {
    clearInterval(timer);
  }
  const failure = side.failure();
  if (failure !== undefined) throw new Error(`${name} is gone: ${failure}`);
  sample();
  const pssAfter = readTreeMemory(pid, 'proportional').pssBytes;
  return { name, load, samples, growth: memoryGrowth(samples), pssBytes: [pssBefore, pssAfter] };
}
