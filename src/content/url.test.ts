import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseUrl, percentDecode } from './url.ts';

function parse(written: string): string | undefined {
  const url = parseUrl(written);
  return url && `${url.url} ${url.host} ${url.domain} ${url.flags.join(',')}`.trim();
}

test('links are taken apart and their hosts normalised', () => {
  const table: [written: string, expected: string | undefined][] = [
    ['http://www.example.co.uk/a?b#c', 'http://www.example.co.uk/a?b#c www.example.co.uk example.co.uk'],
    ['HTTPS://WWW.Example.COM/Path', 'https://www.example.com/Path www.example.com example.com'],
    ['ftp://example.com', 'ftp://example.com example.com example.com'],
    ['www.example.com', 'http://www.example.com www.example.com example.com schemaless'],
    ['http://example.com.', 'http://example.com example.com example.com'],
    ['http://user.github.io/', 'http://user.github.io/ user.github.io user.github.io'],
    ['http://example.com:8080/', 'http://example.com:8080/ example.com example.com has_port'],
    ['http://a:b@example.com/', 'http://a:b@example.com/ example.com example.com has_user'],
    ['http://good.example.org@evil.com/', 'http://good.example.org@evil.com/ evil.com evil.com has_user'],
    ['http://localhost/', 'http://localhost/ localhost localhost no_tld'],
    ['http://a.invalid/', 'http://a.invalid/ a.invalid a.invalid no_tld'],
    // Numeric hosts in all notations of WHATWG URL.
    ['http://192.0.2.1/', 'http://192.0.2.1/ 192.0.2.1 192.0.2.1 numeric'],
    ['http://3221225985/', 'http://192.0.2.1/ 192.0.2.1 192.0.2.1 numeric,obscured'],
    ['http://0xc0000201/', 'http://192.0.2.1/ 192.0.2.1 192.0.2.1 numeric,obscured'],
    ['http://0300.0.2.1/', 'http://192.0.2.1/ 192.0.2.1 192.0.2.1 numeric,obscured'],
    ['http://192.513/', 'http://192.0.2.1/ 192.0.2.1 192.0.2.1 numeric,obscured'],
    ['http://192.0.2.256/', undefined],
    ['http://1.2.3.4.5/', undefined],
    ['http://[2001:DB8::1]:80/', 'http://[2001:db8::1]:80/ 2001:db8::1 2001:db8::1 has_port,numeric'],
    ['http://[nonsense]/', undefined],
    // Internationalised names.
    [
      'http://bücher.example.com/',
      'http://xn--bcher-kva.example.com/ xn--bcher-kva.example.com example.com idn',
    ],
    ['http://xn--bcher-kva.com/', 'http://xn--bcher-kva.com/ xn--bcher-kva.com xn--bcher-kva.com idn'],
    ['http://exam\u200bple.com/', 'http://example.com/ example.com example.com zw_spaces'],
    // Written to be misread.
    ['http:\\\\example.com\\a', 'http://example.com\\a example.com example.com obscured'],
    ['http:/example.com/', 'http://example.com/ example.com example.com missing_slashes'],
    ['http:example.com/', 'http://example.com/ example.com example.com missing_slashes'],
    ['http://////example.com/', 'http://example.com/ example.com example.com'],
    ['http://exa%6Dple.com/', 'http://example.com/ example.com example.com host_encoded,obscured'],
    ['ht\ntp://exam\tple.com/', 'http://example.com/ example.com example.com obscured'],
    // No links.
    ['', undefined],
    ['http://', undefined],
    ['http:///', undefined],
    ['http://a b/', undefined],
    ['http://exa<mple.com/', undefined],
    ['http://-example.com/', undefined],
    ['http://a..b.com/', undefined],
    [`http://${'a'.repeat(300)}.com/`, undefined],
    [`http://${'.'.repeat(3000)}/`, undefined],
  ];
  for (const [written, expected] of table) assert.equal(parse(written), expected, written);
});

test('path and query are apart, the fragment belongs to neither', () => {
  const url = parseUrl('http://example.com/a/b?c=d?e#f?g');
  assert.deepEqual([url?.path, url?.query], ['/a/b', 'c=d?e']);
  const bare = parseUrl('http://example.com#x?y');
  assert.deepEqual([bare?.path, bare?.query], ['', '']);
});

test('a link that was normalised stays as it is, with the host that browsers see', () => {
  const link = fc.tuple(
    fc.constantFrom('http', 'HTTPS', 'ftp'),
    fc.constantFrom('', 'user@', 'a:b@'),
    fc.stringMatching(/^[a-zA-Z0-9]{1,8}(\.[a-zA-Z0-9]{1,8}){0,3}\.(com|Org|example)$/),
    fc.constantFrom('', ':8080'),
    fc.stringMatching(/^(\/[a-z0-9%.~-]{0,8}){0,3}$/),
    fc.stringMatching(/^(\?[a-z0-9=&/?-]{0,8})?(#[a-z?]{0,4})?$/),
  );
  fc.assert(
    fc.property(link, ([scheme, user, host, port, path, rest]) => {
      const written = `${scheme}://${user}${host}${port}${path}${rest}`;
      const once = parseUrl(written);
      assert.ok(once);
      assert.equal(parseUrl(once.url)?.url, once.url);
      assert.equal(once.host, new URL(written).hostname);
    }),
  );
});

test('any text is a link or none', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.constantFrom(
          'http:',
          '/',
          '\\',
          '@',
          ':',
          '[',
          ']',
          '%',
          '4',
          'a',
          '.',
          '0x',
          'ü',
          '?',
          '#',
          '\n',
        ),
        { maxLength: 20 },
      ),
      (pieces) => {
        const url = parseUrl(pieces.join(''));
        if (url) assert.match(url.host, /^[a-z0-9_.:-]+$/);
      },
    ),
    { numRuns: 500 },
  );
});

test('percent-decoding gives UTF-8 and leaves the rest', () => {
  assert.equal(percentDecode('a%20b%C3%A4%zz%'), 'a bä%zz%');
});

test('hosts that are not what they seem are flagged', () => {
  const table: readonly (readonly [string, string, string])[] = [
    ['http://[::ffff:127.0.0.1]/', '127.0.0.1', 'numeric,obscured'],
    ['http://ｅｘａｍｐｌｅ.com/', 'example.com', 'obscured'],
    ['http://xn--pple-43d.com/', 'xn--pple-43d.com', 'idn,homograph'],
    ['http://b\u00fccher.de/', 'xn--bcher-kva.de', 'idn'],
    ['http://example.com/\u202egpj.exe', 'example.com', 'obscured'],
    ['http://exam\u200bple.com/', 'example.com', 'zw_spaces'],
    ['http://0x7f.1/', '127.0.0.1', 'numeric,obscured'],
    ['http://017700000001/', '127.0.0.1', 'numeric,obscured'],
    ['http://2130706433/', '127.0.0.1', 'numeric,obscured'],
    ['http://example.com\\@evil.com/', 'example.com', 'obscured'],
  ];
  for (const [url, host, flags] of table) {
    const parsed = parseUrl(url);
    assert.deepEqual([parsed?.host, parsed?.flags.join()], [host, flags], url);
  }
});
