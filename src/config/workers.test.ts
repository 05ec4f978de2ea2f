import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFolder } from './fixture.ts';
import { parseBindSocket } from './schema/bind-socket.ts';
import { parseHosts } from './schema/upstreams.ts';

test('every form of a listener is understood', () => {
  for (const [text, expected] of [
    ['localhost:11333', { host: 'localhost', port: 11333, tls: false }],
    ['*:25', { host: '*', port: 25, tls: false }],
    ['*', { host: '*', port: 1, tls: false }],
    ['*v4:25', { host: '0.0.0.0', port: 25, tls: false }],
    ['*v6:25', { host: '::', port: 25, tls: false }],
    ['192.0.2.1', { host: '192.0.2.1', port: 1, tls: false }],
    ['[::1]:25', { host: '::1', port: 25, tls: false }],
    ['[::1]', { host: '::1', port: 1, tls: false }],
    ['::1', { host: '::1', port: 1, tls: false }],
    ['11333', { host: '*', port: 11333, tls: false }],
    ['h:25 ssl', { host: 'h', port: 25, tls: true }],
    ['/run/x.sock', { path: '/run/x.sock', tls: false }],
    [
      '/run/x.sock mode=0660 owner=u group=g',
      { path: '/run/x.sock', mode: 0o660, owner: 'u', group: 'g', tls: false },
    ],
    ['/run/x.sock ssl', { path: '/run/x.sock', tls: true }],
    ['systemd:2', { systemd: 2, tls: false }],
  ] as const)
    assert.deepEqual(parseBindSocket(text, 1), { text, ...expected }, text);
  for (const text of [
    '',
    'a:b',
    'h:1:2',
    'h:70000',
    '/x mode=9',
    '/x foo=1',
    'h x',
    'systemd:x',
    '[::1',
    'a b ssl',
  ])
    assert.equal(typeof parseBindSocket(text, 1), 'string', text);
});

test('lists of hosts may say how one is chosen', () => {
  assert.deepEqual(parseHosts(['master-slave:a:1,b:2', 'c']), {
    rotation: 'master-slave',
    hosts: ['a:1', 'b:2', 'c'],
  });
  assert.deepEqual(parseHosts(['a.example:53']), { rotation: 'round-robin', hosts: ['a.example:53'] });
  assert.deepEqual(parseHosts(['hash:h1, h2:3:4']), { rotation: 'hash', hosts: ['h1', 'h2:3:4'] });
});

test('listeners are set where Rspamd sets them', (context) => {
  const { configuration, errors, notices } = readFolder(context, {
    'local.d/worker-normal.inc':
      'bind_socket = "*:1"; bind_socket = "/run/n.sock mode=0666"; count = 3; max_tasks = 9; task_timeout = 4s',
    'local.d/worker-controller.inc':
      'listen = "[::1]:11334 ssl"; ssl_cert = "/c.pem"; ssl_key = "/k.pem"; password = 12345; trusted_ips = "10.0.0.0/8"; keypair { pubkey = "x" }',
    'override.d/worker-proxy.inc':
      'count = -1; upstream "far" { default = yes; hosts = "round-robin:h1,h2:1:2"; timeout = 5s; extra_headers { X = 1 } }\nmirror "m" { hosts = "h3"; prob = 0.1 }',
  });
  assert.deepEqual(errors, []);
  assert.deepEqual(notices, [
    'local.d/worker-controller.inc:1:126: worker.controller.keypair: means nothing here and is ignored',
  ]);
  const { normal, controller, proxy } = configuration;
  assert.deepEqual(
    normal.sockets.map(({ text }) => text),
    ['*:1', '/run/n.sock mode=0666'],
  );
  assert.deepEqual([normal.count, normal.maxTasks, normal.taskTimeoutMs], [3, 9, 4000]);
  assert.deepEqual(controller.sockets, [{ text: '[::1]:11334 ssl', host: '::1', port: 11334, tls: true }]);
  assert.equal(controller.password, '12345');
  assert.deepEqual(controller.secureIp, '10.0.0.0/8');
  assert.equal(proxy.enabled, false);
  assert.deepEqual(
    proxy.upstreams.map(({ name, hosts, timeoutMs }) => [name, hosts, timeoutMs]),
    [['far', ['h1:11333', 'h2:1:2'], 5000]],
  );
  assert.deepEqual(proxy.upstreams[0]?.extraHeaders, { X: '1' });
  assert.deepEqual(
    proxy.mirrors.map(({ name, probability }) => [name, probability]),
    [['m', 0.1]],
  );
});

test('of several default upstreams the last one counts', (context) => {
  const { configuration } = readFolder(context, {
    'local.d/worker-proxy.inc': 'upstream "far" { default = yes; hosts = "h" }',
  });
  assert.deepEqual(
    configuration.proxy.upstreams.map(({ name, isDefault }) => [name, isDefault]),
    [
      ['local', false],
      ['far', true],
    ],
  );
});

test('several workers of one type listen together', (context) => {
  const { configuration, unsupported } = readFolder(context, {
    'rspamd.conf.local':
      'worker "normal" { bind_socket = "*:7"; } worker { type = "normal"; listen = "*:8"; count = 9 }',
  });
  assert.deepEqual(
    configuration.normal.sockets.map(({ port }) => port),
    [7, 8, 11333],
  );
  assert.deepEqual(unsupported, [
    'rspamd.conf.local:1:84: worker.normal.count: several workers of type normal with different options',
  ]);
});

test('a worker type that nobody knows is an error', (context) => {
  const { errors } = readFolder(context, { 'rspamd.conf.local': 'worker "controler" { count = 1 }' });
  assert.deepEqual(errors, [
    'rspamd.conf.local:1:8: worker.controler: unknown worker type `controler`, did you mean `controller`? (expected normal, controller, rspamd_proxy or fuzzy)',
  ]);
});

test('options of DNS and limits arrive in their units', (context) => {
  const { configuration, errors } = readFolder(context, {
    'local.d/options.inc': `
      dns { nameserver = "master-slave:192.0.2.1:53,192.0.2.2"; timeout = 500ms; hosts = null;
        fake_records = [ { name = "example.com"; type = "txt"; replies = ["v=spf1 -all"] }, { name = x; rcode = NXDOMAIN } ] }
      limits { max_header_size = 64kb; idle_timeout = 1min }
      gtube_patterns = ALL; local_networks = "/etc/local.map"; filters = "dkim,regexp"; http_auth = "u:p";
      maps { read_timeout = 10s }`,
  });
  assert.deepEqual(errors, []);
  const { options } = configuration;
  assert.deepEqual(options.dns, {
    nameservers: ['192.0.2.1:53', '192.0.2.2'],
    rotation: 'master-slave',
    timeoutMs: 500,
    retransmits: 5,
    fakeRecords: [
      { name: 'example.com', type: 'txt', rcode: 'noerror', replies: ['v=spf1 -all'] },
      { name: 'x', type: 'a', rcode: 'nxdomain', replies: [] },
    ],
    hosts: [],
  });
  assert.equal(options.limits.maxHeaderBytes, 65_536);
  assert.equal(options.limits.idleTimeoutMs, 60_000);
  assert.equal(options.gtubePatterns, 'all');
  assert.equal(options.localAddrs, '/etc/local.map');
  assert.deepEqual(options.disabledModules, ['chartable', 'fuzzy_check']);
  assert.deepEqual(options.maps, { connectTimeoutMs: 1000, readTimeoutMs: 10_000 });
});

test('a socket with TLS needs certificate and key', (context) => {
  const { errors } = readFolder(context, {
    'local.d/worker-normal.inc':
      'bind_socket = "127.0.0.1:1"\nbind_socket = "127.0.0.1:2 ssl"; ssl_cert = "/c.pem"',
    'local.d/worker-proxy.inc': 'enabled = no; bind_socket = "127.0.0.1:3 ssl"',
  });
  assert.deepEqual(errors, [
    'local.d/worker-normal.inc:1:15: worker.normal.ssl_key: is missing (expected a PEM file, for the sockets with `ssl`)',
  ]);
});

test('the stock upstream is the scanner of this server, wherever that listens', (context) => {
  const self = (files: Readonly<Record<string, string>>): unknown =>
    readFolder(context, files).configuration.proxy.upstreams.map(({ selfScan, hosts }) => [selfScan, hosts]);
  const moved = 'bind_socket = "127.0.0.1:2";';
  assert.deepEqual(self({}), [[false, ['localhost:11333']]]);
  assert.deepEqual(self({ 'local.d/worker-normal.inc': moved }), [[true, []]]);
  assert.deepEqual(self({ 'local.d/worker-normal.inc': `${moved} enabled = no;` }), [
    [false, ['localhost:11333']],
  ]);
  const written = 'upstream "local" { default = yes; hosts = "localhost"; }';
  assert.deepEqual(self({ 'local.d/worker-normal.inc': moved, 'override.d/worker-proxy.inc': written }), [
    [false, ['localhost:11333']],
  ]);
});

test('a fuzzy storage is off until it has a count, and takes keys and networks', (context) => {
  const { configuration: stock } = readFolder(context, {});
  assert.equal(stock.fuzzy.enabled, false);
  const key = 'oe7q8qjaguiwetb6tf43hnrdxhn1jmb1x9bsy6qxspz473aefc6y';
  const {
    configuration: { fuzzy },
  } = readFolder(context, {
    'local.d/worker-fuzzy.inc': `count = 1; bind_socket = "*:11335"; allow_update = ["localhost", "192.0.2.1"]; expire = 30d; backend = "redis"; keypair { privkey = "${key}" } ratelimit_rate = 50; sync = 60s; servers = "redis.example:6379";`,
  });
  assert.equal(fuzzy.enabled, true);
  assert.deepEqual(
    fuzzy.sockets.map(({ host, port }) => [host, port]),
    [['*', 11_335]],
  );
  assert.deepEqual(fuzzy.allowUpdate, ['127.0.0.1', '::1', '192.0.2.1']);
  assert.equal(fuzzy.expireSeconds, 30 * 86_400);
  assert.deepEqual(fuzzy.privateKeys, [key]);
  assert.equal(fuzzy.rateLimit.perSecond, 50);
  assert.deepEqual(fuzzy.store, { servers: 'redis.example:6379' });
});

test('what a fuzzy storage cannot do is an error, or unsupported by name', (context) => {
  const problems = (content: string): readonly string[] => {
    const { errors, unsupported } = readFolder(context, {
      'local.d/worker-fuzzy.inc': `count = 1; ${content}`,
    });
    return [...errors, ...unsupported].map(
      (problem) => /worker\.fuzzy\.[a-z_]+/.exec(problem)?.[0] ?? problem,
    );
  };
  assert.deepEqual(problems('bind_socket = "/run/fuzzy.sock"'), ['worker.fuzzy.bind_socket']);
  assert.deepEqual(problems('backend = "sqlite"'), ['worker.fuzzy.backend']);
  assert.deepEqual(problems('keypair { privkey = "short" }'), ['worker.fuzzy.keypair']);
  assert.deepEqual(problems('hashfile = "/var/lib/rspamd/fuzzy.db"'), ['worker.fuzzy.hashfile']);
  assert.deepEqual(problems('mirror = "other.example"'), ['worker.fuzzy.mirror']);
});
