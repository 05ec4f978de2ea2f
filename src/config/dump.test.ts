import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseUcl, toPlain } from '../ucl/index.ts';
import { folder, readFolder } from './fixture.ts';
import {
  checkConfiguration,
  describeConfiguration,
  saveActionThresholds,
  saveSymbolScores,
  sectionNames,
} from './index.ts';

test('a dump shows every effective value and where it was written', (context) => {
  const { configuration } = readFolder(context, {
    'local.d/ratelimit.conf':
      '\n\nrates { user { bucket = { burst = 10; rate = "10 / 1min" } } }\npassword = secret',
    'local.d/groups.conf': 'group "g" { symbols { A { weight = 2 } } }',
    'local.d/worker-controller.inc': 'password = "$2$abc"; listen = "*:1"',
  });
  const { text } = describeConfiguration(configuration, { section: 'ratelimit' });
  const dir = configuration.configDir;
  assert.equal(
    text.replaceAll(`${dir}/`, ''),
    `ratelimit {
  password = "…";  # local.d/ratelimit.conf:4
  prefix = "RL";  # default
  expire = 172800;  # default
  rates {
    user {
      bucket = [  # local.d/ratelimit.conf:3
        {
          burst = 10;  # local.d/ratelimit.conf:3
          rate = "10 / 1min";  # local.d/ratelimit.conf:3
        },
      ];
    }
  }
  whitelisted_rcpts = [];  # default
  mode = "hard";  # default
  enabled = true;  # default
}
`,
  );
  const all = describeConfiguration(configuration, { secrets: 'show' });
  assert.deepEqual(Object.keys(toPlain(parseUcl(all.text, { file: 'dump' }).root) as object), [
    ...sectionNames(configuration),
  ]);
  assert.equal((all.json.values['ratelimit'] as { password: string }).password, 'secret');
  assert.match(all.json.sources['symbols.A.score'] ?? '', /groups\.conf:1:36$/);
  assert.match(all.json.sources['worker.controller.bind_socket.0'] ?? '', /worker-controller\.inc:1:/);
  assert.equal(all.json.sources['options.task_timeout'], undefined);
  assert.equal(all.json.id, configuration.id);
});

test('a list that grew by merging names all its files', (context) => {
  const { configuration } = readFolder(context, { 'local.d/options.inc': 'local_addrs = [203.0.113.0/24]' });
  const { text } = describeConfiguration(configuration, { section: 'options' });
  assert.match(text, /local_addrs = \[.*"203\.0\.113\.0\/24"\]; {2}# default, .*local\.d\/options\.inc:1\n/);
});

test('a check reports everything in one go and never throws', (context) => {
  const configDir = folder(context, {
    'local.d/options.inc': 'a = 1',
    'local.d/greylist.conf': 'expire = 1h',
  });
  const options = {
    configDir,
    stateDir: folder(context, {}),
    variables: {},
    checks: [],
    allowUnsupported: false,
  };
  const report = checkConfiguration(options);
  assert.equal(report.isUsable, false);
  assert.deepEqual(report.lines.errors, [
    `${configDir}/local.d/options.inc:1:1: options.a: unknown option \`a\``,
  ]);
  assert.equal(report.lines.unsupported.length, 1);
  assert.equal(checkConfiguration({ ...options, configDir: undefined }).isUsable, true);
});

test('what the controller saves is added to what it saved before, in one step', async (context) => {
  const stateDir = folder(context, {});
  await saveActionThresholds(stateDir, { reject: 20, 'add header': 7 });
  await saveActionThresholds(stateDir, { reject: 25, greylist: null });
  await saveSymbolScores(stateDir, { A: 1.5, 'B-C': -2 });
  const read = (name: string) =>
    toPlain(parseUcl(readFileSync(join(stateDir, 'dynamic', name), 'utf8'), { file: name }).root);
  assert.deepEqual(read('actions.conf'), { reject: 25, add_header: 7, greylist: null });
  assert.deepEqual(read('scores.conf'), { A: 1.5, 'B-C': -2 });
  assert.deepEqual(readdirSync(join(stateDir, 'dynamic')), ['actions.conf', 'scores.conf']);
});

test('a saved file that cannot be read does not stop the saving', async (context) => {
  const stateDir = folder(context, {});
  mkdirSync(join(stateDir, 'dynamic'));
  writeFileSync(join(stateDir, 'dynamic', 'scores.conf'), 'A = {');
  await saveSymbolScores(stateDir, { B: 1 });
  assert.match(readFileSync(join(stateDir, 'dynamic', 'scores.conf'), 'utf8'), /^#.*\nB = 1;\n$/);
});
