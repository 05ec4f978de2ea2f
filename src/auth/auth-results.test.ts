import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arcResult, claimsToBeFrom, parseAuthResults, resultOf, trustedResults } from './auth-results.ts';
import { message } from './testing/mail.ts';

test('a field is split at semicolons outside comments and quoted strings', () => {
  assert.deepEqual(
    parseAuthResults(
      ' mx.example.com 1;\r\n\tspf=pass (a; b (c)) smtp.mailfrom="x;\\"y"@example.com;\r\n dkim=none; ',
    ),
    {
      authservId: 'mx.example.com',
      results: ['spf=pass (a; b (c)) smtp.mailfrom="x;\\"y"@example.com', 'dkim=none'],
    },
  );
  assert.deepEqual(parseAuthResults('mx.example.com; none'), { authservId: 'mx.example.com', results: [] });
  for (const text of ['', '; spf=pass', 'mx; spf=pass (', 'mx; spf="'])
    assert.equal(parseAuthResults(text), undefined, text);
});

test('only fields of trusted servers count, joined in their order', () => {
  const { headers } = message(
    [
      'Authentication-Results: mx.example.com; arc=pass',
      'Authentication-Results: evil.example; arc=fail; dkim=pass',
      'Authentication-Results: MX.example.com; spf=pass',
      '',
      '',
    ].join('\r\n'),
  );
  const found = trustedResults(headers, new Set(['mx.example.com']));
  assert.deepEqual(found, { authservId: 'mx.example.com', results: ['arc=pass', 'spf=pass'] });
  assert.equal(trustedResults(headers, new Set(['other.example'])), undefined);
  assert.equal(arcResult(found!), 'pass');
  assert.equal(arcResult({ authservId: 'x', results: ['spf=pass', 'arc = FAIL (x)'] }), 'fail');
  assert.equal(arcResult({ authservId: 'x', results: ['spf=pass'] }), undefined);
  assert.equal(arcResult({ authservId: 'x', results: ['arc=odd'] }), undefined);
});

test('a result is read with its properties, comments left out', () => {
  const found = parseAuthResults(
    'mx; dmarc/1 = PASS (p=reject (x)) header.From="a;\\"b" policy.dmarc=none; dmarc=fail; spf=none',
  );
  assert.deepEqual(resultOf(found!, 'dmarc'), {
    word: 'pass',
    properties: new Map([
      ['header.from', 'a;"b'],
      ['policy.dmarc', 'none'],
    ]),
  });
  assert.equal(resultOf(found!, 'dkim'), undefined);
});

test('a field is of the server that its first word names, readable or not', () => {
  const own = new Set(['mx.example.com']);
  for (const [value, expected] of [
    [' mx.example.com; none', true],
    [' MX.Example.com 1; none', true],
    ['\r\n\tmx.example.com; spf="', true],
    [' (x) mx.example.com; none', true],
    [' mx.example.com.evil.example; none', false],
    [' other.example; (mx.example.com)', false],
    ['', false],
  ] as const)
    assert.equal(claimsToBeFrom(value, own), expected, value);
});
