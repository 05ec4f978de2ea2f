import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { deliveryTests, malformedTests, recipientsTest } from './delivery-tests.ts';
import { RSA_SELECTOR } from './dkim.ts';
import { type Exim, PROXY_ADDRESS, startExim } from './exim.ts';
import {
  type MtaUnderTest,
  rememberRefused,
  type Surroundings,
  seenAsIn,
  sendOnce,
  startSurroundings,
  USERS,
  uniqueRecipient,
} from './harness.ts';
import { identityTests } from './identity-tests.ts';
import { buildMessage, GTUBE, headerValues, messageIdOf } from './message.ts';
import { outageTests } from './outage-tests.ts';
import { LOCAL_ADDRESS, OUTSIDE_ADDRESS, SOFT_REJECT_TEXT, WANTED } from './scanner-config.ts';
import { prepare } from './setup.ts';
import { SmtpClient } from './smtp-client.ts';
import {
  closingTests,
  rateLimitTests,
  rejectionTests,
  signatureTest,
  softRejectTest,
} from './verdict-tests.ts';

const assertSeenAs = seenAsIn('x-spam-report');
const leftOut = await prepare('exim');

describe('Exim with the configuration of its page', { skip: leftOut ?? false }, () => {
  let surroundings: Surroundings;
  let exim: Exim;
  let redirecting: Exim;

  before(async () => {
    surroundings = await startSurroundings();
    const { scanner, sink, keys } = surroundings;
    const options = {
      scanPort: scanner.scanPort,
      nextHopPort: sink.port,
      localNetworks: [LOCAL_ADDRESS],
      users: USERS,
      keyFile: keys.rsaFile,
    };
    exim = await startExim({ ...options, setup: 'refuse' });
    redirecting = await startExim({ ...options, setup: 'redirect' });
  });
  after(async () => {
    await exim?.stop();
    await redirecting?.stop();
    await surroundings?.dispose();
  });

  const connectAs = (address: string): Promise<SmtpClient> =>
    SmtpClient.open({ port: exim.port, localAddress: PROXY_ADDRESS, host: PROXY_ADDRESS, proxyFor: address });

  const mta = (): MtaUnderTest => ({
    ...surroundings,
    assertSeenAs,
    addedFields: ['dkim-signature', 'received', 'x-spam-report'],
    longestLineBytes: 998,
    async session(sender, user = 'alice@example.com') {
      if (sender === 'local') return connectAs(LOCAL_ADDRESS);
      if (sender === 'outside') return connectAs(OUTSIDE_ADDRESS);
      const client = await SmtpClient.open({ port: exim.port });
      await client.login(user, USERS[user]);
      return client;
    },
    unscannedSession: () => SmtpClient.open({ port: exim.unscannedPort }),
  });

  identityTests(mta);
  rejectionTests(mta, /Gtube pattern/);
  softRejectTest(mta, new RegExp(SOFT_REJECT_TEXT));
  deliveryTests(mta);
  recipientsTest(mta);
  malformedTests(mta);

  signatureTest(mta, () => surroundings.keys, [RSA_SELECTOR]);

  test('GTUBE is redirected to the reviewer when the ACL marks and a router redirects', async () => {
    const { sink } = surroundings;
    const to = uniqueRecipient();
    const raw = buildMessage({ to, body: `${GTUBE}\r\n` });
    const session = SmtpClient.open({ port: redirecting.port });
    const final = await sendOnce(session, { from: 'printer@example.com', to: [to], raw });
    assert.equal(final.code, 250, final.text);
    rememberRefused(sink, to);
    const delivery = await sink.next('abuse@example.com');
    assert.deepEqual(delivery.recipients, ['abuse@example.com']);
    assert.deepEqual(headerValues(delivery.raw, 'x-spam-flag'), ['YES']);
    assert.deepEqual(headerValues(delivery.raw, 'message-id'), headerValues(raw, 'message-id'));
  });

  test('ham passes the router that redirects', async () => {
    const to = uniqueRecipient();
    const final = await sendOnce(SmtpClient.open({ port: redirecting.port }), {
      from: 'a@example.com',
      to: [to],
      raw: buildMessage(),
    });
    assert.equal(final.code, 250, final.text);
    const delivery = await surroundings.sink.next(to);
    assert.deepEqual(headerValues(delivery.raw, 'x-spam-flag'), []);
  });

  test('mail injected by sendmail -t is scanned under the name of the Unix user', async () => {
    const { scanner, sink } = surroundings;
    const to = uniqueRecipient();
    const raw = buildMessage({ to });
    const { code, stderr } = await exim.sendmail(['-t', '-i'], raw);
    assert.equal(code, 0, stderr);
    assertSeenAs(await sink.next(to), 'login');
    const row = await scanner.history(messageIdOf(raw));
    assert.equal(row.user, 'root');
    assert.equal(row.sender_smtp, 'root@mail.example.com');
    assert.deepEqual(row.rcpt_smtp, [to]);
  });

  test('mail injected by a trusted user under another sender address is scanned as local mail', async () => {
    const { scanner, sink } = surroundings;
    const to = uniqueRecipient();
    const raw = buildMessage({ to });
    const { code, stderr } = await exim.sendmail(['-t', '-i', '-f', 'cron@example.com'], raw);
    assert.equal(code, 0, stderr);
    assertSeenAs(await sink.next(to), 'local');
    const row = await scanner.history(messageIdOf(raw));
    assert.equal(row.user, 'unknown');
    assert.equal(row.sender_smtp, 'cron@example.com');
  });

  test('mail injected by sendmail -bs is scanned as local mail', async () => {
    const to = uniqueRecipient();
    const raw = buildMessage({ to });
    const dialogue = `EHLO localhost\r\nMAIL FROM:<cron@example.com>\r\nRCPT TO:<${to}>\r\nDATA\r\n${raw}.\r\nQUIT\r\n`;
    const { stdout } = await exim.sendmail(['-bs'], Buffer.from(dialogue));
    assert.match(stdout, /^250 OK id=/m);
    assertSeenAs(await surroundings.sink.next(to), 'local');
  });

  test('GTUBE injected by sendmail -t comes back to its sender as a bounce', async () => {
    const { sink } = surroundings;
    const [to, sender] = [uniqueRecipient(), uniqueRecipient()];
    const { code } = await exim.sendmail(
      ['-t', '-i', '-f', sender],
      buildMessage({ to, body: `${GTUBE}\r\n` }),
    );
    assert.notEqual(code, 0);
    rememberRefused(sink, to);
    const bounce = await sink.next(sender);
    assert.equal(bounce.from, '');
    assert.match(bounce.raw.toString('latin1'), /Gtube pattern/);
  });

  test('mail injected by sendmail -t that the scanner softly rejects waits in the queue', async () => {
    const { sink } = surroundings;
    const to = uniqueRecipient();
    const { code, stderr } = await exim.sendmail(
      ['-t', '-i', '-f', 'cron@example.com'],
      buildMessage({ from: WANTED.softReject, to }),
    );
    assert.equal(code, 0, stderr);
    rememberRefused(sink, to);
    await exim.runQueue();
    assert.ok((await exim.queuedRecipients()).includes(to), 'it is not in the queue');
  });

  test('mail injected by sendmail -t while the scanner is down waits in the queue and is scanned later', async () => {
    const { scanner, sink } = surroundings;
    const to = uniqueRecipient();
    await scanner.stop();
    try {
      const { code, stderr } = await exim.sendmail(
        ['-t', '-i', '-f', 'cron@example.com'],
        buildMessage({ to }),
      );
      assert.equal(code, 0, stderr);
      assert.ok((await exim.queuedRecipients()).includes(to), 'it is not in the queue');
      assert.deepEqual(sink.to(to), []);
    } finally {
      await scanner.start();
    }
    await exim.runQueue();
    assertSeenAs(await sink.next(to), 'local');
  });

  outageTests(mta);
  rateLimitTests(mta);
  closingTests(mta);
});
