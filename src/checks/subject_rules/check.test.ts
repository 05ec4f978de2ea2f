import { mail, type RuleRow, testRules } from '../../../test/helpers/rule-table.ts';
import { subjectRules } from './check.ts';

const row = (name: string, subject: string, expected: readonly string[]): RuleRow => [
  name,
  { raw: mail([`Subject: ${subject}`]) },
  expected,
];

testRules(subjectRules, [
  row('words', 'Buy now and save', []),
  row('nothing', '', []),
  ['no subject', { raw: mail(['From: a@example.com']) }, []],
  row('capitals', 'BUY NOW!!!', ['SUBJ_ALL_CAPS*0.25']),
  row('40 capitals', 'B'.repeat(40), ['SUBJ_ALL_CAPS']),
  row('80 capitals', 'B'.repeat(80), ['SUBJ_ALL_CAPS']),
  row('capitals and one small letter', 'BUY NOW, aND SAVE', []),
  row('capitals after a prefix', 'Re: Fwd: BUY NOW!!!', ['SUBJ_ALL_CAPS*0.25']),
  row('a prefix alone', 'Re:', []),
  row('capitals of another script', '=?utf-8?B?0JrQo9Cf0Jg=?=', ['SUBJ_ALL_CAPS*0.1']),
  row('a script without capitals', '今すぐ買って', []),
  row('digits', '2023-11-14 12345', []),
  row('200 characters', 'a'.repeat(200), []),
  row('201 characters', 'a'.repeat(201), ['LONG_SUBJ*0.5025 201']),
  row('500 characters', 'a'.repeat(500), ['LONG_SUBJ 500']),
  row('150 characters of two units', '😀'.repeat(150), []),
  row('a link alone', 'https://example.com/a', ['URL_IN_SUBJECT https://example.com/a']),
  row('a link with words', 'See http://example.com', ['URL_IN_SUBJECT*0.25 http://example.com']),
  row('a link without scheme', 'www.example.com', ['URL_IN_SUBJECT*0.1 http://www.example.com']),
  row('a host without scheme', 'See example.com now', ['URL_IN_SUBJECT*0.1 http://example.com']),
  row('two links', 'See example.com and https://example.org/', ['URL_IN_SUBJECT*0.25 https://example.org/']),
  row('an address', 'Mail to ann@example.com', []),
  row('a file name', 'report.docx', []),
]);
