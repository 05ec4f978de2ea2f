import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { verifySignatures } from './dkim.ts';
import {
  closingTests,
  deliveryTests,
  localAddressTest,
  loginTest,
  malformedTests,
  messageIdOf,
  rateLimitTests,
  rejectionTests,
} from './flow-tests.ts';
import {
  assertSeenAs,
  type MtaUnderTest,
  type Surroundings,
  sendOnce,
  startSurroundings,
  USERS,
  uniqueRecipient,
} from './harness.ts';
import { buildMessage } from './message.ts';
import { outageTests } from './outage-tests.ts';
import { SIGNING_DOMAIN, SIGNING_SELECTOR } from './scanner-config.ts';
import { type Sendmail, startSendmail } from './sendmail.ts';
import { prepare } from './setup.ts';
import { SmtpClient } from './smtp-client.ts';

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

  const connect = async (port: number): Promise<SmtpClient> => {
    const client = await SmtpClient.connect({ port });
    await client.ehlo();
    return client;
  };

  const mta = (): MtaUnderTest => ({
    ...surroundings,
    verdictField: 'x-spamd-result',
    addedFields: ['dkim-signature', 'received', 'x-spamd-result'],
    longestLineBytes: 998,
    async session(sender, user = 'alice@example.com') {
      const client = await connect(sendmail.port);
      if (sender === 'login') await client.login(user, USERS[user]);
      return client;
    },
    unscannedSession: () => connect(sendmail.unscannedPort),
  });

  loginTest(mta);
  // Sendmail has no way to pretend another client address, so the outside world is not tested.
  localAddressTest(mta, '127.0.0.1');
  rejectionTests(mta, /Gtube pattern/);
  deliveryTests(mta);
  malformedTests(mta);

  test('the signature of the scanner is valid at the far end', async () => {
    const to = uniqueRecipient();
    const message = { from: 'alice@example.com', to: [to], raw: buildMessage() };
    const final = await sendOnce(mta().session('login'), message);
    assert.equal(final.code, 250, final.text);
    const { raw } = await surroundings.sink.next(to);
    const expected = { domain: SIGNING_DOMAIN, selector: SIGNING_SELECTOR, result: 'pass', comment: '' };
    assert.deepEqual(await verifySignatures(raw, surroundings.publishedKey), [expected]);
  });

  test('mail injected by sendmail -t is scanned as local mail', async () => {
    const { scanner, sink } = surroundings;
    const to = uniqueRecipient();
    const raw = buildMessage({ to });
    const { code, stdout } = await sendmail.submit(['-t', '-i'], raw);
    assert.equal(code, 0, stdout);
    assertSeenAs(await sink.next(to), 'local', 'x-spamd-result');
    assert.equal((await scanner.history(messageIdOf(raw))).ip, '127.0.0.1');
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
    assertSeenAs(await sink.next(to), 'local', 'x-spamd-result');
  });

  outageTests(mta);
  rateLimitTests(mta);
  closingTests(mta);
});
