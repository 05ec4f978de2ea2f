import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DkimOutcome, SpfOutcome } from '../../core/index.ts';
import { parseIp } from '../../lib/index.ts';
import { evaluateAlignment, sampledOut } from './evaluate.ts';

const spfOf = (result: SpfOutcome['result'], domain: string): SpfOutcome => ({
  result,
  domain,
  identity: 'mailfrom',
  sender: `a@${domain}`,
  clientIp: parseIp('192.0.2.1')!,
});
const dkimOf = (result: DkimOutcome['result'], domain: string): DkimOutcome => ({
  result,
  domain,
  selector: 's',
});
const relaxed = { spfAlignment: 'relaxed', dkimAlignment: 'relaxed' } as const;
const strict = { spfAlignment: 'strict', dkimAlignment: 'strict' } as const;

const cases = [
  { spf: 'pass example.com', dkim: [], record: strict, gives: 'spf', reasons: 'No valid DKIM' },
  { spf: 'pass b.example.com', dkim: [], record: relaxed, gives: 'spf', reasons: 'No valid DKIM' },
  {
    spf: 'pass b.example.com',
    dkim: ['pass b.example.com'],
    record: strict,
    gives: 'fail',
    reasons: 'SPF not aligned (strict), DKIM not aligned (strict)',
  },
  {
    spf: 'pass example.org',
    dkim: ['pass Example.com', 'fail example.com'],
    record: relaxed,
    gives: 'dkim',
    reasons: 'SPF not aligned (relaxed)',
  },
  {
    spf: 'fail example.com',
    dkim: [],
    record: relaxed,
    gives: 'fail',
    reasons: 'No valid SPF, No valid DKIM',
  },
  {
    spf: 'fail example.com',
    dkim: ['fail example.com'],
    record: relaxed,
    gives: 'fail',
    reasons: 'No valid SPF',
  },
  {
    spf: 'temperror example.com',
    dkim: [],
    record: relaxed,
    gives: 'temporary',
    reasons: 'No valid SPF, No valid DKIM',
  },
  {
    spf: 'temperror example.org',
    dkim: [],
    record: relaxed,
    gives: 'fail',
    reasons: 'No valid SPF, No valid DKIM',
  },
  {
    spf: 'none example.com',
    dkim: ['temperror a.example.com'],
    record: relaxed,
    gives: 'temporary',
    reasons: 'No valid SPF',
  },
  {
    spf: 'none example.com',
    dkim: ['temperror a.example.com'],
    record: strict,
    gives: 'fail',
    reasons: 'No valid SPF',
  },
  {
    spf: 'pass co.uk',
    dkim: ['pass com'],
    record: relaxed,
    gives: 'fail',
    reasons: 'SPF not aligned (relaxed), DKIM not aligned (relaxed)',
  },
] as const;

for (const { spf, dkim, record, gives, reasons } of cases) {
  test(`SPF ${spf}, DKIM ${dkim.join(' and ') || 'none'}, ${record.spfAlignment}: ${gives}`, () => {
    const [result, domain] = spf.split(' ') as [SpfOutcome['result'], string];
    const signatures = dkim.map((text) => {
      const [outcome, signer] = text.split(' ') as [DkimOutcome['result'], string];
      return dkimOf(outcome, signer);
    });
    const found = evaluateAlignment(record, 'example.com', spfOf(result, domain), signatures);
    const word = found.isSpfAligned
      ? 'spf'
      : found.isDkimAligned
        ? 'dkim'
        : found.isTemporary
          ? 'temporary'
          : 'fail';
    assert.deepEqual([word, found.reasons.join(', ')], [gives, reasons]);
  });
}

test('outside of pct the next weaker policy holds', () => {
  assert.deepEqual(
    ['reject', 'quarantine', 'none'].map((word) => sampledOut(word as 'none')),
    ['quarantine', 'none', 'none'],
  );
});
