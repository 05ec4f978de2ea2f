import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message, Part } from '../core/index.ts';
import { parseLimits } from './limits.ts';
import { parseMessage } from './message.ts';

function parse(lines: readonly string[], limits = parseLimits): Message {
  return parseMessage(Buffer.from(lines.join('\r\n'), 'latin1'), limits);
}

/** The tree as nested arrays: type, then children or the body of a leaf. */
type Shape = [type: string, ...content: (string | Shape)[]];
function shape(part: Part): Shape {
  return part.children.length > 0
    ? [part.contentType, ...part.children.map(shape)]
    : [part.contentType, part.source.toString('latin1', part.bodyStart, part.bodyEnd)];
}

function kinds(message: Message): string[] {
  return message.defects.map((defect) => defect.kind);
}

test('the example of RFC 2046 5.1.1 has its two parts', () => {
  const message = parse([
    'MIME-Version: 1.0',
    'Content-type: multipart/mixed; boundary="simple boundary"',
    '',
    'This is the preamble.  It is to be ignored.',
    '--simple boundary',
    '',
    'This is implicitly typed plain US-ASCII text.',
    'It does NOT end with a linebreak.',
    '--simple boundary',
    'Content-type: text/plain; charset=us-ascii',
    '',
    'This is explicitly typed plain US-ASCII text.',
    'It DOES end with a linebreak.',
    '',
    '--simple boundary--',
    '',
    'This is the epilogue.  It is also to be ignored.',
  ]);
  assert.deepEqual(shape(message.root), [
    'multipart/mixed',
    ['text/plain', 'This is implicitly typed plain US-ASCII text.\r\nIt does NOT end with a linebreak.'],
    ['text/plain', 'This is explicitly typed plain US-ASCII text.\r\nIt DOES end with a linebreak.\r\n'],
  ]);
  assert.deepEqual(kinds(message), []);
  assert.deepEqual(
    message.parts.map((part) => [part.depth, part.kind, part.parent === message.root]),
    [
      [0, 'multipart', false],
      [1, 'text', true],
      [1, 'text', true],
    ],
  );
});

const mixed = 'Content-Type: multipart/mixed; boundary=b';

test('multiparts are split as they come', () => {
  const table: [what: string, lines: string[], expected: Shape, defects: string[]][] = [
    [
      'no end',
      [mixed, '', '--b', '', '1', '--b', '', '2'],
      ['multipart/mixed', ['text/plain', '1'], ['text/plain', '2']],
      ['missing-end-boundary'],
    ],
    [
      'an end without line break',
      [mixed, '', '--b', '', '1', '--b--'],
      ['multipart/mixed', ['text/plain', '1']],
      [],
    ],
    [
      'blanks after boundaries',
      [mixed, '', '--b \t', '', '1', '--b--  ', ''],
      ['multipart/mixed', ['text/plain', '1']],
      [],
    ],
    [
      'an empty part',
      [mixed, '', '--b', '', '--b', '--b--'],
      ['multipart/mixed', ['text/plain', ''], ['text/plain', '']],
      [],
    ],
    [
      'a part without an empty line',
      [mixed, '', '--b', 'Content-Type: text/html', '--b--'],
      ['multipart/mixed', ['text/html', '']],
      [],
    ],
    [
      'a boundary inside a line',
      [mixed, '', '--b', '', 'x --b', '--b--'],
      ['multipart/mixed', ['text/plain', 'x --b']],
      [],
    ],
    [
      'a delimiter as last line',
      [mixed, '', '--b', '', '1', '--b', ''],
      ['multipart/mixed', ['text/plain', '1']],
      ['missing-end-boundary'],
    ],
    [
      'parts after the end',
      [mixed, '', '--b', '', '1', '--b--', '--b', '', '2', '--b--'],
      ['multipart/mixed', ['text/plain', '1']],
      ['part-after-end-boundary'],
    ],
    [
      'no boundary parameter',
      ['Content-Type: multipart/mixed', '', 'hi', '--guess me', '', '1', '--guess me--'],
      ['multipart/mixed', ['text/plain', '1']],
      ['missing-boundary'],
    ],
    [
      'no boundary at all',
      ['Content-Type: multipart/mixed', '', 'just text'],
      ['text/plain', 'just text'],
      ['missing-boundary'],
    ],
    [
      'an empty boundary',
      ['Content-Type: multipart/mixed; boundary=""', '', 'just text'],
      ['text/plain', 'just text'],
      ['missing-boundary'],
    ],
    [
      'a boundary that is not in the body',
      [mixed, '', 'just text'],
      ['text/plain', 'just text'],
      ['boundary-not-found'],
    ],
    ['only an end', [mixed, '', '--b--'], ['text/plain', '--b--'], ['boundary-not-found']],
    [
      'a boundary with a colon',
      [
        'Content-Type: multipart/mixed; boundary="a:b"',
        '',
        '--a:b',
        'Content-Type: text/html',
        '--a:b',
        '',
        '2',
        '--a:b--',
      ],
      ['multipart/mixed', ['text/html', ''], ['text/plain', '2']],
      [],
    ],
    [
      'boundaries that begin alike',
      [
        'Content-Type: multipart/mixed; boundary=ab',
        '',
        '--ab',
        'Content-Type: multipart/alternative; boundary=abc',
        '',
        '--abc',
        '',
        '1',
        '--abc--',
        '--ab',
        '',
        '2',
        '--ab--',
      ],
      ['multipart/mixed', ['multipart/alternative', ['text/plain', '1']], ['text/plain', '2']],
      [],
    ],
    [
      'a longer boundary outside',
      [
        'Content-Type: multipart/mixed; boundary=abc',
        '',
        '--abc',
        'Content-Type: multipart/alternative; boundary=ab',
        '',
        '--ab',
        '',
        '1',
        '--ab--',
        '--abc',
        '',
        '2',
        '--abc--',
      ],
      ['multipart/mixed', ['multipart/alternative', ['text/plain', '1']], ['text/plain', '2']],
      [],
    ],
    [
      'an inner multipart without end',
      [
        mixed,
        '',
        '--b',
        'Content-Type: multipart/alternative; boundary=i',
        '',
        '--i',
        '',
        '1',
        '--b',
        '',
        '2',
        '--b--',
      ],
      ['multipart/mixed', ['multipart/alternative', ['text/plain', '1']], ['text/plain', '2']],
      ['missing-end-boundary'],
    ],
    ['a broken type', ['Content-Type: text', '', 'x'], ['text/plain', 'x'], ['bad-content-type']],
    ['an empty type', ['Content-Type:', '', 'x'], ['text/plain', 'x'], ['bad-content-type']],
    [
      'an encoded multipart',
      [mixed, 'Content-Transfer-Encoding: base64', '', '--b', '', '1', '--b--'],
      ['multipart/mixed', ['text/plain', '1']],
      ['encoded-multipart'],
    ],
  ];
  for (const [what, lines, expected, defects] of table) {
    const message = parse(lines);
    assert.deepEqual(shape(message.root), expected, what);
    assert.deepEqual(kinds(message), defects, what);
  }
});

test('multiparts are split with any line end', () => {
  for (const lineEnd of ['\n', '\r', '\r\n']) {
    const raw = [mixed, '', '--b', '', '1', '--b', 'Content-Type: text/html', '', '2', '--b--', ''].join(
      lineEnd,
    );
    assert.deepEqual(
      shape(parseMessage(Buffer.from(raw)).root),
      ['multipart/mixed', ['text/plain', '1'], ['text/html', '2']],
      JSON.stringify(lineEnd),
    );
  }
});

test('nested messages are opened, in a digest by default (RFC 2046 5.1.5)', () => {
  const message = parse([
    'Content-Type: multipart/digest; boundary=b',
    '',
    '--b',
    '',
    'Subject: one',
    '',
    'first',
    '--b',
    'Content-Type: text/plain',
    '',
    'second',
    '--b',
    'Content-Type: message/rfc822',
    '',
    'Subject: three',
    'Content-Type: multipart/mixed; boundary=i',
    '',
    '--i',
    '',
    'third',
    '--i--',
    '--b--',
  ]);
  assert.deepEqual(shape(message.root), [
    'multipart/digest',
    ['message/rfc822', ['text/plain', 'first']],
    ['text/plain', 'second'],
    ['message/rfc822', ['multipart/mixed', ['text/plain', 'third']]],
  ]);
  assert.equal(message.parts[2]?.headers.first('subject')?.value, 'one');
  assert.deepEqual(kinds(message), []);
});

test('a transfer-encoded message is opened although RFC 2046 5.2.1 forbids it', () => {
  const inner = 'Subject: inner\r\nContent-Type: text/html\r\n\r\n<p>hi';
  const message = parse([
    'Content-Type: message/rfc822',
    'Content-Transfer-Encoding: base64',
    '',
    Buffer.from(inner).toString('base64'),
  ]);
  assert.deepEqual(shape(message.root), ['message/rfc822', ['text/html', '<p>hi']]);
  assert.equal(message.root.children[0]?.headers.first('subject')?.value, 'inner');
  assert.deepEqual(kinds(message), ['encoded-message']);
});

test('limits close the tree and become defects', () => {
  const many = [mixed, '', ...Array.from({ length: 9 }, () => ['--b', '', 'x']).flat(), '--b--'];
  const few = parse(many, { ...parseLimits, parts: 4 });
  assert.equal(few.parts.length, 4);
  assert.deepEqual(kinds(few), ['too-many-parts']);

  const nested = (depth: number): string[] =>
    depth === 0
      ? ['', 'deep']
      : [
          `Content-Type: multipart/mixed; boundary=b${depth}`,
          '',
          `--b${depth}`,
          ...nested(depth - 1),
          `--b${depth}--`,
        ];
  const deep = parse(nested(10), { ...parseLimits, depth: 3 });
  assert.equal(deep.parts.length, 4);
  assert.equal(deep.parts[3]?.kind, 'multipart');
  assert.deepEqual(kinds(deep), ['too-deep']);
  assert.equal(parse(nested(10)).parts.length, 11);

  const long = parse([`Content-Type: multipart/mixed; boundary=${'x'.repeat(600)}`, '', 'x']);
  assert.deepEqual(kinds(long), ['boundary-too-long']);

  const likely = [
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    '',
    '--bx',
    '--bx',
    '--b',
    '',
    'x',
    '--b--',
  ];
  const falseOnes = parse(likely, { ...parseLimits, falseDelimiters: 1 });
  assert.deepEqual(
    [falseOnes.parts.length, kinds(falseOnes)],
    [2, ['too-many-delimiters', 'missing-end-boundary']],
  );
  assert.deepEqual([parse(likely).parts.length, kinds(parse(likely))], [3, []]);

  const value = parse(['A: 12345', 'B: 1', '', 'x'], { ...parseLimits, headerValueBytes: 4 });
  assert.deepEqual([value.headers.first('a')?.value, kinds(value)], ['123', ['field-too-long']]);
  const fields = parse(['A: 1', 'B: 2', 'C: 3', '', 'x'], { ...parseLimits, headers: 2 });
  assert.deepEqual([fields.headers.all.length, kinds(fields)], [2, ['too-many-headers']]);
  assert.equal(fields.raw.toString('latin1', fields.bodyOffset), 'x');
  const bytes = parse(['A: 1', 'B: 2222222222', 'C: 3', '', 'x'], { ...parseLimits, headerBytes: 10 });
  assert.deepEqual([bytes.headers.all.length, kinds(bytes)], [1, ['header-too-long']]);

  const received = parse(['Received: by a', 'Received: by b', '', ''], { ...parseLimits, received: 1 });
  assert.deepEqual([received.received.length, kinds(received)], [1, ['too-many-received']]);
  const people = parse(['To: a@x.test, b@x.test', 'To: c@x.test', '', ''], { ...parseLimits, addresses: 1 });
  assert.deepEqual([people.to.length, kinds(people)], [1, ['too-many-addresses']]);

  const wrong = Array.from({ length: 9 }, () => ['--b', 'Content-Type: x', '', '']).flat();
  const defects = parse([mixed, '', ...wrong, '--b--'], { ...parseLimits, defects: 3 });
  assert.deepEqual(kinds(defects), [
    'bad-content-type',
    'bad-content-type',
    'bad-content-type',
    'too-many-defects',
  ]);
});

test('encoded messages inside each other are opened to a depth', () => {
  let inner = 'Subject: last\r\n\r\nx';
  for (let i = 0; i < 6; i++) {
    inner = `Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(inner).toString('base64')}`;
  }
  const message = parseMessage(Buffer.from(inner));
  assert.equal(message.parts.length, 5);
  assert.ok(kinds(message).includes('too-deep'));
});
