import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MilterFixture, startMilter } from './testing/fixture.ts';
import type { ClientMessage, MilterClient } from './testing/milter-client.ts';

/** Scans a message; returns what the scanner was told. */
async function told(milter: MilterFixture, client: MilterClient, message: ClientMessage = {}) {
  await client.scan(message);
  return milter.scanner.last.envelope;
}

/** Connects with this name, family byte and address. */
async function connected(milter: MilterFixture, name: string, family: string, address?: string) {
  const client = await milter.connect();
  await client.negotiate();
  if (address === undefined) await client.event('C', name, Buffer.from(family));
  else await client.connection(name, address, family);
  return told(milter, client);
}

const clients: readonly [
  what: string,
  connect: [name: string, family: string, address?: string],
  expected: { ip?: string; port?: number; path?: string; host?: string },
][] = [
  ['IPv4', ['c.example', '4', '192.0.2.7'], { ip: '192.0.2.7', port: 0x1234, host: 'c.example' }],
  [
    'IPv6 of Postfix',
    ['c.example', '6', '2001:db8::1'],
    { ip: '2001:db8::1', port: 0x1234, host: 'c.example' },
  ],
  [
    'IPv6 of Sendmail',
    ['c.example', '6', 'IPv6:2001:db8::1'],
    { ip: '2001:db8::1', port: 0x1234, host: 'c.example' },
  ],
  [
    'mapped IPv4 under family 4',
    ['c.example', '4', '::ffff:192.0.2.7'],
    { ip: '192.0.2.7', port: 0x1234, host: 'c.example' },
  ],
  ['a unix socket', ['localhost', 'L', '/run/mail'], { path: '/run/mail', host: 'localhost' }],
  ['an unknown family', ['unknown', 'U'], {}],
  ['an unverified name', ['[192.0.2.7]', '4', '192.0.2.7'], { ip: '192.0.2.7', port: 0x1234 }],
  ['no name at all', ['unknown', '4', '192.0.2.7'], { ip: '192.0.2.7', port: 0x1234 }],
  ['an address that is none', ['c.example', '4', 'nonsense'], { host: 'c.example' }],
];
for (const [what, connect, expected] of clients) {
  test(`a client with ${what} is understood`, async (t) => {
    const milter = await startMilter(t);
    const envelope = await connected(milter, ...connect);
    assert.equal(envelope.clientIp?.text, expected.ip);
    assert.equal(envelope.clientPort, expected.port);
    assert.equal(envelope.clientSocketPath, expected.path);
    assert.equal(envelope.hostName, expected.host);
  });
}

test('a client without verified name takes the name of macro client_name', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.connect();
  await client.negotiate();
  client.macros('C', { '{client_name}': 'named.example' });
  await client.connection('unknown');
  assert.equal((await told(milter, client)).hostName, 'named.example');
});

const senders: readonly [sent: string, expected: string | null | undefined][] = [
  ['<alice@example.com>', 'alice@example.com'],
  ['alice@example.com', 'alice@example.com'],
  ['<>', null],
  ['', null],
  ['not an address', undefined],
];
for (const [sent, expected] of senders) {
  test(`the sender ${JSON.stringify(sent)} is ${expected === null ? 'the null sender' : expected}`, async (t) => {
    const milter = await startMilter(t);
    const envelope = await told(milter, await milter.session(), { from: sent });
    assert.equal(envelope.sender === null ? null : envelope.sender?.text, expected);
    assert.equal(envelope.request.get('from'), expected === undefined ? undefined : sent);
  });
}

test('recipients keep their order and their ESMTP parameters', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  client.send('M', '<alice@example.com>', 'SIZE=100', 'smtputf8');
  client.send('R', '<bob@example.net>', 'NOTIFY=NEVER');
  client.send('R', 'carol@example.net');
  client.send('N');
  client.send('E');
  await client.verdict();
  const { envelope } = milter.scanner.last;
  assert.deepEqual(
    envelope.recipients.map(({ text, esmtp }) => [text, ...esmtp]),
    [['bob@example.net', ['NOTIFY', 'NEVER']], ['carol@example.net']],
  );
  assert.deepEqual(
    [...envelope.senderEsmtp],
    [
      ['SIZE', '100'],
      ['SMTPUTF8', ''],
    ],
  );
  assert.deepEqual(envelope.request.getAll('x-rspamd-rcpt-esmtp-args'), ['0:NOTIFY=NEVER']);
  assert.deepEqual(envelope.request.getAll('rcpt'), ['<bob@example.net>', 'carol@example.net']);
});

test('a recipient that does not parse is named as malformed and the others stay', async (t) => {
  const milter = await startMilter(t);
  const envelope = await told(milter, await milter.session(), { to: ['<bad bad>', '<bob@example.net>'] });
  assert.deepEqual(envelope.malformed, ['Rcpt']);
  assert.equal(envelope.recipients.length, 1);
});

for (const form of ['auth_authen', '{auth_authen}', '{AUTH_authen}']) {
  test(`the macro written ${form} is the login`, async (t) => {
    const milter = await startMilter(t);
    const envelope = await told(milter, await milter.session(), { macros: { M: { [form]: 'alice' } } });
    assert.equal(envelope.login, 'alice');
    assert.equal(envelope.request.get('user'), 'alice');
  });
}

test('an empty login is no login', async (t) => {
  const milter = await startMilter(t);
  const envelope = await told(milter, await milter.session(), { macros: { M: { '{auth_authen}': '' } } });
  assert.equal(envelope.login, undefined);
});

const certificate = {
  '{cert_subject}': 'alice',
  '{cert_issuer}': 'Own CA',
  '{cipher}': 'AES',
  '{tls_version}': 'TLSv1.3',
};

test('the subject of a client certificate is the login when its issuer is the trusted one', async (t) => {
  const milter = await startMilter(t, { worker: { clientCaName: 'Own CA' } });
  const client = await milter.session();
  client.macros('H', certificate);
  const envelope = await told(milter, client);
  assert.equal(envelope.login, 'alice');
  assert.deepEqual(envelope.tls, { version: 'TLSv1.3', cipher: 'AES', certIssuer: 'Own CA' });
  assert.ok(envelope.flags.has('ssl'));
});

for (const clientCaName of [undefined, 'Other CA']) {
  test(`a client certificate is no login when the trusted issuer is ${clientCaName}`, async (t) => {
    const milter = await startMilter(t, { worker: { clientCaName } });
    const client = await milter.session();
    client.macros('H', certificate);
    assert.equal((await told(milter, client)).login, undefined);
  });
}

for (const form of ['i', '{i}']) {
  test(`the macro written ${form} is the queue id`, async (t) => {
    const milter = await startMilter(t);
    const envelope = await told(milter, await milter.session(), { macros: { R: { [form]: '4Fx' } } });
    assert.equal(envelope.queueId, '4Fx');
    assert.equal(envelope.request.get('queue-id'), '4Fx');
  });
}

test('the queue id may come as late as the end of the message', async (t) => {
  const milter = await startMilter(t);
  const envelope = await told(milter, await milter.session(), { macros: { E: { i: '4Fx' } } });
  assert.equal(envelope.queueId, '4Fx');
});

const names: readonly [macros: Record<string, string>, name: string | undefined][] = [
  [{ j: 'mx.example', '{daemon_name}': 'smtp.example' }, 'smtp.example'],
  [{ j: 'mx.example', '{daemon_name}': 'ORIGINATING' }, 'mx.example'],
  [{ j: 'mx.example', '{daemon_name}': 'MTA' }, 'mx.example'],
  [{ '{daemon_name}': 'MTA' }, 'MTA'],
  [{ '{j}': 'mx.example' }, 'mx.example'],
  [{}, undefined],
];
for (const [macros, name] of names) {
  test(`with ${JSON.stringify(macros)} the MTA is called ${name}`, async (t) => {
    const milter = await startMilter(t);
    const client = await milter.connect();
    await client.negotiate();
    client.macros('C', macros);
    await client.connection();
    assert.equal((await told(milter, client)).mtaName, name);
  });
}

test('macros without a scan header of their own are kept as X-Milter headers', async (t) => {
  const milter = await startMilter(t);
  const envelope = await told(milter, await milter.session(), {
    macros: {
      M: { '{auth_type}': 'PLAIN', '{mail_addr}': 'alice@example.com', '{foreign}': 'x' },
      R: { '{rcpt_mailer}': 'smtp' },
    },
  });
  assert.equal(envelope.request.get('X-Milter-Auth-Type'), 'PLAIN');
  assert.equal(envelope.request.get('X-Milter-Mail-Addr'), 'alice@example.com');
  assert.equal(envelope.request.get('Mailer'), 'smtp');
  assert.equal(envelope.request.get('X-Milter-Foreign'), undefined);
});

test('the scan headers are those an HTTP client would send', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.connect();
  await client.negotiate();
  client.macros('C', { j: 'mx.example', v: 'Postfix 3.9' });
  await client.connection('c.example', '2001:db8::1', '6');
  await client.event('H', 'helo.example');
  const envelope = await told(milter, client);
  assert.deepEqual(Object.fromEntries(envelope.request.entries()), {
    hostname: 'c.example',
    helo: 'helo.example',
    from: '<alice@example.com>',
    rcpt: '<bob@example.net>',
    ip: '[2001:db8::1]:4660',
    'user-agent': 'Postfix 3.9',
    'mta-name': 'mx.example',
    flags: 'milter,body_block',
  });
  assert.deepEqual([...envelope.flags], ['milter', 'body_block']);
  assert.equal(envelope.door, 'milter');
  assert.equal(envelope.scannerClientIp?.text, '127.0.0.1');
});

const tags: readonly ['session' | 'queue_id' | 'none', RegExp | undefined][] = [
  ['session', /^[0-9a-f]{6}1-1$/],
  ['queue_id', /^4Fx$/],
  ['none', undefined],
];
for (const [logTagType, tag] of tags) {
  test(`log_tag_type ${logTagType} names the scan ${tag ?? 'not at all'}`, async (t) => {
    const milter = await startMilter(t, { worker: { logTagType } });
    const envelope = await told(milter, await milter.session(), { macros: { M: { i: '4Fx' } } });
    if (tag) assert.match(envelope.logTag ?? '', tag);
    else assert.equal(envelope.logTag, undefined);
  });
}

test('simulated mail of the sendmail command has neither brackets nor login', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.connect();
  await client.negotiate();
  client.macros('C', { j: 'mx.example', '{client_addr}': '127.0.0.1' });
  await client.connection('localhost', '127.0.0.1');
  await client.event('H', 'localhost');
  const envelope = await told(milter, client, {
    from: '',
    to: ['bob@example.net'],
    macros: { M: { i: '4Fx' } },
  });
  assert.equal(envelope.sender, null);
  assert.equal(envelope.login, undefined);
  assert.equal(envelope.clientIp?.text, '127.0.0.1');
  assert.equal(envelope.hostName, 'localhost');
  assert.equal(envelope.recipients[0]?.text, 'bob@example.net');
});
