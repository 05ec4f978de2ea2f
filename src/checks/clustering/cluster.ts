import type { StoreProcedure } from '../../core/index.ts';

/** Signed total of a source, beside a field for each of its clusters (Rspamd's name). */
const totalField = '__s';

/** What is known of a source: how many clusters, its total, and what stands for the one that a message belongs to. */
export interface Source {
  readonly size: number;
  readonly total: number;
  readonly element: number;
}

const finite = (text: string | undefined): number => {
  const value = Number(text ?? 0);
  return Number.isFinite(value) ? value : 0;
};

/** Reads the hash of a source. */
export function readSource(fields: Readonly<Record<string, string>>, cluster: string): Source {
  const names = Object.keys(fields);
  return {
    size: names.length - (Object.hasOwn(fields, totalField) ? 1 : 0),
    total: finite(fields[totalField]),
    element: cluster === totalField || !Object.hasOwn(fields, cluster) ? 0 : finite(fields[cluster]),
  };
}

/** Weight of a message: the more clusters a source has and the worse they were; less for one that is new to it. */
export function weightOf(
  { size, total, element }: Source,
  { size_mult: sizeMult, score_mult: scoreMult }: { readonly size_mult: number; readonly score_mult: number },
): number {
  if (size === 0) return 0;
  const score = total * scoreMult;
  return Math.min(1, size * sizeMult + (element > 0 ? score : -score / size));
}

type UpdateArgs = readonly [
  cluster: string,
  change: number,
  maxElements: number,
  ttlMs: number,
  overflowTtlMs: number,
];

/** Adds what one message says to its cluster and to the total. A full source takes no new clusters. */
export const addToCluster: StoreProcedure<UpdateArgs, void> = {
  name: 'clustering_update',
  apply(tx, [key = ''], [cluster, change, maxElements, ttlMs, overflowTtlMs]) {
    const fields = tx.hashGetAll(key);
    const { size, total, element } = readSource(fields, cluster);
    if (!Object.hasOwn(fields, cluster) && size >= maxElements) {
      tx.expire(key, overflowTtlMs);
      return;
    }
    tx.hashSet(key, { [cluster]: element + Math.abs(change), [totalField]: total + change });
    tx.expire(key, ttlMs);
  },
  lua: `
local key, cluster, change = KEYS[1], ARGV[1], tonumber(ARGV[2])
local function number(text)
  local value = tonumber(text or 0)
  if value == nil or value ~= value or value == math.huge or value == -math.huge then return 0 end
  return value
end
local function text(value) return string.format('%.17g', value) end
local total = redis.call('HGET', key, '${totalField}')
local element = redis.call('HGET', key, cluster)
local size = redis.call('HLEN', key)
if total then size = size - 1 end
if not element and size >= tonumber(ARGV[3]) then
  redis.call('PEXPIRE', key, ARGV[5])
  return 0
end
redis.call('HSET', key, cluster, text(number(element) + math.abs(change)),
  '${totalField}', text(number(total) + change))
redis.call('PEXPIRE', key, ARGV[4])
return 1`,
  parse() {},
};

/** Is this the name of a cluster, and not that of the total? */
export function isCluster(text: string): boolean {
  return text !== '' && text !== totalField;
}
