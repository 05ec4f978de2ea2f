import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { milterActionTests, rewriteSubjectTest } from './action-tests.ts';
import { deliveryTests, malformedTests, recipientsTest } from './delivery-tests.ts';
import { ED25519_SELECTOR, RSA_SELECTOR } from './dkim.ts';
import {
  type MtaUnderTest,
  rememberRefused,
  type Surroundings,
  seenAsIn,
  startSurroundings,
  USERS,
  uniqueRecipient,
} from './harness.ts';
import { localAddressTest, loginTest } from './identity-tests.ts';
import { buildMessage, GTUBE, messageIdOf } from './message.ts';
import { outageTests } from './outage-tests.ts';
import { SOFT_REJECT_TEXT, WANTED } from './scanner-config.ts';
import { type Sendmail, startSendmail } from './sendmail.ts';
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
const leftOut = await prepare('sendmail');

describe('Sendmail with the configuration of its page', { skip: leftOut ?? false }, () => {
  let surroundings: Surroundings;
  let sendmail: Sendmail;

  before(async () => {
    surroundings = await startSurroundings();
    const { scanner, sink } = surroundings;
    sendmail = await startSendmail({ milterPort: scanner.milterPort, nextHopPort: sink.port, users: USERS });
  });
  after(async () => {
    await sendmail?.stop();
    await surroundings?.dispose();
  });

  const mta = (): MtaUnderTest => ({
    ...surroundings,
    assertSeenAs,
    addedFields: ['dkim-signature', 'dkim-signature', 'received', 'x-spamd-result'],
    longestLineBytes: 998,
    async session(sender, user = 'alice@example.com') {
      const client = await SmtpClient.open({ port: sendmail.port });
      if (sender === 'login') await client.login(user, USERS[user]);
      return client;
    },
    unscannedSession: () => SmtpClient.open({ port: sendmail.unscannedPort }),
  });

  loginTest(mta);
  // Sendmail has no way to pretend another client address, so the outside world is not tested.
  localAddressTest(mta, '127.0.0.1');
  rejectionTests(mta, /Gtube pattern/);
  softRejectTest(mta, new RegExp(SOFT_REJECT_TEXT));
  deliveryTests(mta);
  recipientsTest(mta);
  malformedTests(mta);

  signatureTest(mta, () => surroundings.keys, [RSA_SELECTOR, ED25519_SELECTOR]);

  test('mail injected by sendmail -t is scanned as local mail', async () => {
    const { scanner, sink } = surroundings;
    const to = uniqueRecipient();
    const raw = buildMessage({ to });
    const { code, stdout } = await sendmail.submit(['-t', '-i'], raw);
    assert.equal(code, 0, stdout);
    assertSeenAs(await sink.next(to), 'local');
    assert.equal((await scanner.history(messageIdOf(raw))).ip, '127.0.0.1');
  });

  test('GTUBE injected by sendmail -t comes back to its sender as a bounce', async () => {
    const { sink } = surroundings;
    const [to, sender] = [uniqueRecipient(), uniqueRecipient()];
    const raw = buildMessage({ to, body: `${GTUBE}\r\n` });
    assert.notEqual((await sendmail.submit(['-t', '-i', '-f', sender], raw)).code, 0);
    rememberRefused(sink, to);
    const bounce = await sink.next(sender);
    assert.equal(bounce.from, '');
    assert.match(bounce.raw.toString('latin1'), /Gtube pattern/);
  });

  test('mail injected by sendmail -t that the scanner softly rejects waits in the submission queue', async () => {
    const { sink } = surroundings;
    const to = uniqueRecipient();
    await sendmail.submit(
      ['-t', '-i', '-f', 'cron@example.com'],
      buildMessage({ from: WANTED.softReject, to }),
    );
    rememberRefused(sink, to);
    await sendmail.runSubmissionQueue();
    assert.ok((await sendmail.waitingRecipients()).includes(to), 'it is not in the queue');
  });

  test('mail injected by sendmail -t while the scanner is down waits and is scanned later', async () => {
    const { scanner, sink } = surroundings;
    const to = uniqueRecipient();
    await scanner.stop();
    try {
      const { code, stdout } = await sendmail.submit(['-t', '-i'], buildMessage({ to }));
      assert.equal(code, 0, stdout);
      assert.deepEqual(sink.to(to), []);
    } finally {
      await scanner.start();
    }
    await sendmail.runSubmissionQueue();
    assertSeenAs(await sink.next(to), 'local');
  });

  rewriteSubjectTest(mta);
  milterActionTests(mta, { heldRecipients: () => sendmail.heldRecipients() });
  outageTests(mta);
  rateLimitTests(mta);
  closingTests(mta);
});
