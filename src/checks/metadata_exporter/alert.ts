import { randomBytes } from 'node:crypto';
import type { Selector, Task } from '../../core/index.ts';
import { encodeText, type Metadata, metadataOf, oneLine, type Scanner } from './metadata.ts';
import type { OwnMail } from './own-mail.ts';
import { compileTemplate, renderTemplate, type Template } from './template.ts';

const variables = [
  'action',
  'date',
  'direction',
  'from',
  'fuzzy',
  'header_date',
  'header_from',
  'header_subject',
  'header_to',
  'ip',
  'mail_from',
  'mail_to',
  'message_id',
  'our_message_id',
  'qid',
  'rcpt',
  'rspamd_server',
  'scan_time',
  'score',
  'sender',
  'size',
  'subject',
  'symbols',
  'symbols_score',
  'symbols_sorted',
  'uid',
  'user',
] as const;

const defaultTemplate = `From: "Postern" <$mail_from>
To: $mail_to
Subject: [$action] mail of $user
Date: $date
Message-ID: <$our_message_id>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

$rspamd_server judged this message:

Action:      $action (score $score)
Direction:   $direction
Sender:      $sender
Login:       $user
Client:      $ip
Queue id:    $qid
MAIL FROM:   $from
RCPT TO:     $rcpt

From:        $header_from
To:          $header_to
Subject:     $header_subject
Date:        $header_date
Message-ID:  $message_id

Symbols:
	$symbols_score
`;

/** Longest value that goes into an alert: a report, not a copy. */
const maxValueLength = 4096;
/** Longest single value in a header field. */
const maxHeaderLength = 300;
/** Recipients and symbols that an alert names. */
const maxListed = 100;

/** A compiled `email_template`. */
export interface AlertTemplate {
  readonly header: Template;
  readonly body: Template;
  /** Lower-case names of the fields that the template writes. */
  readonly fields: ReadonlySet<string>;
}

/**
 * Compiles a template: header, empty line, body.
 *
 * @throws ConfigError for a selector that cannot be read
 */
export function compileAlert(
  text: string | undefined,
  compileSelector: (text: string) => Selector,
  onUnknown: (name: string) => void,
): AlertTemplate {
  const source = (text ?? defaultTemplate).replaceAll('\r\n', '\n').replace(/^\n+/, '');
  const gap = source.indexOf('\n\n');
  const head = gap < 0 ? source.trimEnd() : source.slice(0, gap);
  const body = gap < 0 ? '' : source.slice(gap + 2);
  const options = { variables, compileSelector, onUnknown };
  return {
    header: compileTemplate(head.split('\n').map(encodeText).join('\n'), options),
    body: compileTemplate(body, options),
    fields: new Set(Array.from(head.matchAll(/^([!-9;-~]+):/gm), ([, name = '']) => name.toLowerCase())),
  };
}

/** Lines of at most some 70 characters where there are blanks to break at (RFC 5322 2.1.1: never over 998). */
function joinWrapped(items: readonly string[]): string {
  const listed = items.slice(0, maxListed).map((item) => clip(item));
  if (items.length > maxListed) listed.push(`and ${items.length - maxListed} more`);
  let used = 0;
  return listed
    .map((item, index) => {
      const last = index === listed.length - 1;
      const breaks = used > 0 && used + item.length > 70;
      used = (breaks ? 0 : used) + item.length + 2;
      return `${breaks ? '\n\t' : ''}${item}${last ? '' : ', '}`;
    })
    .join('');
}

function clip(text: string): string {
  const clean = oneLine(text);
  // At most three bytes for each unit: a line holds 998 bytes (RFC 5321 4.5.3.1.6).
  return clean.length > 300 && Buffer.byteLength(clean) > 900
    ? `${clean.slice(0, 300).toWellFormed()}…`
    : clean;
}

/** In a header field, which may hold several values: short enough for lines of RFC 5322 2.1.1. */
function headerText(text: string): string {
  const short = text.includes('\n') ? text : text.slice(0, maxHeaderLength).toWellFormed();
  return encodeText(short).replaceAll('?= =?', '?=\n =?');
}

function textOf(value: readonly string[] | string): string {
  return typeof value === 'string' ? clip(value) : joinWrapped(value);
}

function symbolLines(symbols: Metadata['symbols']): string {
  const lines = symbols
    .slice(0, maxListed)
    .map(({ name, score, options }) =>
      clip(`${name}(${score.toFixed(2)})${options.length > 0 ? ` [${options.join(', ')}]` : ''}`),
    );
  return lines.length === 0 ? 'none' : lines.join('\n\t');
}

/** RFC 5322 3.3, in UTC. */
export function mailDate(timeMs: number): string {
  return new Date(timeMs).toUTCString().replace('GMT', '+0000');
}

export interface AlertContext {
  readonly scanner: Scanner;
  readonly ownMail: OwnMail;
  /** Address in the header, also where the envelope sender is empty. */
  readonly displayFrom: string;
  readonly mailTo: readonly string[];
}

function valuesFor(task: Task, context: AlertContext, ourMessageId: string): (name: string) => string {
  const metadata = metadataOf(task, context.scanner);
  const { symbols } = metadata;
  return (name) => {
    switch (name) {
      case 'date':
        return mailDate(context.scanner.now());
      case 'our_message_id':
        return ourMessageId;
      case 'mail_from':
        return context.displayFrom;
      case 'uid':
        return task.id;
      case 'score':
        return metadata.score.toFixed(2);
      case 'symbols':
        return symbolLines(symbols);
      case 'symbols_sorted':
        return symbolLines(symbols.toSorted((a, b) => a.name.localeCompare(b.name, 'en')));
      case 'symbols_score':
        return symbolLines(symbols.toSorted((a, b) => b.score - a.score));
      default: {
        const value: unknown = metadata[name as keyof Metadata];
        return textOf(Array.isArray(value) ? value.map(String) : String(value));
      }
    }
  };
}

/**
 * The alert for a message, with CRLF. Adds what RFC 5322 3.6 demands and the template lacks, `Auto-Submitted`
 * (RFC 3834 5) and our mark. Values of the message cannot add header fields: line breaks in them become blanks.
 */
export function renderAlert(template: AlertTemplate, task: Task, context: AlertContext): Buffer {
  const ourMessageId = `${randomBytes(12).toString('hex')}@${context.scanner.hostName}`;
  const readValue = valuesFor(task, context, ourMessageId);
  const gap = context.mailTo.length > 8 ? '\n ' : ' ';
  const value = (name: string, isBracketed: boolean): string =>
    name === 'mail_to' ? context.mailTo.join(isBracketed ? `>,${gap}<` : `,${gap}`) : readValue(name);
  const bounded = (text: string): string => oneLine(text).slice(0, maxValueLength).toWellFormed();
  const header = renderTemplate(
    template.header,
    task,
    (name, isBracketed) => (name === 'mail_to' ? value(name, isBracketed) : headerText(readValue(name))),
    (text) => headerText(bounded(text)),
  );
  const added = [
    template.fields.has('from') ? '' : `From: <${context.displayFrom}>\n`,
    template.fields.has('date') ? '' : `Date: ${readValue('date')}\n`,
    template.fields.has('message-id') ? '' : `Message-ID: <${ourMessageId}>\n`,
    template.fields.has('auto-submitted') ? '' : 'Auto-Submitted: auto-generated\n',
    `X-Postern-Alert: ${context.ownMail.mark()}\n`,
  ].join('');
  const body = renderTemplate(template.body, task, value, bounded);
  return Buffer.from(`${header}\n${added}\n${body}`.replaceAll(/\r?\n/g, '\r\n'));
}
