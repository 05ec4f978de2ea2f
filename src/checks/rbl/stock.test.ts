import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { buildCheck, type TestMessage, tableResolver, type Way } from '../../../test/helpers/check-table.ts';
import { type LoadedConfiguration, loadConfiguration } from '../../config/load.ts';
import type { CheckDefinition, DkimOutcome } from '../../core/index.ts';
import { rbl } from './check.ts';
import { stockSymbols } from './stock-symbols.ts';

// The lists that every installation has, as the configuration builds them.

async function load(
  t: TestContext,
  files: Readonly<Record<string, string>> = {},
): Promise<LoadedConfiguration> {
  const root = mkdtempSync(join(tmpdir(), 'rbl-stock-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'local.d'));
  mkdirSync(join(root, 'override.d'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
  return loadConfiguration({
    configDir: root,
    stateDir: root,
    variables: {},
    checks: [rbl as unknown as CheckDefinition],
    allowUnsupported: false,
    environment: {},
  });
}

async function build(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  table: Parameters<typeof tableResolver>[0],
) {
  const configuration = await load(t, files);
  const asked: string[] = [];
  const { enabled: _, ...options } = configuration.modules.get('rbl') as Record<string, unknown>;
  const built = await buildCheck(
    rbl,
    { ...options, disable_monitoring: true },
    { dns: tableResolver(table, asked) },
  );
  t.after(() => built.close());
  return { built, asked, configuration };
}

const raw = `Received: from hop.example.net (hop.example.net [203.0.113.5]) by mx.example.com with ESMTP id 1;
 Tue, 14 Nov 2023 22:13:00 +0000
From: News <news@sender.example.net>
Reply-To: reply@answers.example.org
To: rcpt@example.org
Subject: A test
Message-ID: <1@id.example.info>
Content-Type: text/plain

See http://www.shop.example.co.uk/a and write to buy@mail.example.com
`;

const dkim: readonly DkimOutcome[] = [{ result: 'pass', domain: 'signer.example.biz', selector: 's' }];

/** What lists say of a message whose every part is listed somewhere. */
const world = (client: string): Parameters<typeof tableResolver>[0] => ({
  [`a ${client}.zen.spamhaus.org`]: ['127.0.0.4', '127.0.0.10'],
  'a 5.113.0.203.zen.spamhaus.org': ['127.0.0.2'],
  [`a ${client}.rep.mailspike.net`]: ['127.0.0.11'],
  [`a ${client}.bl.spameatingmonkey.net`]: ['127.0.0.2'],
  'a 5.113.0.203.list.dnswl.org': ['127.0.15.1'],
  [`a ${client}.bip.virusfree.cz`]: ['127.0.0.2'],
  [`a ${client}.bl.blocklist.de`]: ['127.0.0.9'],
  'a example.biz.dwl.dnswl.org': ['127.0.6.2'],
  'a www.shop.example.co.uk.multi.surbl.org': ['127.0.0.72'],
  'a signer.example.biz.multi.surbl.org': ['127.0.0.16'],
  'a example.co.uk.multi.uribl.com': ['127.0.0.2'],
  'a sender.example.net.dbl.spamhaus.org': ['127.0.1.4'],
  'a id.example.info.dbl.spamhaus.org': ['127.0.1.99'],
  'a mx.example.com.dbl.spamhaus.org': ['127.0.1.2'],
  'a example.com.uribl.spameatingmonkey.net': ['127.0.0.2'],
  'a example.co.uk.fresh15.spameatingmonkey.net': ['127.0.0.2'],
});

const everywhere = [
  'ABUSE_SURBL',
  'DBL_PHISH',
  'DBL_SPAM',
  'MW_SURBL_MULTI',
  'PH_SURBL_MULTI',
  'SEM_URIBL',
  'URIBL_BLACK',
];
const inboundOnly = [
  'DWL_DNSWL_MED',
  'RBL_BLOCKLISTDE',
  'RBL_MAILSPIKE_VERYBAD',
  'RBL_SEM',
  'RBL_SPAMHAUS_PBL',
  'RBL_SPAMHAUS_XBL',
  'RBL_VIRUSFREE_BOTNET',
  'RCVD_IN_DNSWL_LOW',
  'RECEIVED_SPAMHAUS_SBL',
];

const ways: Readonly<Record<Way, readonly string[]>> = {
  inbound: [...everywhere, ...inboundOnly, 'SEM_URIBL_FRESH15'],
  authenticated: everywhere,
  local: [...everywhere, 'SEM_URIBL_FRESH15'],
};
const clients: Readonly<Record<Way, string>> = {
  inbound: '7.100.51.198',
  authenticated: '8.100.51.198',
  local: '3.2.1.10',
};

for (const [way, symbols] of Object.entries(ways) as [Way, readonly string[]][]) {
  test(`the stock lists find in a message that is ${way} exactly what Rspamd's find`, async (t) => {
    const { built } = await build(t, {}, world(clients[way]));
    const message: TestMessage = { raw, way, envelope: { helo: 'mx.example.com' } };
    const run = await built.run(message);
    const late: string[] = [];
    run.task.authentication.dkim = dkim;
    for (const unit of built.units)
      if (unit.after?.includes('DKIM_CHECK')) await unit.run(run.task, (symbol) => late.push(symbol));
    assert.deepEqual([...new Set([...run.symbols, ...late])].sort(), [...symbols].sort());
  });
}

test('mail of a login without links asks about nothing but its names', async (t) => {
  const { built, asked } = await build(t, {}, {});
  const plain =
    'From: ann@example.com\nTo: bob@example.org\nSubject: x\nMessage-ID: <1@example.com>\n\nHello.\n';
  await built.run({ raw: plain, way: 'authenticated', from: 'ann@example.com' });
  const zones = (name: string): number => asked.filter((question) => question.endsWith(name)).length;
  assert.equal(zones('zen.spamhaus.org'), 0);
  // Sender, From and Message-ID are one domain, asked once in each list of domains; one address in each of those.
  assert.deepEqual(
    [
      zones('multi.surbl.org'),
      zones('multi.uribl.com'),
      zones('dbl.spamhaus.org'),
      zones('uribl.rspamd.com'),
    ],
    [1, 1, 1, 1],
  );
  assert.deepEqual([zones('email.rspamd.com'), zones('ebl.msbl.org')], [1, 1]);
  assert.equal(asked.length, 6);
});

test('addresses are asked as the lists of addresses hash them', async (t) => {
  const { built, asked } = await build(t, {}, {});
  await built.run({
    raw: 'From: User@Example.com\n\nx\n',
    from: 'user@example.com',
    envelope: { clientIp: undefined, helo: '' },
  });
  assert.ok(asked.includes('a xgy13dqromrpenmm97t5i5msp5cneukt.email.rspamd.com'));
  // sha1 of user@example.com
  assert.ok(asked.includes('a 63a710569261a24b3766275b7000ce8d7b32e2f7.ebl.msbl.org'));
});

test('a list is dropped, changed or added from local.d', async (t) => {
  const { built, configuration } = await build(
    t,
    {
      'local.d/rbl.conf': `
        rbls {
          spamhaus { enabled = false }
          dbl_twin { rbl = "dbl.example.org"; checks = ["urls"] }
          DBL { rbl = "key.dbl.example.net" }
        }
        rules { sem { enabled = false } }`,
      'override.d/rbl.conf': 'default_exclude_users = false',
    },
    {},
  );
  const names = new Set(built.units.map(({ name }) => name));
  for (const gone of ['SPAMHAUS_CHECK', 'RBL_SEM', 'RBL_SENDERSCORE', 'SPAMHAUS_ZEN_URIBL'])
    assert.ok(!names.has(gone), gone);
  for (const kept of ['DBL_TWIN', 'DBL', 'RCVD_IN_DNSWL', 'SURBL_MULTI']) assert.ok(names.has(kept), kept);
  const options = configuration.modules.get('rbl') as {
    default_exclude_users: boolean;
    rbls: Record<string, { rbl: string; checks?: string[] }>;
  };
  const { DBL: dbl } = options.rbls;
  assert.deepEqual([dbl?.rbl, dbl?.checks?.includes('urls')], ['key.dbl.example.net', true]);
  assert.equal(options.default_exclude_users, false);
});

test('what stands in override.d takes the place of all stock lists', async (t) => {
  const { built } = await build(t, { 'override.d/rbl.conf': 'rbls { mine { rbl = "bl.example.org" } }' }, {});
  assert.deepEqual(
    built.units.map(({ name }) => name),
    ['MINE', 'RBL_CALLBACK_WHITE', 'RBL_CALLBACK'],
  );
});

test('every symbol of a stock list has a score, a description and a group', async (t) => {
  const { built } = await build(t, {}, {});
  const isExpected = (name: string): boolean => name.endsWith('_FAIL') || /^(?:RBL|RECEIVED)_/.test(name);
  assert.deepEqual(
    [...built.declared.keys()].filter((name) => !isExpected(name)),
    [],
  );
  for (const [name, { groups, oneShot }] of Object.entries(stockSymbols)) {
    assert.ok(groups?.[0] === 'rbl' || groups?.[0] === 'surbl', name);
    if (groups[0] === 'surbl') assert.equal(oneShot, true, name);
  }
});
