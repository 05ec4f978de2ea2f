import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { testTask } from '../../test/helpers/task.ts';
import { Ruleset, SpamRules } from './index.ts';

function compile(text: string): SpamRules {
  const ruleset = new Ruleset();
  ruleset.readText(text, 'rules');
  return new SpamRules({ ruleset, scoreSet: 0, alpha: 0, maxChars: 10_000, onStopped: () => undefined });
}

test('files include each other only once, and a file that is missing is named', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-sa-'));
  try {
    writeFileSync(join(folder, 'a.cf'), 'include b.cf\ninclude none.cf\nbody A /a/\n');
    writeFileSync(join(folder, 'b.cf'), 'include a.cf\nbody B /b/\n');
    const ruleset = new Ruleset();
    ruleset.readFile(join(folder, 'a.cf'));
    assert.deepEqual([...ruleset.rules.keys()], ['B', 'A']);
    assert.match(ruleset.problems.join('\n'), /b\.cf:1: include a\.cf: files include each other/);
    assert.match(ruleset.problems.join('\n'), /a\.cf:2: include none\.cf: ENOENT/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('descriptions are UTF-8, of English where a file has several languages', () => {
  const ruleset = new Ruleset();
  ruleset.readText('describe A Größe\nlang de describe A Deutsch\nlang en describe B English', 'rules');
  assert.deepEqual(
    [...ruleset.descriptions],
    [
      ['A', 'Größe'],
      ['B', 'English'],
    ],
  );
});

test('metas that ask for each other end', () => {
  const rules = compile('meta A B || C\nmeta B A\nmeta C !B');
  assert.deepEqual(
    rules.run(testTask().task).hits.map(({ name }) => name),
    ['A', 'C'],
  );
});

test('any text is read without an exception, and its rules run', () => {
  const word = fc.constantFrom(
    ...'header body rawbody uri full meta mimeheader uri_detail score describe tflags if ifplugin else endif'.split(
      ' ',
    ),
    ...'replace_tag replace_rules replace_inter freemail_domains redirector_pattern lang include selector'.split(
      ' ',
    ),
    ...[
      'A',
      '__B',
      'Subject',
      '=~',
      '!~',
      '/a+/',
      'm{x}i',
      'm!(a',
      '/(?>a)b++/',
      'eval:html_tag_exists("b")',
    ],
    ...[
      'eval:check_rbl()',
      '(A',
      '&&',
      '||',
      '!',
      '+',
      '1',
      '-0.5',
      '(1)',
      'multiple',
      'maxhits=2',
      '<A>',
      '\\#',
      '#',
    ],
    ...[
      'exists:From',
      'From:addr',
      'ALL:raw',
      '[if-unset: x]',
      'version',
      '>=',
      'plugin(X)',
      'can(Y)',
      '\n',
      '\n',
    ],
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 40 }), fc.string(), (words, noise) => {
      const rules = compile(`${words.join(' ')}\n${noise}`);
      for (const { name } of rules.run(testTask({ raw: 'Subject: aab\n\n<b>a</b> http://x.example/\n' }).task)
        .hits)
        assert.match(name, /^[A-Za-z_]\w*$/);
    }),
    { numRuns: 300 },
  );
});

test('hostile HTML, lines and parts are read in linear time', () => {
  const rules = compile(
    'body A eval:html_tag_exists("table")\nrawbody B eval:check_for_mime("mime_qp_count")\nbody C /needle/\nmeta M A + B + C',
  );
  const big = 400_000;
  const hostile = [
    ['text/html', '<!--'.repeat(big / 4)],
    ['text/html', '<!x'.repeat(big / 3)],
    ['text/html', '<a "'.repeat(big / 4)],
    ['text/html', '<a \'"'.repeat(big / 5)],
    ['text/html', '<script>'.repeat(big / 8)],
    ['text/plain', '=20'.repeat(big / 3)],
    ['text/plain', 'x'.repeat(big)],
    ['text/plain', '\n \t'.repeat(big / 3)],
    ['text/plain', '&#x2019;'.repeat(big / 8)],
  ];
  const parts = hostile.map(
    ([type, text]) => `--b\nContent-Type: ${type}\nContent-Transfer-Encoding: quoted-printable\n\n${text}x\n`,
  );
  const raw = `Content-Type: multipart/mixed; boundary=b\nSubject: x\n\n${parts.join('')}--b--\n`;
  assert.ok(Array.isArray(rules.run(testTask({ raw }).task).hits));
});
