import { isSpamAction, type MilterReply, type PosternError, type Verdict } from '../../core/index.ts';
import { encodeHeaderText } from '../encoded-word.ts';
import { failureVerdict, oneLine } from '../reply/index.ts';

const statusLine = 'RSPAMD/1.3 0 EX_OK\r\n';

/** Exim reads a reply into 32,600 bytes and cuts the rest (wire-protocols 2.2): what explains gives way first. */
const maxExplanationLength = 20_000;
const maxLineLength = 998;

function line(text: string): string {
  return `${oneLine(text).slice(0, maxLineLength)}\r\n`;
}

/** A number as printf's `%.2f` writes it. */
function decimal(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return 'nan';
  return Number.isFinite(value) ? value.toFixed(2) : value > 0 ? 'inf' : '-inf';
}

function symbolLines(verdict: Verdict): string {
  let symbols = '';
  let explanations = '';
  for (const hit of verdict.symbols) {
    const head = `${hit.name}(${decimal(hit.score)})`;
    symbols += line(`Symbol: ${head}`);
    if (explanations.length > maxExplanationLength) continue;
    const description = hit.description === undefined ? '' : `; ${hit.description}`;
    const options = hit.options.length === 0 ? '' : ` [${hit.options.join(', ')}]`;
    explanations += line(`X-Symbol: ${head}${description}${options}`);
  }
  return symbols + explanations;
}

function milterLines(reply: MilterReply | undefined): string {
  if (!reply) return '';
  let lines = '';
  for (const { name, value, order } of reply.addHeaders) {
    const place = order !== undefined && order > 0 ? `[${order}]` : '';
    lines += `X-Milter-Add: ${name}${place}: ${oneLine(value)}\r\n`;
  }
  for (const { name, instances } of reply.removeHeaders) {
    for (const instance of instances) {
      lines += line(`X-Milter-Del: ${name}${instance === 0 ? '' : `[${instance}]`}`);
    }
  }
  return lines;
}

/**
 * A verdict as RSPAMC lines (wire-protocols 2.3): no blank line, no length, the end of the stream ends it. True means
 * the message was marked or refused; line breaks inside values become blanks.
 */
export function renderRspamcReply(verdict: Verdict): string {
  const spam = isSpamAction(verdict.action) ? 'True' : 'False';
  let reply = `${statusLine}Metric: default; ${spam}; ${decimal(verdict.score)} / ${decimal(verdict.requiredScore)} / 0.0\r\n`;
  reply += line(`Action: ${verdict.action}`);
  if (verdict.subject !== undefined) reply += `Subject: ${encodeHeaderText(verdict.subject)}\r\n`;
  reply += symbolLines(verdict);
  for (const message of Object.values(verdict.messages)) reply += line(`Message: ${message}`);
  if (verdict.messageId !== undefined) reply += line(`Message-ID: ${verdict.messageId}`);
  return reply + milterLines(verdict.milter);
}

/** A well-formed reply for a scan that failed: action `soft reject`, and the reason where the client may know it. */
export function renderRspamcFailure(error: PosternError): string {
  const isPublic = error.code === 'protocol' || error.code === 'notFound' || error.code === 'forbidden';
  const verdict = failureVerdict(error);
  const messages = isPublic ? { smtp_message: `Try again later (${error.message})` } : verdict.messages;
  return renderRspamcReply({ ...verdict, messages });
}

/** The answer to PING. */
export const rspamcPong = 'RSPAMD/1.3 0 PONG\r\n';
