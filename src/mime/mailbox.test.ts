import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { MailAddress } from '../core/index.ts';
import { isValidAddress, sameAddress } from './mailbox.ts';

function address(text: string): MailAddress {
  const at = text.lastIndexOf('@');
  return at < 0
    ? { text, local: text, domain: '' }
    : { text, local: text.slice(0, at), domain: text.slice(at + 1).toLowerCase() };
}

const valid = [
  'ann@example.com',
  "o'neil+tag/x=y@example.com",
  'a.b.c@sub.example.com',
  '"ann lee"@example.com',
  '"a\\"b"@example.com',
  '""@example.com',
  'ann@localhost',
  'ann@_spf.example_host.com',
  'ann@xn--bcher-kva.example',
  'ann@[192.0.2.1]',
  'ann@[IPv6:2001:db8::1]',
  'jürgen@bücher.example',
];
const invalid = [
  'ann',
  '@example.com',
  'ann@',
  '.ann@example.com',
  'ann.@example.com',
  'a..b@example.com',
  'ann lee@example.com',
  'ann@exa mple.com',
  'ann@-example.com',
  'ann@example-.com',
  'ann@example..com',
  'ann@.example.com',
  'ann@example.com.',
  'ann@exam!ple.com',
  'ann@[192.0.2.1',
  'ann@[]',
  '"ann@example.com',
  '"a"b"@example.com',
  '"ann\\"@example.com',
  '"a\u0007b"@example.com',
  'a(b)@example.com',
  'a\u0000b@example.com',
];

for (const text of valid)
  test(`${text} is a mailbox`, () => assert.equal(isValidAddress(address(text)), true));
for (const text of invalid)
  test(`${JSON.stringify(text)} is no mailbox`, () => assert.equal(isValidAddress(address(text)), false));

test('mailboxes are the same whatever the case of their local parts', () => {
  assert.equal(sameAddress(address('Ann@Example.com'), address('ann@example.COM')), true);
  assert.equal(sameAddress(address('ann@example.com'), address('bob@example.com')), false);
  assert.equal(sameAddress(address('ann@example.com'), address('ann@example.org')), false);
  assert.equal(sameAddress(address('İann@example.com'), address('iann@example.com')), false);
});

test('any text is a mailbox or none', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.equal(typeof isValidAddress(address(text)), 'boolean');
    }),
    { numRuns: 300 },
  );
});
