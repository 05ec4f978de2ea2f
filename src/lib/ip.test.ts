import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { IpTrie, ipFromBytes, isIntrinsicallyLocal, parseIp, parseNetwork } from './index.ts';

test('addresses print in their canonical form', () => {
  for (const [text, canonical] of [
    ['192.0.2.1', '192.0.2.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:0:1:0:0:0:1', '2001:db8:0:1::1'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ] as const) {
    assert.equal(parseIp(text)?.text, canonical, text);
  }
});

test('texts that are no address are refused', () => {
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '1.2.3.4 ',
    ':',
    ':::',
    '1::2::3',
    '1:2',
    '12345::',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:',
    'g::',
    '::1.2.3',
    '1..2.3',
  ])
    assert.equal(parseIp(text), undefined, JSON.stringify(text));
});

test('every sixteen bytes survive printing and parsing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      const ip = ipFromBytes(bytes);
      assert.deepEqual(parseIp(ip.text), ip);
    }),
  );
});

test('the longest network wins', () => {
  const trie = new IpTrie<string>();
  for (const text of ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.3', '2001:db8::/32', '0.0.0.0/0'])
    trie.set(parseNetwork(text)!, text);
  const found = (text: string): string | undefined => trie.get(parseIp(text)!);
  assert.equal(found('10.9.9.9'), '10.0.0.0/8');
  assert.equal(found('10.1.9.9'), '10.1.0.0/16');
  assert.equal(found('10.1.2.3'), '10.1.2.3');
  assert.equal(found('192.0.2.1'), '0.0.0.0/0');
  assert.equal(found('2001:db8::5'), '2001:db8::/32');
  assert.equal(found('2001:db9::5'), undefined);
  assert.equal(trie.has(parseIp('2001:db9::5')!), false);
  assert.equal(trie.has(parseIp('10.0.0.1')!), true);
});

test('loopback and link-local addresses are local by themselves', () => {
  for (const [text, expected] of [
    ['127.9.9.9', true],
    ['::1', true],
    ['fe80::1', true],
    ['fec0::1', true],
    ['169.254.1.1', true],
    ['10.0.0.1', false],
    ['fd00::1', false],
    ['2001:db8::1', false],
  ] as const)
    assert.equal(isIntrinsicallyLocal(parseIp(text)!), expected, text);
});
