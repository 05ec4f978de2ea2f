import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storeDrivers } from '../../../test/helpers/store-drivers.ts';
import { type LearnOutcome, learnTokens, readTokens } from './storage.ts';

const classes = JSON.stringify([
  { label: 'S', learns: 'learns_spam', code: 'spam', otherCodes: ['1'] },
  { label: 'H', learns: 'learns_ham', code: 'ham', otherCodes: ['-1', '0'] },
]);

for (const [name, start] of storeDrivers()) {
  test(`on ${name} a message is learned once, moved and forgotten`, async (t) => {
    const driver = await start();
    t.after(driver.close);
    const { store } = driver;
    const learn = (id: string, code: string, tokens: readonly string[]): Promise<LearnOutcome> =>
      store.run(
        learnTokens,
        ['RS', 'BAYES_SPAM_keys', 'learned_ids', ...tokens.map((token) => `RS_${token}`)],
        [id, code, classes, 0, 0, 1, 100],
      );
    const read = (tokens: readonly string[], least = 0) =>
      store.run(readTokens, ['RS', ...tokens.map((token) => `RS_${token}`)], [least, classes]);

    assert.deepEqual(await read(['1']), { learns: [0, 0], counts: [0, 0] });
    assert.deepEqual(await read(['1'], 1), { learns: [0, 0], counts: [] });
    assert.equal(await learn('a', 'spam', ['1', '2', '2']), 'learned');
    assert.equal(await learn('a', 'spam', ['1', '2', '2']), 'known');
    assert.equal(await learn('b', 'ham', ['2', '3']), 'learned');
    assert.deepEqual(await store.hashGetAll('RS'), { learns_spam: '1', learns_ham: '1', version: '2' });
    assert.deepEqual(await store.hashGetAll('learned_ids'), { a: 'spam', b: 'ham' });
    assert.deepEqual(await store.hashGetAll('RS_2'), { S: '2', H: '1' });
    assert.deepEqual(await read(['2', '3', '9', '1'], 1), {
      learns: [1, 1],
      counts: [2, 1, 0, 1, 0, 0, 1, 0],
    });
    assert.equal(await learn('a', 'ham', ['1', '2', '2']), 'moved');
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
        ['RS', 'BAYES_SPAM_keys', 'learned_ids', ...tokens.map((token) => `RS_${token}`)],
        [id, code, classes, 60, 0.2, 1, 100],
      );
    await learn('a', 'spam', ['both', 'spam']);
    await learn('b', 'ham', ['both']);
    assert.deepEqual(await store.hashGetAll('RS_both'), { S: '1', H: '1' });
    await driver.pass(300);
    assert.deepEqual(await store.hashGetAll('RS_both'), {});
    assert.deepEqual(await store.hashGetAll('RS_spam'), { S: '1' });
  });

  test(`on ${name} what other versions of Rspamd remember is known, under each name and in each key`, async (t) => {
    const driver = await start();
    t.after(driver.close);
    const { store } = driver;
    const caches = ['learned_ids', 'learned_idsX'];
    const learn = (ids: string, code: string): Promise<LearnOutcome> =>
      store.run(
        learnTokens,
        ['RS', 'BAYES_SPAM_keys', ...caches, 'RS_1'],
        [ids, code, classes, 0, 0, caches.length, 2],
      );
    await store.hashSet('learned_ids', { abcdef: '1' });
    await store.hashSet('learned_idsX', { ghi: '0' });
    assert.equal(await learn('abc abcdef', 'spam'), 'known');
    assert.equal(await learn('ghi ghijkl', 'ham'), 'known');
    assert.equal(await learn('ghi ghijkl', 'spam'), 'moved');
    assert.equal(await learn('abc abcdef', 'ham'), 'moved');
    assert.deepEqual(await store.hashGetAll('learned_ids'), { abc: 'ham', ghi: 'spam' });
    assert.deepEqual(await store.hashGetAll('learned_idsX'), {});
    // A class that is no more is as good as not learned.
    await store.hashSet('learned_idsX', { other: 'news' });
    assert.equal(await learn('other', ''), 'unknown');
    assert.equal(await learn('other', 'ham'), 'learned');
    assert.equal(await learn('other', ''), 'forgotten');
  });

  test(`on ${name} full memories of what was learned make room`, async (t) => {
    const driver = await start();
    t.after(driver.close);
    const { store } = driver;
    const caches = ['learned_ids', 'learned_idsX'];
    const learn = (id: string): Promise<LearnOutcome> =>
      store.run(
        learnTokens,
        ['RS', 'BAYES_SPAM_keys', ...caches, 'RS_1'],
        [id, 'spam', classes, 0, 0, caches.length, 2],
      );
    for (const id of ['a', 'b', 'c', 'd']) assert.equal(await learn(id), 'learned');
    assert.deepEqual(await store.hashGetAll('learned_idsX'), { c: 'spam', d: 'spam' });
    // The code of `e` is odd.
    assert.equal(await learn('e'), 'learned');
    assert.deepEqual(await store.hashGetAll('learned_ids'), { a: 'spam', b: 'spam' });
    assert.deepEqual(await store.hashGetAll('learned_idsX'), { e: 'spam' });
  });
}
