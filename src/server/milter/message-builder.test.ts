import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MessageBuilder } from './message-builder.ts';

const wide = { maxHeaderBytes: 1 << 20, maxMessageBytes: 1 << 24 };
const field = (name: string, value: string): Buffer => Buffer.from(`${name}\0${value}\0`);

const values: readonly [what: string, leadingSpace: boolean, value: string, line: string][] = [
  ['a value with its blank', true, ' hello', 'Subject: hello\r\n'],
  ['a value without blank', true, 'hello', 'Subject:hello\r\n'],
  ['a value after a tab', true, '\thello', 'Subject:\thello\r\n'],
  ['two blanks', true, '  hello', 'Subject:  hello\r\n'],
  ['an empty value', true, '', 'Subject:\r\n'],
  ['a value whose blank was taken', false, 'hello', 'Subject: hello\r\n'],
  ['a tab, which is never taken', false, '\thello', 'Subject:\thello\r\n'],
  ['a folded value', true, ' a\n\tb\n c', 'Subject: a\r\n\tb\r\n c\r\n'],
  ['a value folded at once', true, '\n a', 'Subject:\r\n a\r\n'],
  ['CRLF inside', true, ' a\r\n b', 'Subject: a\r\n b\r\n'],
  ['a lone CR', true, ' a\rb\r', 'Subject: a\rb\r\r\n'],
  ['a line break at the end', true, ' a\n\n', 'Subject: a\r\n'],
  ['8-bit bytes', true, ' caf\u00e9', 'Subject: caf\u00e9\r\n'],
];
for (const [what, leadingSpace, value, line] of values) {
  test(`${what} ${leadingSpace ? 'with' : 'without'} leading space is rebuilt as it was`, () => {
    const builder = new MessageBuilder(wide);
    assert.equal(builder.header(field('Subject', value), leadingSpace), true);
    assert.equal(builder.raw().toString(), line);
    assert.equal(builder.sizeBytes, Buffer.byteLength(line));
  });
}

test('a message cut into packets of any size is rebuilt byte for byte', () => {
  const line = fc.string({ unit: fc.constantFrom('a', ' ', '\t', ':', 'é', '%'), maxLength: 30 });
  const header = fc.tuple(fc.stringMatching(/^[A-Za-z-]{1,20}$/), line, fc.array(line, { maxLength: 3 }));
  fc.assert(
    fc.property(
      fc.array(header, { maxLength: 20 }),
      fc.array(
        fc.oneof(fc.uint8Array({ maxLength: 50 }), fc.uint8Array({ minLength: 8000, maxLength: 30_000 })),
        {
          maxLength: 6,
        },
      ),
      (headers, chunks) => {
        const builder = new MessageBuilder(wide);
        let expected = '';
        for (const [name, first, rest] of headers) {
          const folded = rest.map((text) => ` x${text}`);
          builder.header(field(name, [first, ...folded].join('\n')), true);
          expected += `${name}:${[first, ...folded].join('\r\n')}\r\n`;
        }
        builder.endHeaders();
        for (const chunk of chunks) builder.body(Buffer.from(chunk));
        const raw = builder.raw();
        assert.ok(raw.equals(Buffer.concat([Buffer.from(`${expected}\r\n`), ...chunks])));
        assert.deepEqual(
          builder.fieldNames(raw),
          headers.map(([name]) => name.toLowerCase()),
        );
      },
    ),
    { numRuns: 150 },
  );
});

test('nothing at all is an empty message, and only a header end is one empty line', () => {
  assert.equal(new MessageBuilder(wide).raw().length, 0);
  const builder = new MessageBuilder(wide);
  builder.endHeaders();
  assert.equal(builder.raw().toString(), '\r\n');
});

test('a payload without a name is refused', () => {
  const builder = new MessageBuilder(wide);
  assert.equal(builder.header(Buffer.from('\0value\0'), true), false);
  assert.equal(builder.header(Buffer.from('no end'), true), false);
});

test('a message of exactly the limit stays, one byte more drops it', () => {
  const limits = { maxHeaderBytes: 100, maxMessageBytes: 100 };
  const exact = new MessageBuilder(limits);
  exact.body(Buffer.alloc(98));
  assert.equal(exact.overLimit, undefined);
  exact.body(Buffer.alloc(1));
  assert.equal(exact.overLimit, 'message');
  assert.equal(exact.raw().length, 0);
});

test('header bytes have a limit of their own, which the body does not touch', () => {
  const limits = { maxHeaderBytes: 20, maxMessageBytes: 1000 };
  const builder = new MessageBuilder(limits);
  builder.header(field('A', ' 12345678901234'), true);
  builder.body(Buffer.alloc(500));
  assert.equal(builder.overLimit, undefined);
  const long = new MessageBuilder(limits);
  long.header(field('A', ' 1234567890123456789'), true);
  assert.equal(long.overLimit, 'headers');
});
