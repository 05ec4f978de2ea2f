import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { deliveryTests, malformedTests } from './delivery-tests.ts';
import { RSA_SELECTOR } from './dkim.ts';
import { type Exim, PROXY_ADDRESS, startExim } from './exim.ts';
import { type MtaUnderTest, type Surroundings, startSurroundings, USERS } from './harness.ts';
import { headerValues } from './message.ts';
import { outageTests } from './outage-tests.ts';
import { LOCAL_ADDRESS, OUTSIDE_ADDRESS } from './scanner-config.ts';
import { prepare } from './setup.ts';
import { SmtpClient } from './smtp-client.ts';
import { closingTests, rejectionTests, signatureTest, softRejectTest } from './verdict-tests.ts';

const leftOut = await prepare('exim');

describe('Exim without variant=rspamd, as its page has it', { skip: leftOut ?? false }, () => {
  let surroundings: Surroundings;
  let exim: Exim;

  before(async () => {
    surroundings = await startSurroundings();
    const { scanner, sink, keys } = surroundings;
    exim = await startExim({
      setup: 'spamassassin',
      scanPort: scanner.scanPort,
      nextHopPort: sink.port,
      localNetworks: [LOCAL_ADDRESS],
      users: USERS,
      keyFile: keys.rsaFile,
    });
  });
  after(async () => {
    await exim?.stop();
    await surroundings?.dispose();
  });

  const connectAs = (address: string): Promise<SmtpClient> =>
    SmtpClient.open({ port: exim.port, localAddress: PROXY_ADDRESS, host: PROXY_ADDRESS, proxyFor: address });

  const mta = (): MtaUnderTest => ({
    ...surroundings,
    // This protocol tells the scanner neither login nor client, so only the scan itself can be seen.
    assertSeenAs(delivery) {
      const [report = '', ...others] = headerValues(delivery.raw, 'x-spam-report');
      assert.match(report, /^Action: no action/);
      assert.deepEqual(others, []);
    },
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

  rejectionTests(mta, /Gtube pattern/);
  softRejectTest(mta, /^Temporary local problem/);
  deliveryTests(mta);
  malformedTests(mta);
  signatureTest(mta, () => surroundings.keys, [RSA_SELECTOR]);
  outageTests(mta);
  closingTests(mta);
});
