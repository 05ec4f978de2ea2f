import { createHash } from 'node:crypto';
import type { CountedRow, DmarcRecord } from '../auth/dmarc/index.ts';

/** What an aggregate report says. */
export interface AggregateReport {
  readonly reporter: {
    readonly organization: string;
    readonly email: string;
    /** Domain that reports. */
    readonly domain: string;
  };
  readonly policyDomain: string;
  readonly record: DmarcRecord;
  /** `YYYYMMDD`, UTC. */
  readonly day: string;
  readonly rows: readonly CountedRow[];
}

/** Begin and end of a day in seconds since 1970, both included. */
export function dayRange(day: string): { readonly begin: number; readonly end: number } {
  const iso = `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6, 8)}T00:00:00Z`;
  const begin = Date.parse(iso) / 1000;
  return { begin, end: begin + 86_399 };
}

/** The same for every attempt, so that a receiver sees that a report came twice (RFC 7489 7.2). */
export function reportId({ reporter, policyDomain, day }: AggregateReport): string {
  const digest = createHash('sha256').update(`${reporter.domain}\n${policyDomain}\n${day}`).digest('hex');
  return `${day}.${digest.slice(0, 24)}`;
}

function escaped(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd]/g, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

const element = (name: string, text: string | number): string =>
  `<${name}>${escaped(String(text))}</${name}>`;
const passOrFail = (isPass: boolean): string => (isPass ? 'pass' : 'fail');

function recordElement({ row, count }: CountedRow): string {
  const signatures = (['pass', 'fail', 'temperror', 'permerror'] as const).flatMap((result) =>
    row.dkim[result].map(
      (domain) => `      <dkim>${element('domain', domain)}${element('result', result)}</dkim>`,
    ),
  );
  return [
    '  <record>',
    '    <row>',
    `      ${element('source_ip', row.ip)}`,
    `      ${element('count', count)}`,
    '      <policy_evaluated>',
    `        ${element('disposition', row.disposition)}`,
    `        ${element('dkim', passOrFail(row.isDkimAligned))}`,
    `        ${element('spf', passOrFail(row.isSpfAligned))}`,
    ...(row.isSampledOut ? [`        <reason>${element('type', 'sampled_out')}</reason>`] : []),
    '      </policy_evaluated>',
    '    </row>',
    '    <identifiers>',
    // The rows do not tell whether SPF went by MAIL FROM or by HELO; the schema wants a value all the same.
    `      ${element('envelope_from', row.spfDomain)}`,
    `      ${element('header_from', row.fromDomain)}`,
    '    </identifiers>',
    '    <auth_results>',
    ...signatures,
    `      <spf>${element('domain', row.spfDomain)}${element('scope', 'mfrom')}${element('result', row.spfResult)}</spf>`,
    '    </auth_results>',
    '  </record>',
  ].join('\n');
}

const letter = (alignment: DmarcRecord['spfAlignment']): string => (alignment === 'strict' ? 's' : 'r');

/**
 * The report as XML (RFC 7489 appendix C). Elements are in no namespace, as receivers expect it and as the schema's
 * own elements are.
 */
export function aggregateXml(report: AggregateReport): string {
  const { reporter, policyDomain, record, day, rows } = report;
  const { begin, end } = dayRange(day);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<feedback>',
    `  ${element('version', '1.0')}`,
    '  <report_metadata>',
    `    ${element('org_name', reporter.organization)}`,
    `    ${element('email', reporter.email)}`,
    `    ${element('report_id', reportId(report))}`,
    `    <date_range>${element('begin', begin)}${element('end', end)}</date_range>`,
    '  </report_metadata>',
    '  <policy_published>',
    `    ${element('domain', policyDomain)}`,
    `    ${element('adkim', letter(record.dkimAlignment))}`,
    `    ${element('aspf', letter(record.spfAlignment))}`,
    `    ${element('p', record.policy)}`,
    `    ${element('sp', record.subdomainPolicy)}`,
    `    ${element('pct', record.percent)}`,
    `    ${element('fo', record.failureOptions)}`,
    '  </policy_published>',
    ...rows.map(recordElement),
    '</feedback>',
    '',
  ].join('\n');
}
