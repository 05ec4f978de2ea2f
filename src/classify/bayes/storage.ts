import type { StoreProcedure, StoreTransaction } from '../../core/index.ts';

/** Layout of the database, as Rspamd has it: the letter or name under which each class is counted in a token. */
export interface CountedClass {
  /** Field of a token's hash: `S`, `H`. */
  readonly label: string;
  /** Field of the main hash: `learns_spam`. */
  readonly learns: string;
  /** Value in the cache of what was learned: `1` spam, `-1` ham, else the name. */
  readonly code: string;
}

export interface TokenCounts {
  /** Messages learned of each class. */
  readonly learns: readonly number[];
  /** For each token a number for each class; empty while too little was learned. */
  readonly counts: readonly number[];
}

type ReadArgs = readonly [minLearns: number, classes: string];

function numbers(reply: unknown): number[] {
  return Array.isArray(reply) ? reply.map((value) => Number(value) || 0) : [];
}

function classesIn(text: string): readonly CountedClass[] {
  return JSON.parse(text) as readonly CountedClass[];
}

/**
 * Reads the counts of tokens. Keys: the main hash, then the tokens'. Nothing but the main hash is read while a class
 * has fewer than `minLearns` messages.
 */
export const readTokens: StoreProcedure<ReadArgs, TokenCounts> = {
  name: 'bayes_read',
  apply(tx, [main = '', ...tokens], [minLearns, text]) {
    const classes = classesIn(text);
    const learns = classes.map((one) => Number(tx.hashGet(main, one.learns) ?? 0) || 0);
    const counts: number[] = [];
    if (Math.min(...learns) >= minLearns)
      for (const key of tokens)
        for (const { label } of classes) counts.push(Number(tx.hashGet(key, label) ?? 0) || 0);
    return { learns, counts };
  },
  lua: `
local classes = cjson.decode(ARGV[2])
local out, fields, enough = {}, {}, true
for i, class in ipairs(classes) do
  local learns = redis.call('HGET', KEYS[1], class.learns) or '0'
  out[i] = learns
  fields[i] = class.label
  if (tonumber(learns) or 0) < tonumber(ARGV[1]) then enough = false end
end
if enough then
  for k = 2, #KEYS do
    for _, count in ipairs(redis.call('HMGET', KEYS[k], unpack(fields))) do out[#out + 1] = count or '0' end
  end
end
table.insert(out, 1, tostring(#classes))
return out`,
  parse(reply) {
    const [classes = 0, ...flat] = numbers(reply);
    return { learns: flat.slice(0, classes), counts: flat.slice(classes) };
  },
};

/**
 * What is done with a message: learned as a class (a class `code`; moved there if it was learned as another), or
 * forgotten (`''`).
 */
export type LearnArgs = readonly [
  id: string,
  code: string,
  classes: string,
  ttlSeconds: number,
  commonTtlSeconds: number,
];

/** What came of it. */
export type LearnOutcome = 'learned' | 'moved' | 'known' | 'forgotten' | 'unknown';

/** Counts of a token that differ by less than this share of their sum say nothing. */
const commonDifference = 0.01;

function applyLearn(
  tx: StoreTransaction,
  [main = '', cache = '', members = '', ...tokens]: readonly string[],
  [id, code, text, ttlSeconds, commonTtlSeconds]: LearnArgs,
): LearnOutcome {
  const classes = classesIn(text);
  const known = tx.hashGet(cache, id);
  if (code === '' && known === undefined) return 'unknown';
  if (known === code) return 'known';
  const change = (changed: string, by: number): void => {
    const found = classes.find((one) => one.code === changed);
    if (!found) return;
    for (const key of tokens) {
      const count = (Number(tx.hashGet(key, found.label) ?? 0) || 0) + by;
      if (count <= 0) tx.hashDelete(key, found.label);
      else tx.hashSet(key, { [found.label]: count });
    }
    const learns = (Number(tx.hashGet(main, found.learns) ?? 0) || 0) + by;
    tx.hashSet(main, { [found.learns]: Math.max(0, learns) });
  };
  if (known !== undefined) change(known, -1);
  if (code === '') {
    tx.hashDelete(cache, id);
    return 'forgotten';
  }
  change(code, 1);
  tx.hashSet(main, { version: 2 });
  tx.hashSet(cache, { [id]: code });
  tx.hashSet(members, { [main]: 1 });
  if (ttlSeconds > 0)
    for (const key of tokens) {
      const counts = classes.map(({ label }) => Number(tx.hashGet(key, label) ?? 0) || 0);
      const total = counts.reduce((sum, count) => sum + count, 0);
      const isCommon = total > 0 && (Math.max(...counts) - Math.min(...counts)) / total < commonDifference;
      tx.expire(key, 1000 * (isCommon ? Math.min(ttlSeconds, commonTtlSeconds) : ttlSeconds));
    }
  return known === undefined ? 'learned' : 'moved';
}

/**
 * Learns or forgets a message, all of it or nothing. Keys: the main hash, the cache of what was learned, the set of
 * main hashes in use, then the tokens'. A message learned before is taken out of its class first.
 */
export const learnTokens: StoreProcedure<LearnArgs, LearnOutcome> = {
  name: 'bayes_learn',
  apply: applyLearn,
  lua: `
local main, cache, members = KEYS[1], KEYS[2], KEYS[3]
local id, code, classes = ARGV[1], ARGV[2], cjson.decode(ARGV[3])
local ttl, common = tonumber(ARGV[4]), tonumber(ARGV[5])
local known = redis.call('HGET', cache, id)
if code == '' and not known then return 'unknown' end
if known == code then return 'known' end
local function change(changed, by)
  for _, class in ipairs(classes) do
    if class.code == changed then
      for k = 4, #KEYS do
        local count = tonumber(redis.call('HINCRBYFLOAT', KEYS[k], class.label, by))
        if count <= 0 then redis.call('HDEL', KEYS[k], class.label) end
      end
      local learns = tonumber(redis.call('HINCRBYFLOAT', main, class.learns, by))
      if learns < 0 then redis.call('HSET', main, class.learns, '0') end
    end
  end
end
if known then change(known, '-1') end
if code == '' then
  redis.call('HDEL', cache, id)
  return 'forgotten'
end
change(code, '1')
redis.call('HSET', main, 'version', '2')
redis.call('HSET', cache, id, code)
redis.call('SADD', members, main)
if ttl > 0 then
  for k = 4, #KEYS do
    local total, most, least = 0, 0, math.huge
    for _, class in ipairs(classes) do
      local count = tonumber(redis.call('HGET', KEYS[k], class.label) or '0') or 0
      total = total + count
      most = math.max(most, count)
      least = math.min(least, count)
    end
    local seconds = ttl
    if total > 0 and (most - least) / total < ${commonDifference} then seconds = math.min(ttl, common) end
    redis.call('PEXPIRE', KEYS[k], math.floor(1000 * seconds))
  end
end
if known then return 'moved' end
return 'learned'`,
  parse: (reply) => String(reply) as LearnOutcome,
};
