import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findBitcoinAddress, isBitcoinAddress } from './bitcoin.ts';

// From BIP 173, BIP 350, the specification of CashAddr, and the first block.
const valid = [
  '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa',
  '3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy',
  'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4',
  'BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4',
  'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0',
  'qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a',
];

test('addresses are known by their checksums', () => {
  for (const address of valid) assert.ok(isBitcoinAddress(address), address);
  for (const address of valid) {
    const last = address.at(-2)!;
    const wrong = `${address.slice(0, -2)}${/[A-Z]/.test(address) && !/[a-z]/.test(address) ? (last === 'T' ? 'Q' : 'T') : last === 'q' ? 'p' : 'q'}${address.at(-1)}`;
    assert.ok(!isBitcoinAddress(wrong), wrong);
  }
  assert.ok(!isBitcoinAddress('bc1Qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4'));
});

test('an address is found in running text, behind a prefix, with invisible characters, and torn apart', () => {
  for (const address of valid) assert.equal(findBitcoinAddress(`Pay to: ${address}, at once.`), address);
  const [first, , segwit, , , cash] = valid as [string, string, string, string, string, string];
  assert.equal(findBitcoinAddress(`bitcoincash:${cash}`), cash);
  assert.equal(findBitcoinAddress(first.replace('P', '\u200bP')), first);
  assert.equal(findBitcoinAddress(`to ${first.replace(/(.{8})/g, '$1 ')} now`), first);
  assert.equal(findBitcoinAddress(segwit.replace(/(.{6})/g, '$1-')), segwit);
  assert.equal(
    findBitcoinAddress('On 1 May 23 people met in 3 places; 1234567890 1234567890 1234567890'),
    undefined,
  );
});

test('no text makes the search throw or go on for ever', () => {
  const piece = fc.constantFrom(
    '1',
    '3',
    'bc1',
    'q',
    'x',
    ' ',
    '. ',
    'A',
    '9',
    '1A1zP1eP5',
    '\u200b',
    '0',
    'l',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 200 }), (pieces) => {
      const found = findBitcoinAddress(pieces.join(''));
      assert.ok(found === undefined || isBitcoinAddress(found));
    }),
    { numRuns: 300 },
  );
});
