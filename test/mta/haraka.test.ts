import { after, before, describe } from 'node:test';
import { rewriteSubjectTest } from './action-tests.ts';
import { deliveryTests, malformedTests, recipientsTest } from './delivery-tests.ts';
import { ED25519_SELECTOR, RSA_SELECTOR } from './dkim.ts';
import { type Haraka, PROXY_ADDRESS, startHaraka } from './haraka.ts';
import { type MtaUnderTest, type Surroundings, seenAsIn, startSurroundings, USERS } from './harness.ts';
import { identityTests } from './identity-tests.ts';
import { outageTests } from './outage-tests.ts';
import { LOCAL_ADDRESS, OUTSIDE_ADDRESS, SOFT_REJECT_TEXT } from './scanner-config.ts';
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
const leftOut = await prepare('haraka');

describe('Haraka with the configuration of its page', { skip: leftOut ?? false }, () => {
  let surroundings: Surroundings;
  let haraka: Haraka;
  let unscanned: Haraka;

  before(async () => {
    // Haraka would join two signatures into one field; two header fields to add it takes as they are.
    surroundings = await startSurroundings({ signaturesAs: 'header fields' });
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

  const connectAs = (address: string): Promise<SmtpClient> =>
    SmtpClient.open({
      port: haraka.port,
      localAddress: PROXY_ADDRESS,
      host: PROXY_ADDRESS,
      proxyFor: address,
    });

  const mta = (): MtaUnderTest => ({
    ...surroundings,
    assertSeenAs,
    // One Received of the server, one of its queue.
    addedFields: [
      'authentication-results',
      'dkim-signature',
      'dkim-signature',
      'received',
      'received',
      'x-spamd-result',
    ],
    longestLineBytes: 5000,
    async session(sender, user = 'alice@example.com') {
      if (sender === 'local') return connectAs(LOCAL_ADDRESS);
      if (sender === 'outside') return connectAs(OUTSIDE_ADDRESS);
      const client = await SmtpClient.open({ port: haraka.port });
      await client.startTls();
      await client.login(user, USERS[user]);
      return client;
    },
    unscannedSession: () => SmtpClient.open({ port: unscanned.port }),
  });

  identityTests(mta);
  rejectionTests(mta, /Gtube pattern/);
  softRejectTest(mta, new RegExp(SOFT_REJECT_TEXT));
  deliveryTests(mta);
  recipientsTest(mta);
  malformedTests(mta);

  signatureTest(mta, () => surroundings.keys, [RSA_SELECTOR, ED25519_SELECTOR]);

  rewriteSubjectTest(mta);
  outageTests(mta);
  rateLimitTests(mta);
  closingTests(mta);
});
