import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { schemaErrors, xmllintMissing } from '../../test/helpers/xmllint.ts';
import { parseMessage } from '../mime/index.ts';
import { type AggregateReport, aggregateXml, dayRange, reportId } from './aggregate-xml.ts';
import { packReport, reportMail } from './report-mail.ts';

const report: AggregateReport = {
  reporter: { organization: 'Example & Söhne <GmbH>', email: 'dmarc@example.net', domain: 'example.net' },
  policyDomain: 'example.com',
  record: {
    policy: 'reject',
    subdomainPolicy: 'quarantine',
    absentPolicy: undefined,
    spfAlignment: 'strict',
    dkimAlignment: 'relaxed',
    percent: 50,
    failureOptions: '1:d',
    rua: [],
    ruf: [],
    ruaText: '',
  },
  day: '20260102',
  rows: [
    {
      count: 3,
      row: {
        ip: '2001:db8::1',
        isSpfAligned: true,
        isDkimAligned: false,
        disposition: 'quarantine',
        isSampledOut: true,
        fromDomain: 'news.example.com',
        dkim: {
          pass: ['example.org'],
          fail: ['a.example'],
          temperror: ['b.example'],
          permerror: ['c.example'],
        },
        spfDomain: 'bounce.example.com',
        spfResult: 'pass',
      },
    },
    {
      count: 1,
      row: {
        ip: '192.0.2.1',
        isSpfAligned: false,
        isDkimAligned: false,
        disposition: 'none',
        isSampledOut: false,
        fromDomain: 'example.com',
        dkim: { pass: [], fail: [], temperror: [], permerror: [] },
        spfDomain: '',
        spfResult: 'permerror',
      },
    },
  ],
};

test('a report says who, what policy, and what came of each kind of message', () => {
  const flat = aggregateXml(report).replaceAll(/>\s+</g, '><');
  for (const part of [
    '<org_name>Example &amp; Söhne &lt;GmbH&gt;</org_name><email>dmarc@example.net</email>',
    `<report_id>${reportId(report)}</report_id><date_range><begin>1767312000</begin><end>1767398399</end></date_range>`,
    '<domain>example.com</domain><adkim>r</adkim><aspf>s</aspf><p>reject</p><sp>quarantine</sp><pct>50</pct><fo>1:d</fo>',
    '<row><source_ip>2001:db8::1</source_ip><count>3</count><policy_evaluated><disposition>quarantine</disposition>' +
      '<dkim>fail</dkim><spf>pass</spf><reason><type>sampled_out</type></reason></policy_evaluated></row>',
    '<identifiers><envelope_from>bounce.example.com</envelope_from><header_from>news.example.com</header_from></identifiers>',
    '<auth_results><dkim><domain>example.org</domain><result>pass</result></dkim><dkim><domain>a.example</domain>' +
      '<result>fail</result></dkim><dkim><domain>b.example</domain><result>temperror</result></dkim><dkim><domain>c.example' +
      '</domain><result>permerror</result></dkim><spf><domain>bounce.example.com</domain><scope>mfrom</scope>' +
      '<result>pass</result></spf></auth_results>',
  ])
    assert.ok(flat.includes(part), part);
});

test('every attempt has the same id, every day and domain another', () => {
  assert.equal(reportId(report), reportId({ ...report, rows: [] }));
  assert.notEqual(reportId(report), reportId({ ...report, day: '20260103' }));
  assert.notEqual(reportId(report), reportId({ ...report, policyDomain: 'example.org' }));
  assert.deepEqual(dayRange('20261231'), {
    begin: Date.UTC(2026, 11, 31) / 1000,
    end: Date.UTC(2027, 0, 1) / 1000 - 1,
  });
});

describe('the schema of RFC 7489', { skip: xmllintMissing() }, () => {
  test('holds for a report', () => {
    assert.equal(schemaErrors(aggregateXml(report)), '');
  });

  test('does not hold for something else', () => {
    assert.match(schemaErrors(aggregateXml({ ...report, rows: [] })), /feedback/);
  });

  test('holds whatever the organization is called', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (organization) => {
        const xml = aggregateXml({ ...report, reporter: { ...report.reporter, organization } });
        assert.equal(schemaErrors(xml), '');
      }),
      { numRuns: 25 },
    );
  });
});

test('the mail carries the compressed report under its name', () => {
  const packed = packReport(report);
  const bytes = reportMail(report, packed, {
    fromName: 'Süd, Mail',
    messageIdDomain: 'mx.example.net',
    recipients: ['r@example.com', 's@example.com'],
    nowMs: Date.UTC(2026, 0, 3, 4, 5, 6),
  });
  const message = parseMessage(bytes);
  assert.deepEqual(message.defects, []);
  const header = (name: string) => message.headers.first(name)?.value;
  assert.equal(header('from'), 'Süd, Mail <dmarc@example.net>');
  assert.equal(header('to'), '<r@example.com>, <s@example.com>');
  assert.equal(
    header('subject'),
    `Report Domain: example.com Submitter: example.net Report-ID: <${reportId(report)}@example.net>`,
  );
  assert.equal(header('date'), 'Sat, 03 Jan 2026 04:05:06 +0000');
  assert.match(header('message-id') ?? '', /^<[0-9a-f]{32}@mx\.example\.net>$/);
  assert.equal(header('auto-submitted'), 'auto-generated');
  const [, text, attachment] = message.parts;
  assert.match(text!.text(), /DMARC aggregate report about example\.com, sent by Example & Söhne <GmbH>/);
  assert.equal(attachment?.contentType, 'application/gzip');
  assert.equal(attachment?.fileName, 'example.net!example.com!1767312000!1767398399.xml.gz');
  assert.equal(gunzipSync(attachment!.decoded()).toString(), aggregateXml(report));
  assert.ok(
    bytes
      .toString()
      .split('\r\n')
      .every((line) => line.length <= 998 && !line.includes('\n')),
  );
});
