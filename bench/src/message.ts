/** A message in the form MTAs handle it, with the envelope it is handed in under. */
export interface BenchMessage {
  /** RFC 5322 text with CRLF line ends. */
  readonly raw: Buffer;
  /** Offset of the first byte of the body: behind the empty line, or the end. */
  readonly bodyOffset: number;
  /** Envelope sender without angle brackets. */
  readonly sender: string;
  /** Envelope recipients without angle brackets; at least one. */
  readonly recipients: readonly string[];
  readonly queueId: string;
}

/** One header field as the milter protocol carries it. */
export interface HeaderField {
  readonly name: string;
  /** What follows the colon, verbatim: leading space kept, continuation lines joined with LF. */
  readonly value: string;
}

const fallbackSender = 'sender@example.com';
const fallbackRecipient = 'recipient@example.net';
const maxRecipients = 5;
const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A date as RFC 5322 3.3 writes it, in UTC. */
function mailDate(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  const day = `${weekdays[date.getUTCDay()]}, ${two(date.getUTCDate())} ${months[date.getUTCMonth()]}`;
  return `${day} ${date.getUTCFullYear()} ${time} +0000`;
}

/**
 * Splits a header block into its fields. A line that is neither a field nor a continuation ends the header, as
 * Postfix takes it.
 *
 * @param text the message with CRLF line ends, one character a byte (latin1).
 * @returns the fields and the offset where the body begins.
 */
export function splitHeader(text: string): { readonly fields: HeaderField[]; readonly bodyOffset: number } {
  const fields: HeaderField[] = [];
  let offset = 0;
  while (offset < text.length) {
    let end = text.indexOf('\r\n', offset);
    if (end < 0) end = text.length;
    if (end === offset) return { fields, bodyOffset: end + 2 };
    const start = offset;
    const colon = /^[!-9;-~]+(?=[ \t]*:)/.exec(text.slice(start, Math.min(end, start + 1000)));
    if (!colon) return { fields, bodyOffset: start };
    while (text[end + 2] === ' ' || text[end + 2] === '\t') {
      const next = text.indexOf('\r\n', end + 2);
      end = next < 0 ? text.length : next;
    }
    const name = colon[0];
    const value = text.slice(text.indexOf(':', start + name.length) + 1, end).replaceAll('\r\n', '\n');
    fields.push({ name, value });
    offset = Math.min(end + 2, text.length);
  }
  return { fields, bodyOffset: text.length };
}

function addressesIn(value: string): string[] {
  const plain = value.replaceAll(/"[^"\n]*"|\([^()]*\)/g, ' ');
  return plain.match(/[\w.+=-]{1,64}@[a-z0-9][a-z0-9.-]*[a-z0-9]/gi) ?? [];
}

function firstValue(fields: readonly HeaderField[], name: string): string {
  return fields.find((field) => field.name.toLowerCase() === name)?.value ?? '';
}

/** Where the text begins behind an mbox separator (`From someone date`, RFC 4155) and empty lines. */
function messageStart(text: string): number {
  const match = /^(?:>?From [^\n]*\n)?[\r\n]*/.exec(text);
  return match ? match[0].length : 0;
}

/**
 * Makes a message ready to be sent: the mbox separator dropped, CRLF everywhere, `Date` set to now (a rule on old
 * dates would else fire on all of a corpus alike), and its own From, To and Cc as the envelope.
 */
export function prepareMessage(bytes: Buffer, number: number, now: Date): BenchMessage {
  const source = bytes.toString('latin1');
  const text = source.slice(messageStart(source)).replaceAll(/\r\n|\r|\n/g, '\r\n');
  const { fields, bodyOffset } = splitHeader(text);
  const date = `Date: ${mailDate(now)}`;
  const header = text.slice(0, bodyOffset);
  const dated = /^Date[ \t]*:/im.test(header)
    ? header.replace(/^Date[ \t]*:[^\r]*(?:\r\n[ \t][^\r]*)*/im, date)
    : `${date}\r\n${header}`;
  const recipients = [...addressesIn(firstValue(fields, 'to')), ...addressesIn(firstValue(fields, 'cc'))];
  return {
    raw: Buffer.from(dated + text.slice(bodyOffset), 'latin1'),
    bodyOffset: bodyOffset + dated.length - header.length,
    sender: addressesIn(firstValue(fields, 'from'))[0] ?? fallbackSender,
    recipients: recipients.length > 0 ? recipients.slice(0, maxRecipients) : [fallbackRecipient],
    queueId: `B${number.toString(16).toUpperCase().padStart(9, '0')}`,
  };
}
