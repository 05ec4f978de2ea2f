import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCheck } from '../../../test/helpers/check-table.ts';
import { maillist } from './check.ts';

const list = {
  'List-Id': 'Talk <talk.example.org>',
  'List-Post': '<mailto:talk@example.org>',
  'List-Help': '<mailto:talk-request@example.org>',
};

const table: readonly {
  name: string;
  headers: Readonly<Record<string, string>>;
  hit: readonly [weight: number, software: string] | undefined;
}[] = [
  { name: 'no sign', headers: {}, hit: undefined },
  { name: 'a newsletter’s link', headers: { 'List-Unsubscribe': '<https://x.example/>' }, hit: undefined },
  { name: 'List-Id alone', headers: { 'List-Id': '<x.example>' }, hit: undefined },
  {
    name: 'everything but List-Id',
    headers: {
      'List-Archive': '<x>',
      'List-Owner': '<x>',
      'List-Help': '<x>',
      'List-Post': '<x>',
      'X-Loop': 'x',
      Precedence: 'list',
    },
    hit: undefined,
  },
  {
    name: 'List-Id and Precedence',
    headers: { 'List-Id': '<x.example>', Precedence: 'bulk' },
    hit: [0.5, 'generic'],
  },
  {
    name: 'List-Id and another Precedence',
    headers: { 'List-Id': '<x.example>', Precedence: 'Bulk' },
    hit: undefined,
  },
  { name: 'List-Id and two more', headers: list, hit: [0.5, 'generic'] },
  {
    name: 'every sign',
    headers: {
      ...list,
      'List-Archive': '<x>',
      'List-Owner': '<x>',
      'List-Subscribe': '<x>',
      'List-Unsubscribe': '<x>',
      'X-Loop': 'x',
      Precedence: 'list',
    },
    hit: [1.0625, 'generic'],
  },
  {
    name: 'ezmlm’s header',
    headers: { ...list, 'Mailing-List': 'contact talk-help@example.org; run by ezmlm' },
    hit: [1, 'ezmlm'],
  },
  {
    name: 'Mailman’s version',
    headers: { ...list, 'X-Mailman-Version': '2.1.39', 'X-BeenThere': 'talk@example.org' },
    hit: [1, 'mailman'],
  },
  { name: 'Google’s loop mark', headers: { ...list, 'X-Google-Loop': 'groups' }, hit: [1, 'googlegroups'] },
  {
    name: 'CommuniGate’s mark',
    headers: { ...list, 'X-ListServer': 'CommuniGate Pro LIST 6.2' },
    hit: [1, 'cgp'],
  },
  { name: 'Mailman’s version alone', headers: { 'X-Mailman-Version': '2.1.39' }, hit: undefined },
];

for (const { name, headers, hit } of table) {
  for (const way of ['inbound', 'authenticated', 'local'] as const) {
    test(`${way} mail with ${name} is ${hit ? hit[1] : 'no list'}`, async () => {
      const lines = Object.entries(headers).map(([key, value]) => `${key}: ${value}`);
      const raw = ['From: a@example.com', ...lines, '', 'Hi', ''].join('\n');
      const run = await runCheck(maillist, {}, { raw, way });
      assert.deepEqual(run.hits, hit ? [{ symbol: 'MAILLIST', weight: hit[0], options: [hit[1]] }] : []);
    });
  }
}

test('the symbol may have another name', async () => {
  const raw = ['List-Id: <x.example>', 'Precedence: list', '', 'Hi', ''].join('\n');
  const run = await runCheck(maillist, { symbol: 'A_LIST' }, { raw });
  assert.deepEqual(run.symbols, ['A_LIST']);
});
