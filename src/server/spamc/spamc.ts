import { isSpamAction, type PosternError, type Verdict } from '../../core/index.ts';
import { oneLine } from '../reply/index.ts';
import type { LearnResult } from './learn.ts';
import { processMessage } from './process.ts';
import { renderReport, scorePair } from './report.ts';

/** Commands that judge a message. */
const scanCommandNames = ['CHECK', 'SYMBOLS', 'REPORT', 'REPORT_IFSPAM', 'PROCESS', 'HEADERS'] as const;
export type SpamcScanCommand = (typeof scanCommandNames)[number];

export function isScanCommand(command: string): command is SpamcScanCommand {
  return (scanCommandNames as readonly string[]).includes(command);
}

const okLine = 'SPAMD/1.1 0 EX_OK\r\n';
export const spamcPong = 'SPAMD/1.5 0 PONG\r\n';

/** Codes of sysexits as spamc turns them into its exit code. */
const exitNames = {
  64: 'EX_USAGE',
  69: 'EX_UNAVAILABLE',
  70: 'EX_SOFTWARE',
  75: 'EX_TEMPFAIL',
  76: 'EX_PROTOCOL',
  77: 'EX_NOPERM',
} as const;
type ExitCode = keyof typeof exitNames;

/** A reply that only says why there is no result. */
export function spamcStatus(code: ExitCode, text: string): string {
  return `SPAMD/1.1 ${code} ${exitNames[code]}${text === '' ? '' : ` ${oneLine(text)}`}\r\n`;
}

/** The reply to a request that could not be served: try later, but for what no client should send again. */
export function spamcFailure(error: PosternError): string {
  if (error.code === 'protocol') return spamcStatus(76, error.message);
  if (error.code === 'forbidden') return spamcStatus(77, error.message);
  if (error.code === 'notFound') return spamcStatus(69, error.message);
  return spamcStatus(75, error.code === 'tooLarge' ? error.message : '');
}

function withBody(headers: string, body: string | Buffer): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return Buffer.concat([Buffer.from(`${okLine}Content-length: ${bytes.length}\r\n${headers}\r\n`), bytes]);
}

function bodyFor(command: SpamcScanCommand, verdict: Verdict, raw: Buffer): string | Buffer {
  switch (command) {
    case 'CHECK':
      return '';
    case 'SYMBOLS':
      return `${verdict.symbols.map((hit) => hit.name).join(',')}\r\n`;
    case 'REPORT':
      return renderReport(verdict);
    case 'REPORT_IFSPAM':
      return isSpamAction(verdict.action) ? renderReport(verdict) : '';
    case 'PROCESS':
      return processMessage(raw, verdict, 'whole');
    case 'HEADERS':
      return processMessage(raw, verdict, 'header');
  }
}

/**
 * The reply to a command that judges a message (wire-protocols 2.5).
 *
 * A `soft reject` becomes EX_TEMPFAIL: the protocol has no other word for "try later", and a verdict that asks for
 * it must not read as clean mail.
 *
 * @param version of the request: REPORT up to 1.2 is what Exim's default variant sends, which wants the scores in
 *   the first line of the body and no `Spam` header
 */
export function renderSpamcReply(
  command: SpamcScanCommand,
  version: number,
  verdict: Verdict,
  raw: Buffer,
): string | Buffer {
  if (verdict.failure) return spamcFailure(verdict.failure);
  if (verdict.action === 'soft reject') return spamcStatus(75, verdict.messages['smtp_message'] ?? '');
  if (command === 'REPORT' && version <= 1.2) {
    return withBody('', `${scorePair(verdict, '/')}\r\n${renderReport(verdict)}`);
  }
  const spam = isSpamAction(verdict.action) ? 'True' : 'False';
  return withBody(`Spam: ${spam} ; ${scorePair(verdict, ' / ')}\r\n`, bodyFor(command, verdict, raw));
}

/** The reply to TELL. */
export function renderLearnReply(result: LearnResult): Buffer {
  let headers = '';
  if (result.didSet.length > 0) headers += `DidSet: ${result.didSet.join(',')}\r\n`;
  if (result.didRemove.length > 0) headers += `DidRemove: ${result.didRemove.join(',')}\r\n`;
  return withBody(headers, '\r\n');
}
