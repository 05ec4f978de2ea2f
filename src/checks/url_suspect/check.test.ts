import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCheck, type Way } from '../../../test/helpers/check-table.ts';
import { urlSuspect } from './check.ts';

const ways: readonly Way[] = ['inbound', 'authenticated', 'local'];

function mail(body: string, type = 'text/html'): string {
  return `From: a@example.com\nSubject: x\nContent-Type: ${type}; charset=utf-8\n\n${body}\n`;
}

const link = (target: string): string => mail(`<a href="${target}">x</a>`);
const long = 'a'.repeat(2100);

const table: readonly (readonly [string, string, readonly string[], Record<string, unknown>?])[] = [
  ['a plain link', link('https://www.example.com/a?b=c'), []],
  ['a user', link('http://u@example.com/'), ['URL_USER_PASSWORD']],
  ['a user of 128 characters', link(`http://${'u'.repeat(128)}:p@example.com/`), ['URL_USER_PASSWORD']],
  ['a user of 129 characters', link(`http://${'u'.repeat(129)}@example.com/`), ['URL_USER_LONG']],
  ['a user of 257 characters', link(`http://${'u'.repeat(257)}@example.com/`), ['URL_USER_VERY_LONG']],
  ['an address', link('http://8.8.8.8/'), ['URL_NUMERIC_IP']],
  ['an address in another notation', link('http://134744072/'), ['URL_NUMERIC_IP']],
  ['a private address', link('http://192.168.1.1/'), ['URL_NUMERIC_PRIVATE_IP']],
  ['a private address in IPv6', link('http://[fd00::1]/'), ['URL_NUMERIC_PRIVATE_IP']],
  ['an address with a user', link('http://u@8.8.8.8/'), ['URL_NUMERIC_IP_USER', 'URL_USER_PASSWORD']],
  ['no suffix', link('http://intranet/'), ['URL_NO_TLD']],
  ['a bad suffix alone', link('http://a.tk/'), []],
  ['a bad suffix', link('http://u@a.tk/'), ['URL_SUSPICIOUS_TLD', 'URL_USER_PASSWORD']],
  [
    'a bad suffix of the operator',
    link('http://u@a.com/'),
    ['URL_SUSPICIOUS_TLD', 'URL_USER_PASSWORD'],
    { checks: { tld: { suspicious: ['com'] } } },
  ],
  ['bad Unicode', link('http://a.com/\ufffd'), ['URL_BAD_UNICODE']],
  ['a host that imitates another', link('http://pаypal.com/'), ['URL_HOMOGRAPH_ATTACK']],
  ['an honest IDN', link('http://bücher.de/'), []],
  ['text that is turned round', link('http://a.com/\u202egpj.exe'), ['URL_RTL_OVERRIDE']],
  ['zero width', link('http://exam\u200bple.com/'), ['URL_ZERO_WIDTH_SPACES']],
  ['three @', link('http://u@a.com/@@'), ['URL_MULTIPLE_AT_SIGNS', 'URL_USER_PASSWORD']],
  ['a backslash', link('http://a.com\\x'), ['URL_BACKSLASH_PATH']],
  ['many dots', link('http://u@a.b.c.d.e.f.g.com/'), ['URL_EXCESSIVE_DOTS', 'URL_USER_PASSWORD']],
  ['a long link', link(`http://u@a.com/${long}`), ['URL_USER_PASSWORD', 'URL_VERY_LONG']],
  ['a long link without any flag', link(`http://a.com/${long}`), []],
  [
    'links in a query',
    link('http://u@a.com/?x=http://b.com/&y=https%3A%2F%2Fc.com/'),
    ['URL_QUERY_MULTIPLE_URLS', 'URL_USER_PASSWORD'],
  ],
  ['a hidden link', mail('go to hxxp://evil.com/x', 'text/plain'), ['URL_OBFUSCATED_TEXT']],
  ['a hidden link in HTML', mail('go to evil[.]com'), ['URL_OBFUSCATED_TEXT']],
  ['a hidden link with a user', mail('hxxp://u@evil.com/'), ['URL_OBFUSCATED_TEXT', 'URL_USER_PASSWORD']],
  ['a hidden link that stands elsewhere', mail('hxxp://evil.com/x http://evil.com/x'), []],
  [
    'a hidden link beyond the searched text',
    mail('go to hxxp://evil.com/x', 'text/plain'),
    [],
    { checks: { obfuscated_text: { max_text_length: 5 } } },
  ],
  ['other flags', link('http://8.8.8.8/'), [], { process_flags: ['has_user'] }],
  ['a listed host', link('http://8.8.8.8/'), [], { use_whitelist: true, whitelist: ['8.8.8.8'] }],
  ['a map that is not used', link('http://8.8.8.8/'), ['URL_NUMERIC_IP'], { whitelist: ['8.8.8.8'] }],
  [
    'everything switched off',
    mail('<a href="http://u@8.8.8.8/\u202e\\">hxxp://b.com</a><a href="http://x@y/">'),
    [],
    {
      checks: Object.fromEntries(
        ['user_password', 'numeric_ip', 'tld', 'unicode', 'structure', 'query_urls', 'obfuscated_text'].map(
          (name) => [name, { enabled: false }],
        ),
      ),
    },
  ],
];

for (const [name, raw, symbols, config = {}] of table) {
  for (const way of ways) {
    test(`${name}, ${way}: ${symbols.join(' ') || 'nothing'}`, async () => {
      assert.deepEqual((await runCheck(urlSuspect, config, { raw, way })).symbols, symbols);
    });
  }
}

test('no more links are looked at than allowed', async () => {
  const raw = mail(Array.from({ length: 20 }, (_, i) => `<a href="http://8.8.8.${i}/">x</a>`).join(''));
  assert.equal((await runCheck(urlSuspect, { max_urls: 3 }, { raw })).hits.length, 3);
});

test('a hidden link joins those of the message', async () => {
  const run = await runCheck(urlSuspect, {}, { raw: mail('evil[.]com/x', 'text/plain') });
  assert.deepEqual(
    run.task.content.urls.map(({ url }) => url),
    ['http://evil.com/x'],
  );
});

test('using a whitelist needs one', async () => {
  await assert.rejects(runCheck(urlSuspect, { use_whitelist: true }), /a map `whitelist` is needed/);
});
