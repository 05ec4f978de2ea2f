import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type Protocol, protocols } from './clients/client.ts';
import type { Persistence } from './clients/http.ts';
import { type CorpusName, corpusNames } from './corpus/index.ts';
import { parseCores } from './proc/pinning.ts';
import { parseTarget, type TargetSpec } from './targets/index.ts';

/** What a run is asked to do. */
export interface BenchOptions {
  readonly target: TargetSpec[];
  readonly self: boolean;
  readonly proto: Protocol;
  readonly connection: Persistence;
  readonly messagesPerConnection: number;
  readonly concurrency: number;
  readonly blocks: number;
  readonly messages: number;
  readonly warmup: number;
  readonly sample: number;
  readonly seed: number;
  readonly corpus: CorpusName[];
  readonly data: string;
  readonly settings: string | undefined;
  readonly user: string | undefined;
  readonly ip: string;
  readonly timeoutMs: number;
  readonly workers: number;
  readonly targetCores: string | undefined;
  readonly loaderCores: string | undefined;
  readonly rspamdMilter: 'forward' | 'self-scan';
  /** Length of a soak; undefined: measure in blocks. */
  readonly durationMs: number | undefined;
  readonly maxRatio: number | undefined;
  readonly json: string | undefined;
}

const projectFolder = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

function invalid(error: unknown): InvalidArgumentError {
  return new InvalidArgumentError(error instanceof Error ? error.message : String(error));
}

function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`a whole number from ${least} up`);
    }
    return value;
  };
}

function ratio(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('a number above 0');
  return value;
}

/** Reads a time such as `500ms`, `60s`, `10m`, `1h` into milliseconds. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match?.[2] ?? ''];
  if (!match || unitMs === undefined) throw new InvalidArgumentError('a time such as 500ms, 60s, 10m or 1h');
  return Number(match[1]) * unitMs;
}

function targets(text: string, former: TargetSpec[] | undefined): TargetSpec[] {
  try {
    return [...(former ?? []), parseTarget(text)];
  } catch (error) {
    throw invalid(error);
  }
}

function corpora(text: string): CorpusName[] {
  return text.split(',').map((name) => {
    const known = corpusNames.find((corpus) => corpus === name);
    if (!known) throw new InvalidArgumentError(`known are ${corpusNames.join(', ')}`);
    return known;
  });
}

/** Checks that the text is a JSON object and makes it one line of ASCII, as a header value must be. */
export function parseSettings(text: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidArgumentError('a JSON object');
  }
  return JSON.stringify(value).replaceAll(/[^\x20-\x7e]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function cores(text: string): string {
  try {
    parseCores(text);
  } catch (error) {
    throw invalid(error);
  }
  return text;
}

/** The command line, without an action. */
function commandLine(): Command {
  return new Command('bench')
    .description('Load one scan server, or two in turns, and say what a message costs.')
    .addOption(
      new Option(
        '--target <target>',
        'postern, postern@DIR, rspamd, each with NAME= in front if wanted (started for the run), ' +
          'or NAME=host:port,pid=N (running); once or twice',
      )
        .argParser(targets)
        .makeOptionMandatory(),
    )
    .option('--self', 'measure the one target against itself: the noise floor', false)
    .addOption(new Option('--proto <protocol>').choices(protocols).default('http'))
    .addOption(
      new Option('--connection <kind>', 'http: what to ask the server for')
        .choices(['keep-alive', 'close'])
        .default('keep-alive'),
    )
    .option('--messages-per-connection <n>', 'milter: then open a new one (default: never)', wholeNumber(1))
    .option('--concurrency <n>', 'messages under way at a time', wholeNumber(1), 8)
    .option('--blocks <n>', 'blocks for each target', wholeNumber(1), 10)
    .option('--messages <n>', 'messages in a block', wholeNumber(1), 1000)
    .option('--warmup <n>', 'messages before the first block', wholeNumber(0), 3000)
    .option('--sample <n>', 'different messages to draw', wholeNumber(1), 2000)
    .option('--seed <n>', 'draws the same messages for the same seed', wholeNumber(0), 1)
    .option('--corpus <names>', `comma-separated: ${corpusNames.join(', ')}`, corpora, [...corpusNames])
    .option('--data <dir>', 'where content/ and outbreak/ lie', resolve(projectFolder, '../shared/data'))
    .option(
      '--settings <json>',
      'request header Settings (not with milter: it has no request headers)',
      parseSettings,
    )
    .option('--user <login>', 'SASL login of the sender', 'bench@example.com')
    .option('--no-user', 'no login')
    .option('--ip <address>', 'address of the submitting client', '198.51.100.7')
    .addOption(
      new Option('--timeout <time>', 'longest wait for a verdict')
        .argParser(parseDuration)
        .default(20_000, '20s'),
    )
    .option('--workers <n>', 'scan workers of a server that is started', wholeNumber(1), 1)
    .option(
      '--target-cores <list>',
      'cores of a server that is started (default: those after the first)',
      cores,
    )
    .option('--loader-cores <list>', 'cores of the loader (default: the first)', cores)
    .addOption(
      new Option(
        '--rspamd-milter <how>',
        'milter port of rspamd: forward to its scan port (stock) or scan itself',
      )
        .choices(['forward', 'self-scan'])
        .default('forward'),
    )
    .option('--duration <time>', 'soak: load each target that long and watch its memory', parseDuration)
    .option('--max-ratio <ratio>', 'fail when the median CPU ratio of second to first is above', ratio)
    .option('--json <file>', 'write all figures there')
    .addOption(
      new Option('--floor', 'the standard run with every check off').implies({
        proto: 'http',
        corpus: ['spam-assassin'],
        settings: '{"symbols_enabled":[]}',
      }),
    );
}

/** What in the options does not go together; undefined: all does. */
export function contradictionIn(options: BenchOptions): string | undefined {
  const { target, self, proto, settings, durationMs, maxRatio, connection, messagesPerConnection } = options;
  if (target.length > 2) return 'at most two targets can take turns';
  if (self && target.length !== 1) return '--self takes exactly one --target';
  if (maxRatio !== undefined && !self && target.length < 2) return '--max-ratio needs two targets';
  if (settings !== undefined && proto === 'milter') {
    return '--settings cannot be sent over milter, which has no request headers: put it into the configuration';
  }
  if (proto !== 'http' && connection === 'close') return '--connection is for http';
  if (proto !== 'milter' && Number.isFinite(messagesPerConnection)) {
    return '--messages-per-connection is for milter';
  }
  if (durationMs !== undefined && self) return '--duration watches each target alone: leave --self out';
  if (durationMs !== undefined && maxRatio !== undefined)
    return '--max-ratio is for blocks, not for --duration';
  return undefined;
}

/** Reads the command line; a wrong option ends the process with a message and exit code 2. */
export function parseOptions(argv: readonly string[]): BenchOptions {
  const command = commandLine().exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
  command.parse(argv);
  const {
    user,
    timeout,
    duration,
    messagesPerConnection = Number.POSITIVE_INFINITY,
    ...rest
  } = command.opts<
    Omit<BenchOptions, 'user' | 'timeoutMs' | 'durationMs' | 'messagesPerConnection'> & {
      user: string | false;
      timeout: number;
      duration?: number;
      messagesPerConnection?: number;
    }
  >();
  const options: BenchOptions = {
    ...rest,
    user: user === false ? undefined : user,
    timeoutMs: timeout,
    durationMs: duration,
    messagesPerConnection,
  };
  const contradiction = contradictionIn(options);
  if (contradiction !== undefined) command.error(contradiction);
  return options;
}
