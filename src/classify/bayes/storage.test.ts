import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storeDrivers } from '../../../test/helpers/store-drivers.ts';
import { type LearnOutcome, learnTokens, readTokens } from './storage.ts';

const classes = JSON.stringify([
  { label: 'S', learns: 'learns_spam', code: '1' },
  { label: 'H', learns: 'learns_ham', code: '-1' },
]);

for (const [name, start] of storeDrivers()) {
  test(`on ${name} a message is learned once, moved and forgotten`, async (t) => {
    const driver = await start();
    t.after(driver.close);
    const { store } = driver;
    const learn = (id: string, code: string, tokens: readonly string[]): Promise<LearnOutcome> =>
      store.run(
        learnTokens,
        ['RS', 'learned_ids', 'BAYES_SPAM_keys', ...tokens.map((token) => `RS_${token}`)],
        [id, code, classes, 0, 0],
      );
    const read = (tokens: readonly string[], least = 0) =>
      store.run(readTokens, ['RS', ...tokens.map((token) => `RS_${token}`)], [least, classes]);

    assert.deepEqual(await read(['1']), { learns: [0, 0], counts: [0, 0] });
    assert.deepEqual(await read(['1'], 1), { learns: [0, 0], counts: [] });
    assert.equal(await learn('a', '1', ['1', '2', '2']), 'learned');
    assert.equal(await learn('a', '1', ['1', '2', '2']), 'known');
    assert.equal(await learn('b', '-1', ['2', '3']), 'learned');
    assert.deepEqual(await store.hashGetAll('RS'), { learns_spam: '1', learns_ham: '1', version: '2' });
    assert.deepEqual(await store.hashGetAll('learned_ids'), { a: '1', b: '-1' });
    assert.deepEqual(await store.hashGetAll('RS_2'), { S: '2', H: '1' });
    assert.deepEqual(await read(['2', '3', '9', '1'], 1), {
      learns: [1, 1],
      counts: [2, 1, 0, 1, 0, 0, 1, 0],
    });
    assert.equal(await learn('a', '-1', ['1', '2', '2']), 'moved');
    assert.deepEqual(await store.hashGetAll('RS_2'), { H: '3' });
    assert.deepEqual((await read([])).learns, [0, 2]);
    assert.equal(await learn('a', '', ['1', '2', '2']), 'forgotten');
    assert.equal(await learn('a', '', ['1', '2', '2']), 'unknown');
    assert.deepEqual(await read(['1', '2', '3']), { learns: [0, 1], counts: [0, 0, 0, 1, 0, 1] });
  });

  test(`on ${name} tokens expire, common ones sooner`, async (t) => {
    const driver = await start();
    t.after(driver.close);
    const { store } = driver;
    const learn = (id: string, code: string, tokens: readonly string[]): Promise<LearnOutcome> =>
      store.run(
        learnTokens,
        ['RS', 'learned_ids', 'BAYES_SPAM_keys', ...tokens.map((token) => `RS_${token}`)],
        [id, code, classes, 60, 0.2],
      );
    await learn('a', '1', ['both', 'spam']);
    await learn('b', '-1', ['both']);
    assert.deepEqual(await store.hashGetAll('RS_both'), { S: '1', H: '1' });
    await driver.pass(300);
    assert.deepEqual(await store.hashGetAll('RS_both'), {});
    assert.deepEqual(await store.hashGetAll('RS_spam'), { S: '1' });
  });
}
