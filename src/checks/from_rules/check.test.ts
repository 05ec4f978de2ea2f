import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mail, testRules } from '../../../test/helpers/rule-table.ts';
import { testEnvelope } from '../../../test/helpers/task.ts';
import { fromRules } from './check.ts';
import { hasBounceTag, namesRecipient } from './return-path.ts';

const from = (value: string): string => mail([`From: ${value}`, 'To: rcpt@example.org']);
const same = 'FROM_EQ_ENVFROM';
const differs = (header: string, envelope = 'sender@example.com'): string =>
  `FROM_NEQ_ENVFROM ${header} ${envelope}`;
const smtpUtf8 = { senderEsmtp: new Map([['SMTPUTF8', '']]) };

testRules(fromRules, [
  ['a name and an address', { raw: from('Sender <sender@example.com>') }, ['FROM_HAS_DN', same]],
  ['an address alone', { raw: from('sender@example.com') }, ['FROM_NO_DN', same]],
  [
    'a name that is the address',
    { raw: from('"Sender@Example.com" <sender@example.com>') },
    ['FROM_DN_EQ_ADDR', same],
  ],
  ['capitals in the local part', { raw: from('SENDER@EXAMPLE.com') }, ['FROM_NO_DN', same]],
  ['no From', { raw: mail(['To: rcpt@example.org']) }, ['MISSING_FROM']],
  ['an empty From', { raw: from('  ') }, ['MISSING_FROM']],
  ['From without an address', { raw: from('"Only A Name"') }, ['FROM_INVALID']],
  ['From without a domain', { raw: from('root') }, ['FROM_INVALID', 'FROM_NO_DN', differs('root')]],
  [
    'two dots in the local part',
    { raw: from('a..b@example.com') },
    ['FROM_INVALID', 'FROM_NO_DN', differs('a..b@example.com')],
  ],
  [
    'two addresses',
    { raw: from('Ann <sender@example.com>, bob@example.com') },
    ['MULTIPLE_FROM sender@example.com bob@example.com', 'FROM_HAS_DN', same],
  ],
  ['a comma in the name', { raw: from('Lee, Ann <sender@example.com>') }, ['FROM_HAS_DN', same]],
  [
    'an invalid envelope sender',
    { from: 'a b@example.com', raw: from('sender@example.com') },
    ['ENVFROM_INVALID', 'FROM_NO_DN', differs('sender@example.com', 'a b@example.com')],
  ],
  ['a null sender', { from: '', raw: from('sender@example.com') }, ['FROM_NO_DN']],
  [
    'no envelope',
    { envelope: { sender: undefined, recipients: [] }, raw: from('sender@example.com') },
    ['FROM_NO_DN'],
  ],
  [
    'an address outside ASCII',
    { raw: from('s\u00e4nder@example.com') },
    ['INVALID_FROM_8BIT', 'FROM_NO_DN', differs('s\u00e4nder@example.com')],
  ],
  [
    'an address outside ASCII with SMTPUTF8',
    { envelope: smtpUtf8, raw: from('s\u00e4nder@example.com') },
    ['FROM_NO_DN', differs('s\u00e4nder@example.com')],
  ],
  ['a name outside ASCII', { raw: from('S\u00e4nder <sender@example.com>') }, ['FROM_HAS_DN', same]],
  [
    'a title',
    { raw: from('Mr. Smith <sender@example.com>') },
    ['FROM_HAS_DN', 'FROM_NAME_HAS_TITLE mr.', same],
  ],
  [
    'a title without dot',
    { raw: from('DR Smith <sender@example.com>') },
    ['FROM_HAS_DN', 'FROM_NAME_HAS_TITLE dr ', same],
  ],
  [
    'Mrs',
    { raw: from('Mrs. Smith <sender@example.com>') },
    ['FROM_HAS_DN', 'FROM_NAME_HAS_TITLE mrs.', same],
  ],
  ['a name like a title', { raw: from('Drew Smith <sender@example.com>') }, ['FROM_HAS_DN', same]],
  [
    'two blanks',
    { raw: from('Ann  Lee <sender@example.com>') },
    ['FROM_HAS_DN', 'FROM_NAME_EXCESS_SPACE', same],
  ],
  [
    'a blank beside one that is meant to hold words together',
    { raw: from('Ann\u00a0 Lee <sender@example.com>') },
    ['FROM_HAS_DN', same],
  ],
  ['folding', { raw: from('Ann\n  Lee <sender@example.com>') }, ['FROM_HAS_DN', same]],
  [
    'two blanks beside folding',
    { raw: from('Ann  Lee\n <sender@example.com>') },
    ['FROM_HAS_DN', 'FROM_NAME_EXCESS_SPACE', same],
  ],
  [
    'a name with an address of the recipient’s domain',
    { raw: from('"boss@example.org" <sender@example.com>') },
    ['FROM_HAS_DN', 'SPOOF_DISPLAY_NAME example.com example.org', same],
  ],
  [
    'the same with a recipient of the envelope only',
    {
      raw: mail(['From: "boss@corp.example" <sender@example.com>', 'To: x@y.example']),
      rcpts: ['a@corp.example'],
    },
    ['FROM_HAS_DN', 'SPOOF_DISPLAY_NAME example.com corp.example', same],
  ],
  [
    'the same with Cc',
    { raw: mail(['From: "boss@corp.example" <sender@example.com>', 'Cc: x@corp.example']) },
    ['FROM_HAS_DN', 'SPOOF_DISPLAY_NAME example.com corp.example', same],
  ],
  [
    'a name with an address of elsewhere',
    { raw: from('"boss@bank.example" <sender@example.com>') },
    ['FROM_HAS_DN', 'FROM_NEQ_DISPLAY_NAME example.com bank.example', same],
  ],
  [
    'a name with an address of the same domain',
    { raw: from('"boss@example.com" <sender@example.com>') },
    ['FROM_HAS_DN', same],
  ],
  [
    'a name with an @ and no domain',
    { raw: from('"boss @ home" <sender@example.com>') },
    ['FROM_HAS_DN', same],
  ],
  [
    'a bounce tag',
    { from: 'prvs=0123abcd=sender@example.com', raw: from('sender@example.com') },
    ['FROM_NO_DN', differs('sender@example.com', 'prvs=0123abcd=sender@example.com'), 'ENVFROM_PRVS'],
  ],
  [
    'the bounce tag of another sender',
    { from: 'prvs=0123abcd=other@example.com', raw: from('sender@example.com') },
    ['FROM_NO_DN', differs('sender@example.com', 'prvs=0123abcd=other@example.com')],
  ],
  [
    'a return path that names the recipient',
    { from: 'list-Rcpt=example.org@example.com', raw: from('sender@example.com') },
    ['ENVFROM_VERP', 'FROM_NO_DN', differs('sender@example.com', 'list-Rcpt=example.org@example.com')],
  ],
  [
    'the same with two recipients',
    {
      from: 'list-rcpt=example.org@example.com',
      rcpts: ['rcpt@example.org', 'b@example.org'],
      raw: from('sender@example.com'),
    },
    ['FROM_NO_DN', differs('sender@example.com', 'list-rcpt=example.org@example.com')],
  ],
  [
    'bulk from info to info',
    {
      from: 'info@a.example',
      rcpts: ['x@b.example', 'Info@b.example'],
      raw: mail(['From: info@a.example', 'List-Unsubscribe: <x>']),
    },
    ['FROM_NO_DN', same, 'INFO_TO_INFO_LU'],
  ],
  [
    'info to info without List-Unsubscribe',
    { from: 'info@a.example', rcpts: ['info@b.example'], raw: mail(['From: info@a.example']) },
    ['FROM_NO_DN', same],
  ],
  [
    'bulk from info to somebody',
    {
      from: 'info@a.example',
      rcpts: ['x@b.example'],
      raw: mail(['From: info@a.example', 'List-Unsubscribe: <x>']),
    },
    ['FROM_NO_DN', same],
  ],
]);

test('bounce tags are known in their forms', () => {
  const header = { text: 'ann@example.com', local: 'ann', domain: 'example.com' };
  const sender = (local: string, domain = 'example.com'): Parameters<typeof hasBounceTag>[0] => ({
    text: `${local}@${domain}`,
    local,
    domain,
  });
  for (const local of ['prvs=1=ann', 'PRVS=1=Ann', 'prvs=ann=1', 'msprvs1=1=ann', 'btv1==1==ann'])
    assert.equal(hasBounceTag(sender(local), header), true, local);
  for (const local of ['ann', 'prvs=ann', 'msprvs1=ann=1', 'btv1=1=ann', 'prvs==ann', 'bounce=1=ann'])
    assert.equal(hasBounceTag(sender(local), header), false, local);
  assert.equal(hasBounceTag(sender('prvs=1=ann', 'example.org'), header), false);
});

test('a return path without the domain of the recipient names nobody', () => {
  const [recipient] = testEnvelope({ rcpts: ['rcpt@example.org'] }).recipients;
  const sender = (local: string): Parameters<typeof namesRecipient>[0] => ({ text: '', local, domain: 'x' });
  assert.equal(namesRecipient(sender('b+rcpt=example.org'), recipient!), true);
  assert.equal(namesRecipient(sender('b+rcpt=example.com'), recipient!), false);
  assert.equal(namesRecipient(sender('b+rcpt'), recipient!), false);
});
