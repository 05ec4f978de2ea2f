import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Envelope, type FrontDoor, RequestHeaderList } from '../core/index.ts';
import { parseIp } from '../lib/index.ts';
import { envelopeFromRequest, splitRecipients } from './envelope.ts';

function envelope(lines: readonly [string, string][], door: FrontDoor = 'http'): Envelope {
  const headers = new RequestHeaderList();
  for (const [name, value] of lines) headers.add(name, value);
  return envelopeFromRequest(headers, { door });
}

const recipientsOf = (...values: string[]): string[] =>
  envelope(values.map((value): [string, string] => ['Rcpt', value])).recipients.map(({ text }) => text);

test('a request without headers has an envelope without facts', () => {
  const { sender, recipients, login, clientIp, flags, malformed } = envelope([]);
  assert.deepEqual(
    [sender, recipients, login, clientIp, [...flags], malformed],
    [undefined, [], undefined, undefined, [], []],
  );
});

test('the sender comes with or without brackets; an empty one is the null sender', () => {
  assert.equal(envelope([['From', '<alice@Example.COM>']]).sender?.domain, 'example.com');
  assert.equal(envelope([['from', 'alice@example.com']]).sender?.text, 'alice@example.com');
  assert.equal(envelope([['From', '<>']]).sender, null);
  assert.equal(envelope([['From', '']]).sender, null);
});

test('an address that does not parse raises the flag for it and is no error', () => {
  const broken = envelope([
    ['From', 'bad bad'],
    ['Rcpt', 'good@example.com, bad bad'],
  ]);
  assert.equal(broken.sender, undefined);
  assert.deepEqual(
    broken.recipients.map(({ text }) => text),
    ['good@example.com'],
  );
  assert.deepEqual(broken.malformed, ['From', 'Rcpt']);
  assert.ok(broken.flags.has('broken_headers'));
});

test('a later line of a single-valued header replaces the earlier one, its mistake too', () => {
  const { sender, malformed } = envelope([
    ['From', 'bad bad'],
    ['From', 'alice@example.com'],
  ]);
  assert.equal(sender?.text, 'alice@example.com');
  assert.deepEqual(malformed, []);
});

test('recipients come on several lines, in lists, with quoted commas and source routes', () => {
  assert.deepEqual(recipientsOf('<a@example.com>', 'b@example.com,c@example.com', ''), [
    'a@example.com',
    'b@example.com',
    'c@example.com',
  ]);
  assert.deepEqual(recipientsOf('"a,b"@example.com, <c@example.com>'), [
    '"a,b"@example.com',
    'c@example.com',
  ]);
  assert.deepEqual(recipientsOf('"a\\",b"@example.com'), ['"a\\",b"@example.com']);
  assert.deepEqual(recipientsOf('<@x.example,@y.example:a@example.com>,b@example.com'), [
    'a@example.com',
    'b@example.com',
  ]);
  assert.deepEqual(recipientsOf('<a@example.com, b@example.com'), ['b@example.com']);
});

test('addresses joined by commas come apart again', () => {
  const atom = fc.stringMatching(/^[a-z]{1,8}$/);
  const quoted = fc.stringMatching(/^[a-z, <>]{1,8}$/).map((text) => `"${text}"`);
  const address = fc.oneof(atom, quoted).map((local) => `${local}@example.com`);
  fc.assert(
    fc.property(fc.array(address, { minLength: 1 }), (addresses) => {
      assert.deepEqual(splitRecipients(addresses.join(',')), addresses);
      assert.deepEqual(recipientsOf(addresses.map((text) => `<${text}>`).join(', ')), addresses);
    }),
    { numRuns: 300 },
  );
});

test('no recipient list, however broken, loses a comma-free rest or throws', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', '@', ',', '"', '<', '>', '\\', ' ', '.') }),
      (text) => {
        assert.equal(splitRecipients(text).join(','), text);
        envelope([['Rcpt', text]]);
      },
    ),
    { numRuns: 500 },
  );
});

test('ESMTP parameters of recipients count positions as they were given', () => {
  const { recipients, senderEsmtp } = envelope([
    ['Rcpt', 'bad bad'],
    ['Rcpt', 'a@example.com'],
    ['X-Rspamd-Rcpt-Esmtp-Args', '1:NOTIFY=NEVER'],
    ['X-Rspamd-Rcpt-Esmtp-Args', '1:nonsense'],
    ['X-Rspamd-Mail-Esmtp-Args', 'SIZE=100'],
    ['X-Rspamd-Mail-Esmtp-Args', 'SMTPUTF8'],
  ]);
  assert.deepEqual([...recipients[0]!.esmtp], [['NOTIFY', 'NEVER']]);
  assert.deepEqual([...senderEsmtp], [['SIZE', '100']]);
});

test('the client address is read in every form that clients write', () => {
  const rows: [string, string | undefined, number | undefined][] = [
    ['192.0.2.1', '192.0.2.1', undefined],
    ['192.0.2.1:25', '192.0.2.1', 25],
    ['2001:db8::1', '2001:db8::1', undefined],
    ['[2001:db8::1]:25', '2001:db8::1', 25],
    ['[IPv6:2001:db8::1]', '2001:db8::1', undefined],
    ['IPv6:2001:db8::1', '2001:db8::1', undefined],
    ['fe80::1%eth0', 'fe80::1', undefined],
    ['::ffff:192.0.2.1', '192.0.2.1', undefined],
    ['nonsense', undefined, undefined],
    ['', undefined, undefined],
  ];
  for (const [value, ip, port] of rows) {
    const { clientIp, clientPort } = envelope([['IP', value]]);
    assert.deepEqual([clientIp?.text, clientPort], [ip, port], value);
  }
  assert.equal(envelope([['IP', '/run/mta.sock']]).clientSocketPath, '/run/mta.sock');
});

test('a host name that nobody verified is none', () => {
  for (const value of ['[192.0.2.1]', 'unknown', 'Unknown', 'NXDOMAIN', 'DNSERROR', '']) {
    assert.equal(envelope([['Hostname', value]]).hostName, undefined, value);
  }
  assert.equal(envelope([['Hostname', 'mail.example.com']]).hostName, 'mail.example.com');
});

test('a User line means a login, except from spamc', () => {
  assert.equal(envelope([['User', 'joe']]).login, 'joe');
  assert.equal(envelope([['User', 'root']], 'spamc').login, undefined);
});

test('headers that set flags set them, whatever stands around the words', () => {
  const { flags } = envelope([
    ['Flags', 'groups ,milter, ext_urls '],
    ['Flags', 'nonsense,learn_spam,broken_headers'],
    ['Pass', 'all'],
    ['Log', 'no'],
    ['Raw', 'yes'],
    ['Profile', ''],
  ]);
  assert.deepEqual([...flags].sort(), [
    'ext_urls',
    'groups',
    'milter',
    'no_log',
    'pass_all',
    'profile',
    'raw',
  ]);
  assert.deepEqual([...envelope([['Log', 'false']]).flags], []);
  assert.deepEqual([...envelope([['URL-Format', 'extended']]).flags], ['ext_urls']);
  assert.deepEqual([...envelope([['Milter', 'Yes']]).flags], ['milter']);
});

test('TLS facts are kept, and a cipher means that the message came encrypted', () => {
  const { tls, flags } = envelope([
    ['TLS-Cipher', 'AES256'],
    ['TLS-Version', 'TLSv1.3'],
    ['TLS-Cert-Issuer', 'CA'],
  ]);
  assert.deepEqual(tls, { version: 'TLSv1.3', cipher: 'AES256', certIssuer: 'CA' });
  assert.ok(flags.has('ssl'));
  assert.equal(envelope([]).tls, undefined);
});

test('the remaining headers are passed on as they are', () => {
  const made = envelope([
    ['Helo', 'mail.example.com'],
    ['Queue-ID', 'ABC.1'],
    ['Deliver-To', '<bob@example.net>'],
    ['Settings-ID', 'outbound'],
    ['Settings', '{"symbols_enabled":[]}'],
    ['MTA-Tag', 'edge'],
    ['MTA-Name', 'mx.example.com'],
    ['User-Agent', 'rspamc'],
    ['X-Own', 'kept'],
  ]);
  assert.equal(made.helo, 'mail.example.com');
  assert.equal(made.queueId, 'ABC.1');
  assert.equal(made.deliverTo, 'bob@example.net');
  assert.equal(made.settingsId, 'outbound');
  assert.equal(made.settings, '{"symbols_enabled":[]}');
  assert.equal(made.mtaTag, 'edge');
  assert.equal(made.mtaName, 'mx.example.com');
  assert.equal(made.userAgent, 'rspamc');
  assert.equal(made.request.get('x-own'), 'kept');
});

test('a log tag cannot forge lines and is cut', () => {
  assert.equal(envelope([['Log-Tag', 'a b\tc']]).logTag, 'abc');
  assert.equal(envelope([['Log-Tag', 'x'.repeat(500)]]).logTag?.length, 64);
  assert.equal(envelope([['Log-Tag', '']]).logTag, undefined);
});

test('what the session knows goes into the envelope', () => {
  const stored = new RequestHeaderList();
  const made = envelopeFromRequest(new RequestHeaderList(), {
    door: 'controller',
    peerIp: parseIp('192.0.2.9'),
    request: stored,
    settings: { symbols_enabled: [] },
  });
  assert.equal(made.scannerClientIp?.text, '192.0.2.9');
  assert.equal(made.request, stored);
  assert.deepEqual(made.settings, { symbols_enabled: [] });
});
