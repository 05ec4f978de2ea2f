import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCheck, type Way } from '../../../test/helpers/check-table.ts';
import { chartable } from './check.ts';

const ways: readonly Way[] = ['inbound', 'authenticated', 'local'];

interface Row {
  readonly name: string;
  readonly body?: string;
  readonly subject?: string;
  readonly from?: string;
  readonly config?: Record<string, unknown>;
  readonly hits: readonly (readonly [string, number, ...string[]])[];
}

const table: readonly Row[] = [
  { name: 'plain text', body: 'Hello.', hits: [] },
  { name: 'honest Russian with Latin words', body: 'Привет от Postern и друзей', hits: [] },
  { name: 'honest Japanese with Latin letters', body: 'Wi-Fiを使うPC向けのメール', hits: [] },
  { name: 'honest French', body: 'Été à Orléans, naïve œuvre', hits: [] },
  { name: 'units', body: '5 µm 10 Ω', hits: [] },
  { name: 'half of the words mixed', body: 'pаy now', hits: [['R_MIXED_CHARSET', 1]] },
  {
    name: 'two changes in eight words',
    body: 'pаy one two three four five six seven',
    hits: [['R_MIXED_CHARSET', 0.25]],
  },
  {
    name: 'the same under a higher threshold',
    body: 'pаy one two three four five six seven',
    config: { threshold: 0.3 },
    hits: [],
  },
  { name: 'a long word', body: 'supercаlifragilistic', hits: [] },
  {
    name: 'a long word that is allowed',
    body: 'supercаlifragilistic',
    config: { max_word_len: 30 },
    hits: [['R_MIXED_CHARSET', 1]],
  },
  { name: 'a mixed subject', subject: 'Pаypаl', hits: [['R_MIXED_CHARSET', 1, 'subject']] },
  { name: 'a mixed name', from: 'Pаypаl <a@example.com>', hits: [['R_MIXED_CHARSET', 1, 'from']] },
  {
    name: 'a mixed host',
    body: 'see http://xn--pypal-4ve.com/',
    hits: [['R_MIXED_CHARSET_URL', 1, 'xn--pypal-4ve.com']],
  },
  { name: 'an honest IDN', body: 'see http://bücher.de/ http://пример.рф/', hits: [] },
  {
    name: 'other symbols',
    body: 'pаy http://xn--pypal-4ve.com/',
    config: { symbol: 'A', url_symbol: 'B' },
    hits: [
      ['A', 1 / 3],
      ['B', 1, 'xn--pypal-4ve.com'],
    ],
  },
];

for (const { name, body = 'Hello.', subject = 'x', from = 'a@example.com', config = {}, hits } of table) {
  for (const way of ways) {
    test(`${name}, ${way}: ${hits.length} symbols`, async () => {
      const raw = `From: ${from}\nSubject: ${subject}\nContent-Type: text/plain; charset=utf-8\n\n${body}\n`;
      const run = await runCheck(chartable, config, { raw, way });
      assert.deepEqual(
        run.hits,
        hits.map(([symbol, weight, ...options]) => ({ symbol, weight, options })),
      );
    });
  }
}
