import { connect } from 'node:net';
import { PhaseTimer, reasonOf } from './phases.ts';
import type { Attempt } from './queue.ts';

/** How long a receiver may keep its half of a connection open after it got everything. */
const lingerMs = 1000;

export interface TcpTarget {
  readonly host: string;
  readonly port: number;
  /** Until the connection stands; undefined: only `signal` ends it. */
  readonly connectMs?: number | undefined;
}

/** Writes bytes to a connection of their own and closes it: the end of the stream ends them. Never rejects. */
export function sendOverTcp(
  { host, port, connectMs }: TcpTarget,
  body: Buffer,
  signal: AbortSignal,
): Promise<Attempt> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const timer = new PhaseTimer((error) => socket.destroy(error));
    const abort = (): void => {
      socket.destroy(signal.reason instanceof Error ? signal.reason : new Error('given up'));
    };
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    timer.start('connecting', connectMs);
    // What the receiver says means nothing here, but has to be read for the connection to end in order.
    socket.resume();
    socket.on('connect', () => timer.stop());
    socket.on('error', (error) => resolve({ outcome: 'outage', reason: reasonOf(error) }));
    socket.on('finish', () => {
      resolve({ outcome: 'sent' });
      timer.start('the end of the connection', lingerMs);
    });
    socket.on('close', () => {
      timer.stop();
      signal.removeEventListener('abort', abort);
      resolve({ outcome: 'outage', reason: 'the connection was closed' });
    });
    socket.end(body);
  });
}
