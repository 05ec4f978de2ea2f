import { connect } from 'node:net';
import type { Attempt } from './queue.ts';
import { type ExportItem, PhaseTimer, reasonOf, type Sender } from './sender.ts';

/** How long a receiver may keep its half of a connection open after it got everything. */
const lingerMs = 1000;

/** Writes each export to a connection of its own, as it is, and closes it: the end of the stream ends the export. */
export class TcpSender implements Sender {
  readonly #address: { readonly host: string; readonly port: number };
  readonly #connectMs: number | undefined;

  constructor(host: string, port: number, connectMs: number | undefined) {
    this.#address = { host, port };
    this.#connectMs = connectMs;
  }

  send(item: ExportItem, signal: AbortSignal): Promise<Attempt> {
    return new Promise((resolve) => {
      const socket = connect(this.#address);
      const timer = new PhaseTimer((error) => socket.destroy(error));
      const abort = (): void => {
        socket.destroy(signal.reason instanceof Error ? signal.reason : new Error('given up'));
      };
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
      timer.start('connecting', this.#connectMs);
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
      socket.end(item.body);
    });
  }

  close(): void {
    // Every connection ends with its export.
  }
}
