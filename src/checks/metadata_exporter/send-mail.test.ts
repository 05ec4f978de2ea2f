import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { buildCheck, type LogLine, runCheck } from '../../../test/helpers/check-table.ts';
import { fromLogin, noStore, rules, spam, tcpReceiver } from '../../../test/helpers/export-receivers.ts';
import { startSink } from '../../../test/mta/sink.ts';
import { metadataExporter } from './check.ts';

describe('send_mail', () => {
  const alert = { backend: 'send_mail', formatter: 'email_alert' };

  test('an alert has an empty envelope sender, says that a program wrote it, and reports', async () => {
    const sink = await startSink();
    await runCheck(
      metadataExporter,
      { mail_to: ['ops@example.net', 'abuse@example.net'], ...rules({ ...alert, smtp_port: sink.port }) },
      { ...fromLogin, raw: 'Subject: =?utf-8?Q?caf=C3=A9=0D=0AX-Evil:_1?=\r\n\r\nx\r\n' },
      { store: noStore },
    );
    const [mail] = sink.deliveries;
    assert.ok(mail);
    assert.equal(mail.from, '');
    assert.deepEqual(mail.recipients, ['ops@example.net', 'abuse@example.net']);
    const [header = '', body = ''] = mail.raw.toString().split(/\r\n\r\n([\s\S]*)/);
    assert.match(header, /^Auto-Submitted: auto-generated\r?$/m);
    assert.match(header, /^From: "Postern" <postmaster@scanner\.example>\r?$/m);
    assert.match(header, /^To: ops@example\.net, abuse@example\.net\r?$/m);
    assert.match(header, /^Subject: \[add header\] mail of sender@example\.com\r?$/m);
    assert.match(header, /^Date: Tue, 14 Nov 2023 22:13:20 \+0000\r?$/m);
    assert.match(body, /^Subject: {5}café X-Evil: 1\r?$/m);
    assert.match(body, /\tBAD\(7\.00\) \[why\]\r\n/);
    assert.ok(!/[^\r]\n/.test(mail.raw.toString()));
    await sink.stop();
  });

  test('a template gets variables and selectors; values cannot add header fields', async () => {
    const sink = await startSink();
    const email_template = [
      'From: <$mail_from>',
      'To: <$mail_to>',
      'Subject: für $user: ${subject} $nothing',
      '',
      '$action ${score} ${rcpts:addr.lower} $header_subject 5$',
    ].join('\n');
    const built = await buildCheck(
      metadataExporter,
      rules({
        ...alert,
        smtp_port: sink.port,
        mail_from: 'scanner@example.net',
        mail_to: 'a@example.net, b@example.net',
        email_template,
      }),
      { store: noStore },
    );
    assert.deepEqual(built.warnings, ['rules.R.email_template: $nothing is no variable and stays as it is']);
    const raw = 'Subject: =?utf-8?Q?x=0D=0ABcc:_evil@example.org?=\r\n\r\n';
    await built.run({ ...fromLogin, raw, rcpts: ['Rcpt@Example.org'] });
    await built.close();
    const [mail] = sink.deliveries;
    assert.ok(mail);
    assert.equal(mail.from, 'scanner@example.net');
    const text = mail.raw.toString();
    assert.match(text, /^From: <scanner@example\.net>\r\nTo: <a@example\.net>, <b@example\.net>\r\n/);
    assert.match(
      text,
      /^Subject: =\?UTF-8\?B\?\S+\?= sender@example\.com: x\s+Bcc: evil@example\.org \$nothing\r$/m,
    );
    assert.doesNotMatch(text, /^Bcc:/m);
    assert.match(text, /^Message-ID: <[0-9a-f]{24}@scanner\.example>\r$/m);
    assert.match(text, /\r\n\r\nadd header 7\.00 rcpt@example\.org x {1,2}Bcc: evil@example\.org 5\$/);
    await sink.stop();
  });

  test('no line of an alert is longer than a mail server takes, whatever the message holds', async () => {
    const sink = await startSink();
    const many = Array.from({ length: 40 }, (_, index) => `operator-${index}-with-a-long-name@example.net`);
    await runCheck(
      metadataExporter,
      rules({
        ...alert,
        smtp_port: sink.port,
        mail_to: many,
        email_template:
          'To: $mail_to\nSubject: $user $subject $header_to\n\n$rcpt\n$subject\n$header_to\n$symbols',
      }),
      {
        ...fromLogin,
        raw: `Subject: ${'ü'.repeat(3000)}\r\nTo: ${'x'.repeat(5000)}\r\n\r\n`,
        rcpts: Array.from({ length: 1000 }, (_, index) => `r${index}@example.org`),
        hits: [...(spam.hits ?? []), { ...spam.hits![0]!, name: 'LONG', options: ['o'.repeat(5000)] }],
      },
      { store: noStore },
    );
    const lines = sink.deliveries[0]!.raw.toString().split('\r\n');
    assert.ok(lines.every((line) => Buffer.byteLength(line) <= 998));
    assert.ok(lines.length < 200);
    assert.equal(sink.deliveries[0]?.recipients.length, 40);
    await sink.stop();
  });

  test('copies go to those the operator names, who are not named to each other', async () => {
    const sink = await startSink();
    await runCheck(
      metadataExporter,
      rules({
        ...alert,
        smtp_port: sink.port,
        email_alert_user: true,
        email_alert_sender: true,
        email_alert_recipients: true,
      }),
      { ...fromLogin, from: 'alias@example.com', rcpts: ['x@example.org', 'no address'] },
      { store: noStore },
    );
    assert.deepEqual(sink.deliveries[0]?.recipients, [
      'postmaster@localhost',
      'sender@example.com',
      'alias@example.com',
      'x@example.org',
    ]);
    assert.match(sink.deliveries[0]!.raw.toString(), /^To: postmaster@localhost\r$/m);
    await sink.stop();
  });

  test('our own mail is not exported by mail again, unless it comes with a login', async () => {
    const sink = await startSink();
    for (const formatter of ['email_alert', 'default']) {
      const config = rules({ backend: 'send_mail', formatter, smtp_port: sink.port });
      const before = sink.deliveries.length;
      const built = await buildCheck(metadataExporter, config, { store: noStore });
      await built.run({ ...spam, way: 'local' });
      while (sink.deliveries.length === before) await new Promise((resolve) => setTimeout(resolve, 5));
      const ours = sink.deliveries[before]!.raw;
      await built.run({ ...spam, way: 'local', raw: ours });
      await built.run({ ...spam, way: 'local', raw: 'X-Postern-Alert: 00.11\r\n\r\n' });
      await built.run({ ...spam, way: 'authenticated', raw: ours });
      await built.close();
      assert.equal(sink.deliveries.length - before, 3);
    }
    await sink.stop();
  });

  test('the message itself is sent on as ours, otherwise unchanged', async () => {
    const sink = await startSink();
    const raw = 'Subject: x\r\n\r\n.dot\r\n';
    await runCheck(
      metadataExporter,
      rules({ backend: 'send_mail', smtp_port: sink.port }),
      { raw },
      { store: noStore },
    );
    const text = sink.deliveries[0]!.raw.toString();
    assert.match(text, /^Resent-From: <postmaster@scanner\.example>\r\n/);
    assert.match(text, /\r\nAuto-Submitted: auto-generated\r\n/);
    assert.ok(text.endsWith(`\r\n${raw}`));
    await sink.stop();
  });

  for (const [kind, onConnection, reason] of [
    ['never greets', () => {}, /no end within|Greeting never|Timeout/],
    ['hangs up', (socket: Socket) => socket.destroy(), /closed/],
    ['refuses', (socket: Socket) => socket.end('554 5.7.1 go away\r\n'), /answered 554/],
    [
      'drips',
      (socket: Socket) => void setInterval(() => socket.write('2'), 5).unref(),
      /no end within|Greeting never/,
    ],
  ] as const) {
    test(`a mail server that ${kind} costs no more than its time`, async () => {
      const server = await tcpReceiver(onConnection);
      const log: LogLine[] = [];
      const built = await buildCheck(
        metadataExporter,
        rules({ ...alert, smtp_port: server.port, timeout: 0.1, retries: 0 }),
        { store: noStore, log },
      );
      await built.run(spam);
      while (log.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      assert.match(String(log[0]!.fields['error']), reason);
      await built.close();
      await server.stop();
    });
  }
});
