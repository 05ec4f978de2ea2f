import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, test } from 'node:test';

const root = join(import.meta.dirname, '..');
const blocks = Array.from(
  readFileSync(join(root, 'HACKING.md'), 'utf8').matchAll(/^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm),
  ([, language = '', name = '', content = '']) => ({ language, name, content }),
);
const files = blocks.filter(({ name }) => name.startsWith('src/'));
const commands = blocks
  .filter(({ name }) => name === 'run')
  .flatMap(({ content }) => content.trim().split('\n'));

let copy: string;

/** Runs one line of the page in the copy and gives its output. */
function run(command: string): string {
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env['PATH'] ?? ''}`,
  };
  // A test run inside a test run would report to the outer one.
  delete environment['NODE_TEST_CONTEXT'];
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
    cwd: copy,
    encoding: 'utf8',
    env: environment,
  });
  assert.equal(status, 0, `${command}\n${stdout}${stderr}`);
  return stdout;
}

before(() => {
  copy = mkdtempSync(join(tmpdir(), 'postern-hacking-'));
  for (const path of ['src', 'scripts', 'test/helpers', 'docs/reference', 'docs/man'])
    cpSync(join(root, path), join(copy, path), { recursive: true });
  for (const name of ['package.json', 'tsconfig.json', 'biome.json'])
    cpSync(join(root, name), join(copy, name));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const { name, content } of files) {
    mkdirSync(dirname(join(copy, name)), { recursive: true });
    writeFileSync(join(copy, name), content);
  }
});
after(() => rmSync(copy, { recursive: true, force: true }));

test('the example of HACKING.md is a check with its test', () => {
  assert.deepEqual(
    files.map(({ name }) => name),
    ['src/checks/shouting/check.ts', 'src/checks/shouting/check.test.ts'],
  );
});

test('its commands do what the page says', () => {
  const outputs = commands.map((command) => ({ command, output: run(command) }));
  assert.equal(outputs.length, 3);
  const outputOf = (word: string): string =>
    outputs.find(({ command }) => command.includes(word))?.output ?? '';
  assert.match(outputOf('generate'), /wrote src\/checks\/index\.ts\n/);
  assert.match(outputOf('generate'), /wrote docs\/reference\/checks\/shouting\.md\n/);
  assert.match(outputOf('--test'), /fail 0\n/);
  const shown = blocks.find(({ language }) => language === 'text')?.content ?? '';
  assert.ok(shown !== '' && outputOf('config dump').includes(shown), outputOf('config dump'));
});

test('its types and its format are right', () => {
  const project = { extends: './tsconfig.json', include: files.map(({ name }) => name) };
  writeFileSync(join(copy, 'tsconfig.example.json'), JSON.stringify(project));
  run('tsc --noEmit --project tsconfig.example.json');
  run(`biome check ${files.map(({ name }) => name).join(' ')}`);
});
