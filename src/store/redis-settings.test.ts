import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ConfigError, type Section } from '../core/index.ts';
import { redisSettingsFor } from './redis-settings.ts';
import { masterPattern } from './sentinel.ts';
import { formatServer, parseServerList } from './server-list.ts';

/** Addresses and rotation of a list, for comparison. */
function shown(value: unknown): unknown {
  const list = parseServerList(value, 6379);
  if (typeof list === 'string') return list;
  return [list.rotation, ...list.servers.map((server) => `${formatServer(server)} ${server.weight}`)];
}

test('server texts are read as the original reads them', () => {
  for (const [value, expected] of [
    ['localhost', [undefined, 'localhost:6379 0']],
    ['127.0.0.1:6380', [undefined, '127.0.0.1:6380 0']],
    ['a:1:10, b:2:5', [undefined, 'a:1 10', 'b:2 5']],
    ['a;b', [undefined, 'a:6379 0', 'b:6379 0']],
    [
      ['a', 'b:2'],
      [undefined, 'a:6379 0', 'b:2 0'],
    ],
    ['master-slave:a,b', ['master-slave', 'a:6379 0', 'b:6379 0']],
    ['hash:a,b', ['hash', 'a:6379 0', 'b:6379 0']],
    ['/run/redis/redis.sock', [undefined, '/run/redis/redis.sock 0']],
    ['/run/redis.sock:7', [undefined, '/run/redis.sock 7']],
    ['[2001:db8::1]:7000:3', [undefined, '[2001:db8::1]:7000 3']],
    ['2001:db8::1', [undefined, '[2001:db8::1]:6379 0']],
    ['', 'no server is named'],
    ['a:0', '"a:0" has a port outside 1 to 65535'],
    ['a:b', '"a:b" is no server address'],
    [17, 'a server must be a text'],
  ] as const)
    assert.deepEqual(shown(value), expected, String(value));
});

/** The servers a module writes to, or `embedded`. */
function target(module: string, own: Section | undefined, common: Section | undefined): string {
  const settings = redisSettingsFor(module, own, common);
  if (!settings) return 'embedded';
  const { topology } = settings;
  if (topology.kind === 'sentinel') return `sentinel ${topology.sentinels.servers.map(formatServer).join()}`;
  const list = topology.kind === 'cluster' ? topology.seeds : topology.write;
  return list.servers.map(formatServer).join();
}

describe('a module finds its redis', () => {
  const common = { servers: 'common', ratelimit: { servers: 'sub' } };
  for (const [what, module, own, section, expected] of [
    ['nowhere', 'x', undefined, undefined, 'embedded'],
    ['in the common section', 'x', {}, common, 'common:6379'],
    ['in its sub-section', 'ratelimit', {}, common, 'sub:6379'],
    ['in its own section', 'ratelimit', { redis: { servers: 'own' } }, common, 'own:6379'],
    ['inline', 'ratelimit', { servers: 'inline', rates: {}, prefix: 'RL' }, common, 'inline:6379'],
    ['inline with write servers', 'x', { write_servers: 'w' }, common, 'w:6379'],
    ['not when disabled', 'x', {}, { servers: 'c', disabled_modules: ['x'] }, 'embedded'],
    ['not when others are enabled', 'x', {}, { servers: 'c', enabled_modules: ['y'] }, 'embedded'],
    ['when enabled', 'x', {}, { servers: 'c', enabled_modules: 'x, y' }, 'c:6379'],
    [
      'not in a sub-section that is off',
      'x',
      {},
      { servers: 'c', x: { servers: 's', enabled: false } },
      'embedded',
    ],
    ['not in a common section that is off', 'x', {}, { servers: 'c', enabled: false }, 'embedded'],
    ['in a sub-section though disabled', 'x', {}, { x: { servers: 's' }, disabled_modules: 'x' }, 's:6379'],
    ['in a sub-section without common servers', 'x', {}, { x: { servers: 's' } }, 's:6379'],
    ['not in the sub-section of another', 'y', {}, { x: { servers: 's' } }, 'embedded'],
    ['at sentinels', 'x', {}, { servers: 'c', sentinels: 'a,b:1' }, 'sentinel a:26379,b:1'],
  ] as const)
    test(what, () => {
      assert.equal(target(module, own, section), expected);
    });
});

test('options are read with their defaults', () => {
  assert.deepEqual(redisSettingsFor('x', undefined, { servers: 'a' }), {
    topology: {
      kind: 'servers',
      write: { rotation: undefined, servers: [{ host: 'a', port: 6379, weight: 0 }] },
      read: undefined,
    },
    db: 0,
    username: undefined,
    password: undefined,
    timeoutMs: 1000,
    prefix: '',
    tls: undefined,
  });
  const settings = redisSettingsFor('x', undefined, {
    write_servers: 'a',
    read_servers: 'b,c',
    dbname: '3',
    username: 'u',
    password: 'p',
    timeout: 0.5,
    prefix: 'pp',
    ssl: true,
    no_ssl_verify: true,
    sni: 'name',
    ssl_ca: '/ca.pem',
  });
  assert.equal(settings?.topology.kind === 'servers' && settings.topology.read?.servers.length, 2);
  assert.deepEqual(
    [settings?.db, settings?.username, settings?.password, settings?.timeoutMs, settings?.prefix],
    [3, 'u', 'p', 500, 'pp'],
  );
  assert.deepEqual(settings?.tls, { verify: false, serverName: 'name', caPath: '/ca.pem' });
  assert.equal(
    redisSettingsFor('x', undefined, { servers: 'a', username: 'u', redis_version: 5 })?.username,
    undefined,
  );
  assert.equal(redisSettingsFor('x', undefined, { servers: 'a', timeout: '500ms' })?.timeoutMs, 500);
});

test('what cannot be is refused by its name, everything at once', () => {
  for (const [section, ...paths] of [
    [{ servers: 'a', sentinal: 'b' }, 'redis.sentinal: there is no such option'],
    [{ servers: 'a', expand_keys: true }, 'redis.expand_keys: variables inside keys are not supported'],
    [{ servers: 'a', db: 'x', timeout: 'soon' }, 'redis.db: ', 'redis.timeout: '],
    [{ servers: '' }, 'redis.servers: no server is named'],
    [{ read_servers: 'a' }, 'redis.read_servers: servers to write to are missing'],
    [{ servers: 'a', ssl: 'maybe' }, 'redis.ssl: '],
    [{ servers: 'a', cluster: true, db: 2 }, 'redis.db: a Redis Cluster has no databases'],
    [{ sentinels: 'a', cluster: true }, 'redis.cluster: '],
    [{ servers: 'a', redis_version: 'new' }, 'redis.redis_version: '],
    [{ servers: 'a', password: ['x'] }, 'redis.password: this is no text'],
  ] as const)
    assert.throws(
      () => redisSettingsFor('x', undefined, section),
      (error) => error instanceof ConfigError && paths.every((path) => error.message.includes(path)),
      JSON.stringify(section),
    );
});

test('an error names the place of the option', () => {
  const position = () => ({ file: 'redis.conf', line: 3, column: 5 });
  assert.throws(() => redisSettingsFor('x', { redis: { servers: 7 } }, undefined, position), {
    message: /^redis\.conf:3:5: x\.redis\.servers: a server must be a text/,
  });
});

test('Lua patterns choose masters as they do in the original', () => {
  for (const [pattern, text, expected] of [
    ['^mymaster$', 'mymaster', true],
    ['^mymaster$', 'mymaster2', false],
    ['mail%-%d+', 'mail-12', true],
    ['mail%-%d+', 'mail-x', false],
    ['^m.-r$', 'master', true],
    ['^[%w_]+$', 'a_1', true],
    ['^[^%d]+$', 'a1', false],
    ['%D', '7', false],
    ['a|b', 'a', false],
    ['(x)?', 'y', true],
  ] as const)
    assert.equal(masterPattern(pattern).test(text), expected, `${pattern} ${text}`);
  for (const pattern of ['%b()', '%f[a]', '%1', 'x%', '[%D]', '['])
    assert.throws(() => masterPattern(pattern), ConfigError, pattern);
});
