import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { storeDrivers } from '../../test/helpers/store-drivers.ts';
import { FuzzyStorage } from './storage.ts';

const digestOf = (text: string): Buffer => createHash('blake2b512').update(text).digest();
const shinglesFrom = (start: number): BigUint64Array =>
  BigUint64Array.from({ length: 32 }, (_, number) => 2n ** 63n + BigInt(1000 * start + number));
const day = 86_400;

/** The same shingles but for so many. */
function changed(shingles: BigUint64Array, count: number): BigUint64Array {
  return shingles.map((value, number) => (number < count ? value + 1n : value));
}

for (const [name, start] of storeDrivers()) {
  const open = async (t: TestContext) => {
    const driver = await start();
    t.after(driver.close);
    return { ...driver, storage: new FuzzyStorage(driver.store) };
  };
  const spam = { digest: digestOf('spam'), shingles: shinglesFrom(1) };
  const one = { flag: 1, weight: 10, ttlSeconds: day, nowSeconds: 1_700_000_000 };

  test(`on ${name} a hash is found by its digest and by more than half of its shingles`, async (t) => {
    const { storage } = await open(t);
    assert.equal(await storage.isUsed(), false);
    assert.equal(await storage.check(spam), undefined);
    assert.equal(await storage.add(spam, one), 'added');
    assert.equal(await storage.isUsed(), true);
    const known = { timeSeconds: 1_700_000_000, flags: [{ flag: 1, value: 10 }], digest: spam.digest };
    assert.deepEqual(await storage.check({ digest: spam.digest, shingles: undefined }), {
      ...known,
      probability: 1,
    });
    for (const [count, probability] of [
      [0, 1],
      [1, 31 / 32],
      [15, 17 / 32],
    ] as const)
      assert.deepEqual(
        await storage.check({ digest: digestOf('like it'), shingles: changed(spam.shingles, count) }),
        { ...known, probability },
      );
    for (const count of [16, 32])
      assert.equal(
        await storage.check({ digest: digestOf('unlike'), shingles: changed(spam.shingles, count) }),
        undefined,
      );
    assert.equal(await storage.check({ digest: digestOf('like it'), shingles: undefined }), undefined);
  });

  test(`on ${name} weights of a flag add up, and a hash has up to eight flags`, async (t) => {
    const { storage } = await open(t);
    await storage.add(spam, one);
    assert.equal(await storage.add(spam, { ...one, weight: -3, nowSeconds: 5 }), 'updated');
    for (const flag of [2, 3, 4, 5, 6, 7, 8])
      assert.equal(await storage.add(spam, { ...one, flag, weight: flag }), 'updated');
    assert.equal(await storage.add(spam, { ...one, flag: 9 }), 'full');
    const found = await storage.check(spam);
    assert.equal(found?.timeSeconds, 1_700_000_000);
    assert.deepEqual(
      found?.flags.map(({ flag, value }) => [flag, value]),
      [[1, 7], ...[2, 3, 4, 5, 6, 7, 8].map((flag) => [flag, flag])],
    );
    assert.equal(await storage.count(), 1);
  });

  test(`on ${name} a hash goes with its last flag, and its shingles with it`, async (t) => {
    const { storage } = await open(t);
    for (const flag of [1, 2, 3]) await storage.add(spam, { ...one, flag });
    assert.equal(await storage.delete(spam, 4), 'unknown');
    assert.equal(await storage.delete(spam, 1), 'deleted');
    const flags = async () => (await storage.check(spam))?.flags.map(({ flag }) => flag);
    assert.deepEqual(await flags(), [3, 2]);
    await storage.delete(spam, 2);
    await storage.delete(spam, 3);
    assert.equal(await flags(), undefined);
    assert.equal(await storage.check({ ...spam, digest: digestOf('like it') }), undefined);
    assert.equal(await storage.count(), 0);
    assert.equal(await storage.delete(spam, 3), 'unknown');
    assert.equal(await storage.isUsed(), true);
  });

  test(`on ${name} shingles that a newer hash took over stay when the older one is deleted`, async (t) => {
    const { storage } = await open(t);
    const other = { digest: digestOf('newer'), shingles: spam.shingles };
    await storage.add(spam, one);
    await storage.add(other, one);
    await storage.delete(spam, 1);
    const found = await storage.check({ digest: digestOf('like both'), shingles: spam.shingles });
    assert.deepEqual(found?.digest, other.digest);
  });

  test(`on ${name} what is not reported any more expires`, async (t) => {
    const { storage, pass } = await open(t);
    await storage.add(spam, { ...one, ttlSeconds: 1 });
    await pass(1050);
    assert.equal(await storage.check(spam), undefined);
    assert.equal(await storage.check({ ...spam, digest: digestOf('like it') }), undefined);
    assert.equal(await storage.add(spam, { ...one, weight: 4 }), 'added');
    assert.deepEqual((await storage.check(spam))?.flags, [{ flag: 1, value: 4 }]);
  });
}
