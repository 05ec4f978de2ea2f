import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { verifySignatures } from './dkim.ts';
import {
  closingTests,
  deliveryTests,
  identityTests,
  malformedTests,
  rateLimitTests,
  rejectionTests,
} from './flow-tests.ts';
import { type Haraka, PROXY_ADDRESS, startHaraka } from './haraka.ts';
import {
  type MtaUnderTest,
  type Surroundings,
  sendOnce,
  startSurroundings,
  USERS,
  uniqueRecipient,
} from './harness.ts';
import { buildMessage } from './message.ts';
import { outageTests } from './outage-tests.ts';
import { LOCAL_ADDRESS, OUTSIDE_ADDRESS, SIGNING_DOMAIN, SIGNING_SELECTOR } from './scanner-config.ts';
import { prepare } from './setup.ts';
import { type ConnectOptions, SmtpClient } from './smtp-client.ts';

const leftOut = await prepare('haraka');

describe('Haraka with the configuration of its page', { skip: leftOut ?? false }, () => {
  let surroundings: Surroundings;
  let haraka: Haraka;
  let unscanned: Haraka;

  before(async () => {
    surroundings = await startSurroundings();
    const options = {
      nextHopPort: surroundings.sink.port,
      localNetworks: [LOCAL_ADDRESS, '127.0.0.1'],
      users: USERS,
    };
    [haraka, unscanned] = await Promise.all([
      startHaraka({ ...options, scanPort: surroundings.scanner.scanPort }),
      startHaraka(options),
    ]);
  });
  after(async () => {
    await haraka?.stop();
    await unscanned?.stop();
    await surroundings?.dispose();
  });

  const connect = async (options: ConnectOptions): Promise<SmtpClient> => {
    const client = await SmtpClient.connect(options);
    await client.ehlo();
    return client;
  };
  const connectAs = (address: string): Promise<SmtpClient> =>
    connect({ port: haraka.port, localAddress: PROXY_ADDRESS, host: PROXY_ADDRESS, proxyFor: address });

  const mta = (): MtaUnderTest => ({
    ...surroundings,
    verdictField: 'x-spamd-result',
    // One Received of the server, one of its queue.
    addedFields: ['authentication-results', 'dkim-signature', 'received', 'received', 'x-spamd-result'],
    longestLineBytes: 5000,
    async session(sender, user = 'alice@example.com') {
      if (sender === 'local') return connectAs(LOCAL_ADDRESS);
      if (sender === 'outside') return connectAs(OUTSIDE_ADDRESS);
      const client = await connect({ port: haraka.port });
      await client.startTls();
      await client.login(user, USERS[user]);
      return client;
    },
    unscannedSession: () => connect({ port: unscanned.port }),
  });

  identityTests(mta);
  rejectionTests(mta, /Gtube pattern/);
  deliveryTests(mta);
  malformedTests(mta);

  test('the signature of the scanner is valid at the far end', async () => {
    const to = uniqueRecipient();
    const final = await sendOnce(mta().session('login'), {
      from: 'alice@example.com',
      to: [to],
      raw: buildMessage(),
    });
    assert.equal(final.code, 250, final.text);
    const { raw } = await surroundings.sink.next(to);
    const expected = { domain: SIGNING_DOMAIN, selector: SIGNING_SELECTOR, result: 'pass', comment: '' };
    assert.deepEqual(await verifySignatures(raw, surroundings.publishedKey), [expected]);
  });

  outageTests(mta);
  rateLimitTests(mta);
  closingTests(mta);
});
