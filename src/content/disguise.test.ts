import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type DisguisedWord, disguiseList, findDisguised } from './disguise.ts';

const list = disguiseList(['password', 'paypal', 'casino', 'crédito'], ['lottery']);

function find(text: string): readonly string[] {
  const found: DisguisedWord[] = [];
  findDisguised(text, list, (one) => found.push(one));
  return found.map(({ word, how }) => `${word} ${how}`);
}

const rows: readonly (readonly [text: string, expected: readonly string[]])[] = [
  ['Your pаssword', ['password letters']],
  ['Your раураl account', ['paypal letters']],
  ['Your PayPaI account', ['paypal letters']],
  ['Your p\u200bass\u200bword', ['password invisible']],
  ['Your p@ssw0rd!', ['password digits']],
  ['pa$$word, C4S1N0', ['password digits', 'casino digits']],
  ['𝐩𝐚𝐬𝐬𝐰𝐨𝐫𝐝 and ＰＡＹＰＡＬ', ['password style', 'paypal style']],
  ['the l.o.t.t.e.r.y now', ['lottery spread']],
  ['L O T T E R Y', ['lottery spread']],
  ['a l-o-t-t-e-r-y', ['lottery spread']],
  ['L 0 T T 3 R Y ', ['lottery spread']],
  // Nothing hidden.
  ['Your password, PASSWORD, Password! PayPal: casino CasIno', []],
  ['credito, crédito, CRÉDITO, cre\u0301dito', []],
  ['pass\u00adword and pay\u00adpal', []],
  ['P A S S W O R D', []],
  ['l.o.t-t.e.r.y and l o t t e r', []],
  ['paypai, caslno, passw', []],
  ['info@paypal.com, password1, 2password, a1b2c3d4, x5', []],
  ['пароль, сорока, ракета', []],
  ['今日はカジノです', []],
  ['', []],
];

for (const [text, expected] of rows)
  test(`${JSON.stringify(text)} has ${expected.join(', ') || 'nothing disguised'}`, () => {
    assert.deepEqual(find(text), expected);
  });

test('any text is read, and beyond 65,536 characters nothing is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      find(text);
    }),
    { numRuns: 300 },
  );
  assert.deepEqual(find(`${' '.repeat(65_536)}pa$$word`), []);
  assert.deepEqual(find('a.'.repeat(1_000_000)), []);
});
