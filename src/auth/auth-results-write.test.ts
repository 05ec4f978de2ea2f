import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAuthResults, resultOf } from './auth-results.ts';
import { authResultTexts, foldAuthResults, resultValue } from './auth-results-write.ts';

test('values are tokens, addresses, or quoted strings of printable ASCII', () => {
  for (const [text, expected] of [
    ['example.com', 'example.com'],
    ['a.b+c@example.com', 'a.b+c@example.com'],
    ['@example.com', '@example.com'],
    ['a b@example.com', '"a b@example.com"'],
    ['a@b@c', '"a@b@c"'],
    ['ab/cd', '"ab/cd"'],
    ['2001:db8::1', '"2001:db8::1"'],
    ['x;y="z\\', '"x;y=\\"z\\\\"'],
    ['a\r\nb\u0000ü', '"a??b??"'],
    ['', '""'],
  ] as const)
    assert.equal(resultValue(text), expected);
});

test('what was not checked is not written; what was found empty is none', () => {
  assert.deepEqual(authResultTexts({}), []);
  assert.deepEqual(authResultTexts({ dkim: [], arc: { result: 'none', sealers: [] } }), [
    'dkim=none',
    'arc=none',
  ]);
  assert.deepEqual(authResultTexts({ auth: { login: undefined } }), ['auth=pass']);
});

test('SPF names what it checked', () => {
  const spf = { domain: 'mx.example.com', sender: 'postmaster@mx.example.com', clientIp: undefined as never };
  assert.deepEqual(authResultTexts({ spf: { ...spf, result: 'pass', identity: 'helo' } }), [
    'spf=pass smtp.helo=mx.example.com',
  ]);
});

test('whatever stands in the results, one field with as many results can be read back', () => {
  const word = fc.string({ unit: 'binary', maxLength: 40 });
  fc.assert(
    fc.property(fc.array(fc.tuple(word, word, word), { maxLength: 4 }), word, (signatures, login) => {
      const dkim = signatures.map(([domain, selector, reason]) => ({
        result: 'fail' as const,
        domain,
        selector,
        reason,
      }));
      const texts = authResultTexts({ dkim, auth: { login } });
      const value = foldAuthResults('Authentication-Results', 'mx.example.com', texts);
      assert.ok(/^[\x20-\x7e]*(?:\r\n\t[\x20-\x7e]*)*$/.test(value));
      const parsed = parseAuthResults(value);
      assert.equal(parsed?.authservId, 'mx.example.com');
      assert.equal(parsed.results.length, Math.max(1, dkim.length) + 1);
      assert.equal(resultOf(parsed, 'auth')?.word, 'pass');
      if (dkim.length > 0) assert.equal(resultOf(parsed, 'dkim')?.word, 'fail');
    }),
    { numRuns: 300 },
  );
});
