import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { alphabetOf, areConfusable, displayedName, isHomographHost, skeleton } from './confusables.ts';

test('a skeleton is what a text looks like', () => {
  const table: readonly (readonly [string, string])[] = [
    ['PayPal', 'paypal'],
    ['pаураl', 'paypal'],
    ['ｐａｙｐａｌ', 'paypal'],
    ['𝗽𝗮𝘆𝗽𝗮𝗹', 'paypal'],
    ['pay\u200bpal', 'paypal'],
    ['páypäl', 'paypal'],
    ['ᴘᴀʏᴘᴀʟ', 'paypal'],
    ['аррӏе', 'apple'],
    ['ΑΡΡLE', 'apple'],
    ['日本', '日本'],
  ];
  for (const [text, expected] of table) assert.equal(skeleton(text), expected, text);
});

test('names that look the same are told from the same name and from others', () => {
  assert.ok(areConfusable('аpple.com', 'apple.com'));
  assert.ok(areConfusable('xn--pple-43d.com', 'apple.com'));
  assert.ok(!areConfusable('apple.com', 'apple.com'));
  assert.ok(!areConfusable('apple.com', 'orange.com'));
  assert.ok(!areConfusable('APPLE.com', 'apple.com'));
});

test('hosts that imitate others are told from honest names of every language', () => {
  const imitations = ['pаypal.com', 'аррӏе.com', 'www.gоogle.com', 'ɡoogle.com', 'αpple.com'];
  const honest = [
    'bücher.de',
    'пример.рф',
    'сор.рф',
    'почта.com',
    'παράδειγμα.gr',
    '日本語.jp',
    'ウィキpedia.jp',
    'ısparta.com',
    'żółw.pl',
    'smørrebrød.dk',
    'ไทย.com',
    'نامه.com',
  ];
  const ascii = (host: string): string => new URL(`http://${host}/`).hostname;
  for (const host of imitations) assert.ok(isHomographHost(ascii(host)), host);
  for (const host of honest) assert.ok(!isHomographHost(ascii(host)), host);
  assert.ok(!isHomographHost('example.com'));
  assert.ok(!isHomographHost('xn--0.com'));
  assert.equal(displayedName('xn--0.com'), 'xn--0.com');
});

test('ASCII letters are Latin and only look like themselves', () => {
  for (let code = 0x20; code < 0x7f; code++) {
    const char = String.fromCharCode(code);
    assert.equal(alphabetOf(code) === 1, /[a-z]/i.test(char), char);
    assert.equal(skeleton(`é${char}`), `e${char.toLowerCase()}`);
  }
});

test('any text has a skeleton', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.equal(typeof skeleton(text), 'string');
      assert.equal(typeof isHomographHost(`xn--${text}`), 'boolean');
    }),
    { numRuns: 300 },
  );
});
