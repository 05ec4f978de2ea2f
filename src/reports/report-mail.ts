import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { displayName } from '../smtp/index.ts';
import { type AggregateReport, aggregateXml, dayRange, reportId } from './aggregate-xml.ts';

/** A report, ready to be put into mails. */
export interface PackedReport {
  readonly fileName: string;
  readonly id: string;
  readonly compressed: Buffer;
}

/** The compressed report under its name (RFC 7489 7.2.1.1). */
export function packReport(report: AggregateReport): PackedReport {
  const { begin, end } = dayRange(report.day);
  return {
    fileName: `${report.reporter.domain}!${report.policyDomain}!${begin}!${end}.xml.gz`,
    id: reportId(report),
    compressed: gzipSync(aggregateXml(report), { level: 9 }),
  };
}

export interface ReportMailHead {
  readonly fromName: string;
  /** What follows the `@` of the Message-ID. */
  readonly messageIdDomain: string;
  readonly recipients: readonly string[];
  readonly nowMs: number;
}

/** The mail that carries a report, with CRLF (RFC 7489 7.2.1.1). */
export function reportMail(report: AggregateReport, packed: PackedReport, head: ReportMailHead): Buffer {
  const { reporter, policyDomain } = report;
  const boundary = `=_${randomBytes(16).toString('hex')}`;
  const { begin, end } = dayRange(report.day);
  const lines = [
    `From: ${displayName(head.fromName)} <${reporter.email}>`,
    `To: ${head.recipients.map((address) => `<${address}>`).join(',\r\n ')}`,
    `Subject: Report Domain: ${policyDomain}`,
    ` Submitter: ${reporter.domain}`,
    ` Report-ID: <${packed.id}@${reporter.domain}>`,
    `Date: ${new Date(head.nowMs).toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${randomBytes(16).toString('hex')}@${head.messageIdDomain}>`,
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: base64',
    '',
    base64Lines(
      Buffer.from(
        [
          `This is a DMARC aggregate report about ${policyDomain}, sent by ${reporter.organization}.`,
          `It covers ${new Date(begin * 1000).toISOString()} to ${new Date(end * 1000).toISOString()}.`,
          'The report itself is attached.',
          '',
        ].join('\r\n'),
      ),
    ),
    `--${boundary}`,
    'Content-Type: application/gzip',
    'Content-Transfer-Encoding: base64',
    `Content-Disposition: attachment;\r\n filename="${packed.fileName}"`,
    '',
    base64Lines(packed.compressed),
    `--${boundary}--`,
    '',
  ];
  return Buffer.from(lines.join('\r\n'));
}

function base64Lines(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll(/.{76}(?=.)/g, '$&\r\n');
}
