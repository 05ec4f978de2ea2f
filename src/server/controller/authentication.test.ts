import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { type Access, Authenticator } from './authentication.ts';

interface Asked {
  readonly from?: string;
  readonly isUnixSocket?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly password?: string;
}

interface Rules {
  readonly password?: string;
  readonly enablePassword?: string;
  readonly maxAuthFailures?: number;
}

const trustedAddresses = new Set(['127.0.0.1', '::1', '10.0.0.1']);

/** An authenticator with its clock. */
function authenticator(rules: Rules) {
  const clock = { nowMs: 0, now: () => clock.nowMs };
  const worker = {
    password: rules.password,
    enablePassword: rules.enablePassword,
    maxAuthFailures: rules.maxAuthFailures ?? 10,
    authFailureWindowMs: 60_000,
  };
  const instance = new Authenticator({
    settings: () => ({ worker, isTrusted: (ip) => trustedAddresses.has(ip.text) }),
    clock,
  });
  const ask = ({
    from = '192.0.2.1',
    isUnixSocket = false,
    headers = {},
    password,
  }: Asked): Promise<Access> => {
    const request = { headers, socket: { remoteAddress: from } } as unknown as IncomingMessage;
    return instance.access(request, isUnixSocket, password);
  };
  return { ask, clock };
}

test('unix sockets and secure_ip may do everything without a password', async () => {
  const { ask } = authenticator({ password: 'secret' });
  assert.equal(await ask({ isUnixSocket: true }), 'write');
  for (const from of ['127.0.0.1', '::1', '::ffff:127.0.0.1', '10.0.0.1'])
    assert.equal(await ask({ from }), 'write', from);
  assert.equal(await ask({}), 'none');
});

test('a proxy in front does not lend its trust to whom it asks for', async () => {
  const { ask } = authenticator({ password: 'secret' });
  const local = { from: '127.0.0.1' };
  for (const headers of [
    { 'x-forwarded-for': '192.0.2.9' },
    { 'x-forwarded-for': '127.0.0.1, 192.0.2.9' },
    { 'x-forwarded-for': 'unknown' },
    { 'x-real-ip': '192.0.2.9' },
    { 'x-forwarded-for': '192.0.2.9', 'x-real-ip': '127.0.0.1' },
  ]) {
    assert.equal(await ask({ ...local, headers }), 'none', JSON.stringify(headers));
    assert.equal(await ask({ ...local, headers, password: 'secret' }), 'write');
    assert.equal(await ask({ isUnixSocket: true, headers }), 'none');
  }
  assert.equal(await ask({ ...local, headers: { 'x-forwarded-for': '192.0.2.9, 10.0.0.1' } }), 'write');
  assert.equal(await ask({ headers: { 'x-forwarded-for': '127.0.0.1' } }), 'none');
});

test('passwords that everybody knows are never good enough from afar', async () => {
  for (const password of ['q1', 'q2']) {
    const { ask } = authenticator({ password, enablePassword: password });
    assert.equal(await ask({ password }), 'none');
    assert.equal(await ask({ from: '127.0.0.1', headers: { 'x-real-ip': '192.0.2.9' }, password }), 'none');
    assert.equal(await ask({ from: '127.0.0.1', password }), 'write');
  }
});

test('with enable_password the ordinary one may only look', async () => {
  const { ask } = authenticator({ password: 'look', enablePassword: 'change' });
  assert.equal(await ask({ password: 'look' }), 'read');
  assert.equal(await ask({ password: 'change' }), 'write');
  assert.equal(await ask({ password: 'neither' }), 'none');
  const { ask: only } = authenticator({ enablePassword: 'change' });
  assert.equal(await only({ password: 'change' }), 'write');
});

test('a source that guesses is refused for a while, others are not', async () => {
  const { ask, clock } = authenticator({ password: 'secret', maxAuthFailures: 2 });
  assert.deepEqual(
    [
      await ask({ password: 'a' }),
      await ask({}),
      await ask({ password: 'b' }),
      await ask({ password: 'secret' }),
    ],
    ['none', 'none', 'none', 'throttled'],
  );
  assert.equal(await ask({ from: '192.0.2.2', password: 'secret' }), 'write');
  clock.nowMs += 60_001;
  assert.equal(await ask({ password: 'secret' }), 'write');
});

test('behind a proxy each of its clients is throttled by itself', async () => {
  const { ask } = authenticator({ password: 'secret', maxAuthFailures: 1 });
  const by = (client: string): Asked => ({ from: '127.0.0.1', headers: { 'x-forwarded-for': client } });
  assert.equal(await ask({ ...by('192.0.2.1'), password: 'wrong' }), 'none');
  assert.equal(await ask({ ...by('192.0.2.1'), password: 'secret' }), 'throttled');
  assert.equal(await ask({ ...by('192.0.2.2'), password: 'secret' }), 'write');
});

test('a success forgets earlier failures', async () => {
  const { ask } = authenticator({ password: 'secret', maxAuthFailures: 2 });
  for (let i = 0; i < 5; i++) {
    assert.equal(await ask({ password: 'wrong' }), 'none');
    assert.equal(await ask({ password: 'secret' }), 'write');
  }
});

test('without any password nobody comes in from afar', async () => {
  const { ask } = authenticator({});
  assert.equal(await ask({ password: '' }), 'none');
  assert.equal(await ask({ from: '127.0.0.1' }), 'write');
});
