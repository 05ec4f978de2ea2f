import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseClientAddress, parseEnvelopeAddress, parseEsmtpParameters } from './address.ts';

const addresses: readonly [string, [text: string, local: string, domain: string] | null | undefined][] = [
  ['<alice@Example.COM>', ['alice@Example.COM', 'alice', 'example.com']],
  ['alice@example.com', ['alice@example.com', 'alice', 'example.com']],
  ['  <alice@example.com> ', ['alice@example.com', 'alice', 'example.com']],
  ['<postmaster>', ['postmaster', 'postmaster', '']],
  ['<"a b@c"@example.com>', ['"a b@c"@example.com', '"a b@c"', 'example.com']],
  ['<"a\\"b"@example.com>', ['"a\\"b"@example.com', '"a\\"b"', 'example.com']],
  ['<@one,@two:alice@example.com>', ['alice@example.com', 'alice', 'example.com']],
  ['alice@[192.0.2.1]', ['alice@[192.0.2.1]', 'alice', '[192.0.2.1]']],
  ['alice@[IPv6:2001:db8::1]', ['alice@[IPv6:2001:db8::1]', 'alice', '[ipv6:2001:db8::1]']],
  ['.a..b.@example.com.', ['.a..b.@example.com.', '.a..b.', 'example.com']],
  ['jörg@straße.example', ['jörg@straße.example', 'jörg', 'straße.example']],
  ['<>', null],
  ['', null],
  ['\0', null],
  ['bad bad', undefined],
  ['<alice@example.com', undefined],
  ['<', undefined],
  ['@example.com', undefined],
  ['alice@', undefined],
  ['alice@a@b', undefined],
  ['alice@a..b', undefined],
  ['"alice@example.com', undefined],
  ['a\rb@example.com', undefined],
  ['a,b@example.com', undefined],
  [`${'a'.repeat(2000)}@example.com`, undefined],
];
for (const [text, expected] of addresses) {
  const shown = JSON.stringify(text.slice(0, 40));
  test(`the envelope address ${shown} is ${expected === null ? 'the null sender' : expected ? 'read' : 'refused'}`, () => {
    const wanted = expected ? { text: expected[0], local: expected[1], domain: expected[2] } : expected;
    assert.deepEqual(parseEnvelopeAddress(text), wanted);
  });
}

test('an address that parses also parses from its own text', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', 'B', '.', '@', '"', '\\', ' ', '<', '>', ':') }),
      (text) => {
        const address = parseEnvelopeAddress(text);
        if (address) assert.deepEqual(parseEnvelopeAddress(`<${address.text}>`), address);
      },
    ),
    { numRuns: 500 },
  );
});

test('ESMTP keywords become upper case and may lack a value', () => {
  assert.deepEqual(
    [...parseEsmtpParameters(['size=100', 'SMTPUTF8', 'AUTH=<>', '', '=x'])],
    [
      ['SIZE', '100'],
      ['SMTPUTF8', ''],
      ['AUTH', '<>'],
    ],
  );
});

const clients: readonly [string, string | undefined][] = [
  ['192.0.2.1', '192.0.2.1'],
  ['192.0.2.1:25', '192.0.2.1 25'],
  ['2001:db8::1', '2001:db8::1'],
  ['[2001:db8::1]', '2001:db8::1'],
  ['[2001:db8::1]:2525', '2001:db8::1 2525'],
  ['IPv6:2001:db8::1', '2001:db8::1'],
  ['[IPv6:2001:db8::1]', '2001:db8::1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['/run/mail.sock', '/run/mail.sock'],
  ['192.0.2.1:70000', undefined],
  ['192.0.2.1:x', undefined],
  ['[2001:db8::1]x', undefined],
  ['[2001:db8::1', undefined],
  ['host.example', undefined],
  ['', undefined],
];
for (const [text, expected] of clients) {
  test(`the client address ${JSON.stringify(text)} is ${expected ?? 'refused'}`, () => {
    const client = parseClientAddress(text);
    const shown =
      client &&
      ('ip' in client
        ? `${client.ip.text}${client.port === undefined ? '' : ` ${client.port}`}`
        : client.socketPath);
    assert.equal(shown, expected);
  });
}
