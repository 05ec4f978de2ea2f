import type { StoreProcedure } from '../../core/index.ts';

/** What is known of one token. */
export interface Reputation {
  /** Average score of its messages. */
  readonly value: number;
  /** Messages it is made of. */
  readonly count: number;
}

/**
 * How far a reputation counts, from -1 to 1: nothing at three tenths of the threshold to reject, about half a point
 * down for an average of 0, 0.86 for one at the threshold.
 */
export function weightOf({ value }: Reputation, rejectThreshold: number): number {
  return Math.tanh((value / rejectThreshold) * 1.83178 - 0.5493);
}

/** Reads the hash of one average; undefined: nothing is known. */
export function readAverage(fields: Readonly<Record<string, string>>): Reputation | undefined {
  const value = Number(fields['v'] ?? Number.NaN);
  const count = Number(fields['n'] ?? Number.NaN);
  return Number.isFinite(value) && Number.isFinite(count) ? { value, count } : undefined;
}

type UpdateArgs = readonly [score: number, nowMs: number, windowSeconds: number, ttlMs: number];

/**
 * Adds the score of one message to an exponential moving average, a hash with `v` average, `l` time of the last
 * message (ms) and `n` messages: the longer since the last one, the more the new one counts.
 */
export const updateAverage: StoreProcedure<UpdateArgs, void> = {
  name: 'reputation_update',
  apply(tx, [key = ''], [score, nowMs, windowSeconds, ttlMs]) {
    const fields = tx.hashGetAll(key);
    const known = readAverage(fields);
    const lastMs = Number(fields['l'] ?? Number.NaN);
    if (known && Number.isFinite(lastMs)) {
      const elapsedMs = Math.max(0, nowMs - lastMs);
      const alpha = 1 - Math.exp(-elapsedMs / (1000 * windowSeconds));
      const value = score * alpha + known.value * (1 - alpha);
      tx.hashSet(key, { v: value, l: Math.max(nowMs, lastMs), n: known.count + 1 });
    } else tx.hashSet(key, { v: score, l: nowMs, n: 1 });
    tx.expire(key, ttlMs);
  },
  lua: `
local key = KEYS[1]
local stored = redis.call('HMGET', key, 'v', 'l', 'n')
local function number(text)
  local value = tonumber(text or '')
  if value == nil or value ~= value or value == math.huge or value == -math.huge then return nil end
  return value
end
local function text(value) return string.format('%.17g', value) end
local score, now, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local value, last, count = number(stored[1]), number(stored[2]), number(stored[3])
if value and last and count then
  local alpha = 1 - math.exp(-math.max(0, now - last) / (1000 * window))
  redis.call('HSET', key, 'v', text(score * alpha + value * (1 - alpha)), 'l', text(math.max(now, last)),
    'n', text(count + 1))
else
  redis.call('HSET', key, 'v', text(score), 'l', text(now), 'n', '1')
end
redis.call('PEXPIRE', key, ARGV[4])
return 1`,
  parse() {},
};
