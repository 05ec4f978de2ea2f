import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertUnchangedBut, type MtaUnderTest, sendOnce, uniqueRecipient } from './harness.ts';
import { buildMessage, messageIdOf, splitMessage, withoutFields } from './message.ts';

const ODD_HEADERS = [
  'X-No-Space:value',
  'X-Tab:\tvalue',
  'X-Two-Spaces:  value',
  'X-Trailing: value  ',
  'X-Folded: one\r\n two\r\n\tthree',
  'X-Empty:',
  'x-lower-case: Value',
];

/** The bytes of UTF-8 in a string of bytes, as {@link buildMessage} takes it. */
const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

const LONG_BODY_BYTES = 20 * 1024 * 1024;

/** A body of about 20 MB, as an attachment in base64 looks. */
const hugeBody = (): string => {
  const line = `${'QmFzZTY0'.repeat(9)}QmFz\r\n`;
  return line.repeat(Math.ceil(LONG_BODY_BYTES / line.length));
};

/** What arrives is what was sent. */
export function deliveryTests(mta: () => MtaUnderTest): void {
  const deliverUnchanged = async (raw: Buffer, parameters: readonly string[] = []): Promise<void> => {
    const { sink, assertSeenAs, addedFields, session } = mta();
    const to = uniqueRecipient();
    const final = await sendOnce(session('login'), { from: 'alice@example.com', to: [to], raw, parameters });
    assert.equal(final.code, 250, final.text);
    const delivery = await sink.next(to);
    assertUnchangedBut(raw, delivery.raw, addedFields);
    assertSeenAs(delivery, 'login');
  };

  test('ham arrives unchanged but for the header fields asked for', () =>
    deliverUnchanged(buildMessage({ headers: ODD_HEADERS, body: '\r\n.\r\n..\r\nline \r\n\r\n\r\n' })));

  test('a message of raw 8-bit text in header and body arrives unchanged', () =>
    deliverUnchanged(
      buildMessage({
        subject: utf8('Gr\u00fc\u00dfe aus K\u00f6ln'),
        body: '\u00e4\u00f6\u00fc\u00df \u00ff\u0080\r\n',
      }),
      ['BODY=8BITMIME'],
    ));

  test('a message of 20 MB arrives unchanged', () => deliverUnchanged(buildMessage({ body: hugeBody() })));

  test('the null sender is passed on as such', async () => {
    const { sink, assertSeenAs, session } = mta();
    const to = uniqueRecipient();
    const final = await sendOnce(session('login'), { from: '', to: [to], raw: buildMessage() });
    assert.equal(final.code, 250, final.text);
    const delivery = await sink.next(to);
    assert.equal(delivery.from, '');
    assertSeenAs(delivery, 'login');
  });
}

/** Several recipients are one message, to the scanner as to the next hop. */
export function recipientsTest(mta: () => MtaUnderTest): void {
  test('one message for five recipients is scanned once and reaches them all', async () => {
    const { scanner, sink, session } = mta();
    const raw = buildMessage();
    const to = Array.from({ length: 5 }, () => uniqueRecipient());
    const final = await sendOnce(session('login'), { from: 'alice@example.com', to, raw });
    assert.equal(final.code, 250, final.text);
    for (const recipient of to) await sink.next(recipient);
    const row = await scanner.history(messageIdOf(raw));
    assert.deepEqual(row.rcpt_smtp, to);
  });
}

const nested = (levels: number): string => {
  let text = '';
  for (let level = 0; level < levels; level++) {
    text += `--b${level}\r\nContent-Type: multipart/mixed; boundary=b${level + 1}\r\n\r\n`;
  }
  return text;
};

const MALFORMED: Readonly<Record<string, string>> = {
  'with a header line that has no colon':
    'From: a@example.com\r\nno colon here\r\nSubject: x\r\n\r\nbody\r\n',
  'without any header': 'this is not a header\r\nand this is not either\r\n',
  'that ends inside its header': 'From: a@example.com\r\nSubject: x\r\n',
  'with NUL and other control characters': 'From: a@example.com\r\nSubject: x\r\n\r\na\0b\x01\x7f\r\n',
  'with a header that is 8-bit but not UTF-8': 'From: a@example.com\r\nSubject: Gr\xfc\xdfe\r\n\r\nbody\r\n',
  'whose parts never end': `From: a@example.com\r\nContent-Type: multipart/mixed; boundary=b0\r\n\r\n${nested(90)}`,
  'with impossible MIME fields':
    'From: <>,,<a@@b>\r\nFrom: second@example.com\r\nContent-Type: text/;;charset="\r\nContent-Transfer-Encoding: base65\r\n\r\n=\r\n=Z\r\n',
};

/** Messages that break the standards must not break the way either. */
export function malformedTests(mta: () => MtaUnderTest): void {
  const compare = async (raw: Buffer): Promise<void> => {
    const { sink, assertSeenAs, addedFields, session, unscannedSession } = mta();
    const [to, comparedTo] = [uniqueRecipient(), uniqueRecipient()];
    const unscanned = await sendOnce(unscannedSession(), {
      from: 'alice@example.com',
      to: [comparedTo],
      raw,
    });
    const final = await sendOnce(session('local'), { from: 'alice@example.com', to: [to], raw });
    assert.equal(final.code, unscanned.code, final.text);
    if (final.code !== 250) return;
    const delivery = await sink.next(to);
    assertSeenAs(delivery, 'local');
    const ignored = [...addedFields, 'message-id', 'date', 'x-rspamd-bar'];
    const expected = withoutFields((await sink.next(comparedTo)).raw, ignored);
    const arrived = withoutFields(delivery.raw, ignored);
    assert.deepEqual(arrived.fields, expected.fields);
    assert.ok(arrived.body.equals(expected.body), 'the body has changed');
  };

  for (const [words, text] of Object.entries(MALFORMED)) {
    test(`a message ${words} arrives as it would without the scanner`, () =>
      compare(Buffer.from(text, 'latin1')));
  }

  test('a message with lines as long as the MTA passes on arrives as it would without the scanner', () => {
    const { longestLineBytes } = mta();
    const [name, body] = ['X-Long: '.padEnd(longestLineBytes, 'y'), 'z'.repeat(longestLineBytes)];
    return compare(Buffer.from(`From: a@example.com\r\n${name}\r\n\r\n${body}\r\n`));
  });

  test('an empty message is scanned and arrives empty', async () => {
    const { sink, assertSeenAs, session } = mta();
    const to = uniqueRecipient();
    const final = await sendOnce(session('login'), {
      from: 'alice@example.com',
      to: [to],
      raw: Buffer.alloc(0),
    });
    assert.equal(final.code, 250, final.text);
    const delivery = await sink.next(to);
    assertSeenAs(delivery, 'login');
    assert.equal(splitMessage(delivery.raw).body.length, 0);
  });
}
