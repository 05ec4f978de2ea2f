import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseParameterised } from './parameters.ts';

function parse(
  text: string,
  max = 100,
): { value: string; parameters: Record<string, string>; defects: string[] } {
  const defects: string[] = [];
  const { value, parameters } = parseParameterised(text, max, (kind) => defects.push(kind));
  return { value, parameters: Object.fromEntries(parameters), defects };
}

test('parameters are read as RFC 2045 5.1 and RFC 2231 write them', () => {
  const table: [input: string, value: string, parameters: Record<string, string>][] = [
    ['', '', {}],
    ['text/plain', 'text/plain', {}],
    ['Text/HTML; Charset=UTF-8', 'text/html', { charset: 'UTF-8' }],
    ['text/plain; charset=us-ascii (Plain text)', 'text/plain', { charset: 'us-ascii' }],
    ['text/plain (a (nested) comment); charset="us-ascii"', 'text/plain', { charset: 'us-ascii' }],
    [
      'multipart/mixed; boundary="gc0p4Jq0M:2Yt08j34c0p"',
      'multipart/mixed',
      { boundary: 'gc0p4Jq0M:2Yt08j34c0p' },
    ],
    ['attachment; filename="a \\"b\\" \\\\ c.txt"', 'attachment', { filename: 'a "b" \\ c.txt' }],
    // RFC 2231 3: continuations in any order.
    [
      'message/external-body; URL*1="cs.utk.edu/pub"; access-type=URL; URL*0="ftp://"',
      'message/external-body',
      { 'access-type': 'URL', url: 'ftp://cs.utk.edu/pub' },
    ],
    // RFC 2231 4.
    [
      "application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
      'application/x-stuff',
      { title: 'This is ***fun***' },
    ],
    // RFC 2231 4.1.
    [
      "application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20; title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2=\"isn't it!\"",
      'application/x-stuff',
      { title: "This is even more ***fun*** isn't it!" },
    ],
    // A character split between two sections.
    ["a/b; name*0*=utf-8''%C3; name*1*=%A4.txt", 'a/b', { name: 'ä.txt' }],
    ["a/b; filename=plain.txt; filename*=utf-8''%C3%A4.txt", 'a/b', { filename: 'ä.txt' }],
    // RFC 2047 5 forbids encoded words here, and file names have them all the same.
    ['a/b; name="=?utf-8?q?=C3=A4=2Etxt?="', 'a/b', { name: 'ä.txt' }],
    ['a/b; boundary="=?utf-8?q?a?="', 'a/b', { boundary: '=?utf-8?q?a?=' }],
    // Raw 8-bit.
    ['a/b; name=ä.txt', 'a/b', { name: 'ä.txt' }],
    // What senders write against the grammar.
    ['text/html charset=utf-8', 'text/html', { charset: 'utf-8' }],
    ['text/html;; charset=utf-8;', 'text/html', { charset: 'utf-8' }],
    ['text / plain ; charset = utf-8', 'text/plain', { charset: 'utf-8' }],
    ['a/b; name=my file.doc; x=1', 'a/b', { name: 'my file.doc', x: '1' }],
    ['a/b; name="unclosed; x=1', 'a/b', { name: 'unclosed; x=1' }],
    ['a/b; name="C:\\temp\\x.doc"', 'a/b', { name: 'C:\\temp\\x.doc' }],
    ['a/b; name=', 'a/b', { name: '' }],
    ['a/b; =x', 'a/b', {}],
    ['"text/plain"', '', {}],
  ];
  for (const [input, value, parameters] of table) {
    const result = parse(input);
    assert.deepEqual({ value: result.value, parameters: result.parameters }, { value, parameters }, input);
  }
});

test('broken parameters are told', () => {
  assert.deepEqual(parse('a/b; x=1; x=2'), {
    value: 'a/b',
    parameters: { x: '1' },
    defects: ['duplicate-parameter'],
  });
  assert.deepEqual(parse('a/b; x*0=1; x*0=2').parameters, { x: '1' });
  assert.deepEqual(parse('a/b; x*0=1; x*2=3'), {
    value: 'a/b',
    parameters: { x: '1' },
    defects: ['bad-parameter'],
  });
  assert.deepEqual(parse('a/b; x*=nocharset'), {
    value: 'a/b',
    parameters: { x: 'nocharset' },
    defects: ['bad-parameter'],
  });
  assert.deepEqual(parse('a/b; lonely; x=1').defects, ['bad-parameter']);
  assert.deepEqual(parse('a/b; x=1; y=2; z=3', 2), {
    value: 'a/b',
    parameters: { x: '1', y: '2' },
    defects: ['too-many-parameters'],
  });
});

test('what was written by RFC 2231 comes back', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.integer({ min: 1, max: 20 }),
      (text, width) => {
        const bytes = [...Buffer.from(text)];
        const sections: string[] = [];
        for (let i = 0; i === 0 || i < bytes.length; i += width) {
          const piece = bytes.slice(i, i + width).map((byte) => `%${byte.toString(16).padStart(2, '0')}`);
          sections.push(`name*${sections.length}*=${i === 0 ? "utf-8'en'" : ''}${piece.join('')}`);
        }
        assert.equal(parse(`a/b; ${sections.join('; ')}`).parameters['name'], text);
      },
    ),
  );
});
