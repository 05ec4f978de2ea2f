import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { contentViews } from '../../content/index.ts';
import { parseMessage } from '../../mime/index.ts';
import { Learner, newLearnerState } from './learner.ts';
import { decodeLesson, decodeState, encodeLesson, encodeState } from './snapshot.ts';
import { newLearner } from './start.ts';
import { type NamedLesson, readLesson, views, weightCount } from './views.ts';

function lessonOf(text: string, symbols: readonly string[] = [], fields = ''): NamedLesson {
  const raw = `From: Ann <ann@shop.example>\n${fields}Subject: hi\nContent-Type: text/plain\n\n${text}\n`;
  const message = parseMessage(Buffer.from(raw));
  return readLesson(message, contentViews(message), symbols);
}

const spamTexts = [
  'luxury watches at a bargain',
  'bargain watches for winners',
  'casino winners get watches',
];
const hamTexts = [
  'minutes of the committee',
  'agenda for the committee meeting',
  'the quarterly meeting minutes',
];

function taught(): Learner {
  const learner = new Learner(newLearnerState());
  for (let round = 0; round < 4; round++)
    for (let index = 0; index < 3; index++) {
      learner.learn(lessonOf(spamTexts[index]!, ['A_SYMBOL']), true);
      learner.learn(lessonOf(hamTexts[index]!), false);
    }
  return learner;
}

test('what was taught is told apart by words and by symbols', () => {
  const learner = taught();
  const words = lessonOf('watches for winners at the casino');
  const calm = lessonOf('committee meeting agenda');
  assert.ok(learner.judge(words).parts[0]! > 0.5);
  assert.ok(learner.judge(calm).parts[0]! < -0.5);
  const signs = views.findIndex(({ name }) => name === 'signs');
  const withSymbol = learner.judge(lessonOf('nothing like it', ['A_SYMBOL'])).parts[signs]!;
  const without = learner.judge(lessonOf('nothing like it')).parts[signs]!;
  assert.ok(withSymbol > without);
  const { probability, logOdds } = learner.judge(words);
  assert.ok(Math.abs(Math.log(probability / (1 - probability)) - logOdds) < 1e-9);
});

test('a view has only so much to say, however often it was right', () => {
  const learner = new Learner(newLearnerState());
  const lesson = lessonOf('the same again');
  for (let round = 0; round < 2000; round++) learner.learn(lesson, true);
  for (const [view, part] of learner.judge(lesson).parts.entries()) assert.ok(part <= 3 * views[view]!.voice);
});

test('a lesson that is taken back leaves nothing behind', () => {
  const learner = taught();
  const before = Float32Array.from(learner.state.weights);
  const lesson = lessonOf('words that nobody used before', ['OTHER_SYMBOL']);
  const errors = learner.learn(lesson, true);
  assert.notDeepEqual(learner.state.weights, before);
  learner.unlearn(lesson, errors);
  const apart = learner.state.weights.map((weight, place) => Math.abs(weight - before[place]!));
  assert.ok(Math.max(...apart) < 1e-3);
});

test('what is known survives the way into a store and back', async () => {
  const { state } = taught();
  const text = await encodeState(state);
  const back = (await decodeState(text))!;
  for (let place = 0; place < weightCount; place++) {
    assert.ok(Math.abs(back.weights[place]! - state.weights[place]!) <= 1 / 2048);
    assert.ok(Math.abs(back.squares[place]! / state.squares[place]! - 1) <= 1 / 256);
  }
  assert.deepEqual(
    [back.biases, back.biasSquares, back.slope],
    [state.biases, state.biasSquares, Math.fround(state.slope)],
  );
  assert.ok(text.length < 600_000);
});

test('what is stored of a lesson are places and no text', () => {
  const lesson = lessonOf('watches at https://shop.example/', ['A_SYMBOL']);
  const back = decodeLesson(encodeLesson(lesson))!;
  assert.deepEqual(back.places, lesson.places);
  assert.equal(back.prior, Math.fround(lesson.prior));
});

test('noise is neither a lesson nor weights', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), fc.base64String()), async (text) => {
      assert.equal(decodeLesson(text), undefined);
      assert.equal(await decodeState(text), undefined);
    }),
    { numRuns: 300 },
  );
});

test('any message is a lesson within the bounds', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
      const message = parseMessage(Buffer.from(bytes));
      const lesson = readLesson(message, contentViews(message), []);
      assert.equal(lesson.places.length, views.length);
      for (const of of lesson.places) for (const place of of) assert.ok(place < weightCount);
      assert.ok(Number.isFinite(lesson.prior));
    }),
    { numRuns: 200 },
  );
});

test('what was written on the way is not looked at', () => {
  const header = views.findIndex(({ name }) => name === 'header');
  const plain = lessonOf('text', [], 'To: b@example.com\n');
  const travelled = lessonOf(
    'text',
    [],
    'To: b@example.com\nReceived: from a by b; today\nX-Spam-Status: No\n',
  );
  assert.deepEqual(travelled.names[header], plain.names[header]);
  assert.deepEqual(plain.names[header], [
    'from',
    'to',
    'from to',
    'subject',
    'to subject',
    'content-type',
    'subject content-type',
  ]);
});

test('it begins with what ships, made with the words as they are hashed now', () => {
  const learner = newLearner();
  const part = (text: string): number => learner.judge(lessonOf(text)).parts[0]!;
  assert.ok(
    part(
      'Your order has been shipped. You can track your parcel in your account. Thank you for shopping with us.',
    ) < 0,
  );
  assert.ok(
    part(
      'Your account was suspended. Verify your account immediately or it will be closed. Click here to confirm.',
    ) > 0,
  );
});
