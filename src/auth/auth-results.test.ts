import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arcResult, parseAuthResults, trustedResults } from './auth-results.ts';
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
