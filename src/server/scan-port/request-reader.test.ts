import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LimitError, PosternError, ProtocolError } from '../../core/index.ts';
import { HeadTooLargeError, type ReadState, RequestReader } from './request-reader.ts';

const limits = { maxHeadBytes: 2000, maxMessageBytes: 1000 };

interface Seen {
  readonly first: string;
  readonly body: string;
}

/** Feeds pieces and collects whole requests; the error ends it. */
function readAll(pieces: readonly (string | Buffer)[]): { seen: Seen[]; error: unknown } {
  const reader = new RequestReader(() => limits);
  const seen: Seen[] = [];
  const take = (state: ReadState): void => {
    while (state === 'complete') {
      const head = reader.head!;
      const first =
        head.protocol === 'http' ? `${head.method} ${head.target}` : `${head.command} ${head.protocol}`;
      seen.push({ first, body: reader.takeBody().toString('latin1') });
      state = reader.next();
    }
  };
  try {
    for (const piece of pieces) take(reader.read(Buffer.from(piece)));
    take(reader.end());
  } catch (error) {
    return { seen, error };
  }
  return { seen, error: undefined };
}

const chunked = (chunks: readonly string[], newline = '\r\n'): string =>
  `${chunks.map((chunk) => `${chunk.length.toString(16)}${newline}${chunk}${newline}`).join('')}0${newline}${newline}`;
const chunkedHead = 'POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n';

test('requests behind each other come out in order, whatever frames them', () => {
  const { seen, error } = readAll([
    'POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc\r\n\r\nGET /b HTTP/1.1\n\n',
    chunkedHead + chunked(['one', 'two']),
    'CHECK RSPAMC/1.3\r\nContent-length: 2\r\n\r\nhi',
  ]);
  assert.equal(error, undefined);
  assert.deepEqual(seen, [
    { first: 'POST /a', body: 'abc' },
    { first: 'GET /b', body: '' },
    { first: 'POST /c', body: 'onetwo' },
    { first: 'CHECK rspamc', body: 'hi' },
  ]);
});

test('where the stream is cut changes nothing', () => {
  const stream = [
    'POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nab\r\nc',
    `${chunkedHead}5;x="y"\r\nab\r\nc\r\n3\r\n\r\n\r\r\n0\r\nTrailer: t\r\n\r\n`,
    `${chunkedHead}${chunked(['x', 'yz'], '\n')}`,
    'CHECK SPAMC/1.5\n\nto the end\n',
  ].join('');
  const whole = readAll([stream]);
  assert.equal(whole.error, undefined);
  assert.deepEqual(
    whole.seen.map(({ body }) => body),
    ['ab\r\nc', 'ab\r\nc\r\n\r', 'xyz', 'to the end\n'],
  );
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), (cuts) => {
      const points = [0, ...cuts.sort((a, b) => a - b), stream.length];
      const pieces = points.slice(1).map((end, index) => stream.slice(points[index], end));
      assert.deepEqual(readAll(pieces), whole);
    }),
    { numRuns: 300 },
  );
});

test('a chunked body is what its chunks were, however they are sent', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ minLength: 1, maxLength: 40 }), { maxLength: 10 }),
      fc.nat(50),
      (chunks, step) => {
        const texts = chunks.map((chunk) => Buffer.from(chunk).toString('latin1'));
        const stream = chunkedHead + chunked(texts);
        const pieces: Buffer[] = [];
        const bytes = Buffer.from(stream, 'latin1');
        for (let at = 0; at < bytes.length; at += step + 1) pieces.push(bytes.subarray(at, at + step + 1));
        assert.deepEqual(readAll(pieces).seen, [{ first: 'POST /c', body: texts.join('') }]);
      },
    ),
    { numRuns: 200 },
  );
});

test('broken chunks are protocol errors', () => {
  for (const body of ['x\r\n', '\r\n', '3\r\nabcd\r\n', '-1\r\n', 'fffffffffff\r\n', '3\r\nab']) {
    assert.ok(readAll([chunkedHead + body]).error instanceof ProtocolError, body);
  }
});

test('endless chunk extensions and trailers are refused', () => {
  const long = 'x'.repeat(20_000);
  assert.ok(readAll([`${chunkedHead}1;${long}\r\na\r\n0\r\n\r\n`]).error instanceof ProtocolError);
  assert.ok(readAll([`${chunkedHead}0\r\nT: ${long}\r\n\r\n`]).error instanceof ProtocolError);
});

test('a body over its limit is refused as soon as that is known', () => {
  const large = 'x'.repeat(1001);
  for (const request of [
    'POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n',
    `${chunkedHead}3e9\r\n`,
    `${chunkedHead}${chunked(['x'.repeat(600), 'x'.repeat(600)])}`,
    `CHECK SPAMC/1.5\r\n\r\n${large}`,
  ]) {
    const { error } = readAll([request]);
    assert.ok(error instanceof LimitError && error.code === 'tooLarge', request.slice(0, 40));
  }
  assert.equal(readAll([`${chunkedHead}3e8\r\n${'x'.repeat(1000)}\r\n0\r\n\r\n`]).error, undefined);
});

test('a head over its limit is refused, ended or not, and its legacy protocol known', () => {
  const long = 'x'.repeat(2000);
  assert.ok(readAll([`GET / HTTP/1.1\r\nA: ${long}`]).error instanceof HeadTooLargeError);
  assert.ok(readAll([`GET / HTTP/1.1\r\nA: ${long}\r\n\r\n`]).error instanceof HeadTooLargeError);
  const reader = new RequestReader(() => limits);
  assert.throws(() => reader.read(Buffer.from(`CHECK RSPAMC/1.3\r\nRcpt: ${long}`)), HeadTooLargeError);
  assert.equal(reader.line?.protocol, 'rspamc');
});

test('bytes of another protocol are refused before a line has come', () => {
  for (const bytes of [
    Buffer.from([0x16, 0x03, 0x01]),
    Buffer.from([0, 0, 0, 13, 0x4f]),
    Buffer.from('EHLO x\r\n'),
  ]) {
    assert.ok(readAll([bytes, 'x']).error instanceof ProtocolError);
  }
});

test('PING and SKIP need no header lines', () => {
  assert.deepEqual(readAll(['PING SPAMC/1.2\r\n']).seen, [{ first: 'PING spamc', body: '' }]);
  assert.deepEqual(readAll(['SKIP SPAMC/1.2\n']).seen, [{ first: 'SKIP spamc', body: '' }]);
});

test('a request that ends early is a protocol error', () => {
  for (const request of [
    'GET / HTT',
    'GET / HTTP/1.1\r\nA: 1\r\n',
    'POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab',
  ]) {
    assert.ok(readAll([request]).error instanceof ProtocolError, request);
  }
  assert.deepEqual(readAll(['\r\n']), { seen: [], error: undefined });
});

test('any stream is requests or an error of ours', () => {
  const token = fc.constantFrom(
    'GET / HTTP/1.1\r\n',
    'CHECK SPAMC/1.5\n',
    'Content-Length: 3\r\n',
    'Transfer-Encoding: chunked\r\n',
    '\r\n',
    '\n',
    'abc',
    '3\r\n',
    '0\r\n\r\n',
    '\0',
  );
  fc.assert(
    fc.property(fc.array(token, { maxLength: 20 }), (tokens) => {
      const { error } = readAll(tokens);
      assert.ok(error === undefined || error instanceof PosternError);
    }),
    { numRuns: 500 },
  );
});
