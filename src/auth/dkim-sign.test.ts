import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { bodyDigest } from './canonical.ts';
import { dkimSignature, headerInput, signInput } from './dkim-sign.ts';
import { dnsKeys } from './key-finder.ts';
import { parseSigningKey } from './keys.ts';
import { defaultSignHeaders, parseSignHeaders, pickHeaders } from './signed-headers.ts';
import { parseTags, withoutFws } from './tags.ts';
import { asDelivered, keyRecord, mailauthResolver, makeKey, message, txtResolver } from './testing/mail.ts';
import { ownHeader, verifyMessageSignature } from './verify-signature.ts';

const rsa = makeKey('rsa').key;
const ed25519 = makeKey('ed25519').key;
const records = {
  'r._domainkey.example.com': [keyRecord(rsa)],
  'e._domainkey.example.com': [keyRecord(ed25519)],
};
const headers = parseSignHeaders(defaultSignHeaders.dkim);
const timestamp = 1_700_000_000;

/** A message as the far end gets it: signed with both keys, every line ending with CRLF. */
function signed(raw: Buffer): string {
  const parsed = message(raw);
  const sign = (selector: string, key: typeof rsa): string =>
    `DKIM-Signature: ${dkimSignature(parsed, { domain: 'example.com', selector, key, headers, timestamp })}\r\n`;
  return sign('r', rsa) + sign('e', ed25519) + asDelivered(parsed.raw);
}

async function verdicts(text: string): Promise<readonly string[]> {
  const { results } = await dkimVerify(Buffer.from(text, 'latin1'), { resolver: mailauthResolver(records) });
  return results.map(({ selector, status }) => `${selector} ${status.result}`);
}

const head =
  'From: A <a@example.com>\nTo: b@example.org\nSubject: Hello\nDate: x\nMessage-ID: <1@example.com>\n';
const crlf = (text: string): string => text.replaceAll('\n', '\r\n');
const utf8Head = Buffer.from(head.replace('Hello', 'Voil\u00e0')).toString('latin1');

const messages: readonly [name: string, text: string][] = [
  ['CRLF line ends', crlf(`${head}\nHello.\n\nBye.\n`)],
  ['LF line ends', `${head}\nHello.\n\nBye.\n`],
  ['mixed line ends', `${crlf(head)}\n\r\nOne\r\ntwo\nthree \n\r\n\n`],
  ['no body', `${head}\n`],
  ['no empty line after the header', head],
  ['a body of empty lines', `${head}\n\n\r\n\n`],
  ['no line end at the end', `${head}\nHello`],
  ['blanks everywhere', `${head}\n a \t b  \n\t\n \nc\t\n   `],
  ['8-bit header and body', `${utf8Head}\nCaf\u00e9 \u00a0 \u00a0\n\u0085\n`],
  ['folded headers', `${head}References: <1@x>\n\t<2@x>\n  <3@x>  \nReply-To: \n r@example.com\n\nx\n`],
  ['headers written with blanks before the colon', `${head}In-Reply-To\t : <9@x>\n\nx\n`],
  ['repeated headers', `${head}To: c@example.org\nCc: d@example.org\nCC: e@example.org\n\nx\n`],
  ['an mbox line before it', `From a@example.com Tue Nov 14\n${head}\nx\n`],
  ['a megabyte of base64', crlf(`${head}\n${`${'QUJD'.repeat(19)}\n`.repeat(13_500)}`)],
  ['a megabyte of text with LF', `${head}\n${'some words and  more \n'.repeat(50_000)}`],
];

for (const [name, text] of messages) {
  test(`signatures verify elsewhere: ${name}`, async () => {
    assert.deepEqual(await verdicts(signed(Buffer.from(text, 'latin1'))), ['r pass', 'e pass']);
  });
}

test('a second From, Subject or Reply-To added on the way breaks the signatures', async () => {
  const text = signed(Buffer.from(`${head}\nx\n`));
  for (const added of ['From: evil@example.net', 'Subject: Pay now', 'Reply-To: evil@example.net'])
    assert.deepEqual(await verdicts(`${added}\r\n${text}`), ['r fail', 'e fail'], added);
  assert.deepEqual(await verdicts(`Received: from x by y; date\r\nX-Spam: No\r\n${text}`), [
    'r pass',
    'e pass',
  ]);
});

test('a changed body or header breaks the signatures', async () => {
  const text = signed(Buffer.from(`${head}\nx\n`));
  assert.deepEqual(await verdicts(text.replace('Hello', 'Hallo')), ['r fail', 'e fail']);
  assert.deepEqual(await verdicts(`${text}more\r\n`), ['r neutral', 'e neutral']);
});

test('tags stand in the order v a c d s x t h bh b', () => {
  const parsed = message(crlf(`${head}\nx\n`));
  const value = dkimSignature(parsed, {
    domain: 'example.com',
    selector: 'r',
    key: rsa,
    headers,
    timestamp,
    expires: timestamp + 60,
  });
  const tags = parseTags(value)!;
  assert.deepEqual([...tags.keys()], ['v', 'a', 'c', 'd', 's', 'x', 't', 'h', 'bh', 'b']);
  assert.equal(tags.get('x'), '1700000060');
  assert.ok(value.split('\r\n').every((line) => line.replace('\t', ' '.repeat(8)).length <= 78));
});

// RFC 8463 Appendix A.
const seed = 'nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=';
const rfc8463 = [
  'DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;',
  ' d=football.example.com; i=@football.example.com;',
  ' q=dns/txt; s=brisbane; t=1528637909; h=from : to :',
  ' subject : date : message-id : from : subject : date;',
  ' bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;',
  ' b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus',
  ' Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==',
  'DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;',
  ' d=football.example.com; i=@football.example.com;',
  ' q=dns/txt; s=test; t=1528637909; h=from : to : subject :',
  ' date : message-id : from : subject : date;',
  ' bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;',
  ' b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3',
  ' DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz',
  ' dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=',
  'From: Joe SixPack <joe@football.example.com>',
  'To: Suzie Q <suzie@shopping.example.net>',
  'Subject: Is dinner ready?',
  'Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)',
  'Message-ID: <20030712040037.46341.5F8J@football.example.com>',
  '',
  'Hi.',
  '',
  'We lost the game.  Are you hungry yet?',
  '',
  'Joe.',
  '',
].join('\r\n');

test('the Ed25519 signature of RFC 8463 Appendix A is made bit for bit', () => {
  const parsed = message(rfc8463);
  const [own] = parsed.headers.every('dkim-signature');
  const tags = parseTags(own!.rawValue)!;
  const key = parseSigningKey(seed);
  assert.equal(key.publicKey, '11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=');
  assert.equal(bodyDigest(parsed).hash, tags.get('bh'));
  const names = withoutFws(tags.get('h')!).split(':');
  const input =
    headerInput(parsed, pickHeaders(parsed.headers, names)) + ownHeader(parsed.raw, own!, 'relaxed');
  assert.equal(signInput(input, key), withoutFws(tags.get('b')!));
});

test('both signatures of RFC 8463 Appendix A verify, and neither after a change', async () => {
  const dns = txtResolver({
    'brisbane._domainkey.football.example.com': [
      'v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=',
    ],
    'test._domainkey.football.example.com': [
      'v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB',
    ],
  });
  for (const [text, result] of [
    [rfc8463, 'pass'],
    [rfc8463.replace('dinner', 'supper'), 'fail'],
    [rfc8463.replace('hungry', 'angry'), 'fail'],
  ] as const) {
    const parsed = message(text);
    for (const header of parsed.headers.every('dkim-signature')) {
      const tags = parseTags(header.rawValue)!;
      const outcome = await verifyMessageSignature(parsed, header, tags, {
        keys: dnsKeys(dns),
        nowSeconds: 1_528_637_910,
      });
      assert.equal(outcome.result, result, tags.get('a')!);
    }
  }
});
