import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  buildCheck,
  type LogLine,
  plainMessage,
  runCheck,
  type TestMessage,
} from '../../../test/helpers/check-table.ts';
import type { DkimOutcome, Hit } from '../../core/index.ts';
import { mid } from './check.ts';

const source = {
  data: ['odd.example /^<?[0-9]+-odd>?$/i', 'none.example', 'broken.example /(/', 'both.example /@never$/'],
};
const allow: Hit = {
  name: 'R_DKIM_ALLOW',
  score: -0.2,
  metricScore: -0.2,
  description: undefined,
  groups: [],
  options: [],
};
const signed = (...domains: readonly string[]): readonly DkimOutcome[] =>
  domains.map((domain) => ({ result: 'pass', domain, selector: 's' }));
const withId = (id: string): string => plainMessage.replace('<1@example.com>', id);
const withoutId = plainMessage.replace(/Message-ID:.*\r\n/, '');

const table: readonly [
  name: string,
  raw: string,
  dkim: readonly DkimOutcome[] | undefined,
  expected: readonly string[],
][] = [
  ['a Message-ID of the habit', withId('<77-ODD>'), signed('odd.example'), ['KNOWN_MID odd.example:s=s']],
  ['another Message-ID', withId('<x@y>'), signed('odd.example'), []],
  ['no Message-ID where one is made', withoutId, signed('odd.example'), []],
  ['no Message-ID by habit', withoutId, signed('none.example'), ['KNOWN_NO_MID none.example:s=s']],
  ['a Message-ID against the habit', plainMessage, signed('none.example'), []],
  [
    'the second of two signers',
    withoutId,
    signed('both.example', 'none.example'),
    ['KNOWN_NO_MID none.example:s=s'],
  ],
  ['a domain that is not listed', withoutId, signed('example.com'), []],
  ['an expression that is none', plainMessage, signed('broken.example'), []],
  ['a signature that fails', withoutId, [{ result: 'fail', domain: 'none.example', selector: 's' }], []],
  ['no signature', withoutId, [], []],
  ['signatures that were not checked', withoutId, undefined, []],
];

for (const [name, raw, dkim, expected] of table) {
  test(`mail with ${name}: ${expected.join() || 'nothing'}, whichever way it goes`, async () => {
    for (const way of ['inbound', 'authenticated', 'local'] as const) {
      const message: TestMessage = { raw, way, hits: [allow], authentication: dkim ? { dkim } : {} };
      const { hits } = await runCheck(mid, { source }, message);
      assert.deepEqual(
        hits.map(({ symbol, options }) => `${symbol} ${options.join()}`),
        expected,
      );
    }
  });
}

test('symbols can be named, and without the symbol of DKIM nothing is looked at', async () => {
  const message: TestMessage = {
    raw: withoutId,
    hits: [allow],
    authentication: { dkim: signed('none.example') },
  };
  const run = async (config: Readonly<Record<string, unknown>>): Promise<readonly string[]> =>
    (await runCheck(mid, { source, ...config }, message)).symbols;
  assert.deepEqual(await run({ symbol_known_no_mid: 'HABIT' }), ['HABIT']);
  assert.deepEqual(await run({ symbol_dkim_allow: 'OTHER' }), []);
});

test('a bad expression of the list is told once', async () => {
  const log: LogLine[] = [];
  const built = await buildCheck(mid, { source }, { log });
  const message: TestMessage = { hits: [allow], authentication: { dkim: signed('broken.example') } };
  await built.run(message);
  await built.run(message);
  assert.equal(log.filter(({ level }) => level === 'warn').length, 1);
  await built.close();
});

test('without a list there is nothing to run', async () => {
  const built = await buildCheck(mid, {});
  assert.deepEqual(built.units, []);
  await built.close();
});
