import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  bodyDigest,
  type Canonicalization,
  canonicalBody,
  canonicalHeader,
  digestBody,
  relaxedValue,
} from './canonical.ts';
import { message } from './testing/mail.ts';

const relaxed = (text: string): string =>
  canonicalBody(Buffer.from(text, 'latin1'), 0, 'relaxed').toString('latin1');
const simple = (text: string): string =>
  canonicalBody(Buffer.from(text, 'latin1'), 0, 'simple').toString('latin1');
const bodyHash = (
  raw: Buffer,
  start: number,
  how: Canonicalization = 'relaxed',
  maxBytes = Number.POSITIVE_INFINITY,
): string => digestBody(raw, start, how, maxBytes).hash;
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('base64');

/** The rules of RFC 6376 3.4.4, one after the other and slow. */
function naiveRelaxed(text: string): string {
  const lines = text.split(/\r\n|\r|\n/).map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''));
  while (lines.length > 0 && lines[lines.length - 1] === '') lines.pop();
  return lines.map((line) => `${line}\r\n`).join('');
}

function naiveSimple(text: string): string {
  const lines = text.split(/\r\n|\r|\n/);
  while (lines.length > 0 && lines[lines.length - 1] === '') lines.pop();
  return lines.length === 0 ? '\r\n' : lines.map((line) => `${line}\r\n`).join('');
}

test('the example of RFC 6376 3.4.5 is canonicalised as printed there', () => {
  const example = message('A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n');
  const [a, b] = example.headers.all;
  assert.equal(canonicalHeader(example.raw, a!), 'a:X\r\n');
  assert.equal(canonicalHeader(example.raw, b!), 'b:Y Z\r\n');
  assert.equal(canonicalHeader(example.raw, a!, 'simple'), 'A: X\r\n');
  assert.equal(canonicalHeader(example.raw, b!, 'simple'), 'B : Y\t\r\n\tZ  \r\n');
  const body = (how: 'relaxed' | 'simple'): string =>
    canonicalBody(example.raw, example.bodyOffset, how).toString();
  assert.equal(body('relaxed'), ' C\r\nD E\r\n');
  assert.equal(body('simple'), ' C \r\nD \t E\r\n');
});

test('the hash of an empty body is the one RFC 6376 prints', () => {
  assert.equal(relaxed(''), '');
  assert.equal(relaxed('\r\n \t\r\n\n'), '');
  assert.equal(bodyHash(Buffer.alloc(0), 0), '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=');
  assert.equal(simple(''), '\r\n');
  assert.equal(bodyHash(Buffer.alloc(0), 0, 'simple'), 'frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=');
});

const awkward = fc
  .array(
    fc.constantFrom(
      '\r',
      '\n',
      '\r\n',
      ' ',
      '\t',
      'a',
      'bc',
      'abcdefghijklmnopqrstuvwxyz',
      '=',
      '\u00e9',
      '\u00a0',
      '\u0000',
      '\u000b',
    ),
  )
  .map((pieces) => pieces.join(''));

test('any body becomes what the rules say, one after the other', () => {
  fc.assert(
    fc.property(awkward, fc.nat(40), fc.nat(9), (text, repeat, start) => {
      const long = text.repeat(repeat + 1);
      assert.equal(relaxed(long), naiveRelaxed(long));
      assert.equal(simple(long), naiveSimple(long));
      const shifted = Buffer.from(`${'x'.repeat(start)}${long}`, 'latin1');
      assert.equal(canonicalBody(shifted, start, 'relaxed').toString('latin1'), naiveRelaxed(long));
    }),
    { numRuns: 500 },
  );
});

test('a body larger than any buffer of ours hashes like its canonical form', () => {
  const line = `${'QUJD'.repeat(19)}\r\n`;
  for (const body of [
    line.repeat(5000),
    line.replace('\r', '').repeat(5000),
    'some  words \t here\n'.repeat(9000),
  ]) {
    const raw = Buffer.from(body);
    assert.equal(bodyHash(raw, 0), sha256(Buffer.from(naiveRelaxed(body))));
    assert.equal(bodyHash(raw, 0, 'simple'), sha256(Buffer.from(naiveSimple(body))));
  }
});

test('l= hashes the first bytes of the canonical body only', () => {
  const raw = Buffer.from(`one  two\n${'x'.repeat(5000)}\n`);
  for (const length of [0, 3, 9, 4000, 6000])
    assert.equal(
      bodyHash(raw, 0, 'relaxed', length),
      sha256(canonicalBody(raw, 0, 'relaxed').subarray(0, length)),
    );
});

test('only space and tab are blanks of a value: the last byte of a UTF-8 letter stays', () => {
  const utf8 = Buffer.from('Voil\u00e0').toString('latin1');
  assert.equal(relaxedValue(` ${utf8}`), utf8);
  assert.equal(relaxedValue('\t a\r\n \t b \u000b '), 'a b \u000b');
  assert.equal(relaxedValue(' \r\n '), '');
});

test('a body is hashed once for each form and limit, and says when it is shorter than the limit', () => {
  const parsed = message('From: a@example.com\r\n\r\nHello\r\n');
  assert.equal(bodyDigest(parsed), bodyDigest(parsed, 'relaxed'));
  assert.equal(bodyDigest(parsed, 'simple', 3), bodyDigest(parsed, 'simple', 3));
  assert.notEqual(bodyDigest(parsed, 'simple', 3), bodyDigest(parsed, 'simple', 4));
  assert.deepEqual(
    [0, 6, 7, 8].map((limit) => bodyDigest(parsed, 'relaxed', limit).isShort),
    [false, false, false, true],
  );
  assert.equal(bodyDigest(parsed).isShort, false);
});
