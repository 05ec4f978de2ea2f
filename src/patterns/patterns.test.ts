import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RegexpError, readPattern, utf8Bytes } from '../lib/index.ts';
import { LiteralAutomaton } from './automaton.ts';
import { charsWithin, matchSteps } from './cost.ts';
import { watched } from './guard.ts';
import { PatternGroup, patternLimits } from './index.ts';
import { requiredLiterals } from './literals.ts';

function literals(text: string): readonly string[] | undefined {
  const { root, regexp, isBytes } = readPattern(text);
  return requiredLiterals(root, regexp.ignoreCase, isBytes);
}

test('literals are found through groups, alternatives, classes and counts', () => {
  const table: [pattern: string, literals: readonly string[] | undefined][] = [
    ['/viagra/', ['viagra']],
    ['/Buy now/i', ['buy now']],
    ['/^foo|bar$/', ['foo', 'bar']],
    ['/(?:cheap|best) (?:pills|meds)/', ['cheap pills', 'cheap meds', 'best pills', 'best meds']],
    ['/gr[ae]y/', ['gray', 'grey']],
    ['/[vV][iI]a/', ['via']],
    ['/colou?r/', ['color', 'colour']],
    ['/\\d+ dollars?/', [' dollar', ' dollars']],
    ['/(?:ab){3}/', ['ababab']],
    ['/x\\.example\\/wp-[^/]+\\//', ['x.example/wp-']],
    ['/(?i)ſtop/', ['top']],
    ['/\\d+/', undefined],
    ['/(?:foo)?/', undefined],
    ['/foo|\\d/', undefined],
    ['/a.b/', undefined],
    ['/x/', undefined],
    ['/жи/', ['жи']],
    ['/жи/i', undefined],
    ['/ab\\xd0\\xb6cde/', ['cde']],
    ['/(?=foo)f\\w+bar/', ['bar']],
    ['/(foo)\\1/', ['foo']],
    ['/a{0}bcd/', ['bcd']],
    ['/[^a]lpha/', ['lpha']],
  ];
  for (const [pattern, expected] of table) assert.deepEqual(literals(pattern), expected, pattern);
});

test('the automaton finds every literal, in any case and one inside another', () => {
  const automaton = new LiteralAutomaton([
    { text: 'he', owner: 0 },
    { text: 'she', owner: 1 },
    { text: 'hers', owner: 2 },
    { text: 'ünder', owner: 3 },
    { text: 'nothing', owner: 4 },
  ]);
  const found = new Uint8Array(5);
  automaton.search('uSHErs ünder', found);
  assert.deepEqual([...found], [1, 1, 1, 1, 0]);
});

test('the automaton agrees with a search for each literal', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'C', 'ж', '1'), maxLength: 30 });
  fc.assert(
    fc.property(
      fc.array(
        text.filter((literal) => literal !== ''),
        { maxLength: 12 },
      ),
      text,
      (list, subject) => {
        const folded = list.map((literal) => literal.toLowerCase());
        const automaton = new LiteralAutomaton(folded.map((literal, owner) => ({ text: literal, owner })));
        const found = new Uint8Array(list.length);
        automaton.search(subject, found);
        assert.deepEqual(
          [...found],
          folded.map((literal) => (subject.toLowerCase().includes(literal) ? 1 : 0)),
        );
      },
    ),
    { numRuns: 300 },
  );
});

test('more different characters than the table has columns make candidates, not misses', () => {
  const wide = Array.from({ length: 400 }, (_, i) => String.fromCharCode(0x4e00 + i));
  const automaton = new LiteralAutomaton(wide.map((char, owner) => ({ text: `${char}x`, owner })));
  const found = new Uint8Array(400);
  automaton.search(`${wide[399]}x`, found);
  assert.equal(found[399], 1);
  assert.equal(found[0], 0);
});

const piece = fc.constantFrom(
  ...'abAKsſk1 ж.*+?|()[]^$-'.split(''),
  ...[
    '(?:',
    '(?i)',
    '(?i:',
    '[^',
    '[ab]',
    '[a-c]',
    '\\d',
    '\\w',
    '\\b',
    '{2}',
    '{1,3}',
    'foo',
    'FOO',
    'bar|',
    '\\xc4',
  ],
);
const subjects = fc.array(
  fc.string({ unit: fc.constantFrom(...'abAKksSſ\u212a1 жЖfoOoBar\n'.split('')), maxLength: 40 }),
  { minLength: 1, maxLength: 3 },
);

test('a group says of every pattern what the pattern says by itself', () => {
  const patterns = fc.array(
    fc.tuple(fc.array(piece, { minLength: 1, maxLength: 10 }), fc.constantFrom('', 'i', 'u', 'iu', 'r', 'm')),
    { minLength: 1, maxLength: 12 },
  );
  fc.assert(
    fc.property(patterns, subjects, fc.constantFrom(0, 256), (list, texts, searchFromChars) => {
      const group = new PatternGroup({ ...patternLimits, searchFromChars });
      const added: { regexp: RegExp; isBytes: boolean; number: number }[] = [];
      for (const [pieces, flags] of list) {
        try {
          const pattern = readPattern(`/${pieces.join('')}/${flags}`);
          if (pattern.exponentialLoop !== undefined) continue;
          const number = group.add(pattern, { counts: false, onOverrun: () => assert.fail('overrun') });
          added.push({ regexp: pattern.regexp, isBytes: pattern.isBytes, number });
        } catch (error) {
          if (!(error instanceof RegexpError)) throw error;
        }
      }
      const run = group.open(texts);
      for (const { regexp, isBytes, number } of added) {
        const expected = texts.some((text) => regexp.test(isBytes ? utf8Bytes(text) : text));
        assert.equal(run.value(number), expected ? 1 : 0, String(regexp));
      }
    }),
    { numRuns: 1000 },
  );
});

test('matches are counted over all texts, empty ones too, up to a bound', () => {
  const group = new PatternGroup();
  const add = (text: string): number =>
    group.add(readPattern(text), { counts: true, onOverrun: () => assert.fail() });
  const [a, empty, none] = [add('/a/'), add('/x*/'), add('/nothing/')];
  const run = group.open(['banana', 'a']);
  assert.deepEqual([run.value(a), run.value(empty), run.value(none)], [4, 9, 0]);
  assert.equal(group.open(['a'.repeat(1000)]).value(a), 255);
});

test('the estimate of a pattern tells one way from many', () => {
  const most = 1_000_000;
  const chars = (text: string): number => {
    const { root, regexp } = readPattern(text);
    return charsWithin(matchSteps(root, regexp.ignoreCase), 5_000_000, most);
  };
  for (const text of [
    '/foo/',
    '/^a+b/',
    '/^[^>]+>[a-z]*$/',
    '/^(?:a|b+c*)$/',
    '/^[a-z0-9]{6,24}[-a-z]{12,36}$/',
  ])
    assert.equal(chars(text), most, text);
  const bounds: [pattern: string, least: number, below: number][] = [
    ['/\\s+$/', 2000, 3000],
    ['/<[^>]+>/', 2000, 3000],
    ['/^.*a.*b/', 100, 200],
    ['/.*a.*b/', 30, 100],
    ['/a .{0,100}href/', 100, 3000],
    ['/^(?:[^>.]+\\.)+[^>.]+>$/', 2000, 3000],
    ['/^(a*)\\1b/', 100, 3000],
  ];
  for (const [text, least, below] of bounds) {
    assert.ok(chars(text) >= least && chars(text) < below, `${text}: ${chars(text)}`);
  }
});

test('work that takes too long is stopped, other work is not', () => {
  assert.deepEqual(
    watched(1000, () => 42),
    { isOverrun: false, value: 42 },
  );
  assert.deepEqual(
    watched(20, () => /(a+)+$/.test(`${'a'.repeat(60)}b`)),
    { isOverrun: true },
  );
  assert.throws(
    () =>
      watched(1000, () => {
        throw new TypeError('its own failure');
      }),
    TypeError,
  );
});

test('a pattern that overruns is stopped, reported once and off; the others go on', () => {
  const group = new PatternGroup({ ...patternLimits, limitMs: 20 });
  const overruns: string[] = [];
  const add = (text: string): number =>
    group.add(readPattern(text), { counts: false, onOverrun: () => overruns.push(text) });
  const [slow, quadratic, fine] = [add('/(a+)+$/'), add('/a+$/'), add('/b$/')];
  const hostile = [`${'a'.repeat(10_000)}b`, `${'a'.repeat(500_000)}b`];
  for (let i = 0; i < 2; i++) {
    const run = group.open(hostile);
    assert.deepEqual([run.value(slow), run.value(quadratic)], [0, 0]);
  }
  assert.deepEqual(overruns, ['/(a+)+$/', '/a+$/']);
  assert.equal(group.open(hostile).value(fine), 1);
});

test('patterns look at the beginning of a text only, those of exponential time at less of it', () => {
  const group = new PatternGroup({ ...patternLimits, textChars: 1000, exponentialChars: 100 });
  const add = (text: string): number =>
    group.add(readPattern(text), { counts: false, onOverrun: () => assert.fail(text) });
  const [plain, searched, slow] = [add('/x/'), add('/xyz/'), add('/(?:x|x)+yz/')];
  const at = (place: number): number[] => {
    const run = group.open([`${' '.repeat(place)}xyz`]);
    return [run.value(plain), run.value(searched), run.value(slow)];
  };
  assert.deepEqual(at(50), [1, 1, 1]);
  assert.deepEqual(at(500), [1, 1, 0]);
  assert.deepEqual(at(5000), [0, 0, 0]);
});
