import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildCheck, plainMessage, runCheck } from '../../../test/helpers/check-table.ts';
import type { Hit } from '../../core/index.ts';
import { contentModel } from './check.ts';

const phishing = [
  'From: "PayPal Security" <x81@mail-update.top>',
  'To: bob@example.net',
  'Subject: Urgent: your account has been suspended!',
  'Message-ID: <1@mail-update.top>',
  'MIME-Version: 1.0',
  'Content-Type: text/html; charset=utf-8',
  '',
  '<html><body><p>Dear customer,</p><p>We detected unusual activity and your account has been temporarily locked.',
  'Please verify your account within 24 hours, otherwise it will be permanently closed.</p>',
  '<p><a href="http://198.51.100.9/wp-content/login.php?e=bob@example.net">Click here to restore access</a></p>',
  '<p>PayPal security team</p></body></html>',
  '',
].join('\r\n');

const talk = [
  'From: Ann Hill <ann@example.com>',
  'To: Bob <bob@example.net>',
  'Subject: Re: minutes of Tuesday',
  'Message-ID: <2@example.com>',
  'In-Reply-To: <1@example.net>',
  'References: <1@example.net>',
  'User-Agent: Mozilla Thunderbird',
  '',
  'Hi Bob,',
  '',
  'thanks, I read the minutes yesterday and the second part looks fine to me. Could we move the next meeting to',
  'Thursday? Peter is travelling until then and I think he should be there when we talk about the budget.',
  '',
  'Regards',
  'Ann',
  '',
  '> I attach the minutes, let me know what you think.',
  '',
].join('\r\n');

const table: readonly (readonly [what: string, raw: string, symbols: readonly string[]])[] = [
  ['phishing', phishing, ['CONTENT_SPAM']],
  ['talk between colleagues', talk, ['CONTENT_HAM']],
  ['a greeting', plainMessage, []],
  ['nothing', 'From: a@example.com\r\n\r\n', []],
];
for (const [what, raw, symbols] of table) {
  test(`${what} gives ${symbols.join() || 'nothing'}, whichever way it goes`, async () => {
    for (const way of ['inbound', 'authenticated', 'local'] as const) {
      assert.deepEqual((await runCheck(contentModel, {}, { raw, way })).symbols, symbols);
    }
  });
}

test('the symbol tells the probability and what speaks for it, and counts at most in full', async () => {
  const { hits } = await runCheck(contentModel, { reasons: 6 }, { raw: phishing });
  const [hit] = hits;
  assert.ok(hit!.weight > 0.5 && hit!.weight <= 1);
  const [probability, ...reasons] = hit!.options;
  assert.ok(Number(probability) > 0.9);
  assert.equal(reasons.length, 6);
  assert.ok(reasons.includes('the sender’s name is a brand that its domain is not'), reasons.join('; '));
});

test('the surer the model must be, the less the symbol counts', async () => {
  const weigh = async (sure: number): Promise<number> =>
    (await runCheck(contentModel, { sure_probability: sure }, { raw: phishing })).hits[0]!.weight;
  assert.equal(await weigh(0.9), 1);
  assert.ok((await weigh(1 - 1e-12)) < 1);
});

const sign = (name: string, score: number, group: string): Hit => ({
  name,
  score,
  metricScore: score,
  description: undefined,
  groups: [group],
  options: [],
});

const offsets: readonly (readonly [what: string, hits: readonly Hit[], score: number | undefined])[] = [
  ['nothing', [], -1],
  ['a weak sign', [sign('SUBJECT_ENDS_QUESTION', 1, 'headers')], -2],
  ['weak signs', [sign('URL_NO_TLD', 2, 'url'), sign('SUBJECT_ENDS_QUESTION', 1, 'headers')], -3],
  ['many weak signs', [1, 2, 3, 4].map((number) => sign(`SIGN_${number}`, 2.5, 'html')), -3],
  ['what speaks for it', [sign('MAILLIST', -0.2, 'headers')], -1],
  ['a sign that is not about form', [sign('PHISHING', 2.5, 'phishing')], -1],
  ['a block list', [sign('DBL_SPAM', 6.5, 'surbl')], undefined],
  ['a virus beside weak signs', [sign('CLAM_VIRUS', 8, 'antivirus'), sign('X', 2, 'html')], undefined],
  ['a strong sign of form', [sign('BROKEN_HEADERS', 10, 'headers')], undefined],
];
for (const [what, hits, score] of offsets) {
  test(`beside ${what} honest content is worth ${score ?? 'nothing'}`, async () => {
    const run = await runCheck(
      contentModel,
      { sure_ham_probability: 0.2 },
      { raw: talk, hits, scores: { CONTENT_HAM: -3 } },
    );
    const [hit] = run.hits;
    assert.equal(hit && Math.round(hit.weight * -3000) / 1000, score);
  });
}

test('the less sure the model is, the less honest content is worth', async () => {
  const weigh = async (sure: number): Promise<number> =>
    (await runCheck(contentModel, { sure_ham_probability: sure }, { raw: talk, scores: { CONTENT_HAM: -3 } }))
      .hits[0]!.weight;
  assert.ok((await weigh(1e-12)) < (await weigh(0.2)));
});

test('short texts are never called honest', async () => {
  assert.deepEqual((await runCheck(contentModel, { ham_min_words: 400 }, { raw: talk })).symbols, []);
});

test('a way of mail can be left out', async () => {
  const options = { check_authed: false, reasons: 0 };
  assert.deepEqual(
    (await runCheck(contentModel, options, { raw: phishing, way: 'authenticated' })).symbols,
    [],
  );
  assert.equal(
    (await runCheck(contentModel, options, { raw: phishing, way: 'local' })).hits[0]!.options.length,
    1,
  );
});

test('probabilities out of order and files that are no model are refused', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-model-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'broken.model');
  writeFileSync(file, '{}');
  await assert.rejects(buildCheck(contentModel, { model: file }), /not a content model/);
  await assert.rejects(buildCheck(contentModel, { model: join(folder, 'absent') }), /ENOENT/);
  await assert.rejects(buildCheck(contentModel, { sure_probability: 0.5 }), /above spam_probability/);
  await assert.rejects(buildCheck(contentModel, { ham_probability: 0.7 }), /below spam_probability/);
  await assert.rejects(buildCheck(contentModel, { sure_ham_probability: 0.3 }), /below ham_probability/);
});
