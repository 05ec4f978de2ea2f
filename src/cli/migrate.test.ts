import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';

const command = join(import.meta.dirname, '../../bin/postern');

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** What is in the working folder afterwards. */
  readonly left: readonly string[];
}

/** Runs `postern migrate etc WORDS` where `etc` holds these files; without files there is no such folder. */
function migrate(
  context: TestContext,
  files: Readonly<Record<string, string>> | undefined,
  ...words: readonly string[]
): Promise<Ran> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-migrate-'));
  context.after(() => rmSync(folder, { recursive: true }));
  if (files) mkdirSync(join(folder, 'etc'));
  for (const [name, text] of Object.entries(files ?? {})) {
    mkdirSync(dirname(join(folder, 'etc', name)), { recursive: true });
    writeFileSync(join(folder, 'etc', name), text);
  }
  return new Promise((resolve) => {
    execFile(command, ['migrate', 'etc', ...words], { cwd: folder }, (error, out, err) => {
      const code = typeof error?.code === 'number' ? error.code : 0;
      resolve({ code, out, err, left: readdirSync(folder) });
    });
  });
}

test('a configuration that is taken over whole exits 0 and nothing is written', async (context) => {
  const { code, out, err, left } = await migrate(
    context,
    { 'local.d/actions.conf': 'reject = 20;\n' },
    '--verbose',
  );
  assert.equal(err, '');
  assert.equal(code, 0, out);
  assert.deepEqual(left, ['etc']);
  assert.match(
    out,
    /^Taken over: 1 option; 1 file of yours read\n {2}actions: 1 option \(local\.d\/actions\.conf\)$/m,
  );
  assert.match(out, /^ {4}local\.d\/actions\.conf:1: actions\.reject = 20$/m);
  assert.match(out, /everything of yours is taken over$/m);
});

test('something that is not supported exits 1 and is named with its place', async (context) => {
  const { code, out } = await migrate(context, {
    'rspamd.local.lua': "rspamd_config:register_symbol{ name = 'MINE' }\n",
    'local.d/ensure_hostname.conf': 'enabled = true;\n',
  });
  assert.equal(code, 1, out);
  assert.match(out, /^Not supported: 2$/m);
  assert.match(out, /^ {2}local\.d\/ensure_hostname\.conf:1: module ensure_hostname is not implemented$/m);
  assert.match(out, /^ {2}rspamd\.local\.lua: .+\n {4}line 1: symbol MINE$/m);
});

test('what cannot be used exits 78, also when it only shows as checks are built', async (context) => {
  const misspelt = await migrate(context, { 'local.d/options.inc': 'task_timout = 9s;\n' });
  assert.equal(misspelt.code, 78);
  assert.match(misspelt.out, /^ {2}local\.d\/options\.inc:1:1: options\.task_timout: unknown option/m);
  const keyword = await migrate(context, {
    'local.d/ratelimit.conf': 'rates { usr { bucket { burst = 1; rate = "1 / 1h"; } } }\n',
  });
  assert.equal(keyword.code, 78);
  assert.match(keyword.out, /"usr" is none/);
});

test('the same as JSON, for scripts', async (context) => {
  const { code, out } = await migrate(
    context,
    { 'rspamd.local.lua': 'rspamd_config.MINE = {}\n', 'local.d/actions.conf': 'reject = 20;\n' },
    '--json',
  );
  const report: unknown = JSON.parse(out);
  assert.ok(
    typeof report === 'object' && report !== null && 'unsupported' in report && 'takenOver' in report,
  );
  assert.equal(code, 1);
  assert.deepEqual(Object.keys(report), [
    'directory',
    'outcome',
    'exitCode',
    'takenOver',
    'differences',
    'unsupported',
    'absentModules',
    'notices',
    'errors',
  ]);
  assert.match(
    JSON.stringify(report.unsupported),
    /"registers":\[\{"kind":"symbol","name":"MINE","line":1\}\]/,
  );
  assert.match(JSON.stringify(report.takenOver), /"path":"actions.reject","value":"20"/);
});

test('a folder that does not exist is no empty configuration', async (context) => {
  const { code, out, err } = await migrate(context, undefined);
  assert.equal(code, 78);
  assert.equal(out, '');
  assert.equal(err, 'postern: etc: no such folder\n');
});
