import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { contentViews } from '../../content/index.ts';
import { xxh64 } from '../../lib/index.ts';
import { parseMessage } from '../../mime/index.ts';
import { messageTokens, type ScanFindings } from './message-tokens.ts';
import { addTokens, type Token, tokenName, tokensId } from './tokens.ts';

const big = ({ high, low }: { high: number; low: number }): bigint => (BigInt(high) << 32n) | BigInt(low);

/** The specification's algorithm on BigInt, for comparison. */
function reference(bytes: Uint8Array, seed: bigint): bigint {
  const mask = (1n << 64n) - 1n;
  const [p1, p2, p3, p4, p5] = [
    0x9e3779b185ebca87n,
    0xc2b2ae3d27d4eb4fn,
    0x165667b19e3779f9n,
    0x85ebca77c2b2ae63n,
    0x27d4eb2f165667c5n,
  ] as const;
  const turn = (value: bigint, bits: bigint): bigint => ((value << bits) | (value >> (64n - bits))) & mask;
  const read = (at: number, size: number): bigint => {
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at + i]!);
    return value;
  };
  const round = (acc: bigint, lane: bigint): bigint => (turn((acc + lane * p2) & mask, 31n) * p1) & mask;
  let at = 0;
  let hash: bigint;
  if (bytes.length >= 32) {
    const acc = [seed + p1 + p2, seed + p2, seed, seed - p1].map((value) => value & mask);
    for (; at + 32 <= bytes.length; at += 32)
      for (let lane = 0; lane < 4; lane++) acc[lane] = round(acc[lane]!, read(at + 8 * lane, 8));
    hash = (turn(acc[0]!, 1n) + turn(acc[1]!, 7n) + turn(acc[2]!, 12n) + turn(acc[3]!, 18n)) & mask;
    for (const value of acc) hash = ((hash ^ round(0n, value)) * p1 + p4) & mask;
  } else hash = (seed + p5) & mask;
  hash = (hash + BigInt(bytes.length)) & mask;
  for (; at + 8 <= bytes.length; at += 8) hash = (turn(hash ^ round(0n, read(at, 8)), 27n) * p1 + p4) & mask;
  if (at + 4 <= bytes.length) {
    hash = (turn(hash ^ ((read(at, 4) * p1) & mask), 23n) * p2 + p3) & mask;
    at += 4;
  }
  for (; at < bytes.length; at++) hash = (turn(hash ^ ((BigInt(bytes[at]!) * p5) & mask), 11n) * p1) & mask;
  hash = ((hash ^ (hash >> 33n)) * p2) & mask;
  hash = ((hash ^ (hash >> 29n)) * p3) & mask;
  return hash ^ (hash >> 32n);
}

test('XXH64 gives the published vectors', () => {
  const vectors = [
    ['', 'ef46db3751d8e999'],
    ['abc', '44bc2cf5ad770999'],
    ['Nobody inspects the spammish repetition', 'fbcea83c8a378bf1'],
  ] as const;
  for (const [text, hash] of vectors) assert.equal(big(xxh64(Buffer.from(text))).toString(16), hash);
});

test('XXH64 is the algorithm of the specification for all lengths and seeds', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 100 }),
      fc.nat(0xffffffff),
      fc.nat(0xffffffff),
      (bytes, high, low) => {
        assert.equal(big(xxh64(bytes, { high, low })), reference(bytes, big({ high, low })));
      },
    ),
    { numRuns: 500 },
  );
});

test('a token is named by its 64-bit number in decimal', () => {
  fc.assert(
    fc.property(fc.nat(0xffffffff), fc.nat(0xffffffff), (high, low) => {
      assert.equal(tokenName({ high, low }), big({ high, low }).toString());
    }),
    { numRuns: 500 },
  );
  assert.equal(tokenName({ high: 0xffffffff, low: 0xffffffff }), '18446744073709551615');
});

function tokensOf(texts: readonly string[], window: number): Token[] {
  const tokens: Token[] = [];
  const words = texts.map((text) => ({ text, isException: text.includes('.') }));
  addTokens(words, { window, isMeta: false, maxTokens: 1000 }, tokens);
  return tokens;
}

test('tokens are those of Rspamd 3.4, of which these numbers were read', () => {
  const words = ['brown', 'fox', 'run', 'quick', 'over', 'twenti', 'lazi', 'dog'];
  assert.deepEqual(tokensOf(words, 5).map(tokenName), [
    '3089726824840758618',
    '16385844579718017167',
    '16403910139614316279',
    '3804642420916015216',
    '9631739562331517253',
    '12846317737684330287',
    '17172000538814949802',
    '16665300808959206728',
    '13176741178018886258',
    '8533166162879240103',
    '3092409478650932365',
    '11411070659932684620',
  ]);
  assert.deepEqual(tokensOf(['quarter', 'meet', 'note', 'alic', 'exampl'], 5).map(tokenName), [
    '5531862188692820735',
    '7019903216095430261',
    '12472989528973883585',
  ]);
});

test('a link pairs with what is before it and not with what follows', () => {
  const words = ['twenti', 'over', 'quick', 'run', 'see', 'example.net', 'mail'];
  assert.deepEqual(
    tokensOf(words, 2).map(({ distance }) => distance),
    [1, 1, 1, 1],
  );
  assert.equal(tokenName(tokensOf(words, 2)[3]!), '9190056001151690842');
});

function tokensOfMessage(raw: string): readonly Token[] {
  const message = parseMessage(Buffer.from(raw));
  return messageTokens(message, contentViews(message), {
    window: 5,
    maxTokens: 5000,
    facts: { headers: ['Content-Type'], hasImages: true, hasMimeInfo: true, hasUrls: true, hasMeta: true },
  });
}

test('facts about a message are tokens too, with the numbers that Rspamd 3.4 gives them', () => {
  const raw = [
    'From: Alice Example <alice@example.com>',
    'Subject: x',
    'Date: Mon, 2 Nov 2026 10:11:12 +0000',
    'Content-Type: text/plain; charset=utf-8',
    'MIME-Version: 1.0',
    '',
    'http://www.example.net/path',
    '',
  ].join('\n');
  const names = tokensOfMessage(raw).map(tokenName);
  for (const name of ['13780029971412189670', '3319228102363415018', '2751971199286611126'])
    assert.ok(names.includes(name), name);
});

test('a message has the name that Rspamd 3.4 gives it in its cache of what was learned', () => {
  const raw = [
    'From: Alice Example <alice@example.com>',
    'To: bob@example.net',
    'Subject: quarterly budget meeting',
    'Date: Mon, 2 Nov 2026 10:11:12 +0000',
    'Message-ID: <a1@example.com>',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=alice@example.com; dkim=pass header.d=example.com',
    '',
    'Dear Bob,',
    '',
    'please find below the minutes of our last meeting about the quarterly budget.',
    'We have agreed that the project team will review the invoice of the committee',
    'before Friday, and that our colleagues in London should receive the new schedule',
    'from you. See http://www.example.net/path for the agenda.',
    '',
    'Thank you very much for your help with this. I will call you tomorrow morning.',
    '',
  ].join('\n');
  const tokens = tokensOfMessage(raw);
  assert.equal(
    tokensId(tokens),
    '5ycnkoxef63k5aqzukoaaz1stg8eaa8gb4rkmo6ct4m5h4pp6pmhbhn4aao41aodjoktb3bcjw4d5k4ohb77x4x8un6mi9yh46fgh6y',
  );
  assert.notEqual(tokensId(tokens), tokensId(tokens, 'alice@example.com'));
  const message = parseMessage(Buffer.from(raw));
  const facts = { headers: [], hasImages: true, hasMimeInfo: true, hasUrls: true, hasMeta: true };
  const of = (findings?: ScanFindings): string =>
    tokensId(messageTokens(message, contentViews(message), { window: 5, maxTokens: 5000, facts }, findings));
  // A scan finds what the header of another server says; nothing is something else.
  assert.equal(of({ hasSpfPassed: true, signers: ['example.com'] }), of());
  assert.notEqual(of({ hasSpfPassed: false, signers: [] }), of());
});

test('images count by size, type and name, others of their kind do not', () => {
  const part = (type: string, content: Buffer, name = ''): string =>
    `--b\nContent-Type: ${type}${name}\nContent-Transfer-Encoding: base64\n\n${content.toString('base64')}\n`;
  const gif = (width: number): Buffer =>
    Buffer.concat([Buffer.from('GIF89a'), Buffer.from([width, 0, 10, 0, 0, 0, 0, 0x3b])]);
  const of = (...parts: readonly string[]): string => {
    const message = parseMessage(
      Buffer.from(`MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n${parts.join('')}--b--\n`),
    );
    const facts = { headers: [], hasImages: true, hasMimeInfo: false, hasUrls: false, hasMeta: true };
    return tokensId(messageTokens(message, contentViews(message), { window: 2, maxTokens: 500, facts }));
  };
  assert.equal(of(part('image/gif', gif(20))), of(part('image/x-other', gif(20))));
  assert.notEqual(of(part('image/gif', gif(20))), of(part('image/gif', gif(21))));
  assert.notEqual(of(part('image/gif', gif(20))), of(part('image/gif', gif(20), '; name=a.gif')));
  assert.equal(of(part('image/gif', Buffer.from('no image'))), of(part('text/css', Buffer.from('no image'))));
});

test('the second of two texts that say the same does not count', () => {
  const words = 'alpha bravo charlie delta echo foxtrot golf hotel india juliett';
  const both = (html: string): string =>
    [
      'Content-Type: multipart/alternative; boundary=b',
      'MIME-Version: 1.0',
      '',
      `--b\nContent-Type: text/plain\n\n${words}\n--b\nContent-Type: text/html\n\n<p>${html}</p>\n--b--\n`,
    ].join('\n');
  const text = (raw: string): number => tokensOfMessage(raw).filter(({ isMeta }) => !isMeta).length;
  assert.equal(text(both(words)) * 2, text(both(words.replaceAll(/(\w+)/g, 'other$1'))));
});

test('any text makes tokens within the bound, the same each time', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      const raw = `Subject: ${text.replaceAll(/[\r\n]/g, ' ')}\nContent-Type: text/html; charset=utf-8\n\n${text}`;
      const tokens = tokensOfMessage(raw);
      assert.equal(tokensId(tokens), tokensId(tokensOfMessage(raw)));
    }),
    { numRuns: 200 },
  );
  const long = tokensOfMessage(`Content-Type: text/plain\n\n${'word words worded '.repeat(20_000)}`);
  assert.equal(long.length, 5000);
});
