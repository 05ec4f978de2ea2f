import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProtocolError } from '../../core/index.ts';
import { headerParameter, parseMultipart, renderMultipart } from './multipart.ts';

test('a parameter is found with and without quotes, its case kept', () => {
  assert.equal(headerParameter('multipart/form-data; boundary=AbC', 'boundary'), 'AbC');
  assert.equal(headerParameter('form-data; filename="x; name=y"; name="a \\"b\\""', 'name'), 'a "b"');
  assert.equal(headerParameter('multipart/form-data', 'boundary'), undefined);
});

test('a preamble, blanks behind a boundary and an epilogue are passed over', () => {
  const body =
    'preamble\r\n--b \r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b--\r\nepilogue';
  assert.deepEqual(
    parseMultipart(Buffer.from(body), 'b', 2).map(({ name, body: content }) => [name, content.toString()]),
    [
      ['x', '1'],
      ['', '2'],
    ],
  );
});

test('parts come out of a form as they went in', () => {
  const body = fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.array(body, { maxLength: 4 }), (bodies) => {
      const parts = bodies.map((bytes, index) => ({
        name: `p${index}`,
        contentType: 'text/plain',
        isZstd: index % 2 === 1,
        body: bytes,
      }));
      const boundary = 'a-boundary-that-no-part-holds';
      const parsed = parseMultipart(renderMultipart(parts, boundary), boundary, 4);
      assert.deepEqual(
        parsed.map((part) => [part.name, part.headers.get('content-encoding'), part.body]),
        parts.map((part) => [part.name, part.isZstd ? 'zstd' : undefined, part.body]),
      );
    }),
    { numRuns: 200 },
  );
});

test('any bytes are parts or a ProtocolError', () => {
  const piece = fc.constantFrom(
    '--b',
    '--',
    '\r\n',
    'Content-Disposition: form-data; name=x',
    'text',
    '\r\n\r\n',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 15 }), (pieces) => {
      try {
        parseMultipart(Buffer.from(pieces.join('')), 'b', 3);
      } catch (error) {
        assert.ok(error instanceof ProtocolError);
      }
    }),
    { numRuns: 500 },
  );
});
