import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { test } from 'node:test';

const src = join(import.meta.dirname, '../src');

/**
 * The matrix of rooms: what each may import besides itself. Written once, here; docs/architecture.md draws it.
 * A room that is not named may import nothing.
 */
const matrix: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  core: ['lib'],
  expr: ['lib'],
  ucl: ['lib', 'core'],
  mime: ['lib', 'core'],
  patterns: ['lib'],
  dns: ['lib', 'core'],
  observe: ['lib', 'core'],
  smtp: ['lib', 'core'],
  files: ['lib', 'core'],
  content: ['lib', 'core', 'mime', 'files'],
  auth: ['lib', 'core', 'mime'],
  fuzzy: ['lib', 'core', 'content'],
  classify: ['lib', 'core', 'content'],
  maps: ['lib', 'core', 'expr'],
  store: ['lib', 'core'],
  selectors: ['lib', 'core', 'expr', 'mime', 'content'],
  spamassassin: ['lib', 'core', 'expr', 'patterns', 'mime', 'content'],
  scanners: ['lib', 'core'],
  delivery: ['lib', 'core', 'scanners'],
  reports: ['lib', 'core', 'auth', 'smtp'],
  checks: [
    'lib',
    'core',
    'expr',
    'ucl',
    'patterns',
    'mime',
    'auth',
    'content',
    'classify',
    'fuzzy',
    'spamassassin',
    'scanners',
    'delivery',
    'smtp',
  ],
  engine: ['lib', 'core', 'expr', 'ucl'],
  config: ['lib', 'core', 'ucl'],
  server: ['lib', 'core', 'fuzzy'],
  daemon: [
    'lib',
    'core',
    'mime',
    'content',
    'dns',
    'observe',
    'maps',
    'selectors',
    'store',
    'engine',
    'config',
    'server',
    'auth',
    'fuzzy',
    'reports',
    'delivery',
  ],
  cli: ['lib', 'core', 'ucl', 'auth', 'fuzzy', 'dns', 'observe', 'config', 'checks', 'daemon'],
};

interface Import {
  readonly file: string;
  readonly target: string;
}

function sourceFiles(): readonly string[] {
  return readdirSync(src, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
    .map((entry) => relative(src, join(entry.parentPath, entry.name)));
}

function importsOf(file: string): readonly Import[] {
  const text = readFileSync(join(src, file), 'utf8');
  return [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map((match) => ({
    file,
    target: normalize(join(dirname(file), match[1]!)),
  }));
}

const roomOf = (file: string): string => file.split('/')[0]!;
const files = sourceFiles();
const crossing = files.flatMap(importsOf).filter(({ file, target }) => roomOf(file) !== roomOf(target));

test('every room is in the matrix and has a README', () => {
  for (const room of new Set(files.map(roomOf))) {
    assert.ok(room in matrix, `src/${room} is not in the matrix`);
    assert.ok(readFileSync(join(src, room, 'README.md'), 'utf8').length > 0);
  }
});

test('rooms import only what the matrix allows', () => {
  const wrong = crossing.filter(({ file, target }) => !matrix[roomOf(file)]?.includes(roomOf(target)));
  assert.deepEqual(wrong, []);
});

test('docs/architecture.md draws this matrix', () => {
  const page = readFileSync(join(src, '../docs/architecture.md'), 'utf8');
  const rooms = page.slice(page.indexOf('## Rooms'), page.indexOf('## Processes'));
  const drawn = [...rooms.matchAll(/^\| `(\w+)` \| ([\w, –]+) \|/gm)].map(([, room, list = '']) => [
    room,
    list === '–' ? [] : list.split(', '),
  ]);
  assert.deepEqual(drawn, Object.entries(matrix));
});

test('the matrix has no cycle', () => {
  const visit = (room: string, above: readonly string[]): void => {
    assert.ok(!above.includes(room), [...above, room].join(' → '));
    for (const next of matrix[room] ?? []) visit(next, [...above, room]);
  };
  for (const room of Object.keys(matrix)) visit(room, []);
});

test('rooms are entered through their index', () => {
  const wrong = crossing.filter(({ target }) => !/^[a-z]+\/(?:[a-z-]+\/)?index\.ts$/.test(target));
  assert.deepEqual(wrong, []);
});

test('a check never imports another check', () => {
  const wrong = files
    .filter((file) => file.startsWith('checks/') && file !== 'checks/index.ts')
    .flatMap(importsOf)
    .filter(
      ({ file, target }) => target.startsWith('checks/') && target.split('/')[1] !== file.split('/')[1],
    );
  assert.deepEqual(wrong, []);
});
