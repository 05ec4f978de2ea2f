import { counters } from './amounts.ts';
import type { LimitHit } from './counter.ts';
import type { Scope } from './policy.ts';

/** Will this message ever fit, however long its sender waits? */
export function isOversized({ counter, limit }: LimitHit, recipients: number): boolean {
  return limit > 0 && (counters[counter]!.counts === 'messages' ? 1 : recipients) > limit;
}

/** Whose limit it is, in words for whoever sent the message. */
function whose({ subject }: Scope): string {
  if (subject.role === 'sender') return subject.kind === 'unknown' ? 'this sender' : subject.value;
  switch (subject.kind) {
    case 'domain':
      return `${subject.value} as a whole`;
    case 'tenant':
      return `${subject.value} as a whole`;
    case 'local':
      return 'programs of this server together';
    case 'server':
      return 'this server as a whole';
  }
}

/** `2026-11-22 17:32 UTC`, rounded up to a full minute. */
export function formatTime(timeMs: number): string {
  const minute = Math.ceil(timeMs / 60_000) * 60_000;
  return `${new Date(minute).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/**
 * What whoever sent the message reads: the limit, whose it is, and when to come back. The door puts the codes of
 * RFC 3463 before it (4.7.1 or 5.7.1, policy).
 */
export function refusalText(hit: LimitHit, scope: Scope, recipients: number, help: string): string {
  const { counts, window } = counters[hit.counter]!;
  const size = `${hit.limit} ${counts} per ${window} for ${whose(scope)}`;
  const ending = help === '' ? '' : `; ${help}`;
  if (hit.limit <= 0)
    return `Sending limit: no ${counts} are allowed for ${whose(scope)} at present${ending}`;
  if (isOversized(hit, recipients))
    return `Sending limit: ${size}, this message has ${recipients}; send it to fewer at a time${ending}`;
  const when = hit.freeAtMs === undefined ? 'in a minute' : `after ${formatTime(hit.freeAtMs)}`;
  return `Sending limit reached: ${size}; try again ${when}${ending}`;
}
