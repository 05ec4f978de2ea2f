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
  testTask,
} from '../../../test/helpers/check-table.ts';
import { memoryMetrics } from '../../../test/helpers/clock-and-metrics.ts';
import { type StoreDriver, startLmdbDriver, storeDrivers } from '../../../test/helpers/store-drivers.ts';
import {
  ConfigError,
  type Hit,
  type PreResult,
  type Store,
  StoreError,
  type Task,
} from '../../core/index.ts';
import { createStores } from '../../store/index.ts';
import { ratelimit } from './check.ts';

const plain = (burst: number | string, rate: number | string = '1 / 1d', more: object = {}) => ({
  bucket: { burst, rate, ...more },
});

/** A message with its two stages apart, so that several can be under way. */
function begin(check: BuiltCheck, message: TestMessage = {}) {
  const made = testTask({ way: 'authenticated', startedMs: nowMs, ...message });
  const symbols: string[] = [];
  const insert = (symbol: string, _weight?: number, ...options: readonly string[]) => {
    symbols.push(`${symbol}:${options.join()}`);
  };
  const [first, second] = check.units;
  return {
    ...made,
    symbols,
    check: async () => first?.run(made.task, insert),
    update: async () => second?.run(made.task, insert),
  };
}

let nowMs = 1_700_000_000_000;

function hit(name: string, score: number): Hit {
  return { name, score, metricScore: score, description: undefined, groups: [], options: [] };
}

const refusal = (preResults: readonly PreResult[]): string | undefined => preResults[0]?.message;

for (const [name, start] of storeDrivers())
  describe(`ratelimit over ${name}`, () => {
    let driver: StoreDriver;
    const open: BuiltCheck[] = [];
    let prefix = 0;
    const build = async (config: object, options: CheckOptions = {}): Promise<BuiltCheck> => {
      const whole = { prefix: `T${prefix}`, lfb_cache_prefix: `T${prefix}cache`, ...config };
      const check = await buildCheck(ratelimit, whole, {
        store: driver.store,
        now: () => nowMs,
        ...options,
      });
      open.push(check);
      return check;
    };
    /** Runs messages one after the other through both stages; gives the texts of refusals. */
    const send = async (
      check: BuiltCheck,
      messages: readonly TestMessage[],
    ): Promise<(string | undefined)[]> => {
      const texts: (string | undefined)[] = [];
      for (const message of messages) {
        const one = begin(check, message);
        await one.check();
        await one.update();
        texts.push(refusal(one.preResults));
      }
      return texts;
    };
    /** How many of so many equal messages pass. */
    const passing = async (check: BuiltCheck, count: number, message: TestMessage = {}): Promise<number> =>
      (
        await send(
          check,
          Array.from({ length: count }, () => message),
        )
      ).filter((text) => text === undefined).length;
    before(async () => {
      driver = await start();
    });
    beforeEach(() => {
      prefix++;
    });
    after(async () => {
      for (const check of open) await check.close();
      await driver.close();
    });

    test('the 101st of 101 messages is refused softly with a text that names the limit', async () => {
      const check = await build({ rates: { user: plain(100, '100 / 1h') } });
      const texts = await send(
        check,
        Array.from({ length: 101 }, () => ({})),
      );
      assert.deepEqual(
        texts.slice(0, 100),
        Array.from({ length: 100 }, () => undefined),
      );
      assert.equal(texts[100], 'Ratelimit "user" exceeded: 100 recipients at once, 100 per hour');
      const one = begin(check);
      await one.check();
      const { message: _, ...rest } = one.preResults[0]!;
      assert.deepEqual(rest, {
        action: 'soft reject',
        module: 'ratelimit',
        priority: 0,
        isLeast: false,
        processAll: false,
      });
    });

    test('recipients count, or messages with skip_recipients', async () => {
      const rcpts = ['a@example.org', 'b@example.org', 'c@example.org'];
      assert.equal(await passing(await build({ rates: { user: plain(7) } }), 5, { rcpts }), 2);
      prefix++;
      const check = await build({ rates: { user: plain(4, '1 / 1d', { skip_recipients: true }) } });
      assert.equal(await passing(check, 6, { rcpts }), 4);
      assert.match((await send(check, [{}]))[0] ?? '', /4 messages at once/);
    });

    test('a message without recipients is one unit', async () => {
      assert.equal(await passing(await build({ rates: { user: plain(2) } }), 4, { rcpts: [] }), 2);
    });

    test('messages under way count against each other', async () => {
      const check = await build({ rates: { user: plain(2) } });
      const messages = Array.from({ length: 3 }, () => begin(check));
      for (const message of messages) await message.check();
      assert.deepEqual(
        messages.map(({ preResults }) => preResults.length),
        [0, 0, 1],
      );
      for (const message of messages) await message.update();
      const next = begin(check);
      await next.check();
      assert.equal(next.preResults.length, 1);
    });

    test('nothing is charged when an action was forced', async () => {
      const check = await build({ rates: { user: plain(1) } });
      for (let i = 0; i < 3; i++) {
        const one = begin(check);
        await one.check();
        assert.equal(one.preResults.length, 0);
        one.task.setPreResult({
          action: 'soft reject',
          message: 'greylisted',
          module: 'greylist',
          priority: 0,
          isLeast: false,
          processAll: false,
        });
        await one.update();
      }
      assert.equal(await passing(check, 3), 1);
    });

    test('nothing is charged for messages that settings skip, or whose client left', async () => {
      const check = await build({ rates: { user: plain(1) } });
      const skipped = begin(check);
      await skipped.check();
      skipped.task.flags.add('skip');
      await skipped.update();
      const gone = new AbortController();
      const left = begin(check);
      Object.defineProperty(left.task, 'signal', { value: gone.signal });
      await left.check();
      gone.abort();
      await driver.store.check();
      assert.equal(await passing(check, 3), 1);
    });

    test('mail that is rejected by score is charged', async () => {
      const check = await build({ rates: { user: plain(2) } });
      const spam = { hits: [hit('A', 10), hit('B', 9)] };
      assert.equal(await passing(check, 4, spam), 2);
    });

    test('with a forced action already there nothing is asked', async () => {
      const check = await build({ rates: { user: plain(1) } });
      await send(check, [{}]);
      const one = begin(check);
      one.preResults.push({
        action: 'reject',
        message: '',
        module: 'x',
        priority: 0,
        isLeast: false,
        processAll: false,
      });
      await one.check();
      assert.equal(one.preResults.length, 1);
    });

    test('a message that can never fit is refused at once with a text that says so', async () => {
      const rates = { user: plain(2, '100 / 1h') };
      const rcpts = ['a@example.org', 'b@example.org', 'c@example.org'];
      const text = 'Ratelimit "user" exceeded: 3 recipients in one message, it never takes more than 2';
      const check = await build({ rates });
      const one = begin(check, { rcpts });
      await one.check();
      assert.deepEqual([refusal(one.preResults), one.preResults[0]?.action], [text, 'soft reject']);
      await one.update();
      assert.equal(await passing(check, 3), 2, 'and it cost nothing');
      prefix++;
      const strict = begin(await build({ rates, reject_oversized: true }), { rcpts });
      await strict.check();
      assert.deepEqual([refusal(strict.preResults), strict.preResults[0]?.action], [text, 'reject']);
      prefix++;
      const wide = begin(await build({ rates, dynamic_rate_limit: true, reject_oversized: true }), { rcpts });
      await wide.check();
      assert.equal(wide.preResults[0]?.action, 'soft reject', 'it would fit a bucket that has widened');
      assert.match(refusal(wide.preResults) ?? '', /2 recipients at once/);
    });

    test('several buckets are separate limits', async () => {
      const rates = {
        user: {
          bucket: [
            { burst: 3, rate: '3 / 1min' },
            { burst: 5, rate: '5 / 1d' },
          ],
        },
      };
      const check = await build({ rates });
      assert.equal(await passing(check, 4), 3);
      nowMs += 61_000;
      const texts = await send(check, [{}, {}, {}]);
      assert.deepEqual(texts.slice(0, 2), [undefined, undefined]);
      assert.equal(texts[2], 'Ratelimit "user" exceeded: 5 recipients at once, 5 per day');
      assert.equal(await driver.store.hashGet('unused', 'p'), undefined);
    });

    test('a bucket gives pending units back when another one stops the message', async () => {
      const rates = { user: plain(2), from: plain(1) };
      const check = await build({ rates });
      assert.equal(await passing(check, 5), 1);
      assert.equal(await passing(check, 3, { from: 'other@example.com' }), 1);
      assert.equal(await passing(check, 3, { from: 'third@example.com' }), 0, 'user has its two');
    });

    test('two limits that come to one bucket charge it once', async () => {
      const from = 'sender@example.com';
      const check = await build({ rates: { user: plain(2), from: plain(2) } });
      assert.equal(await passing(check, 4, { from }), 2);
    });

    for (const [limit, message, isSame, isOther] of [
      ['user', {}, {}, { envelope: { login: 'other' } }],
      [
        'user',
        {},
        { envelope: { login: 'sender@example.com' } },
        { envelope: { login: 'Sender@example.com' } },
      ],
      ['ip', {}, {}, { way: 'inbound' }],
      ['rip', { way: 'inbound' }, {}, { way: 'authenticated' }],
      ['from', {}, { from: 'SENDER@example.com' }, { from: 'other@example.com' }],
      ['to', {}, { rcpts: ['RCPT@example.org'] }, { rcpts: ['other@example.org'] }],
      ['to_from', {}, {}, { from: 'other@example.com' }],
      [
        'bounce_to',
        { from: '' },
        { from: 'mailer-daemon@x.example' },
        { from: '', rcpts: ['o@example.org'] },
      ],
      ['asn', { variables: { asn: 64496 } }, {}, { variables: { asn: 64497 } }],
    ] as const)
      test(`${limit} counts by ${limit.split('_').join(' and ')} (${JSON.stringify(isOther)})`, async () => {
        const check = await build({ rates: { [limit]: plain(1) } });
        const outcomes = await send(check, [message, { ...message, ...isSame }, { ...message, ...isOther }]);
        assert.deepEqual(
          outcomes.map((text) => text === undefined),
          [true, false, true],
        );
      });

    for (const [limit, message] of [
      ['user', { way: 'local' }],
      ['rip', { way: 'local' }],
      ['asn', {}],
      ['bounce_to', {}],
      ['attachments', {}],
      ['files_user', {}],
      ['to', { rcpts: [], raw: 'Subject: x\n\nx\n' }],
    ] as const)
      test(`${limit} does not concern ${JSON.stringify(message)}`, async () => {
        const check = await build({ rates: { [limit]: plain(1) } });
        assert.equal(await passing(check, 3, message), 3);
      });

    test('attachments, files and digest count by content', async () => {
      const raw = (body: string) =>
        `Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhello\n--b\nContent-Type: application/zip; name=a.zip\nContent-Disposition: attachment\n\n${body}\n--b--\n`;
      for (const [limit, stops] of [
        ['attachments', [true, false, true]],
        ['digest', [true, false, true]],
        ['files', [true, false, false]],
      ] as const) {
        prefix++;
        const check = await build({ rates: { [limit]: plain(1) } });
        const outcomes = await send(check, [{ raw: raw('one') }, { raw: raw('one') }, { raw: raw('two') }]);
        assert.deepEqual(
          outcomes.map((text) => text === undefined),
          stops,
          limit,
        );
      }
    });

    test('a selector counts by what it gives, a list by each element', async () => {
      const check = await build({
        rates: {
          domain: { selector: "from('smtp'):domain.lower", ...plain(1) },
          each: { selector: "rcpts('smtp'):addr", ...plain(10) },
          none: { selector: "header('X-None')", ...plain(1) },
        },
      });
      const rcpts = ['a@example.org', 'b@example.org', 'a@example.org'];
      assert.deepEqual(await send(check, [{ from: 'a@one.example', rcpts: ['x@example.org'] }]), [undefined]);
      const [text] = await send(check, [{ from: 'b@one.example', rcpts: ['x@example.org'] }]);
      assert.match(text ?? '', /"domain"/);
      const [many] = await send(check, [{ from: 'a@two.example', rcpts }]);
      assert.match(many ?? '', /"domain" exceeded: 3 recipients in one message/);
    });

    test('factors widen a limit with ham and narrow it with spam', async () => {
      const ham = { hits: [hit('GOOD', -1)] };
      const spam = { hits: [hit('A', 4), hit('B', 2), hit('C', 1)] };
      const rates = { user: plain(4, '1 / 1d', { ham_factor_burst: 1.5, spam_factor_burst: 0.5 }) };
      assert.equal(await passing(await build({ rates }), 30, ham), 30, 'it widens faster than it fills');
      prefix++;
      assert.equal(await passing(await build({ rates }), 5, spam), 2);
      prefix++;
      assert.equal(await passing(await build({ rates }), 8, { hits: [hit('A', 1)] }), 4);
      prefix++;
      const check = await build({ rates, dynamic_rate_limit: true });
      await send(check, [ham, ham]);
      const texts = await send(
        check,
        Array.from({ length: 12 }, () => ({ hits: [hit('A', 1)] })),
      );
      assert.match(texts.at(-1) ?? '', /"user" exceeded: 9 recipients at once, 1.02 per day/);
    });

    test('administrators see and empty the buckets that count a sender', async () => {
      const check = await build({
        rates: { user: plain(10, '10 / 1h'), to: plain(5), user_ip: plain(7), from: plain(8) },
      });
      const message = { rcpts: ['a@example.org', 'b@example.org'] };
      await send(check, [message, message]);
      const { ratelimit: buckets } = check.services;
      assert.ok(buckets);
      const { task } = begin(check, { rcpts: [], raw: '', envelope: { clientIp: undefined } });
      const shown = async (then: 'show' | 'reset') =>
        (await buckets.buckets(task, then)).map(({ limit, level, burst, counts }) => [
          limit,
          level,
          burst,
          counts,
        ]);
      const expected = [
        ['user', 4, 10, 'recipients'],
        ['from', 4, 8, 'recipients'],
      ];
      assert.deepEqual(await shown('show'), expected);
      assert.deepEqual(await shown('reset'), expected);
      assert.deepEqual(await shown('show'), []);
    });

    test('a limited bucket is noted in the list of limited buckets', async () => {
      const check = await build({ rates: { user: plain(1) } });
      await passing(check, 3);
      await driver.store.check();
      const noted = await driver.store.sortedRange(`T${prefix}cache`, 0, -1);
      assert.deepEqual(
        noted.map(({ score }) => score),
        [nowMs],
      );
      assert.match(noted[0]?.member ?? '', new RegExp(`^T${prefix}[a-z0-9]{24}$`));
    });
  });

describe('ratelimit', () => {
  let driver: StoreDriver;
  let prefix = 0;
  before(async () => {
    driver = await startLmdbDriver();
  });
  beforeEach(() => {
    prefix++;
  });
  after(() => driver.close());
  const build = (config: object, options: CheckOptions = {}): Promise<BuiltCheck> =>
    buildCheck(
      ratelimit,
      { prefix: `T${prefix}`, ...config },
      { store: driver.store, now: () => nowMs, ...options },
    );
  /** The second of two equal messages over a limit of one. */
  const second = async (config: object, message: TestMessage = {}, options: CheckOptions = {}) => {
    const check = await build({ rates: { user: plain(1) }, ...config }, options);
    let last = begin(check, message);
    for (let i = 0; i < 2; i++) {
      last = begin(check, message);
      await last.check();
      await last.update();
    }
    await check.close();
    const symbols = last.symbols.map((text) => text.replace(/\(T.*\)/, '(KEY)'));
    return { symbols, actions: last.preResults.map(({ action }) => action), text: refusal(last.preResults) };
  };

  for (const [what, config, expected] of [
    ['a symbol instead of the refusal', { symbol: 'RL' }, [['RL:user(KEY)'], []]],
    [
      'a symbol of the bucket first',
      { symbol: 'RL', rates: { user: plain(1, 1, { symbol: 'MINE' }) } },
      [['MINE:user(KEY)'], []],
    ],
    ['a symbol besides the refusal', { info_symbol: 'RL' }, [['RL:user(KEY)'], ['soft reject']]],
    [
      'the info symbol alone',
      { info_symbol: 'RL', rates: { user: plain(1, '1 / 1d', { skip_soft_reject: true }) } },
      [['RL:user(KEY)'], []],
    ],
    [
      'a symbol of the whole limit',
      { rates: { user: { ...plain(1), symbol: 'ALL' } } },
      [['ALL:user(KEY)'], []],
    ],
  ] as const)
    test(`inserts ${what}`, async () => {
      const { symbols, actions } = await second(config);
      assert.deepEqual([symbols, actions], expected);
    });

  test('declares the symbols that the configuration names', async () => {
    const check = await build({
      symbol: 'A',
      info_symbol: 'B',
      rates: { user: plain(1, 1, { symbol: 'C' }) },
    });
    assert.deepEqual([...check.declared.keys()].sort(), ['A', 'B', 'C']);
    await check.close();
  });

  test('says what the configuration tells it to say', async () => {
    assert.equal((await second({ message: 'Too much' })).text, 'Too much');
    const rates = { user: plain(1, '1 / 1d', { message: 'Mine' }) };
    assert.equal((await second({ message: 'Too much', rates })).text, 'Mine');
    assert.equal((await second({ rates: { user: { ...plain(1), message: 'Ours' } } })).text, 'Ours');
  });

  test('mail that passes with a symbol only is charged', async () => {
    const check = await build({ symbol: 'RL', rates: { user: plain(1) } });
    for (let i = 0; i < 3; i++) await check.run({ way: 'authenticated' });
    const environment = await check.run({ way: 'authenticated' });
    assert.deepEqual(environment.symbols, ['RL']);
    await check.close();
  });

  const folder = mkdtempSync(join(tmpdir(), 'ratelimit-'));
  writeFileSync(join(folder, 'users'), 'sender@example.com\n');
  after(() => rmSync(folder, { recursive: true }));
  for (const [what, config, message, isLimited] of [
    ['nobody', {}, {}, true],
    ['postmaster by default', {}, { rcpts: ['Postmaster@any.example'] }, false],
    ['one of many recipients', {}, { rcpts: ['a@x.example', 'mailer-daemon@y.example'] }, false],
    ['an address', { whitelisted_rcpts: 'a@x.example, b' }, { rcpts: ['A@x.example'] }, false],
    ['no longer postmaster', { whitelisted_rcpts: ['b'] }, { rcpts: ['postmaster@x.example'] }, true],
    ['nobody when the list is empty', { whitelisted_rcpts: [] }, { rcpts: ['postmaster@x.example'] }, true],
    ['a network', { whitelisted_ip: '198.51.100.0/24' }, {}, false],
    ['not another network', { whitelisted_ip: ['192.0.2.0/24'] }, {}, true],
    ['a login', { whitelisted_user: ['sender@example.com'] }, {}, false],
    ['a login of a file', { whitelisted_user: join(folder, 'users') }, {}, false],
    ['scans of rspamc', {}, { envelope: { userAgent: 'rspamc' } }, false],
    ['scans with a password', {}, { request: { Password: 'x' } }, false],
    ['not those with allow_local', { allow_local: true }, { envelope: { userAgent: 'rspamc' } }, true],
    ['MIME recipients without envelope', { whitelisted_rcpts: ['rcpt'] }, { rcpts: [] }, false],
  ] as const)
    test(`leaves alone: ${what}`, async () => {
      const { actions } = await second({ rates: { user: plain(1) }, ...config }, message);
      assert.deepEqual(actions, isLimited ? ['soft reject'] : []);
    });

  test('stages and names are those that settings know', async () => {
    const units = async (config: object) =>
      (await build(config)).units.map((unit) => [unit.name, unit.stage]);
    const rates = { user: plain(1) };
    assert.deepEqual(await units({ rates }), [
      ['RATELIMIT_CHECK', 'prefilter'],
      ['RATELIMIT_UPDATE', 'idempotent'],
    ]);
    assert.deepEqual((await units({ rates, prefilter: false }))[0], ['RATELIMIT_CHECK', 'filter']);
  });

  for (const [what, rates, warning] of [
    ['the short form', { user: '1 / 1d' }, /rates\.user: short form/],
    ['the old form', { user: [1, 0.001] }, /rates\.user: old form/],
    ['a text as bucket', { user: { bucket: '1 / 1d' } }, undefined],
    ['numbers and suffixes', { user: { bucket: [{ burst: '0.001k', rate: 0.0001 }] } }, undefined],
    ['a rate a second as text', { user: { bucket: { burst: 1, rate: '0.0001' } } }, undefined],
    [
      'buckets that share a key',
      {
        user: {
          bucket: [
            { burst: 1, rate: 1e-4 },
            { burst: 1, rate: 1e-5 },
          ],
        },
      },
      /shares its counter/,
    ],
    ['no rates', {}, /there are no limits/],
    ['a limit switched off', { user: { enabled: false, ...plain(1) } }, /there are no limits/],
  ] as const)
    test(`reads ${what}`, async () => {
      const check = await build({ rates });
      assert.match(check.warnings.join('\n'), warning ?? /^$/);
      await check.close();
      if (warning && /no limits|shares/.test(warning.source)) return;
      assert.deepEqual((await second({ rates })).actions, ['soft reject']);
    });

  for (const [what, rates, expected] of [
    [
      'an unknown keyword',
      { user_hour: plain(1) },
      /ratelimit\.rates\.user_hour: .*"hour" is none \(expected ip, rip, from/,
    ],
    [
      'a rate that is none',
      { user: '100 / h' },
      /rates\.user\.bucket\.0: "100 \/ h" is no limit \(expected a text/,
    ],
    ['a burst that is none', { user: plain('many') }, /rates\.user\.bucket\.0\.burst: "many" is no burst/],
    ['a burst of nothing', { user: [0, 1] }, /"0" is no burst/],
    ['a rate of nothing', { user: plain(1, 0) }, /"0" is no rate/],
    [
      'a selector that is none',
      { x: { selector: 'nothing here', ...plain(1) } },
      /ratelimit\.rates\.x\.selector|nothing/,
    ],
  ] as const)
    test(`refuses ${what}`, async () => {
      await assert.rejects(build({ rates }), (error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, expected);
        return true;
      });
    });

  for (const [what, config, expected] of [
    ['the syntax of old', { limit: {} }, /before version 1\.8/],
    ['Lua texts', { rates: { user: plain(1, 1, { message_func: 'return 1' }) } }, /no limit|Lua/],
    ['an unknown option', { burst: 1 }, /burst/],
    ['an unknown option of a bucket', { rates: { user: plain(1, 1, { brust: 1 }) } }, /no limit|brust/],
    ['a bound below one', { max_rate_mult: 0.5 }, /max_rate_mult|>=1/],
    ['a list with one number', { rates: { user: [1] } }, /no limit/],
  ] as const)
    test(`does not accept ${what}`, () => {
      const result = ratelimit.config.safeParse(config);
      assert.equal(result.success, false);
      assert.match(JSON.stringify(result.error?.issues), expected);
    });

  test('Lua keywords are refused by name', () => {
    assert.deepEqual(Object.keys(ratelimit.unsupported ?? {}), ['custom_keywords']);
  });

  const settings = (rates: object) => (task: Task) => {
    task.settings = { id: 'customer', apply: { plugins: { ratelimit: { rates } } } };
  };
  const secondWith = async (apply: (task: Task) => void, log: LogLine[] = []) => {
    const check = await build({ rates: { user: plain(1), from: plain(100) } }, { log });
    const texts: (string | undefined)[] = [];
    for (let i = 0; i < 3; i++) {
      const one = begin(check);
      apply(one.task);
      await one.check();
      await one.update();
      texts.push(refusal(one.preResults));
    }
    await check.close();
    return texts.map((text) => text?.replace(/ exceeded.*/, ''));
  };

  test('settings replace limits by name and add others', async () => {
    const rates = { user: plain(2) };
    assert.deepEqual(await secondWith(settings(rates)), [undefined, undefined, 'Ratelimit "user"']);
    prefix++;
    const added = { user: { enabled: false, ...plain(1) }, ip: plain(1) };
    assert.deepEqual(await secondWith(settings(added)), [undefined, 'Ratelimit "ip"', 'Ratelimit "ip"']);
  });

  test('limits of settings that cannot be read leave the configured ones', async () => {
    for (const rates of [
      { user: 'nonsense' },
      { nonsense: plain(1) },
      { user: plain(5, 1, { symbol: 'NEW' }) },
    ]) {
      prefix++;
      const log: LogLine[] = [];
      const texts = await secondWith(settings(rates), log);
      assert.deepEqual(texts, [undefined, 'Ratelimit "user"', 'Ratelimit "user"']);
      assert.ok(log.some(({ message }) => message === 'limits of settings cannot be used'));
    }
  });

  describe('with a dead store', () => {
    const dead = (): Store => {
      const stores = createStores({
        redis: { servers: '/nonexistent/redis.sock' },
        stateDir: '/nonexistent',
        log: { debug() {}, info() {}, warn() {}, error() {}, child: () => assert.fail() },
        metrics: memoryMetrics(),
        clock: Date,
      });
      after(() => stores.close());
      return stores.forModule('ratelimit', undefined);
    };

    test('the failure is the engine’s, which tells the sender to try later', async () => {
      const check = await build({ rates: { user: plain(1) } }, { store: dead() });
      const one = begin(check);
      await assert.rejects(one.check(), StoreError);
      await one.update();
      assert.deepEqual(one.preResults, []);
    });

    test('mail passes when the operator wants that', async () => {
      const log: LogLine[] = [];
      const config = { rates: { user: plain(1) }, on_store_failure: 'accept' };
      const check = await build(config, { store: dead(), log });
      for (let i = 0; i < 3; i++) {
        const one = begin(check);
        await one.check();
        assert.deepEqual(one.preResults, []);
        await assert.rejects(one.update(), StoreError);
      }
      assert.equal(log.filter(({ message }) => /could not be checked/.test(message)).length, 3);
    });

    test('a message that can never fit is refused all the same', async () => {
      const one = begin(await build({ rates: { user: plain(1) } }, { store: dead() }), {
        rcpts: ['a@x', 'b@x'],
      });
      await one.check();
      assert.match(refusal(one.preResults) ?? '', /never takes more than 1/);
    });

    test('when one of two buckets cannot be asked, the other gives back what it took', async () => {
      const working = driver.store;
      let calls = 0;
      const half: Store = {
        ...working,
        run: (procedure, keys, args) =>
          procedure.name === 'ratelimit_check' && ++calls % 2 === 0
            ? Promise.reject(new StoreError('lost'))
            : working.run(procedure, keys, args),
      };
      const rates = { user: plain(1), ip: plain(1) };
      const one = begin(await build({ rates }, { store: half }));
      await assert.rejects(one.check(), /lost/);
      await driver.store.check();
      const again = begin(await build({ rates }));
      await again.check();
      assert.deepEqual(again.preResults, []);
    });
  });
});
