import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { plainMessage, runCheck, type TestMessage } from '../../../test/helpers/check-table.ts';
import { type AuthenticationState, ConfigError, type Hit } from '../../core/index.ts';
import { parseIp } from '../../lib/index.ts';
import { milterHeaders } from './check.ts';
import { fold } from './routines.ts';

const hits: Hit[] = [
  { name: 'SMALL', score: 0.5, metricScore: 0.5, description: undefined, groups: [], options: [] },
  { name: 'LARGE', score: 6, metricScore: 6, description: undefined, groups: [], options: ['a', 'b]c\n'] },
];

async function headers(
  config: Readonly<Record<string, unknown>>,
  message: TestMessage = {},
): Promise<{ added: string[]; removed: string[] }> {
  const { task } = await runCheck(milterHeaders, config, { hits, ...message });
  return {
    added: task.milter.addHeaders.map(
      ({ name, value, order }) => `${name}: ${value}${order === undefined ? '' : ` @${order}`}`,
    ),
    removed: task.milter.removeHeaders.map(({ name, instances }) => `${name} ${instances.join(',')}`),
  };
}

test('every routine writes its header and removes old ones', async () => {
  for (const [name, value] of [
    ['x-spamd-result', 'X-Spamd-Result: default: False [6.50 / 15.00]; LARGE(6.00)[a,b c?]; SMALL(0.50)[]'],
    ['x-rspamd-server', `X-Rspamd-Server: ${hostname()}`],
    ['x-rspamd-queue-id', 'X-Rspamd-Queue-Id: QUEUE1'],
    ['x-rspamd-action', 'X-Rspamd-Action: add header'],
    ['x-spam-level', 'X-Spam-Level: ******'],
    ['x-spamd-bar', 'X-Spamd-Bar: ++++++'],
    ['x-spam-status', 'X-Spam-Status: Yes, score=6.50'],
    ['spam-header', 'Deliver-To: Junk'],
  ] as const) {
    const { added, removed } = await headers({ use: [name] });
    assert.deepEqual(
      added.map((line) => line.replaceAll('\n\t', ' ')),
      [value],
      name,
    );
    assert.deepEqual(removed, [`${value.slice(0, value.indexOf(':'))} 0`], name);
  }
});

test('outbound mail stays as it is unless a routine is named for it', async () => {
  const both: TestMessage['envelope'] = { login: 'sender@example.com' };
  for (const [config, inbound, authenticated, local, authenticatedLocal] of [
    [{}, 1, 0, 0, 0],
    [{ authenticated_headers: ['x-spam-status'] }, 1, 1, 0, 0],
    [{ local_headers: ['x-spam-status'] }, 1, 0, 1, 0],
    [{ local_headers: ['x-spam-status'], authenticated_headers: 'x-spam-status' }, 1, 1, 1, 1],
    [{ skip_authenticated: false }, 1, 1, 0, 0],
    [{ skip_local: false, skip_authenticated: false }, 1, 1, 1, 1],
    [{ skip_all: true }, 0, 0, 0, 0],
    [{ use: [], extended_headers_rcpt: ['rcpt@example.org'] }, 4, 4, 4, 4],
    [{ use: [], extended_headers_rcpt: ['@example.org'] }, 4, 4, 4, 4],
    [{ use: [], extended_headers_rcpt: ['someone'] }, 0, 0, 0, 0],
  ] as const) {
    const count = async (message: TestMessage): Promise<number> =>
      (await headers({ use: ['x-spam-status'], ...config }, message)).added.length;
    assert.deepEqual(
      [
        await count({}),
        await count({ way: 'authenticated' }),
        await count({ way: 'local' }),
        await count({ way: 'local', envelope: both }),
      ],
      [inbound, authenticated, local, authenticatedLocal],
      JSON.stringify(config),
    );
  }
});

test('an incoming spam flag is removed from all mail', async () => {
  const raw = `X-Spam: Yes\r\n${plainMessage}`;
  for (const way of ['inbound', 'authenticated', 'local'] as const) {
    assert.deepEqual((await headers({}, { raw, way })).removed, ['X-Spam 0'], way);
    assert.deepEqual((await headers({ remove_upstream_spam_flag: false }, { raw, way })).removed, [], way);
  }
});

test('routines obey their own options', async () => {
  const routines = {
    'x-spam-level': { char: '+', header: 'X-Level', remove: null, order: 1 },
    'remove-headers': { headers: { 'X-Old': 0, 'X-Two': [1, -1] } },
    'add-headers': { headers: { 'X-Site': 'here' }, remove: 2 },
  };
  const { added, removed } = await headers({
    use: ['x_spam_level', 'remove-headers', 'add-headers'],
    routines,
  });
  assert.deepEqual(added, ['X-Level: ++++++ @1', 'X-Site: here']);
  assert.deepEqual(removed, ['X-Old 0', 'X-Two 1,-1', 'X-Site 2']);
});

test('authentication results name the login only when they may', async () => {
  const use = { use: ['authentication-results'], authenticated_headers: ['authentication-results'] };
  const first = async (
    config: Readonly<Record<string, unknown>>,
    message: TestMessage,
  ): Promise<string | undefined> => (await headers({ ...use, ...config }, message)).added[0];
  const named = { routines: { 'authentication-results': { hostname: 'mx.example.com' } } };
  const silent = {
    routines: { 'authentication-results': { hostname: 'mx.example.com', add_smtp_user: false } },
  };
  assert.equal(await first(named, {}), 'Authentication-Results: mx.example.com;\n\tnone @1');
  assert.equal(
    await first(named, { way: 'authenticated' }),
    'Authentication-Results: mx.example.com;\n\tauth=pass smtp.auth=sender@example.com @1',
  );
  assert.equal(
    await first(silent, { way: 'authenticated' }),
    'Authentication-Results: mx.example.com;\n\tauth=pass @1',
  );
});

test('only results of the servers that are named are removed', async () => {
  const raw = `Authentication-Results: other.example; none\r\nAuthentication-Results: mx.example.com; none\r\n${plainMessage}`;
  const routines = { 'authentication-results': { remove_ar_from: 'mx.example.com' } };
  assert.deepEqual((await headers({ use: ['authentication-results'], routines }, { raw })).removed, [
    'Authentication-Results 2',
  ]);
});

test('viruses are named by the symbols that found them', async () => {
  const routines = {
    'x-virus': { symbols: ['LARGE'], status_clean: 'clean', symbols_fail: ['FAIL'], status_fail: 'failed' },
  };
  assert.deepEqual((await headers({ use: ['x-virus'], routines })).added, ['X-Virus: a,b c?']);
  assert.deepEqual((await headers({ use: ['x-virus'], routines }, { hits: [] })).added, ['X-Virus: clean']);
});

test('settings choose the routines for a message in any direction', async () => {
  const { task } = await runCheck(
    milterHeaders,
    {},
    {
      way: 'authenticated',
      hits,
      apply: { plugins: { milter_headers: { routines: ['x-spamd-bar'] } } },
    },
  );
  assert.deepEqual(
    task.milter.addHeaders.map(({ name }) => name),
    ['X-Spamd-Bar'],
  );
});

test('an unknown routine is a configuration error', async () => {
  await assert.rejects(headers({ use: ['x-nosuch'] }), ConfigError);
});

test('values are folded at their semicolons', () => {
  const value = Array.from({ length: 9 }, (_, i) => `SYMBOL_NUMBER_${i}(0.00)[]`).join('; ');
  const folded = fold('X-Spamd-Result', value);
  assert.equal(folded.replaceAll('\n\t', ' '), value);
  for (const line of folded.split('\n')) assert.ok(line.length <= 78, line);
});

const found: AuthenticationState = {
  spf: {
    result: 'softfail',
    domain: 'example.com',
    identity: 'mailfrom',
    sender: 'a@example.com',
    clientIp: parseIp('198.51.100.7')!,
    reason: 'not designated',
  },
  dkim: [
    {
      result: 'pass',
      domain: 'example.com',
      selector: 's',
      identity: '@mail.example.com',
      algorithm: 'rsa-sha256',
      signatureStart: 'ab/c+d==',
    },
    { result: 'permerror', domain: '', selector: '', reason: 'no list of tags' },
  ],
  dmarc: { result: 'fail', domain: 'example.com', policy: 'reject', disposition: 'quarantine' },
  arc: { result: 'pass', sealers: ['example.net', 'example.org'], oldestPass: 1 },
};

async function results(options: Readonly<Record<string, unknown>>, message: TestMessage) {
  const config = {
    use: ['authentication-results'],
    routines: { 'authentication-results': { hostname: 'mx.example.com', ...options } },
  };
  const { added, removed } = await headers(config, message);
  return { lines: added[0]?.split(/;\n\t| @1/).map((line) => line.replaceAll('\n\t', ' ')), removed };
}

test('authentication results say what SPF, DKIM, DMARC and ARC found', async () => {
  const { lines } = await results({}, { authentication: found });
  assert.deepEqual(lines, [
    'Authentication-Results: mx.example.com',
    'spf=softfail reason="not designated" smtp.mailfrom=a@example.com',
    'dkim=pass header.d=example.com header.s=s header.i=@mail.example.com header.b="ab/c+d==" header.a=rsa-sha256',
    'dkim=permerror reason="no list of tags"',
    'dmarc=fail (policy=reject) header.from=example.com policy.dmarc=quarantine',
    'arc=pass (i=2) header.oldest-pass=0',
    '',
  ]);
});

test('symbols that the operator names decide what is written', async () => {
  const symbols = {
    spf_symbols: { fail: 'SMALL', pass: 'NOT_THERE' },
    dmarc_symbols: { quarantine: 'SMALL' },
    arc_symbols: { reject: 'LARGE' },
    dkim_symbols: { none: 'LARGE' },
  };
  const { lines } = await results(symbols, {});
  assert.deepEqual(lines?.slice(1, -1), ['spf=fail', 'dkim=none', 'dmarc=fail', 'arc=fail']);
  const known = await results(symbols, { authentication: found });
  assert.deepEqual(
    known.lines?.slice(1, -1).map((line) => line.split(' ')[0]),
    ['spf=fail', 'dkim=pass', 'dkim=permerror', 'dmarc=fail', 'arc=fail'],
  );
});

test('results that come in under our own name are forged, and go', async () => {
  const raw = [
    'Authentication-Results: other.example; spf=pass',
    'Authentication-Results: (hi) "MX.example.com" 1; spf=pass',
    'Authentication-Results: mx.example.com; spf="pass',
    'Authentication-Results: third.example; spf=pass',
    plainMessage,
  ].join('\r\n');
  for (const [options, inbound, outbound] of [
    [{}, ['Authentication-Results 0'], ['Authentication-Results 0']],
    [{ remove: null }, ['Authentication-Results 2,3'], []],
    [{ remove_ar_from: ['Third.Example'] }, ['Authentication-Results 2,3,4'], ['Authentication-Results 4']],
  ] as const) {
    assert.deepEqual((await results(options, { raw })).removed, inbound);
    const config = { use: ['authentication-results'], authenticated_headers: ['authentication-results'] };
    const routines = { 'authentication-results': { hostname: 'mx.example.com', ...options } };
    const out = await headers({ ...config, routines }, { raw, way: 'authenticated' });
    assert.deepEqual(out.removed, outbound);
  }
});
