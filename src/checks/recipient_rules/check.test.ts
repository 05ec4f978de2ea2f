import { mail, type RuleRow, testRules } from '../../../test/helpers/rule-table.ts';
import { recipientRules } from './check.ts';

const from = 'From: Sender <sender@example.com>';
const row = (name: string, to: string, expected: readonly string[], message: RuleRow[1] = {}): RuleRow => [
  name,
  { raw: mail([from, `To: ${to}`]), ...message },
  expected,
];
const list = (count: number): string =>
  Array.from({ length: count }, (_, i) => `r${i}@example.org`).join(', ');
const counts: readonly (readonly [number, string])[] = [
  [2, 'TWO'],
  [3, 'THREE'],
  [4, 'THREE'],
  [5, 'FIVE'],
  [6, 'FIVE'],
  [7, 'SEVEN'],
  [11, 'SEVEN'],
  [12, 'TWELVE'],
  [49, 'TWELVE'],
  [50, 'GT_50'],
  [51, 'GT_50'],
];
const one = 'RCPT_COUNT_ONE 1';
const two = 'RCPT_COUNT_TWO 2';
const utf8 = { senderEsmtp: new Map([['SMTPUTF8', '']]) };

testRules(recipientRules, [
  row('one recipient with a name', 'Rcpt <rcpt@example.org>', [one, 'TO_DN_ALL', 'TO_MATCH_ENVRCPT_ALL']),
  row('one without', 'RCPT@example.org', [one, 'TO_DN_NONE', 'TO_MATCH_ENVRCPT_ALL']),
  row('another than the envelope’s', 'x@example.org', [one, 'TO_DN_NONE']),
  ['nobody', { raw: mail([from]) }, ['RCPT_COUNT_ZERO 0']],
  row('a group of nobody', 'undisclosed-recipients:;', ['RCPT_COUNT_ZERO 0']),
  ...counts.map(([count, name]) =>
    row(`${count} recipients`, list(count), [`RCPT_COUNT_${name} ${count}`, 'TO_DN_NONE'], {}),
  ),
  [
    'To and Cc',
    { raw: mail([from, 'To: rcpt@example.org', 'Cc: Ann <x@example.org>']) },
    [two, 'TO_DN_SOME', 'TO_MATCH_ENVRCPT_SOME'],
  ],
  row('all of the envelope', 'a@example.org, B@example.org', [two, 'TO_DN_NONE', 'TO_MATCH_ENVRCPT_ALL'], {
    rcpts: ['b@example.org', 'A@example.org', 'c@example.org'],
  }),
  row('mail to oneself', 'Sender@example.com', [one, 'TO_EQ_FROM', 'TO_DN_NONE']),
  row('mail to a colleague', 'x@example.com', [one, 'TO_DOM_EQ_FROM_DOM', 'TO_DN_NONE']),
  row('mail to oneself and somebody', 'sender@example.com, rcpt@example.org', [
    two,
    'TO_DN_NONE',
    'TO_MATCH_ENVRCPT_SOME',
  ]),
  row('people called recipients', 'Recipients <rcpt@example.org>', [
    one,
    'TO_DN_RECIPIENTS',
    'TO_DN_ALL',
    'TO_MATCH_ENVRCPT_ALL',
  ]),
  row('one of them called recipient', 'recipient <a@example.org>, Ann <b@example.org>', [
    two,
    'TO_DN_RECIPIENTS',
    'TO_DN_ALL',
  ]),
  row('people called nearly so', 'Recipientes <rcpt@example.org>', [
    one,
    'TO_DN_ALL',
    'TO_MATCH_ENVRCPT_ALL',
  ]),
  row('a name that is the address', '"rcpt@example.org" <rcpt@example.org>', [
    one,
    'TO_DN_EQ_ADDR_ALL',
    'TO_MATCH_ENVRCPT_ALL',
  ]),
  row('one such name', '"Rcpt@example.org" <rcpt@example.org>, Ann <b@example.org>', [
    two,
    'TO_DN_SOME',
    'TO_DN_EQ_ADDR_SOME',
    'TO_MATCH_ENVRCPT_SOME',
  ]),
  row('an address outside ASCII', 'rcpt@ex\u00e4mple.org', [one, 'TO_DN_NONE', 'INVALID_RCPT_8BIT']),
  row('the same with SMTPUTF8', 'rcpt@ex\u00e4mple.org', [one, 'TO_DN_NONE'], { envelope: utf8 }),
  row('no envelope', 'rcpt@example.org', [one, 'TO_DN_NONE'], { rcpts: [] }),
]);
