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

/** Reads a bucket of a token's hash; undefined: nothing is known. */
export function readAverage(
  fields: Readonly<Record<string, string>>,
  bucket: string,
): Reputation | undefined {
  const value = Number(fields[`v${bucket}`] ?? Number.NaN);
  const count = Number(fields['n'] ?? Number.NaN);
  return Number.isFinite(value) && Number.isFinite(count) ? { value, count } : undefined;
}

/** Ends in the name and the window (seconds) of each bucket. */
type UpdateArgs = readonly [score: number, nowMs: number, ttlMs: number, ...buckets: (string | number)[]];

/**
 * Adds the score of one message to the exponential moving averages of a token, a hash with `v` and the bucket's name
 * for each average, `l` time of the last message (ms) and `n` messages: the longer since the last one, the more the
 * new one counts. This is the layout of Rspamd.
 */
export const updateAverage: StoreProcedure<UpdateArgs, void> = {
  name: 'reputation_update',
  apply(tx, [key = ''], [score, nowMs, ttlMs, ...buckets]) {
    const fields = tx.hashGetAll(key);
    const lastMs = Number(fields['l'] ?? Number.NaN);
    const count = Number(fields['n'] ?? Number.NaN);
    const isKnown = Number.isFinite(lastMs) && Number.isFinite(count);
    const averages: Record<string, number> = {};
    for (let i = 0; i + 1 < buckets.length; i += 2) {
      const name = String(buckets[i]);
      const known = isKnown ? readAverage(fields, name) : undefined;
      const alpha = known ? 1 - Math.exp(-Math.max(0, nowMs - lastMs) / (1000 * Number(buckets[i + 1]))) : 1;
      averages[`v${name}`] = score * alpha + (known ? known.value * (1 - alpha) : 0);
    }
    tx.hashSet(key, {
      ...averages,
      l: isKnown ? Math.max(nowMs, lastMs) : nowMs,
      n: isKnown ? count + 1 : 1,
    });
    tx.expire(key, ttlMs);
  },
  lua: `
local key = KEYS[1]
local function number(text)
  local value = tonumber(text or '')
  if value == nil or value ~= value or value == math.huge or value == -math.huge then return nil end
  return value
end
local function text(value) return string.format('%.17g', value) end
local score, now = tonumber(ARGV[1]), tonumber(ARGV[2])
local last, count = number(redis.call('HGET', key, 'l')), number(redis.call('HGET', key, 'n'))
local known = last ~= nil and count ~= nil
for i = 4, #ARGV - 1, 2 do
  local value = known and number(redis.call('HGET', key, 'v' .. ARGV[i])) or nil
  local new = score
  if value then
    local alpha = 1 - math.exp(-math.max(0, now - last) / (1000 * tonumber(ARGV[i + 1])))
    new = score * alpha + value * (1 - alpha)
  end
  redis.call('HSET', key, 'v' .. ARGV[i], text(new))
end
redis.call('HSET', key, 'l', text(known and math.max(now, last) or now), 'n', text(known and count + 1 or 1))
redis.call('PEXPIRE', key, ARGV[3])
return 1`,
  parse() {},
};
