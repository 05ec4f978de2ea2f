import type { StoreProcedure, StoreTransaction } from '../../core/index.ts';

/**
 * What came of handing in a lesson. `moved`: it was learned as the other class before; `busy`: too many wait to be
 * learned.
 */
export type LessonOutcome = 'learned' | 'moved' | 'known' | 'forgotten' | 'unknown' | 'busy';

/** Class of a message as it is kept. */
export type LessonCode = '1' | '-1';

interface HandedIn {
  readonly outcome: LessonOutcome;
  /** Lessons that wait to be learned. */
  readonly waiting: number;
}

/**
 * @param code class, `''` to forget
 * @param lesson see `encodeLesson`
 * @param ttlMs how long it is remembered which class a message was learned as
 */
type HandInArgs = readonly [
  code: LessonCode | '',
  id: string,
  lesson: string,
  ttlMs: number,
  maxWaiting: number,
];

/** A lesson that nobody learned for so long is dropped. */
const waitingMs = 7 * 86_400_000;

function number(text: string | undefined): number {
  return Number(text ?? 0) || 0;
}

function count(tx: StoreTransaction, main: string, code: string | undefined, by: number): void {
  if (code !== '1' && code !== '-1') return;
  const field = code === '1' ? 'spam' : 'ham';
  tx.hashSet(main, { [field]: Math.max(0, number(tx.hashGet(main, field)) + by) });
}

/**
 * Hands in a lesson, to be learned by whoever learns. Keys: the main hash (`spam`, `ham`: lessons; `first`, `next`: those
 * that wait; `version` of the weights; `owner`, `until`: who learns now), the beginning of the keys of lessons that wait,
 * the key of what is known of this message: class, and `@` the number under which it waits or `:` its errors.
 */
export const handIn: StoreProcedure<HandInArgs, HandedIn> = {
  name: 'neural_hand_in',
  apply(tx, [main = '', queue = '', known = ''], [code, id, lesson, ttlMs, maxWaiting]) {
    const next = number(tx.hashGet(main, 'next'));
    const waiting = next - number(tx.hashGet(main, 'first'));
    const before = tx.get(known);
    const [, formerCode, kind, rest = ''] = /^(-?1)([@:])(.*)$/.exec(before ?? '') ?? [];
    if (code === '' && formerCode === undefined) return { outcome: 'unknown', waiting };
    if (formerCode === code) return { outcome: 'known', waiting };
    if (waiting >= maxWaiting) return { outcome: 'busy', waiting };
    let at = next;
    if (formerCode !== undefined) {
      if (kind === '@') tx.delete(`${queue}:${rest}`);
      else tx.set(`${queue}:${at++}`, `-|${rest}|${lesson}`, waitingMs);
      count(tx, main, formerCode, -1);
    }
    if (code === '') tx.delete(known);
    else {
      tx.set(known, `${code}@${at}`, ttlMs);
      tx.set(`${queue}:${at++}`, `${code}|${id}|${lesson}`, waitingMs);
      count(tx, main, code, 1);
    }
    tx.hashSet(main, { next: at });
    const outcome = code === '' ? 'forgotten' : formerCode === undefined ? 'learned' : 'moved';
    return { outcome, waiting: waiting + at - next };
  },
  lua: `
local main, queue, known = KEYS[1], KEYS[2], KEYS[3]
local code, id, lesson, ttl = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local next = tonumber(redis.call('HGET', main, 'next') or '0')
local waiting = next - tonumber(redis.call('HGET', main, 'first') or '0')
local before = redis.call('GET', known) or ''
local former, kind, rest = before:match('^(%-?1)([@:])(.*)$')
if code == '' and not former then return {'unknown', waiting} end
if former == code then return {'known', waiting} end
if waiting >= tonumber(ARGV[5]) then return {'busy', waiting} end
local at = next
local function count(class, by)
  local field = class == '1' and 'spam' or 'ham'
  local value = tonumber(redis.call('HGET', main, field) or '0') + by
  redis.call('HSET', main, field, tostring(math.max(0, value)))
end
local function push(text)
  redis.call('SET', queue .. ':' .. at, text, 'PX', ${waitingMs})
  at = at + 1
end
if former then
  if kind == '@' then redis.call('DEL', queue .. ':' .. rest) else push('-|' .. rest .. '|' .. lesson) end
  count(former, -1)
end
if code == '' then redis.call('DEL', known) else
  redis.call('SET', known, code .. '@' .. at, 'PX', ttl)
  push(code .. '|' .. id .. '|' .. lesson)
  count(code, 1)
end
redis.call('HSET', main, 'next', tostring(at))
local outcome = 'learned'
if code == '' then outcome = 'forgotten' elseif former then outcome = 'moved' end
return {outcome, waiting + at - next}`,
  parse(reply) {
    const [outcome, waiting] = Array.isArray(reply) ? (reply as readonly unknown[]) : [];
    return { outcome: String(outcome) as LessonOutcome, waiting: Number(waiting) || 0 };
  },
};

/** Lessons that one process learns now. */
interface TakenLessons {
  /** Of the weights that they are to be learned on. */
  readonly version: number;
  /** Number of the first. */
  readonly first: number;
  /** In order; `''` for those that were taken back meanwhile. */
  readonly lessons: readonly string[];
}

/**
 * Takes the lessons that wait, for this process alone until the lease ends or {@link keepLearned}. Nothing when there
 * are none, or somebody else learns. Keys: as {@link handIn}, without the last.
 */
export const takeLessons: StoreProcedure<
  readonly [owner: string, nowMs: number, leaseMs: number, most: number],
  TakenLessons
> = {
  name: 'neural_take',
  apply(tx, [main = '', queue = ''], [owner, nowMs, leaseMs, most]) {
    const { first, next, version, owner: other, until } = tx.hashGetAll(main);
    const taken = { version: number(version), first: number(first) };
    const isFree = other === undefined || other === owner || number(until) <= nowMs;
    const size = Math.min(number(next) - taken.first, most);
    if (!isFree || size <= 0) return { ...taken, lessons: [] };
    tx.hashSet(main, { owner, until: nowMs + leaseMs });
    return {
      ...taken,
      lessons: Array.from({ length: size }, (_, index) => tx.get(`${queue}:${taken.first + index}`) ?? ''),
    };
  },
  lua: `
local main, queue, owner, now = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2])
local fields = redis.call('HMGET', main, 'first', 'next', 'version', 'owner', 'until')
local first = tonumber(fields[1] or '0')
local out = {fields[3] or '0', tostring(first)}
local size = math.min(tonumber(fields[2] or '0') - first, tonumber(ARGV[4]))
if (fields[4] and fields[4] ~= owner and tonumber(fields[5] or '0') > now) or size <= 0 then return out end
redis.call('HSET', main, 'owner', owner, 'until', string.format('%.0f', now + tonumber(ARGV[3])))
for index = 0, size - 1 do out[#out + 1] = redis.call('GET', queue .. ':' .. (first + index)) or '' end
return out`,
  parse(reply) {
    const [version, first, ...lessons] = Array.isArray(reply) ? reply.map(String) : [];
    return { version: number(version), first: number(first), lessons };
  },
};

/** What a lesson taught, by number: how wrong each view was. */
export interface LearnedLesson {
  readonly number: number;
  readonly code: LessonCode;
  readonly errors: string;
}

type KeepArgs = readonly [
  owner: string,
  version: number,
  first: number,
  size: number,
  weights: string,
  /** JSON of {@link LearnedLesson} for each of the last keys. */
  learned: string,
  ttlMs: number,
];

/**
 * Keeps the weights that were learned, unless somebody else learned meanwhile. Keys: main hash, weights, beginning of the
 * keys of lessons that wait, then for each lesson the key of what is known of its message.
 *
 * @returns the new version; 0: somebody else did
 */
export const keepLearned: StoreProcedure<KeepArgs, number> = {
  name: 'neural_keep',
  apply(tx, [main = '', weightsKey = '', queue = '', ...known], args) {
    const [owner, version, first, size, weights, learnedText, ttlMs] = args;
    const learned = JSON.parse(learnedText) as readonly LearnedLesson[];
    if (tx.hashGet(main, 'owner') !== owner || number(tx.hashGet(main, 'version')) !== version) return 0;
    tx.set(weightsKey, weights);
    for (let index = 0; index < size; index++) tx.delete(`${queue}:${first + index}`);
    for (const [index, key] of known.entries()) {
      const { code, number: at, errors } = learned[index]!;
      if (tx.get(key) === `${code}@${at}`) tx.set(key, `${code}:${errors}`, ttlMs);
    }
    tx.hashSet(main, { version: version + 1, first: first + size });
    tx.hashDelete(main, 'owner');
    return version + 1;
  },
  lua: `
local main, weights, queue = KEYS[1], KEYS[2], KEYS[3]
local version, first, size = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local learned = cjson.decode(ARGV[6])
if redis.call('HGET', main, 'owner') ~= ARGV[1] then return 0 end
if tonumber(redis.call('HGET', main, 'version') or '0') ~= version then return 0 end
redis.call('SET', weights, ARGV[5])
for index = 0, size - 1 do redis.call('DEL', queue .. ':' .. (first + index)) end
for index = 4, #KEYS do
  local one = learned[index - 3]
  if redis.call('GET', KEYS[index]) == one.code .. '@' .. string.format('%.0f', one.number) then
    redis.call('SET', KEYS[index], one.code .. ':' .. one.errors, 'PX', ARGV[7])
  end
end
redis.call('HSET', main, 'version', tostring(version + 1), 'first', tostring(first + size))
redis.call('HDEL', main, 'owner')
return version + 1`,
  parse: (reply) => Number(reply) || 0,
};
