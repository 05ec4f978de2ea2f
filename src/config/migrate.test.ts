import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { checks, folder } from './fixture.ts';
import { type MigrationReport, planMigration } from './migrate.ts';

interface Plan extends MigrationReport {
  /** `file:line path = value`, relative to the folder. */
  readonly text: (options: MigrationReport['options']) => readonly string[];
}

function plan(context: TestContext, files: Readonly<Record<string, string>>): Plan {
  const configDir = folder(context, files);
  const stateDir = folder(context, {});
  const report = planMigration({ configDir, stateDir, variables: {}, checks, environment: {} });
  const text: Plan['text'] = (options) =>
    options.map(
      ({ path, value, position: { file, line } }) =>
        `${file.slice(configDir.length + 1)}:${line} ${path} = ${value}`,
    );
  return { ...report, text };
}

const ids = ({ differences }: MigrationReport): readonly string[] => differences.map(({ id }) => id);

test('the values of the operator are told with their places, those of the stock are not', (context) => {
  const report = plan(context, {
    'local.d/actions.conf': 'reject = 20;\n',
    'local.d/options.inc': '\nlocal_addrs = [203.0.113.0/24, 198.51.100.0/24];\n',
    'local.d/worker-normal.inc': 'bind_socket = "*:11400";\n',
  });
  assert.deepEqual(report.text(report.options), [
    'local.d/actions.conf:1 actions.reject = 20',
    'local.d/options.inc:2 options.local_addrs = 203.0.113.0/24, 198.51.100.0/24',
    'local.d/worker-normal.inc:1 worker.normal.bind_socket = *:11400',
  ]);
  assert.deepEqual(
    report.listeners.map(({ worker, addresses, position }) => [worker, addresses.join(), position?.line]),
    [
      ['rspamd_proxy', 'localhost:11332', undefined],
      ['normal', '*:11400', 1],
      ['controller', 'localhost:11334', undefined],
    ],
  );
  assert.deepEqual(report.unsupported, []);
});

test('a value that another file overrules is not counted as taken over', (context) => {
  const report = plan(context, {
    'local.d/options.inc': 'task_timeout = 9s;',
    'override.d/options.inc': 'task_timeout = 10s;',
  });
  assert.deepEqual(report.text(report.options), ['override.d/options.inc:1 options.task_timeout = 10s']);
  assert.deepEqual(report.text(report.replaced), ['local.d/options.inc:1 options.task_timeout = 9s']);
});

test('what means nothing here is told apart from what is in effect', (context) => {
  const report = plan(context, {
    'local.d/options.inc': 'pidfile = "/run/x.pid"; one_shot = yes;',
    'local.d/elastic.conf': 'servers = "es.example";',
    'local.d/greylist.conf': 'enabled = false; timeout = 1h;',
    'local.d/worker-fuzzy.inc': 'count = -1; sync = 60s;',
  });
  assert.deepEqual(report.text(report.options), ['local.d/options.inc:1 options.one_shot = yes']);
  assert.equal(report.idle.length, 6);
  assert.deepEqual(report.unsupported, []);
  assert.ok(!report.absentModules.includes('greylist'), 'it is off in Rspamd, too');
  assert.ok(report.absentModules.includes('rbl'));
});

test('an older name of a section counts for the check', (context) => {
  const report = plan(context, { 'modules.local.d/r.conf': 'rate_limits { prefix = "X"; }' });
  assert.deepEqual(report.text(report.options), ['modules.local.d/r.conf:1 ratelimit.prefix = X']);
  assert.deepEqual(report.modules[0], { name: 'ratelimit', isEnabled: true, optionCount: 1 });
});

test('passwords are not shown, neither as options nor inside URLs', (context) => {
  const report = plan(context, {
    'local.d/redis.conf': 'password = "hush"; servers = "redis://me:hush@redis.example:6379";',
    'local.d/worker-controller.inc': 'password = "hush"; enable_password = "hush";',
  });
  assert.ok(!JSON.stringify([report.options, report.differences]).includes('hush'));
});

test('a module that is not implemented is named once, with each of its options', (context) => {
  const report = plan(context, {
    'local.d/antivirus.conf':
      'clamav { type = "clamav";\n servers = "127.0.0.1:3310"; }\nother { type = "icap"; }',
  });
  assert.deepEqual(
    report.unsupported.map(({ kind, name, position, options }) => [
      kind,
      name,
      position?.line,
      options.map(({ path }) => path),
    ]),
    [
      [
        'module',
        'antivirus',
        1,
        ['antivirus.clamav.type', 'antivirus.clamav.servers', 'antivirus.other.type'],
      ],
    ],
  );
  assert.deepEqual(report.options, []);
});

test('Lua is named: scripts with what they register, functions in options', (context) => {
  const report = plan(context, {
    'rspamd.local.lua':
      "rspamd_config.FIRST = function() end\nrspamd_config:register_dependency('FIRST', 'SPF')\n",
    'plugins.d/own.lua': "rspamd_config:register_symbol({ name = 'OWN' })",
    'local.d/ratelimit.conf': 'message_func = "return function(task) end";\nprefix = "function(x) end";',
  });
  assert.deepEqual(
    report.unsupported.map(({ kind, name, registers }) => [
      kind,
      name.split('/').at(-1),
      registers.map((item) => `${item.kind} ${item.name}`).join(', '),
    ]),
    [
      ['lua option', 'ratelimit.message_func', ''],
      ['lua option', 'ratelimit.prefix', ''],
      ['lua script', 'rspamd.local.lua', 'symbol FIRST, dependency FIRST → SPF'],
      ['lua script', 'own.lua', 'symbol OWN'],
    ],
  );
});

test('only differences that concern this configuration are told', (context) => {
  const plain = ids(plan(context, { 'local.d/worker-proxy.inc': 'enabled = false;' }));
  assert.deepEqual(plain, ['scan-failure', 'scan-flag', 'controller-password', 'limits', 'log-output']);
  const rich = plan(context, {
    'local.d/ratelimit.conf':
      'rates { user { bucket { burst = 10; rate = "10 / 1h"; } }\n site { selector = "ip"; bucket { burst = 10; rate = "1 / 1h"; } } }',
    'local.d/settings.conf':
      'a { authenticated = no; apply { BAYES_SPAM = 1; } }\nb { ip = "192.0.2.1"; apply { BAYES_HAM = 1; } }',
    'local.d/worker-proxy.inc': 'quarantine_on_reject = true; reject_message = "100% spam";',
    'local.d/worker-controller.inc': 'password = "own";',
    'local.d/logging.inc': 'type = "file"; filename = "$LOGDIR/x.log"; // where it was',
    'local.d/options.inc': 'limits { max_tasks = 9; }',
    'override.d/actions.conf': 'rejct = 15;',
  });
  assert.deepEqual(ids(rich), [
    'proxy-in-place',
    'milter-carry-over',
    'milter-percent',
    'milter-login',
    'milter-slow-scan',
    'scan-failure',
    'scan-flag',
    'ratelimit-new-bucket',
    'ratelimit-oversized',
    'ratelimit-keyword',
    'ratelimit-store',
    'ratelimit-outage',
    'settings-negated',
    'settings-bare-scores',
    'slash-comments',
  ]);
  const keyword = rich.differences.find(({ id }) => id === 'ratelimit-keyword');
  assert.deepEqual(
    [...new Set(keyword?.positions.map(({ line }) => line))],
    [1],
    'limits with a selector have free names',
  );
});

test('an upstream elsewhere is no difference', (context) => {
  const report = plan(context, {
    'override.d/worker-proxy.inc': 'upstream "far" { default = yes; hosts = "scan.example:11333"; }',
  });
  assert.ok(!ids(report).includes('proxy-in-place'));
});

test('what cannot be used is an error with its place', (context) => {
  const report = plan(context, { 'local.d/options.inc': 'task_timout = 9s;' });
  assert.deepEqual(report.options, []);
  assert.equal(report.errors[0]?.position?.line, 1);
  assert.ok(ids(report).includes('unknown-options'));
});
