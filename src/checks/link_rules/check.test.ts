import { mail, type RuleRow, testRules } from '../../../test/helpers/rule-table.ts';
import { linkRules } from './check.ts';

const html = (name: string, body: string, expected: readonly string[]): RuleRow => [
  name,
  { raw: mail(['MIME-Version: 1.0', 'Content-Type: text/html; charset=utf-8'], body) },
  expected,
];
const versions = (
  name: string,
  plain: string,
  body: string,
  expected: readonly string[],
  subtype = 'alternative',
): RuleRow => [
  name,
  {
    raw: mail(
      [
        'Subject: http://subject.example.com/',
        'MIME-Version: 1.0',
        `Content-Type: multipart/${subtype}; boundary=x`,
      ],
      `--x\nContent-Type: text/plain\n\n${plain}\n--x\nContent-Type: text/html\n\n${body}\n--x--\n`,
    ),
  },
  expected,
];
const link = 'http://example.com/a';
const anchor = `<a href="${link}">here</a>`;

testRules(linkRules, [
  html('plain links', `${anchor} <a href="https://example.com">example.com</a>`, []),
  html('an honest name outside ASCII', '<a href="https://b\u00fccher.example.com">B\u00fccher</a>', []),
  html('a host of two alphabets', '<a href="https://ex\u0430mple.com">here</a>', [
    'OMOGRAPH_URL*0.5 xn--exmple-4nf.com',
  ]),
  html(
    'a host that looks like the one that is shown',
    '<a href="https://ex\u0430mple.com/login">https://example.com/login</a>',
    ['OMOGRAPH_URL xn--exmple-4nf.com->example.com'],
  ),
  html(
    'another host than the one that is shown',
    '<a href="https://example.org">https://example.com</a>',
    [],
  ),
  versions('the same link in both versions', link, anchor, []),
  versions('a link in HTML alone', 'none', anchor, ['URI_COUNT_ODD 1']),
  versions('a link in plain text alone', link, 'none', ['URI_COUNT_ODD 1']),
  versions('a link twice in HTML', link, `${anchor} ${anchor}`, ['URI_COUNT_ODD 3']),
  versions(
    'an image and a link that shows itself',
    link,
    `<a href="${link}">${link}</a> <img src="http://example.com/i.png">`,
    [],
  ),
  versions('a link in the text of HTML', link, `<p>${link}</p>`, []),
  versions('an address', 'ann@example.com', '<a href="mailto:ann@example.com">Ann</a>', []),
  versions('an odd number of links in texts that are no versions', link, 'none', [], 'mixed'),
]);
