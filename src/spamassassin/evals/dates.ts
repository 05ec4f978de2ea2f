import { parseMailDate } from '../../mime/index.ts';
import { fieldSource } from '../fields.ts';
import type { RuleMessage } from '../message.ts';
import { type EvalFunction, lowerBound, plain, upperBound } from './make.ts';

const hourMs = 3_600_000;
/** A year of 365.2425 days, in twelve parts. */
const monthMs = (31_556_952 * 1_000) / 12;

function dateOf(message: RuleMessage): number | undefined {
  for (const key of ['resent-date', 'date'])
    for (const header of message.message.headers.every(key)) {
      const date = parseMailDate(header.value);
      if (date) return date.getTime();
    }
  return undefined;
}

function receivedDates({ message }: RuleMessage): readonly number[] {
  return message.received.flatMap(({ date }) => (date ? [date.getTime()] : []));
}

/** How far the date is ahead of the time when relays received the message; by the relay that agrees most. */
function shift(message: RuleMessage): number {
  const date = dateOf(message);
  if (date === undefined) return 0;
  const shifts = receivedDates(message).map((received) => date - received);
  if (shifts.length > 1 && shifts.at(-1) === 0) shifts.pop();
  return (
    shifts.reduce<number | undefined>(
      (least, value) => (least === undefined || Math.abs(value) < Math.abs(least) ? value : least),
      undefined,
    ) ?? 0
  );
}

/** When the message was received, the middle of all that tells. */
function receivedAt(message: RuleMessage): number {
  const date = dateOf(message);
  const [newest] = receivedDates(message);
  const told = [date, newest, date !== undefined && newest !== undefined ? date - shift(message) : undefined]
    .filter((value) => value !== undefined)
    .toSorted((a, b) => b - a);
  return told[Math.floor((told.length - 1) / 2)] ?? 0;
}

const messageIds = fieldSource('MESSAGEID');

/** Outlook writes the time into its Message-ID fields, in units of about 429 s; it must be that of the message. */
function hasWrongOutlookId(message: RuleMessage): boolean {
  const id = /^<[0-9a-f]{4}([0-9a-f]{8})\$[0-9a-f]{8}\$[0-9a-f]{8}@/.exec(messageIds.read(message).join(''));
  if (!id) return false;
  const token = Number.parseInt(id[1]!, 16);
  // Upper half of a FILETIME: 2^32 × 100 ns = 429.4967296 s, counted from 1601; 256 of them make one step here.
  const isNear = (ms: number | undefined): boolean =>
    Math.abs(token - Math.floor(((ms ?? 0) / 1_000) * 0.0023283064365387 + 27_111_902.8329849)) < 250;
  return !isNear(dateOf(message)) && !isNear(receivedDates(message)[0]);
}

export const dateFunctions: Readonly<Record<string, EvalFunction>> = {
  check_for_shifted_date: {
    make: ({ args: [min, max] }) => {
      const from = lowerBound(min) * hourMs;
      const below = upperBound(max) * hourMs;
      return (message) => {
        const value = shift(message);
        return value >= from && value < below;
      };
    },
  },
  received_within_months: {
    make: ({ args: [min, max] }) => {
      const from = lowerBound(min) * monthMs;
      const below = upperBound(max) * monthMs;
      return (message) => {
        const age = message.task.startedMs - receivedAt(message);
        return age >= from && age < below;
      };
    },
  },
  check_outlook_message_id: plain(hasWrongOutlookId),
};
