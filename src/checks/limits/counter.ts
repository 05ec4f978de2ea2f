import type { StoreProcedure, StoreTransaction } from '../../core/index.ts';
import { counters, windowFields } from './amounts.ts';
import {
  addToWindow,
  freeAtMs,
  pendingSlotMs,
  readWindow,
  slotMsOf,
  slotsPerWindow,
  type Window,
} from './windows.ts';

/**
 * What the store holds of a subject: a hash with one field for each window (`m`, `h`, `d`, as `windows.ts` describes
 * them) and `p`, units of messages on their way: `slot:messages:recipients,…`. What a crashed
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
const list = (items: readonly (string | number)[]): string => `{${items.join(', ')}}`;
const luaFields = list(counters.map(({ field }) => `'${field}'`));
const luaWindows = list(windowFields.map(({ field }) => `'${field}'`));
const luaSlotMs = list(windowFields.map(({ lengthMs }) => slotMsOf(lengthMs)));

/** The windows of a key, and all that `windows.ts` does with them; the counters are messages by window, then recipients. */
const luaPrelude = `
local fields, window_fields, slot_ms = ${luaFields}, ${luaWindows}, ${luaSlotMs}
local function text(value) return string.format('%.0f', value) end
local function hash(key)
  local flat, map = redis.call('HGETALL', key), {}
  for i = 1, #flat, 2 do map[flat[i]] = flat[i + 1] end
  return map
end
local function read_window(value, now_slot)
  local slot, m, r, all_m, all_r, from = string.match(value or '', '^(%d+):(%d+):(%d+):(%d+):(%d+);()')
  slot = tonumber(slot)
  if not slot or math.abs(now_slot - slot) > ${slotsPerWindow} then
    return {slot = 0, new = {0, 0}, all = {0, 0}, older = ''}
  end
  all_m, all_r = tonumber(all_m), tonumber(all_r)
  while from <= #value do
    local old, old_m, old_r, following = string.match(value, '^(%d+):(%d+):(%d+),?()', from)
    if not old or now_slot - tonumber(old) <= ${slotsPerWindow} then break end
    all_m, all_r, from = all_m - tonumber(old_m), all_r - tonumber(old_r), following
  end
  return {slot = slot, new = {tonumber(m), tonumber(r)}, all = {all_m, all_r}, older = string.sub(value, from)}
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
      const windows: Record<string, Window> = {};
      for (let index = 0; index < counters.length; index++) {
        const { field, windowField, counts, lengthMs } = counters[index]!;
        const exception = readException(exceptions[field], nowMs);
        const limit = exception?.limit ?? limits[scope * counters.length + index] ?? none;
        if (limit < 0 || limit === Number.POSITIVE_INFINITY) continue;
        const slotMs = slotMsOf(lengthMs);
        const window = (windows[windowField] ??= readWindow(stored[windowField], Math.floor(nowMs / slotMs)));
        let used = window[counts];
        for (const note of pending) used += note[counts];
        const excess = used + (counts === 'messages' ? 1 : recipients) - limit;
        if (excess > 0)
          hits.push({
            scope,
            counter: index,
            used,
            limit,
            freeAtMs: freeAtMs(window, counts, excess, slotMs),
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
  local windows = {}
  for index, field in ipairs(fields) do
    local kind = index > #window_fields and 2 or 1
    local position = kind == 2 and index - #window_fields or index
    local limit, excepted = tonumber(ARGV[4 + scope * #fields + index]), 0
    local newest = ''
    for own, ends, id in string.gmatch(exceptions[field] or '', '(%-?%d+):(%d+):(%w+)') do
      if tonumber(ends) > now and id > newest then limit, excepted, newest = tonumber(own), 1, id end
    end
    if limit >= 0 then
      local window = windows[position]
      if not window then
        window = read_window(stored[window_fields[position]], math.floor(now / slot_ms[position]))
        windows[position] = window
      end
      local used = window.all[kind]
      for _, note in ipairs(notes) do used = used + note[kind + 1] end
      local excess = used + (kind == 1 and 1 or recipients) - limit
      if excess > 0 then
        local freed, free_at = 0, -1
        local function drop(slot, count)
          freed = freed + count
          if free_at < 0 and freed >= excess then free_at = (slot + ${slotsPerWindow + 1}) * slot_ms[position] end
        end
        for slot, m, r in string.gmatch(window.older, '(%d+):(%d+):(%d+)') do
          drop(tonumber(slot), tonumber(kind == 1 and m or r))
        end
        drop(window.slot, window.new[kind])
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
  apply(tx, keys, [nowMs, recipients, leaseSlots, expireMs, taken, charged]) {
    const nowSlot = Math.floor(nowMs / pendingSlotMs);
    for (const key of keys) {
      const stored = tx.hashGetAll(key);
      const notes = readPending(stored['p'] ?? '', nowSlot, leaseSlots).map((note) =>
        note.slot === taken
          ? {
              slot: taken,
              messages: Math.max(0, note.messages - 1),
              recipients: Math.max(0, note.recipients - recipients),
            }
          : note,
      );
      const fields: Record<string, string> = {};
      if (stored['p'] !== undefined) fields['p'] = writePending(notes);
      if (charged === 1)
        for (const { field, lengthMs } of windowFields) {
          const slot = Math.floor(nowMs / slotMsOf(lengthMs));
          fields[field] = addToWindow(readWindow(stored[field], slot), slot, recipients);
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
    for position, field in ipairs(window_fields) do
      local here = math.floor(now / slot_ms[position])
      local window = read_window(stored[field], here)
      local new, all, older = window.new, window.all, window.older
      if here > window.slot then
        if new[1] > 0 then
          if older ~= '' then older = older .. ',' end
          older = older .. text(window.slot) .. ':' .. text(new[1]) .. ':' .. text(new[2])
        end
        window.slot, new = here, {0, 0}
      end
      changed[#changed + 1] = field
      changed[#changed + 1] = text(window.slot) .. ':' .. text(new[1] + 1) .. ':' .. text(new[2] + recipients)
        .. ':' .. text(all[1] + 1) .. ':' .. text(all[2] + recipients) .. ';' .. older
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
    for (const { field } of windowFields) tx.hashDelete(key, field);
  },
  lua: `redis.call('HDEL', KEYS[1], ${windowFields.map(({ field }) => `'${field}'`).join(', ')})
return 1`,
  parse() {},
};
