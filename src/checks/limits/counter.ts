import type { StoreProcedure, StoreTransaction } from '../../core/index.ts';
import { counters } from './amounts.ts';
import {
  addToSlots,
  freeAtMs,
  pendingSlotMs,
  readSlots,
  slotMsOf,
  slotsPerWindow,
  sumOf,
} from './windows.ts';

/**
 * What the store holds of a subject: a hash with one field for each counter (`m:h`, messages per hour: slots as
 * `windows.ts` describes them) and `p`, units of messages on their way: `slot:messages:recipients,…`. What a crashed
 * worker took and never settled is forgotten when its lease is over.
 *
 * Exceptions are in a hash beside it, so that they hold from the moment they are made, in every process and on every
 * machine: a field for each counter they change (`limit:until:id,…`, limit -1 is unlimited), and `i:id` with who made
 * it and why.
 */
export interface Pending {
  readonly slot: number;
  readonly messages: number;
  readonly recipients: number;
}

/** Notes that still count: not older than the lease, not from a clock that was wrong. */
export function readPending(text: string, nowSlot: number, leaseSlots: number): Pending[] {
  const notes: Pending[] = [];
  for (const [, slot, messages, recipients] of text.matchAll(/(\d+):(\d+):(\d+)/g))
    if (Math.abs(nowSlot - Number(slot)) <= leaseSlots)
      notes.push({ slot: Number(slot), messages: Number(messages), recipients: Number(recipients) });
  return notes;
}

function writePending(notes: readonly Pending[]): string {
  return notes
    .filter(({ messages, recipients }) => messages > 0 || recipients > 0)
    .map(({ slot, messages, recipients }) => `${slot}:${messages}:${recipients}`)
    .join(',');
}

/** What an exception says of one counter. */
export interface StoredException {
  /** Infinity: unlimited. */
  readonly limit: number;
  readonly untilMs: number;
  readonly id: string;
}

/** Exceptions of one counter that are in force. */
export function readExceptions(text: string | undefined, nowMs: number): readonly StoredException[] {
  const found: StoredException[] = [];
  for (const [, limit, untilMs, id = ''] of (text ?? '').matchAll(/(-?\d+):(\d+):(\w+)/g))
    if (Number(untilMs) > nowMs)
      found.push({
        limit: Number(limit) < 0 ? Number.POSITIVE_INFINITY : Number(limit),
        untilMs: Number(untilMs),
        id,
      });
  return found;
}

/** The exception that holds: the newest in force, since ids begin with the time they were made. */
export function readException(text: string | undefined, nowMs: number): StoredException | undefined {
  if (text === undefined) return undefined;
  let newest: StoredException | undefined;
  for (const exception of readExceptions(text, nowMs))
    if (newest === undefined || exception.id > newest.id) newest = exception;
  return newest;
}

/** A counter that has no room for a message. */
export interface LimitHit {
  /** Index of the subject among those asked about. */
  readonly scope: number;
  /** Index in {@link counters}. */
  readonly counter: number;
  readonly used: number;
  readonly limit: number;
  /** When there is room again; undefined: while messages that are being judged are refused, or never. */
  readonly freeAtMs: number | undefined;
  readonly isException: boolean;
}

export interface TakeResult {
  /** None: the message was noted as pending with every subject. */
  readonly hits: readonly LimitHit[];
  /** Where it was noted; {@link settle} wants it back. */
  readonly slot: number;
}

/** Numbers, then for each subject one limit for each counter; below zero: none. */
type TakeArgs = readonly [
  nowMs: number,
  recipients: number,
  leaseSlots: number,
  expireMs: number,
  ...limits: number[],
];

const none = -1;
const luaFields = `{${counters.map(({ field }) => `'${field}'`).join(', ')}}`;
const luaSlotMs = `{${counters.map(({ lengthMs }) => slotMsOf(lengthMs)).join(', ')}}`;
const recipientsFrom = counters.findIndex(({ counts }) => counts === 'recipients');

const luaPrelude = `
local fields, slot_ms = ${luaFields}, ${luaSlotMs}
local function text(value) return string.format('%.0f', value) end
local function hash(key)
  local flat, map = redis.call('HGETALL', key), {}
  for i = 1, #flat, 2 do map[flat[i]] = flat[i + 1] end
  return map
end
local function read_slots(value, now_slot)
  local slots = {}
  for slot, count in string.gmatch(value or '', '(%d+):(%d+)') do
    slot, count = tonumber(slot), tonumber(count)
    if math.abs(slot - now_slot) <= ${slotsPerWindow} then slots[#slots + 1] = {slot, count} end
  end
  return slots
end
local function read_pending(value, now_slot, lease)
  local notes = {}
  for slot, messages, recipients in string.gmatch(value or '', '(%d+):(%d+):(%d+)') do
    slot = tonumber(slot)
    if math.abs(now_slot - slot) <= lease then
      notes[#notes + 1] = {slot, tonumber(messages), tonumber(recipients)}
    end
  end
  return notes
end
local function write_pending(notes)
  local parts = {}
  for _, note in ipairs(notes) do
    if note[2] > 0 or note[3] > 0 then
      parts[#parts + 1] = text(note[1]) .. ':' .. text(note[2]) .. ':' .. text(note[3])
    end
  end
  return table.concat(parts, ',')
end`;

/**
 * May this message go? For all subjects in one step: it is noted as pending with each of them, or with none.
 * KEYS: for each subject its counters and its exceptions.
 */
export const take: StoreProcedure<TakeArgs, TakeResult> = {
  name: 'limits_take',
  apply(tx, keys, [nowMs, recipients, leaseSlots, expireMs, ...limits]) {
    const slot = Math.floor(nowMs / pendingSlotMs);
    const hits: LimitHit[] = [];
    const notes: Pending[][] = [];
    for (let scope = 0; scope * 2 < keys.length; scope++) {
      const stored = tx.hashGetAll(keys[scope * 2]!);
      const exceptions = tx.hashGetAll(keys[scope * 2 + 1]!);
      const pending = readPending(stored['p'] ?? '', slot, leaseSlots);
      notes.push(pending);
      for (const [index, { field, counts, lengthMs }] of counters.entries()) {
        const exception = readException(exceptions[field], nowMs);
        const limit = exception?.limit ?? limits[scope * counters.length + index] ?? none;
        if (limit < 0 || limit === Number.POSITIVE_INFINITY) continue;
        const slotMs = slotMsOf(lengthMs);
        const slots = readSlots(stored[field] ?? '', Math.floor(nowMs / slotMs));
        let used = sumOf(slots);
        for (const note of pending) used += note[counts];
        const excess = used + (counts === 'messages' ? 1 : recipients) - limit;
        if (excess > 0)
          hits.push({
            scope,
            counter: index,
            used,
            limit,
            freeAtMs: freeAtMs(slots, excess, slotMs),
            isException: exception !== undefined,
          });
      }
    }
    if (hits.length === 0)
      for (const [scope, pending] of notes.entries())
        writeNote(tx, keys[scope * 2]!, addPending(pending, slot, recipients), expireMs);
    return { hits, slot };
  },
  lua: `${luaPrelude}
local now, recipients, lease = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local now_slot = math.floor(now / ${pendingSlotMs})
local hits, all_notes = {}, {}
for scope = 0, #KEYS / 2 - 1 do
  local stored, exceptions = hash(KEYS[scope * 2 + 1]), hash(KEYS[scope * 2 + 2])
  local notes = read_pending(stored['p'], now_slot, lease)
  all_notes[scope + 1] = notes
  for index, field in ipairs(fields) do
    local limit, excepted = tonumber(ARGV[4 + scope * #fields + index]), 0
    local newest = ''
    for own, ends, id in string.gmatch(exceptions[field] or '', '(%-?%d+):(%d+):(%w+)') do
      if tonumber(ends) > now and id > newest then limit, excepted, newest = tonumber(own), 1, id end
    end
    if limit >= 0 then
      local slots = read_slots(stored[field], math.floor(now / slot_ms[index]))
      local kind = index > ${recipientsFrom} and 3 or 2
      local used = 0
      for _, entry in ipairs(slots) do used = used + entry[2] end
      for _, note in ipairs(notes) do used = used + note[kind] end
      local excess = used + (kind == 2 and 1 or recipients) - limit
      if excess > 0 then
        table.sort(slots, function(a, b) return a[1] < b[1] end)
        local freed, free_at = 0, -1
        for _, entry in ipairs(slots) do
          freed = freed + entry[2]
          if freed >= excess then
            free_at = (entry[1] + ${slotsPerWindow + 1}) * slot_ms[index]
            break
          end
        end
        for _, value in ipairs({scope, index - 1, used, limit, free_at, excepted}) do
          hits[#hits + 1] = text(value)
        end
      end
    end
  end
end
if #hits == 0 then
  for scope, notes in ipairs(all_notes) do
    local is_added = false
    for _, note in ipairs(notes) do
      if note[1] == now_slot then
        note[2], note[3], is_added = note[2] + 1, note[3] + recipients, true
      end
    end
    if not is_added then notes[#notes + 1] = {now_slot, 1, recipients} end
    redis.call('HSET', KEYS[scope * 2 - 1], 'p', write_pending(notes))
    redis.call('PEXPIRE', KEYS[scope * 2 - 1], ARGV[4])
  end
end
return {text(now_slot), hits}`,
  parse(reply) {
    const [slot, flat] = reply as readonly [string, readonly string[]];
    const hits: LimitHit[] = [];
    for (let i = 0; i + 5 < flat.length; i += 6) {
      const [scope = 0, counter = 0, used = 0, limit = 0, freeMs = 0, excepted = 0] = flat
        .slice(i, i + 6)
        .map(Number);
      hits.push({
        scope,
        counter,
        used,
        limit,
        freeAtMs: freeMs < 0 ? undefined : freeMs,
        isException: excepted === 1,
      });
    }
    return { hits, slot: Number(slot) };
  },
};

function addPending(notes: readonly Pending[], slot: number, recipients: number): readonly Pending[] {
  if (!notes.some((note) => note.slot === slot)) return [...notes, { slot, messages: 1, recipients }];
  return notes.map((note) =>
    note.slot === slot
      ? { slot, messages: note.messages + 1, recipients: note.recipients + recipients }
      : note,
  );
}

function writeNote(tx: StoreTransaction, key: string, notes: readonly Pending[], expireMs: number): void {
  tx.hashSet(key, { p: writePending(notes) });
  tx.expire(key, expireMs);
}

type SettleArgs = readonly [
  nowMs: number,
  recipients: number,
  leaseSlots: number,
  expireMs: number,
  /** Where it was noted as pending; below zero: nowhere. */
  slot: number,
  /** 1: the message was accepted and counts. */
  charged: 0 | 1,
];

/** After the verdict: takes the pending note back, and counts what was accepted. KEYS: counters of each subject. */
export const settle: StoreProcedure<SettleArgs, void> = {
  name: 'limits_settle',
  apply(tx, keys, [nowMs, recipients, leaseSlots, expireMs, slot, charged]) {
    const nowSlot = Math.floor(nowMs / pendingSlotMs);
    for (const key of keys) {
      const stored = tx.hashGetAll(key);
      const notes = readPending(stored['p'] ?? '', nowSlot, leaseSlots).map((note) =>
        note.slot === slot
          ? {
              slot,
              messages: Math.max(0, note.messages - 1),
              recipients: Math.max(0, note.recipients - recipients),
            }
          : note,
      );
      const fields: Record<string, string> = {};
      if (stored['p'] !== undefined) fields['p'] = writePending(notes);
      if (charged === 1)
        for (const { field, counts, lengthMs } of counters) {
          const here = Math.floor(nowMs / slotMsOf(lengthMs));
          const units = counts === 'messages' ? 1 : recipients;
          fields[field] = addToSlots(readSlots(stored[field] ?? '', here), here, units);
        }
      tx.hashSet(key, fields);
      if (charged === 1) tx.expire(key, expireMs);
    }
  },
  lua: `${luaPrelude}
local now, recipients, lease = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local taken, charged = tonumber(ARGV[5]), ARGV[6] == '1'
local now_slot = math.floor(now / ${pendingSlotMs})
for _, key in ipairs(KEYS) do
  local stored, changed = hash(key), {}
  if stored['p'] then
    local notes = read_pending(stored['p'], now_slot, lease)
    for _, note in ipairs(notes) do
      if note[1] == taken then
        note[2], note[3] = math.max(0, note[2] - 1), math.max(0, note[3] - recipients)
      end
    end
    changed[1], changed[2] = 'p', write_pending(notes)
  end
  if charged then
    for index, field in ipairs(fields) do
      local here = math.floor(now / slot_ms[index])
      local units = index > ${recipientsFrom} and recipients or 1
      local parts, is_added = {}, false
      for _, entry in ipairs(read_slots(stored[field], here)) do
        if entry[1] == here then entry[2], is_added = entry[2] + units, true end
        parts[#parts + 1] = text(entry[1]) .. ':' .. text(entry[2])
      end
      if not is_added and units > 0 then parts[#parts + 1] = text(here) .. ':' .. text(units) end
      changed[#changed + 1] = field
      changed[#changed + 1] = table.concat(parts, ',')
    end
  end
  if #changed > 0 then redis.call('HSET', key, unpack(changed)) end
  if charged then redis.call('PEXPIRE', key, ARGV[4]) end
end
return 1`,
  parse() {},
};

/** Forgets what was used; messages that are being judged stay noted. */
export const forget: StoreProcedure<readonly [], void> = {
  name: 'limits_forget',
  apply(tx, [key = '']) {
    for (const { field } of counters) tx.hashDelete(key, field);
  },
  lua: `redis.call('HDEL', KEYS[1], ${counters.map(({ field }) => `'${field}'`).join(', ')})
return 1`,
  parse() {},
};
