import type { StoreProcedure, StoreTransaction } from '../../core/index.ts';

/** Layout of the database, as Rspamd has it: the letter or name under which each class is counted in a token. */
export interface CountedClass {
  /** Field of a token's hash: `S`, `H`. */
  readonly label: string;
  /** Field of the main hash: `learns_spam`. */
  readonly learns: string;
  /** Value in the cache of what was learned. */
  readonly code: string;
  /** What other versions of Rspamd write there: `1` and `spam`, `-1`, `0` and `ham`. */
  readonly otherCodes: readonly string[];
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
 * Reads the counts of tokens. Keys: the main hash, then the tokens'. Nothing but the main hash is read while fewer than
 * two classes have `minLearns` messages.
 */
export const readTokens: StoreProcedure<ReadArgs, TokenCounts> = {
  name: 'bayes_read',
  apply(tx, [main = '', ...tokens], [minLearns, text]) {
    const classes = classesIn(text);
    const learns = classes.map((one) => Number(tx.hashGet(main, one.learns) ?? 0) || 0);
    const counts: number[] = [];
    if (learns.filter((count) => count >= minLearns).length > 1)
      for (const key of tokens)
        for (const { label } of classes) counts.push(Number(tx.hashGet(key, label) ?? 0) || 0);
    return { learns, counts };
  },
  lua: `
local classes = cjson.decode(ARGV[2])
local out, fields, enough = {}, {}, 0
for i, class in ipairs(classes) do
  local learns = redis.call('HGET', KEYS[1], class.learns) or '0'
  out[i] = learns
  fields[i] = class.label
  if (tonumber(learns) or 0) >= tonumber(ARGV[1]) then enough = enough + 1 end
end
if enough > 1 then
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
  /** Names of the message in the cache: the one it is written under, and others it may have; apart by blanks. */
  ids: string,
  code: string,
  classes: string,
  ttlSeconds: number,
  commonTtlSeconds: number,
  /** How many of the keys are caches. */
  caches: number,
  /** Entries of one cache. */
  cacheEntries: number,
];

/** What came of it. */
export type LearnOutcome = 'learned' | 'moved' | 'known' | 'forgotten' | 'unknown';

/** Counts of a token that differ by less than this share of their sum say nothing. */
const commonDifference = 0.01;

interface Known {
  readonly cache: string;
  readonly id: string;
  readonly code: string;
}

/** Every entry of the cache about this message. */
function entriesOf(
  tx: StoreTransaction,
  caches: readonly string[],
  ids: readonly string[],
): readonly Known[] {
  return caches.flatMap((cache) =>
    ids.flatMap((id) => {
      const code = tx.hashGet(cache, id);
      return code === undefined ? [] : [{ cache, id, code }];
    }),
  );
}

/** The first cache with room. Where there is none, one is emptied: the message's name says which. */
function cacheWithRoom(
  tx: StoreTransaction,
  caches: readonly string[],
  id: string,
  cacheEntries: number,
): string {
  const found = caches.find((cache) => tx.hashLength(cache) < cacheEntries);
  if (found !== undefined) return found;
  const emptied = caches[id.charCodeAt(0) % caches.length]!;
  tx.delete(emptied);
  return emptied;
}

function applyLearn(
  tx: StoreTransaction,
  [main = '', members = '', ...rest]: readonly string[],
  [idsText, code, text, ttlSeconds, commonTtlSeconds, cacheCount, cacheEntries]: LearnArgs,
): LearnOutcome {
  const classes = classesIn(text);
  const caches = rest.slice(0, cacheCount);
  const tokens = rest.slice(cacheCount);
  const ids = idsText.split(' ');
  const entries = entriesOf(tx, caches, ids);
  const known = classes.find((one) => entries.some((entry) => isCodeOf(one, entry.code)));
  if (code === '' && !known) return 'unknown';
  if (known?.code === code) return 'known';
  const change = (changed: CountedClass, by: number): void => {
    for (const key of tokens) {
      const count = (Number(tx.hashGet(key, changed.label) ?? 0) || 0) + by;
      if (count <= 0) tx.hashDelete(key, changed.label);
      else tx.hashSet(key, { [changed.label]: count });
    }
    const learns = (Number(tx.hashGet(main, changed.learns) ?? 0) || 0) + by;
    tx.hashSet(main, { [changed.learns]: Math.max(0, learns) });
  };
  if (known) change(known, -1);
  for (const { cache, id } of entries) tx.hashDelete(cache, id);
  if (code === '') return 'forgotten';
  change(classes.find((one) => one.code === code)!, 1);
  tx.hashSet(main, { version: 2 });
  tx.hashSet(cacheWithRoom(tx, caches, ids[0]!, cacheEntries), { [ids[0]!]: code });
  tx.hashSet(members, { [main]: 1 });
  if (ttlSeconds > 0)
    for (const key of tokens) {
      const counts = classes.map(({ label }) => Number(tx.hashGet(key, label) ?? 0) || 0);
      const total = counts.reduce((sum, count) => sum + count, 0);
      const isCommon = total > 0 && (Math.max(...counts) - Math.min(...counts)) / total < commonDifference;
      tx.expire(key, 1000 * (isCommon ? Math.min(ttlSeconds, commonTtlSeconds) : ttlSeconds));
    }
  return known ? 'moved' : 'learned';
}

/** Is this what stands in the cache for a message of the class? */
function isCodeOf({ code, otherCodes }: CountedClass, found: string): boolean {
  return code === found || otherCodes.includes(found);
}

/**
 * Learns or forgets a message, all of it or nothing. Keys: the main hash, the set of main hashes in use, the caches of
 * what was learned, then the tokens'. A message learned before is taken out of its class first.
 */
export const learnTokens: StoreProcedure<LearnArgs, LearnOutcome> = {
  name: 'bayes_learn',
  apply: applyLearn,
  lua: `
local main, members = KEYS[1], KEYS[2]
local code, classes = ARGV[2], cjson.decode(ARGV[3])
local ttl, common = tonumber(ARGV[4]), tonumber(ARGV[5])
local caches, room = tonumber(ARGV[6]), tonumber(ARGV[7])
local first = 3 + caches
local ids = {}
for id in string.gmatch(ARGV[1], '%S+') do ids[#ids + 1] = id end
local entries, known, wanted = {}, nil, nil
local function is_code(class, found)
  if class.code == found then return true end
  for _, other in ipairs(class.otherCodes) do
    if other == found then return true end
  end
  return false
end
for c = 3, first - 1 do
  for _, id in ipairs(ids) do
    local found = redis.call('HGET', KEYS[c], id)
    if found then entries[#entries + 1] = { KEYS[c], id, found } end
  end
end
for _, class in ipairs(classes) do
  if class.code == code then wanted = class end
  for _, entry in ipairs(entries) do
    if not known and is_code(class, entry[3]) then known = class end
  end
end
if code == '' and not known then return 'unknown' end
if known and known.code == code then return 'known' end
local function change(class, by)
  for k = first, #KEYS do
    local count = tonumber(redis.call('HINCRBYFLOAT', KEYS[k], class.label, by))
    if count <= 0 then redis.call('HDEL', KEYS[k], class.label) end
  end
  local learns = tonumber(redis.call('HINCRBYFLOAT', main, class.learns, by))
  if learns < 0 then redis.call('HSET', main, class.learns, '0') end
end
if known then change(known, '-1') end
for _, entry in ipairs(entries) do redis.call('HDEL', entry[1], entry[2]) end
if code == '' then return 'forgotten' end
change(wanted, '1')
redis.call('HSET', main, 'version', '2')
local cache
for c = 3, first - 1 do
  if not cache and redis.call('HLEN', KEYS[c]) < room then cache = KEYS[c] end
end
if not cache then
  cache = KEYS[3 + string.byte(ids[1], 1) % caches]
  redis.call('DEL', cache)
end
redis.call('HSET', cache, ids[1], code)
redis.call('SADD', members, main)
if ttl > 0 then
  for k = first, #KEYS do
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
