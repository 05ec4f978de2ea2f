import type { StoreProcedure } from '../../core/index.ts';
import { counters } from './amounts.ts';
import { readExceptions } from './counter.ts';

/** Says nothing of a counter. */
const unset = '-2';
/** Instead of an id: all of the subject. */
export const everyException = '*';

type ChangeArgs = readonly [
  nowMs: number,
  subject: string,
  id: string,
  /** Who made it and why, as JSON; `''`: the exception ends. */
  info: string,
  untilMs: number,
  /** What it says of each counter, see {@link exceptionAmount}. */
  ...amounts: string[],
];

/** An amount as {@link changeExceptions} takes it. */
export function exceptionAmount(amount: number | undefined): string {
  if (amount === undefined) return unset;
  return amount === Number.POSITIVE_INFINITY ? '-1' : String(amount);
}

/**
 * Makes an exception or ends one; what is over is swept out. Making one again changes nothing.
 * KEYS: the subject's exceptions, and the list of subjects that have any.
 */
export const changeExceptions: StoreProcedure<ChangeArgs, void> = {
  name: 'limits_except',
  apply(tx, [key = '', list = ''], [nowMs, subject, id, info, untilMs, ...amounts]) {
    const stored = tx.hashGetAll(key);
    const kept: Record<string, string> = {};
    let latestMs = 0;
    for (const [index, { field }] of counters.entries()) {
      const amount = amounts[index] ?? unset;
      const entries = readExceptions(stored[field], nowMs)
        .filter((entry) => entry.id !== id && !(info === '' && id === everyException))
        .map((entry) => [entry.id, entry.untilMs, exceptionAmount(entry.limit)] as const);
      if (info !== '' && amount !== unset && untilMs > nowMs) entries.push([id, untilMs, amount]);
      if (entries.length === 0) continue;
      kept[field] = entries.map(([entryId, ends, limit]) => `${limit}:${ends}:${entryId}`).join(',');
      for (const [entryId, ends] of entries) {
        latestMs = Math.max(latestMs, ends);
        const about = entryId === id ? info : stored[`i:${entryId}`];
        if (about !== undefined) kept[`i:${entryId}`] = about;
      }
    }
    tx.delete(key);
    if (latestMs === 0) {
      tx.hashDelete(list, subject);
      return;
    }
    tx.hashSet(key, kept);
    tx.expire(key, latestMs - nowMs);
    tx.hashSet(list, { [subject]: latestMs });
  },
  lua: `
local now, subject, id, info, till = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local stored, flat = {}, redis.call('HGETALL', KEYS[1])
for i = 1, #flat, 2 do stored[flat[i]] = flat[i + 1] end
local kept, latest = {}, 0
for index, field in ipairs({${counters.map(({ field }) => `'${field}'`).join(', ')}}) do
  local entries, amount = {}, ARGV[5 + index]
  local function keep(entry_id, ends, limit, about)
    entries[#entries + 1] = limit .. ':' .. ends .. ':' .. entry_id
    latest = math.max(latest, tonumber(ends))
    if about then kept['i:' .. entry_id] = about end
  end
  for limit, ends, entry_id in string.gmatch(stored[field] or '', '(%-?%d+):(%d+):(%w+)') do
    local is_ended = entry_id == id or (info == '' and id == '${everyException}')
    if tonumber(ends) > now and not is_ended then keep(entry_id, ends, limit, stored['i:' .. entry_id]) end
  end
  if info ~= '' and amount ~= '${unset}' and tonumber(till) > now then keep(id, till, amount, info) end
  if #entries > 0 then kept[field] = table.concat(entries, ',') end
end
redis.call('DEL', KEYS[1])
if latest == 0 then
  redis.call('HDEL', KEYS[2], subject)
  return 0
end
for name, value in pairs(kept) do redis.call('HSET', KEYS[1], name, value) end
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', latest - now))
redis.call('HSET', KEYS[2], subject, string.format('%.0f', latest))
return 1`,
  parse() {},
};
