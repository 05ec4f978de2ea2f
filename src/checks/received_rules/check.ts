import { z } from 'zod';
import { defineCheck, type Message, type ReceivedHop } from '../../core/index.ts';

/** Numbers of hops from which each symbol holds, greatest first. */
const steps = [
  [12, 'RCVD_COUNT_TWELVE'],
  [7, 'RCVD_COUNT_SEVEN'],
  [5, 'RCVD_COUNT_FIVE'],
  [3, 'RCVD_COUNT_THREE'],
  [2, 'RCVD_COUNT_TWO'],
  [1, 'RCVD_COUNT_ONE'],
  [0, 'RCVD_COUNT_ZERO'],
] as const;

/** A recipient of the header to whom a hop has delivered before. */
function findDelivered({ to, cc }: Message, hops: readonly ReceivedHop[]): string | undefined {
  const delivered = new Set<string>();
  for (const hop of hops) if (hop.for?.includes('@')) delivered.add(hop.for.toLowerCase());
  if (delivered.size === 0) return undefined;
  for (const list of [to, cc])
    for (const { text } of list) if (delivered.has(text.toLowerCase())) return text;
  return undefined;
}

export const receivedRules = defineCheck({
  name: 'received_rules',
  summary: 'Tells the way a message took by its Received fields: number of hops, TLS, logins.',
  details:
    'Mail of every direction is looked at; rules of Rspamd without options of their own. Only fields of the message count, not the connection it came over; without any there is nothing to say about TLS.',
  group: 'headers',
  stage: 'filter',
  direction: 'both',
  needs: ['headers'],
  config: z.strictObject({}),
  symbols: {
    RCVD_COUNT_ZERO: { description: 'No Received field' },
    RCVD_COUNT_ONE: { description: 'One Received field' },
    RCVD_COUNT_TWO: { description: 'Two Received fields' },
    RCVD_COUNT_THREE: { description: '3 or 4 Received fields' },
    RCVD_COUNT_FIVE: { description: '5 or 6 Received fields' },
    RCVD_COUNT_SEVEN: { description: '7 to 11 Received fields' },
    RCVD_COUNT_TWELVE: { description: '12 Received fields or more' },
    RCVD_TLS_ALL: { description: 'Every hop used TLS' },
    RCVD_TLS_LAST: { description: 'The last hop used TLS, others did not' },
    RCVD_NO_TLS_LAST: { score: 0.1, description: 'The last hop did not use TLS' },
    RCVD_VIA_SMTP_AUTH: { description: 'The message was submitted with a login somewhere' },
    RCVD_HELO_USER: { score: 3, description: 'A client called itself “user”' },
    PREVIOUSLY_DELIVERED: { description: 'The message was delivered before to a recipient of its header' },
  },
  create() {
    return (task, hit) => {
      const { message, originalEnvelope } = task;
      const count = message.headers.every('received').length;
      hit(steps.find(([step]) => count >= step)![1], 1, String(count));
      const hops = count === 0 ? [] : message.received;
      if (originalEnvelope.helo?.toLowerCase() === 'user' || hops.some(({ fromName }) => fromName === 'user'))
        hit('RCVD_HELO_USER');
      if (count === 0) return;
      if (hops.every(({ isTls }) => isTls)) hit('RCVD_TLS_ALL');
      else hit(hops[0]!.isTls ? 'RCVD_TLS_LAST' : 'RCVD_NO_TLS_LAST');
      if (hops.some(({ isAuthenticated }) => isAuthenticated)) hit('RCVD_VIA_SMTP_AUTH');
      const delivered = findDelivered(message, hops);
      if (delivered !== undefined) hit('PREVIOUSLY_DELIVERED', 1, delivered);
    };
  },
});
