import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cookieIn, openCookie } from './cookie.ts';

// Made by `rspamadm cookie` of Rspamd 3.4.
const key = '0123456789abcdef0123456789abcdef';
const long = '6cor7qgRCYaUcDlovRoDa5ifctET6+GVez7IHAGdyDo=';
const short = '1JtWecJlbb03pQ6dvRoDa2jz1nDFpVH06DyFC+Tz8Z8=';

test('cookies of Rspamd are read', () => {
  assert.deepEqual(openCookie(key, long), { text: 'mycookie1234567', madeAt: 1_795_365_565 });
  assert.deepEqual(openCookie(key, short), { text: 'abc', madeAt: 1_795_365_565 });
});

test('a cookie of another key is none', () => {
  assert.equal(openCookie('00112233445566778899aabbccddeeff', long), undefined);
});

test('a cookie stands before the @ of a Message-ID, or alone', () => {
  assert.equal(cookieIn(`<${long}@example.com>`), long);
  assert.equal(cookieIn(`${long}@example.com`), long);
  assert.equal(cookieIn(long), long);
});

test('whatever text comes, reading it ends in a cookie or in nothing', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String({ minLength: 44, maxLength: 44 })), (text) => {
      const cookie = openCookie(key, cookieIn(text));
      if (cookie) assert.ok(cookie.text.length > 0 && cookie.text.length < 16);
    }),
    { numRuns: 300 },
  );
});
