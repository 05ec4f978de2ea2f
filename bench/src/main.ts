import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import type { Protocol, ScanClient, Submission } from './clients/client.ts';
import { httpClient } from './clients/http.ts';
import { milterClient } from './clients/milter.ts';
import { rspamcClient } from './clients/rspamc.ts';
import { drawMessages, openCorpora } from './corpus/index.ts';
import { type RunPlan, runInterleaved, type Side } from './interleave.ts';
import { type BenchMessage, prepareMessage } from './message.ts';
import { type BenchOptions, parseOptions } from './options.ts';
import { defaultPinning, type Pinning, parseCores, pinSelf } from './proc/pinning.ts';
import { figure, renderRatios, renderSides, renderSoak } from './report.ts';
import { runSoak } from './soak.ts';
import { ascending, quantile } from './stats.ts';
import { compare, summarize } from './summary.ts';
import { startTargets, type Target } from './targets/index.ts';

const soakSampleEveryMs = 1000;

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n\n`);
}

function openClient(target: Target, options: BenchOptions): ScanClient {
  const port = target.ports[options.proto];
  if (port === undefined) throw new Error(`${target.name} does not serve ${options.proto}`);
  const { user, settings, timeoutMs } = options;
  const submission: Submission = { host: target.host, port, user, clientIp: options.ip, settings, timeoutMs };
  const clients: Record<Protocol, () => ScanClient> = {
    http: () => httpClient(submission, options.connection),
    rspamc: () => rspamcClient(submission),
    milter: () => milterClient(submission, options.messagesPerConnection),
  };
  return clients[options.proto]();
}

function loadMessages(options: BenchOptions): BenchMessage[] {
  const { opened, absent } = openCorpora(options.corpus, options.data);
  for (const { name, reason } of absent) say(`left out: corpus ${name} (${reason})`);
  if (opened.length === 0) throw new Error('no corpus is there to draw messages from');
  const drawn = drawMessages(opened, options.sample, options.seed);
  const now = new Date();
  const messages = drawn.map(({ bytes }, index) => prepareMessage(bytes, index, now));
  const sizes = ascending(messages.map(({ raw }) => raw.length));
  const mean = sizes.reduce((sum, size) => sum + size / sizes.length, 0);
  const names = opened.map(({ name }) => name).join(', ');
  const kilobytes = (bytes: number): string => `${figure(bytes / 1000)} kB`;
  print(
    `${messages.length} messages of ${names} (seed ${options.seed}): mean ${kilobytes(mean)}, ` +
      `median ${kilobytes(quantile(sizes, 0.5))}, p95 ${kilobytes(quantile(sizes, 0.95))}`,
  );
  return messages;
}

function choosePinning(options: BenchOptions): Pinning {
  const standard = defaultPinning(options.workers);
  const pinning = {
    loader: options.loaderCores ?? standard.loader,
    target: options.targetCores ?? standard.target,
  };
  if (pinning.loader === undefined) say('one core only: loader and target share it');
  else pinSelf(pinning.loader);
  if (options.target.some(({ kind }) => kind === 'attached')) say('a target that ran before is not pinned');
  return pinning;
}

function machine(pinning: Pinning): Record<string, unknown> {
  return {
    cpu: cpus()[0]?.model,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
    loadAverage: loadavg(),
    pinning,
  };
}

/** Measures. @returns the figures for the JSON file and whether all is well. */
async function measure(
  options: BenchOptions,
  sides: readonly Side[],
  plan: RunPlan,
): Promise<{ readonly figures: Record<string, unknown>; readonly failed: boolean }> {
  if (options.durationMs !== undefined) {
    const soaks = [];
    for (const side of sides) {
      const soak = await runSoak(side, plan, options.durationMs, soakSampleEveryMs);
      print(renderSoak(soak));
      soaks.push({ ...soak, load: { ...soak.load, latenciesMs: undefined } });
    }
    return { figures: { soaks }, failed: soaks.some(({ load }) => Object.keys(load.errors).length > 0) };
  }
  const results = await runInterleaved(sides, plan, ({ name }, { cpuMs, messages, wallMs }) => {
    const cpu = cpuMs === undefined ? undefined : cpuMs / messages;
    say(`${name}: ${figure((messages / wallMs) * 1000)} messages/s, ${figure(cpu)} CPU ms/message`);
  });
  const summaries = results.map(summarize);
  print(renderSides(summaries));
  const [first, second] = results;
  const ratios = first && second ? compare(first, second) : undefined;
  if (first && second && ratios) print(renderRatios(first.name, second.name, ratios));
  for (const { name, loaderShare } of summaries) {
    if (loaderShare > 0.9)
      say(`${name}: the loader's core was full, so messages/s and latency are the loader's`);
  }
  const { maxRatio } = options;
  const ratio = ratios?.cpu?.median;
  const tooDear = maxRatio !== undefined && !(ratio !== undefined && ratio <= maxRatio);
  if (maxRatio !== undefined) {
    print(`CPU ratio ${figure(ratio)}, allowed ${figure(maxRatio)}: ${tooDear ? 'too dear' : 'within'}`);
  }
  const blocks = results.map(({ name, blocks }) => ({
    name,
    blocks: blocks.map(({ latenciesMs, ...block }) => {
      const sorted = ascending(latenciesMs);
      return { ...block, p50Ms: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99) };
    }),
  }));
  const failed = tooDear || summaries.some(({ errorCount }) => errorCount > 0);
  return { figures: { summaries, ratios, blocks }, failed };
}

/** Runs what the command line asks for. @returns the exit code: 1 after errors or above `--max-ratio`. */
async function main(argv: readonly string[]): Promise<number> {
  // npm runs a workspace's script in the workspace; paths are meant from where npm was called.
  if (process.env['INIT_CWD'] !== undefined) process.chdir(process.env['INIT_CWD']);
  const options = parseOptions(argv);
  const startedAt = new Date().toISOString();
  const pinning = choosePinning(options);
  const messages = loadMessages(options);
  const { workers, rspamdMilter } = options;
  // Ending by exit, not by the signal, lets what was started be ended too.
  const endEarly = (): never => process.exit(130);
  process.once('SIGINT', endEarly);
  process.once('SIGTERM', endEarly);
  const set = await startTargets(options.target, { workers, cores: pinning.target, rspamdMilter });
  const sides: Side[] = [];
  try {
    for (const { name, description } of set.targets) say(`${name}: ${description}`);
    const roles = options.self ? [set.targets[0]!, set.targets[0]!] : set.targets;
    for (const [index, target] of roles.entries()) {
      const attached = options.target[options.self ? 0 : index]?.kind === 'attached';
      sides.push({
        name: options.self ? `${target.name} (${index === 0 ? 'A' : 'B'})` : target.name,
        pid: target.pid,
        cores: attached || pinning.target === undefined ? undefined : parseCores(pinning.target),
        client: openClient(target, options),
        failure: () => target.failure(),
      });
    }
    const plan: RunPlan = {
      messages,
      blocks: options.blocks,
      messagesPerBlock: options.messages,
      warmupMessages: options.warmup,
      concurrency: options.concurrency,
    };
    const { figures, failed } = await measure(options, sides, plan);
    if (options.json !== undefined) {
      const targets = set.targets.map(({ name, description }) => ({ name, description }));
      const report = { startedAt, machine: machine(pinning), options, targets, ...figures };
      writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
    }
    return failed ? 1 : 0;
  } finally {
    for (const { client } of sides) client.close();
    await set.stop();
  }
}

try {
  process.exitCode = await main(process.argv);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}
