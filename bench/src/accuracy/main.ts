import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ScanClient, Submission } from '../clients/client.ts';
import { httpClient } from '../clients/http.ts';
import { drawSample, seededRandom } from '../corpus/random.ts';
import { prepareMessage } from '../message.ts';
import { startTargets, type Target } from '../targets/index.ts';
import { evaluate, type Scored } from './evaluate.ts';
import { type Labelled, openLabelled } from './labelled.ts';
import { type AccuracyOptions, parseAccuracyOptions } from './options.ts';
import { renderAccuracy } from './report.ts';
import { spamcClient } from './spamc.ts';
import { drawLessons, teach } from './teach.ts';

const timeoutMs = 60_000;

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function openClient(target: Target, options: AccuracyOptions, user: string): ScanClient {
  const port = target.spamcPort ?? target.ports.http;
  if (port === undefined) throw new Error(`${target.name} has no scan port`);
  const { settings, ip } = options;
  const submission: Submission = { host: target.host, port, user, clientIp: ip, settings, timeoutMs };
  return options.proto === 'spamc' || target.spamcPort !== undefined
    ? spamcClient(submission)
    : httpClient(submission, 'close');
}

/**
 * Hands in every message as a login of its own sender would, so that limits on how much one login sends do not
 * join in.
 */
async function score(
  target: Target,
  messages: readonly Labelled[],
  exam: readonly number[],
  options: AccuracyOptions,
  rows: (Scored | undefined)[],
  errors: Record<string, number>,
): Promise<void> {
  const now = new Date();
  let next = 0;
  const lane = async (number: number): Promise<void> => {
    for (let turn = next++; turn < exam.length; turn = next++) {
      const index = exam[turn]!;
      const { label, facets, read } = messages[index]!;
      const prepared = prepareMessage(read(), index, now);
      const client = openClient(target, options, prepared.sender);
      const outcome = await client.scan(number, prepared);
      client.close();
      if (turn > 0 && turn % 500 === 0) say(`${turn} messages`);
      if (outcome.kind === 'verdict' && outcome.score !== undefined) {
        rows[index] = { label, facets, score: outcome.score, action: outcome.action };
        continue;
      }
      const reason = outcome.kind === 'error' ? outcome.reason : 'a reply without score';
      errors[reason] = (errors[reason] ?? 0) + 1;
      const failure = target.failure();
      if (failure !== undefined) throw new Error(`${target.name}: ${failure}`);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, (_, number) => lane(number)));
}

/** What a server is taught, and by number what it is to judge after. */
interface Round {
  readonly lessons: readonly Labelled[];
  readonly exam: readonly number[];
}

function roundsOf(messages: readonly Labelled[], options: AccuracyOptions): readonly Round[] {
  const random = seededRandom(options.seed);
  const numbers = messages.map((_, number) => number);
  if (!options.cross) {
    const { train, trainSet } = options;
    return [
      {
        lessons: train === undefined ? [] : drawLessons(openLabelled(trainSet), train, random),
        exam: numbers,
      },
    ];
  }
  if (options.target.kind === 'attached')
    throw new RangeError(
      '--cross needs a server that is started for the run: each half needs one without memory',
    );
  const mixed = drawSample(numbers, numbers.length, random);
  const half = mixed.length >> 1;
  const [first, second] = [mixed.slice(0, half), mixed.slice(half)];
  const lessons = (part: readonly number[]): Labelled[] => part.map((number) => messages[number]!);
  return [
    { lessons: lessons(first), exam: second },
    { lessons: lessons(second), exam: first },
  ];
}

/** Starts a server (or takes the one that runs), teaches it, and lets it judge. @returns what server it is. */
async function runRound(
  { lessons, messages, exam }: Round & { readonly messages: readonly Labelled[] },
  options: AccuracyOptions,
  rows: (Scored | undefined)[],
  errors: Record<string, number>,
): Promise<string> {
  const set = await startTargets([options.target], {
    workers: 1,
    cores: undefined,
    rspamdMilter: 'self-scan',
    isTaught: lessons.length > 0,
  });
  try {
    const target = set.targets[0]!;
    say(`${target.name}: ${target.description}`);
    if (lessons.length > 0) say(`taught: ${JSON.stringify(await teach(target, lessons))}`);
    await score(target, messages, exam, options, rows, errors);
    return target.description;
  } finally {
    await set.stop();
  }
}

/** Runs what the command line asks for. @returns the exit code: 1 when a message got no score. */
async function main(argv: readonly string[]): Promise<number> {
  if (process.env['INIT_CWD'] !== undefined) process.chdir(process.env['INIT_CWD']);
  const options = parseAccuracyOptions(argv);
  if (!existsSync(join(options.set, 'index.jsonl.br'))) {
    say(`left out: there is no labelled mail in ${options.set}`);
    return 0;
  }
  if (options.train !== undefined && !existsSync(join(options.trainSet, 'index.jsonl.br'))) {
    say(`left out: there is no labelled mail in ${options.trainSet}`);
    return 0;
  }
  const messages = openLabelled(options.set).slice(0, options.limit);
  const endEarly = (): never => process.exit(130);
  process.once('SIGINT', endEarly);
  process.once('SIGTERM', endEarly);
  const rows: (Scored | undefined)[] = messages.map(() => undefined);
  const errors: Record<string, number> = {};
  let description = '';
  for (const { lessons, exam } of roundsOf(messages, options)) {
    description = await runRound({ lessons, messages, exam }, options, rows, errors);
  }
  const accuracy = evaluate(rows.filter((row) => row !== undefined));
  process.stdout.write(`${renderAccuracy(description, accuracy)}\n`);
  const errorCount = Object.values(errors).reduce((sum, count) => sum + count, 0);
  if (errorCount > 0) say(`messages without a score: ${JSON.stringify(errors)}`);
  if (options.json !== undefined) {
    const report = { target: description, set: options.set, ...accuracy, errors };
    writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  }
  if (options.scores !== undefined) {
    const lines = rows.map((row, index) => `${index} ${row?.label ?? '-'} ${row?.score ?? '-'}\n`);
    writeFileSync(options.scores, lines.join(''));
  }
  return errorCount > 0 ? 1 : 0;
}

try {
  process.exitCode = await main(process.argv);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}
