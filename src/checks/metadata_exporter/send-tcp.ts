import { type Attempt, sendOverTcp, type TcpTarget } from '../../delivery/index.ts';
import type { ExportItem, Sender } from './sender.ts';

/** Writes each export to a connection of its own, as it is. */
export class TcpSender implements Sender {
  readonly #target: TcpTarget;

  constructor(host: string, port: number, connectMs: number | undefined) {
    this.#target = { host, port, connectMs };
  }

  send(item: ExportItem, signal: AbortSignal): Promise<Attempt> {
    return sendOverTcp(this.#target, item.body, signal);
  }

  close(): void {
    // Every connection ends with its export.
  }
}
