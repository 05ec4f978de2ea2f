import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  buildCheck,
  type CheckOptions,
  type LogLine,
  type TestMessage,
  type Way,
} from '../../../test/helpers/check-table.ts';
import { spamassassin } from './check.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-sa-'));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
function ruleFile(text: string): string {
  const path = join(folder, `${++files}.cf`);
  writeFileSync(path, text);
  return path;
}

async function run(
  rules: string,
  message: TestMessage,
  options: Readonly<Record<string, unknown>> = {},
  extra: CheckOptions = {},
) {
  const built = await buildCheck(
    spamassassin,
    { ruleset: ruleFile(rules), alpha: 0, score_set: 0, ...options },
    extra,
  );
  try {
    const { symbols } = await built.run(message);
    return { symbols, warnings: built.warnings, declared: built.declared };
  } finally {
    await built.close();
  }
}

const ways: readonly Way[] = ['inbound', 'authenticated', 'local'];

const mail = [
  'Received: from relay.example.net (relay.example.net [198.51.100.20])',
  '\tby mx.example.org (Postfix) with ESMTP id ABC123; Tue, 14 Nov 2023 22:13:00 +0000 (UTC)',
  'From: "Anna Müller" <Anna@Example.com>',
  'To: b@example.org, c@example.org',
  'Cc: d@example.org',
  'Reply-To: other@example.net',
  'Subject: =?utf-8?Q?Sonderangebot_f=C3=BCr?= Sie',
  'Date: Tue, 14 Nov 2023 22:13:00 +0000',
  'Message-ID: <1.2@example.com>',
  'X-Folded: one',
  '\ttwo',
  'X-Twice: first',
  'X-Twice: second',
  'MIME-Version: 1.0',
  'Content-Type: multipart/alternative; boundary=b',
  '',
  '--b',
  'Content-Type: text/plain; charset=utf-8',
  '',
  'Buy  now,',
  'dear customer!',
  '',
  'Second paragraph: visit http://shop.example.com/a?b=1 and http://shop.example.com/c or write x@example.com.',
  '',
  '--b',
  'Content-Type: text/html; charset=utf-8',
  '',
  '<html><body><p>Buy now, <b>dear</b> customer!</p><a href="http://evil.example.net/login">Log in</a></body></html>',
  '--b--',
  '',
].join('\n');

const table: readonly (readonly [name: string, rules: string, symbols: readonly string[]])[] = [
  ['a header by a decoded value', 'header A Subject =~ /angebot für Sie$/', ['A']],
  ['a header without a match', 'header A Subject =~ /nothing/', []],
  ['a header that does not match', 'header A Subject !~ /nothing/', ['A']],
  ['a header as sent', 'header A Subject:raw =~ /^=\\?utf-8\\?Q/', ['A']],
  ['addresses of a header', 'header A From:addr =~ /^anna\\@example\\.com$/i', ['A']],
  ['names of a header', 'header A From:name =~ /^Anna M/', ['A']],
  ['domain of an address', 'header A From:addr:domain =~ /^example\\.com$/', ['A']],
  ['a folded header', 'header A X-Folded =~ /^one two$/', ['A']],
  ['all instances of a header', 'header A X-Twice =~ /^first\\nsecond$/', ['A']],
  ['the last instance', 'header A X-Twice:last =~ /^second$/', ['A']],
  ['recipients together', 'header A ToCc =~ /b\\@.*\\n.*d\\@/', ['A']],
  ['any message id', 'header A MESSAGEID =~ /^<1\\.2\\@/m', ['A']],
  ['the whole header', 'header A ALL =~ /^X-Folded: one two$/m', ['A']],
  ['the sender of the envelope', 'header A EnvelopeFrom =~ /^sender\\@example\\.com$/', ['A']],
  ['a header that exists', 'header A exists:X-Twice\nheader B exists:X-Other', ['A']],
  ['a value for a header that is missing', 'header A X-Other =~ /^none$/ [if-unset: none]', ['A']],
  ['a missing header that matches nothing', 'header A X-Other =~ /^$/\nheader B X-Other !~ /x/', ['A', 'B']],
  ['a paragraph over line ends', 'body A /Buy now, dear customer!/', ['A']],
  ['no match across paragraphs', 'body A /customer! Second/', []],
  ['the subject as a paragraph', 'body A /^Sonderangebot/', ['A']],
  ['the body without the subject', 'body A /^Sonderangebot/\ntflags A nosubject', []],
  ['lines as sent', 'rawbody A /^Buy {2}now,$/m', ['A']],
  ['tags in rawbody', 'rawbody A /<b>dear<\\/b>/', ['A']],
  ['the whole message', 'full A /^X-Twice: first\\nX-Twice: second$/m', ['A']],
  ['links', 'uri A m{^http://evil\\.example\\.net/login$}', ['A']],
  ['addresses among links', 'uri A /^mailto:x\\@example\\.com$/', ['A']],
  ['a field of any part', 'mimeheader A Content-Type =~ /^text\\/html/', ['A']],
  [
    'details of a link',
    'uri_detail A domain =~ /^example\\.net$/ text =~ /^Log in$/\nuri_detail B text =~ /none/ host =~ /evil/',
    ['A'],
  ],
  ['a combination', 'body __A /Buy/\nbody __B /none/\nmeta M __A && !__B\nmeta N __A && __B', ['M']],
  ['sums', 'body __A /Buy/\nbody __B /dear/\nbody __C /none/\nmeta M (__A + __B + __C) > 1', ['M']],
  [
    'counts',
    'uri __A /shop/\ntflags __A multiple\nmeta M __A == 2\nuri __B /shop/\ntflags __B multiple maxhits=1\nmeta N __B == 1',
    ['M', 'N'],
  ],
  ['a rule of score 0 counts nowhere', 'body A /Buy/\nscore A 0\nmeta M A\nmeta N !A', ['N']],
  ['replaced tags', 'replace_tag V (?:u|v)\nbody A /B<V>y/\nreplace_rules A', ['A']],
  [
    'replaced tags with what stands between',
    'replace_tag B [bB8]\nreplace_tag U [uv]\nreplace_inter W \\s?\nbody A /<inter W><B><U>y/\nreplace_rules A',
    ['A'],
  ],
  ['flags of Perl', 'body A m!BUY \\s now!ix', ['A']],
  ['possessive quantifiers', 'body A /Bu++y/\nbody B /Bu++u/', ['A']],
  ['relays', 'header A X-Spam-Relays-Untrusted =~ / rdns=relay\\.example\\.net /', ['A']],
  ['a function', 'body A eval:html_tag_exists("b")\nbody B eval:html_tag_exists("table")', ['A']],
  [
    'a function with a list',
    'freemail_domains example.com other.*\nheader A eval:check_freemail_from()\nheader B eval:check_freemail_header("Reply-To")',
    ['A'],
  ],
  [
    'conditions',
    'ifplugin Mail::SpamAssassin::Plugin::MIMEHeader\nbody A /Buy/\nelse\nbody B /Buy/\nendif\nif (version < 4)\nbody C /Buy/\nendif',
    ['A'],
  ],
  ['a comment and a number sign', 'body A /Buy/ # really\nbody B /x\\#|Buy/', ['A', 'B']],
];

for (const [name, rules, symbols] of table)
  for (const way of ways)
    test(`rules see ${name}: ${way}`, async () => {
      const result = await run(rules, { raw: mail, way });
      assert.deepEqual(result.symbols, symbols);
      assert.deepEqual(result.warnings, []);
    });

test('clients of our networks and with a login are trusted', async () => {
  const rules = 'header A eval:check_all_trusted()\nheader B X-Spam-Relays-External =~ /ip=/';
  const raw = 'From: a@example.com\n\nx\n';
  assert.deepEqual((await run(rules, { raw, way: 'authenticated' })).symbols, ['A']);
  assert.deepEqual((await run(rules, { raw, way: 'local' })).symbols, ['A']);
  assert.deepEqual((await run(rules, { raw })).symbols, ['B']);
});

test('findings of authentication answer functions', async () => {
  const rules = [
    'header A eval:check_for_spf_pass()',
    'full B eval:check_dkim_valid_author_sig()',
    'header C eval:check_dmarc_reject()',
    'header D eval:check_from_in_welcomelist()',
    'welcomelist_from *@example.com',
    'header E eval:check_for_spf_welcomelist_from()',
    'welcomelist_auth *@example.com',
  ].join('\n');
  const raw = 'From: a@example.com\n\nx\n';
  const spf = {
    result: 'pass',
    domain: 'example.com',
    identity: 'mailfrom',
    sender: 'sender@example.com',
    clientIp: undefined,
  } as const;
  const dkim = [{ result: 'pass', domain: 'example.com', selector: 's' }] as const;
  const { symbols } = await run(rules, { raw, authentication: { spf, dkim } });
  assert.deepEqual(symbols, ['A', 'B', 'D', 'E']);
  assert.deepEqual((await run(rules, { raw })).symbols, ['D']);
  const built = await buildCheck(spamassassin, { ruleset: ruleFile(rules) });
  assert.deepEqual(built.units[0]?.after, ['SPF_CHECK', 'DKIM_CHECK', 'DMARC_CHECK']);
  await built.close();
});

test('metas ask for symbols of others, and run after them', async () => {
  const built = await buildCheck(spamassassin, { ruleset: ruleFile('meta M BAYES_SPAM') });
  assert.deepEqual(built.units[0]?.after, ['BAYES_SPAM']);
  const hit = { name: 'BAYES_SPAM', score: 1, metricScore: 1, description: '', groups: [], options: [] };
  assert.deepEqual((await built.run({ hits: [hit] })).symbols, ['M']);
  assert.deepEqual((await built.run()).symbols, []);
  await built.close();
});

test('scores: one, four by set, relative, and what a rule counts without one', async () => {
  const rules = [
    ...['A', 'B', 'C', 'D', 'T_E', '__F'].map((name) => `body ${name} /Buy/`),
    'score A 2.5',
    'score B 1 2 3 4',
    'score C 1',
    'score C (0.5)',
    'tflags D nice',
    'describe A Wants you to buy',
  ].join('\n');
  const scores = async (set: number) => {
    const { declared } = await run(rules, { raw: mail }, { score_set: set });
    return Object.fromEntries(Array.from(declared, ([name, { score }]) => [name, score]));
  };
  assert.deepEqual(await scores(0), { A: 2.5, B: 1, C: 1.5, D: -1, T_E: 0.01 });
  assert.deepEqual(await scores(3), { A: 2.5, B: 4, C: 1.5, D: -1, T_E: 0.01 });
  const { declared } = await run(rules, { raw: mail });
  assert.deepEqual(declared.get('A'), {
    score: 2.5,
    description: 'Wants you to buy',
    groups: ['sa'],
    oneShot: true,
  });
});

test('rules with a score within alpha are parts of metas only', async () => {
  const rules = 'body A /Buy/\nscore A 0.5\nbody B /Buy/\nscore B 2\nmeta M A\nscore M 0.1';
  assert.deepEqual((await run(rules, { raw: mail }, { alpha: 0.9 })).symbols, ['B', 'M']);
  assert.deepEqual((await run(rules, { raw: mail })).symbols, ['A', 'B', 'M']);
});

test('patterns look at match_limit bytes of a text', async () => {
  const raw = `Subject: x\n\n${'a '.repeat(2_000)}needle\n`;
  assert.deepEqual((await run('body A /needle/', { raw })).symbols, ['A']);
  assert.deepEqual((await run('body A /needle/', { raw }, { match_limit: 1_000 })).symbols, []);
});

test('what cannot be used is named once, with the rules that are off', async () => {
  const rules = [
    'header A eval:check_rbl("zen", "zen.example.")',
    'header B eval:check_rbl("b", "b.example.")',
    'body C /(?:a+)+$/',
    'body D /a(?R)b/',
    'body E /ok/',
    'nonsense x',
    'ifplugin Mail::SpamAssassin::Plugin::PDFInfo',
    'body F eval:pdf_count(1, 2)',
    'endif',
    'meta M A || C || E',
    'score G 1 2',
    'header H X Y',
    'meta N (A',
    'body O eval:html_range("nothing", "0", "1")',
  ].join('\n');
  const file = String(files + 1);
  const { symbols, warnings } = await run(rules, { raw: 'Subject: x\n\nok\n' });
  assert.deepEqual(symbols, ['E', 'M']);
  const at = (line: number): string => `${join(folder, file)}.cf:${line}`;
  assert.deepEqual(
    warnings.map((warning) => warning.replace(/^: /, '')),
    [
      `${at(6)}: "nonsense" is not known; such lines are left out`,
      `${at(11)}: score G: one number or four are needed`,
      `${at(12)}: rule H: =~ or !~ with a pattern is missing`,
      'plugin Mail::SpamAssassin::Plugin::PDFInfo is not used (it is not known here): rule F left out',
      `${at(3)}: rule C runs bounded: the loop (?:a+)+ takes exponential time on some texts`,
      `${at(4)}: rule D is off: recursion is not supported`,
      `${at(13)}: rule N is off: parenthesis is not closed`,
      'function check_rbl (asks DNS; the module rbl does): rules A, B off',
      "function html_range('nothing') (not known): rule O off",
    ],
  );
});

test('a rule that takes too long is stopped, named in the log and off; the others still run', async () => {
  const log: LogLine[] = [];
  // Three times "any text": the time grows with the fourth power of the text.
  const rules = 'rawbody A /a.*b.*c.*d.*e.*f$/s\nrawbody B /needle/';
  const built = await buildCheck(
    spamassassin,
    { ruleset: ruleFile(rules), alpha: 0, match_limit: 1_000_000 },
    { log },
  );
  const raw = `Subject: x\n\n${'abcde'.repeat(700)} needle\n`;
  assert.deepEqual((await built.run({ raw })).symbols, ['B']);
  assert.deepEqual(
    log.filter(({ level }) => level === 'warn').map(({ fields }) => fields),
    [{ rule: 'A' }],
  );
  assert.deepEqual((await built.run({ raw })).symbols, ['B']);
  await built.close();
});

test('files of a glob, of a list and of other keys are one rule set; what comes later holds', async () => {
  const first = ruleFile('body A /Buy/\nscore A 1');
  const second = ruleFile('score A 3\nbody B /dear/');
  const third = ruleFile('body C /Second/');
  const built = await buildCheck(spamassassin, {
    base_ruleset: first,
    ruleset: [second, join(folder, 'none-*.cf')],
    own: third.replace(/\.cf$/, '.c?'),
    alpha: 0,
  });
  assert.deepEqual((await built.run({ raw: mail })).symbols, ['A', 'B', 'C']);
  assert.equal(built.declared.get('A')?.score, 3);
  assert.deepEqual(built.warnings, [`ruleset: no file matches ${join(folder, 'none-*.cf')}`]);
  await built.close();
});

test('without rules there is no check', async () => {
  const built = await buildCheck(spamassassin, {});
  assert.deepEqual(built.units, []);
  await built.close();
});
