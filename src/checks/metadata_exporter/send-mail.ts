import { Socket } from 'node:net';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { Attempt } from './queue.ts';
import { type ExportItem, reasonOf, type Sender } from './sender.ts';

/** How long a server may take to say goodbye. */
const lingerMs = 1000;

export interface MailServer {
  readonly host: string;
  readonly port: number;
  readonly helo: string;
  /** Empty: the null sender. */
  readonly from: string;
  readonly timeoutMs: number;
  readonly connectMs: number | undefined;
  /** Silence that is borne while an answer is due. */
  readonly readMs: number | undefined;
}

/** Sends each export as mail over a connection of its own. */
export class MailSender implements Sender {
  readonly #server: MailServer;

  constructor(server: MailServer) {
    this.#server = server;
  }

  send(item: ExportItem, signal: AbortSignal): Promise<Attempt> {
    const { host, port, helo, from, timeoutMs, connectMs, readMs } = this.#server;
    return new Promise((resolve) => {
      const socket = new Socket();
      const connection = new SMTPConnection({
        socket,
        host,
        port,
        name: helo,
        connectionTimeout: connectMs ?? timeoutMs,
        dnsTimeout: connectMs ?? timeoutMs,
        greetingTimeout: readMs ?? timeoutMs,
        socketTimeout: readMs ?? timeoutMs,
        // Without TLS the mail would go in clear: any certificate is better (RFC 7435).
        tls: { rejectUnauthorized: false },
        opportunisticTLS: true,
      });
      const end = (attempt: Attempt): void => {
        signal.removeEventListener('abort', abort);
        resolve(attempt);
      };
      const fail = (error: unknown): void => {
        connection.close();
        // Closing only ends our half; a server that is gone never ends its own.
        socket.destroy();
        end({ outcome: isFinal(error) ? 'refused' : 'outage', reason: describe(error) });
      };
      const abort = (): void => fail(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      // Also after the end: an error without a listener would be thrown.
      connection.on('error', fail);
      // The library says that it closed before it says why.
      connection.on('end', () => setImmediate(fail, new Error('the connection was closed')));
      connection.connect((failed) => {
        if (failed) {
          fail(failed);
          return;
        }
        const envelope = { from, to: [...item.recipients], use8BitMime: true };
        connection.send(envelope, item.body, (error) => {
          if (error) {
            fail(error);
            return;
          }
          end({ outcome: 'sent' });
          const linger = setTimeout(() => socket.destroy(), lingerMs);
          socket.once('close', () => clearTimeout(linger));
          connection.quit();
        });
      });
      if (signal.aborted) abort();
    });
  }

  close(): void {
    // Every connection ends with its mail.
  }
}

function responseCode(error: unknown): number {
  const code = (error as { responseCode?: unknown } | undefined)?.responseCode;
  return typeof code === 'number' ? code : 0;
}

/** A reply of class 5 holds for every further try (RFC 5321 4.2.1). */
function isFinal(error: unknown): boolean {
  return responseCode(error) >= 500;
}

/** The server's text may name addresses; its code says enough. */
function describe(error: unknown): string {
  const code = responseCode(error);
  return code > 0 ? `the mail server answered ${code}` : reasonOf(error);
}
