import { connect } from 'node:net';
import type { BenchMessage } from '../message.ts';
import { clientHelo, type Outcome, reasonOf, type ScanClient, type Submission } from './client.ts';

/**
 * The bytes Exim sends with `variant=rspamd`: its header lines in its order, then the message as it lies in the
 * spool: LF line ends, an mbox separator and the X-Envelope headers in front. `Settings`, which Exim does not
 * send, comes last where asked for.
 */
export function rspamcRequest(message: BenchMessage, submission: Submission): Buffer {
  const { sender, recipients } = message;
  const envelope = [
    `From ${sender || 'MAILER-DAEMON'} Thu Jan  1 00:00:00 2026`,
    ...(sender ? [`X-Envelope-From: <${sender}>`] : []),
    `X-Envelope-To: ${recipients.join(', ')}`,
    '',
  ].join('\n');
  const body = Buffer.from(envelope + message.raw.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
  const head = [
    'CHECK RSPAMC/1.3',
    `Content-length: ${body.length}`,
    `Queue-Id: ${message.queueId}`,
    `From: <${sender}>`,
    `Recipient-Number: ${recipients.length}`,
    ...recipients.map((address) => `Rcpt: <${address}>`),
    `Helo: ${clientHelo}`,
    `Hostname: ${clientHelo}`,
    `IP: ${submission.clientIp}`,
    ...(submission.user === undefined ? [] : [`User: ${submission.user}`]),
    ...(submission.settings === undefined ? [] : [`Settings: ${submission.settings}`]),
    '',
    '',
  ].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'latin1'), body]);
}

/** Reads a reply as Exim does: status line, Metric line with three numbers, then the Action line. */
export function parseRspamcReply(reply: string): Outcome {
  const head =
    /^RSPAMD\/\S{1,7} 0 EX_OK\s+Metric: default; \S{1,7} [-\d.naif]+ \/ [-\d.naif]+ \/ [-\d.]+\s+/.exec(
      reply,
    );
  if (!head) return { kind: 'error', reason: reply === '' ? 'empty reply' : 'not an RSPAMC reply' };
  const action = /^Action: ([^\r\n]+)/.exec(reply.slice(head[0].length));
  if (!action) return { kind: 'error', reason: 'reply without action' };
  return { kind: 'verdict', action: action[1]!, symbols: reply.match(/^Symbol: /gm)?.length ?? 0 };
}

/** A client that opens a connection for every message, as Exim does, and reads until the server closes it. */
export function rspamcClient(submission: Submission): ScanClient {
  const open = new Set<{ destroy(): unknown }>();
  // Encoded once, so that latencies hold no encoding.
  const requests = new WeakMap<BenchMessage, Buffer>();
  const requestOf = (message: BenchMessage): Buffer => {
    const bytes = requests.get(message) ?? rspamcRequest(message, submission);
    requests.set(message, bytes);
    return bytes;
  };
  return {
    scan(_lane, message) {
      return new Promise((resolve) => {
        const chunks: Buffer[] = [];
        const socket = connect({ host: submission.host, port: submission.port });
        open.add(socket);
        const finish = (outcome: Outcome): void => {
          open.delete(socket);
          socket.destroy();
          resolve(outcome);
        };
        socket.setTimeout(submission.timeoutMs, () => finish({ kind: 'error', reason: 'timeout' }));
        socket.on('error', (error) => finish({ kind: 'error', reason: reasonOf(error) }));
        socket.on('data', (chunk: Buffer) => chunks.push(chunk));
        socket.on('end', () => finish(parseRspamcReply(Buffer.concat(chunks).toString('utf8'))));
        socket.on('close', () => finish({ kind: 'error', reason: 'closed' }));
        // Exim keeps its side open: no half close after the request.
        socket.write(requestOf(message));
      });
    },
    close() {
      for (const socket of open) socket.destroy();
    },
  };
}
