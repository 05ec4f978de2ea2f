import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readRecord } from './record.ts';
import { parseReportUris } from './report-uri.ts';

const found = (text: string) => {
  const reading = readRecord(text);
  assert.equal(reading?.status, 'found');
  return reading.record;
};

test('a record with every tag is read', () => {
  assert.deepEqual(
    found(
      'v=DMARC1; p=quarantine; sp=reject; np=reject; adkim=s; aspf=r; pct=42; fo=1:d; ri=3600; ' +
        'rua=mailto:a@example.com!10m,mailto:b@example.org; ruf=mailto:c@example.com',
    ),
    {
      policy: 'quarantine',
      subdomainPolicy: 'reject',
      absentPolicy: 'reject',
      spfAlignment: 'relaxed',
      dkimAlignment: 'strict',
      percent: 42,
      failureOptions: '1:d',
      rua: [
        { address: 'a@example.com', domain: 'example.com', maxBytes: 10 * 1024 ** 2 },
        { address: 'b@example.org', domain: 'example.org', maxBytes: undefined },
      ],
      ruf: [{ address: 'c@example.com', domain: 'example.com', maxBytes: undefined }],
      ruaText: 'mailto:a@example.com!10m,mailto:b@example.org',
    },
  );
});

test('what is missing or cannot be read has its default', () => {
  for (const text of [
    'v=DMARC1; p=reject',
    'v = DMARC1 ; P=Reject ; ',
    'v=DMARC1; p=reject; adkim=x; aspf=; pct=101; rubbish; =; x=y; rua=http://example.com/',
    'v=DMARC1; p=reject; p=none; pct=-5',
  ]) {
    const record = found(text);
    assert.equal(record.policy, 'reject', text);
    assert.equal(record.subdomainPolicy, 'reject');
    assert.equal(record.percent, 100);
    assert.deepEqual([record.spfAlignment, record.dkimAlignment, record.rua], ['relaxed', 'relaxed', []]);
  }
});

test('what is no policy of this version is something else', () => {
  for (const text of [
    '',
    'v=spf1 -all',
    'v=DMARC2; p=none',
    'v=dmarc1; p=none',
    'p=none; v=DMARC1',
    'v=DMARC1 p=none',
  ])
    assert.equal(readRecord(text), undefined, text);
});

test('a policy that cannot be used counts as none where reports are asked for, and else is malformed', () => {
  assert.deepEqual(readRecord('v=DMARC1'), { status: 'malformed', reason: 'no p tag' });
  assert.deepEqual(readRecord('v=DMARC1; p=block'), {
    status: 'malformed',
    reason: 'p tag has invalid value',
  });
  assert.deepEqual(readRecord('v=DMARC1; p=reject; sp=block'), {
    status: 'malformed',
    reason: 'sp tag has invalid value',
  });
  for (const text of ['v=DMARC1', 'v=DMARC1; p=block', 'v=DMARC1; p=reject; sp=block']) {
    const record = found(`${text}; rua=mailto:a@example.com`);
    assert.deepEqual([record.policy, record.subdomainPolicy], ['none', 'none']);
  }
});

test('addresses of reports: sizes, percent-encoding, headers of mailto, and what is left out', () => {
  const read = (value: string) => parseReportUris(value).map(({ address, maxBytes }) => [address, maxBytes]);
  assert.deepEqual(read('MAILTO:A@Example.COM!2K'), [['A@example.com', 2048]]);
  assert.deepEqual(read('mailto:a%2Bb@example.com?subject=x!1g'), [['a+b@example.com', 1024 ** 3]]);
  assert.deepEqual(read('mailto:a@example.com!77'), [['a@example.com', 77]]);
  assert.deepEqual(read('mailto:a@example.com, mailto:a@example.com'), [['a@example.com', undefined]]);
  for (const bad of [
    'https://example.com/report',
    'a@example.com',
    'mailto:',
    'mailto:@example.com',
    'mailto:a@',
    'mailto:a@example.com!10x',
    'mailto:a%0d%0aX:@example.com',
    'mailto:a%ff@example.com',
    'mailto:<a@example.com>',
  ])
    assert.deepEqual(read(bad), [], bad);
  assert.equal(read(Array.from({ length: 50 }, (_, i) => `mailto:a${i}@example.com`).join(',')).length, 10);
});

test('any text gives a reading, and what is found keeps its promises', () => {
  const tag = fc.constantFrom('p', 'sp', 'np', 'adkim', 'aspf', 'pct', 'rua', 'ruf', 'fo', 'x');
  const value = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('none', 'reject', 's', '50', 'mailto:a@example.com!5k', 'mailto:%00@x,mailto:y@z'),
  );
  const tags = fc
    .array(fc.tuple(tag, value), { maxLength: 8 })
    .map((pairs) => `v=DMARC1;${pairs.map(([name, text]) => `${name}=${text}`).join(';')}`);
  fc.assert(
    fc.property(fc.oneof(tags, fc.string({ unit: 'binary' })), (text) => {
      const reading = readRecord(text);
      if (reading?.status !== 'found') return;
      const { record } = reading;
      assert.ok(['none', 'quarantine', 'reject'].includes(record.policy));
      assert.ok(Number.isInteger(record.percent) && record.percent >= 0 && record.percent <= 100);
      for (const { address, maxBytes } of [...record.rua, ...record.ruf]) {
        assert.match(address, /^[^\s<>]+@[a-z0-9._-]+$/);
        assert.ok(maxBytes === undefined || maxBytes >= 0);
      }
    }),
    { numRuns: 400 },
  );
});
