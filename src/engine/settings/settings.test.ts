import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import {
  type LogLine,
  noMetrics,
  recordingLog,
  type TestMessage,
  testTask,
} from '../../../test/helpers/check-table.ts';
import type {
  AppliedSettings,
  ConfigPath,
  MapHandle,
  Maps,
  Section,
  SourcePosition,
} from '../../core/index.ts';
import { type CheckDefinition, ConfigError, defineCheck } from '../../core/index.ts';
import { parseIp } from '../../lib/index.ts';
import { createMaps, type LiveMaps } from '../../maps/index.ts';
import { createSelectors } from '../../selectors/index.ts';
import { compileSettings, type Settings } from './index.ts';

const lines: LogLine[] = [];
const maps = liveMaps();
maps.open({ data: ['192.0.2.0/24', '10.0.0.0/8'], selector_alias: 'nets' }, 'radix', {
  description: '',
  path: [],
});
maps.open({ data: ['vip@example.com'], selector_alias: 'vips' }, 'set', { description: '', path: [] });

function liveMaps(): LiveMaps {
  return createMaps({
    options: {
      mapWatchIntervalMs: 1000,
      mapFileWatchMultiplier: 1,
      maps: { connectTimeoutMs: 1, readTimeoutMs: 1 },
      httpAuth: undefined,
    },
    stateDir: '/nonexistent',
    log: recordingLog(lines),
    clock: { now: () => 0 },
    metrics: noMetrics,
    mode: 'check',
    position: place,
  });
}

function place(path: ConfigPath): SourcePosition | undefined {
  return path.length <= 3 ? { file: 'settings.conf', line: path.length, column: 1 } : undefined;
}

function compile(
  settings: Section | string | undefined,
  withMaps: Maps = maps,
  directions: { inbound?: Section; outbound?: Section } = {},
): Settings {
  return compileSettings({
    configuration: {
      settings,
      directions: { inbound: directions.inbound, outbound: directions.outbound },
      groups: new Map([['mine', { maxScore: undefined }]]) as never,
      position: place,
    },
    checks: [listed],
    maps: withMaps,
    selectors: createSelectors({ maps: withMaps, position: place }),
    log: recordingLog(lines),
  });
}

const listed = defineCheck({
  name: 'listed',
  summary: 'for a test',
  group: 'rbl',
  stage: 'filter',
  direction: 'both',
  needs: [],
  config: z.strictObject({}),
  symbols: { LISTED: { description: 'for a test', groups: ['surbl'] } },
  create: () => undefined,
}) as unknown as CheckDefinition;

async function resolve(settings: Settings, message: TestMessage = {}): Promise<AppliedSettings | undefined> {
  return settings.resolve(testTask(message).task);
}

/** Does a rule with these conditions match? */
async function matches(rule: Section, message: TestMessage = {}): Promise<boolean> {
  return (await resolve(compile({ rule: { ...rule, apply: { A: 1 } } }), message)) !== undefined;
}

const vip: TestMessage = { way: 'authenticated', from: 'VIP@Example.com', rcpts: ['a@one.org', 'b@two.org'] };
const fromPort: TestMessage = {
  envelope: { scannerClientIp: parseIp('10.0.0.9'), clientIp: parseIp('192.0.2.1') },
};
const headed: TestMessage = {
  raw: 'X-One: first\nX-One: second value\nContent-Type: text/plain\nFrom: vip@example.com\nTo: a@one.org\nCc: c@three.org\n\n',
  request: { 'MTA-Tag': 'out.example.net', Queue: 'q' },
};

test('every condition matches what it names and nothing else', async () => {
  const table: [rule: Section, message: TestMessage, isMatch: boolean][] = [
    [{ ip: '198.51.100.7' }, {}, true],
    [{ ip: '198.51.100.0/24' }, {}, true],
    [{ ip: ['192.0.2.1', '198.51.100.7'] }, {}, true],
    [{ ip: '198.51.100.8' }, {}, false],
    [{ ip: 'map:nets' }, {}, false],
    [{ ip: 'map:nets' }, fromPort, true],
    [{ ip: '0.0.0.0/0' }, { envelope: { clientIp: undefined } }, false],
    [{ ip_map: ['198.51.100.0/24'] }, {}, true],
    [{ client_ip: '10.0.0.0/8' }, fromPort, true],
    [{ client_ip: '10.0.0.0/8' }, {}, false],
    [{ client_ip_map: ['10.0.0.0/8'] }, fromPort, true],
    [{ client_ip_map: ['192.0.2.0/24'], ip_map: ['192.0.2.0/24'] }, fromPort, false],
    [{ from: 'sender@example.com' }, {}, true],
    [{ from: 'SENDER@EXAMPLE.COM' }, {}, true],
    [{ from: '@example.com' }, vip, true],
    [{ from: 'vip' }, vip, true],
    [{ from: 'vip@' }, vip, false],
    [{ from: '/^v.p@/i' }, vip, true],
    [{ from: 'map:vips' }, vip, true],
    [{ from: ['x@y.z', 'map:vips'] }, {}, false],
    [{ from: '@example.com' }, { from: '' }, false],
    [{ from: '@example.com' }, { envelope: { sender: undefined } }, false],
    [{ rcpt: '@two.org' }, vip, true],
    [{ rcpt: ['@three.org', 'a@one.org'] }, vip, true],
    [{ rcpt: '@three.org' }, vip, false],
    [{ from_mime: 'vip@example.com' }, headed, true],
    [{ rcpt_mime: '@three.org' }, headed, true],
    [{ rcpt_mime: '@two.org' }, headed, false],
    [{ user: 'sender' }, vip, true],
    [{ user: '@example.com' }, vip, true],
    [{ user: 'sender@example.com' }, {}, false],
    [{ user: 'app' }, { envelope: { login: 'app' } }, true],
    [{ hostname: 'MX.example.com' }, {}, true],
    [{ hostname: '/\\.example\\.com$/' }, {}, true],
    [{ hostname: '/^$/' }, vip, true],
    [{ authenticated: true }, vip, true],
    [{ authenticated: true }, {}, false],
    [{ authenticated: false }, {}, true],
    [{ authenticated: false }, vip, false],
    [{ local: true }, { way: 'local' }, true],
    [{ local: true }, vip, false],
    [{ local: false }, vip, true],
    [{ local: false }, { way: 'local' }, false],
    [{ request_header: { 'mta-tag': '\\.example\\.net$' } }, headed, true],
    [{ request_header: { 'mta-tag': '/^OUT/i' } }, headed, true],
    [{ request_header: { 'mta-tag': true, None: false } }, headed, true],
    [{ request_header: { None: true } }, headed, false],
    [{ header: { 'x-one': '/second/' } }, headed, true],
    [{ header: { 'x-one': ['/third/', 'first'] } }, headed, true],
    [{ header: [{ 'x-one': true }, { 'x-two': false }] }, headed, true],
    [{ header: { 'x-two': true } }, headed, false],
    [{ selector: "user.in('sender@example.com')" }, vip, true],
    [{ selector: "user.in('other')" }, vip, false],
    [{ selector: 'user; helo', delimiter: '-' }, vip, true],
    [{ authenticated: true, rcpt: '@two.org' }, vip, true],
    [{ authenticated: true, rcpt: '@none.org' }, vip, false],
    [{ authenticated: true, rcpt: '@none.org', inverse: true }, vip, false],
    [{ local: true, rcpt: '@none.org', inverse: true }, vip, true],
    [{ local: true, rcpt: '@two.org', expression: 'rcpt & !local' }, vip, true],
    [{ local: true, rcpt: '@two.org', expression: 'rcpt & local' }, vip, false],
    [
      {
        header: { 'X-One': true, 'Content-Type': '/html/' },
        expression: 'header:X-One & !header:content_type',
      },
      headed,
      true,
    ],
    [
      { header: { 'X-One': true, 'Content-Type': '/html/' }, expression: 'header:1 & header:2' },
      headed,
      false,
    ],
    [{}, vip, false],
    [{ authenticated: true, enabled: false }, vip, false],
    [{ authenticated: true, disabled: true }, vip, false],
    [{ authenticated: true, disabled: false, priority: 0 }, vip, false],
  ];
  for (const [rule, message, isMatch] of table) {
    assert.equal(await matches(rule, message), isMatch, JSON.stringify(rule));
  }
});

test('the highest level with a match decides, and the rules of one level are merged', async () => {
  const settings = compile({
    b_second: {
      authenticated: true,
      priority: 'high',
      apply: {
        actions: { reject: 30 },
        symbols_disabled: ['ONE'],
        groups_enabled: ['g'],
        symbols: { S: { score: 2 } },
        plugins: { ratelimit: { b: 2 } },
        subject: 'second',
      },
      symbols: ['MATCHED'],
    },
    a_first: {
      authenticated: true,
      priority: 3,
      apply: {
        actions: { reject: 20, greylist: null },
        symbols_enabled: ['ONE', 'TWO'],
        symbols: ['T'],
        OLD_FORM: 4,
        scores: { X: 1 },
        flags: ['no_log'],
        plugins: { ratelimit: { a: 1 }, dkim: {} },
        policy: 'implicit_allow',
        subject: 'first',
      },
    },
    low: { authenticated: true, apply: { actions: { reject: 1 } } },
  });
  const applied = await resolve(settings, vip);
  assert.equal(applied?.id, 'b_second');
  assert.deepEqual(applied?.apply, {
    symbols_enabled: ['TWO'],
    symbols_disabled: ['ONE'],
    groups_enabled: ['g'],
    actions: { reject: 30, greylist: null },
    scores: { OLD_FORM: 4, X: 1 },
    flags: ['no_log'],
    plugins: { ratelimit: { a: 1, b: 2 }, dkim: {} },
    policy: 'implicit_allow',
    subject: 'second',
    symbols: { S: { score: 2 }, T: 1, MATCHED: 1 },
  });
  // The same rules are the same object, which is what the engine compiles once.
  assert.equal((await resolve(settings, vip))?.apply, applied?.apply);
  assert.equal(await resolve(settings, {}), undefined);
  assert.deepEqual(settings.ids, ['b_second', 'a_first', 'low']);
  assert.deepEqual([...settings.symbols].sort(), ['MATCHED', 'S', 'T']);
});

test('a rule that only inserts symbols leaves the decision to lower levels', async () => {
  const settings = compile({
    mark: { priority: 'high', authenticated: true, symbols: ['MARK'] },
    low: { authenticated: true, apply: { actions: { reject: 1 } } },
  });
  assert.deepEqual((await resolve(settings, vip))?.apply, { actions: { reject: 1 }, symbols: ['MARK'] });
  const only = compile({ mark: { authenticated: true, symbols: 'MARK' } });
  assert.deepEqual((await resolve(only, vip))?.apply, { symbols: ['MARK'] });
});

test('whitelist and want_spam skip the filters', async () => {
  for (const rule of [{ whitelist: true }, { want_spam: true }, { whitelist: true, apply: { A: 1 } }]) {
    const settings = compile({ rule: { authenticated: true, ...rule } });
    assert.equal((await resolve(settings, vip))?.apply['whitelist'], true);
  }
});

test('settings of a request stand between rules of higher and of the same priority', async () => {
  const settings = compile({
    top: { priority: 'high', rcpt: '@two.org', apply: { actions: { reject: 99 } } },
    low: { rcpt: '@one.org', apply: { actions: { reject: 1 } } },
    by_id: { id: 'outbound', priority: 2, apply: { actions: { reject: 50, 'add header': 5 } } },
    very_top: { priority: 10, rcpt: '@three.org', apply: { actions: { reject: 77 } } },
  });
  const reject = async (envelope: Required<TestMessage>['envelope'], rcpts = ['x@one.org'], request = {}) =>
    (await resolve(settings, { envelope, rcpts, request }))?.apply['actions'];
  assert.deepEqual(await reject({}), { reject: 1 });
  assert.deepEqual(await reject({ settings: '{"actions":{"reject":7}}' }), { reject: 7 });
  assert.deepEqual(await reject({ settings: 'actions { reject = 8; }' }), { reject: 8 });
  assert.deepEqual(await reject({ settings: { actions: { reject: 9 } } }), { reject: 9 });
  assert.deepEqual(await reject({ settings: '{"actions":{"reject":7}}' }, ['x@two.org']), { reject: 99 });
  assert.deepEqual(await reject({ settingsId: 'outbound' }), { reject: 50, 'add header': 5 });
  assert.deepEqual(await reject({ settingsId: 'outbound' }, ['x@two.org']), { reject: 99 });
  assert.deepEqual(await reject({ settingsId: 'very_top' }, ['x@two.org']), { reject: 77 });
  assert.deepEqual(await reject({ settingsId: 'none' }), { reject: 1 });
  assert.deepEqual(await reject({ settingsId: 'outbound', settings: '{"actions":{}}' }), {});
  assert.deepEqual(await reject({ settings: '{"actions": ' }), { reject: 1 });
  assert.deepEqual(await reject({ settings: '[1]' }), { reject: 1 });
  assert.deepEqual(await reject({}, undefined, { Maxscore: '12', Softscore: '4.5' }), {
    reject: 12,
    'add header': 4.5,
  });
  assert.deepEqual(await reject({}, undefined, { Softscore: '4' }), { 'add header': 4 });
  assert.deepEqual(await reject({}, undefined, { Maxscore: 'x' }), { reject: 1 });
});

test('a score limit sent with an id is forgotten with the message', async () => {
  const settings = compile({ out: { apply: { actions: { 'add header': 5 } } } });
  const ask = async (request: Record<string, string>) =>
    (await resolve(settings, { envelope: { settingsId: 'out' }, request }))?.apply['actions'];
  assert.deepEqual(await ask({ Maxscore: '12', Softscore: '3' }), { reject: 12, 'add header': 5 });
  assert.deepEqual(await ask({}), { 'add header': 5 });
});

test('rule symbols are not inserted for a rule that its id selected', async () => {
  const settings = compile({ out: { authenticated: true, apply: { A: 1 }, symbols: ['MARK'] } });
  assert.deepEqual((await resolve(settings, { envelope: { settingsId: 'out' } }))?.apply, {
    scores: { A: 1 },
  });
  assert.deepEqual((await resolve(settings, vip))?.apply, { scores: { A: 1 }, symbols: ['MARK'] });
});

test('the same text of settings is one object, and an empty list stays a list', async () => {
  const settings = compile(undefined);
  const message: TestMessage = { envelope: { settings: '{"symbols_enabled":[]}' } };
  const first = await resolve(settings, message);
  assert.deepEqual(first?.apply, { symbols_enabled: [] });
  assert.equal((await resolve(settings, message))?.apply, first?.apply);
  assert.equal(settings.resolve(testTask({}).task), undefined);
});

test('parts of a request that make no sense are left out and told', async () => {
  lines.length = 0;
  const settings = compile(undefined);
  const text = '{"flags":["skip","fly"],"colour":"red","SYM":2,"policy":"none","symbols":7}';
  assert.deepEqual((await resolve(settings, { envelope: { settings: text } }))?.apply, {
    flags: ['skip'],
    scores: { SYM: 2 },
  });
  assert.equal(lines.filter((line) => line.level === 'warn').length, 4);
  assert.equal(await resolve(settings, { envelope: { settings: `"${'x'.repeat(70_000)}"` } }), undefined);
});

test('an external map gives the settings of a key', async () => {
  const asked: string[] = [];
  const withMaps: Maps = {
    ...maps,
    all: [],
    byAlias: () => undefined,
    ready: async () => {},
    close: async () => {},
    open: (): MapHandle => ({
      id: 1,
      kind: 'hash',
      description: '',
      sources: [],
      isLoaded: true,
      isExternal: true,
      entryCount: 0,
      hitCount: 0,
      lookup: () => undefined,
      lookupAll: () => [],
      async ask(key) {
        asked.push(String(key));
        return key === 'sender@example.com' ? 'actions { reject = 3; } nonsense = x;' : undefined;
      },
      text: () => undefined,
      onChange() {},
      demand: async () => undefined,
    }),
  };
  const settings = compile(
    {
      ext: {
        authenticated: true,
        external_map: { map: 'http://localhost/', selector: 'user.lower' },
        symbols: ['EXT'],
      },
    },
    withMaps,
  );
  assert.deepEqual((await resolve(settings, vip))?.apply, { actions: { reject: 3 }, symbols: ['EXT'] });
  const other = await resolve(settings, { envelope: { login: 'Other' } });
  assert.deepEqual(other?.apply, { symbols: ['EXT'] });
  assert.deepEqual(asked, ['sender@example.com', 'other']);
});

test('what is wrong with a rule is told with its place', () => {
  const table: [rule: Section, message: RegExp][] = [
    [{ colour: 'red', apply: { A: 1 } }, /settings\.rule\.colour: unknown option "colour"/],
    [{ apply: { colour: 'red' } }, /settings\.rule\.apply\.colour: unknown option/],
    [{ apply: { flags: ['fly'] } }, /unknown flag "fly"/],
    [{ apply: { policy: 'none' } }, /unknown policy/],
    [{ apply: { actions: [] } }, /actions: object expected/],
    [{ apply: { scores: { A: 'x' } } }, /scores\.A: number expected/],
    [{ apply: { symbols_enabled: 3 } }, /list of names/],
    [{ apply: 3 }, /object expected/],
    [{ ip: '10.0.0.300', apply: {} }, /bad address/],
    [{ ip: 'map:ftp://x', apply: {} }, /no map/],
    [{ from: 'map:nobody', apply: {} }, /no map is called "nobody"/],
    [{ from: '/(a/', apply: {} }, /bad expression at character/],
    [{ from: { a: 1 }, apply: {} }, /text expected/],
    [{ header: 'X', apply: {} }, /object expected/],
    [{ selector: 'nothing', apply: {} }, /unknown selector/],
    [{ authenticated: 'x', apply: {} }, /yes or no/],
    [
      { authenticated: true, expression: 'local', apply: {} },
      /no condition is called "local" \(there are: authenticated\)/,
    ],
    [{ authenticated: true, expression: 'authenticated &', apply: {} }, /bad expression/],
    [{ authenticated: true, priority: 'urgent', apply: {} }, /bad priority/],
    [{ authenticated: true }, /does nothing/],
    [{ external_map: { map: 'http://x/' } }, /bad external_map/],
    [{ external_map: { map: 'http://x/', selector: 'user', extra: 1 } }, /unknown option "extra"/],
  ];
  for (const [rule, message] of table) {
    assert.throws(
      () => compile({ rule }),
      (error) =>
        error instanceof ConfigError &&
        message.test(error.message) &&
        /^settings\.conf:[123]:1: /.test(error.message),
      JSON.stringify(rule),
    );
  }
  assert.throws(
    () => compile({ a: { id: 'x', apply: {} }, b: { id: 'x', apply: {} } }),
    /two rules have the id/,
  );
  assert.throws(() => compile({ a: 1 }), /must be an object/);
  assert.throws(() => compile({ a: [{ apply: {} }, { apply: {} }] }), /there twice/);
});

test('rules can come from a map, which is read again and cannot set ids', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'settings-'));
  const fromFile = liveMaps();
  t.after(async () => {
    await fromFile.close();
    await rm(dir, { recursive: true, force: true });
  });
  const path = join(dir, 'settings.ucl');
  await writeFile(path, 'settings { a { authenticated = yes; apply { actions { reject = 1; } } } }');
  const settings = compile(path, fromFile);
  await fromFile.ready();
  assert.deepEqual((await resolve(settings, vip))?.apply, { actions: { reject: 1 } });
  assert.deepEqual(settings.ids, []);

  lines.length = 0;
  await writeFile(path, 'a { id = x; authenticated = yes; apply { actions { reject = 2; } } } # longer');
  await fromFile.refresh();
  assert.deepEqual((await resolve(settings, vip))?.apply, { actions: { reject: 1 } });
  assert.match(JSON.stringify(lines), /cannot have an id/);

  await writeFile(path, 'a { authenticated = yes; apply { actions { reject = 3; } } } # another length');
  await fromFile.refresh();
  assert.deepEqual((await resolve(settings, vip))?.apply, { actions: { reject: 3 } });
});

test('a direction has settings of its own without conditions', async () => {
  const settings = compile(undefined, maps, {
    inbound: { actions: { reject: 12 } },
    outbound: {
      actions: { reject: 8, greylist: null },
      groups: { rbl: false, surbl: { enabled: false } },
      checks: { listed: { enabled: false } },
      symbols: ['OURS'],
    },
  });
  assert.deepEqual((await resolve(settings))?.apply, { actions: { reject: 12 } });
  const outbound = {
    actions: { reject: 8, greylist: null },
    groups_disabled: ['rbl', 'surbl'],
    checks_disabled: ['listed'],
    symbols: ['OURS'],
  };
  for (const way of ['authenticated', 'local'] as const)
    assert.deepEqual((await resolve(settings, { way }))?.apply, outbound, way);
  assert.deepEqual(settings.symbols, ['OURS']);
  assert.equal(
    await resolve(compile(undefined, maps, { inbound: { enabled: false, subject: 'x' } })),
    undefined,
  );
});

test('rules and requests stand above the settings of the direction', async () => {
  const settings = compile(
    { vips: { from: 'vip', apply: { actions: { reject: 99 }, flags: ['no_log'] } } },
    maps,
    {
      outbound: { actions: { reject: 8, add_header: 4 }, checks: { listed: false } },
    },
  );
  const first = await resolve(settings, vip);
  assert.deepEqual(first, {
    id: 'vips',
    apply: { actions: { reject: 99, add_header: 4 }, checks_disabled: ['listed'], flags: ['no_log'] },
  });
  const again = await resolve(settings, vip);
  assert.equal(first?.apply, again?.apply, 'the same object, which is compiled once');
  const asked = await resolve(settings, { way: 'local', envelope: { settings: '{"actions":{"reject":5}}' } });
  assert.deepEqual(asked?.apply['actions'], { reject: 5, add_header: 4 });
});

test('names that do not exist in the settings of a direction are refused', () => {
  const refuses = (outbound: Section, pattern: RegExp): void => {
    assert.throws(() => compile(undefined, maps, { outbound }), pattern);
  };
  refuses({ checks: { lsited: false } }, /there is no check "lsited"/);
  refuses({ groups: { unheard_of: false } }, /there is no group "unheard_of"/);
  refuses({ checks: { listed: true } }, /everything that is not switched off runs/);
  refuses({ checks: { listed: { rbls: [] } } }, /"rbls" cannot differ by direction/);
  refuses({ checks: ['listed'] }, /object expected/);
  refuses({ action: { reject: 1 } }, /unknown option "action"/);
});
