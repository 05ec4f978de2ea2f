import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatProblem } from '../core/index.ts';
import { nodesAt, readUcl, toPlain, type UclFiles } from './index.ts';

function memory(contents: Readonly<Record<string, string>>): UclFiles {
  return {
    read: (path) =>
      Object.hasOwn(contents, path) ? { text: contents[path]! } : { error: 'ENOENT', isMissing: true },
    list: (folder) =>
      Object.keys(contents)
        .filter((path) => path.startsWith(`${folder}/`) && !path.slice(folder.length + 1).includes('/'))
        .map((path) => path.slice(folder.length + 1)),
  };
}

function read(text: string, contents: Readonly<Record<string, string>> = {}) {
  const result = readUcl(text, { file: '/c/main.conf', variables: { D: '/d' }, files: memory(contents) });
  return { ...result, value: toPlain(result.root), problems: result.problems.map(formatProblem) };
}

test('a duplicate key follows strategy and priority', () => {
  const cases: readonly (readonly [args: string, old: string, file: string, expected: unknown])[] = [
    ['', 'a = 1', 'a = 2', { a: [1, 2] }],
    ['priority=1', 'a = 1', 'a = 2', { a: 2 }],
    ['priority=1', 'a { x = 1 }', 'a { y = 2 }', { a: { y: 2 } }],
    ['priority=1', 'a = [1]', 'a = [2]', { a: [2] }],
    ['duplicate=merge', 'a = 1', 'a = 2', { a: [1, 2] }],
    ['priority=1,duplicate=merge', 'a = 1', 'a = 2', { a: 2 }],
    ['priority=1;duplicate=merge', 'a { x = 1; y = 1 }', 'a { y = 2; z = 3 }', { a: { x: 1, y: 2, z: 3 } }],
    ['priority=1,duplicate=merge', 'a = [1]', 'a = [2]', { a: [1, 2] }],
    ['priority=1,duplicate=merge', 'a = [1]', 'a = 2', { a: 2 }],
    ['priority=1,duplicate=merge', 'a = 1', 'a { b = 2 }', { a: { b: 2 } }],
    ['priority=1,duplicate=merge', 'a { b { c = 1 } }', 'a "b" { d = 2 }', { a: { b: { c: 1, d: 2 } } }],
    ['priority=1,duplicate=merge', 's = "x"', 's = "a"; s = "b"', { s: ['a', 'b'] }],
    ['duplicate=rewrite', 'a { x = 1 }', 'a = 2', { a: 2 }],
    ['priority=2,duplicate=merge', '.priority 3\na = 1', 'a = 2', { a: 1 }],
    ['priority=2', '.priority 3\na { x = 1 }', 'a { y = 2 }', { a: { x: 1 } }],
  ];
  for (const [args, old, file, expected] of cases) {
    const { value, problems } = read(`${old}\n.include(${args}) "/f"`, { '/f': file });
    assert.deepEqual(value, expected, `${args} | ${old} | ${file}`);
    assert.deepEqual(problems, []);
  }
});

test('local files merge and override files replace, whatever stands in between', () => {
  const { value } = read(
    `m { list = [1]; sub { x = 1; y = 1 } n = 1
      .include(try=true,priority=5) "/dynamic"
      .include(try=true,priority=1,duplicate=merge) "/local"
      .include(try=true,priority=10) "/override" }`,
    { '/dynamic': 'n = 5', '/local': 'n = 2; list = [2]; sub { y = 3 }', '/override': 'sub { z = 9 }' },
  );
  assert.deepEqual(value, { m: { list: [1, 2], sub: { z: 9 }, n: 5 } });
});

test('the values that lost stay known', () => {
  const { root } = read('a = 1\n.include(priority=1) "/f"', { '/f': 'a = 2' });
  assert.equal(root.kind, 'object');
  if (root.kind === 'object') assert.deepEqual(root.entries.get('a')?.replaced.map(toPlain), [1]);
  assert.deepEqual(nodesAt([root], ['a'])[0]?.position, { file: '/f', line: 1, column: 5 });
});

test('the error strategy and containers of different kinds are errors with their place', () => {
  assert.deepEqual(read('a = 1\n.include(duplicate=error) "/f"', { '/f': '\n a = 2' }).problems, [
    '/f:2:2: a: key `a` is given twice',
  ]);
  assert.deepEqual(read('a = [1]\n.include(duplicate=merge) "/f"', { '/f': 'a { b = 1 }' }).problems, [
    '/f:1:1: a: cannot merge an object with an array',
  ]);
});

test('include finds files by glob, by search path and beside the including file', () => {
  const files = { '/d/b.conf': 'b = 1', '/d/a.conf': 'a = 1', '/d/.h.conf': 'h = 1', '/c/x/y.conf': 'y = 1' };
  assert.deepEqual(read('.include(glob=true) "$D/*.conf"', files).value, { a: 1, b: 1 });
  assert.deepEqual(read('.include(glob=true) "/?/b.conf"', files).problems.length, 1);
  assert.deepEqual(read('.include "x/y.conf"', files).value, { y: 1 });
  assert.deepEqual(read('.include(path=["/e", "/d"]) "b.conf"', files).value, { b: 1 });
  assert.deepEqual(read('.include "file:///d/a.conf"', files).value, { a: 1 });
  assert.deepEqual(read('.try_include "/none"\n.include_map "/none"', files).problems, []);
  assert.deepEqual(read('.include(glob=true) "/none/*.conf"', files).problems, [
    '/c/main.conf:1:21: cannot include /none/*.conf: no such file',
  ]);
  assert.deepEqual(read('d = "$CURDIR"; f = "$FILENAME"', files).value, { d: '/c', f: '/c/main.conf' });
});

test('prefix puts files under keys', () => {
  const files = { '/d/one.conf': 'x = 1', '/d/two.ucl': 'x = 2', '/d/list.conf': '[1, 2]' };
  assert.deepEqual(
    read('.include(prefix=true) "/d/one.conf"\n.include(prefix=true) "/d/two.ucl"', files).value,
    {
      one: { x: 1 },
      two: { x: 2 },
    },
  );
  assert.deepEqual(
    read(
      '.include(prefix=true,key=k) "/d/one.conf"\n.include(prefix=true,key=k,priority=1) "/d/two.ucl"',
      files,
    ).value,
    { k: { x: 2 } },
  );
  assert.deepEqual(
    read(
      '.include(prefix=true,key=k,target=array) "/d/one.conf"\n.include(prefix=true,key=k,target=array) "/d/two.ucl"',
      files,
    ).value,
    { k: [{ x: 1 }, { x: 2 }] },
  );
  assert.deepEqual(read('.include(prefix=true,key=l) "/d/list.conf"', files).value, { l: [1, 2] });
  assert.equal(read('.include "/d/list.conf"', files).problems.length, 1);
});

test('load, inherit and priority work as macros', () => {
  assert.deepEqual(read('.load(key=k, trim=true) "/d/t"', { '/d/t': ' a {b} \n' }).value, { k: 'a {b}' });
  assert.deepEqual(read('.load(key=k, target=int) "/d/t"', { '/d/t': '12\n' }).value, { k: 12 });
  assert.deepEqual(read('.load(key=k, try=true) "/d/none"').problems, []);
  assert.equal(read('.load "/d/none"').problems.length, 1);
  assert.deepEqual(read('t { a = 1; b = 2 }\ns { .inherit "t"\n b = 3 }').value, {
    t: { a: 1, b: 2 },
    s: { a: 1, b: 3 },
  });
  assert.deepEqual(read('t { a = 1 }\ns { a = 2\n .inherit(replace=true) "t" }').value, {
    t: { a: 1 },
    s: { a: 1 },
  });
  assert.equal(read('s { .inherit "none" }').problems.length, 1);
  assert.deepEqual(read('a = 1\n.priority 2\na = 2').value, { a: 2 });
  assert.deepEqual(read('a = 1\n.priority(priority=2)\na = 2').value, { a: 2 });
});

test('macros that cannot be carried out say so and the rest is read', () => {
  for (const [text, problem] of [
    [
      '.includes "/x"',
      '1:1: .includes asks for a signature, and signed includes are not supported (expected .include)',
    ],
    ['.include(sign=true) "/x"', '1:1: signed includes are not supported'],
    [
      '.include(prioritty=1) "/x"',
      '1:20: unknown argument `prioritty` of .include (expected try, priority, duplicate, glob, sign, url, prefix, key, target, path)',
    ],
    ['.include(priority=16) "/x"', '1:1: bad priority (expected a whole number from 0 to 15)'],
    ['.include(priority=x) "/x"', '1:19: bad value for argument `priority` of .include (expected a number)'],
    [
      '.include(duplicate=mix) "/x"',
      '1:1: unknown strategy `mix` for duplicates (expected append, merge, rewrite, error)',
    ],
    ['.include "http://h/x"', '1:10: only local files can be included, not http://h/x'],
    ['.include "/x"', '1:10: cannot include /x: no such file'],
    [
      '.includ "/x"',
      '1:1: unknown macro .includ (expected .include, .try_include, .includes, .priority, .load, .inherit, .include_map)',
    ],
    ['.priority 20', '1:11: bad priority (expected a whole number from 0 to 15)'],
  ] as const) {
    const { problems, value } = read(`${text}\nafter = 1`);
    assert.deepEqual(problems, [`/c/main.conf:${problem}`]);
    assert.deepEqual(value, { after: 1 });
  }
});

test('files that include themselves, or too deeply, are refused', () => {
  assert.deepEqual(read('.include "/a"', { '/a': '.include "/b"', '/b': '.include "/a"' }).problems, [
    '/b:1:10: /a includes itself',
  ]);
  const chain: Record<string, string> = {};
  for (let i = 0; i < 30; i++) chain[`/f${i}`] = `k${i} = ${i}\n.include "/f${i + 1}"`;
  const { problems, value } = read('.include "/f0"', chain);
  assert.deepEqual(problems, ['/f15:2:10: more than 16 files inside each other']);
  assert.equal(Object.keys(value as object).length, 16);
  const doubling: Record<string, string> = {};
  for (let i = 0; i < 15; i++) doubling[`/f${i}`] = `.include "/f${i + 1}"\n`.repeat(4);
  doubling['/f15'] = '';
  assert.match(read('.include "/f0"', doubling).problems.at(0) ?? '', /too many includes/);
});

test('a syntax error in one included file does not hide those of others', () => {
  const { problems, files } = read('.include(try=true) "/a"\n.include "/b"\nc = 1', {
    '/a': 'x = {',
    '/b': '= 1',
  });
  assert.equal(problems.length, 2);
  assert.deepEqual(files, [
    { file: '/c/main.conf', includedBy: undefined },
    { file: '/a', includedBy: '/c/main.conf' },
    { file: '/b', includedBy: '/c/main.conf' },
  ]);
});
