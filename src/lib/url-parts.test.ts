import assert from 'node:assert/strict';
import { test } from 'node:test';
import { urlParts } from './url-parts.ts';

test('a URL is taken apart as RFC 3986 says', () => {
  const table: [url: string, protocol: string, user: string, port: string, fragment: string][] = [
    ['http://user@www.example.co.uk:8080/a/b?q=1#frag', 'http', 'user', '8080', 'frag'],
    ['HTTPS://example.com', 'https', '', '', ''],
    ['http://u:p@[2001:db8::1]:81/#a#b', 'http', 'u', '81', 'a#b'],
    ['http://example.com/a@b:1', 'http', '', '', ''],
    ['mailto:a@example.com', 'mailto', '', '', ''],
    ['no url', '', '', '', ''],
  ];
  for (const [url, protocol, user, port, fragment] of table) {
    assert.deepEqual(urlParts(url), { protocol, user, port, fragment }, url);
  }
});
