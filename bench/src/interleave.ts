import type { ScanClient } from './clients/client.ts';
import { cycle, runLoad } from './loader.ts';
import { type Block, measureBlock, type Probe, waitForRest } from './measure.ts';
import type { BenchMessage } from './message.ts';
import { cpuBetween } from './proc/cpu-time.ts';
import { readTreeTimes } from './proc/process-tree.ts';

/** One side of a run. Two sides may be the same server: then their ratio is the noise of the method. */
export interface Side extends Probe {
  readonly name: string;
  readonly client: ScanClient;
  /** Why it can no longer be measured; undefined while it can. */
  failure(): string | undefined;
}

/** The blocks of one side, and what its tree did while the other side had the turn. */
export interface SideResult {
  readonly name: string;
  readonly blocks: readonly Block[];
  /** CPU milliseconds a second of the tree outside the blocks (of either side when both are one server). */
  readonly backgroundMsPerSecond: number | undefined;
}

/** How the messages are dealt out. */
export interface RunPlan {
  readonly messages: readonly BenchMessage[];
  /** Blocks for each side. */
  readonly blocks: number;
  readonly messagesPerBlock: number;
  readonly warmupMessages: number;
  readonly concurrency: number;
}

/** Whom each block goes to: `A B B A A B …`, so that a steady drift weighs on both alike. */
export function turnOrder(sides: number, blocks: number): number[] {
  const order: number[] = [];
  for (let block = 0; block < blocks; block++) {
    const pair = Array.from({ length: sides }, (_, side) => side);
    order.push(...(block % 2 === 0 ? pair : pair.reverse()));
  }
  return order;
}

/**
 * Brings a server to its usual speed and lets it rest.
 *
 * @throws Error when none of the messages gets a verdict.
 */
export async function warmUp(side: Side, plan: RunPlan): Promise<void> {
  const source = cycle(plan.messages, 0, plan.warmupMessages);
  const { errors } = await runLoad(side.client, source, plan.concurrency);
  const failed = Object.values(errors).reduce((sum, count) => sum + count, 0);
  if (plan.warmupMessages > 0 && failed === plan.warmupMessages) {
    throw new Error(`${side.name} gives no verdicts: ${Object.keys(errors).join(', ')}`);
  }
  if (side.pid !== undefined) await waitForRest(side.pid, 100, 0.03, 5000);
}

/**
 * Runs all blocks. The n-th blocks of both sides hold the same messages in the same order.
 *
 * @param progress told after every block.
 * @throws Error when a side gives no verdicts or goes away.
 */
export async function runInterleaved(
  sides: readonly Side[],
  plan: RunPlan,
  progress: (side: Side, block: Block) => void,
): Promise<SideResult[]> {
  for (const side of sides) await warmUp(side, plan);
  const blocks = sides.map((): Block[] => []);
  const startTimes = sides.map(({ pid }) => (pid === undefined ? undefined : readTreeTimes(pid)));
  const started = performance.now();
  for (const turn of turnOrder(sides.length, plan.blocks)) {
    const side = sides[turn]!;
    const first = blocks[turn]!.length * plan.messagesPerBlock;
    const source = cycle(plan.messages, first, plan.messagesPerBlock);
    const block = await measureBlock(side, side.client, source, plan.concurrency);
    const failure = side.failure();
    if (failure !== undefined) throw new Error(`${side.name} is gone: ${failure}`);
    blocks[turn]!.push(block);
    progress(side, block);
  }
  const elapsedMs = performance.now() - started;
  return sides.map(({ name, pid }, index) => {
    const before = startTimes[index];
    if (pid === undefined || before === undefined) {
      return { name, blocks: blocks[index]!, backgroundMsPerSecond: undefined };
    }
    const sameServer = sides.flatMap((side, other) => (side.pid === pid ? blocks[other]! : []));
    const inBlocks = sameServer.reduce(
      (sum, block) => ({ cpuMs: sum.cpuMs + (block.cpuMs ?? 0), wallMs: sum.wallMs + block.wallMs }),
      { cpuMs: 0, wallMs: 0 },
    );
    const totalMs = cpuBetween(before, readTreeTimes(pid)).cpuNs / 1e6;
    const outsideMs = Math.max(0, totalMs - inBlocks.cpuMs);
    return {
      name,
      blocks: blocks[index]!,
      backgroundMsPerSecond: (outsideMs / (elapsedMs - inBlocks.wallMs)) * 1000,
    };
  });
}
