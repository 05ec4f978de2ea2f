import { mail, type RuleRow, testRules } from '../../../test/helpers/rule-table.ts';
import type { Hit } from '../../core/index.ts';
import { replyToRules } from './check.ts';

const present = (name: string, ...options: readonly string[]): Hit => ({
  name,
  score: 0,
  metricScore: 0,
  description: undefined,
  groups: [],
  options,
});
const base = ['From: Sender <sender@example.com>', 'To: Rcpt <rcpt@example.org>'];
const row = (
  name: string,
  replyTo: string,
  expected: readonly string[],
  message: RuleRow[1] = {},
  more: readonly string[] = [],
): RuleRow => [name, { raw: mail([...base, `Reply-To: ${replyTo}`, ...more]), ...message }, expected];
const elsewhere = ['REPLYTO_DOM_NEQ_FROM_DOM'];
const stranger = (address: string, ...more: readonly string[]): readonly string[] => [
  `HAS_REPLYTO ${address}`,
  ...elsewhere,
  ...more,
  'REPLYTO_DOM_NEQ_TO_DOM',
];
const longLocal = 'a'.repeat(65);
const longDomain = `${'b'.repeat(250)}.example`;

testRules(replyToRules, [
  ['no Reply-To', { raw: mail(base) }, []],
  row('the text of From', 'Sender <sender@example.com>', [
    'HAS_REPLYTO sender@example.com',
    'REPLYTO_EQ_FROM',
    'REPLYTO_DOM_NEQ_TO_DOM',
  ]),
  row('the address of From', 'Sender@example.com', [
    'HAS_REPLYTO Sender@example.com',
    'REPLYTO_ADDR_EQ_FROM',
    'REPLYTO_DOM_NEQ_TO_DOM',
  ]),
  row('a colleague', 'other@example.com', [
    'HAS_REPLYTO other@example.com',
    'REPLYTO_DOM_EQ_FROM_DOM',
    'REPLYTO_DOM_NEQ_TO_DOM',
  ]),
  row('somebody else', 'x@other.example', stranger('x@other.example')),
  row(
    'somebody else by the same name',
    'sender <x@other.example>',
    stranger('x@other.example', 'REPLYTO_DN_EQ_FROM_DN'),
  ),
  row('nothing', '', ['REPLYTO_UNPARSEABLE']),
  row('text without address', '"nobody here"', ['REPLYTO_UNPARSEABLE']),
  row('an address without domain', 'root', ['HAS_REPLYTO root', 'REPLYTO_INVALID']),
  row('an invalid address', 'a..b@example.com', [
    'HAS_REPLYTO a..b@example.com',
    'REPLYTO_INVALID',
    'REPLYTO_DOM_EQ_FROM_DOM',
    'REPLYTO_DOM_NEQ_TO_DOM',
  ]),
  row('64 bytes before the @', `${longLocal.slice(1)}@example.com`, [
    `HAS_REPLYTO ${longLocal.slice(1)}@example.com`,
    'REPLYTO_DOM_EQ_FROM_DOM',
    'REPLYTO_DOM_NEQ_TO_DOM',
  ]),
  row('65 bytes before the @', `${longLocal}@example.com`, [
    `HAS_REPLYTO ${longLocal}@example.com`,
    'REPLYTO_LOCALPART_LONG',
    'REPLYTO_DOM_EQ_FROM_DOM',
    'REPLYTO_DOM_NEQ_TO_DOM',
  ]),
  row('a long domain', `a@${longDomain}`, [
    `HAS_REPLYTO a@${longDomain}`,
    'REPLYTO_DOMAIN_LONG',
    ...elsewhere,
    'REPLYTO_DOM_NEQ_TO_DOM',
  ]),
  row(
    'the title of From',
    'Mr.X@example.com',
    [
      'HAS_REPLYTO Mr.X@example.com',
      'REPLYTO_DOM_EQ_FROM_DOM',
      'REPLYTO_EMAIL_HAS_TITLE',
      'REPLYTO_DOM_NEQ_TO_DOM',
    ],
    { hits: [present('FROM_NAME_HAS_TITLE', 'mr.')] },
  ),
  row(
    'another title',
    'Dr.X@example.com',
    ['HAS_REPLYTO Dr.X@example.com', 'REPLYTO_DOM_EQ_FROM_DOM', 'REPLYTO_DOM_NEQ_TO_DOM'],
    { hits: [present('FROM_NAME_HAS_TITLE', 'mr.')] },
  ),
  row('the recipient', 'rcpt@example.org', [
    'HAS_REPLYTO rcpt@example.org',
    ...elsewhere,
    'REPLYTO_EQ_TO_ADDR',
    'REPLYTO_DOM_EQ_TO_DOM',
  ]),
  row(
    'the recipient, by a list',
    'rcpt@example.org',
    ['HAS_REPLYTO rcpt@example.org', ...elsewhere, 'REPLYTO_DOM_EQ_TO_DOM'],
    {},
    ['Auto-Submitted: auto-generated'],
  ),
  row('a colleague of the recipient', 'x@example.org', [
    'HAS_REPLYTO x@example.org',
    ...elsewhere,
    'REPLYTO_DOM_EQ_TO_DOM',
  ]),
  row(
    'elsewhere, of mail within a domain',
    'x@other.example',
    stranger('x@other.example', 'SPOOF_REPLYTO example.com other.example'),
    { rcpts: ['b@example.net', 'boss@example.com'] },
  ),
  row('elsewhere, of mail to oneself', 'x@other.example', stranger('x@other.example'), {
    rcpts: ['Sender@example.com'],
  }),
  row(
    'another freemail provider',
    'x@mail.example',
    stranger('x@mail.example', 'FREEMAIL_REPLYTO_NEQ_FROM_DOM example.com mail.example'),
    { hits: [present('FREEMAIL_FROM'), present('FREEMAIL_REPLYTO')] },
  ),
  row('a freemail provider from elsewhere', 'x@mail.example', stranger('x@mail.example'), {
    hits: [present('FREEMAIL_REPLYTO')],
  }),
  row(
    'the same freemail provider',
    'x@example.com',
    ['HAS_REPLYTO x@example.com', 'REPLYTO_DOM_EQ_FROM_DOM', 'REPLYTO_DOM_NEQ_TO_DOM'],
    { hits: [present('FREEMAIL_FROM'), present('FREEMAIL_REPLYTO')] },
  ),
  [
    'no From',
    { raw: mail(['To: rcpt@example.org', 'Reply-To: x@example.org']) },
    ['HAS_REPLYTO x@example.org', 'REPLYTO_DOM_EQ_TO_DOM'],
  ],
  ['a reading receipt to From', { raw: mail([...base, 'X-Confirm-Reading-To: <Sender@example.com>']) }, []],
  [
    'a reading receipt elsewhere',
    { raw: mail([...base, 'X-Confirm-Reading-To: x@other.example']) },
    ['HEADER_RCONFIRM_MISMATCH'],
  ],
  ['a reading receipt of nobody', { raw: mail([...base, 'X-Confirm-Reading-To: ']) }, []],
  [
    'a receipt to the envelope sender',
    { raw: mail([...base, 'Disposition-Notification-To: x@y.example, SENDER@example.com']) },
    [],
  ],
  [
    'a receipt elsewhere',
    { raw: mail([...base, 'Disposition-Notification-To: x@y.example']) },
    ['HEADER_FORGED_MDN'],
  ],
  [
    'a receipt of mail with a null sender',
    { from: '', raw: mail([...base, 'Disposition-Notification-To: sender@example.com']) },
    ['HEADER_FORGED_MDN'],
  ],
  ['a receipt of nobody', { raw: mail([...base, 'Disposition-Notification-To: ']) }, []],
]);
