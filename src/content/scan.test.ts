import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { scanText } from './scan.ts';

function scan(text: string, maxLength = 1_000): string[] {
  const found: string[] = [];
  let last = 0;
  scanText(text, maxLength, ({ kind, start, end }) => {
    assert.ok(last <= start && start < end && end <= text.length);
    last = end;
    found.push(`${kind} ${text.slice(start, end)}`);
    return 'go';
  });
  return found;
}

test('links and addresses are found in running text', () => {
  const table: [text: string, ...found: string[]][] = [
    [''],
    ['no links. Here is one. And e.g. this, 3.14, v1.2.3 and 10.0.0.1'],
    ['see http://example.com/a?b=c#d now', 'url http://example.com/a?b=c#d'],
    ['HTTPS://Example.com', 'url HTTPS://Example.com'],
    ['xhttp://example.com', 'url http://example.com'],
    ['ftp://example.com/', 'url ftp://example.com/'],
    ['http://localhost:8080/x', 'url http://localhost:8080/x'],
    ['http:\\\\example.com', 'url http:\\\\example.com'],
    ['gopher://example.com/'],
    // The end of a link.
    ['(http://example.com/a).', 'url http://example.com/a'],
    ['http://example.com/a_(b)', 'url http://example.com/a_(b)'],
    ['[http://example.com/a]', 'url http://example.com/a'],
    ['"http://example.com/a", http://example.com/b!', 'url http://example.com/a', 'url http://example.com/b'],
    ['<http://example.com/a>', 'url http://example.com/a'],
    ['http://example.com/a...', 'url http://example.com/a'],
    ['http://example.com/ä', 'url http://example.com/ä'],
    ['„http://example.com/a“', 'url http://example.com/a'],
    ['http://example.com/a、http://example.com/b。', 'url http://example.com/a', 'url http://example.com/b'],
    ['http://exa\u200bmple.com/', 'url http://exa\u200bmple.com/'],
    ['http://'],
    ['http://.'],
    // Hosts without scheme.
    ['go to www.example.test.', 'url www.example.test'],
    ['go to example.com/a?b, now', 'url example.com/a?b'],
    ['example.com:8080/x', 'url example.com:8080/x'],
    ['EXAMPLE.COM', 'url EXAMPLE.COM'],
    ['bücher.de', 'url bücher.de'],
    ['пример.рф', 'url пример.рф'],
    ['example.invalid'],
    ['end.It starts'],
    ['/usr/lib/x.so', ...[]],
    ['C:\\x.com', ...[]],
    ['-example.com-', 'url example.com'],
    // Addresses.
    ['mail ann.other+x@example.org.', 'email ann.other+x@example.org'],
    ['<ann@example.org>, mailto:bob@example.org?subject=x', 'email ann@example.org', 'email bob@example.org'],
    ["'ann@example.org'", 'email ann@example.org'],
    ['ann@example.invalid, ann@localhost, @example.org, ann@'],
    ['a@b@example.org', 'email b@example.org'],
    ['ann.@example.org'],
    ['http://user@example.com/', 'url http://user@example.com/'],
    ['first.last@example.org', 'email first.last@example.org'],
  ];
  for (const [text, ...found] of table) assert.deepEqual(scan(text), found, text);
});

test('a long link is cut and the rest of it passed over', () => {
  assert.deepEqual(scan(`http://example.com/${'a.com/'.repeat(100)} example.org`, 30), [
    'url http://example.com/a.com/a.com',
    'url example.org',
  ]);
});

test('a search can be stopped', () => {
  let count = 0;
  scanText('a.com b.com c.com', 100, () => (++count === 2 ? 'stop' : 'go'));
  assert.equal(count, 2);
});

test('any mixture is scanned and finds stay in order', () => {
  const piece = fc.constantFrom(
    'http://',
    'www.',
    '.',
    ':',
    '@',
    '/',
    '//',
    'a',
    'com',
    'example',
    ' ',
    '\n',
    '(',
    ')',
    '\u200b',
    'ü',
    '“',
    '-',
    '1',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      scan(pieces.join(''), 40);
    }),
    { numRuns: 500 },
  );
});

// The sizes are such that a step which is quadratic in any of them would keep this test busy for minutes.
test('hostile texts are scanned in one pass', () => {
  const size = 100_000;
  for (const piece of [
    '.',
    'a.',
    '@',
    'a@',
    'a.b@',
    '.com',
    'http://',
    'http://.',
    ':',
    '://',
    'www.',
    'a-',
    'a.a',
    '/',
    '(',
    'ü.',
  ]) {
    scan(piece.repeat(size), 8_192);
    scan(`http://example.com/${piece.repeat(size)}`, 8_192);
  }
});
