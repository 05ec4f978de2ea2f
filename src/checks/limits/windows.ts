/**
 * How a window is counted. Time is cut into slots, a sixtieth of the window each, and a counter is the list of slots
 * with what fell into them: `slot:count,slot:count`. What is used is the sum over the present slot and the sixty
 * before, so that no stretch of time as long as the window ever holds more than the limit; what was used comes free
 * at most one slot (a second, a minute, 24 minutes) later than it had to.
 */
export const slotsPerWindow = 60;

/** Units of messages that are being judged, by slots of this length. */
export const pendingSlotMs = 10_000;

interface Slot {
  readonly slot: number;
  readonly count: number;
}

/** Slots that still count at this time. Those far ahead (a clock that was wrong) are left out, too. */
export function readSlots(text: string, nowSlot: number): Slot[] {
  const slots: Slot[] = [];
  for (const [, slot, count] of text.matchAll(/(\d+):(\d+)/g)) {
    const entry = { slot: Number(slot), count: Number(count) };
    if (Math.abs(entry.slot - nowSlot) <= slotsPerWindow) slots.push(entry);
  }
  return slots;
}

export function slotMsOf(windowMs: number): number {
  return windowMs / slotsPerWindow;
}

export function sumOf(slots: readonly Slot[]): number {
  let sum = 0;
  for (const { count } of slots) sum += count;
  return sum;
}

/** The list with so much more in this slot. */
export function addToSlots(slots: readonly Slot[], nowSlot: number, count: number): string {
  let isAdded = false;
  let text = '';
  for (const entry of slots) {
    const isHere = entry.slot === nowSlot;
    isAdded ||= isHere;
    text += `${text === '' ? '' : ','}${entry.slot}:${entry.count + (isHere ? count : 0)}`;
  }
  if (!isAdded && count > 0) text += `${text === '' ? '' : ','}${nowSlot}:${count}`;
  return text;
}

/** When slots that hold this much have gone, in milliseconds since 1970; undefined: they never hold so much. */
export function freeAtMs(slots: readonly Slot[], needed: number, slotMs: number): number | undefined {
  let freed = 0;
  for (const { slot, count } of slots.toSorted((a, b) => a.slot - b.slot)) {
    freed += count;
    if (freed >= needed) return (slot + slotsPerWindow + 1) * slotMs;
  }
  return undefined;
}
