import type { Store, StoreProcedure } from '../../core/index.ts';

/**
 * Was this one seen within the last `maxAge` seconds? Notes it in any case, forgets what is older, and those that were
 * not seen for longest when there are more than `maxSize`.
 */
const seen: StoreProcedure<
  readonly [member: string, nowSeconds: number, maxAgeSeconds: number, maxSize: number],
  boolean
> = {
  name: 'known_senders_seen',
  apply(tx, [key = ''], [wanted, now, maxAge, maxSize]) {
    const members = tx.sortedRange(key, 0, -1);
    const found = members.find(({ member }) => member === wanted);
    const isKnown = found !== undefined && found.score >= now - maxAge;
    const firstYoung = members.findIndex(({ score }) => score >= now - maxAge);
    const old = firstYoung < 0 ? members.length : firstYoung;
    if (old > 0) tx.sortedRemoveByRank(key, 0, old - 1);
    tx.sortedAdd(key, wanted, now);
    tx.sortedRemoveByRank(key, 0, -maxSize - 1);
    return isKnown;
  },
  lua: `
local oldest = tonumber(ARGV[2]) - tonumber(ARGV[3])
local score = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or '')
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. string.format('%.17g', oldest))
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -tonumber(ARGV[4]) - 1)
if score and score >= oldest then return 1 end
return 0`,
  parse: (reply) => Number(reply) === 1,
};

/** Members that one set of the embedded store is to have at most: it reads and writes a set as a whole. */
const wantedSetSize = 64;

/** Who was seen before, in the set that Rspamd has in Redis. */
export class SeenSenders {
  readonly #store: Store;
  readonly #key: string;
  readonly #maxAgeSeconds: number;
  readonly #maxSize: number;
  /** Hex digits of a member that choose its set; 0: there is one set. */
  readonly #digits: number;

  constructor(
    store: Store,
    options: { readonly key: string; readonly maxAgeSeconds: number; readonly maxSize: number },
  ) {
    this.#store = store;
    this.#key = options.key;
    this.#maxAgeSeconds = options.maxAgeSeconds;
    const sets = store.driver === 'lmdb' ? options.maxSize / wantedSetSize : 1;
    this.#digits = sets <= 1 ? 0 : Math.min(5, Math.ceil(Math.log2(sets) / 4));
    this.#maxSize = Math.max(1, Math.ceil(options.maxSize / 16 ** this.#digits));
  }

  /**
   * Seen before? Notes it.
   *
   * @param digest hex
   */
  check(digest: string, nowSeconds: number): Promise<boolean> {
    const key = this.#digits === 0 ? this.#key : `${this.#key}:${digest.slice(0, this.#digits)}`;
    return this.#store.run(seen, [key], [digest, nowSeconds, this.#maxAgeSeconds, this.#maxSize]);
  }
}
