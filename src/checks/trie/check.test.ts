import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildCheck, runCheck, type Way } from '../../../test/helpers/check-table.ts';
import { mail } from '../../../test/helpers/rule-table.ts';
import { ConfigError } from '../../core/index.ts';
import { trie } from './check.ts';

const plain = { WORDS: { patterns: ['cheap pills', 'Grüße'] } };
const html = ['Content-Type: text/html; charset=utf-8'];

const rows: readonly (readonly [name: string, config: object, raw: string, expected: readonly string[]])[] = [
  ['a string in the text', plain, mail([], 'Buy cheap pillsnow\n'), ['WORDS']],
  ['case counts', plain, mail([], 'Buy CHEAP pills\n'), []],
  [
    'each string counts once',
    plain,
    mail(['Content-Type: text/plain; charset=utf-8'], 'cheap pills, cheap pills, Grüße\n'),
    ['WORDS', 'WORDS'],
  ],
  [
    'encoded text is decoded',
    plain,
    mail(['Content-Transfer-Encoding: quoted-printable'], 'cheap=20pills\n'),
    ['WORDS'],
  ],
  [
    'text between tags is one, and the header is none of it',
    plain,
    mail(['Subject: cheap pills', ...html], 'cheap <b>pills</b>'),
    ['WORDS'],
  ],
  [
    'raw reads the header, too',
    { RAW: { patterns: ['X-Tool: 7'], raw: true } },
    mail(['X-Tool: 7']),
    ['RAW'],
  ],
  [
    'raw text is compared byte by byte',
    { RAW: { patterns: ['Grüße'], raw: true } },
    mail([], 'Grüße\n'),
    ['RAW'],
  ],
  [
    'body reads what is behind the header',
    { BODY: { patterns: ['=20', 'X-Tool'], body: true } },
    mail(['X-Tool: 7'], 'a=20b=20\n'),
    ['BODY'],
  ],
  [
    'multi counts every place',
    { MANY: { patterns: ['aa'], multi: true } },
    mail([], 'aaaa aa\n'),
    ['MANY', 'MANY', 'MANY', 'MANY'],
  ],
  [
    'several rules are told apart',
    { A: { patterns: ['one'] }, B: { patterns: ['one', 'two'] } },
    mail([], 'one\n'),
    ['A', 'B'],
  ],
  [
    'strings with the same beginning are told apart',
    { LONG: { patterns: ['0123456789abcdefX', '0123456789abcdefY'] } },
    mail([], '0123456789abcdefY\n'),
    ['LONG'],
  ],
];

for (const [name, config, raw, expected] of rows) {
  test(`${name}: ${expected.join(', ') || 'nothing'}`, async () => {
    for (const way of ['inbound', 'authenticated', 'local'] satisfies Way[]) {
      const { hits } = await runCheck(trie, { ...config }, { raw, way });
      assert.deepEqual(
        hits.map(({ symbol }) => symbol),
        expected,
        way,
      );
    }
  });
}

test('strings come from a file, without comments and empty lines', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'trie-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'strings');
  writeFileSync(file, '# mail\n\nalpha\r\nbeta\n');
  const { hits } = await runCheck(trie, { LIST: { file } }, { raw: mail([], '# mail alpha beta\n') });
  assert.equal(hits.length, 2);
});

test('as many strings as there are, exactly those in the text are found', async () => {
  const patterns = Array.from({ length: 20_000 }, (_, number) => `needle-${number}-`);
  const check = await buildCheck(trie, { LIST: { patterns } });
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.nat({ max: 20_000 - 1 }), { maxLength: 5 }), async (chosen) => {
      const { hits } = await check.run({ raw: mail([], `x${chosen.map((n) => `needle-${n}-`).join('')}\n`) });
      assert.equal(hits.length, chosen.length);
    }),
    { numRuns: 30 },
  );
  await check.close();
});

const refused: readonly (readonly [config: object, message: RegExp])[] = [
  [{ A: {} }, /either "file" or "patterns"/],
  [{ A: { patterns: ['x'], file: '/dev/null' } }, /either "file" or "patterns"/],
  [{ A: { patterns: [''] } }, /no strings/],
  [{ A: { file: '/nowhere/at/all' } }, /cannot be read: ENOENT/],
  [{ A: { patterns: ['x'], raw: true, body: true } }, /exclude each other/],
  [{ A: { patterns: ['x'], binary: true } }, /"binary" is not supported/],
];
for (const [config, message] of refused)
  test(`${JSON.stringify(config)} is refused: ${message.source}`, async () => {
    await assert.rejects(
      buildCheck(trie, { ...config }),
      (error) => error instanceof ConfigError && message.test(error.message),
    );
  });
