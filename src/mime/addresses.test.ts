import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAddressList } from './addresses.ts';
import { parseMessage } from './message.ts';

function parse(text: string): string[] {
  return parseAddressList(text, 100).mailboxes.map(({ name, text: address }) => `${name}|${address}`);
}

test('address lists are read', () => {
  const table: [input: string, ...expected: string[]][] = [
    [''],
    ['a@example.org', '|a@example.org'],
    ['<a@example.org>', '|a@example.org'],
    ['Ann Other <a@example.org>', 'Ann Other|a@example.org'],
    ['"Other, Ann" <a@example.org>, b@example.org', 'Other, Ann|a@example.org', '|b@example.org'],
    ['a@example.org (Ann Other)', 'Ann Other|a@example.org'],
    // RFC 5322 A.1.2 and A.1.3.
    ['"Joe Q. Public" <john.q.public@example.com>', 'Joe Q. Public|john.q.public@example.com'],
    ['Who? <one@y.test>', 'Who?|one@y.test'],
    ['"Giant; \\"Big\\" Box" <sysservices@example.net>', 'Giant; "Big" Box|sysservices@example.net'],
    [
      'A Group:Ed Jones <joe@a.test>,joe@where.test,John <jdoe@one.test>;',
      'Ed Jones|joe@a.test',
      '|joe@where.test',
      'John|jdoe@one.test',
    ],
    ['Undisclosed recipients:;'],
    // RFC 5322 A.5, comments and blanks where they may be.
    ['Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>', 'Pete|pete@silly.test'],
    // RFC 5322 A.6.1 and A.6.3, obsolete forms.
    ['Joe Q. Public <john.q.public@example.com>', 'Joe Q. Public|john.q.public@example.com'],
    [
      'Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example',
      'Mary Smith|mary@example.net',
      '|jdoe@test.example',
    ],
    ['<@a.test,@b.test:c@d.test>', '|c@d.test'],
    ['John <jdoe . x@one.test>', 'John|jdoe.x@one.test'],
    ['"john doe"@example.org', '|"john doe"@example.org'],
    ['"a@b"@example.org', '|"a@b"@example.org'],
    // RFC 2047 in names.
    ['=?utf-8?q?J=C3=BCrgen?= <j@example.org>', 'Jürgen|j@example.org'],
    ['"=?utf-8?q?J=C3=BCrgen?=" <j@example.org>', 'Jürgen|j@example.org'],
    ['=?utf-8?Q?Doe,_Jane?= <j@example.org>, b@example.org', 'Doe, Jane|j@example.org', '|b@example.org'],
    // RFC 6532.
    ['Jürgen <jürgen@bücher.example>', 'Jürgen|jürgen@bücher.example'],
    // What senders write against the grammar.
    ['Ann <a@example.org', 'Ann|a@example.org'],
    ['Ann <a@example.org, Bob <b@example.org>', 'Ann|a@example.org', 'Bob|b@example.org'],
    ['Ann <<a@example.org>>', 'Ann|a@example.org'],
    ['Ann a@example.org', 'Ann|a@example.org'],
    ['"Ann Other" a@example.org', 'Ann Other|a@example.org'],
    ['"a@example.org"', '|a@example.org'],
    ['a@example.org; b@example.org', '|a@example.org', '|b@example.org'],
    ["'a@example.org'", '|a@example.org'],
    ['mailto:a@example.org', '|a@example.org'],
    ['<mailto:a@example.org>', '|a@example.org'],
    ['=?utf-8?q?Ann_=3Ca=40example=2Eorg=3E?=', 'Ann|a@example.org'],
    ['a@b@example.org', '|a@b@example.org'],
    ['"unclosed <a@example.org>, b@example.org', 'unclosed|a@example.org', '|b@example.org'],
    ['Other, Ann <a@example.org>, b@example.org', 'Other, Ann|a@example.org', '|b@example.org'],
    ['Firm, <a@example.org>', 'Firm|a@example.org'],
    ['"Firm" <> <a@example.org>', 'Firm|a@example.org'],
    ['root, ann, b@example.org', '|root', '|ann', '|b@example.org'],
    ['root', '|root'],
    ['root (Cron Daemon)', 'Cron Daemon|root'],
    ['nobody at all'],
    ['<>'],
    [',,;,'],
  ];
  for (const [input, ...expected] of table) assert.deepEqual(parse(input), expected, input);
});

test('local part and domain are split, the domain in lower case', () => {
  const [mailbox] = parseAddressList('Ann <Ann.Other@Example.ORG.>', 1).mailboxes;
  assert.deepEqual(mailbox, {
    name: 'Ann',
    text: 'Ann.Other@Example.ORG.',
    local: 'Ann.Other',
    domain: 'example.org',
  });
});

test('no more mailboxes are read than asked for', () => {
  const list = parseAddressList('a@x.test, b@x.test, c@x.test', 2);
  assert.equal(list.mailboxes.length, 2);
  assert.equal(list.isTruncated, true);
});

test('mailboxes of all fields of a name are listed, folded or not', () => {
  const message = parseMessage(
    Buffer.from(
      'From: A <a@x.test>\nTo: b@x.test,\n c@x.test\nCc: D\n <d@x.test>\nTo: e@x.test\nReply-To: f@x.test\n\n',
    ),
  );
  const texts = (list: readonly { text: string }[]): string[] => list.map(({ text }) => text);
  assert.deepEqual(texts(message.from), ['a@x.test']);
  assert.deepEqual(texts(message.to), ['b@x.test', 'c@x.test', 'e@x.test']);
  assert.deepEqual(texts(message.cc), ['d@x.test']);
  assert.deepEqual(texts(message.replyTo), ['f@x.test']);
});

test('any name written as a quoted string comes back', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[ -~]{0,30}$/), (name) => {
      fc.pre(!name.includes('=?'));
      const quoted = name.replace(/["\\]/g, '\\$&');
      assert.deepEqual(parse(`"${quoted}" <a@x.test>`), [`${name.trim()}|a@x.test`]);
    }),
  );
});

test('any text is read without exception and addresses stay inside the text', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('a', '@', '<', '>', '"', ',', ':', ';', '(', ')', '\\', ' ', '=?', '?=', '.')),
      (pieces) => {
        for (const mailbox of parseAddressList(pieces.join(''), 10).mailboxes)
          assert.notEqual(mailbox.text, '');
      },
    ),
  );
});
