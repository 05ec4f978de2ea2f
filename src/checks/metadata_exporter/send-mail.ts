import type { Attempt } from '../../delivery/index.ts';
import { type MailServer, sendMail } from '../../smtp/index.ts';
import type { ExportItem, Sender } from './sender.ts';

/** Sends each export as mail over a connection of its own. */
export class MailSender implements Sender {
  readonly #server: MailServer;
  readonly #from: string;

  /** @param from envelope sender; empty: the null sender */
  constructor(server: MailServer, from: string) {
    this.#server = server;
    this.#from = from;
  }

  async send(item: ExportItem, signal: AbortSignal): Promise<Attempt> {
    const { recipients, body } = item;
    const attempt = await sendMail(this.#server, { from: this.#from, recipients, body }, signal);
    return attempt.outcome === 'sent' ? { outcome: 'sent' } : attempt;
  }

  close(): void {
    // Every connection ends with its mail.
  }
}
