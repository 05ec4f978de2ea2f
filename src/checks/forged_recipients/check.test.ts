import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildCheck, runCheck, type TestMessage } from '../../../test/helpers/check-table.ts';
import { forgedRecipients } from './check.ts';

const raw = (headers: Readonly<Record<string, string>>): string =>
  [
    ...Object.entries({ From: 'sender@example.com', ...headers }).map(([key, value]) => `${key}: ${value}`),
    '',
    'Hi',
    '',
  ].join('\n');

type Symbols = readonly string[];
const forged = ['FORGED_RECIPIENTS'];

/** One list: the same for every way. */
const table: readonly {
  name: string;
  message: TestMessage;
  symbols: Symbols | Readonly<Record<'inbound' | 'authenticated' | 'local', Symbols>>;
}[] = [
  { name: 'a plain message', message: {}, symbols: [] },
  { name: 'a recipient in another case', message: { rcpts: ['RCPT@Example.ORG'] }, symbols: [] },
  { name: 'a recipient elsewhere', message: { rcpts: ['hidden@else.example'] }, symbols: forged },
  {
    name: 'a hidden copy besides a named recipient',
    message: { rcpts: ['rcpt@example.org', 'hidden@else.example'] },
    symbols: [],
  },
  {
    name: 'a hidden copy while one of two in To is not a recipient',
    message: {
      rcpts: ['rcpt@example.org', 'hidden@else.example'],
      raw: raw({ To: 'rcpt@example.org, a@third.example' }),
    },
    symbols: forged,
  },
  { name: 'a recipient of the same domain', message: { rcpts: ['list@example.org'] }, symbols: [] },
  { name: 'mail to the sender', message: { rcpts: ['sender@example.com'] }, symbols: [] },
  { name: 'mail without To and Cc', message: { rcpts: ['a@else.example'], raw: raw({}) }, symbols: [] },
  {
    name: 'an empty message',
    message: { rcpts: ['a@else.example'], raw: raw({ To: 'undisclosed-recipients:;' }) },
    symbols: [],
  },
  {
    name: 'Delivered-To that names the address of To',
    message: {
      rcpts: ['a@else.example'],
      raw: raw({ To: 'old@third.example', 'Delivered-To': 'old@third.example' }),
    },
    symbols: [],
  },
  {
    name: 'Cc that names the recipient',
    message: { rcpts: ['a@else.example'], raw: raw({ To: 'x@third.example', Cc: 'A <a@else.example>' }) },
    symbols: [],
  },
  {
    name: 'another sender',
    message: { from: 'bounce@lists.example' },
    symbols: ['FORGED_SENDER'],
  },
  { name: 'a null sender', message: { from: '' }, symbols: [] },
  { name: 'no From', message: { raw: 'To: rcpt@example.org\n\nHi\n' }, symbols: ['FORGED_SENDER'] },
  { name: 'a tagged sender', message: { from: 'sender+x@example.com' }, symbols: ['FORGED_SENDER'] },
  {
    name: 'the login as the recipient',
    message: {
      from: 'else@third.example',
      rcpts: ['sender@example.com'],
      raw: raw({ From: 'else@third.example', To: 'rcpt@example.org' }),
    },
    symbols: { inbound: forged, authenticated: [], local: forged },
  },
  {
    name: 'the login as the address in To',
    message: {
      from: 'else@third.example',
      rcpts: ['a@else.example'],
      raw: raw({ From: 'else@third.example', To: 'sender@example.com' }),
    },
    symbols: { inbound: forged, authenticated: [], local: forged },
  },
];

for (const { name, message, symbols } of table) {
  for (const way of ['inbound', 'authenticated', 'local'] as const) {
    const expected = Array.isArray(symbols) ? symbols : (symbols as Record<typeof way, Symbols>)[way];
    test(`${way} mail with ${name} gives exactly ${expected.join(', ') || 'nothing'}`, async () => {
      const run = await runCheck(forgedRecipients, {}, { ...message, way });
      assert.deepEqual(run.symbols, expected);
    });
  }
}

test('options name what has no counterpart', async () => {
  const { hits } = await runCheck(
    forgedRecipients,
    {},
    { rcpts: ['Hidden@else.example'], from: 'b@lists.example' },
  );
  assert.deepEqual(hits, [
    { symbol: 'FORGED_RECIPIENTS', weight: 1, options: ['m:rcpt@example.org', 's:hidden@else.example'] },
    { symbol: 'FORGED_SENDER', weight: 1, options: ['sender@example.com', 'b@lists.example'] },
  ]);
});

test('only a hundred addresses of each side are compared', async () => {
  const rcpts = Array.from({ length: 150 }, (_, i) => `r${i}@x${i}.example`);
  const to = Array.from({ length: 150 }, (_, i) => `t${i}@y${i}.example`).join(', ');
  const { hits } = await runCheck(forgedRecipients, {}, { rcpts: [...rcpts], raw: raw({ To: to }) });
  assert.equal(hits[0]?.options.length, 40);
  const late = await runCheck(
    forgedRecipients,
    {},
    { rcpts: [...rcpts.slice(0, 120), 'z@z.example'], raw: raw({ To: [...rcpts.slice(0, 120)].join(', ') }) },
  );
  assert.deepEqual(late.symbols, []);
});

test('symbols may have other names', async () => {
  const check = await buildCheck(forgedRecipients, { symbol_sender: 'S', symbol_rcpt: 'R' });
  const run = await check.run({ from: 'b@lists.example', rcpts: ['a@else.example'] });
  await check.close();
  assert.deepEqual(run.symbols, ['R', 'S']);
});
