import type { CountedThing } from '../../core/index.ts';

/**
 * How a window is counted. Time is cut into slots, a sixtieth of the window each. What is used is the sum over the
 * present slot and the sixty before, so that no stretch of time as long as the window ever holds more than the limit;
 * what was used comes free at most one slot (a second, a minute, 24 minutes) later than it had to.
 *
 * Stored is a text that can be read and continued without looking at all of it, since this happens for every message:
 * `slot:messages:recipients:messages:recipients;slot:messages:recipients,…`, which is the newest slot, the sums over
 * all slots, and the older slots in order.
 */
export interface Window extends Readonly<Record<CountedThing, number>> {
  readonly newestSlot: number;
  /** What fell into the newest slot. */
  readonly newest: Readonly<Record<CountedThing, number>>;
  /** `slot:messages:recipients,…`, the oldest in front. */
  readonly older: string;
}

export const slotsPerWindow = 60;

/** Units of messages that are being judged, by slots of this length. */
export const pendingSlotMs = 10_000;

const nothing = { messages: 0, recipients: 0 } as const;
const empty: Window = { ...nothing, newestSlot: 0, newest: nothing, older: '' };

export function slotMsOf(windowMs: number): number {
  return windowMs / slotsPerWindow;
}

/** A stored window as it stands at this time. One from a clock that was far ahead says nothing. */
export function readWindow(text: string | undefined, nowSlot: number): Window {
  if (text === undefined || text === '') return empty;
  const semicolon = text.indexOf(';');
  const [newestSlot = 0, newMessages = 0, newRecipients = 0, allMessages = 0, allRecipients = 0] = text
    .slice(0, semicolon)
    .split(':')
    .map(Number);
  if (Math.abs(nowSlot - newestSlot) > slotsPerWindow) return empty;
  let messages = allMessages;
  let recipients = allRecipients;
  let start = semicolon + 1;
  while (start < text.length) {
    const comma = text.indexOf(',', start);
    const end = comma < 0 ? text.length : comma;
    const afterSlot = text.indexOf(':', start);
    if (nowSlot - Number(text.slice(start, afterSlot)) <= slotsPerWindow) break;
    const afterMessages = text.indexOf(':', afterSlot + 1);
    messages -= Number(text.slice(afterSlot + 1, afterMessages));
    recipients -= Number(text.slice(afterMessages + 1, end));
    start = end + 1;
  }
  return {
    messages,
    recipients,
    newestSlot,
    newest: { messages: newMessages, recipients: newRecipients },
    older: text.slice(start),
  };
}

/** The text of a window with one message more. A clock that lags a little adds to the newest slot. */
export function addToWindow(window: Window, nowSlot: number, recipients: number): string {
  const { newest } = window;
  const sums = `${window.messages + 1}:${window.recipients + recipients}`;
  if (nowSlot <= window.newestSlot)
    return `${window.newestSlot}:${newest.messages + 1}:${newest.recipients + recipients}:${sums};${window.older}`;
  const closed = newest.messages === 0 ? '' : `${window.newestSlot}:${newest.messages}:${newest.recipients}`;
  const comma = window.older !== '' && closed !== '' ? ',' : '';
  return `${nowSlot}:1:${recipients}:${sums};${window.older}${comma}${closed}`;
}

/** When slots that hold this much have gone, in milliseconds since 1970; undefined: they never hold so much. */
export function freeAtMs(
  window: Window,
  counts: CountedThing,
  needed: number,
  slotMs: number,
): number | undefined {
  let freed = 0;
  for (const [, slot, messages, recipients] of window.older.matchAll(/(\d+):(\d+):(\d+)/g)) {
    freed += Number(counts === 'messages' ? messages : recipients);
    if (freed >= needed) return (Number(slot) + slotsPerWindow + 1) * slotMs;
  }
  return freed + window.newest[counts] >= needed
    ? (window.newestSlot + slotsPerWindow + 1) * slotMs
    : undefined;
}
