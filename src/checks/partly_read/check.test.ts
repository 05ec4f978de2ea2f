import { type RuleRow, testRules } from '../../../test/helpers/rule-table.ts';
import { partlyRead } from './check.ts';

const nested = Array.from(
  { length: 80 },
  (_, depth) => `Content-Type: multipart/mixed; boundary=b${depth}\n\n--b${depth}\n`,
).join('');

const rows: readonly RuleRow[] = [
  ['a short message', { raw: 'Subject: x\n\nHello\n' }, []],
  ['broken mail that was read whole', { raw: 'Content-Type: nonsense\n\n\0' }, []],
  [
    'a part in too many',
    { raw: `Content-Type: multipart/mixed; boundary=b\n\n${'--b\n\nx\n'.repeat(2000)}--b--\n` },
    ['PARTLY_READ too-many-parts'],
  ],
  ['parts too deep', { raw: nested }, ['PARTLY_READ too-deep']],
  [
    'headers too many and too long',
    { raw: `${'A: b\n'.repeat(2000)}\nHello\n` },
    ['PARTLY_READ too-many-headers'],
  ],
  [
    'a header too long',
    { raw: `A: ${'b'.repeat(2_000_000)}\nB: c\n\nHello\n` },
    ['PARTLY_READ header-too-long'],
  ],
];

testRules(partlyRead, rows);
