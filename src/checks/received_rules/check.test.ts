import { mail, type RuleRow, testRules } from '../../../test/helpers/rule-table.ts';
import { receivedRules } from './check.ts';

const plain =
  'Received: from a.example (a.example [192.0.2.1]) by b.example with ESMTP id 1; Tue, 14 Nov 2023 22:13:20 +0000';
const tls = plain.replace('ESMTP', 'ESMTPS');
const auth = plain.replace('ESMTP', 'ESMTPSA');
const row = (
  name: string,
  received: readonly string[],
  expected: readonly string[],
  message: RuleRow[1] = {},
): RuleRow => [
  name,
  { raw: mail([...received, 'To: rcpt@example.org', 'Cc: Ann <ann@example.org>']), ...message },
  expected,
];
const counts: readonly (readonly [number, string])[] = [
  [3, 'THREE'],
  [4, 'THREE'],
  [5, 'FIVE'],
  [6, 'FIVE'],
  [7, 'SEVEN'],
  [11, 'SEVEN'],
  [12, 'TWELVE'],
  [13, 'TWELVE'],
];

testRules(receivedRules, [
  row('no hop', [], ['RCVD_COUNT_ZERO 0']),
  row('one hop', [plain], ['RCVD_COUNT_ONE 1', 'RCVD_NO_TLS_LAST']),
  row('one hop over TLS', [tls], ['RCVD_COUNT_ONE 1', 'RCVD_TLS_ALL']),
  row('the last hop over TLS', [tls, plain], ['RCVD_COUNT_TWO 2', 'RCVD_TLS_LAST']),
  row('the first hop over TLS', [plain, tls], ['RCVD_COUNT_TWO 2', 'RCVD_NO_TLS_LAST']),
  row('a login', [tls, auth], ['RCVD_COUNT_TWO 2', 'RCVD_TLS_ALL', 'RCVD_VIA_SMTP_AUTH']),
  ...counts.map(([count, name]) =>
    row(`${count} hops`, new Array<string>(count).fill(tls), [`RCVD_COUNT_${name} ${count}`, 'RCVD_TLS_ALL']),
  ),
  row(
    'a client called user',
    [tls.replace('from a.example', 'from USER')],
    ['RCVD_COUNT_ONE 1', 'RCVD_HELO_USER', 'RCVD_TLS_ALL'],
  ),
  row(
    'a client called users',
    [tls.replace('from a.example', 'from users')],
    ['RCVD_COUNT_ONE 1', 'RCVD_TLS_ALL'],
  ),
  row('HELO user', [], ['RCVD_COUNT_ZERO 0', 'RCVD_HELO_USER'], { envelope: { helo: 'User' } }),
  row(
    'delivered to Cc before',
    [tls.replace(' id 1', ' id 1 for <Ann@example.org>')],
    ['RCVD_COUNT_ONE 1', 'RCVD_TLS_ALL', 'PREVIOUSLY_DELIVERED ann@example.org'],
  ),
  row(
    'delivered to another before',
    [tls.replace(' id 1', ' id 1 for <bob@example.org>')],
    ['RCVD_COUNT_ONE 1', 'RCVD_TLS_ALL'],
  ),
  row('nothing that can be read', ['Received: (qmail)'], ['RCVD_COUNT_ONE 1', 'RCVD_NO_TLS_LAST']),
]);
