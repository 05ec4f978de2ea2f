import type { Log, Store, StoreProcedure } from '../core/index.ts';
import { toPosternError } from '../core/index.ts';

/** What was saved through a controller, by name. `null` disables an action. */
export interface SavedChanges {
  readonly scores: Readonly<Record<string, number>>;
  readonly actions: Readonly<Record<string, number | null>>;
}

/** Names that are taken over: nobody has more symbols. */
const maxNames = 20_000;
const maxDataLength = 4 * 1024 ** 2;

type Data = Record<string, unknown>;

function asObject(value: unknown): Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Data) : {};
}

function parseData(text: string | undefined): Data {
  if (text === undefined || text.length > maxDataLength) return {};
  try {
    return asObject(JSON.parse(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return {};
  }
}

/** Adds changes to the hash and counts them: `v` is the number of changes, `d` all of them together. */
export const shareChanges: StoreProcedure<readonly [changes: string], number> = {
  name: 'dynamic_conf_share',
  apply(tx, [key = ''], [changes]) {
    const data = parseData(tx.hashGet(key, 'd'));
    for (const [part, values] of Object.entries(parseData(changes)))
      data[part] = { ...asObject(data[part]), ...asObject(values) };
    const version = Number(tx.hashGet(key, 'v') ?? 0) + 1;
    tx.hashSet(key, { d: JSON.stringify(data), v: version });
    return version;
  },
  lua: `
local known, data = pcall(cjson.decode, redis.call('HGET', KEYS[1], 'd') or '{}')
if not known or type(data) ~= 'table' then data = {} end
for part, values in pairs(cjson.decode(ARGV[1])) do
  if type(data[part]) ~= 'table' then data[part] = {} end
  for name, value in pairs(values) do data[part][name] = value end
end
redis.call('HSET', KEYS[1], 'd', cjson.encode(data))
return redis.call('HINCRBY', KEYS[1], 'v', 1)
`,
  parse: (reply) => Number(reply),
};

/** Names and values that can be taken over. Rspamd also knows objects with a score. */
function numbersOf(value: unknown): Record<string, number | null> {
  const result: Record<string, number | null> = {};
  for (const [name, written] of Object.entries(asObject(value)).slice(0, maxNames)) {
    const number = written === null ? null : (asObject(written)['score'] ?? written);
    if (/^[\w. -]{1,256}$/.test(name) && (number === null || Number.isFinite(number)))
      result[name] = number as number | null;
  }
  return result;
}

/** Scores and thresholds that several machines share in one hash of a store. */
export class SharedScores {
  readonly #store: Store;
  readonly #key: string;
  readonly #log: Log;
  #version: string | undefined;
  #isOut = false;

  constructor(store: Store, key: string, log: Log) {
    this.#store = store;
    this.#key = key;
    this.#log = log;
  }

  /**
   * Tells the others of changes that this machine has saved already.
   *
   * @throws StoreError when they could not be told
   */
  async share(changes: Partial<SavedChanges>): Promise<void> {
    const version = await this.#store.run(shareChanges, [this.#key], [JSON.stringify(changes)]);
    // When others changed something since the last look, that is still to be seen.
    if (this.#version === String(version - 1)) this.#version = String(version);
  }

  /** What is shared, when it changed since the last call; undefined: it did not, or nobody knows. Never rejects. */
  async changes(): Promise<SavedChanges | undefined> {
    try {
      const version = await this.#store.hashGet(this.#key, 'v');
      if (this.#isOut) this.#log.info('scores are shared again');
      this.#isOut = false;
      if (version === undefined || version === this.#version) return undefined;
      const data = parseData(await this.#store.hashGet(this.#key, 'd'));
      this.#version = version;
      if (data['symbols_enabled'] !== undefined || data['symbols_disabled'] !== undefined)
        this.#log.warn('shared switches of symbols are not taken over, only scores and actions');
      const scores = Object.entries(numbersOf(data['scores'])).filter(([, score]) => score !== null);
      return {
        scores: Object.fromEntries(scores) as Record<string, number>,
        actions: numbersOf(data['actions']),
      };
    } catch (error) {
      if (!this.#isOut)
        this.#log.error('shared scores cannot be read; told once', { error: toPosternError(error).message });
      this.#isOut = true;
      return undefined;
    }
  }
}
