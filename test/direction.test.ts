import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideDirection, type Envelope, identifySender, RequestHeaderList } from '../src/core/index.ts';
import { IpTrie, parseIp, parseNetwork } from '../src/lib/index.ts';
import { parseMessage } from '../src/mime/index.ts';
import { testEnvelope } from './helpers/task.ts';

const networks = new IpTrie<true>();
networks.set(parseNetwork('10.0.0.0/8')!, true);

function direction(envelope: Partial<Envelope>): string {
  const found = decideDirection(
    { ...testEnvelope(), clientIp: undefined, login: undefined, ...envelope },
    networks,
  );
  const flags = [
    found.isAuthenticated && 'authenticated',
    found.isLocal && 'local',
    found.isOutbound && 'outbound',
  ];
  return flags.filter(Boolean).join(' ');
}

test('login and local address are two flags, and either makes mail outbound', () => {
  for (const [envelope, expected] of [
    [{}, ''],
    [{ clientIp: parseIp('203.0.113.5') }, ''],
    [{ clientIp: parseIp('203.0.113.5'), login: 'bob' }, 'authenticated outbound'],
    [{ clientIp: parseIp('10.9.9.9') }, 'local outbound'],
    [{ clientIp: parseIp('10.9.9.9'), login: 'bob' }, 'authenticated local outbound'],
    [{ clientIp: parseIp('127.0.0.1') }, 'local outbound'],
    [{ clientIp: parseIp('::1') }, 'local outbound'],
    [{ clientIp: parseIp('fe80::1%eth0') }, 'local outbound'],
    [{ clientIp: parseIp('::ffff:10.0.0.1') }, 'local outbound'],
    [{ clientSocketPath: '/run/mta.sock' }, 'local outbound'],
    [{ login: '' }, 'authenticated outbound'],
  ] as const)
    assert.equal(direction(envelope), expected, JSON.stringify(envelope));
});

test('mail that Exim names no client address for was injected on its own host', () => {
  for (const [door, lines, expected] of [
    ['rspamc', {}, 'local outbound'],
    ['rspamc', { IP: 'not an address' }, ''],
    ['http', {}, ''],
    ['spamc', {}, ''],
  ] as const) {
    const request = new RequestHeaderList();
    for (const [name, value] of Object.entries(lines)) request.add(name, value);
    assert.equal(direction({ door, request }), expected, `${door} ${JSON.stringify(lines)}`);
  }
});

function sender(
  headers: readonly string[],
  way: 'inbound' | 'local' | 'authenticated',
  from = 'web@site.example',
): string {
  const envelope = testEnvelope({ way, from });
  const message = parseMessage(Buffer.from([...headers, 'From: x@site.example', '', 'hi', ''].join('\r\n')));
  const found = decideDirection(envelope, networks);
  const { kind, value, origin } = identifySender(envelope, found, message);
  return `${kind} ${value}${origin ? ` (${origin})` : ''}`;
}

test('the sender is the login, else the script or site, else the envelope domain, else the address', () => {
  for (const [headers, way, from, expected] of [
    [[], 'authenticated', 'web@site.example', 'login sender@example.com'],
    [['X-PHP-Originating-Script: 33:mailer.php'], 'authenticated', undefined, 'login sender@example.com'],
    [
      ['X-PHP-Originating-Script: 33:mailer.php'],
      'local',
      undefined,
      'script 33:mailer.php (X-PHP-Originating-Script)',
    ],
    [
      ['X-PHP-Originating-Script: mailer.php'],
      'local',
      undefined,
      'script mailer.php (X-PHP-Originating-Script)',
    ],
    [
      ['X-PHP-Script: site.example/form.php for 198.51.100.7'],
      'local',
      undefined,
      'script site.example/form.php (X-PHP-Script)',
    ],
    [
      ['X-Source: /usr/bin/php', 'X-Source-Args: /usr/bin/php x.php', 'X-Source-Dir: acct:/public_html'],
      'local',
      undefined,
      'site acct:/public_html (X-Source-Dir)',
    ],
    [
      ['X-Source: /usr/bin/php', 'X-Source-Args: /usr/bin/php x.php'],
      'local',
      undefined,
      'script /usr/bin/php x.php (X-Source-Args)',
    ],
    [['X-Source: /usr/bin/php'], 'local', undefined, 'script /usr/bin/php (X-Source)'],
    [
      ['X-Authenticated-User: bob@site.example'],
      'local',
      undefined,
      'login bob@site.example (X-Authenticated-User)',
    ],
    [
      ['Received: by mail.example (Postfix, from userid 33)\r\n\tid 1; Sun, 22 Nov 2026 10:00:00 +0000'],
      'local',
      undefined,
      'uid 33 (Received)',
    ],
    [[], 'local', undefined, 'domain site.example'],
    [[], 'local', '', 'ip 10.1.2.3'],
  ] as const)
    assert.equal(sender(headers, way, from), expected, headers.join(' | '));
});

test('origin headers are not believed from outside', () => {
  for (const header of [
    'X-PHP-Script: victim.example/x.php',
    'X-Authenticated-User: victim',
    'X-Source-Dir: victim:/x',
  ]) {
    assert.equal(sender([header], 'inbound'), 'domain site.example', header);
  }
});

test('an identity from a header is short', () => {
  assert.ok(sender([`X-PHP-Script: ${'x'.repeat(5000)}`], 'local').length < 300);
});
