import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { normalizeTarget, readBody } from './request.ts';
import { readStaticFile } from './static-files.ts';

test('one endpoint has one name', () => {
  for (const [target, expected] of [
    ['/stat', '/stat'],
    ['/stat?a=//b/../c', '/stat?a=//b/../c'],
    ['//stat', '/stat'],
    ['/./stat', '/stat'],
    ['/a/../stat?x=1', '/stat?x=1'],
    ['/../../stat', '/stat'],
    ['/a//b/', '/a/b/'],
    ['/..', '/'],
    ['/a/..', '/'],
    ['/.hidden', '/.hidden'],
    ['/', '/'],
  ] as const)
    assert.equal(normalizeTarget(target), expected, target);
});

test('a body over the limit is refused while it is read', async () => {
  let pieces = 0;
  async function* endless(): AsyncGenerator<Buffer> {
    for (;;) {
      pieces++;
      yield Buffer.alloc(100);
    }
  }
  await assert.rejects(readBody(endless(), 1000), { code: 'tooLarge' });
  assert.equal(pieces, 11);
});

test('files are served from below static_dir and from nowhere else', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-www-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const root = join(folder, 'www');
  await mkdir(join(root, 'css'), { recursive: true });
  await writeFile(join(folder, 'secret'), 'secret');
  await writeFile(join(root, 'index.html'), 'page');
  await writeFile(join(root, 'css', 'a b.css'), 'style');
  await symlink(join(folder, 'secret'), join(root, 'outside'));
  await symlink(join(root, 'index.html'), join(root, 'inside'));
  const body = async (path: string): Promise<string | undefined> =>
    (await readStaticFile(root, path))?.body.toString();
  assert.equal(await body('/'), 'page');
  assert.equal(await body('/inside'), 'page');
  assert.equal((await readStaticFile(root, '/css/a%20b.css'))?.contentType, 'text/css; charset=utf-8');
  for (const path of [
    '/../secret',
    '/%2e%2e/secret',
    '/%2e%2e%2fsecret',
    '/css/../../secret',
    '/outside',
    '/css',
    '/css/',
    '/nosuch',
    '/index.html/x',
    '/%00',
    '/%zz',
  ])
    assert.equal(await body(path), undefined, path);
});
