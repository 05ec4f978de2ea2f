import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { loadConfiguration } from '../src/config/index.ts';
import { contentViews } from '../src/content/index.ts';
import {
  type CheckDefinition,
  defineCheck,
  LimitError,
  type Records,
  StoreError,
  type Stores,
  type Task,
  type Verdict,
} from '../src/core/index.ts';
import { compileSettings, Engine } from '../src/engine/index.ts';
import { parseIp } from '../src/lib/index.ts';
import { createMaps } from '../src/maps/index.ts';
import { parseMessage } from '../src/mime/index.ts';
import { createSelectors } from '../src/selectors/index.ts';
import { type LogLine, noMetrics, recordingLog, tableResolver, testEnvelope } from './helpers/check-table.ts';

const root = mkdtempSync(join(tmpdir(), 'postern-engine-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** A check whose behaviour a test gives. */
function check(
  name: string,
  run: (task: Task) => void | Promise<void>,
  more: Partial<Pick<CheckDefinition, 'stage' | 'priority' | 'direction' | 'group'>> & {
    waits?: boolean;
  } = {},
): CheckDefinition {
  const symbol = name.toUpperCase();
  return defineCheck({
    name,
    summary: 'for a test',
    group: more.group ?? name,
    stage: more.stage ?? 'filter',
    ...(more.priority !== undefined && { priority: more.priority }),
    direction: more.direction ?? 'both',
    needs: [],
    config: z.strictObject({}),
    symbols: { [symbol]: { score: 2, description: name } },
    create: () => ({
      waits: more.waits ?? false,
      run(task, hit) {
        const done = run(task);
        if (done instanceof Promise) return done.then(() => hit(symbol));
        hit(symbol);
        return undefined;
      },
    }),
  }) as unknown as CheckDefinition;
}

const nothing = (): void => undefined;
const unused = { close: async () => undefined } as unknown as Records;
const noStores: Stores = {
  forModule: () => ({}) as ReturnType<Stores['forModule']>,
  close: async () => undefined,
};

interface TestEngine {
  readonly engine: Engine;
  readonly log: LogLine[];
  readonly scanned: [Task, Verdict][];
  scan(more?: Parameters<typeof testEnvelope>[0] & { readonly signal?: AbortSignal }): Promise<Verdict>;
}

let folders = 0;

async function build(
  context: TestContext,
  checks: readonly CheckDefinition[],
  files: Readonly<Record<string, string>> = {},
): Promise<TestEngine> {
  const configDir = join(root, String(++folders));
  mkdirSync(join(configDir, 'local.d'), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(configDir, 'local.d', name), text);
  const log: LogLine[] = [];
  const configuration = await loadConfiguration({
    configDir,
    stateDir: join(root, 'state'),
    variables: {},
    checks,
    allowUnsupported: false,
  });
  const recording = recordingLog(log);
  const clock = { now: () => Date.now() };
  const maps = createMaps({
    options: configuration.options,
    stateDir: root,
    log: recording,
    clock,
    metrics: noMetrics,
    mode: 'check',
  });
  const selectors = createSelectors({ maps });
  const scanned: [Task, Verdict][] = [];
  const engine = new Engine({
    configuration,
    checks,
    ports: {
      maps,
      selectors,
      dns: tableResolver({}),
      stores: noStores,
      records: unused,
      clock,
      log: recording,
      metrics: noMetrics,
      loadWarnings: 'tell',
    },
    views: { parse: parseMessage, content: contentViews },
    localAddresses: { has: () => false },
    settings: compileSettings({ configuration, checks, maps, selectors, log: recording }),
    observer: { scanned: (task, verdict) => scanned.push([task, verdict]) },
    hostName: 'scanner.example',
  });
  context.after(async () => {
    await engine.close();
    await maps.close();
  });
  return {
    engine,
    log,
    scanned,
    scan: async (more = {}) => {
      const raw = Buffer.from(typeof more.raw === 'string' ? more.raw : 'From: a@example.com\r\n\r\nhi\r\n');
      const outcome = await engine.scan({ envelope: testEnvelope(more), raw, signal: more.signal });
      outcome.settle();
      return outcome.verdict;
    },
  };
}

const names = (verdict: Verdict): string[] => verdict.symbols.map(({ name }) => name);

test('stages run in the order of the field, priorities from high to low', async (context) => {
  const order: string[] = [];
  const note = (name: string, more: Parameters<typeof check>[2]): CheckDefinition =>
    check(name, () => void order.push(name), more);
  const { scan } = await build(context, [
    note('late', { stage: 'idempotent' }),
    note('rendered', { stage: 'final' }),
    note('post', { stage: 'postfilter' }),
    note('learned', { stage: 'classifier' }),
    note('plain', { stage: 'filter' }),
    note('low', { stage: 'prefilter', priority: 1 }),
    note('high', { stage: 'prefilter', priority: 9 }),
    note('connected', { stage: 'connfilter' }),
  ]);
  await scan();
  assert.deepEqual(order, ['connected', 'high', 'low', 'plain', 'learned', 'post', 'rendered', 'late']);
});

test('a check runs after those whose symbols it reads', async (context) => {
  const order: string[] = [];
  const unit = (name: string, after: readonly string[], stage: 'filter' | 'postfilter'): CheckDefinition =>
    defineCheck({
      name,
      summary: 'for a test',
      group: name,
      stage,
      direction: 'both',
      needs: [],
      config: z.strictObject({}),
      symbols: { [name.toUpperCase()]: { description: name } },
      create: () => ({ after, run: () => void order.push(name) }),
    }) as unknown as CheckDefinition;
  const { scan } = await build(context, [
    unit('last', ['MIDDLE'], 'filter'),
    unit('middle', ['FIRST', 'NOBODY'], 'filter'),
    unit('first', [], 'filter'),
    unit('finish', ['START'], 'postfilter'),
    unit('start', ['FINISH'], 'postfilter'),
  ]);
  await scan();
  assert.deepEqual(order.slice(0, 3), ['first', 'middle', 'last']);
  assert.deepEqual(order.slice(3).toSorted(), ['finish', 'start'], 'a circle is no reason to run neither');
});

test('checks that wait are started before those that compute', async (context) => {
  const order: string[] = [];
  const { scan } = await build(context, [
    check('computing', () => void order.push('computed')),
    check(
      'waiting',
      async () => {
        order.push('asked');
        await sleep(5);
        order.push('answered');
      },
      { waits: true },
    ),
  ]);
  assert.deepEqual(names(await scan()).sort(), ['COMPUTING', 'WAITING']);
  assert.deepEqual(order, ['asked', 'computed', 'answered']);
});

test('checks for one direction leave the other alone', async (context) => {
  const { scan } = await build(context, [
    check('leaving', nothing, { direction: 'outbound' }),
    check('arriving', nothing, { direction: 'inbound' }),
    check('any', nothing),
  ]);
  assert.deepEqual(names(await scan({ way: 'inbound' })).sort(), ['ANY', 'ARRIVING']);
  assert.deepEqual(names(await scan({ way: 'authenticated' })).sort(), ['ANY', 'LEAVING']);
});

test('the request switches checks and groups on and off', async (context) => {
  const { scan } = await build(context, [
    check('one', nothing, { group: 'odd' }),
    check('two', nothing, { group: 'even' }),
    check('three', nothing, { group: 'odd' }),
  ]);
  for (const [settings, expected] of [
    ['{}', ['ONE', 'THREE', 'TWO']],
    ['{"symbols_enabled":[]}', []],
    ['{"symbols_enabled":["TWO"]}', ['TWO']],
    ['{"groups_enabled":["odd"]}', ['ONE', 'THREE']],
    ['{"groups_enabled":["odd"],"symbols_disabled":["ONE"]}', ['THREE']],
    ['{"groups_disabled":["odd"]}', ['TWO']],
    ['{"whitelist":true}', []],
  ] as const)
    assert.deepEqual(names(await scan({ envelope: { settings } })).sort(), expected, settings);
});

test('the request sets scores, thresholds, texts and symbols', async (context) => {
  const { scan } = await build(context, [check('one', nothing)]);
  const settings = JSON.stringify({
    scores: { ONE: 9 },
    actions: { add_header: 8, greylist: null },
    symbols: { GIVEN: 0.5, ONE: { score: 0.5, options: ['set'] } },
    messages: { smtp_message: 'so be it' },
    add_headers: { 'X-Way': 'out' },
  });
  const verdict = await scan({ envelope: { settings } });
  // GIVEN has no score of its own; the half of ONE comes first, then the check's whole.
  assert.equal(verdict.score, 13.5);
  assert.equal(verdict.action, 'add header');
  assert.equal(verdict.thresholds.has('greylist'), false);
  assert.equal(verdict.messages['smtp_message'], 'so be it');
  assert.deepEqual(verdict.milter?.addHeaders, [{ name: 'X-Way', value: 'out' }]);
});

test('a forced action skips the filters but not what renders and records', async (context) => {
  const ran: string[] = [];
  const { scan } = await build(context, [
    check(
      'forcing',
      (task) =>
        task.setPreResult({
          action: 'soft reject',
          message: 'later',
          module: 'forcing',
          priority: 5,
          isLeast: false,
          processAll: false,
        }),
      { stage: 'prefilter' },
    ),
    check('filtering', () => void ran.push('filter')),
    check('posting', () => void ran.push('post'), { stage: 'postfilter' }),
    check('recording', () => void ran.push('idempotent'), { stage: 'idempotent' }),
  ]);
  const verdict = await scan();
  assert.deepEqual(
    [verdict.action, verdict.messages['smtp_message'], verdict.passthroughModule],
    ['soft reject', 'later', 'forcing'],
  );
  assert.deepEqual(ran, ['post', 'idempotent']);
});

test('a check that throws is named, and the scan goes on', async (context) => {
  const { scan, log } = await build(context, [
    check('broken', () => {
      throw new TypeError('no such thing');
    }),
    check(
      'rejecting',
      async () => {
        throw new Error('later');
      },
      { waits: true },
    ),
    check('sound', nothing),
  ]);
  const verdict = await scan();
  assert.equal(verdict.failure, undefined);
  assert.deepEqual(verdict.symbols.find(({ name }) => name === 'CHECK_FAILED')?.options.toSorted(), [
    'broken',
    'rejecting',
  ]);
  assert.ok(names(verdict).includes('SOUND'));
  assert.deepEqual(
    log
      .filter(({ level }) => level === 'error')
      .map(({ fields }) => fields['module'])
      .sort(),
    ['broken', 'rejecting'],
  );
});

test('a dead store makes a whole verdict that tells the sender to try later', async (context) => {
  const { scan, scanned } = await build(context, [
    check(
      'counting',
      async () => {
        throw new StoreError('the store is away');
      },
      { waits: true },
    ),
  ]);
  const verdict = await scan();
  assert.deepEqual([verdict.action, verdict.failure?.code, verdict.symbols], ['soft reject', 'store', []]);
  assert.equal(scanned.length, 1);
});

test('what runs out of time is left out of the verdict, or the sender is told to come back', async (context) => {
  const slow = check(
    'slow',
    async (task) => {
      await new Promise((resolve) => task.signal.addEventListener('abort', resolve, { once: true }));
      await sleep(1);
    },
    { waits: true },
  );
  const quick = await build(context, [slow, check('sound', nothing)], {
    'options.inc': 'task_timeout = 50ms;\n',
  });
  const partial = await quick.scan();
  assert.deepEqual([partial.action, names(partial)], ['no action', ['SOUND']]);
  const strict = await build(context, [slow], {
    'options.inc': 'task_timeout = 50ms;\nsoft_reject_on_timeout = true;\n',
  });
  const refused = await strict.scan();
  assert.deepEqual(
    [refused.action, refused.messages['smtp_message']],
    ['soft reject', 'timeout processing message'],
  );
});

test('a message that ran out of time still gets what only acts on the result', async (context) => {
  const ran: string[] = [];
  const { scan } = await build(
    context,
    [
      check('slow', () => sleep(5000, undefined, { ref: false }), { waits: true }),
      check('learning', () => void ran.push('classifier'), { stage: 'classifier' }),
      check('posting', () => void ran.push('postfilter'), { stage: 'postfilter' }),
      check('marking', () => void ran.push('final'), { stage: 'final' }),
      check('asking', async () => void ran.push('asked'), { stage: 'final', waits: true }),
    ],
    { 'options.inc': 'task_timeout = 50ms;\n' },
  );
  const verdict = await scan();
  assert.deepEqual(names(verdict).sort(), ['MARKING', 'POSTING']);
  assert.deepEqual(ran, ['postfilter', 'final']);
});

test('a client that leaves ends its scan, and nothing is recorded', async (context) => {
  const { scan, scanned } = await build(context, [check('slow', () => sleep(5000), { waits: true })]);
  const controller = new AbortController();
  const running = scan({ signal: controller.signal });
  controller.abort(new Error('gone'));
  await assert.rejects(running, /gone/);
  assert.deepEqual(scanned, []);
});

test('messages over the limit are refused, and so are those beyond what fits at once', async (context) => {
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { scan } = await build(context, [check('slow', () => gate, { waits: true })], {
    'options.inc': 'max_message = 100;\nmax_recipients = 2;\nlimits { max_tasks = 1; }\n',
  });
  await assert.rejects(scan({ raw: `Subject: x\r\n\r\n${'x'.repeat(200)}` }), LimitError);
  await assert.rejects(
    scan({ rcpts: ['a@x.example', 'b@x.example', 'c@x.example'] }),
    /more than 2 recipients/,
  );
  const first = scan();
  const second = await scan();
  assert.deepEqual([second.action, second.failure?.code], ['soft reject', 'overload']);
  release();
  assert.equal((await first).action, 'no action');
});

test('an envelope that does not parse is a symbol', async (context) => {
  const { scan } = await build(context, []);
  const verdict = await scan({ envelope: { malformed: ['from'] } });
  assert.deepEqual(
    [names(verdict), verdict.score, verdict.symbols[0]?.options],
    // The stock cap of the group headers is 8.
    [['BROKEN_HEADERS'], 8, ['from']],
  );
});

test('an empty message is no error', async (context) => {
  const { scan, engine } = await build(context, [check('any', nothing)]);
  const outcome = await engine.scan({ envelope: testEnvelope(), raw: Buffer.alloc(0) });
  assert.deepEqual(
    [outcome.verdict.action, outcome.verdict.messageId, outcome.verdict.urls],
    ['no action', undefined, undefined],
  );
  assert.ok(await scan());
});

test('a check that is switched off in its section does not run', async (context) => {
  const { scan } = await build(context, [check('one', nothing), check('two', nothing)], {
    'one.conf': 'enabled = false;\n',
  });
  assert.deepEqual(names(await scan()), ['TWO']);
});

test('what a composite removed is neither in the verdict nor in what records it', async (context) => {
  const recorded: string[] = [];
  const { scan } = await build(
    context,
    [
      check('one', nothing),
      check('two', nothing),
      check('recording', (task) => void recorded.push(...Array.from(task.result.hits, ({ name }) => name)), {
        stage: 'idempotent',
      }),
    ],
    { 'composites.conf': 'BOTH { expression = "ONE & -TWO"; score = 1; }\n' },
  );
  assert.deepEqual(names(await scan()).sort(), ['BOTH', 'TWO']);
  assert.deepEqual(recorded.sort(), ['BOTH', 'TWO']);
});

test('configured scores, groups and composites hold', async (context) => {
  const { scan } = await build(context, [check('one', nothing), check('two', nothing)], {
    'groups.conf':
      'group "mine" { max_score = 5; symbols { "ONE" { weight = 4; } "TWO" { weight = 4; } } }\n',
    'composites.conf': 'BOTH { expression = "ONE & TWO"; score = 1; policy = "leave"; }\n',
    'actions.conf': 'add_header = 6;\n',
  });
  const verdict = await scan();
  assert.deepEqual(
    [verdict.score, verdict.action, names(verdict).sort()],
    [6, 'add header', ['BOTH', 'ONE', 'TWO']],
  );
});

test('a direction switches checks and groups off and has thresholds of its own', async (context) => {
  const { scan } = await build(context, [check('one', nothing), check('two', nothing)], {
    'outbound.conf': 'actions { reject = 1; } checks { one = off; }\n',
    'inbound.conf': 'groups { two { enabled = no; } }\n',
  });
  const inbound = await scan();
  assert.deepEqual(names(inbound), ['ONE']);
  const outbound = await scan({ way: 'authenticated' });
  assert.deepEqual(names(outbound), ['TWO']);
  assert.equal(outbound.requiredScore, 1);
});

test('a check may take an action out of the choice, for its message only', async (context) => {
  let isDisabled = true;
  const judge = check('judge', nothing);
  const stop = check(
    'stop',
    (task) => {
      if (isDisabled) task.disableAction('greylist');
    },
    { stage: 'postfilter' },
  );
  const { scan } = await build(context, [judge, stop], {
    'actions.conf': 'greylist = 1; add_header = 6; reject = 15;',
  });
  const without = await scan();
  assert.equal(without.action, 'no action');
  assert.deepEqual([...without.thresholds.keys()].sort(), ['add header', 'reject']);
  isDisabled = false;
  const withIt = await scan();
  assert.equal(withIt.action, 'greylist');
  assert.deepEqual([...withIt.thresholds.keys()].sort(), ['add header', 'greylist', 'reject']);
});

test('a check may give one of its own symbols another score, and the configuration has the last word', async (context) => {
  const scored = defineCheck({
    name: 'scored',
    summary: 'for a test',
    group: 'scored',
    stage: 'filter',
    direction: 'both',
    needs: [],
    config: z.strictObject({}),
    symbols: { SCORED: { score: 2, description: 'as declared' } },
    create: ({ declare }) => {
      const symbol = declare('SCORED', { score: 3, description: 'as configured' });
      return (_, hit) => hit(symbol);
    },
  }) as unknown as CheckDefinition;
  const plain = await build(context, [scored]);
  assert.equal((await plain.scan()).score, 3);
  const overridden = await build(context, [scored], {
    'groups.conf': 'group "scored" { symbols { "SCORED" { weight = 7; } } }',
  });
  assert.equal((await overridden.scan()).score, 7);
});

test('settings are chosen by the envelope as checks of the connection corrected it', async (context) => {
  const relay = defineCheck({
    name: 'relay',
    summary: 'for a test',
    group: 'relay',
    stage: 'connfilter',
    direction: 'both',
    needs: [],
    config: z.strictObject({}),
    symbols: { RELAYED: { description: 'for a test' } },
    create: () => (task, hit) => {
      hit('RELAYED');
      task.correctEnvelope({ clientIp: parseIp('203.0.113.5'), login: undefined });
    },
  }) as unknown as CheckDefinition;
  const files = {
    'outbound.conf': 'symbols = ["OURS"];\n',
    'inbound.conf': 'symbols = ["THEIRS"];\n',
    'settings.conf':
      'a { priority = 2; ip = "203.0.113.5"; apply { symbols = ["BEHIND"]; } } off { priority = 3; request_header { "X" = "1"; } apply { symbols_disabled = ["RELAYED"]; } }\n',
  };
  const { scan } = await build(context, [relay], files);
  assert.deepEqual(names(await scan({ way: 'authenticated' })), ['RELAYED', 'THEIRS', 'BEHIND']);
  assert.deepEqual(names(await scan({ way: 'authenticated', request: { X: '1' } })), ['OURS']);
});

test('a check that is off by default runs only when its section says so', async (context) => {
  const shy = defineCheck({
    name: 'shy',
    summary: 'for a test',
    group: 'shy',
    stage: 'filter',
    direction: 'both',
    needs: [],
    config: z.strictObject({ enabled: z.boolean().default(false) }),
    symbols: { SHY: { description: 'for a test' } },
    create: () => (_, hit) => hit('SHY'),
  }) as unknown as CheckDefinition;
  assert.deepEqual(names(await (await build(context, [shy])).scan()), []);
  const called = await build(context, [shy], { 'shy.conf': 'enabled = true;\n' });
  assert.deepEqual(names(await called.scan()), ['SHY']);
});

test('nothing that is off by default gets as far as a unit', async (context) => {
  const { checks: all } = await import('../src/checks/index.ts');
  const shy = all.filter((definition) => {
    const parsed = definition.config.safeParse({});
    return parsed.success && (parsed.data as { enabled?: unknown }).enabled === false;
  });
  assert.deepEqual(
    shy
      .map(({ name }) => name)
      .filter((name) => ['elastic', 'http_headers', 'known_senders', 'p0f'].includes(name)),
    ['elastic', 'http_headers', 'known_senders', 'p0f'],
  );
  const { engine } = await build(context, shy);
  assert.deepEqual(engine.plan.units, []);
});
