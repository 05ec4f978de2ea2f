import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileGlob, compilePattern, RegexpError } from './regexp.ts';

function matches(pattern: string, subject: string): string | undefined {
  return compilePattern(pattern).exec(subject)?.[0];
}

test('a pattern is read as Perl reads it', () => {
  const table: [pattern: string, subject: string, match: string | undefined][] = [
    ['/foo$/', 'foo\n', 'foo'],
    ['/foo\\z/', 'foo\n', undefined],
    ['/^b$/m', 'a\nb\nc', 'b'],
    ['/a.b/', 'a\rb', 'a\rb'],
    ['/a.b/', 'a\nb', undefined],
    ['/a.b/s', 'a\nb', 'a\nb'],
    ['m{a/b}i', 'A/B', 'A/B'],
    ['m.example', 'm-example', 'm-example'],
    ['foo', 'xfoox', 'foo'],
    ['/x{,3}/', 'x{,3}', 'x{,3}'],
    ['/a{2}/', 'aaa', 'aa'],
    ['/ a b # comment\n c/x', 'abc', 'abc'],
    ['/a(?i)b|c/', 'C', 'C'],
    ['/a(?i)b|c/', 'aB', 'aB'],
    ['/a(?i)b|c/', 'Ab', undefined],
    ['/(?i)straße/', 'STRAßE', 'STRAßE'],
    ['/(?:(?i)a)b/', 'AB', undefined],
    ['/\\Qa.b\\E+/', 'a.bbb', 'a.bbb'],
    ['/[[:digit:][:alpha:]]+/', '-a1-', 'a1'],
    ['/[]a]+/', 'a]', 'a]'],
    ['/[^]a]/', ']b', 'b'],
    ['/[a-]+/', 'a-', 'a-'],
    ['/[\\w-]+/', 'x-y', 'x-y'],
    ['/\\x41\\x{42}\\103/', 'ABC', 'ABC'],
    ['/(?P<n>a)(?P=n)\\g{-1}/', 'aaa', 'aaa'],
    ['/(a)(?#comment)\\1/', 'aa', 'aa'],
    ['/\\h+\\H/', '\t x', '\t x'],
    ['/a\\Rb/', 'a\r\nb', 'a\r\nb'],
    ['/\\p{Cyrillic}\\pL/u', 'Жd', 'Жd'],
    ['/\\xd0\\xb6/', 'ж', '\xd0\xb6'],
    ['/(?U)a+/', 'aaa', 'a'],
    ['/(?U)a+?/', 'aaa', 'aaa'],
    ['/\\s/', '\xa0', undefined],
    ['/[\\S]/', '\xa0', '\xa0'],
    ['/\\@\\-\\_\\#/', '@-_#', '@-_#'],
    ['/(?<!a)b(?=c)/', 'bc', 'b'],
    ['/\\bfoo\\b/', 'a foo b', 'foo'],
    ['/\\cA/', '\x01', '\x01'],
    ['//', 'x', ''],
  ];
  for (const [pattern, subject, match] of table) {
    assert.equal(matches(pattern, subject), match, `${pattern} on ${JSON.stringify(subject)}`);
  }
});

test('what ECMAScript cannot express is refused by name and place', () => {
  const table: [pattern: string, message: RegExp, offset: number][] = [
    ['/(?|a|b)/', /branch reset/, 1],
    ['/(?(1)a)/', /conditional/, 1],
    ['/a(?R)?/', /recursion/, 2],
    ['/a\\K/', /\\K/, 2],
    ['/a\\X/', /\\X/, 2],
    ['/(a/', /without \)/, 1],
    ['/a)/', /unmatched/, 2],
    ['/[a/', /without \]/, 1],
    ['/[z-a]/', /out of order/, 3],
    ['/*/', /quantifier/, 1],
    ['/\\2(a)/', /does not exist/, 1],
    ['/\\p{Klingon}/', /property/, 12],
    ['/a', /closing/, 2],
  ];
  for (const [pattern, message, offset] of table) {
    assert.throws(
      () => compilePattern(pattern),
      (error) => error instanceof RegexpError && message.test(error.message) && error.offset === offset,
      pattern,
    );
  }
});

test('what gave nothing back in Perl gives nothing back here', () => {
  const table: [pattern: string, subject: string, isMatch: boolean][] = [
    ['/a++b/', 'aaab', true],
    ['/a++a/', 'aaa', false],
    ['/a*+\\w/', 'aaa', false],
    ['/a?+a/', 'a', false],
    ['/a{1,2}+a/', 'aaa', true],
    ['/^a{1,2}+a/', 'aa', false],
    ['/(?>a|ab)c/', 'abc', false],
    ['/(?>ab|a)c/', 'abc', true],
    ['/(x)(?>a+)\\1/', 'xaax', true],
    ['/(x)(?>a+)\\1/', 'xaay', false],
    ['/(?<n>x)a*+\\1/', 'xaax', true],
    ['/(?:(?>a|b)+c)++d/', 'abcbacd', true],
    ['/(?^i:AB)c/', 'abc', true],
    ['/(?^:AB)c/i', 'abc', false],
  ];
  for (const [pattern, subject, isMatch] of table)
    assert.equal(compilePattern(pattern).test(subject), isMatch, `${pattern} on ${subject}`);
});

test('a loop of exponential time is refused', () => {
  for (const pattern of [
    '/(a+)+$/',
    '/(a*)*b/',
    '/(a|a)*b/',
    '/(a|ab|b)*c/',
    '/(\\w|\\d)+x/',
    '/(\\s*foo\\s*)*x/',
    '/([^,]+,?)*;/',
    '/((a?b?)*c)*d/',
    '/(?i)(A|a)+b/',
    '/(a{1,5})*b/',
    '/x(?=(y+)+z)/',
    '/(a+){20}b/',
    `/(${'a?'.repeat(200)})*b/`,
  ]) {
    assert.throws(() => compilePattern(pattern), /exponential/, pattern);
  }
});

test('a loop too large to judge is refused when there is another one inside', () => {
  assert.throws(() => compilePattern(`/(${'x\\s*'.repeat(300)})*b/`), /exponential/);
  assert.doesNotThrow(() => compilePattern(`/(${'xyz'.repeat(300)})*b/`));
});

test('loops that read every text in one way are accepted', () => {
  for (const pattern of [
    '/(a+b)+$/',
    '/(?:[a-z0-9-]+\\.)+com$/',
    '/^(?:\\d{1,3}\\.){3}\\d{1,3}$/',
    '/(?:foo|bar|baz)+/',
    '/(foo,\\s*)+/',
    '/.*foo.*bar/',
    '/(?:[^"\\\\]|\\\\.)*"/',
    '/(?:a|b(?i)A)+/',
    '/<[^>]+>\\s*(?:<[^>]+>\\s*)*x/',
    '/(a?)b*/',
    '/(?:[ :]|&#[0-9]{1,3};){1,100}x/',
    `/(?:${Array.from({ length: 30 }, (_, i) => `word${i}x`).join('|')})+/`,
    `/(?:${Array.from({ length: 300 }, (_, i) => `word${i}x`).join('|')})+/`,
  ]) {
    assert.doesNotThrow(() => compilePattern(pattern), pattern);
  }
});

test('an unknown flag is told, not obeyed', () => {
  assert.match(compilePattern('/a/iU').notice ?? '', /"U"/);
  assert.equal(compilePattern('/a/iOL').notice, undefined);
});

test('a glob covers the whole text', () => {
  const table: [glob: string, subject: string, isMatch: boolean][] = [
    ['*.example.com', 'a.example.com', true],
    ['*.example.com', 'a.example.com.evil', false],
    ['*.example.com', 'A.EXAMPLE.COM', false],
    ['fo?', 'fo', true],
    ['fo?', 'foo', true],
    ['fo?', 'fooo', false],
    ['a+b', 'ab', false],
    ['a+b', 'a-b', true],
    ['[a](b)', '[a](b)', true],
    ['*a*b*c*d', 'xaxbxcxd', true],
    ['*a*b*c*d', 'xaxbxcx', false],
    ['a?b?c?d?', 'abcd', true],
    ['+a+b+c+', 'xaybzcw', true],
    ['+a+b+c+', 'xabzcw', false],
  ];
  for (const [glob, subject, isMatch] of table) {
    assert.equal(compileGlob(glob).test(subject), isMatch, `${glob} on ${subject}`);
  }
});

test('any text either compiles or is refused with a place inside it', () => {
  const piece = fc.constantFrom(
    ...'abA1 .*+?|()[]{}^$\\-,:<>=!#P/'.split(''),
    ...['(?:', '(?i)', '(?<n>', '[^', '\\d', '\\W', '\\x', '{2,3}', '[[:alpha:]]', '\\Q', '\\E', '\\1'],
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 24 }), (pieces) => {
      const text = `/${pieces.join('')}/`;
      try {
        compilePattern(text).test('aaab 1,a');
      } catch (error) {
        assert.ok(error instanceof RegexpError, String(error));
        assert.ok(error.offset >= 0 && error.offset <= text.length);
      }
    }),
    { numRuns: 500 },
  );
});
