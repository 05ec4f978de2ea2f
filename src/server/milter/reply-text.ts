/** Longest text after the codes: an SMTP reply line has 512 bytes with its CRLF (RFC 5321 4.5.3.1.5). */
const maxTextLength = 480;

/** Text on one line in printable ASCII, as an SMTP reply and a quarantine reason need it; may become empty. */
export function plainLine(text: string): string {
  return text
    .slice(0, maxTextLength * 2)
    .replaceAll(/[\x00-\x20\x7f]+/g, ' ')
    .replaceAll(/[^\x20-\x7e]/gu, '?')
    .slice(0, maxTextLength)
    .trim();
}

/**
 * Text of a reply-code packet. A percent sign is doubled, since MTAs take the text for a format: Postfix drops a
 * lone one, Sendmail then replaces the whole reply (wire-protocols 3.8).
 *
 * @param codes SMTP code and enhanced code of the same class (RFC 2034 4), such as `554 5.7.1`
 */
export function replyLine(codes: string, text: string): string {
  return `${codes} ${plainLine(text)}`.trimEnd().replaceAll('%', '%%');
}

/** True: usable as a header field name (RFC 5322 2.2). */
export function isFieldName(name: string): boolean {
  return /^[\x21-\x39\x3b-\x7e]{1,200}$/.test(name);
}

/**
 * A header value as milter packets carry it: folded with LF and a blank, no NUL, no CR. What follows a line break
 * without a blank gets one, so that no value can begin another field or end the header section.
 */
export function headerValue(value: string): string {
  if (!/[\0\r\n]/.test(value)) return value;
  const [first = '', ...rest] = value.replaceAll('\0', '').split(/\r\n?|\n/);
  let folded = first;
  for (const line of rest) {
    if (line.trim() !== '') folded += /^[ \t]/.test(line) ? `\n${line}` : `\n\t${line}`;
  }
  return folded;
}
