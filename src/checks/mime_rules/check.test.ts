import { mail, type RuleRow, testRules } from '../../../test/helpers/rule-table.ts';
import { mimeRules } from './check.ts';

const long = 'The quick brown fox jumps over the lazy dog, and then it does so again.\n';
const version = 'MIME-Version: 1.0';
const pieces = (...parts: readonly string[]): string =>
  `${parts.map((part) => `--x\n${part}\n`).join('')}--x--\n`;
const plain = `Content-Type: text/plain\n\n${long}`;
const html = `Content-Type: text/html\n\n<p>${long}</p>`;
const multi = (subtype: string, ...parts: readonly string[]): string =>
  mail([version, `Content-Type: multipart/${subtype}; boundary=x`], pieces(...parts));
const attached = 'Content-Type: application/pdf\nContent-Disposition: attachment; filename=a.pdf\n\nx';
const octets = (...more: readonly string[]): string =>
  ['Content-Type: application/octet-stream', ...more, '', 'x'].join('\n');
const row = (name: string, raw: string | Buffer, expected: readonly string[]): RuleRow => [
  name,
  { raw },
  expected,
];
const base64 = (text: string, charset = 'utf-8'): string =>
  mail(
    [version, `Content-Type: text/plain; charset=${charset}`, 'Content-Transfer-Encoding: base64'],
    `${Buffer.from(text).toString('base64')}\n`,
  );
const pgpSignature = 'Content-Type: application/pgp-signature; name=signature.asc\n\nx';
const pgpVersion = 'Content-Type: application/pgp-encrypted\n\nVersion: 1';
const pgpData = 'Content-Type: application/octet-stream; name=encrypted.asc\n\nx';
const smime = (type: string): string =>
  mail([version, `Content-Type: application/pkcs7-mime; smime-type=${type}`], 'x');
const encrypted = `Content-Type: multipart/encrypted; boundary=y\n\n--y\n${pgpVersion}\n--y\n${pgpData}\n--y--`;

testRules(mimeRules, [
  row('a plain text', mail([version, 'Content-Type: text/plain'], long), []),
  row('no MIME at all', mail(['From: a@example.com'], long), []),
  row('Content-Type without MIME-Version', mail(['Content-Type: text/plain'], long), [
    'MISSING_MIME_VERSION',
  ]),
  row('a transfer encoding without MIME-Version', mail(['Content-Transfer-Encoding: 7bit'], long), [
    'MISSING_MIME_VERSION',
  ]),
  row('a broken Content-Type', mail([version, 'Content-Type: text'], long), ['BROKEN_CONTENT_TYPE']),
  row('a broken Content-Type of a part', multi('mixed', `Content-Type: ?\n\n${long}`, attached), [
    'BROKEN_CONTENT_TYPE',
    'HAS_ATTACHMENT',
  ]),
  row('both versions', multi('alternative', plain, html), []),
  row('HTML alone', multi('alternative', html), ['MIME_MA_MISSING_TEXT']),
  row('plain text alone', multi('alternative', plain), ['MIME_MA_MISSING_HTML']),
  row('neither version', multi('alternative', attached), [
    'MIME_MA_MISSING_TEXT',
    'MIME_MA_MISSING_HTML',
    'HAS_ATTACHMENT',
  ]),
  row(
    'an inner alternative that lacks HTML',
    multi('mixed', `Content-Type: multipart/alternative; boundary=y\n\n--y\n${plain}\n--y--`, attached),
    ['HAS_ATTACHMENT'],
  ),
  row('octets without disposition', multi('mixed', plain, octets()), ['CTYPE_MISSING_DISPOSITION']),
  row('octets inline', multi('mixed', plain, octets('Content-Disposition: inline')), [
    'CTYPE_MISSING_DISPOSITION',
  ]),
  row('octets attached', multi('mixed', plain, octets('Content-Disposition: attachment')), [
    'HAS_ATTACHMENT',
  ]),
  row('octets that the text shows', multi('mixed', plain, octets('Content-ID: <1@x>')), []),
  row('a key', multi('mixed', plain, pgpData), []),
  row('two texts', multi('mixed', plain, html), ['CTYPE_MIXED_BOGUS']),
  row('three texts', multi('mixed', plain, html, plain), []),
  row(
    'a text and an attached text',
    multi('mixed', plain, 'Content-Type: text/plain\nContent-Disposition: attachment\n\nx'),
    ['HAS_ATTACHMENT'],
  ),
  row('a text and a message', multi('mixed', plain, 'Content-Type: message/rfc822\n\nSubject: x\n\nHi'), []),
  row('base64 for a reason', base64(`${long}\u00e4`), ['MIME_BASE64_TEXT']),
  row('base64 without reason', base64(long), ['MIME_BASE64_TEXT', 'MIME_BASE64_TEXT_BOGUS']),
  row('base64 of nothing', base64(''), ['MIME_BASE64_TEXT', 'SINGLE_SHORT_PART']),
  row(
    'base64 in an attached text',
    multi(
      'mixed',
      plain,
      'Content-Type: text/plain\nContent-Disposition: attachment\nContent-Transfer-Encoding: base64\n\nYWFh',
    ),
    ['HAS_ATTACHMENT'],
  ),
  row(
    '8-bit text without encoding',
    mail([version, 'Content-Type: text/plain; charset=iso-8859-1'], `${long}\u00e4`),
    ['R_BAD_CTE_7BIT 7bit'],
  ),
  row('8-bit text as UTF-8', mail([version, 'Content-Type: text/plain; charset=UTF-8'], `${long}\u00e4`), [
    'R_BAD_CTE_7BIT*0.3 7bit utf8',
  ]),
  row(
    '8-bit text in quoted-printable',
    mail(
      [version, 'Content-Type: text/plain', 'Content-Transfer-Encoding: quoted-printable'],
      `${long}\u00e4`,
    ),
    ['R_BAD_CTE_7BIT quoted-printable'],
  ),
  row(
    '8-bit text as 8bit',
    mail([version, 'Content-Type: text/plain', 'Content-Transfer-Encoding: 8BIT'], `${long}\u00e4`),
    [],
  ),
  row(
    '8-bit text as binary',
    mail([version, 'Content-Type: text/plain', 'Content-Transfer-Encoding: binary'], `${long}\u00e4`),
    [],
  ),
  row('63 bytes', mail(['From: a@example.com'], 'a'.repeat(63)), ['SINGLE_SHORT_PART']),
  row('64 bytes', mail(['From: a@example.com'], 'a'.repeat(64)), []),
  row(
    '40 characters of 80 bytes',
    mail(['Content-Transfer-Encoding: 8bit', version], '\u00e4'.repeat(40)),
    [],
  ),
  row('no body', 'From: a@example.com\n', ['SINGLE_SHORT_PART']),
  row(
    'much HTML that shows little',
    mail([version, 'Content-Type: text/html'], `<p style="${long}">Hi</p>`),
    ['SINGLE_SHORT_PART'],
  ),
  row('a single image', mail([version, 'Content-Type: image/png'], 'x'), []),
  row(
    'two short parts',
    multi('alternative', 'Content-Type: text/plain\n\nHi', 'Content-Type: text/html\n\nHi'),
    [],
  ),
  row('a PGP signature', multi('signed', plain, pgpSignature), ['SIGNED_PGP']),
  row('an S/MIME signature', multi('signed', plain, 'Content-Type: application/pkcs7-signature\n\nx'), [
    'SIGNED_SMIME',
  ]),
  row('S/MIME that is only signed', smime('signed-data'), ['SIGNED_SMIME']),
  row('S/MIME that is encrypted', smime('enveloped-data'), ['ENCRYPTED_SMIME']),
  row('PGP', multi('encrypted', pgpVersion, pgpData), ['ENCRYPTED_PGP']),
  row('PGP and text', multi('mixed', plain, encrypted), ['ENCRYPTED_PGP', 'BOGUS_ENCRYPTED_AND_TEXT']),
  row('PGP and PGP', multi('mixed', 'Content-Type: text/plain\n\n-----BEGIN PGP MESSAGE-----\n', encrypted), [
    'ENCRYPTED_PGP',
  ]),
  row('PGP and empty text', multi('mixed', 'Content-Type: text/plain\n\n \n', encrypted), ['ENCRYPTED_PGP']),
  row('text and a message with PGP', multi('mixed', plain, `Content-Type: message/rfc822\n\n${encrypted}`), [
    'ENCRYPTED_PGP',
  ]),
  row('nothing at all', '', ['COMPLETELY_EMPTY']),
]);
