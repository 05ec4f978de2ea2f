import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { milterActionTests, rewriteSubjectTest } from './action-tests.ts';
import { deliveryTests, malformedTests, recipientsTest } from './delivery-tests.ts';
import { ED25519_SELECTOR, RSA_SELECTOR, verifySignatures } from './dkim.ts';
import {
  type MtaUnderTest,
  rememberRefused,
  type Surroundings,
  seenAsIn,
  startSurroundings,
  USERS,
  uniqueRecipient,
} from './harness.ts';
import { identityTests } from './identity-tests.ts';
import { buildMessage, GTUBE, messageIdOf } from './message.ts';
import { outageTests } from './outage-tests.ts';
import { type Postfix, startPostfix } from './postfix.ts';
import { waitUntil } from './process.ts';
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

const assertSeenAs = seenAsIn('x-spamd-result');
const leftOut = await prepare('postfix');

describe('Postfix with the configuration of its page', { skip: leftOut ?? false }, () => {
  let surroundings: Surroundings;
  let postfix: Postfix;

  before(async () => {
    surroundings = await startSurroundings();
    postfix = await startPostfix({
      milterPort: surroundings.scanner.milterPort,
      nextHopPort: surroundings.sink.port,
      localNetworks: [`${LOCAL_ADDRESS}/32`],
      users: USERS,
    });
  });
  after(async () => {
    await postfix?.stop();
    await surroundings?.dispose();
  });

  const connectAs = async (address: string): Promise<SmtpClient> => {
    const client = await SmtpClient.open({ port: postfix.smtpPort });
    await client.xclient({ ADDR: address, NAME: 'client.example' });
    await client.ehlo();
    return client;
  };

  const mta = (): MtaUnderTest => ({
    ...surroundings,
    assertSeenAs,
    addedFields: ['dkim-signature', 'dkim-signature', 'received', 'x-spamd-result'],
    longestLineBytes: 5000,
    async session(sender, user = 'alice@example.com') {
      if (sender === 'local') return connectAs(LOCAL_ADDRESS);
      if (sender === 'outside') return connectAs(OUTSIDE_ADDRESS);
      const client = await SmtpClient.open({ port: postfix.submissionPort });
      await client.login(user, USERS[user]);
      return client;
    },
    unscannedSession: () => SmtpClient.open({ port: postfix.unscannedPort }),
  });

  identityTests(mta);
  rejectionTests(mta, /Gtube pattern/);
  softRejectTest(mta, new RegExp(SOFT_REJECT_TEXT));
  deliveryTests(mta);
  recipientsTest(mta);
  malformedTests(mta);

  signatureTest(mta, () => surroundings.keys, [RSA_SELECTOR, ED25519_SELECTOR]);

  test('several messages in one session keep nothing of each other', async () => {
    const { sink, session } = mta();
    const client = await session('login');
    const [first, refused, last] = [uniqueRecipient(), uniqueRecipient(), uniqueRecipient()];
    const from = 'alice@example.com';
    assert.equal((await client.send({ from, to: [first], raw: buildMessage() })).final.code, 250);
    const { final } = await client.send({ from, to: [refused], raw: buildMessage({ body: `${GTUBE}\r\n` }) });
    rememberRefused(sink, refused);
    assert.equal(final.code, 554, final.text);
    await client.expect(250, 'MAIL FROM:<abandoned@example.com>');
    await client.expect(250, 'RSET');
    assert.equal((await client.send({ from, to: [last], raw: buildMessage() })).final.code, 250);
    await client.quit();
    assert.deepEqual((await sink.next(last)).recipients, [last]);
  });

  test('mail injected by sendmail -t is scanned as local mail', async () => {
    const { scanner, sink } = surroundings;
    const to = uniqueRecipient();
    const raw = buildMessage({ to, headers: ['Bcc: hidden@far.example'] });
    const { code, stderr } = await postfix.sendmail(['-t', '-i', '-f', 'cron@example.com'], raw);
    assert.equal(code, 0, stderr);
    const delivery = await sink.next(to);
    assertSeenAs(delivery, 'local');
    const row = await scanner.history(messageIdOf(raw));
    assert.equal(row.ip, '127.0.0.1');
    assert.equal(row.sender_smtp, 'cron@example.com');
    assert.deepEqual(row.rcpt_smtp.toSorted(), [to, 'hidden@far.example'].toSorted());
    assert.deepEqual(await verifySignatures(delivery.raw, surroundings.keys.published), [
      'pass example.com mta',
      'pass example.com mta-ed25519',
    ]);
  });

  test('mail injected by sendmail -bs is scanned as local mail', async () => {
    const to = uniqueRecipient();
    const dialogue = Buffer.concat([
      Buffer.from(`EHLO localhost\r\nMAIL FROM:<cron@example.com>\r\nRCPT TO:<${to}>\r\nDATA\r\n`),
      buildMessage({ to }),
      Buffer.from('.\r\nQUIT\r\n'),
    ]);
    const { stdout } = await postfix.sendmail(['-bs'], dialogue);
    assert.match(stdout, /^250 2\.0\.0 Ok: queued/m);
    assertSeenAs(await surroundings.sink.next(to), 'local');
  });

  test('GTUBE injected by sendmail -t comes back to its sender as a bounce', async () => {
    const to = uniqueRecipient();
    const sender = uniqueRecipient();
    const raw = buildMessage({ to, body: `${GTUBE}\r\n` });
    assert.equal((await postfix.sendmail(['-t', '-i', '-f', sender], raw)).code, 0);
    rememberRefused(surroundings.sink, to);
    const bounce = await surroundings.sink.next(sender);
    assert.equal(bounce.from, '');
    assert.match(bounce.raw.toString('latin1'), /Gtube pattern/);
  });

  test('mail injected by sendmail -t that the scanner softly rejects waits', async () => {
    const { sink } = surroundings;
    const to = uniqueRecipient();
    const logged = (await postfix.log()).length;
    const raw = buildMessage({ from: WANTED.softReject, to });
    assert.equal((await postfix.sendmail(['-t', '-i', '-f', 'cron@example.com'], raw)).code, 0);
    rememberRefused(sink, to);
    const refused = /milter-reject: END-OF-MESSAGE from localhost\[127\.0\.0\.1\]: 4\.7\.1/;
    await waitUntil(async () => (refused.test((await postfix.log()).slice(logged)) ? true : undefined), {
      describe: () => 'Postfix has not tried to have the message scanned',
    });
    assert.equal((await postfix.maildrop()).length, 1);
    await postfix.clearMaildrop();
  });

  test('mail injected by sendmail -t while the scanner is down waits and is scanned later', async () => {
    const { scanner, sink } = surroundings;
    const to = uniqueRecipient();
    const logged = (await postfix.log()).length;
    await scanner.stop();
    try {
      assert.equal(
        (await postfix.sendmail(['-t', '-i', '-f', 'cron@example.com'], buildMessage({ to }))).code,
        0,
      );
      const tried = /cleanup\[\d+\]: warning: connect to Milter service/;
      await waitUntil(async () => (tried.test((await postfix.log()).slice(logged)) ? true : undefined), {
        describe: () => 'Postfix has not tried to have the message scanned',
      });
      assert.deepEqual(sink.to(to), []);
    } finally {
      await scanner.start();
    }
    const delivery = await waitUntil(
      async () => {
        await postfix.wakePickup();
        return sink.to(to)[0];
      },
      { everyMs: 200, describe: () => `nothing arrived for ${to}` },
    );
    assertSeenAs(delivery, 'local');
  });

  rewriteSubjectTest(mta);
  milterActionTests(mta, { heldRecipients: () => postfix.heldRecipients() });
  outageTests(mta);
  rateLimitTests(mta);
  closingTests(mta);
});
