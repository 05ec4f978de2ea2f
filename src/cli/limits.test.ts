import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgumentError } from 'commander';
import { parseUntil } from './limits.ts';
import { describeAudit, describeLimits } from './limits-text.ts';

const nowMs = Date.UTC(2026, 10, 22, 16, 0);

for (const [text, expected] of [
  ['90m', '2026-11-22T17:30:00.000Z'],
  ['2h', '2026-11-22T18:00:00.000Z'],
  ['3D', '2026-11-25T16:00:00.000Z'],
  ['1w', '2026-11-29T16:00:00.000Z'],
  ['2026-12-01', '2026-12-01T00:00:00.000Z'],
  ['2026-12-01T12:30+02:00', '2026-12-01T10:30:00.000Z'],
] as const)
  test(`until ${text} is ${expected}`, () => {
    assert.equal(new Date(parseUntil(text, nowMs)).toISOString(), expected);
  });

for (const text of ['', 'soon', '5', '5y', '-2h', '2026-13-01', '1'])
  test(`until "${text}" is no time`, () => {
    assert.throws(() => parseUntil(text, nowMs), InvalidArgumentError);
  });

test('a report says of each window what is used, what holds and why', () => {
  const exception = { id: '1a', owner: 'ops', reason: 'mailing', sinceMs: nowMs, untilMs: nowMs };
  const text = describeLimits({
    subject: '@x.example',
    domain: null,
    tenant: null,
    scopes: [
      {
        subject: '@x.example',
        role: 'pool',
        windows: [
          {
            counts: 'messages',
            window: 'hour',
            limit: 5,
            used: 2,
            pending: 0,
            source: 'exception',
            exception,
          },
          {
            counts: 'recipients',
            window: 'day',
            limit: null,
            used: 2,
            pending: 0,
            source: null,
            exception: null,
          },
        ],
      },
    ],
    exceptions: [],
  });
  assert.deepEqual(text.split('\n'), [
    '@x.example, all together',
    '                             used     limit  set by',
    '  messages per hour             2         5  exception until 2026-11-22 16:00:00 UTC by ops: mailing (1a)',
    '  recipients per day            2 unlimited  no level limits it',
    '',
    'no exceptions',
  ]);
});

test('without anything to tell there are words all the same', () => {
  assert.equal(describeLimits({ subject: 'a', domain: null, tenant: null, scopes: [] }), 'nothing limits it');
  assert.equal(describeAudit([]), 'no changes');
});
