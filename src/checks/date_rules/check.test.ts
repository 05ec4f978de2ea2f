import { mail, type RuleRow, testRules } from '../../../test/helpers/rule-table.ts';
import { dateRules } from './check.ts';

// Scans of tests start on 14 Nov 2023 at 22:13:20.
const row = (name: string, date: string, expected: readonly string[]): RuleRow => [
  name,
  { raw: mail([`Date: ${date}`]) },
  expected,
];

testRules(dateRules, [
  row('now', 'Tue, 14 Nov 2023 22:13:20 +0000', []),
  row('now in another zone', 'Wed, 15 Nov 2023 08:13:20 +1000', []),
  ['no date', { raw: mail(['From: a@example.com']) }, ['MISSING_DATE']],
  row('nothing', '', ['INVALID_DATE']),
  row('words', 'yesterday', ['INVALID_DATE']),
  row('a day that does not exist', 'Thu, 31 Nov 2023 22:13:20 +0000', ['INVALID_DATE']),
  row('two hours ahead', 'Wed, 15 Nov 2023 00:13:20 +0000', []),
  row('a second more', 'Wed, 15 Nov 2023 00:13:21 +0000', ['DATE_IN_FUTURE']),
  row('ahead by the zone', 'Tue, 14 Nov 2023 22:13:20 -0300', ['DATE_IN_FUTURE']),
  row('a day behind', 'Mon, 13 Nov 2023 22:13:20 +0000', []),
  row('a second more behind', 'Mon, 13 Nov 2023 22:13:19 +0000', ['DATE_IN_PAST']),
  [
    'the time of the scan counts, not the clock',
    { raw: mail(['Date: Tue, 14 Nov 2023 22:13:20 +0000']), startedMs: Date.UTC(2023, 10, 17) },
    ['DATE_IN_PAST'],
  ],
]);
