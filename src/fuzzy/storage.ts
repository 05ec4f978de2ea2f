import type { Store, StoreProcedure, StoreTransaction } from '../core/index.ts';
import { halfOfShingles, shingleCount } from './shingles.ts';

/** A flag of a stored hash with how often (how heavily) it was reported. */
export interface FlagValue {
  readonly flag: number;
  readonly value: number;
}

/** What a storage says of a hash. */
export interface FuzzyMatch {
  /** Of the hash that is stored, which is not the one asked for when only shingles matched. */
  readonly digest: Buffer;
  /** Share of shingles that match; 1 for the same digest. */
  readonly probability: number;
  /** When it was stored first, seconds since 1970. */
  readonly timeSeconds: number;
  /** The first one is that under which it was stored first. */
  readonly flags: readonly FlagValue[];
}

/** What came of adding or deleting. */
export type FuzzyChange = 'added' | 'updated' | 'deleted' | 'unknown' | 'full';

/** Flags that one hash can have. */
export const maxFlags = 8;

/** Names of the pair of fields of a flag: F and V, then F1 and V1 to F7 and V7. */
const slots = Array.from({ length: maxFlags }, (_, slot) => ({
  flag: slot === 0 ? 'F' : `F${slot}`,
  value: slot === 0 ? 'V' : `V${slot}`,
}));

const created = 'C';

interface Found {
  readonly digest: string;
  readonly matched: number;
  readonly fields: Readonly<Record<string, string>>;
}

/** Digest in hex, then nothing or 32 shingles as decimal numbers. */
type LookArgs = readonly string[];

function hashKey(base: string, digest: string): string {
  return base + digest;
}

function shingleKey(base: string, number: number, shingle: string): string {
  return `${base}_${number}_${shingle}`;
}

function isStored(fields: Readonly<Record<string, string>>): boolean {
  return fields['F'] !== undefined && fields['V'] !== undefined;
}

// Digests are bytes in Redis, in keys and in values, as Rspamd writes them. A driver that speaks texts cannot name such
// keys: the scripts are told the common start and hex digits, and put the bytes together. So the keys are not announced,
// which a Redis Cluster does not allow.
const luaBytes = `
local base = KEYS[1]
local function bytes(hex) return (hex:gsub('..', function(c) return string.char(tonumber(c, 16)) end)) end
local function hex(bytes) return (bytes:gsub('.', function(c) return string.format('%02x', c:byte()) end)) end
local function shingle_key(i) return base .. '_' .. i .. '_' .. ARGV[first + i] end
`;

/** Looks a hash up, by its digest and then by its shingles. Key: what all keys start with. */
const lookUp: StoreProcedure<LookArgs, Found | undefined> = {
  name: 'fuzzy_check',
  apply(tx, [base = ''], [digest = '', ...shingles]) {
    const exact = tx.hashGetAll(hashKey(base, digest));
    if (isStored(exact)) return { digest, matched: shingleCount, fields: exact };
    const counts = new Map<string, number>();
    for (const [number, shingle] of shingles.entries()) {
      const found = tx.get(shingleKey(base, number, shingle));
      if (found === undefined) continue;
      const matched = (counts.get(found) ?? 0) + 1;
      counts.set(found, matched);
    }
    for (const [found, matched] of counts) {
      if (matched <= halfOfShingles) continue;
      const fields = tx.hashGetAll(hashKey(base, found));
      if (isStored(fields)) return { digest: found, matched, fields };
    }
    return undefined;
  },
  lua: `
local first = 2
${luaBytes}
local function read(digest)
  local fields = redis.call('HGETALL', base .. digest)
  local has = {}
  for i = 1, #fields, 2 do has[fields[i]] = true end
  if has['F'] and has['V'] then return fields end
end
local digest, matched = bytes(ARGV[1]), ${shingleCount}
local fields = read(digest)
if not fields and #ARGV > 1 then
  local keys, counts = {}, {}
  for i = 0, #ARGV - first do keys[i + 1] = shingle_key(i) end
  for _, found in ipairs(redis.call('MGET', unpack(keys))) do
    if found then
      local count = (counts[found] or 0) + 1
      counts[found] = count
      if count > ${halfOfShingles} then digest, matched = found, count end
    end
  end
  if counts[digest] then fields = read(digest) end
end
if not fields then return {} end
local reply = { hex(digest), tostring(matched) }
for _, field in ipairs(fields) do reply[#reply + 1] = field end
return reply`,
  parse(reply) {
    if (!Array.isArray(reply) || reply.length < 2) return undefined;
    const [digest = '', matched = '0', ...flat] = reply.map(String);
    const fields: Record<string, string> = {};
    for (let i = 0; i + 1 < flat.length; i += 2) fields[flat[i]!] = flat[i + 1]!;
    return { digest, matched: Number(matched), fields };
  },
};

/** Digest in hex, flag, weight, seconds it is kept, time in seconds, then nothing or 32 shingles. */
type AddArgs = readonly [
  digest: string,
  flag: number,
  weight: number,
  ttlSeconds: number,
  nowSeconds: number,
  ...shingles: string[],
];

function applyAdd(
  tx: StoreTransaction,
  [base = '']: readonly string[],
  [digest, flag, weight, ttlSeconds, nowSeconds, ...shingles]: AddArgs,
): FuzzyChange {
  const key = hashKey(base, digest);
  const fields = tx.hashGetAll(key);
  const isNew = !isStored(fields);
  const slot = slots.find((one) => fields[one.flag] === undefined || Number(fields[one.flag]) === flag);
  if (!slot) return 'full';
  const value = fields[slot.flag] === undefined ? 0 : Number(fields[slot.value] ?? 0) || 0;
  tx.hashSet(key, { [slot.flag]: flag, [slot.value]: value + weight });
  if (isNew) {
    tx.hashSet(key, { [created]: nowSeconds });
    tx.set(`${base}_count`, String((Number(tx.get(`${base}_count`) ?? 0) || 0) + 1));
  }
  tx.expire(key, 1000 * ttlSeconds);
  for (const [number, shingle] of shingles.entries())
    tx.set(shingleKey(base, number, shingle), digest, 1000 * ttlSeconds);
  return isNew ? 'added' : 'updated';
}

/** Adds a weight to a hash under a flag. Key: what all keys start with. */
const add: StoreProcedure<AddArgs, FuzzyChange> = {
  name: 'fuzzy_add',
  apply: applyAdd,
  lua: `
local first = 6
${luaBytes}
local digest, ttl = bytes(ARGV[1]), ARGV[4]
local key = base .. digest
local is_new = not (redis.call('HGET', key, 'F') and redis.call('HGET', key, 'V'))
local slot
for i = 0, ${maxFlags - 1} do
  local name = i == 0 and '' or tostring(i)
  local flag = redis.call('HGET', key, 'F' .. name)
  if not flag or tonumber(flag) == tonumber(ARGV[2]) then
    if not flag then redis.call('HDEL', key, 'V' .. name) end
    slot = name
    break
  end
end
if not slot then return 'full' end
redis.call('HSET', key, 'F' .. slot, ARGV[2])
redis.call('HINCRBY', key, 'V' .. slot, ARGV[3])
if is_new then
  redis.call('HSET', key, '${created}', ARGV[5])
  redis.call('INCR', base .. '_count')
end
redis.call('EXPIRE', key, ttl)
for i = 0, #ARGV - first do redis.call('SETEX', shingle_key(i), ttl, digest) end
return is_new and 'added' or 'updated'`,
  parse: (reply) => String(reply) as FuzzyChange,
};

/** Digest in hex, flag, then nothing or 32 shingles. */
type DeleteArgs = readonly [digest: string, flag: number, ...shingles: string[]];

function applyDelete(
  tx: StoreTransaction,
  [base = '']: readonly string[],
  [digest, flag, ...shingles]: DeleteArgs,
): FuzzyChange {
  const key = hashKey(base, digest);
  const fields = tx.hashGetAll(key);
  const used = slots.filter((slot) => fields[slot.flag] !== undefined);
  const found = used.find((slot) => Number(fields[slot.flag]) === flag);
  if (!found) return 'unknown';
  // The last one takes the place of the one that goes, so that there is never a gap.
  const last = used.at(-1)!;
  if (last !== found)
    tx.hashSet(key, { [found.flag]: fields[last.flag]!, [found.value]: fields[last.value] ?? 0 });
  tx.hashDelete(key, last.flag);
  tx.hashDelete(key, last.value);
  if (used.length > 1) return 'deleted';
  tx.delete(key);
  tx.set(`${base}_count`, String((Number(tx.get(`${base}_count`) ?? 0) || 0) - 1));
  for (const [number, shingle] of shingles.entries())
    if (tx.get(shingleKey(base, number, shingle)) === digest) tx.delete(shingleKey(base, number, shingle));
  return 'deleted';
}

/** Takes a flag from a hash, and the hash away with its last flag. Key: what all keys start with. */
const remove: StoreProcedure<DeleteArgs, FuzzyChange> = {
  name: 'fuzzy_del',
  apply: applyDelete,
  lua: `
local first = 3
${luaBytes}
local digest = bytes(ARGV[1])
local key = base .. digest
local used, found = {}, nil
for i = 0, ${maxFlags - 1} do
  local name = i == 0 and '' or tostring(i)
  local flag = redis.call('HGET', key, 'F' .. name)
  if flag then
    used[#used + 1] = name
    if tonumber(flag) == tonumber(ARGV[2]) and not found then found = name end
  end
end
if not found then return 'unknown' end
local last = used[#used]
if last ~= found then
  redis.call('HSET', key, 'F' .. found, redis.call('HGET', key, 'F' .. last))
  redis.call('HSET', key, 'V' .. found, redis.call('HGET', key, 'V' .. last) or '0')
end
redis.call('HDEL', key, 'F' .. last, 'V' .. last)
if #used > 1 then return 'deleted' end
redis.call('DEL', key)
redis.call('DECR', base .. '_count')
for i = 0, #ARGV - first do
  if redis.call('GET', shingle_key(i)) == digest then redis.call('DEL', shingle_key(i)) end
end
return 'deleted'`,
  parse: (reply) => String(reply) as FuzzyChange,
};

function shingleTexts(shingles: BigUint64Array | undefined): string[] {
  return shingles ? Array.from(shingles, String) : [];
}

/** A hash as a storage is asked for it. */
export interface StoredHash {
  readonly digest: Buffer;
  readonly shingles: BigUint64Array | undefined;
}

/** A storage of hashes in a store, with the keys of Rspamd. Rejects with StoreError. */
export class FuzzyStorage {
  readonly #store: Store;
  readonly #base: string;
  #isUsed = false;

  /** @param base what all keys start with */
  constructor(store: Store, base = 'fuzzy') {
    this.#store = store;
    this.#base = base;
  }

  get driver(): Store['driver'] {
    return this.#store.driver;
  }

  /** Undefined: it is not known. */
  async check({ digest, shingles }: StoredHash): Promise<FuzzyMatch | undefined> {
    const args = [digest.toString('hex'), ...shingleTexts(shingles)];
    const found = await this.#store.run(lookUp, [this.#base], args);
    if (!found) return undefined;
    const { fields } = found;
    const flags: FlagValue[] = [];
    for (const { flag, value } of slots)
      if (fields[flag] !== undefined)
        flags.push({ flag: Number(fields[flag]), value: Number(fields[value] ?? 0) || 0 });
    return {
      digest: Buffer.from(found.digest, 'hex'),
      probability: found.matched / shingleCount,
      timeSeconds: Number(fields[created] ?? 0) || 0,
      flags,
    };
  }

  /** @param weight added to what is stored under this flag; may be negative */
  add(
    { digest, shingles }: StoredHash,
    {
      flag,
      weight,
      ttlSeconds,
      nowSeconds,
    }: Readonly<Record<'flag' | 'weight' | 'ttlSeconds' | 'nowSeconds', number>>,
  ): Promise<FuzzyChange> {
    return this.#store.run(
      add,
      [this.#base],
      [digest.toString('hex'), flag, weight, ttlSeconds, nowSeconds, ...shingleTexts(shingles)],
    );
  }

  delete({ digest, shingles }: StoredHash, flag: number): Promise<FuzzyChange> {
    const args: DeleteArgs = [digest.toString('hex'), flag, ...shingleTexts(shingles)];
    return this.#store.run(remove, [this.#base], args);
  }

  /** Hashes that were added and not deleted; those that expired count on. */
  async count(): Promise<number> {
    return Number((await this.#store.get(`${this.#base}_count`)) ?? 0) || 0;
  }

  /** Was anything ever stored here? Once it was, the store is not asked again. */
  async isUsed(): Promise<boolean> {
    this.#isUsed ||= (await this.#store.get(`${this.#base}_count`)) !== undefined;
    return this.#isUsed;
  }
}
