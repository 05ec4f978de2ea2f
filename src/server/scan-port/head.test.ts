import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProtocolError } from '../../core/index.ts';
import { findHeadEnd, type HttpHead, type LegacyHead, parseHead, parseRequestLine } from './head.ts';

const noLine = (): void => undefined;
const http = (text: string): HttpHead => parseHead(Buffer.from(text), noLine) as HttpHead;
const legacy = (text: string): LegacyHead => parseHead(Buffer.from(text), noLine) as LegacyHead;

test('the first line tells the protocol', () => {
  assert.deepEqual(parseRequestLine('POST /checkv2 HTTP/1.1'), {
    protocol: 'http',
    method: 'POST',
    target: '/checkv2',
    minorVersion: 1,
  });
  assert.deepEqual(parseRequestLine('CHECK RSPAMC/1.3'), {
    protocol: 'rspamc',
    command: 'CHECK',
    version: 1.3,
  });
  assert.deepEqual(parseRequestLine('REPORT_IFSPAM SPAMC/1.5'), {
    protocol: 'spamc',
    command: 'REPORT_IFSPAM',
    version: 1.5,
  });
  assert.deepEqual(parseRequestLine('PING SPAMC/'), { protocol: 'spamc', command: 'PING', version: 0 });
});

test('what is no first line is refused', () => {
  for (const line of [
    '',
    'GET',
    'GET /',
    'EHLO example.com',
    'check SPAMC/1.5',
    'GET / HTTP/1.1 x',
    'PRI * HTTP/2.0',
  ]) {
    assert.throws(() => parseRequestLine(line), ProtocolError, line);
  }
});

test('a head is read with CRLF and with LF alone', () => {
  for (const newline of ['\r\n', '\n']) {
    const text = ['POST /checkv2 HTTP/1.1', 'Content-Length: 5', 'From: <a@example.com>', '', ''].join(
      newline,
    );
    assert.equal(findHeadEnd(Buffer.from(`${text}hello`), 0), text.length);
    const head = http(text);
    assert.deepEqual(head.framing, { kind: 'length', sizeBytes: 5 });
    assert.equal(head.headers.get('from'), '<a@example.com>');
    assert.equal(head.keepAlive, true);
  }
});

test('keep-alive follows the version and the Connection header', () => {
  const rows: [string, string, boolean][] = [
    ['1.1', '', true],
    ['1.1', 'Connection: close\n', false],
    ['1.1', 'Connection: foo, Close\n', false],
    ['1.0', '', false],
    ['1.0', 'Connection: Keep-Alive\n', true],
  ];
  for (const [version, header, keepAlive] of rows) {
    assert.equal(http(`GET /ping HTTP/${version}\n${header}\n`).keepAlive, keepAlive, `${version} ${header}`);
  }
});

test('header lines that two readers could take for different things are refused', () => {
  for (const lines of [
    'Content-Length: 5\nContent-Length: 6',
    'Content-Length: -1',
    'Content-Length: 5, 5',
    'Content-Length: 0x5',
    'Content-Length: 99999999999999999999',
    'Transfer-Encoding: gzip',
    'Transfer-Encoding: gzip, chunked',
    'Transfer-Encoding: chunked\nTransfer-Encoding: chunked',
    'Transfer-Encoding: chunked\nContent-Length: 5',
    'From : a@example.com',
    'From',
    ': x',
    'A: 1\n folded',
    'A: nul\0',
    'A: bare\rreturn',
    'Expect: magic',
  ]) {
    assert.throws(() => http(`POST / HTTP/1.1\n${lines}\n\n`), ProtocolError, lines);
  }
});

test('the same content length twice is one', () => {
  assert.deepEqual(http('POST / HTTP/1.1\nContent-Length: 5\ncontent-length: 5\n\n').framing, {
    kind: 'length',
    sizeBytes: 5,
  });
});

test('100-continue is expected by HTTP/1.1 clients only', () => {
  assert.equal(http('POST / HTTP/1.1\nExpect: 100-Continue\n\n').expectsContinue, true);
  assert.equal(http('POST / HTTP/1.0\nExpect: 100-continue\n\n').expectsContinue, false);
});

test('header values are UTF-8 where they are, else one character a byte', () => {
  const head = (bytes: Buffer): string | undefined =>
    parseHead(
      Buffer.concat([Buffer.from('GET / HTTP/1.1\nFrom: '), bytes, Buffer.from('\n\n')]),
      noLine,
    ).headers.get('from');
  assert.equal(head(Buffer.from('jörg@example.com')), 'jörg@example.com');
  assert.equal(head(Buffer.from('j\xf6rg@example.com', 'latin1')), 'jörg@example.com');
});

test('a legacy message without a length ends with the stream for SPAMC and is refused for RSPAMC', () => {
  assert.deepEqual(legacy('CHECK SPAMC/1.5\nUser: root\n\n').framing, { kind: 'eof' });
  assert.deepEqual(legacy('PING SPAMC/1.5\n\n').framing, { kind: 'length', sizeBytes: 0 });
  assert.throws(() => legacy('CHECK RSPAMC/1.3\n\n'), ProtocolError);
  assert.throws(() => legacy('CHECK SPAMC/1.5\nTransfer-Encoding: chunked\n\n'), ProtocolError);
});

test('a head that comes in pieces is found as if it came at once', () => {
  const text = 'POST /checkv2 HTTP/1.1\r\nA: 1\r\nB: 2\n\r\nbody\n\n';
  fc.assert(
    fc.property(fc.array(fc.nat(text.length), { maxLength: 6 }), (cuts) => {
      let searched = 0;
      for (const cut of [...cuts, text.length].sort((a, b) => a - b)) {
        const end = findHeadEnd(Buffer.from(text.slice(0, cut)), searched - 3);
        searched = cut;
        if (end < 0) continue;
        assert.equal(end, 'POST /checkv2 HTTP/1.1\r\nA: 1\r\nB: 2\n\r\n'.length);
        return;
      }
      assert.fail('not found');
    }),
  );
});

test('any bytes are a head or a ProtocolError', () => {
  const line = fc.oneof(
    fc.string({ maxLength: 30 }),
    fc.constantFrom('Content-Length: 3', 'Transfer-Encoding: chunked', 'Connection: close', 'A: b'),
  );
  fc.assert(
    fc.property(
      fc.constantFrom('GET / HTTP/1.1', 'CHECK RSPAMC/1.3', 'TELL SPAMC/1.5', 'x'),
      fc.array(line),
      (first, lines) => {
        try {
          parseHead(Buffer.from([first, ...lines, '', ''].join('\r\n')), noLine);
        } catch (error) {
          assert.ok(error instanceof ProtocolError);
        }
      },
    ),
    { numRuns: 300 },
  );
});
