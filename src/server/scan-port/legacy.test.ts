import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { MilterReply, StoreError } from '../../core/index.ts';
import type { LearnRequest } from '../spamc/index.ts';
import { hit } from '../testing/scanner.ts';
import { type Harness, startScanPort } from './testing/harness.ts';

const message = 'From: a@example.com\nSubject: hi\n\nhello\n';
const spam = {
  action: 'add header',
  score: 7.25,
  symbols: [
    hit('BAYES_SPAM', 5.1, { description: 'Bayes says\r\nspam', options: ['99%', 'a\nb'] }),
    hit('PLAIN', 2.15),
  ],
};

const rspamc = (command = 'CHECK', headers = ''): string =>
  `${command} RSPAMC/1.3\r\nContent-length: ${message.length}\r\n${headers}\r\n${message}`;

const spamc = (command: string, headers = '', version = '1.5'): string =>
  `${command} SPAMC/${version}\r\nUser: root\r\nContent-length: ${message.length}\r\n${headers}\r\n${message}`;

/** A reply of the spamd protocol: its status line and headers, and the body, whose length must be right. */
async function spamd(port: Harness, request: string | Buffer): Promise<{ head: string; body: string }> {
  const text = await port.exchange(request);
  const end = text.indexOf('\r\n\r\n') + 4;
  const [head, body] = [text.slice(0, end), text.slice(end)];
  assert.equal(Number(/Content-length: (\d+)/.exec(head)?.[1]), body.length, text);
  return { head, body };
}

test('what Exim sends is scanned while its write side stays open, and the reply ends by closing', async (t) => {
  const port = await startScanPort(t);
  port.scanner.answer = { ...spam, messages: { smtp_message: 'Rate limit\n"x" exceeded' } };
  const mbox = `From MAILER-DAEMON Sun Nov 22 11:04:25 2026\nX-Envelope-From: <a@example.com>\n${message}`;
  const text = await port.exchange(
    `CHECK RSPAMC/1.3\r\nContent-length: ${mbox.length}\r\nQueue-Id: 1xV5Mv-0007sg-1z\r\nFrom: <a@example.com>\r\n` +
      'Recipient-Number: 2\r\nRcpt: <b@example.net>\r\nRcpt: <c@example.net>\r\nHelo: h.test\r\nIP: 192.0.2.5\r\n' +
      `User: joe\r\n\r\n${mbox}`,
  );
  assert.equal(
    text,
    'RSPAMD/1.3 0 EX_OK\r\nMetric: default; True; 7.25 / 15.00 / 0.0\r\nAction: add header\r\n' +
      'Symbol: BAYES_SPAM(5.10)\r\nSymbol: PLAIN(2.15)\r\n' +
      'X-Symbol: BAYES_SPAM(5.10); Bayes says spam [99%, a b]\r\nX-Symbol: PLAIN(2.15)\r\n' +
      'Message: Rate limit "x" exceeded\r\nMessage-ID: a1@example.com\r\n',
  );
  const { envelope, raw } = port.scanner.last;
  assert.equal(raw.toString(), mbox);
  assert.equal(envelope.door, 'rspamc');
  assert.equal(envelope.login, 'joe');
  assert.equal(envelope.queueId, '1xV5Mv-0007sg-1z');
  assert.deepEqual(
    envelope.recipients.map(({ text: address }) => address),
    ['b@example.net', 'c@example.net'],
  );
  assert.equal(port.scanner.settled, 1);
  assert.equal(port.counted.get('postern_scan_requests_total rspamc verdict'), 1);
});

test('the null sender of Exim is the null sender', async (t) => {
  const port = await startScanPort(t);
  await port.exchange(rspamc('CHECK', 'From: <>\r\n'));
  assert.equal(port.scanner.last.envelope.sender, null);
});

test('subject and header changes are single lines of the reply', async (t) => {
  const port = await startScanPort(t);
  port.scanner.answer = {
    action: 'rewrite subject',
    subject: '*** Grüße',
    messageId: undefined,
    milter: Object.assign(new MilterReply(), {
      addHeaders: [
        { name: 'X-A', value: 'folded\n value' },
        { name: 'X-B', value: 'b', order: 1 },
      ],
      removeHeaders: [{ name: 'X-C', instances: [0, 2] }],
    }),
  };
  assert.equal(
    await port.exchange(rspamc('SYMBOLS')),
    'RSPAMD/1.3 0 EX_OK\r\nMetric: default; True; 0.00 / 15.00 / 0.0\r\nAction: rewrite subject\r\n' +
      'Subject: =?UTF-8?B?KioqIEdyw7zDn2U=?=\r\n' +
      'X-Milter-Add: X-A: folded value\r\nX-Milter-Add: X-B[1]: b\r\nX-Milter-Del: X-C\r\nX-Milter-Del: X-C[2]\r\n',
  );
});

test('explanations give way when the reply would outgrow what Exim reads', async (t) => {
  const port = await startScanPort(t);
  const symbols = Array.from({ length: 300 }, (_, n) =>
    hit(`SYMBOL_${n}`, 1, { options: ['x'.repeat(900)] }),
  );
  port.scanner.answer = { action: 'reject', symbols, messages: { smtp_message: 'no' } };
  const text = await port.exchange(rspamc());
  assert.ok(text.length < 32_600);
  assert.match(text, /Symbol: SYMBOL_299\(1\.00\)\r\n.*Message: no\r\n/s);
});

test('a failure is a well-formed reply with action soft reject', async (t) => {
  const port = await startScanPort(t);
  const failed =
    /^RSPAMD\/1\.3 0 EX_OK\r\nMetric: default; False; 0\.00 \/ (?:nan|15\.00) \/ 0\.0\r\nAction: soft reject\r\nMessage: [^\r\n]+\r\n/;
  port.scanner.answer = new Error('bug');
  assert.match(await port.exchange(rspamc()), failed);
  port.scanner.answer = {
    action: 'soft reject',
    failure: new StoreError('gone'),
    messages: { smtp_message: 'later' },
  };
  assert.match(await port.exchange(rspamc()), failed);
  assert.match(await port.exchange(rspamc('NONSENSE')), failed);
  assert.match(await port.exchange('CHECK RSPAMC/1.3\r\n\r\nno length'), failed);
  assert.match(await port.exchange('CHECK RSPAMC/1.3\r\nbad line\r\n\r\n'), failed);
  assert.equal(port.counted.get('postern_scan_requests_total rspamc failure'), 2);
  assert.equal(port.counted.get('postern_scan_troubles_total rspamc bad request'), 2);
});

test('PING is answered in both protocols, SKIP by closing', async (t) => {
  const port = await startScanPort(t);
  assert.equal(await port.exchange('PING RSPAMC/1.3\r\n\r\n'), 'RSPAMD/1.3 0 PONG\r\n');
  assert.equal(await port.exchange('PING SPAMC/1.5\r\n\r\n'), 'SPAMD/1.5 0 PONG\r\n');
  assert.equal(await port.exchange('PING SPAMC/1.2\r\n'), 'SPAMD/1.5 0 PONG\r\n');
  assert.equal(await port.exchange('SKIP SPAMC/1.5\r\n\r\n'), '');
  assert.equal(port.scanner.requests.length, 0);
});

test('CHECK tells spam from ham truly, with the threshold of the spam mark', async (t) => {
  const port = await startScanPort(t);
  assert.deepEqual(await spamd(port, spamc('CHECK')), {
    head: 'SPAMD/1.1 0 EX_OK\r\nContent-length: 0\r\nSpam: False ; 0.0 / 6.0\r\n\r\n',
    body: '',
  });
  port.scanner.answer = spam;
  assert.match((await spamd(port, spamc('CHECK'))).head, /\r\nSpam: True ; 7\.3 \/ 6\.0\r\n/);
  port.scanner.answer = { ...spam, thresholds: new Map() };
  assert.match((await spamd(port, spamc('CHECK'))).head, /\r\nSpam: True ; 7\.3 \/ 15\.0\r\n/);
  port.scanner.answer = { action: 'greylist', score: 4.5 };
  assert.match((await spamd(port, spamc('CHECK'))).head, /\r\nSpam: False ; 4\.5 \/ 6\.0\r\n/);
});

test('the User of spamc is no login, but rules may ask for it', async (t) => {
  const port = await startScanPort(t);
  await port.exchange(spamc('CHECK'));
  const { envelope } = port.scanner.last;
  assert.equal(envelope.login, undefined);
  assert.equal(envelope.request.get('spamc-user'), 'root');
  assert.equal(envelope.request.get('user'), undefined);
  assert.equal(envelope.door, 'spamc');
});

test('SYMBOLS lists names, REPORT explains, REPORT_IFSPAM only spam', async (t) => {
  const port = await startScanPort(t);
  assert.equal((await spamd(port, spamc('REPORT_IFSPAM'))).body, '');
  port.scanner.answer = spam;
  assert.equal((await spamd(port, spamc('SYMBOLS'))).body, 'BAYES_SPAM,PLAIN\r\n');
  const report =
    'Action: add header\r\nScore: 7.3 / 6.0\r\n\r\n pts symbol                   description\r\n' +
    '---- ------------------------ ---------------------------------------------\r\n' +
    ' 5.1 BAYES_SPAM               Bayes says spam [99%, a b]\r\n 2.1 PLAIN\r\n';
  assert.equal((await spamd(port, spamc('REPORT'))).body, report);
  assert.equal((await spamd(port, spamc('REPORT_IFSPAM'))).body, report);
});

test('the default variant of Exim finds the scores in the first line of the body', async (t) => {
  const port = await startScanPort(t);
  port.scanner.answer = spam;
  const { head, body } = await spamd(port, spamc('REPORT', '', '1.2'));
  assert.match(head, /^SPAMD\/1\.1 0 EX_OK\r\nContent-length: \d+\r\n\r\n$/);
  assert.match(body, /^7\.3\/6\.0\r\nAction: add header\r\n/);
});

test('a message without a length goes on to the end of the stream', async (t) => {
  const port = await startScanPort(t);
  const client = await port.open();
  client.socket.end(`CHECK SPAMC/1.5\r\nUser: root\r\n\r\n${message}`);
  assert.match(await client.rest(), /^SPAMD\/1\.1 0 EX_OK/);
  assert.equal(port.scanner.last.raw.toString(), message);
});

test('a compressed message is unpacked within the limit', async (t) => {
  const port = await startScanPort(t, { maxMessageBytes: 1000 });
  const send = (body: Buffer, name = 'zlib'): Promise<string> =>
    port.exchange(
      Buffer.concat([
        Buffer.from(`CHECK SPAMC/1.5\r\nCompress: ${name}\r\nContent-length: ${body.length}\r\n\r\n`),
        body,
      ]),
    );
  assert.match(await send(deflateSync(message)), /^SPAMD\/1\.1 0 EX_OK/);
  assert.equal(port.scanner.last.raw.toString(), message);
  assert.match(await send(deflateSync(Buffer.alloc(1001))), /^SPAMD\/1\.1 75 EX_TEMPFAIL /);
  assert.match(await send(Buffer.from('nonsense')), /^SPAMD\/1\.1 76 EX_PROTOCOL /);
  assert.match(await send(Buffer.from(message), 'lzma'), /^SPAMD\/1\.1 76 EX_PROTOCOL /);
});

test('failures and soft rejects are EX_TEMPFAIL, nonsense is EX_PROTOCOL', async (t) => {
  const port = await startScanPort(t);
  port.scanner.answer = new Error('bug');
  assert.equal(await port.exchange(spamc('PROCESS')), 'SPAMD/1.1 75 EX_TEMPFAIL\r\n');
  port.scanner.answer = { action: 'soft reject', failure: new StoreError('gone') };
  assert.equal(await port.exchange(spamc('CHECK')), 'SPAMD/1.1 75 EX_TEMPFAIL\r\n');
  port.scanner.answer = { action: 'soft reject', messages: { smtp_message: 'Rate limit\n"x"' } };
  assert.equal(await port.exchange(spamc('CHECK')), 'SPAMD/1.1 75 EX_TEMPFAIL Rate limit "x"\r\n');
  assert.equal(port.scanner.settled, 2);
  assert.match(await port.exchange(spamc('NONSENSE')), /^SPAMD\/1\.1 76 EX_PROTOCOL /);
});

test('PROCESS returns the message marked, signed and changed, HEADERS without its body', async (t) => {
  const port = await startScanPort(t);
  port.scanner.answer = {
    ...spam,
    newline: '\n',
    subject: 'SPAM hi',
    dkimSignatures: ['v=1;\r\n b=x'],
    milter: Object.assign(new MilterReply(), {
      addHeaders: [
        { name: 'X-Last', value: 'l' },
        { name: 'X-First', value: 'f', order: 0 },
      ],
      removeHeaders: [{ name: 'x-gone', instances: [-1] }],
    }),
  };
  const before =
    'From: a@example.com\nX-Spam-Flag: NO\nX-Gone: 1\n folded\nSubject: hi\nX-Gone: 2\n\nhello\n';
  const request = (command: string): string =>
    `${command} SPAMC/1.5\r\nContent-length: ${before.length}\r\n\r\n${before}`;
  const header =
    'X-Spam-Flag: YES\nX-Spam-Level: *******\nX-Spam-Status: Yes, score=7.3 required=6.0\n\ttests=BAYES_SPAM,PLAIN\n' +
    'DKIM-Signature: v=1;\n b=x\nX-First: f\nFrom: a@example.com\nX-Gone: 1\n folded\nSubject: SPAM hi\nX-Last: l\n\n';
  const processed = await spamd(port, request('PROCESS'));
  assert.match(processed.head, /Spam: True ; 7\.3 \/ 6\.0/);
  assert.equal(processed.body, `${header}hello\n`);
  assert.equal((await spamd(port, request('HEADERS'))).body, header);
});

test('TELL says honestly that there is no classifier', async (t) => {
  const port = await startScanPort(t);
  assert.equal(
    await port.exchange(spamc('TELL', 'Message-class: spam\r\nSet: local\r\n')),
    'SPAMD/1.1 69 EX_UNAVAILABLE no classifier is configured\r\n',
  );
  assert.match(
    await port.exchange(spamc('TELL', 'Message-class: nonsense\r\nSet: local\r\n')),
    / 76 EX_PROTOCOL /,
  );
  assert.match(await port.exchange(spamc('TELL')), / 76 EX_PROTOCOL /);
  assert.match(await port.exchange(spamc('TELL', 'Set: local\r\n')), / 76 EX_PROTOCOL /);
});

test('TELL teaches the classifier where there is one, and says what was done', async (t) => {
  const learned: LearnRequest[] = [];
  const port = await startScanPort(t, {
    learn: async (request) => {
      learned.push(request);
      if (request.set.length > 0) return { didSet: ['local'], didRemove: [] };
      throw new StoreError('gone');
    },
  });
  const told = await spamd(port, spamc('TELL', 'Message-class: ham\r\nSet: local, remote\r\n'));
  assert.match(told.head, /^SPAMD\/1\.1 0 EX_OK\r\nContent-length: 2\r\nDidSet: local\r\n\r\n$/);
  assert.deepEqual(learned[0]!.set, ['local', 'remote']);
  assert.equal(learned[0]!.messageClass, 'ham');
  assert.equal(learned[0]!.raw.toString(), message);
  assert.match(await port.exchange(spamc('TELL', 'Remove: local\r\n')), /^SPAMD\/1\.1 75 EX_TEMPFAIL/);
});
