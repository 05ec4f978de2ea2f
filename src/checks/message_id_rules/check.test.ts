import { mail, type RuleRow, testRules } from '../../../test/helpers/rule-table.ts';
import { messageIdRules } from './check.ts';

const base = ['From: Ann <ann@mail.example.com>', 'To: bob@example.org'];
const row = (name: string, id: string, expected: readonly string[], headers = base): RuleRow => [
  name,
  { raw: mail([...headers, `Message-ID: ${id}`]) },
  expected,
];

testRules(messageIdRules, [
  row('a host of nobody here', '<1@host.example.net>', []),
  row('nothing', '', []),
  ['no Message-ID', { raw: mail(base) }, []],
  row('a bare address', '<1@192.0.2.1>', ['MID_BARE_IP']),
  row('an address in brackets', '<1@[192.0.2.1]>', ['MID_RHS_IP_LITERAL']),
  row('an IPv6 address in brackets', '<1@[IPv6:2001:db8::1]>', ['MID_RHS_IP_LITERAL']),
  row('brackets with a name', '<1@[laptop]>', []),
  row('a host that is nearly an address', '<1@192.0.2>', []),
  row('a host without dot', '<1@laptop>', ['MID_RHS_NOT_FQDN']),
  row('no host', '<1>', []),
  row('an empty host', '<1@>', []),
  row('www', '<1@www.host.example.net>', ['MID_RHS_WWW']),
  row('www as part of a label', '<1@wwwhost.example.net>', []),
  row('no brackets', '1@host.example.net', ['MID_MISSING_BRACKETS']),
  row('text after the brackets', '<1@host.example.net> x', ['MID_MISSING_BRACKETS']),
  row('brackets twice', '<<1@host.example.net>>', ['MID_MISSING_BRACKETS']),
  row('the address of From', '<1.Ann@mail.example.com>', ['MID_CONTAINS_FROM']),
  row('the domain of From', '<1@mail.example.com>', ['MID_RHS_MATCH_FROM']),
  row('a host of the registered domain of From', '<1@x.example.com>', ['MID_RHS_MATCH_FROMTLD']),
  row('the first recipient', '<1.bob@example.org>', ['MID_CONTAINS_TO']),
  row('the domain of the recipient', '<1@Example.org>', ['MID_RHS_MATCH_TO']),
  row(
    'the domain of both',
    '<1@mail.example.com>',
    ['MID_RHS_MATCH_FROM'],
    [base[0]!, 'To: bob@mail.example.com'],
  ),
  row(
    'the recipient when there is no From',
    '<1@example.org>',
    ['MID_RHS_MATCH_TO'],
    ['Cc: bob@example.org'],
  ),
  row('the user of From as host', '<1@ann>', ['MID_RHS_NOT_FQDN', 'MID_END_EQ_FROM_USER_PART']),
  row('a user with digits as host', '<1@ann1>', ['MID_RHS_NOT_FQDN'], ['From: ann1@example.com']),
  row('hosts that share no registered domain', '<1@b.invalid>', [], ['From: a@c.invalid']),
]);
