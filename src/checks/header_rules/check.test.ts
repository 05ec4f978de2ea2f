import { mail, type RuleRow, testRules } from '../../../test/helpers/rule-table.ts';
import { headerRules } from './check.ts';

const base = ['From: a@example.com', 'Subject: x'];
const row = (name: string, more: readonly string[], expected: readonly string[]): RuleRow => [
  name,
  { raw: mail([...base, ...more]) },
  expected,
];

testRules(headerRules, [
  row('plain fields', ['X-Priority:', 'MIME-Version: 1.0', 'X-Mailer: x'], []),
  [
    'a line that is no field',
    { raw: 'From: a@example.com\nthis is no field\n\nHello.\n' },
    ['BROKEN_HEADERS'],
  ],
  [
    'such a line first',
    { raw: 'this is no field\n\nHello.\n' },
    ['BROKEN_HEADERS', 'MISSING_ESSENTIAL_HEADERS'],
  ],
  ['a line of the body without a colon', { raw: mail(base, 'no colon here\n') }, []],
  [
    'a forwarded message that begins with no field',
    { raw: mail([...base, 'Content-Type: message/rfc822'], 'no colon here\n') },
    [],
  ],
  ['a message of header only', { raw: 'From: a@example.com\nSubject: x\n' }, []],
  ['an mbox line', { raw: `From a@example.com Tue Nov 14 22:13:20 2023\n${mail(base)}` }, []],
  row('a second From', ['From: b@example.com'], ['MULTIPLE_UNIQUE_HEADERS From']),
  row('a second Subject, thrice', ['subject: y', 'SUBJECT: z'], ['MULTIPLE_UNIQUE_HEADERS*0.7 Subject']),
  row(
    'a second Date and References',
    ['Date: x', 'Date: y', 'References: <a>', 'References: <b>'],
    ['MULTIPLE_UNIQUE_HEADERS*0.3 References Date'],
  ),
  row('a second To', ['To: x', 'To: y'], ['MULTIPLE_UNIQUE_HEADERS*0.2 To']),
  row('a second Bcc', ['Bcc: x', 'Bcc: y'], ['MULTIPLE_UNIQUE_HEADERS*0.1 Bcc']),
  row(
    'a second Content-Type',
    ['Content-Type: text/plain', 'Content-Type: text/html'],
    ['MULTIPLE_UNIQUE_HEADERS Content-Type'],
  ),
  row('fields that may repeat', ['Received: x', 'Received: y', 'X-A: 1', 'X-A: 2'], []),
  ['no usual field', { raw: mail(['Received: x', 'X-Y: z']) }, ['MISSING_ESSENTIAL_HEADERS']],
  ['a single usual field', { raw: mail(['Bcc: a@example.com']) }, []],
  row('odd spellings', ['Mime-Version: 1.0', 'X-mailer: x'], ['MV_CASE', 'XM_CASE']),
  row('other spellings', ['mime-version: 1.0', 'x-mailer: x', 'MIME-version: 1.0'], []),
  ...[
    ['0', 'ZERO'],
    ['1 (Highest)', 'ONE'],
    ['2', 'TWO'],
    ['3', 'THREE'],
    ['4', 'THREE'],
    ['5', 'FIVE'],
    ['17', 'FIVE'],
  ].map(([value, name]) =>
    row(`priority ${value}`, [`X-Priority: ${value}`], [`HAS_X_PRIO_${name} ${Number.parseInt(value!, 10)}`]),
  ),
  row('a priority in words', ['X-Priority: Normal'], []),
]);
