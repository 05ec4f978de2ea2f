import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptsZstd, negotiate } from './accept.ts';

test('the best quality wins, the preferred type wins ties, the most specific range counts', () => {
  const offered = ['application/json', 'application/msgpack', 'multipart/mixed'] as const;
  const rows: [string | undefined, string | undefined][] = [
    [undefined, 'application/json'],
    ['', 'application/json'],
    ['*/*', 'application/json'],
    ['application/msgpack', 'application/msgpack'],
    ['application/json;q=0.5, application/msgpack', 'application/msgpack'],
    ['*/*;q=0.1, multipart/mixed', 'multipart/mixed'],
    ['application/*, application/json;q=0', 'application/msgpack'],
    ['Application/JSON; charset=utf-8', 'application/json'],
    ['text/html', undefined],
    ['application/json;q=nonsense', undefined],
    [',', undefined],
  ];
  for (const [accept, type] of rows) assert.equal(negotiate(accept, offered), type, String(accept));
});

test('zstd is accepted when it is named and not refused', () => {
  assert.equal(acceptsZstd('gzip, ZSTD'), true);
  assert.equal(acceptsZstd('zstd;q=0'), false);
  assert.equal(acceptsZstd('gzip'), false);
  assert.equal(acceptsZstd(undefined), false);
});
