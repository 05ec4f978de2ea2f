/**
 * Trains the content model that ships (`src/classify/content.model`): from the mail below `--train` whose licence allows
 * it and from our own templates. Prints what holds on held-out messages. The same input gives the same file, to the
 * byte; `--check` writes nothing and fails when the file is another.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gramBuckets, type ModelFile, readFeatures } from '../src/classify/index.ts';
import { contentViews } from '../src/content/index.ts';
import { parseMessage } from '../src/mime/index.ts';
import { directionOf } from './train-model/directions.ts';
import { fitCalibration, foldMargins } from './train-model/hold-out.ts';
import { type Budget, type Sample, train } from './train-model/logistic.ts';
import { composeLessons, type Lesson, readCorpus } from './train-model/samples.ts';

const root = join(import.meta.dirname, '..');
const modelFile = join(root, 'src/classify/content.model');

const budget: Budget = { epochs: 12, step: 0.08, namedDecay: 2e-3, gramDecay: 1e-4, leftOut: 0.5 };
/** Features that hardly a message has teach nothing but those messages. */
const leastMessages = 6;
/** What one message counts, by where it is from: together the sources then weigh about the same. */
const weights: Readonly<Record<string, number>> = { 'templates-ham': 1.5, 'sa-ham': 2 };

interface Read {
  readonly lesson: Lesson;
  readonly names: readonly string[];
  readonly grams: Uint16Array;
}

function read(lessons: readonly Lesson[]): readonly Read[] {
  return lessons.map((lesson) => {
    const message = parseMessage(lesson.raw);
    return { lesson, ...readFeatures(message, contentViews(message)) };
  });
}

/** Names of the features that enough messages have, sorted. */
function chooseNames(all: readonly Read[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { names } of all) for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts.keys()].filter((name) => counts.get(name)! >= leastMessages).sort();
}

function samplesOf(all: readonly Read[], names: readonly string[]): readonly Sample[] {
  const indexes = new Map(names.map((name, index) => [name, index]));
  return all.map(({ lesson, names: own, grams }) => ({
    isSpam: lesson.isSpam,
    family: lesson.family,
    weight: weights[lesson.source] ?? 1,
    named: Uint32Array.from(own.flatMap((name) => indexes.get(name) ?? [])),
    grams,
  }));
}

function buildModel(samples: readonly Sample[], names: readonly string[]): ModelFile {
  const features = { count: names.length, directions: Int8Array.from(names, directionOf) };
  const margins = foldMargins(samples, features, budget);
  const calibration = fitCalibration(samples, margins);
  const { bias, named, grams } = train(samples, features, budget);
  const largest = grams.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
  const gramStep = Number((largest / 127).toPrecision(4));
  const bytes = Buffer.alloc(gramBuckets);
  for (const [bucket, weight] of grams.entries()) bytes.writeInt8(Math.round(weight / gramStep), bucket);
  const rounded = (value: number): number => Number(value.toFixed(3));
  return {
    format: 1,
    bias: rounded(bias),
    calibration: { slope: rounded(calibration.slope), offset: rounded(calibration.offset) },
    named: Object.fromEntries(names.map((name, index) => [name, rounded(named[index]!)])),
    gramStep,
    grams: bytes.toString('base64'),
  };
}

function main(): number {
  const { values } = parseArgs({
    options: {
      train: { type: 'string', default: join(root, '../shared/data/outbreak/train') },
      check: { type: 'boolean', default: false },
    },
  });
  const corpus = readCorpus(resolve(values.train));
  if (!corpus)
    console.error(`left out: there is no mail in ${values.train}; the model learns from templates only`);
  const lessons = [...(corpus ?? []), ...composeLessons()];
  const counts = new Map<string, number>();
  for (const { source } of lessons) counts.set(source, (counts.get(source) ?? 0) + 1);
  console.log([...counts].map(([source, count]) => `${source} ${count}`).join(', '));
  const all = read(lessons);
  const names = chooseNames(all);
  const model = buildModel(samplesOf(all, names), names);
  const text = `${JSON.stringify(model, null, 1)}\n`;
  console.log(`${names.length} named features, ${text.length} characters`);
  if (!values.check) {
    writeFileSync(modelFile, text);
    return 0;
  }
  const isSame = readFileSync(modelFile, 'utf8') === text;
  console.log(isSame ? 'the model is what it would be' : 'the model is another');
  return isSame ? 0 : 1;
}

process.exit(main());
