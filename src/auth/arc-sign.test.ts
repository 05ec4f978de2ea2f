import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arc as mailauthArc } from 'mailauth/lib/arc/index.js';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import type { Message } from '../core/index.ts';
import { type ArcRequest, arcSet } from './arc-sign.ts';
import { readArcChain, verifyArcChain } from './arc-verify.ts';
import { dnsKeys } from './key-finder.ts';
import { defaultSignHeaders, parseSignHeaders } from './signed-headers.ts';
import { parseTags } from './tags.ts';
import { keyRecord, mailauthResolver, makeKey, message, txtResolver } from './testing/mail.ts';

const { key } = makeKey('rsa');
const records = {
  'arc._domainkey.example.com': [keyRecord(key)],
  'arc._domainkey.example.net': [keyRecord(key)],
};
const dns = txtResolver(records);
const context = { keys: dnsKeys(dns), nowSeconds: 1_700_000_100 };
const plain = 'From: a@example.com\r\nTo: b@example.org\r\nSubject: Hi\r\nDate: x\r\n\r\nHello  there.\r\n';

function request(parsed: Message, changes: Partial<ArcRequest> = {}): ArcRequest {
  const structure = readArcChain(parsed);
  return {
    domain: 'example.com',
    selector: 'arc',
    key,
    headers: parseSignHeaders(defaultSignHeaders.arc),
    timestamp: 1_700_000_000,
    sets: structure.status === 'chain' ? structure.sets : [],
    cv: structure.status === 'chain' ? 'pass' : 'none',
    authservId: 'mx.example.com',
    results: ['spf=pass smtp.mailfrom=a@example.com', 'dkim=none'],
    ...changes,
  };
}

/** Adds a set on top, as the MTA does. */
function sealed(text: string, changes: Partial<ArcRequest> = {}): string {
  const parsed = message(text);
  const set = arcSet(parsed, request(parsed, changes));
  return (
    `ARC-Seal: ${set.seal}\r\nARC-Message-Signature: ${set.signature}\r\n` +
    `ARC-Authentication-Results: ${set.authResults}\r\n${text}`
  );
}

async function elsewhere(text: string): Promise<string | undefined> {
  const resolver = mailauthResolver(records);
  const { arc } = await dkimVerify(Buffer.from(text, 'latin1'), { resolver });
  // Without a last entry the sets are no chain to it.
  if (!arc?.chain || !arc.lastEntry) return arc?.error ? 'fail' : 'none';
  const { chain, lastEntry } = arc;
  const { status } = await mailauthArc({ ...arc, chain, lastEntry }, { resolver, minBitLength: 1024 });
  return status?.result;
}

const cvOf = async (text: string): Promise<string> => (await verifyArcChain(message(text), context)).cv;

test('one, two and three sets make a chain that verifies here and elsewhere', async () => {
  let text = plain;
  for (const domain of ['example.com', 'example.net', 'example.com']) {
    text = sealed(text, { domain });
    assert.equal(await cvOf(text), 'pass');
    assert.equal(await elsewhere(text), 'pass');
    // What servers on the way add does no harm.
    text = `Received: from a by b;\r\n\tdate\r\n${text}`;
  }
  assert.equal((await verifyArcChain(message(text), context)).instance, 3);
});

test('a change of body, signed header, results or seal fails the chain', async () => {
  const text = sealed(sealed(plain));
  for (const [from, to] of [
    ['Hello', 'Hallo'],
    ['Subject: Hi', 'Subject: Ha'],
    ['dkim=none', 'dkim=pass'],
    ['cv=pass', 'cv=none'],
    ['i=2; mx.example.com', 'i=2; mx.example.net'],
  ] as const) {
    const changed = text.replace(from, to);
    assert.notEqual(changed, text);
    assert.equal(await cvOf(changed), 'fail', from);
    assert.equal(await elsewhere(changed), 'fail', from);
  }
});

test('only the newest message signature has to hold: forwarders may change the message', async () => {
  const text = sealed(sealed(plain).replace('Subject: Hi', 'Subject: [list] Hi'));
  assert.equal(await cvOf(text), 'pass');
  assert.equal(await elsewhere(text), 'pass');
});

test('a seal that marks a failure covers its own set only, and nothing is added to it', async () => {
  const broken = sealed(plain).replace('Hello', 'Hallo');
  const marked = sealed(broken, { cv: 'fail' });
  const own = marked.slice(0, marked.length - broken.length) + plain;
  const [seal] = message(own).headers.every('arc-seal');
  assert.equal(parseTags(seal!.rawValue)?.get('cv'), 'fail');
  assert.deepEqual(readArcChain(message(marked)), { status: 'failed', reason: 'seal 2 says fail' });
  assert.equal(await cvOf(marked), 'fail');
});

test('without an answer of DNS the failure is temporary; without a key it is final', async () => {
  const parsed = message(sealed(plain));
  for (const [answer, isTemporary] of [
    ['timeout', true],
    ['servfail', true],
    ['nxdomain', false],
  ] as const) {
    const silent = txtResolver({ 'arc._domainkey.example.com': answer });
    const outcome = await verifyArcChain(parsed, { keys: dnsKeys(silent), nowSeconds: 1_700_000_000 });
    assert.deepEqual([outcome.cv, outcome.isTemporary], ['fail', isTemporary]);
  }
});

test('chains that are no chains are broken, and say why', () => {
  const set = sealed(plain);
  const cases: readonly [text: string, reason: RegExp][] = [
    [set.replace(/ARC-Seal:.*?\r\n(?!\t)/s, ''), /set 1 is not complete/],
    [set.replace(/i=1/g, 'i=2'), /set 1 is not complete/],
    [set.replace(/i=1/g, 'i=51'), /malformed arc-seal/],
    [set.replace('ARC-Seal: i=1;', 'ARC-Seal: i=1; h=from;'), /seal 1 is malformed/],
    [set.replace('cv=none', 'cv=pass'), /seal 1 says pass/],
    [set.replace('cv=none', 'cv=maybe'), /seal 1 has no cv/],
    [`ARC-Authentication-Results: i=1; x; none\r\n${set}`, /two of arc-authentication-results/],
    [`ARC-Seal: hello\r\n${set}`, /malformed arc-seal/],
  ];
  for (const [text, reason] of cases) {
    const structure = readArcChain(message(text));
    assert.match(structure.status === 'broken' ? structure.reason : structure.status, reason);
  }
  assert.deepEqual(readArcChain(message(plain)), { status: 'none' });
});

test('results in UTF-8 and very long ones are sealed as they are delivered', async () => {
  const long = `x-policy=pass (${'a long remark '.repeat(20)}) policy.of=b\u00fccher.example`;
  const parsed = message(plain);
  const set = arcSet(parsed, request(parsed, { results: [long] }));
  const head =
    `ARC-Seal: ${set.seal}\r\nARC-Message-Signature: ${set.signature}\r\n` +
    `ARC-Authentication-Results: ${set.authResults}\r\n`;
  const text = Buffer.from(head + plain, 'utf8').toString('latin1');
  assert.ok(head.split('\r\n').every((line) => line.replace('\t', ' '.repeat(8)).length <= 78));
  assert.equal(await cvOf(text), 'pass');
  assert.equal(await elsewhere(text), 'pass');
});

test('without results the set says none', () => {
  const parsed = message(plain);
  const set = arcSet(parsed, request(parsed, { results: [] }));
  assert.equal(set.authResults.replace(/\s+/g, ' '), 'i=1; mx.example.com; none');
});
