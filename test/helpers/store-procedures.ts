import type { StoreProcedure } from '../../src/core/index.ts';

/** Adds to a counter in two steps that must not be torn apart. */
export const increment: StoreProcedure<[by: number], number> = {
  name: 'test_increment',
  apply(tx, [key = ''], [by]) {
    const value = Number(tx.hashGet(key, 'n') ?? '0') + by;
    tx.hashSet(key, { n: value });
    return value;
  },
  lua: `local value = tonumber(redis.call('HGET', KEYS[1], 'n') or '0') + tonumber(ARGV[1])
redis.call('HSET', KEYS[1], 'n', string.format('%.17g', value))
return value`,
  parse: Number,
};

/** Touches every kind of value; gives back what each call said. */
export const everything: StoreProcedure<[ttlMs: number], readonly string[]> = {
  name: 'test_everything',
  apply(tx, [text = '', hash = '', sorted = ''], [ttlMs]) {
    tx.set(text, 'one');
    tx.expire(text, ttlMs);
    tx.hashSet(hash, { a: 1, b: 'two', c: 3 });
    tx.hashDelete(hash, 'c');
    for (const [member, score] of [
      ['x', 3],
      ['y', 1],
      ['z', 2],
      ['x', 0.5],
    ] as const)
      tx.sortedAdd(sorted, member, score);
    tx.sortedRemoveByRank(sorted, -1, -1);
    return [
      tx.get(text) ?? '',
      tx.hashGet(hash, 'b') ?? '',
      String(Object.keys(tx.hashGetAll(hash)).length),
      String(tx.sortedCount(sorted)),
      tx
        .sortedRange(sorted, 0, -1)
        .map(({ member }) => member)
        .join(','),
    ];
  },
  lua: `redis.call('SET', KEYS[1], 'one')
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[2], 'a', 1, 'b', 'two', 'c', 3)
redis.call('HDEL', KEYS[2], 'c')
redis.call('ZADD', KEYS[3], 3, 'x', 1, 'y', 2, 'z')
redis.call('ZADD', KEYS[3], 0.5, 'x')
redis.call('ZREMRANGEBYRANK', KEYS[3], -1, -1)
return {redis.call('GET', KEYS[1]), redis.call('HGET', KEYS[2], 'b'), tostring(redis.call('HLEN', KEYS[2])),
  tostring(redis.call('ZCARD', KEYS[3])), table.concat(redis.call('ZRANGE', KEYS[3], 0, -1), ',')}`,
  parse: (reply) => reply as string[],
};

/** Writes, then fails: nothing of it may remain. */
export const failing: StoreProcedure<[], never> = {
  name: 'test_failing',
  apply(tx, [key = '']) {
    tx.hashGet(key, 'n');
    tx.set(`${key}:half`, 'written');
    throw new Error('the procedure failed');
  },
  lua: `return redis.error_reply('ERR the procedure failed')`,
  parse: () => {
    throw new Error('unreachable');
  },
};
