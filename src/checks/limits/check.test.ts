import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import {
  type BuiltCheck,
  buildCheck,
  type CheckOptions,
  type LogLine,
  type TestMessage,
} from '../../../test/helpers/check-table.ts';
import { memoryMetrics, silentLog } from '../../../test/helpers/clock-and-metrics.ts';
import {
  type StoreDriver,
  startLmdbDriver,
  storeDrivers,
  temporaryFolder,
} from '../../../test/helpers/store-drivers.ts';
import { ConfigError, type Records, type Store, StoreError } from '../../core/index.ts';
import { createRecords, createStores } from '../../store/index.ts';
import { limits } from './check.ts';

const nowMs = Date.UTC(2026, 10, 22, 16, 30, 5);
const one = { messages: '1/h' };

let count = 0;
const freshPrefix = (): string => `test${++count}`;

describe('limits', () => {
  let driver: StoreDriver;
  let records: Records;
  let folder: string;
  let prefix = '';
  let clockMs = nowMs;
  before(async () => {
    driver = await startLmdbDriver();
    folder = temporaryFolder();
    records = createRecords({ stateDir: folder, log: silentLog });
  });
  beforeEach(() => {
    prefix = freshPrefix();
    clockMs = nowMs;
  });
  after(async () => {
    await driver.close();
    await records.close();
    rmSync(folder, { recursive: true });
  });
  const build = (config: object, options: CheckOptions = {}): Promise<BuiltCheck> =>
    buildCheck(
      limits,
      { prefix, ...config },
      { store: driver.store, records, now: () => clockMs, ...options },
    );
  /** What becomes of messages one after another: symbols, and the forced action with its text. */
  const send = async (config: object, messages: readonly TestMessage[], options: CheckOptions = {}) => {
    const check = await build(config, options);
    const outcomes: { symbols: readonly string[]; options: string; action: string; text: string }[] = [];
    for (const message of messages) {
      const { symbols, hits, preResults } = await check.run(message);
      const [forced] = preResults;
      const texts = hits.flatMap(({ options: said }) => said).join('; ');
      outcomes.push({ symbols, options: texts, action: forced?.action ?? '', text: forced?.message ?? '' });
    }
    await check.close();
    return outcomes;
  };
  const passed = async (config: object, messages: readonly TestMessage[]): Promise<string> =>
    (await send(config, messages)).map(({ symbols }) => (symbols.length === 0 ? '+' : '-')).join('');

  const script = 'X-PHP-Originating-Script: 33:form.php\n\nHello\n';
  const login = (name: string): TestMessage => ({ way: 'authenticated', envelope: { login: name } });
  const local = (raw: string): TestMessage => ({ way: 'local', raw });

  const exceeded = ['LIMIT_EXCEEDED'];
  for (const [what, config, message, symbols] of [
    ['inbound mail', { each: one }, { way: 'inbound' }, []],
    ['a login', { each: one }, { way: 'authenticated' }, exceeded],
    ['a login of the machine itself', { each: one }, { way: 'local', envelope: { login: 'app' } }, exceeded],
    ['local mail', { each: one }, { way: 'local' }, exceeded],
    ['a script', { kinds: { script: one } }, local(script), exceeded],
    ['a script, logins limited', { kinds: { login: one } }, local(script), []],
    ['a site', { kinds: { site: one } }, local('X-Source-Dir: example.com:/public\n\nx\n'), exceeded],
    [
      'a user of the machine',
      { kinds: { uid: one } },
      local(
        'Received: by mail.example (Postfix, from userid 33)\n\tid 1; Sun, 22 Nov 2026 10:00:00 +0000\n\nx\n',
      ),
      exceeded,
    ],
    ['a domain without login', { kinds: { domain: one } }, { way: 'local' }, exceeded],
    ['an address', { kinds: { ip: one } }, { way: 'local', from: '' }, exceeded],
    ['a script named by outsiders', { each: one }, { way: 'inbound', raw: script }, []],
    ['all local mail together', { local_pool: one }, { way: 'local' }, exceeded],
    ['a login, local mail limited', { local_pool: one }, { way: 'authenticated' }, []],
    ['the server as a whole', { pool: one }, { way: 'authenticated' }, exceeded],
    ['the server as a whole, inbound', { pool: one }, { way: 'inbound' }, []],
    ['a scan of rspamc', { each: one }, { way: 'authenticated', envelope: { userAgent: 'rspamc' } }, []],
    [
      'a scan of the controller',
      { each: one },
      { way: 'authenticated', envelope: { door: 'controller' } },
      [],
    ],
    ['a scan with a password', { each: one }, { way: 'authenticated', request: { Password: 'x' } }, []],
  ] as const)
    test(`the second message of ${what} gives ${symbols.join() || 'no symbol'}`, async () => {
      const [first, second] = await send(config, [message, message]);
      assert.deepEqual(first?.symbols, []);
      assert.deepEqual(second?.symbols, symbols);
      assert.equal(second?.action, symbols.length > 0 ? 'soft reject' : '');
    });

  test('a refusal names the limit, whose it is, and when to come back', async () => {
    const [, second] = await send({ each: one }, [login('Alice@Example.com'), login('alice@example.com')]);
    assert.deepEqual(second, {
      symbols: exceeded,
      options: 'login:alice@example.com messages/hour 1/1',
      action: 'soft reject',
      text: 'Sending limit reached: 1 messages per hour for alice@example.com; try again after 2026-11-22 17:31 UTC',
    });
  });

  for (const [what, config, message, text] of [
    [
      'help',
      { each: { messages: '0/d' }, help: 'see https://help.example' },
      login('a@x.example'),
      'Sending limit: no messages are allowed for a@x.example at present; see https://help.example',
    ],
    [
      'a pool',
      { pool: { recipients: '0/d' } },
      login('a@x.example'),
      'Sending limit: no recipients are allowed for this server as a whole at present',
    ],
    [
      'a domain',
      { domains: { 'x.example': { pool: { messages: '0/m' } } } },
      login('a@X.example'),
      'Sending limit: no messages are allowed for x.example as a whole at present',
    ],
    [
      'local mail',
      { local_pool: { messages: '0/m' } },
      { way: 'local' },
      'Sending limit: no messages are allowed for programs of this server together at present',
    ],
  ] as const)
    test(`a refusal speaks of ${what}`, async () => {
      assert.equal((await send(config, [message]))[0]?.text, text);
    });

  test('a message that can never fit is refused for good, and told so', async () => {
    const rcpts = ['a@y.example', 'b@y.example', 'c@y.example'];
    const [outcome] = await send({ each: { recipients: '2/d' } }, [{ ...login('a@x.example'), rcpts }]);
    assert.equal(outcome?.action, 'reject');
    assert.equal(
      outcome?.text,
      'Sending limit: 2 recipients per day for a@x.example, this message has 3; send it to fewer at a time',
    );
    const [soft] = await send({ each: { recipients: '2/d' }, oversized_action: 'soft reject' }, [
      { ...login('a@x.example'), rcpts },
    ]);
    assert.equal(soft?.action, 'soft reject');
  });

  test('with action "symbol" mail passes, is marked and goes on counting', async () => {
    const outcomes = await send({ each: one, action: 'symbol' }, [
      login('a@x.example'),
      login('a@x.example'),
      login('a@x.example'),
    ]);
    assert.deepEqual(
      outcomes.map(({ options, action }) => [options, action]),
      [
        ['', ''],
        ['login:a@x.example messages/hour 1/1', ''],
        ['login:a@x.example messages/hour 2/1', ''],
      ],
    );
  });

  test('with action "reject" mail is refused for good', async () => {
    const [, second] = await send({ each: one, action: 'reject' }, [login('a'), login('a')]);
    assert.equal(second?.action, 'reject');
  });

  const tenants = {
    acme: { members: ['acme.example', 'uid:1001', 'Boss@acme.example'], each: { messages: '2/h' } },
    other: { members: ['other.example'], pool: { messages: '3/h' } },
  };
  for (const [what, config, messages, expected] of [
    [
      'the sender before its domain',
      { senders: { 'a@x.example': { messages: '2/h' } }, domains: { 'x.example': { each: one } } },
      Array(3).fill(login('A@x.example')),
      '++-',
    ],
    [
      'the domain before its tenant',
      { tenants, domains: { 'acme.example': { each: one } } },
      Array(2).fill(login('a@acme.example')),
      '+-',
    ],
    ['the tenant before the server', { tenants, each: one }, Array(3).fill(login('a@acme.example')), '++-'],
    [
      'the kind before the server',
      { kinds: { login: { messages: '2/h' } }, each: one },
      Array(3).fill(login('a')),
      '++-',
    ],
    ['the server for the rest', { tenants, each: one }, Array(2).fill(login('a@else.example')), '+-'],
    [
      'each window from its own level',
      { senders: { a: { messages: '9/m' } }, each: { messages: '1/m 3/h' } },
      Array(4).fill(login('a')),
      '+++-',
    ],
    [
      'unlimited against a wider level',
      { senders: { a: { messages: 'unlimited' } }, each: one },
      Array(3).fill(login('a')),
      '+++',
    ],
    [
      'unlimited not against a pool',
      { senders: { a: { messages: 'unlimited' } }, pool: one },
      Array(2).fill(login('a')),
      '+-',
    ],
    [
      'the tenant of a user of the machine',
      { tenants: { acme: { members: 'uid:33', each: one } } },
      Array(2).fill(
        local('Received: by m (Postfix, from userid 33) id 1; Sun, 22 Nov 2026 10:00:00 +0000\n\nx\n'),
      ),
      '+-',
    ],
    [
      'a pool over its senders',
      { tenants },
      ['a', 'b', 'c', 'd'].map((name) => login(`${name}@other.example`)),
      '+++-',
    ],
    [
      'a tenant that a domain names',
      { tenants: { acme: { each: one } }, domains: { 'x.example': { tenant: 'acme' } } },
      Array(2).fill(login('a@x.example')),
      '+-',
    ],
    ['senders apart', { each: one }, [login('a'), login('b'), login('a')], '++-'],
    [
      'recipients',
      { each: { recipients: '3/h' } },
      [{ ...login('a'), rcpts: ['x@y', 'z@y'] }, { ...login('a'), rcpts: ['x@y', 'z@y'] }, login('a')],
      '+-+',
    ],
  ] as const)
    test(`inheritance: ${what}`, async () => {
      assert.equal(await passed(config, messages as readonly TestMessage[]), expected);
    });

  test('tables bring limits, tenants and members, and change while the server runs', async () => {
    const tables = mkdtempSync(join(tmpdir(), 'limits-'));
    after(() => rmSync(tables, { recursive: true }));
    const table = (name: string, text: string): string => {
      writeFileSync(join(tables, name), text);
      return join(tables, name);
    };
    const config = {
      tenant_map: table('tenants', 'acme each messages 2/h pool messages 3/h\n'),
      domain_map: table('domains', 'x.example messages 1/h\n'),
      sender_map: table(
        'senders',
        'bulk@x.example messages=unlimited recipients=5/h\nodd@x.example messages lots\n',
      ),
      member_map: table('members', 'acme.example acme\nscript:33:form.php acme\n'),
    };
    const log: LogLine[] = [];
    const check = await build(config, { log });
    const run = async (message: TestMessage): Promise<string> => {
      const { hits } = await check.run(message);
      return hits.map(({ options }) => options.join()).join();
    };
    assert.equal(await run(login('a@acme.example')), '');
    assert.equal(await run(login('a@acme.example')), '');
    assert.equal(await run(login('a@acme.example')), 'login:a@acme.example messages/hour 2/2');
    assert.equal(await run(local(script)), '');
    assert.equal(await run(local(script)), 'tenant:acme messages/hour 3/3');
    for (let i = 0; i < 5; i++) assert.equal(await run(login('bulk@x.example')), '');
    assert.equal(await run(login('bulk@x.example')), 'login:bulk@x.example recipients/hour 5/5');
    assert.equal(await run(login('odd@x.example')), '');
    assert.equal(await run(login('odd@x.example')), 'login:odd@x.example messages/hour 1/1');
    assert.deepEqual(
      log.filter(({ level }) => level === 'error').map(({ fields }) => fields['error']),
      ['"lots" is no amount such as 100/h, 5k/d or unlimited'],
    );
    await check.close();
  });

  test('a table of patterns gives members their tenant', async () => {
    const file = join(folder, 'members');
    writeFileSync(file, 'site:/home/acme/* acme\n*.acme.example acme\n');
    const config = { member_map: `glob;${file}`, tenants: { acme: { pool: { messages: '2/h' } } } };
    const site = local('X-Source-Dir: /home/acme/shop\n\nx\n');
    assert.equal(
      await passed(config, [site, login('a@mail.acme.example'), site, login('a@x.example')]),
      '++-+',
    );
  });

  for (const [what, message, counts] of [
    [
      'refused by its score',
      { hits: [{ name: 'A', score: 20, metricScore: 20, description: '', groups: [], options: [] }] },
      false,
    ],
    ['delayed by its score', { thresholds: { greylist: -1 } }, false],
    [
      'marked by its score',
      { hits: [{ name: 'A', score: 7, metricScore: 7, description: '', groups: [], options: [] }] },
      true,
    ],
  ] as const)
    test(`mail ${what} ${counts ? 'counts' : 'does not count'}`, async () => {
      const all = Array(3).fill({ ...login('a'), ...message }) as readonly TestMessage[];
      assert.equal(await passed({ each: one }, all), counts ? '+--' : '+++');
    });

  test('mail whose client leaves, or that runs out of time, does not stay noted', async () => {
    const check = await build({ each: one });
    const [before_] = check.units;
    const controller = new AbortController();
    const { testTask } = await import('../../../test/helpers/task.ts');
    const { task } = testTask(login('a'));
    Object.defineProperty(task, 'signal', { value: controller.signal });
    await before_?.run(task, () => assert.fail());
    controller.abort();
    await driver.store.check();
    assert.deepEqual((await check.run(login('a'))).symbols, []);
    await check.close();
  });

  for (const [what, config, expected] of [
    ['an amount that is none', { each: { messages: '100' } }, /needs its time/],
    ['an unknown option', { each: { mails: '100/h' } }, /mails/],
    ['an unknown kind', { kinds: { robot: one } }, /robot/],
  ] as const)
    test(`${what} is refused with its reason`, () => {
      const result = limits.config.safeParse(config);
      assert.match(JSON.stringify(result.error?.issues), expected);
    });

  for (const [what, config, expected] of [
    [
      'a member of two tenants',
      { tenants: { a: { members: 'x.example' }, b: { members: 'X.example' } } },
      /belongs to a already/,
    ],
    [
      'a tenant that nobody describes',
      { domains: { 'x.example': { tenant: 'none' } } },
      /there is no tenant none/,
    ],
  ] as const)
    test(`${what} is refused when the check is built`, async () => {
      await assert.rejects(
        build(config),
        (error) => error instanceof ConfigError && expected.test(error.message),
      );
    });

  test('without limits nothing runs and nothing is offered', async () => {
    const check = await build({});
    assert.deepEqual([check.units.length, check.services], [0, {}]);
  });

  describe('with a dead store', () => {
    const dead = (): Store => {
      const stores = createStores({
        redis: { servers: '/nonexistent/redis.sock' },
        stateDir: '/nonexistent',
        log: silentLog,
        metrics: memoryMetrics(),
        clock: Date,
      });
      after(() => stores.close());
      return stores.forModule('limits', undefined);
    };

    test('the failure is the engine’s, which tells the sender to try later', async () => {
      const check = await build({ each: one }, { store: dead() });
      await assert.rejects(check.run(login('a')), StoreError);
    });

    test('mail passes with a symbol if the operator says so', async () => {
      const [outcome] = await send({ each: one, on_store_failure: 'accept' }, [login('a')], {
        store: dead(),
      });
      assert.deepEqual([outcome?.symbols, outcome?.action], [['LIMIT_UNCHECKED'], '']);
    });
  });
});

for (const [name, start] of storeDrivers())
  describe(`administration of limits in ${name}`, () => {
    let driver: StoreDriver;
    let records: Records;
    let folder: string;
    let clockMs = nowMs;
    before(async () => {
      driver = await start();
      folder = temporaryFolder();
      records = createRecords({ stateDir: folder, log: silentLog });
      clockMs = driver.clock.now();
    });
    after(async () => {
      await driver.close();
      await records.close();
      rmSync(folder, { recursive: true });
    });
    const build = (
      config: Readonly<Record<string, unknown>>,
      store: Store = driver.store,
    ): Promise<BuiltCheck> => buildCheck(limits, config, { store, records, now: () => clockMs });
    const person = { owner: 'ops', origin: '127.0.0.1', reason: 'ticket 7' };
    const login = (user: string): TestMessage => ({ way: 'authenticated', envelope: { login: user } });

    test('the effective limit of every window is shown with its source and what is used', async () => {
      const prefix = freshPrefix();
      const check = await build({
        prefix,
        each: { messages: '10/m 50/h', recipients: '100/d' },
        tenants: { acme: { members: ['x.example'], pool: { messages: '5/h' } } },
        domains: { 'x.example': { each: { messages: '20/m' } } },
        senders: { 'a@x.example': { recipients: 'unlimited/d 7/h' } },
      });
      const rcpts = ['b@y.example', 'c@y.example'];
      await check.run({ ...login('a@x.example'), rcpts });
      const report = await check.services.limits?.show('A@X.example');
      assert.ok(report);
      assert.deepEqual(
        [report.subject, report.domain, report.tenant],
        ['login:a@x.example', 'x.example', 'acme'],
      );
      assert.deepEqual(
        report.scopes.map(({ subject, role, windows }) => [
          subject,
          role,
          ...windows.map(({ limit, used, source }) => `${used}/${limit} ${source}`),
        ]),
        [
          [
            'login:a@x.example',
            'sender',
            '1/20 domain x.example',
            '1/50 server',
            '1/null null',
            '2/null null',
            '2/7 senders',
            '2/null senders',
          ],
          [
            'tenant:acme',
            'pool',
            '1/null null',
            '1/5 tenant acme',
            '1/null null',
            '2/null null',
            '2/null null',
            '2/null null',
          ],
        ],
      );
      const pool = await check.services.limits?.show('tenant:acme');
      assert.deepEqual(
        pool?.scopes.map(({ subject }) => subject),
        ['tenant:acme'],
      );
      await check.close();
    });

    test('an exception holds, is shown, ends by itself or is ended, and all of it is in the audit trail', async () => {
      const prefix = freshPrefix();
      const check = await build({ prefix, each: { messages: '1/h' } });
      const service = check.services.limits;
      assert.ok(service);
      const subject = 'b@x.example';
      const run = async (): Promise<number> => (await check.run(login(subject))).symbols.length;
      assert.deepEqual([await run(), await run()], [0, 1]);
      const made = await service.except({ ...person, subject, messages: '2/h', untilMs: clockMs + 60_000 });
      assert.deepEqual(made.limits, [{ counts: 'messages', window: 'hour', limit: 2 }]);
      assert.deepEqual([await run(), await run()], [0, 1]);
      const [hour] = (await service.show(subject)).scopes[0]!.windows.slice(1);
      assert.deepEqual(
        [
          hour?.limit,
          hour?.source,
          hour?.exception?.owner,
          hour?.exception?.reason,
          hour?.exception?.untilMs,
        ],
        [2, 'exception', 'ops', 'ticket 7', clockMs + 60_000],
      );
      assert.deepEqual(
        (await service.exceptions()).map(({ id }) => id),
        [made.id],
      );
      const second = await service.except({
        ...person,
        subject,
        messages: 'unlimited/h',
        untilMs: clockMs + 5000,
      });
      assert.equal(await run(), 0);
      assert.deepEqual(await service.revoke({ ...person, reason: 'no longer', subject, id: second.id }), [
        second.id,
      ]);
      assert.equal(await run(), 1);
      await service.reset({ ...person, reason: 'stuck client', subject });
      assert.deepEqual([await run(), await run(), await run()], [0, 0, 1]);
      clockMs += 60_000;
      assert.deepEqual(await service.exceptions(), []);
      assert.equal((await service.show(subject)).scopes[0]?.windows[1]?.source, 'server');
      const trail = await records.audit({ area: 'limits', subject: `login:${subject}`, maxRows: 10 });
      assert.deepEqual(
        trail.map(({ verb, owner, origin, reason }) => [verb, owner, origin, reason]),
        [
          ['reset', 'ops', '127.0.0.1', 'stuck client'],
          ['revoke', 'ops', '127.0.0.1', 'no longer'],
          ['except', 'ops', '127.0.0.1', 'ticket 7'],
          ['except', 'ops', '127.0.0.1', 'ticket 7'],
        ],
      );
      assert.deepEqual(trail[0]?.details, {
        used: {
          'messages/minute': 3,
          'messages/hour': 3,
          'messages/day': 3,
          'recipients/minute': 3,
          'recipients/hour': 3,
          'recipients/day': 3,
        },
      });
      assert.deepEqual(trail[2]?.details, { id: second.id, messages: 'unlimited/h' });
      await check.close();
    });

    test('what is no change is refused with a reason, and leaves no trace', async () => {
      const check = await build({ prefix: freshPrefix(), each: { messages: '1/h' } });
      const service = check.services.limits;
      assert.ok(service);
      const subject = 'never@x.example';
      const untilMs = clockMs + 1000;
      for (const [change, expected] of [
        [{ messages: '5/h', untilMs: clockMs }, /over already/],
        [{ messages: '5/h', untilMs: clockMs + 400 * 86_400_000 }, /a year at most/],
        [{ messages: '5', untilMs }, /needs its time/],
        [{ untilMs }, /needs messages or recipients/],
        [{ messages: '5/h', untilMs, owner: ' ' }, /an owner is needed/],
        [{ messages: '5/h', untilMs, reason: '' }, /a reason is needed/],
        [{ messages: '5/h', untilMs, subject: '@x.example' }, /has no limits/],
        [{ messages: '5/h', untilMs, subject: '' }, /a sender is expected/],
        [{ messages: '5/h', untilMs: Number.NaN }, /over already/],
      ] as const)
        await assert.rejects(service.except({ ...person, subject, ...change }), expected);
      await assert.rejects(service.revoke({ ...person, subject }), /has no such exception/);
      await assert.rejects(service.reset({ ...person, subject, reason: '' }), /a reason is needed/);
      assert.deepEqual(await records.audit({ area: 'limits', subject: `login:${subject}`, maxRows: 10 }), []);
      await check.close();
    });

    test('exceptions that a crashed machine lost come back from the audit trail, those that ended do not', async () => {
      const prefix = freshPrefix();
      const first = await build({ prefix, each: { messages: '0/h' } });
      const service = first.services.limits;
      assert.ok(service);
      const make = (subject: string, untilMs: number) =>
        service.except({ ...person, subject, messages: '3/h', untilMs });
      const kept = await make('kept@crash.example', clockMs + 90_000);
      await make('over@crash.example', clockMs + 10);
      await make('ended@crash.example', clockMs + 90_000);
      await service.revoke({ ...person, subject: 'ended@crash.example' });
      await first.close();
      clockMs += 20;
      // A prefix of its own is a store that has lost everything.
      const check = await build({ prefix: freshPrefix(), each: { messages: '0/h' } });
      const found = async (): Promise<readonly string[]> =>
        ((await check.services.limits?.exceptions()) ?? [])
          .filter(({ subject }) => subject.includes('crash'))
          .map(({ id }) => id);
      for (let i = 0; i < 50 && (await found()).length === 0 && driver.redis === undefined; i++)
        await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(await found(), driver.redis === undefined ? [kept.id] : []);
      await check.close();
    });
  });
