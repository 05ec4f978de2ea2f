import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Part } from '../core/index.ts';
import { parseLimits } from './limits.ts';
import { parseMessage } from './message.ts';

function parseRoot(headers: readonly string[], body = ''): Part {
  return parseMessage(Buffer.from([...headers, '', body].join('\r\n'), 'latin1')).root;
}

const type = (value: string): string => `Content-Type: ${value}`;
const encoding = (value: string): string => `Content-Transfer-Encoding: ${value}`;
const disposition = (value: string): string => `Content-Disposition: ${value}`;

test('every transfer encoding is taken off', () => {
  const table: [encoding: string | undefined, body: string, decoded: string, defects: string[]][] = [
    [undefined, 'a=3D\xe4', 'a=3D\xe4', []],
    ['7bit', 'a', 'a', []],
    ['8BIT', 'a\xe4', 'a\xe4', []],
    ['8 bit', 'a', 'a', []],
    ['binary', 'a\0\r\nb', 'a\0\r\nb', []],
    ['BASE64', 'YWJj', 'abc', []],
    ['base64 (comment)', 'YW Jj\r\n', 'abc', []],
    ['base64;', 'Y!WJj', 'abc', ['bad-base64']],
    ['quoted-printable', 'a=3Db=\r\nc', 'a=bc', []],
    ['quoted_printable', 'a=3Db', 'a=b', []],
    ['quoted-printable', 'a=b', 'a=b', ['bad-quoted-printable']],
    ['x-uuencode', 'begin 644 f\r\n#0V%T\r\n`\r\nend', 'Cat', []],
    ['uuencode', 'Cat', '', ['bad-uuencode']],
    ['zip', 'abc', 'abc', ['unknown-encoding']],
  ];
  for (const [name, body, decoded, defects] of table) {
    const message = parseMessage(
      Buffer.from(`${name === undefined ? '' : `${encoding(name)}\r\n`}X: y\r\n\r\n${body}`, 'latin1'),
    );
    assert.equal(message.root.decoded().toString('latin1'), decoded, `${name}`);
    assert.equal(message.root.decoded(), message.root.decoded(), 'remembered');
    assert.deepEqual(
      message.defects.map((defect) => defect.kind),
      defects,
      `${name}`,
    );
  }
});

test('text is decoded from its charset and remembered; other parts have none', () => {
  const html = parseRoot([type('text/html; charset=koi8-r'), encoding('base64')], 'z9DR0g==');
  assert.equal(html.text(), 'опяр');
  assert.equal(html.charset, 'koi8-r');
  const unknown = parseMessage(Buffer.from('Content-Type: text/plain; charset=x-none\r\n\r\nä'));
  assert.equal(unknown.root.text(), 'ä');
  assert.deepEqual(
    unknown.defects.map((defect) => defect.kind),
    ['unknown-charset'],
  );
  assert.equal(parseRoot([type('image/png')], 'x').text(), '');
  assert.equal(parseRoot([type('text/calendar')], 'BEGIN:VCALENDAR').text(), 'BEGIN:VCALENDAR');
  assert.equal(parseRoot([type('message/delivery-status')], 'Status: 5.1.1').text(), 'Status: 5.1.1');
  assert.equal(parseRoot([type('message/rfc822')], 'Subject: x').text(), '');
});

test('the text of a part is bounded', () => {
  const message = parseMessage(Buffer.from('A: b\n\n0123456789'), { ...parseLimits, textBytes: 4 });
  assert.equal(message.root.text(), '0123');
  assert.equal(message.root.decoded().length, 10);
  assert.deepEqual(
    message.defects.map((defect) => defect.kind),
    ['text-too-long'],
  );
});

test('of a huge text only as much is decoded as is kept', () => {
  for (const [name, body, text] of [
    ['base64', Buffer.from('abcdefghijkl').toString('base64').repeat(50), 'abcd'],
    ['quoted-printable', '=61=62=63=64=65'.repeat(50), 'abcd'],
    ['8bit', 'abcde'.repeat(50), 'abcd'],
  ] as const) {
    const message = parseMessage(Buffer.from(`${encoding(name)}\n\n${body}`), {
      ...parseLimits,
      textBytes: 4,
    });
    assert.equal(message.root.text(), text, name);
    assert.deepEqual(
      message.defects.map((defect) => defect.kind),
      ['text-too-long'],
    );
  }
});

test('the kind of a part follows from its type and shape', () => {
  const der = (oid: string): string => Buffer.from(`3080${oid}`, 'hex').toString('base64');
  const table: [headers: string[], body: string, kind: string][] = [
    [[], '', 'text'],
    [[type('text/html')], '', 'text'],
    [[type('text/x-anything')], '', 'text'],
    [[type('image/jpeg')], '', 'image'],
    [[type('text/calendar; method=REQUEST')], '', 'calendar'],
    [[type('application/ics')], '', 'calendar'],
    [[type('message/rfc822')], '', 'message'],
    [[type('message/delivery-status')], '', 'message'],
    [[type('application/pdf')], '', 'other'],
    [[type('audio/ogg')], '', 'other'],
    // RFC 3156.
    [[type('application/pgp-signature')], '', 'signature'],
    [[type('application/pgp-encrypted')], '', 'encrypted'],
    // RFC 8551 3.2.
    [[type('application/pkcs7-signature; name=smime.p7s')], '', 'signature'],
    [[type('application/x-pkcs7-signature')], '', 'signature'],
    [[type('application/pkcs7-mime; smime-type=enveloped-data')], '', 'encrypted'],
    [[type('application/pkcs7-mime; smime-type=authEnveloped-data')], '', 'encrypted'],
    [[type('application/x-pkcs7-mime; smime-type=signed-data')], '', 'signature'],
    [[type('application/pkcs7-mime; smime-type=compressed-data')], '', 'other'],
    [[type('application/pkcs7-mime'), encoding('base64')], der('06092a864886f70d010703'), 'encrypted'],
    [[type('application/pkcs7-mime'), encoding('base64')], der('06092a864886f70d010702'), 'signature'],
    [[type('application/pkcs7-mime'), encoding('base64')], 'AAAA', 'other'],
    // MS-OXTNEF, also without its type.
    [[type('application/ms-tnef')], '', 'tnef'],
    [[type('application/vnd.ms-tnef')], '', 'tnef'],
    [[type('application/octet-stream'), encoding('base64')], '\r\neJ8+IgAA', 'tnef'],
    [[type('application/octet-stream'), encoding('base64')], 'AAAA', 'other'],
  ];
  for (const [headers, body, kind] of table) {
    assert.equal(parseRoot(headers, body).kind, kind, headers.join());
  }
});

test('the encrypted part of multipart/encrypted is known by its place (RFC 3156 4)', () => {
  const body = [
    '--b',
    type('application/pgp-encrypted'),
    '',
    'Version: 1',
    '--b',
    type('application/octet-stream'),
    '',
    'x',
    '--b--',
  ];
  const root = parseRoot(
    [type('multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b')],
    body.join('\r\n'),
  );
  assert.deepEqual(
    root.children.map((part) => part.kind),
    ['encrypted', 'encrypted'],
  );
});

test('file name, disposition and attachment follow RFC 2183', () => {
  const table: [
    headers: string[],
    fileName: string | undefined,
    disposition: string | undefined,
    isAttachment: boolean,
  ][] = [
    [[], undefined, undefined, false],
    [[disposition('inline')], undefined, 'inline', false],
    [[disposition('attachment; filename=a.txt')], 'a.txt', 'attachment', true],
    // RFC 2183 2.8: an unknown disposition is an attachment.
    [[disposition('x-other')], undefined, 'x-other', true],
    [[type('text/plain; name=a.txt')], 'a.txt', undefined, false],
    [[type('text/plain; name=a.txt'), disposition('attachment')], 'a.txt', 'attachment', true],
    [[type('application/pdf; name=a.pdf')], 'a.pdf', undefined, true],
    [
      [type('application/pdf; name=a.pdf'), disposition('attachment; filename=b.pdf')],
      'b.pdf',
      'attachment',
      true,
    ],
    [[type('image/png; name=a.png'), disposition('inline')], 'a.png', 'inline', false],
    [[disposition("attachment; filename*=utf-8''%C3%A4.txt")], 'ä.txt', 'attachment', true],
    [[disposition('attachment; filename=""')], undefined, 'attachment', true],
  ];
  for (const [headers, fileName, value, isAttachment] of table) {
    const root = parseRoot(headers);
    assert.deepEqual(
      [root.fileName, root.disposition, root.isAttachment],
      [fileName, value, isAttachment],
      headers.join(),
    );
  }
});

test('the digest is that of the content, whatever headers and encoding', () => {
  const digest = (text: string): string => parseMessage(Buffer.from(text)).digest;
  const plain = digest('Subject: a\n\nabc');
  assert.match(plain, /^[0-9a-f]{32}$/);
  assert.equal(digest('Subject: b\nContent-Transfer-Encoding: base64\n\nYWJj'), plain);
  assert.notEqual(digest('Subject: a\n\nabd'), plain);
  assert.equal(digest('Content-Type: multipart/mixed; boundary=b\n\nx\n--b\n\nab\n--b\n\nc\n--b--\n'), plain);
});
