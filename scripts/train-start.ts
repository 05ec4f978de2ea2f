/**
 * Makes what the online learner begins with (`src/classify/learned/start.weights`): what its words say of honest and
 * dishonest mail of our own templates, so that service mail in several languages is not strange to a server that is
 * taught by lists and colleagues. To be made anew when words are hashed in another way or templates change. The same
 * templates give the same file, to the byte; `--check` writes nothing and fails when the file is another.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { encodeState, Learner, newLearnerState, readLesson } from '../src/classify/learned/index.ts';
import { contentViews } from '../src/content/index.ts';
import { parseMessage } from '../src/mime/index.ts';
import { Random } from './train-model/random.ts';
import { composeLessons } from './train-model/samples.ts';

const file = join(import.meta.dirname, '../src/classify/learned/start.weights');

/** Only words: templates have headers and links as their maker thought of them. */
async function makeStart(): Promise<string> {
  const learner = new Learner(newLearnerState());
  const lessons = [...composeLessons()];
  new Random(7).shuffle(lessons);
  for (const { isSpam, raw } of lessons) {
    const message = parseMessage(raw);
    const { prior, places } = readLesson(message, contentViews(message), []);
    learner.learn({ prior, places: places.map((of, view) => (view === 0 ? of : new Uint32Array())) }, isSpam);
  }
  const { weights, squares, biases, biasSquares } = learner.state;
  const start = newLearnerState();
  start.biases[0] = biases[0]!;
  start.biasSquares[0] = biasSquares[0]!;
  return encodeState({ ...start, weights, squares });
}

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const made = `${await makeStart()}\n`;
const isSame = existsSync(file) && readFileSync(file, 'utf8') === made;
if (values.check) {
  process.stdout.write(
    isSame ? 'the start is the one that ships\n' : 'the start is another one: npm run train:start\n',
  );
  process.exitCode = isSame ? 0 : 1;
} else {
  writeFileSync(file, made);
  process.stdout.write(`${made.length} bytes${isSame ? ', as before' : ''}\n`);
}
