import type { StoreProcedure, StoreTransaction } from '../../core/index.ts';

/**
 * A bucket is a hash: `l` time of the last update (ms), `b` content, `p` units of messages on their way, `dr` and
 * `db` multipliers of rate and burst × 10000. These are Rspamd's fields, so that a Redis that was or is shared with
 * it keeps its buckets.
 *
 * Ours: `pw`, `p0`, `p1` split `p` by windows of a minute. What a worker took and never gave back (it crashed) is
 * dropped after one to two minutes instead of blocking the sender for ever.
 */
export const pendingWindowMs = 60_000;

/** Multipliers are stored as integers: × 10000, rounded down. */
const scale = 10_000;

export interface CheckResult {
  readonly isAllowed: boolean;
  /** Content after draining, this message not counted. */
  readonly level: number;
  readonly rateMultiplier: number;
  readonly burstMultiplier: number;
  /** Where the units were noted; {@link updateBucket} wants it back. */
  readonly window: number;
}

type CheckArgs = readonly [
  nowMs: number,
  ratePerMs: number,
  burst: number,
  units: number,
  dynamic: 0 | 1,
  expireMs: number,
];

interface BucketState {
  last: number;
  level: number;
  pending: number;
  rate: number;
  burst: number;
  window: number;
  current: number;
  previous: number;
}

function readBucket(tx: StoreTransaction, key: string): BucketState | undefined {
  return readFields(tx.hashGetAll(key));
}

/** Content of a stored bucket now, units of messages on their way included. */
export function currentLevel(
  fields: Readonly<Record<string, string>>,
  nowMs: number,
  ratePerMs: number,
  isDynamic: boolean,
): number {
  const state = readFields(fields);
  if (!state) return 0;
  rollWindow(state, Math.floor(nowMs / pendingWindowMs));
  const drained = Math.max(0, nowMs - state.last) * ratePerMs * (isDynamic ? state.rate / scale : 1);
  return Math.max(0, state.level - drained) + state.pending;
}

function readFields(fields: Readonly<Record<string, string>>): BucketState | undefined {
  if (fields['l'] === undefined) return undefined;
  const number = (name: string, missing: number): number => {
    const value = Number(fields[name] ?? missing);
    return Number.isFinite(value) ? value : missing;
  };
  return {
    last: number('l', 0),
    level: Math.max(0, number('b', 0)),
    pending: Math.max(0, number('p', 0)),
    rate: number('dr', scale),
    burst: number('db', scale),
    window: number('pw', 0),
    current: number('p0', 0),
    previous: number('p1', 0),
  };
}

function writeBucket(tx: StoreTransaction, key: string, state: BucketState): void {
  tx.hashSet(key, {
    l: state.last,
    b: state.level,
    p: state.pending,
    dr: state.rate,
    db: state.burst,
    pw: state.window,
    p0: state.current,
    p1: state.previous,
  });
}

/** Forgets what was noted before the last two windows. */
function rollWindow(state: BucketState, window: number): void {
  if (window <= state.window) return;
  if (window === state.window + 1) {
    state.pending -= state.previous;
    state.previous = state.current;
  } else {
    state.pending -= state.previous + state.current;
    state.previous = 0;
  }
  state.current = 0;
  state.window = window;
  state.pending = Math.max(0, state.pending);
}

/** The same in Lua: numbers of the bucket at KEYS[1], and the two steps that both scripts share. */
const luaPrelude = `
local key = KEYS[1]
local stored = redis.call('HMGET', key, 'l', 'b', 'p', 'dr', 'db', 'pw', 'p0', 'p1')
local function number(index, missing)
  local value = tonumber(stored[index] or missing)
  if value == nil or value ~= value or value == math.huge or value == -math.huge then return missing end
  return value
end
local function text(value) return string.format('%.17g', value) end
local last, level, pending = number(1, 0), math.max(0, number(2, 0)), math.max(0, number(3, 0))
local rate, burst = number(4, ${scale}), number(5, ${scale})
local window, current, previous = number(6, 0), number(7, 0), number(8, 0)
local function write()
  redis.call('HSET', key, 'l', text(last), 'b', text(level), 'p', text(pending), 'dr', text(rate),
    'db', text(burst), 'pw', text(window), 'p0', text(current), 'p1', text(previous))
end`;

/** May these units go now? Notes them as pending if so. Writes nothing for a fresh bucket that they do not fit. */
export const checkBucket: StoreProcedure<CheckArgs, CheckResult> = {
  name: 'ratelimit_check',
  apply(tx, [key = ''], [nowMs, ratePerMs, burst, units, dynamic, expireMs]) {
    const window = Math.floor(nowMs / pendingWindowMs);
    const state = readBucket(tx, key);
    if (!state) {
      const isAllowed = units <= burst;
      if (isAllowed) {
        writeBucket(tx, key, {
          last: nowMs,
          level: 0,
          pending: units,
          rate: scale,
          burst: scale,
          window,
          current: units,
          previous: 0,
        });
        tx.expire(key, expireMs);
      }
      return { isAllowed, level: 0, rateMultiplier: 1, burstMultiplier: 1, window };
    }
    const rateMultiplier = dynamic ? state.rate / scale : 1;
    const burstMultiplier = dynamic ? state.burst / scale : 1;
    rollWindow(state, window);
    if (state.level > 0 && state.last < nowMs) {
      state.level = Math.max(0, state.level - (nowMs - state.last) * ratePerMs * rateMultiplier);
      state.last = nowMs;
    }
    const isAllowed = state.level + state.pending + units <= burst * burstMultiplier;
    if (isAllowed) {
      state.pending += units;
      state.current += units;
    }
    writeBucket(tx, key, state);
    return { isAllowed, level: state.level, rateMultiplier, burstMultiplier, window: state.window };
  },
  lua: `${luaPrelude}
local now, rate_per_ms, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local units, dynamic = tonumber(ARGV[4]), ARGV[5] == '1'
local now_window = math.floor(now / ${pendingWindowMs})
if not stored[1] then
  if units > limit then return {0, '0', '1', '1', text(now_window)} end
  last, pending, window, current = now, units, now_window, units
  write()
  redis.call('PEXPIRE', key, ARGV[6])
  return {1, '0', '1', '1', text(now_window)}
end
local rate_multiplier, burst_multiplier = 1, 1
if dynamic then rate_multiplier, burst_multiplier = rate / ${scale}, burst / ${scale} end
if now_window > window then
  if now_window == window + 1 then
    pending = pending - previous
    previous = current
  else
    pending = pending - (previous + current)
    previous = 0
  end
  current, window, pending = 0, now_window, math.max(0, pending)
end
if level > 0 and last < now then
  level = math.max(0, level - (now - last) * rate_per_ms * rate_multiplier)
  last = now
end
local allowed = 0
if level + pending + units <= limit * burst_multiplier then
  allowed, pending, current = 1, pending + units, current + units
end
write()
return {allowed, text(level), text(rate_multiplier), text(burst_multiplier), text(window)}`,
  parse(reply) {
    const [allowed, level, rate, burst, window] = reply as readonly (string | number)[];
    return {
      isAllowed: Number(allowed) === 1,
      level: Number(level),
      rateMultiplier: Number(rate),
      burstMultiplier: Number(burst),
      window: Number(window),
    };
  },
};

type UpdateArgs = readonly [
  startedMs: number,
  /** Units to add to the content; 0: the message was stopped. */
  charged: number,
  /** Pending units to give back; 0: none were taken. */
  released: number,
  window: number,
  expireMs: number,
  /** 1: leave the multiplier as it is. */
  rateFactor: number,
  burstFactor: number,
  maxRateMultiplier: number,
  maxBurstMultiplier: number,
];

/** Grows or shrinks a stored multiplier until it has passed its bound. */
function adjusted(stored: number, factor: number, bound: number): number {
  const mayGrow = factor > 1 && stored < bound * scale;
  const mayShrink = factor < 1 && stored > scale / bound;
  return mayGrow || mayShrink ? Math.floor(stored * factor) : stored;
}

/**
 * After the message: gives pending units back and charges those that were let through. The bucket is not drained
 * here; its time becomes the start of the message, but never an earlier one than it has, or slow scans would let it
 * drain twice.
 */
export const updateBucket: StoreProcedure<UpdateArgs, void> = {
  name: 'ratelimit_update',
  apply(
    tx,
    [key = ''],
    [startedMs, charged, released, window, expireMs, rateFactor, burstFactor, maxRate, maxBurst],
  ) {
    const stored = readBucket(tx, key);
    if (!stored && charged === 0) return;
    const state = stored ?? {
      last: startedMs,
      level: 0,
      pending: 0,
      rate: scale,
      burst: scale,
      window,
      current: 0,
      previous: 0,
    };
    if (window === state.window) {
      const given = Math.min(released, state.current);
      state.current -= given;
      state.pending = Math.max(0, state.pending - given);
    } else if (window === state.window - 1) {
      const given = Math.min(released, state.previous);
      state.previous -= given;
      state.pending = Math.max(0, state.pending - given);
    }
    if (charged > 0) {
      state.level += charged;
      state.last = Math.max(state.last, startedMs);
      state.rate = adjusted(state.rate, rateFactor, maxRate);
      state.burst = adjusted(state.burst, burstFactor, maxBurst);
    }
    writeBucket(tx, key, state);
    if (charged > 0) tx.expire(key, expireMs);
  },
  lua: `${luaPrelude}
local started, charged, released, taken = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if not stored[1] then
  if charged <= 0 then return 0 end
  last, window = started, taken
end
if taken == window then
  local given = math.min(released, current)
  current, pending = current - given, math.max(0, pending - given)
elseif taken == window - 1 then
  local given = math.min(released, previous)
  previous, pending = previous - given, math.max(0, pending - given)
end
local function adjusted(value, factor, bound)
  if (factor > 1 and value < bound * ${scale}) or (factor < 1 and value > ${scale} / bound) then
    return math.floor(value * factor)
  end
  return value
end
if charged > 0 then
  level, last = level + charged, math.max(last, started)
  rate = adjusted(rate, tonumber(ARGV[6]), tonumber(ARGV[8]))
  burst = adjusted(burst, tonumber(ARGV[7]), tonumber(ARGV[9]))
end
write()
if charged > 0 then redis.call('PEXPIRE', key, ARGV[5]) end
return 1`,
  parse() {},
};

/** Notes a bucket that stopped a message in the short list that administrators look at. */
export const rememberLimited: StoreProcedure<
  readonly [bucket: string, nowMs: number, maxSize: number],
  void
> = {
  name: 'ratelimit_remember',
  apply(tx, [key = ''], [bucket, nowMs, maxSize]) {
    tx.sortedAdd(key, bucket, nowMs);
    tx.sortedRemoveByRank(key, 0, -maxSize - 1);
  },
  lua: `redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -tonumber(ARGV[3]) - 1)
return 1`,
  parse() {},
};
