import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { brotliCompressSync } from 'node:zlib';
import { openBrotliStore } from './brotli-store.ts';
import { drawMessages, openCorpora } from './index.ts';
import { drawSample, seededRandom } from './random.ts';
import { openSpamAssassin } from './spam-assassin.ts';

it('draws the same sample for the same seed, and another for another', () => {
  const items = Array.from({ length: 100 }, (_, index) => index);
  const draw = (seed: number) => drawSample(items, 10, seededRandom(seed));
  assert.deepEqual(draw(1), draw(1));
  assert.notDeepEqual(draw(1), draw(2));
  assert.equal(new Set(draw(1)).size, 10);
  assert.equal(drawSample(items, 1000, seededRandom(0)).length, 100);
});

it('draws evenly over the whole range', () => {
  const random = seededRandom(7);
  const tenths = new Array<number>(10).fill(0);
  for (let index = 0; index < 10_000; index++) tenths[Math.floor(random() * 10)]! += 1;
  for (const count of tenths) assert.ok(count > 850 && count < 1150, `${count} of 1000 expected`);
});

it('finds all of the SpamAssassin corpus and reads its texts', () => {
  const corpus = openSpamAssassin();
  assert.equal(corpus.keys.length, 6046);
  assert.match(corpus.read(corpus.keys[0]!).toString('latin1', 0, 400), /^From \S+ .*\n[\w-]+: /);
});

it('reads messages of a brotli store by shard, offset and length', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-bench-store-'));
  context.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'store'));
  const index = [
    { label: 'ham', ptr: [0, 0, 3] },
    { label: 'spam', ptr: [1, 2, 4] },
  ];
  writeFileSync(
    join(folder, 'index.jsonl.br'),
    brotliCompressSync(index.map((line) => JSON.stringify(line)).join('\n')),
  );
  writeFileSync(join(folder, 'store', 'm000.br'), brotliCompressSync('abcdef'));
  writeFileSync(join(folder, 'store', 'm001.br'), brotliCompressSync('ghijkl'));
  const corpus = openBrotliStore('content-dev', folder);
  assert.deepEqual(
    corpus.keys.map((key) => corpus.read(key).toString()),
    ['abc', 'ijkl'],
  );
  assert.throws(() => corpus.read('2'), RangeError);
});

it('says which collections are absent and shares the sample among the rest', () => {
  const { opened, absent } = openCorpora(['spam-assassin', 'outbreak-train'], join(tmpdir(), 'nothing-here'));
  assert.deepEqual(
    absent.map(({ name }) => name),
    ['outbreak-train'],
  );
  const twice = [...opened, { ...opened[0]!, name: 'content-dev' as const }];
  const drawn = drawMessages(twice, 7, 3);
  const shares = twice.map(({ name }) => drawn.filter(({ corpus }) => corpus === name).length);
  assert.deepEqual(shares, [4, 3]);
  assert.deepEqual(
    drawn.map(({ key }) => key),
    drawMessages(twice, 7, 3).map(({ key }) => key),
  );
});
