import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildCheck, runCheck, type TestMessage } from '../../../test/helpers/check-table.ts';
import { ConfigError } from '../../core/index.ts';
import { parseIp } from '../../lib/index.ts';
import { externalRelay } from './check.ts';

const date = 'Tue, 14 Nov 2023 22:13:20 +0000';
/** A message whose Received fields, newest first, are these. */
const received = (...fields: string[]): string =>
  [...fields.map((field) => `Received: ${field}; ${date}`), 'From: a@example.com', '', 'Hi.', ''].join('\n');

const outside = 'from mail.sender.example (mail.sender.example [203.0.113.5]) by mx1.example.org with ESMTPS';
const nameless = 'from [203.0.113.6] (unknown [203.0.113.6]) by mx1.example.org with SMTP';
const inner = 'from mx1.example.org (mx1.example.org [10.0.0.1]) by mx2.example.org with ESMTP';
const claimed = 'from mx1.example.org (evil.example [203.0.113.66]) by mx2.example.org with ESMTP';
const forged = 'from bank.example (bank.example [192.0.2.99]) by mx1.example.org with ESMTP';
const submitted = 'from laptop (dsl.example [203.0.113.7]) by mx2.example.org with ESMTPSA';
const viaMx2: TestMessage['envelope'] = {
  clientIp: parseIp('198.51.100.2'),
  hostName: 'mx2.example.org',
  helo: 'mx2.example.org',
};
const relays = ['mx1.example.org', 'mx2.example.org'];
const networks = ['10.0.0.0/8', '198.51.100.0/24'];

type Seen = readonly [ip: string | undefined, hostName: string | undefined, helo: string | undefined];
const sender: Seen = ['203.0.113.5', 'mail.sender.example', 'mail.sender.example'];

const table: readonly [
  what: string,
  rule: Record<string, unknown>,
  message: TestMessage,
  expected: Seen | 'left alone',
][] = [
  // inbound
  ['the second field', { strategy: 'count', count: 2 }, { raw: received(inner, outside) }, sender],
  ['no such field', { strategy: 'count', count: 3 }, { raw: received(inner, outside) }, 'left alone'],
  [
    'a field without address',
    { strategy: 'count', count: 1 },
    { raw: received('by x.example with LMTP') },
    'left alone',
  ],
  [
    'a client without name',
    { strategy: 'count', count: 1 },
    { raw: received(nameless) },
    ['203.0.113.6', undefined, '[203.0.113.6]'],
  ],
  [
    'one relay by name',
    { strategy: 'hostname_map', hostname_map: relays },
    { envelope: { ...viaMx2, hostName: 'MX1.example.org' }, raw: received(outside) },
    sender,
  ],
  [
    'two relays by name',
    { strategy: 'hostname_map', hostname_map: relays },
    { envelope: viaMx2, raw: received(inner, outside) },
    sender,
  ],
  [
    'a relay that no field tells of',
    { strategy: 'hostname_map', hostname_map: relays },
    { envelope: viaMx2, raw: received(outside) },
    'left alone',
  ],
  [
    'a client that only claims to be a relay',
    { strategy: 'hostname_map', hostname_map: relays },
    { envelope: viaMx2, raw: received(claimed, forged) },
    ['203.0.113.66', 'evil.example', 'mx1.example.org'],
  ],
  [
    'a client that is no relay, by name',
    { strategy: 'hostname_map', hostname_map: relays },
    { raw: received(outside) },
    'left alone',
  ],
  [
    'a client without verified name',
    { strategy: 'hostname_map', hostname_map: relays },
    { envelope: { hostName: undefined }, raw: received(outside) },
    'left alone',
  ],
  [
    'two relays by address',
    { strategy: 'ip_map', ip_map: networks },
    { envelope: viaMx2, raw: received(inner, outside, forged) },
    sender,
  ],
  [
    'relays all the way',
    { strategy: 'ip_map', ip_map: networks },
    { envelope: viaMx2, raw: received(inner) },
    ['10.0.0.1', 'mx1.example.org', 'mx1.example.org'],
  ],
  [
    'a client that is no relay, by address',
    { strategy: 'ip_map', ip_map: ['10.0.0.0/8'] },
    { raw: received(inner, outside) },
    'left alone',
  ],
  ['mail that is not local', { strategy: 'local' }, { raw: received(inner, outside) }, 'left alone'],
  ['mail without login', { strategy: 'authenticated' }, { raw: received(submitted, outside) }, 'left alone'],
  // authenticated
  [
    'a login behind an authenticated hop',
    { strategy: 'authenticated' },
    { way: 'authenticated', raw: received(submitted, outside) },
    sender,
  ],
  [
    'a login that is listed',
    { strategy: 'authenticated', user_map: ['sender@example.com'] },
    { way: 'authenticated', raw: received(outside) },
    sender,
  ],
  [
    'a login that is not listed',
    { strategy: 'authenticated', user_map: ['other'] },
    { way: 'authenticated', raw: received(outside) },
    'left alone',
  ],
  [
    'a login without any hop',
    { strategy: 'authenticated' },
    { way: 'authenticated', raw: received() },
    'left alone',
  ],
  // local
  [
    'the first hop from outside',
    { strategy: 'local' },
    { way: 'local', raw: received(inner, outside) },
    sender,
  ],
  [
    'local hops only',
    { strategy: 'local' },
    { way: 'local', raw: received(inner) },
    ['10.0.0.1', 'mx1.example.org', 'mx1.example.org'],
  ],
  [
    'a local client whose address is unknown',
    { strategy: 'local' },
    { envelope: { clientIp: undefined, clientSocketPath: '/run/x' }, raw: received(outside) },
    'left alone',
  ],
];

for (const [what, rule, message, expected] of table) {
  test(`${String(rule['strategy'])}, ${what}: ${expected === 'left alone' ? expected : expected.join(' ')}`, async () => {
    const { task, symbols } = await runCheck(externalRelay, { rules: { OWN_RELAY: rule } }, message);
    const isLeftAlone = expected === 'left alone';
    assert.deepEqual(symbols, isLeftAlone ? [] : ['OWN_RELAY']);
    if (isLeftAlone) {
      assert.equal(task.envelope, task.originalEnvelope);
      return;
    }
    const { clientIp, hostName, helo } = task.envelope;
    assert.deepEqual([clientIp?.text, hostName, helo], expected);
  });
}

test('local mail whose client turns out to be outside is inbound, login or not stays', async () => {
  const rules = { A: { strategy: 'local' } };
  const local = await runCheck(externalRelay, { rules }, { way: 'local', raw: received(outside) });
  assert.equal(local.task.direction.isOutbound, false);
  const config = { rules: { A: { strategy: 'authenticated' } } };
  const login = await runCheck(externalRelay, config, { way: 'authenticated', raw: received(outside) });
  assert.equal(login.task.direction.isAuthenticated, true);
});

test('rules come in the order of their priorities, before other prefilters, under their symbols', async () => {
  const built = await buildCheck(externalRelay, {
    rules: {
      late: { strategy: 'count', count: 1, priority: 10 },
      early: { strategy: 'count', count: 2, symbol: 'EARLY' },
      off: { strategy: 'local', enabled: false },
    },
  });
  assert.deepEqual(
    built.units.map(({ name, priority }) => [name, priority]),
    [
      ['late', 10],
      ['EARLY', 12],
    ],
  );
  const { hits, task } = await built.run({ raw: received(inner, outside) });
  assert.deepEqual(
    hits.map(({ symbol }) => symbol),
    ['EARLY', 'late'],
  );
  assert.equal(task.envelope.clientIp?.text, '10.0.0.1');
});

test('without rules there is nothing to do', async () => {
  assert.deepEqual((await buildCheck(externalRelay, {})).units, []);
});

const mistakes: readonly [rule: Record<string, unknown>, message: RegExp][] = [
  [{ strategy: 'count' }, /needs count/],
  [{ strategy: 'ip_map' }, /needs ip_map/],
  [{ strategy: 'hostname_map' }, /needs hostname_map/],
  [{ strategy: 'local', count: 2 }, /count belongs to strategy count/],
  [{ strategy: 'count', count: 2, user_map: ['x'] }, /user_map belongs to strategy authenticated/],
];
for (const [rule, message] of mistakes) {
  test(`${JSON.stringify(rule)} is an error`, async () => {
    await assert.rejects(buildCheck(externalRelay, { rules: { R: rule } }), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, message);
      return true;
    });
  });
}
