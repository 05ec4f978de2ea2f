import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIp } from './ip.ts';
import { maskIp, networkKeys } from './ip-mask.ts';

test('bits after the prefix are cleared', () => {
  const table: [address: string, bits: number, masked: string][] = [
    ['192.0.2.255', 24, '192.0.2.0'],
    ['192.0.2.255', 31, '192.0.2.254'],
    ['192.0.2.255', 0, '0.0.0.0'],
    ['2001:db8:1:2::3', 48, '2001:db8:1::'],
    ['2001:db8::1', 128, '2001:db8::1'],
  ];
  for (const [address, bits, masked] of table) assert.equal(maskIp(parseIp(address)!, bits).text, masked);
});

test('an address is asked for by its text and then by its networks, longest first', () => {
  const keys = networkKeys(parseIp('192.0.2.1')!);
  assert.deepEqual(keys.slice(0, 3), ['192.0.2.1', '192.0.2.1/32', '192.0.2.0/31']);
  assert.equal(keys.at(-1), '192.0.0.0/8');
  assert.equal(networkKeys(parseIp('2001:db8::1')!).at(-1), '2001:db8::/64');
});
