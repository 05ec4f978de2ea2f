import type { StoreProcedure, StoreTransaction } from '../../core/index.ts';

// Full sets lose their lowest members first, and make room before a member is added, so that the new one always stays.

/** Makes room for a member that is not in the set yet. */
function makeRoom(tx: StoreTransaction, key: string, maxSize: number): void {
  const surplus = tx.sortedCount(key) - maxSize;
  if (surplus >= 0) tx.sortedRemoveByRank(key, 0, surplus);
}

function scoreOf(tx: StoreTransaction, key: string, wanted: string): number | undefined {
  return tx.sortedRange(key, 0, -1).find(({ member }) => member === wanted)?.score;
}

const luaMakeRoom = `
local function make_room(member, max_size)
  if redis.call('ZSCORE', KEYS[1], member) then return end
  local surplus = redis.call('ZCARD', KEYS[1]) - max_size
  if surplus >= 0 then redis.call('ZREMRANGEBYRANK', KEYS[1], 0, surplus) end
end`;

/** Notes whom one sender answered, with the time. */
export const rememberAnswered: StoreProcedure<
  readonly [seconds: number, maxSize: number, ttlMs: number, ...members: string[]],
  void
> = {
  name: 'replies_remember',
  apply(tx, [key = ''], [seconds, maxSize, ttlMs, ...members]) {
    for (const member of members) {
      if (scoreOf(tx, key, member) === undefined) makeRoom(tx, key, maxSize);
      tx.sortedAdd(key, member, seconds);
    }
    tx.expire(key, ttlMs);
  },
  lua: `${luaMakeRoom}
for i = 4, #ARGV do
  make_room(ARGV[i], tonumber(ARGV[2]))
  redis.call('ZADD', KEYS[1], ARGV[1], ARGV[i])
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`,
  parse() {},
};

/** Counts how often each address was answered. */
export const countAnswered: StoreProcedure<readonly [maxSize: number, ...members: string[]], void> = {
  name: 'replies_count',
  apply(tx, [key = ''], [maxSize, ...members]) {
    for (const member of members) {
      const score = scoreOf(tx, key, member);
      if (score === undefined) makeRoom(tx, key, maxSize);
      tx.sortedAdd(key, member, (score ?? 0) + 1);
    }
  },
  lua: `${luaMakeRoom}
for i = 2, #ARGV do
  make_room(ARGV[i], tonumber(ARGV[1]))
  redis.call('ZINCRBY', KEYS[1], 1, ARGV[i])
end
return 1`,
  parse() {},
};
