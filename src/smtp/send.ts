import { Socket } from 'node:net';
import SMTPConnection from 'nodemailer/lib/smtp-connection';

/** How long a server may take to say goodbye. */
const lingerMs = 1000;

/** The mail server that takes our own mail. */
export interface MailServer {
  readonly host: string;
  readonly port: number;
  readonly helo: string;
  readonly timeoutMs: number;
  readonly connectMs: number | undefined;
  /** Silence that is borne while an answer is due. */
  readonly readMs: number | undefined;
}

/** A message that is ready to go. */
export interface OutgoingMail {
  /** Envelope sender; empty: the null sender. */
  readonly from: string;
  readonly recipients: readonly string[];
  /** Header and body with CRLF. */
  readonly body: Buffer;
}

/**
 * What came of one attempt. `outage`: the server cannot be reached, is too slow or asks for patience, a further try
 * may succeed; `refused`: it will not (RFC 5321 4.2.1).
 */
export type MailAttempt =
  | { readonly outcome: 'sent'; readonly refusedRecipients: readonly RefusedRecipient[] }
  | { readonly outcome: 'outage' | 'refused'; readonly reason: string };

/** A recipient that the server did not take, while it took others. */
export interface RefusedRecipient {
  readonly address: string;
  readonly code: number;
}

/** Sends a message over a connection of its own. Never rejects; ends soon after `signal` fires. */
export function sendMail(server: MailServer, mail: OutgoingMail, signal: AbortSignal): Promise<MailAttempt> {
  const { host, port, helo, timeoutMs, connectMs, readMs } = server;
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
    const end = (attempt: MailAttempt): void => {
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
      const envelope = { from: mail.from, to: [...mail.recipients], use8BitMime: true };
      connection.send(envelope, mail.body, (error, info) => {
        if (error) {
          fail(error);
          return;
        }
        end({ outcome: 'sent', refusedRecipients: refusedRecipients(info) });
        const linger = setTimeout(() => socket.destroy(), lingerMs);
        socket.once('close', () => clearTimeout(linger));
        connection.quit();
      });
    });
    if (signal.aborted) abort();
  });
}

interface Refusals {
  readonly rejected: readonly string[];
  readonly rejectedErrors?: readonly unknown[] | undefined;
}

function refusedRecipients(info: Refusals | undefined): readonly RefusedRecipient[] {
  return (info?.rejected ?? []).map((address, index) => ({
    address,
    code: responseCode(info?.rejectedErrors?.[index]),
  }));
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
  if (code > 0) return `the mail server answered ${code}`;
  return reasonOf(error);
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '')
    return error.errors.map((inner) => reasonOf(inner)).join('; ');
  return error instanceof Error ? error.message : String(error);
}
