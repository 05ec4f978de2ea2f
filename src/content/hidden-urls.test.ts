import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hiddenLinks } from './hidden-urls.ts';

test('links that are written for people only are found', () => {
  const table: readonly (readonly [string, readonly string[]])[] = [
    ['see hxxp://evil.com/x now', ['http://evil.com/x']],
    ['see HXXPS://evil.com', ['https://evil.com']],
    ['evil[.]com/login', ['evil.com/login']],
    ['http://evil [dot] com/a', ['http://evil.com/a']],
    ['evil(dot)co(dot)uk', ['evil.co.uk']],
    ['hxxps[:]//evil[.]com', ['https://evil.com']],
    ['www dot evil dot com', ['www.evil.com']],
    ['evil dot com slash login', ['evil.com/login']],
    ['h t t p s : / / e v i l . c o m', ['https://evil.com']],
    ['h t t p : // evil.com/x y', ['http://evil.com/x']],
    ...[
      'h ttp://',
      'ht tps://',
      'htt p://',
      'http ://',
      'https ://',
      'http: //',
      'https:/ /',
      'http:// ',
    ].map(
      (start) =>
        [`${start}evil.com/a`, [`${start.replaceAll(' ', '')}evil.com/a`]] as readonly [
          string,
          readonly string[],
        ],
    ),
    ['http://e v i l . c o m', ['http://evil.com']],
    ['www&#46;evil&#x2e;com', ['www.evil.com']],
    ['http&colon;&sol;&sol;evil.com', ['http://evil.com']],
  ];
  for (const [text, links] of table) assert.deepEqual(hiddenLinks(text, 8192), links, text);
});

test('ordinary text hides nothing', () => {
  const table = [
    'Hello.',
    'http://example.com/ and www.example.org',
    'the dot com boom',
    'write to john (at) example (dot) com',
    'john [at] example.com',
    'a dot and a slash',
    'as we said (.) in the list [.]',
    'the shop http://example.com/ is hxxp',
    'x = a[i].b(c)',
  ];
  for (const text of table) assert.deepEqual(hiddenLinks(text, 8192), [], text);
});

test('any mixture is read, and long ones in linear steps', () => {
  const piece = fc.constantFrom(
    'h ',
    't ',
    'p ',
    ': / / ',
    '[.]',
    ' dot ',
    '&#46;',
    'evil',
    'com',
    ' ',
    'hxxp',
    '/',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      for (const link of hiddenLinks(pieces.join(''), 100)) assert.ok(link.length > 0);
    }),
    { numRuns: 300 },
  );
  for (const unit of ['h t t p : / / a . ', 'a dot ', '[', 'h ', 'www dot a '])
    assert.ok(hiddenLinks(unit.repeat(20_000), 100).length < 1_001);
});
