import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Envelope, RequestHeaderList } from '../../core/index.ts';
import { parseIp } from '../../lib/index.ts';
import { parseEnvelopeAddress } from '../address.ts';
import { envelopeFromRequest } from '../envelope.ts';
import { scanHeaders } from './scan-headers.ts';
import { envelope } from './testing/fixture.ts';

function pairs(headers: readonly string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) list.push([headers[i]!, headers[i + 1]!]);
  return list;
}

function request(lines: readonly (readonly [string, string])[]): RequestHeaderList {
  const list = new RequestHeaderList();
  for (const [name, value] of lines) list.add(name, value);
  return list;
}

const full: Envelope = envelope({
  clientIp: parseIp('2001:db8::1'),
  clientPort: 25,
  helo: 'helo.example',
  hostName: 'client.example',
  login: 'alice',
  sender: parseEnvelopeAddress('alice@example.com'),
  senderEsmtp: new Map([['SIZE', '100']]),
  recipients: [
    { ...parseEnvelopeAddress('bob@example.net')!, esmtp: new Map([['NOTIFY', 'NEVER']]) },
    { ...parseEnvelopeAddress('carol@example.net')!, esmtp: new Map() },
  ],
  deliverTo: 'bob@example.net',
  queueId: '4Fx',
  mtaName: 'mx.example',
  mtaTag: 'out',
  tls: { version: 'TLSv1.3', cipher: 'AES', certIssuer: 'CA' },
  flags: new Set(['milter', 'body_block', 'groups', 'learn_spam', 'zstd']),
  settings: { symbols_enabled: [] },
  settingsId: 'out',
  logTag: 'tag',
});

test('every field of an envelope becomes its scan header', () => {
  assert.deepEqual(pairs(scanHeaders(full)), [
    ['From', '<alice@example.com>'],
    ['X-Rspamd-Mail-Esmtp-Args', 'SIZE=100'],
    ['Rcpt', '<bob@example.net>'],
    ['Rcpt', '<carol@example.net>'],
    ['X-Rspamd-Rcpt-Esmtp-Args', '0:NOTIFY=NEVER'],
    ['Helo', 'helo.example'],
    ['Hostname', 'client.example'],
    ['IP', '[2001:db8::1]:25'],
    ['User', 'alice'],
    ['Queue-Id', '4Fx'],
    ['Deliver-To', 'bob@example.net'],
    ['MTA-Name', 'mx.example'],
    ['MTA-Tag', 'out'],
    ['TLS-Cipher', 'AES'],
    ['TLS-Version', 'TLSv1.3'],
    ['TLS-Cert-Issuer', 'CA'],
    ['Log-Tag', 'tag'],
    ['Settings-ID', 'out'],
    ['Settings', '{"symbols_enabled":[]}'],
    ['Flags', 'milter,groups,body_block'],
  ]);
});

test('another Postern reads the same envelope back', () => {
  const back = envelopeFromRequest(request(pairs(scanHeaders(full))), { door: 'http' });
  for (const field of [
    'clientIp',
    'clientPort',
    'helo',
    'hostName',
    'login',
    'sender',
    'senderEsmtp',
    'recipients',
    'deliverTo',
    'queueId',
    'mtaName',
    'mtaTag',
    'tls',
    'settingsId',
    'logTag',
    'malformed',
  ] as const) {
    assert.deepEqual(back[field], full[field], field);
  }
});

test('the null sender is stated, an unknown one is not', () => {
  const sender = (changes: Partial<Envelope>) =>
    pairs(scanHeaders(envelope(changes))).find(([name]) => name === 'From')?.[1];
  assert.equal(sender({ sender: null }), '<>');
  assert.equal(sender({}), undefined);
});

test('addresses that did not parse go on as they came', () => {
  const headers = pairs(
    scanHeaders(
      envelope({
        malformed: ['From', 'Rcpt'],
        request: request([
          ['From', 'bad bad'],
          ['Rcpt', 'bob@example.net'],
          ['Rcpt', 'bad bad'],
        ]),
        recipients: [{ ...parseEnvelopeAddress('bob@example.net')!, esmtp: new Map() }],
      }),
    ),
  );
  assert.deepEqual(headers, [
    ['From', 'bad bad'],
    ['Rcpt', 'bob@example.net'],
    ['Rcpt', 'bad bad'],
    ['Flags', 'body_block'],
  ]);
});

test('an HTTP client that names no address is taken for the MTA client, a milter is not', () => {
  const ip = (changes: Partial<Envelope>) =>
    pairs(scanHeaders(envelope({ scannerClientIp: parseIp('192.0.2.9'), ...changes }))).find(
      ([name]) => name === 'IP',
    )?.[1];
  assert.equal(ip({ door: 'http' }), '192.0.2.9');
  assert.equal(ip({ door: 'milter' }), undefined);
  assert.equal(ip({ door: 'http', clientSocketPath: '/run/x' }), '/run/x');
});

test('other headers of the client go on, but not what belongs to its connection, and no password', () => {
  const headers = pairs(
    scanHeaders(
      envelope({
        request: request([
          ['X-Milter-Auth-Type', 'PLAIN'],
          ['Mailer', 'smtp'],
          ['Password', 'q1'],
          ['Connection', 'close'],
          ['Content-Length', '5'],
          ['Shm', '/x'],
          ['Bad name', 'x'],
          ['Accept-Encoding', 'zstd'],
        ]),
      }),
    ),
  );
  assert.deepEqual(headers, [
    ['Flags', 'body_block'],
    ['x-milter-auth-type', 'PLAIN'],
    ['mailer', 'smtp'],
  ]);
});

test('extra headers of the operator replace others of their name', () => {
  const headers = pairs(
    scanHeaders(envelope({ mtaTag: 'in', helo: 'h' }), { 'mta-tag': 'out', 'X-New': 'v' }),
  );
  assert.deepEqual(headers, [
    ['Helo', 'h'],
    ['Flags', 'body_block'],
    ['mta-tag', 'out'],
    ['X-New', 'v'],
  ]);
});

test('no value can begin another header, and UTF-8 goes as bytes', () => {
  const headers = pairs(scanHeaders(envelope({ helo: 'a\r\nUser: admin', login: 'jörg' })));
  assert.deepEqual(headers[0], ['Helo', 'a User: admin']);
  assert.deepEqual(headers[1], ['User', Buffer.from('jörg').toString('latin1')]);
});
