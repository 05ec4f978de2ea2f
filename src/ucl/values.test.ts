import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseUcl, toPlain } from './index.ts';

const variables = { DBDIR: '/var/lib/x', NAME: 'n' };

function read(text: string): unknown {
  return toPlain(parseUcl(text, { file: 't.conf', variables }).root);
}

function scalarOf(text: string): unknown {
  return (read(`k = ${text}\n`) as { k: unknown }).k;
}

test('every scalar becomes the value that its spelling means', () => {
  const table: readonly (readonly [text: string, value: unknown])[] = [
    ['true', true],
    ['YES', true],
    ['On', true],
    ['false', false],
    ['no', false],
    ['oFF', false],
    ['"yes"', 'yes'],
    ['null', null],
    ['NULL', 'NULL'],
    ['inf', Number.POSITIVE_INFINITY],
    ['12', 12],
    ['-7', -7],
    ['-0', 0],
    ['007', 7],
    ['0x1F', 31],
    ['-0x10', -16],
    ['0x1.5', '0x1.5'],
    ['1.5', 1.5],
    ['-2.5e3', -2500],
    ['1e3', 1000],
    ['1e999', '1e999'],
    ['.5', '.5'],
    ['+5', '+5'],
    ['10k', 10_000],
    ['2K', 2000],
    ['1.5m', 1_500_000],
    ['5m', 5_000_000],
    ['1g', 1e9],
    ['2kb', 2048],
    ['1Mb', 1_048_576],
    ['1gb', 1_073_741_824],
    ['300ms', 0.3],
    ['10s', 10],
    ['5min', 300],
    ['2h', 7200],
    ['1d', 86_400],
    ['1w', 604_800],
    ['1y', 31_536_000],
    ['1x', '1x'],
    ['5 min', '5 min'],
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['100 / 1h', '100 / 1h'],
    ['1.2.3.4', '1.2.3.4'],
    ['fe80::/10', 'fe80::/10'],
    ['a b  c   ', 'a b  c'],
    ['http://x/y#z', 'http://x/y'],
    ['/re{1}/', '/re{1}/'],
    ['a[1]b', 'a[1]b'],
    ['a\\;b\\ c', 'a;b c'],
    ['1\\2', '12'],
    ['"a\\"b\\\\c\\/\\n\\t\\u00e9\\ud83d\\ude00"', 'a"b\\c/\n\té😀'],
    ['"application\\/x\\.y"', 'application/x.y'],
    ["'a\\n\\'b'", "a\\n'b"],
    ["'one \\\ntwo'", 'one two'],
    ["'$NAME'", '$NAME'],
    [`"$NAME/\${DBDIR}/$OTHER"`, 'n//var/lib/x/$OTHER'],
    ['"$$NAME $NAME"', '$NAME n'],
    ['"5$$"', '5$$'],
    ['$DBDIR/keys', '/var/lib/x/keys'],
    [`\${DBDIR}/keys`, '/var/lib/x/keys'],
    ['<<EOD\nline $NAME\n  two\nEOD', 'line n\n  two'],
    ['<<EOD\r\nx\r\nEOD;', 'x'],
    ['<<EOD\nEOD', ''],
    ['<<EOD\nEODX\nEOD', 'EODX'],
    ['<<eod', '<<eod'],
    ['<<EOD x', '<<EOD x'],
  ];
  for (const [text, value] of table) assert.deepEqual(scalarOf(text), value, JSON.stringify(text));
  assert.ok(Number.isNaN(scalarOf('nan')));
});

test('separators, signs and braces are as free as in Rspamd', () => {
  for (const [text, value] of [
    ['', {}],
    ['{}', {}],
    ['a 1', { a: 1 }],
    ['a: 1, b = 2; c 3\n\n;;d=4', { a: 1, b: 2, c: 3, d: 4 }],
    ['{ "a": 1, "b": [1, 2,], }', { a: 1, b: [1, 2] }],
    ['a {b=1} c {}', { a: { b: 1 }, c: {} }],
    ['a\n{\n b =\n1\n}', { a: { b: 1 } }],
    ['worker "normal" { a = 1 }', { worker: { normal: { a: 1 } } }],
    ['a b c { d = 1 }', { a: { b: { c: { d: 1 } } } }],
    ['a b [1]', { a: { b: [1] } }],
    ['key some "quoted {" text', { key: 'some "quoted {" text' }],
    [`path \${DBDIR}/x`, { path: '/var/lib/x/x' }],
    ['a = [10.0.0.0/8, fe80::/10]', { a: ['10.0.0.0/8', 'fe80::/10'] }],
    ['a = [\n1\n2 # two\n 3]', { a: [1, 2, 3] }],
    ['a = [[1, 2], {b = 3}]', { a: [[1, 2], { b: 3 }] }],
    ['a = 1 # note\nb = 2 /* note */\nc = 3', { a: 1, b: 2, c: 3 }],
    ['a = 1 /* in line */ b = 2', { a: 1, b: 2 }],
    ['/* a /* b */ "*/" c */ x = 1', { x: 1 }],
    ['a = 1; a = 2; a = [3]', { a: [1, 2, [3]] }],
    ['a { x = 1 } a { y = 2 }', { a: [{ x: 1 }, { y: 2 }] }],
    ['"k k" = 1; /x = 2; é.b-c = 3', { 'k k': 1, '/x': 2, 'é.b-c': 3 }],
    ['\ufeffa = 1', { a: 1 }],
    ['[1, {a = 2}]', [1, { a: 2 }]],
  ] as const)
    assert.deepEqual(read(text), value, JSON.stringify(text));
});

test('a comment with two slashes is accepted with a warning', () => {
  const { root, warnings } = parseUcl('// first\na = 1; // second\nb = x // third\nc = http://y', {
    file: 'f',
  });
  assert.deepEqual(toPlain(root), { a: 1, b: 'x', c: 'http://y' });
  assert.deepEqual(
    warnings.map(({ position }) => [position?.line, position?.column]),
    [
      [1, 1],
      [2, 8],
      [3, 7],
    ],
  );
});

test('keys that are JavaScript property names stay ordinary keys', () => {
  const value = read('__proto__ { a = 1 } constructor = 2; hasOwnProperty = 3');
  assert.deepEqual(Object.keys(value as object), ['__proto__', 'constructor', 'hasOwnProperty']);
  assert.equal(({} as { a?: unknown }).a, undefined);
});
