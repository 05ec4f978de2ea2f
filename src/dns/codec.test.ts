import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { answersQuestion, decodeResponse, encodeQuery, responseId, typeCodes } from './codec.ts';
import { decodeName, encodeName, endOfEqualName, endOfName, normaliseName } from './name.ts';

const types = Object.keys(typeCodes) as (keyof typeof typeCodes)[];
const label = fc.stringMatching(/^[a-z0-9_]([a-z0-9_-]{0,20}[a-z0-9_])?$/);
const names = fc.array(label, { minLength: 1, maxLength: 6 }).map((labels) => labels.join('.'));

test('a name survives the wire', () => {
  fc.assert(
    fc.property(names, (name) => {
      const bytes = encodeName(name);
      assert.deepEqual(decodeName(bytes, 0), { name, end: bytes.length });
    }),
  );
});

test('names are lower case, without final dot, in ASCII', () => {
  for (const [text, expected] of [
    ['Example.COM.', 'example.com'],
    ['_dmarc.example.com', '_dmarc.example.com'],
    ['b\u00fccher.example', 'xn--bcher-kva.example'],
    ['_dmarc.b\u00fccher.example', '_dmarc.xn--bcher-kva.example'],
    ['0/25.2.0.192.in-addr.arpa', '0/25.2.0.192.in-addr.arpa'],
    ['a b.example', undefined],
    ['a\\046b.example', undefined],
    ['a\0.example', undefined],
    ['', undefined],
    ['.', undefined],
    ['a..b', undefined],
    ['.a', undefined],
    [`${'a'.repeat(64)}.example`, undefined],
    [`${'a.'.repeat(127)}a`, undefined],
  ] as const)
    assert.equal(normaliseName(text), expected, text);
});

test('a compression pointer is followed backwards only', () => {
  const bytes = Buffer.from([3, 0x63, 0x6f, 0x6d, 0, 1, 0x61, 0xc0, 0, 0xc0, 9, 0xc0, 13, 0]);
  assert.deepEqual(decodeName(bytes, 5), { name: 'a.com', end: 9 });
  assert.equal(decodeName(bytes, 9), undefined, 'points at itself');
  assert.equal(decodeName(bytes, 11), undefined, 'points forward');
  assert.equal(decodeName(bytes, 99), undefined, 'beyond the end');
});

test('octets that would confuse a reader are escaped', () => {
  const bytes = Buffer.from([4, 0x41, 0x2e, 0x00, 0x5c, 0]);
  assert.equal(decodeName(bytes, 0)?.name, 'a\\046\\000\\092');
});

/** Turns a question into the response that holds these answer bytes. */
function respond(query: Buffer, answers: Buffer, count: number): Buffer {
  const bytes = Buffer.concat([query, answers]);
  bytes[2] = 0x81;
  bytes.writeUInt16BE(count, 6);
  return bytes;
}

test('a query is read back as its own question', () => {
  fc.assert(
    fc.property(names, fc.constantFrom(...types), fc.nat(65535), (name, type, id) => {
      const response = respond(encodeQuery(id, name, type, 'plain'), Buffer.alloc(0), 0);
      assert.equal(responseId(response), id);
      assert.ok(answersQuestion(response, name, type));
      assert.ok(!answersQuestion(response, `x${name}`, type));
      assert.deepEqual(decodeResponse(response)?.answers, []);
    }),
  );
});

test('TXT strings are joined, whatever their bytes', () => {
  const record = (strings: readonly Buffer[]): Buffer => {
    const data = Buffer.concat(strings.flatMap((piece) => [Buffer.from([piece.length]), piece]));
    const fixed = Buffer.from([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, data.length >> 8, data.length & 255]);
    return Buffer.concat([fixed, data]);
  };
  const query = encodeQuery(1, 'example.com', 'txt', 'plain');
  const textOf = (...strings: Buffer[]) =>
    decodeResponse(respond(query, record(strings), 1))?.answers[0]?.data;
  assert.equal(textOf(Buffer.from('v=spf1 '), Buffer.from('-all')), 'v=spf1 -all');
  assert.equal(textOf(Buffer.from('gr\u00fc\u00dfe')), 'gr\u00fc\u00dfe');
  assert.equal(textOf(Buffer.from([0xff, 0x41])), '\u00ffA');
  assert.equal(textOf(), '');
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 255 }), { maxLength: 8 }), (pieces) => {
      const buffers = pieces.map((piece) => Buffer.from(piece));
      assert.equal(typeof textOf(...buffers), 'string');
    }),
  );
});

test('rubbish is refused or read within bounds, never thrown at', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      const message = Buffer.from(bytes);
      decodeResponse(message);
      if (responseId(message) !== undefined) answersQuestion(message, 'example.com', 'a');
    }),
    { numRuns: 500 },
  );
});

test('a damaged answer is refused or read within bounds', () => {
  const query = encodeQuery(7, 'mail.example.com', 'mx', 'plain');
  const answer = Buffer.from([0xc0, 12, 0, 15, 0, 1, 0, 0, 1, 44, 0, 6, 0, 10, 1, 0x6d, 0xc0, 17]);
  const whole = respond(query, answer, 1);
  assert.equal(decodeResponse(whole)?.answers[0]?.data, '10 m.example.com');
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, value, length) => {
      const damaged = Buffer.from(whole.subarray(0, length));
      if (at < length) damaged[at] = value;
      decodeResponse(damaged);
    }),
    { numRuns: 500 },
  );
});

test('huge counts and long chains of pointers cost no more than the message is long', () => {
  const query = encodeQuery(7, 'a', 'a', 'plain');
  const chain: Buffer[] = [];
  for (let at = query.length; at < 16_000; at += 2) {
    const target = at === query.length ? 12 : at - 2;
    chain.push(Buffer.from([0xc0 | (target >> 8), target & 255]));
  }
  const message = respond(query, Buffer.concat(chain), 65_535);
  assert.equal(decodeResponse(message), undefined);
});

test('a name is compared and passed over on the wire as if it were read', () => {
  const label = fc.string({ unit: fc.constantFrom(...'aBz0-_.'), minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.array(label, { maxLength: 5 }), fc.string({ maxLength: 3 }), (labels, rest) => {
      const bytes = Buffer.concat([
        ...labels.map((text) => Buffer.from(`${String.fromCharCode(text.length)}${text}`, 'latin1')),
        Buffer.from([0]),
        Buffer.from(rest),
      ]);
      const read = decodeName(bytes, 0);
      assert.ok(read);
      assert.equal(endOfName(bytes, 0), read.end);
      const asked = [labels.join('.').toLowerCase(), read.name, `${read.name}x`, `x.${read.name}`];
      // Names that are asked hold nothing that would be escaped.
      for (const name of asked.filter((text) => !text.includes('\\')))
        assert.equal(endOfEqualName(bytes, 0, name), name === read.name ? read.end : undefined, name);
      assert.equal(endOfEqualName(bytes.subarray(0, read.end - 1), 0, read.name), undefined);
    }),
    { numRuns: 300 },
  );
});
