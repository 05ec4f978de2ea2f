import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigError } from '../core/index.ts';
import { checks, folder, readFolder } from './fixture.ts';
import { loadConfiguration } from './index.ts';

test('without any file the values are those that Rspamd ships', (context) => {
  const { configuration, errors, unsupported, notices } = readFolder(context);
  assert.deepEqual([errors, unsupported, notices], [[], [], []]);
  const { options, actions, groups, normal, controller, proxy } = configuration;
  assert.deepEqual(options.localAddrs, [
    '192.168.0.0/16',
    '10.0.0.0/8',
    '172.16.0.0/12',
    'fd00::/8',
    '169.254.0.0/16',
    'fe80::/10',
  ]);
  assert.equal(options.taskTimeoutMs, 8000);
  assert.equal(options.maxMessageBytes, 50 * 1024 * 1024);
  assert.equal(options.checkAllFilters, true);
  assert.equal(options.dns.retransmits, 5);
  assert.equal(options.gtubePatterns, 'reject');
  assert.deepEqual(
    actions
      .filter(({ threshold }) => threshold !== undefined)
      .map(({ name, threshold }) => [name, threshold]),
    [
      ['reject', 15],
      ['add header', 6],
      ['greylist', 4],
    ],
  );
  assert.deepEqual(
    [...(actions.find(({ name }) => name === 'soft reject')?.flags ?? [])],
    ['no_threshold', 'ham'],
  );
  assert.equal(groups.get('surbl')?.maxScore, 12.5);
  assert.equal(groups.get('url')?.maxScore, 9);
  assert.deepEqual(
    [normal, controller, proxy].map(({ sockets }) => sockets.map(({ host, port }) => `${host}:${port}`)),
    [['localhost:11333'], ['localhost:11334'], ['localhost:11332']],
  );
  assert.equal(controller.password, undefined);
  assert.deepEqual(controller.secureIp, ['127.0.0.1', '::1']);
  assert.deepEqual(
    proxy.upstreams.map(({ name, hosts, isDefault, selfScan }) => ({ name, hosts, isDefault, selfScan })),
    [{ name: 'local', hosts: ['localhost:11333'], isDefault: true, selfScan: false }],
  );
  assert.deepEqual(configuration.modules.get('ratelimit'), {
    enabled: true,
    prefix: 'RL',
    expire: 172_800,
    rates: {},
    whitelisted_rcpts: [],
    mode: 'hard',
  });
  assert.equal(configuration.sections.size, 0);
  assert.equal(configuration.redis, undefined);
  assert.equal(configuration.logging.type, 'console');
  assert.equal(configuration.position(['options', 'task_timeout']), undefined);
});

test('local files merge into stock values and override files replace them', (context) => {
  const { configuration, errors } = readFolder(context, {
    'local.d/options.inc': 'local_addrs = [203.0.113.0/24]; task_timeout = 12s; dns { timeout = 2s }',
    'override.d/options.inc': 'classify_headers = ["X"]; disable_modules = ["a"]; task_timeout = 20s',
    'local.d/actions.conf': 'reject = 20; greylist = null',
    'local.d/ratelimit.conf': 'rates { user { bucket = { burst = 10; rate = "10 / 1min" } } }',
    'override.d/ratelimit.conf': 'mode = soft',
  });
  assert.deepEqual(errors, []);
  const { options, actions, modules } = configuration;
  assert.equal((options.localAddrs as string[]).length, 7);
  assert.equal(options.taskTimeoutMs, 20_000);
  assert.deepEqual([options.dns.timeoutMs, options.dns.retransmits], [2000, 5]);
  assert.deepEqual(options.disabledModules, ['a']);
  assert.equal(actions.find(({ name }) => name === 'reject')?.threshold, 20);
  const greylist = actions.find(({ name }) => name === 'greylist');
  assert.deepEqual([greylist?.threshold, [...(greylist?.flags ?? [])]], [undefined, ['no_threshold']]);
  assert.deepEqual(modules.get('ratelimit'), {
    enabled: true,
    prefix: 'RL',
    expire: 172_800,
    rates: { user: { bucket: [{ burst: 10, rate: '10 / 1min' }] } },
    whitelisted_rcpts: [],
    mode: 'soft',
  });
  const position = configuration.position(['options', 'task_timeout']);
  assert.match(position?.file ?? '', /override\.d\/options\.inc$/);
  assert.match(
    configuration.position(['ratelimit', 'rates', 'user', 'bucket', 0, 'rate'])?.file ?? '',
    /local\.d/,
  );
});

test('values are read as the option wants them', (context) => {
  const { configuration, errors, notices } = readFolder(context, {
    'local.d/ratelimit.conf': `
      prefix = 123; expire = "1d"; whitelisted_rcpts = "a"; whitelisted_rcpts = "b";
      whitelisted_user = "u"; enabled = "yes"; servers = "127.0.0.1"; mode = "soft"; mode = "hard";
      rates { a { bucket = { burst = 1; rate = 1s } } }
      rates { b { bucket = [ { burst = "2k"; rate = 0.5 } ] } }`,
  });
  assert.deepEqual([errors, notices], [[], []]);
  assert.deepEqual(configuration.modules.get('ratelimit'), {
    enabled: true,
    prefix: '123',
    expire: 86_400,
    whitelisted_rcpts: ['a', 'b'],
    whitelisted_user: 'u',
    servers: '127.0.0.1',
    mode: 'soft',
    rates: {
      a: { bucket: [{ burst: 1, rate: 1 }] },
      b: { bucket: [{ burst: 2000, rate: 0.5 }] },
    },
  });
  assert.equal(configuration.sections.get('ratelimit')?.['servers'], '127.0.0.1');
});

test('every mistake is named with its place, in the order of the files', (context) => {
  const { errors } = readFolder(context, {
    'local.d/actions.conf': 'rejct = 3;\nadd_header = "many"',
    'local.d/groups.conf': 'group "g" { symbols { A { weihgt = 2 } } }',
    'local.d/composites.conf': 'C { policy = leav; expression = "A & B" }\nD { score = 1 }',
    'local.d/ratelimit.conf': `prefx = "RL"
rates { user { bucket = [ { burst = 1; rate = "1 / s" }, { burstt = 1; rate = true } ] } }
mode = maybe
ratelimit { rates { } }`,
    'local.d/options.inc': 'one_shot = perhaps\ntask_timout = 5s\ndns { timeout = fast }',
    'local.d/worker-proxy.inc': 'bind_socket = "*:99999"\nupstream "x" { }\nlog_tag_type = id',
    'local.d/broken.conf': 'x',
    'local.d/redis.conf': 'servrs = "h"',
    'modules.local.d/own.conf': 'ratelimitt { }\nratelimt { a = 1 }',
    'local.d/settings.conf': 'a = {',
  });
  assert.deepEqual(errors, [
    'local.d/actions.conf:1:1: actions.rejct: unknown action `rejct`, did you mean `reject`? (expected one of reject, soft_reject, rewrite_subject, add_header, greylist, no_action, quarantine, discard; a new one is a section { score = … })',
    'local.d/actions.conf:2:14: actions.add_header: no threshold (expected a number, null or a section { score = … })',
    'local.d/groups.conf:1:27: group.g.symbols.A.weihgt: unknown option `weihgt` (expected any_shot, description, enabled, group, groups, nshots, one_param, one_shot, score)',
    'local.d/composites.conf:1:14: composites.C.policy: unknown value `leav` (expected default, remove_all, remove, remove_symbol, remove_weight, leave, remove_none)',
    'local.d/composites.conf:2:3: composites.D.expression: is missing (expected text)',
    'local.d/ratelimit.conf:1:1: ratelimit.prefx: unknown option `prefx`, did you mean `prefix`?',
    'local.d/ratelimit.conf:2:58: ratelimit.rates.user.bucket[1].burst: is missing (expected a number)',
    'local.d/ratelimit.conf:2:60: ratelimit.rates.user.bucket[1].burstt: unknown option `burstt`, did you mean `burst`?',
    'local.d/ratelimit.conf:3:8: ratelimit.mode: unknown value `maybe` (expected hard, soft)',
    'local.d/ratelimit.conf:4:1: ratelimit.ratelimit: `ratelimit { … }` inside `ratelimit`: its content is not used (expected the options without the outer section)',
    'local.d/redis.conf:1:1: redis.servrs: unknown option `servrs`, did you mean `servers`?',
    'modules.local.d/own.conf:1:1: ratelimitt: unknown section `ratelimitt`, did you mean `ratelimit`?',
    'modules.local.d/own.conf:2:1: ratelimt: unknown section `ratelimt`, did you mean `ratelimit`?',
    'local.d/settings.conf:1:6: unexpected end of text (expected `}`)',
    'local.d/options.inc:1:12: options.one_shot: text does not fit (expected true or false)',
    'local.d/options.inc:2:1: options.task_timout: unknown option `task_timout`, did you mean `task_timeout`?',
    'local.d/options.inc:3:17: options.dns.timeout: text does not fit (expected a number)',
    'local.d/worker-proxy.inc:1:15: worker.rspamd_proxy.bind_socket[0]: port 99999 is above 65535: `*:99999`',
    'local.d/worker-proxy.inc:2:14: worker.rspamd_proxy.upstream.x: no hosts (expected hosts = "host:port", or self_scan = yes)',
    'local.d/worker-proxy.inc:3:16: worker.rspamd_proxy.log_tag_type: unknown value `id` (expected session, queue_id, none)',
  ]);
});

test('a wrong configuration is thrown with all its problems', async (context) => {
  const configDir = folder(context, { 'local.d/options.inc': 'a = 1; b = 2' });
  const options = { configDir, stateDir: folder(context, {}), variables: {}, checks, allowUnsupported: true };
  await assert.rejects(loadConfiguration(options), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.deepEqual(
      error.problems.map(({ path }) => path),
      ['options.a', 'options.b'],
    );
    return true;
  });
  await assert.rejects(
    loadConfiguration({ ...options, configDir: join(configDir, 'none') }),
    /there is no folder/,
  );
});

test('symbols, groups and their scores come from every place that may define them', (context) => {
  const { configuration, errors } = readFolder(
    context,
    {
      'local.d/groups.conf': `
        group "mine" { max_score = 5; min_score = -1; one_shot = true; symbols { A { weight = 1 } B = 2.5 } }
        group "headers" { symbols { A { score = 3; groups = ["extra"]; nshots = 4 } } max_score = 6 }`,
      'local.d/headers_group.conf':
        'symbols { H { weight = 1.5; description = "h"; one_shot = true; any_shot = true } }',
      'local.d/url_suspect_group.conf': 'max_score = 3',
      'local.d/metrics.conf':
        'symbol "M" { weight = 7 } group "old" { symbol "N" { score = 1 } } subject = "S %s"',
      'rspamd.conf.local': 'symbols { FREE { score = 2 } }',
    },
    { stateFiles: { 'dynamic/scores.conf': 'A = 9; D = -1;' } },
  );
  assert.deepEqual(errors, []);
  const { symbols, groups, subject } = configuration;
  assert.equal(symbols.get('A')?.score, 9);
  assert.deepEqual(symbols.get('A')?.groups, ['headers', 'extra', 'mine']);
  assert.equal(symbols.get('A')?.maxShots, 4);
  assert.equal(symbols.get('B')?.score, 2.5);
  assert.equal(symbols.get('D')?.score, -1);
  assert.equal(symbols.get('H')?.maxShots, 1);
  assert.equal(symbols.get('H')?.description, 'h');
  assert.equal(symbols.get('M')?.score, 7);
  assert.deepEqual(symbols.get('M')?.groups, ['ungrouped']);
  assert.deepEqual(symbols.get('N')?.groups, ['old']);
  assert.equal(symbols.get('FREE')?.score, 2);
  assert.equal(groups.get('headers')?.maxScore, 6);
  assert.equal(groups.get('url')?.maxScore, 3);
  assert.deepEqual(groups.get('mine'), {
    maxScore: 5,
    minScore: -1,
    oneShot: true,
    enabled: true,
    description: undefined,
  });
  assert.equal(subject, 'S %s');
});

test('what the controller saved beats local files and loses against overrides', (context) => {
  const { configuration } = readFolder(
    context,
    { 'local.d/actions.conf': 'reject = 20; add_header = 7', 'override.d/actions.conf': 'add_header = 8' },
    { stateFiles: { 'dynamic/actions.conf': 'reject = 30; add_header = 9; greylist = null; discard = 40' } },
  );
  const thresholds = Object.fromEntries(
    configuration.actions.map(({ name, threshold }) => [name, threshold]),
  );
  assert.equal(thresholds['reject'], 30);
  assert.equal(thresholds['add header'], 8);
  assert.equal(thresholds['greylist'], undefined);
  assert.equal(thresholds['discard'], 40);
});

test('custom actions, flags and thresholds in a surprising order', (context) => {
  const { configuration, errors, notices } = readFolder(context, {
    'local.d/actions.conf': `
      add_header = 16
      "rewrite subject" { score = 8; flags = ["ham"] }
      hold { score = 9; flags = ["no_threshold"]; milter = quarantine; priority = 3 }
      unknown_weight = 1; grow_factor = 1.1; subject = "[S] %s"`,
  });
  assert.deepEqual(errors, []);
  assert.deepEqual(notices, [
    'local.d/actions.conf:3:25: actions.rewrite_subject: the threshold 8 is not above that of `add header` (16)',
    'local.d/actions.conf:4:72: actions.hold.priority: means nothing here and is ignored',
    'actions.reject: the threshold 15 is not above that of `add header` (16)',
  ]);
  assert.deepEqual(configuration.actions.at(-1), {
    name: 'hold',
    threshold: 9,
    flags: new Set(['no_threshold']),
    milter: 'quarantine',
  });
  assert.deepEqual(
    [configuration.unknownWeight, configuration.growFactor, configuration.subject],
    [1, 1.1, '[S] %s'],
  );
});

test('the id changes with every effective value and with nothing else', (context) => {
  const idOf = (files?: Readonly<Record<string, string>>): string =>
    readFolder(context, files).configuration.id;
  const options = (text: string) => ({ 'local.d/options.inc': text });
  const ids = new Set([
    idOf(options('')),
    idOf(options('task_timeout = 9s')),
    idOf(options('max_message = 1k')),
    idOf({ 'local.d/actions.conf': 'reject = 16' }),
    idOf({ 'local.d/ratelimit.conf': 'prefix = x' }),
  ]);
  assert.equal(ids.size, 5);
  for (const id of ids) assert.match(id, /^[0-9a-f]{16}$/);
});

test('templates see the environment of the process under the names without prefix', (context) => {
  const { configuration } = readFolder(
    context,
    {
      'local.d/worker-normal.inc':
        'bind_socket = "{= env.ADDR | default "*" =}:{= env.PORT | default "1" =}"',
    },
    { environment: { RSPAMD_PORT: '2525', ADDR: 'no' } },
  );
  assert.equal(configuration.normal.sockets[0]?.text, '*:2525');
});
