import type { SideResult } from './interleave.ts';
import type { Block } from './measure.ts';
import { ascending, blockRatios, quantile, type Spread, spreadOf } from './stats.ts';

/** The figures of one side. */
export interface SideSummary {
  readonly name: string;
  readonly messages: number;
  readonly messagesPerSecond: Spread;
  /** CPU milliseconds of the tree for each message, over the blocks; undefined for a remote target. */
  readonly cpuMsPerMessage: Spread | undefined;
  /** How far one block's figure may be off because of the accounting, at worst. */
  readonly cpuResolutionMsPerMessage: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Highest proportional set size seen after a block. */
  readonly peakPssBytes: number | undefined;
  /** Sum of the processes' own peaks: an upper bound that counts shared pages several times. */
  readonly peakRssBytes: number | undefined;
  readonly processes: number | undefined;
  readonly errors: Readonly<Record<string, number>>;
  readonly errorCount: number;
  readonly actions: Readonly<Record<string, number>>;
  readonly symbolsPerMessage: number;
  readonly backgroundMsPerSecond: number | undefined;
  /** Largest share of the target's cores that others used during a block. */
  readonly foreignShare: number | undefined;
  /** Highest share of a core that the loader used during a block: near 1 it was the bottleneck. */
  readonly loaderShare: number;
}

/** The second side over the first, block by block. */
export interface Ratios {
  readonly cpu: Spread | undefined;
  readonly messagesPerSecond: Spread;
  readonly p50: Spread;
  readonly p99: Spread;
}

function addUp(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const count of counts)
    for (const [key, value] of Object.entries(count)) sum[key] = (sum[key] ?? 0) + value;
  return sum;
}

function defined(values: readonly (number | undefined)[]): number[] {
  return values.filter((value) => value !== undefined);
}

function highest(values: readonly (number | undefined)[]): number | undefined {
  const known = defined(values);
  return known.length > 0 ? Math.max(...known) : undefined;
}

function cpuPerMessage(blocks: readonly Block[]): number[] | undefined {
  const figures = defined(
    blocks.map(({ cpuMs, messages }) => (cpuMs === undefined ? undefined : cpuMs / messages)),
  );
  return figures.length === blocks.length ? figures : undefined;
}

function rates(blocks: readonly Block[]): number[] {
  // Only verdicts count: a target that refuses everything at once is not fast.
  return blocks.map(({ latenciesMs, wallMs }) => (latenciesMs.length / wallMs) * 1000);
}

function latencyQuantiles(blocks: readonly Block[], q: number): number[] {
  return blocks.map(({ latenciesMs }) => quantile(ascending(latenciesMs), q));
}

/** Sums one side's blocks up. Latency quantiles are over all messages of all blocks. */
export function summarize({ name, blocks, backgroundMsPerSecond }: SideResult): SideSummary {
  const cpu = cpuPerMessage(blocks);
  const latencies = ascending(blocks.flatMap(({ latenciesMs }) => latenciesMs));
  const errors = addUp(blocks.map((block) => block.errors));
  const messages = blocks.reduce((sum, block) => sum + block.messages, 0);
  return {
    name,
    messages,
    messagesPerSecond: spreadOf(rates(blocks)),
    cpuMsPerMessage: cpu && spreadOf(cpu),
    cpuResolutionMsPerMessage: Math.max(0, ...blocks.map((block) => block.cpuResolutionMs / block.messages)),
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    peakPssBytes: highest(blocks.map(({ memory }) => memory?.pssBytes)),
    peakRssBytes: highest(blocks.map(({ memory }) => memory?.peakRssBytes)),
    processes: highest(blocks.map(({ memory }) => memory?.processes)),
    errors,
    errorCount: Object.values(errors).reduce((sum, count) => sum + count, 0),
    actions: addUp(blocks.map((block) => block.actions)),
    symbolsPerMessage: blocks.reduce((sum, { symbols }) => sum + symbols, 0) / Math.max(1, latencies.length),
    backgroundMsPerSecond,
    foreignShare: highest(blocks.map((block) => block.foreignShare)),
    loaderShare: Math.max(0, ...blocks.map(({ loaderCpuMs, wallMs }) => loaderCpuMs / wallMs)),
  };
}

/** Second side over first, each block against the block beside it. */
export function compare(first: SideResult, second: SideResult): Ratios {
  const firstCpu = cpuPerMessage(first.blocks);
  const secondCpu = cpuPerMessage(second.blocks);
  const ratio = (figures: (blocks: readonly Block[]) => number[]): Spread =>
    spreadOf(blockRatios(figures(first.blocks), figures(second.blocks)));
  return {
    cpu: firstCpu && secondCpu && spreadOf(blockRatios(firstCpu, secondCpu)),
    messagesPerSecond: ratio(rates),
    p50: ratio((blocks) => latencyQuantiles(blocks, 0.5)),
    p99: ratio((blocks) => latencyQuantiles(blocks, 0.99)),
  };
}
