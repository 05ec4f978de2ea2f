import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMessage } from './message.ts';

function fields(raw: string | Buffer): [string, string][] {
  return parseMessage(Buffer.from(raw as string, 'latin1')).headers.all.map(({ name, value }) => [
    name,
    value,
  ]);
}

function kinds(raw: string): string[] {
  return parseMessage(Buffer.from(raw, 'latin1')).defects.map((defect) => defect.kind);
}

test('fields are read with any line end, folded or not', () => {
  const expected = [
    ['Subject', 'one two\tthree'],
    ['To', 'a@example.org'],
  ];
  for (const lineEnd of ['\r\n', '\n', '\r', '\r\r\n']) {
    const raw = ['Subject: one', ' two', '\tthree', 'To:a@example.org', '', 'Body: no'].join(lineEnd);
    assert.deepEqual(fields(raw), expected, JSON.stringify(lineEnd));
    const message = parseMessage(Buffer.from(raw));
    assert.equal(message.raw.toString('latin1', message.bodyOffset), 'Body: no');
    assert.equal(message.newline, lineEnd === '\r\r\n' ? '\r\n' : lineEnd);
    assert.deepEqual(kinds(raw).length, lineEnd === '\r\r\n' ? 1 : 0);
  }
});

test('a field keeps its offsets, its name as written and its raw value', () => {
  const raw = Buffer.from('X-One:  a\r\n b \r\nsubject : x\r\n\r\n');
  const [one, subject] = parseMessage(raw).headers.all;
  assert.ok(one && subject);
  assert.deepEqual([one.start, one.valueStart, one.end], [0, 6, 14]);
  assert.equal(one.rawValue, '  a\r\n b ');
  assert.equal(one.value, 'a b');
  assert.deepEqual([subject.name, subject.key, subject.value], ['subject', 'subject', 'x']);
});

test('odd headers are read as MTAs read them', () => {
  const table: [what: string, raw: string, expected: [string, string][], body: string, defects: string[]][] =
    [
      ['nothing', '', [], '', []],
      ['no body', 'A: 1', [['A', '1']], '', []],
      ['no body but an empty line', 'A: 1\n\n', [['A', '1']], '', []],
      ['no header', 'just text\nA: 1\n', [], 'just text\nA: 1\n', ['header-without-colon']],
      [
        'a line that is no field',
        'A: 1\nhello\nB: 2\n',
        [['A', '1']],
        'hello\nB: 2\n',
        ['header-without-colon'],
      ],
      [
        'a name with blanks inside',
        'A: 1\nnot a field: 2\n',
        [['A', '1']],
        'not a field: 2\n',
        ['header-without-colon'],
      ],
      ['no name', ': 1\n\nx', [], ': 1\n\nx', ['header-without-colon']],
      // RFC 5322 4.5.
      ['a blank before the colon', 'A \t: 1\n\nx', [['A', '1']], 'x', []],
      [
        'an empty value',
        'A:\nB: 2\n\n',
        [
          ['A', ''],
          ['B', '2'],
        ],
        '',
        [],
      ],
      // RFC 5322 4.2: a folded line of blanks only.
      ['a blank continuation', 'A: 1\n \n 2\n\nx', [['A', '1  2']], 'x', []],
      ['an mbox line', 'From a@b Thu Jan  1\nA: 1\n\nx', [['A', '1']], 'x', []],
      ['an mbox line after blank lines', '\r\n \n\nFrom a@b\n\nA: 1\n\nx', [['A', '1']], 'x', []],
      ['From with a blank before its colon', 'From : a@b\n\nx', [['From', 'a@b']], 'x', []],
      [
        'a quoted mbox line among fields',
        'A: 1\n>From x y\nB: 2\n\n',
        [
          ['A', '1'],
          ['B', '2'],
        ],
        '',
        ['mbox-line'],
      ],
      ['NUL in a value', 'A: 1\x002\n\n', [['A', '1\x002']], '', ['nul-byte']],
      [
        'mixed line ends',
        'A: 1\r\nB: 2\nC: 3\rD: 4\n\n',
        [
          ['A', '1'],
          ['B', '2'],
          ['C', '3'],
          ['D', '4'],
        ],
        '',
        ['mixed-line-ends'],
      ],
      ['LF before CRLF', 'A: 1\n\r\nx', [['A', '1']], 'x', []],
    ];
  for (const [what, raw, expected, body, defects] of table) {
    const message = parseMessage(Buffer.from(raw, 'latin1'));
    assert.deepEqual(
      message.headers.all.map(({ name, value }) => [name, value]),
      expected,
      what,
    );
    assert.equal(message.raw.toString('latin1', message.bodyOffset), body, what);
    assert.deepEqual(
      message.defects.map((defect) => defect.kind),
      defects,
      what,
    );
  }
});

test('raw 8-bit values are UTF-8 when valid, else windows-1252', () => {
  const utf8 = parseMessage(Buffer.from('Subject: Grüße\nX-Ascii: a\n\n')).headers;
  assert.equal(utf8.first('subject')?.value, 'Grüße');
  assert.equal(utf8.first('subject')?.rawValue, ' Grüße');
  assert.equal(utf8.first('x-ascii')?.value, 'a');
  const legacy = parseMessage(Buffer.from('Subject: Gr\xfc\xdfe \x80\nX: Gr\xc3\xbc\n\n', 'latin1')).headers;
  assert.equal(legacy.first('subject')?.value, 'Grüße €');
  assert.equal(legacy.first('subject')?.rawValue, ' Gr\xfc\xdfe \x80');
  assert.equal(legacy.first('x')?.value, 'Grü');
});

test('fields are found by lower-case name, in order', () => {
  const { headers } = parseMessage(Buffer.from('A: 1\nB: 2\na: 3\n\n'));
  assert.equal(headers.first('a')?.value, '1');
  assert.deepEqual(
    headers.every('a').map((header) => header.value),
    ['1', '3'],
  );
  assert.deepEqual(headers.every('c'), []);
  assert.equal(headers.has('b'), true);
  assert.equal(headers.has('B'), false);
});

test('message id, subject and date are taken from their fields', () => {
  const message = parseMessage(
    Buffer.from(
      'Message-ID: (c) <a1@example.org>\nSubject: =?utf-8?q?=C3=A4?=\nDate: Thu, 1 Jan 1970 00:00:10 +0000\n\n',
    ),
  );
  assert.equal(message.messageId, 'a1@example.org');
  assert.equal(message.subject, 'ä');
  assert.equal(message.date?.getTime(), 10_000);
  const bare = parseMessage(Buffer.from('Message-ID: a2@example.org\nDate: soon\n\n'));
  assert.equal(bare.messageId, 'a2@example.org');
  assert.equal(bare.date, undefined);
  const none = parseMessage(Buffer.from('Message-ID: <>\n\n'));
  assert.deepEqual([none.messageId, none.subject, none.date], [undefined, '', undefined]);
});
