import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIp } from './ip.ts';
import { reverseName } from './reverse-name.ts';

const table = [
  ['192.0.2.5', '5.2.0.192.in-addr.arpa'],
  ['::ffff:192.0.2.5', '5.2.0.192.in-addr.arpa'],
  ['2001:db8::567:89ab', 'b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa'],
] as const;

for (const [text, name] of table) {
  test(`the pointer record of ${text} is at ${name}`, () => {
    assert.equal(reverseName(parseIp(text)!), name);
  });
}
