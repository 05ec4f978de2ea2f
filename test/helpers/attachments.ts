/** An attachment of a test message. */
export interface Attachment {
  readonly name?: string | undefined;
  /** Default `application/octet-stream`. */
  readonly type?: string;
  readonly content: string | Buffer;
}

/** A message with a short text and attachments. */
export function withAttachments(
  attachments: readonly Attachment[],
  { subject = 'Files' }: { readonly subject?: string } = {},
): Buffer {
  const lines = [
    'From: Sender <sender@example.com>',
    'To: Rcpt <rcpt@example.org>',
    `Subject: ${subject}`,
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="=-b"',
    '',
    '--=-b',
    'Content-Type: text/plain; charset=utf-8',
    '',
    'Hello, the files are attached.',
  ];
  for (const { name, type = 'application/octet-stream', content } of attachments) {
    const encoded = name === undefined ? '' : `; filename*=UTF-8''${encodeURIComponent(name)}`;
    lines.push(
      '--=-b',
      `Content-Type: ${type}`,
      `Content-Disposition: attachment${encoded}`,
      'Content-Transfer-Encoding: base64',
      '',
      Buffer.from(content).toString('base64').replaceAll(/.{76}/g, '$&\r\n'),
    );
  }
  lines.push('--=-b--', '');
  return Buffer.from(lines.join('\r\n'));
}
