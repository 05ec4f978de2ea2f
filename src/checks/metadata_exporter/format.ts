import { randomBytes } from 'node:crypto';
import { Packr } from 'msgpackr';
import type { Task } from '../../core/index.ts';
import { type AlertContext, type AlertTemplate, mailDate, renderAlert } from './alert.ts';
import { metadataOf, type Scanner } from './metadata.ts';
import type { Backend, Formatter } from './options.ts';

/** What a formatter makes of a message. */
export interface Formatted {
  readonly body: Buffer;
  /** Undefined: the rule's `mime_type`. */
  readonly mimeType?: string | undefined;
}

// Plain MessagePack: no records, no extensions, so that any reader understands it.
const packr = new Packr({ useRecords: false, encodeUndefinedAsNil: true });

/** RFC 7578, with the fields `metadata` (JSON) and `message` (the raw message as a file). */
function multipart(metadata: unknown, message: Buffer): Formatted {
  const boundary = randomBytes(16).toString('hex');
  const part = (disposition: string, type: string): string =>
    `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\nContent-Type: ${type}\r\n\r\n`;
  return {
    body: Buffer.concat([
      Buffer.from(part('name="metadata"', 'application/json') + JSON.stringify(metadata)),
      Buffer.from(`\r\n${part('name="message"; filename="message.eml"', 'message/rfc822')}`),
      message,
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]),
    mimeType: `multipart/form-data; boundary="${boundary}"`,
  };
}

/** The message as mail of ours: marked, and known as sent on by a program (RFC 5322 3.6.6, RFC 3834 5). */
function resent(task: Task, context: AlertContext): Buffer {
  const { raw } = task.message;
  const { newline } = task.message;
  const header = [
    `Resent-From: <${context.displayFrom}>`,
    `Resent-To: ${context.mailTo.join(', ')}`,
    `Resent-Date: ${mailDate(context.scanner.now())}`,
    `Resent-Message-ID: <${randomBytes(12).toString('hex')}@${context.scanner.hostName}>`,
    'Auto-Submitted: auto-generated',
    `X-Postern-Alert: ${context.ownMail.mark()}`,
    '',
  ].join(newline);
  return Buffer.concat([Buffer.from(header), raw]);
}

export interface FormatOptions {
  readonly formatter: Formatter;
  readonly backend: Backend;
  readonly scanner: Scanner;
  readonly alert: AlertTemplate | undefined;
}

/** Formats a message for export. */
export function formatExport(task: Task, options: FormatOptions, mail: AlertContext): Formatted {
  const { formatter, scanner, alert } = options;
  switch (formatter) {
    case 'default':
      // A copy: the session may own the memory of the message and the export outlives it.
      return { body: options.backend === 'send_mail' ? resent(task, mail) : Buffer.from(task.raw) };
    case 'json':
      return { body: Buffer.from(JSON.stringify(metadataOf(task, scanner))) };
    case 'json_with_message':
      return {
        body: Buffer.from(
          JSON.stringify({ ...metadataOf(task, scanner), message: task.raw.toString('base64') }),
        ),
      };
    case 'msgpack':
      return { body: Buffer.from(packr.pack({ ...metadataOf(task, scanner), message: task.raw })) };
    case 'multipart':
      return multipart(metadataOf(task, scanner), task.raw);
    case 'email_alert':
      return { body: alert ? renderAlert(alert, task, mail) : Buffer.alloc(0) };
  }
}
