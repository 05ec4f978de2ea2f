import { connect } from 'node:net';
import { type Outcome, reasonOf, type ScanClient, type Submission } from '../clients/client.ts';
import type { BenchMessage } from '../message.ts';

/** Reads spamd's reply to SYMBOLS: `Spam: True ; 12.3 / 5.0`, an empty line, the names of the rules. */
export function parseSpamcReply(reply: string): Outcome {
  const status = /^SPAMD\/[\d.]+ (\d+)/.exec(reply);
  if (!status) return { kind: 'error', reason: 'reply is not SPAMC' };
  const judged = /^Spam: *(True|False|Yes|No) *; *(-?[\d.]+) *\/ *-?[\d.]+/im.exec(reply);
  if (status[1] !== '0' || !judged) return { kind: 'error', reason: `SPAMC status ${status[1]}` };
  const names = reply.slice(reply.search(/\r?\n\r?\n/)).trim();
  return {
    kind: 'verdict',
    action: /^(?:true|yes)$/i.test(judged[1]!) ? 'spam' : 'no spam',
    symbols: names === '' ? 0 : names.split(',').length,
    score: Number(judged[2]),
  };
}

/** A client that asks spamd (SPAMC 1.5), a connection a message. */
export function spamcClient({ host, port, timeoutMs }: Submission): ScanClient {
  return {
    scan: (_lane, message: BenchMessage) =>
      new Promise((resolve) => {
        const chunks: Buffer[] = [];
        const socket = connect(port, host, () => {
          socket.write(`SYMBOLS SPAMC/1.5\r\nContent-length: ${message.raw.length}\r\n\r\n`);
          socket.end(message.raw);
        });
        socket.setTimeout(timeoutMs, () => socket.destroy(new Error('timeout')));
        socket.on('data', (chunk: Buffer) => chunks.push(chunk));
        socket.on('error', (error) => resolve({ kind: 'error', reason: reasonOf(error) }));
        socket.on('end', () => resolve(parseSpamcReply(Buffer.concat(chunks).toString('latin1'))));
      }),
    close() {},
  };
}
