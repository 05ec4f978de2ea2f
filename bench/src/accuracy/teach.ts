import { request } from 'node:http';
import { connect } from 'node:net';
import { reasonOf } from '../clients/client.ts';
import type { Random } from '../corpus/random.ts';
import { drawSample } from '../corpus/random.ts';
import { prepareMessage } from '../message.ts';
import type { Target } from '../targets/index.ts';
import type { Labelled } from './labelled.ts';

const timeoutMs = 60_000;

/** What came of teaching one message: a short word, the same for the same outcome. */
type Teach = (label: Labelled['label'], raw: Buffer) => Promise<string>;

/** As `rspamc learn_spam` and `learn_ham` do it: the message and nothing else. */
function overHttp(host: string, port: number): Teach {
  return (label, raw) =>
    new Promise((resolve) => {
      const headers = { 'Content-Length': raw.length, 'User-Agent': 'rspamc' };
      const path = label === 'spam' ? '/learnspam' : '/learnham';
      const exchange = request({
        host,
        port,
        path,
        method: 'POST',
        headers,
        timeout: timeoutMs,
        agent: false,
      });
      exchange.on('response', (reply) => {
        reply.resume();
        // Not at its end: the peer sends a text with status 204, which has none (RFC 9110 15.3.5).
        resolve(reply.statusCode === 200 ? 'learned' : `HTTP ${reply.statusCode}`);
      });
      exchange.on('timeout', () => exchange.destroy(new Error('timeout')));
      exchange.on('error', (error) => resolve(reasonOf(error)));
      exchange.end(raw);
    });
}

/** As `spamc -L spam` does it. */
function overSpamc(host: string, port: number): Teach {
  return (label, raw) =>
    new Promise((resolve) => {
      const chunks: Buffer[] = [];
      const socket = connect(port, host, () => {
        socket.write(
          `TELL SPAMC/1.5\r\nMessage-class: ${label}\r\nSet: local\r\nContent-length: ${raw.length}\r\n\r\n`,
        );
        socket.end(raw);
      });
      socket.setTimeout(timeoutMs, () => socket.destroy(new Error('timeout')));
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.on('error', (error) => resolve(reasonOf(error)));
      socket.on('end', () => {
        const reply = Buffer.concat(chunks).toString('latin1');
        if (/^DidSet: *local/im.test(reply)) resolve('learned');
        else resolve(/^SPAMD\/[\d.]+ 0 /.test(reply) ? 'not learned' : 'refused');
      });
    });
}

/**
 * Teaches a server messages through its ordinary door, one after the other.
 *
 * @returns how many messages of each label came to what
 * @throws Error when the server has no such door, or takes nothing
 */
export async function teach(
  target: Target,
  lessons: readonly Labelled[],
): Promise<Readonly<Record<string, number>>> {
  const { host, spamcPort, controllerPort } = target;
  let one: Teach;
  if (spamcPort !== undefined) one = overSpamc(host, spamcPort);
  else if (controllerPort !== undefined) one = overHttp(host, controllerPort);
  else throw new Error(`${target.name}: say where it is taught (NAME=host:port,controller=PORT)`);
  const outcomes: Record<string, number> = {};
  const now = new Date();
  for (const [number, { label, read }] of lessons.entries()) {
    const outcome = `${label} ${await one(label, prepareMessage(read(), number, now).raw)}`;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  if (outcomes['spam learned'] === undefined || outcomes['ham learned'] === undefined)
    throw new Error(`${target.name} learned nothing: ${JSON.stringify(outcomes)}`);
  return outcomes;
}

/** Draws as many spam as ham, all mixed. */
export function drawLessons(messages: readonly Labelled[], each: number, random: Random): Labelled[] {
  const of = (wanted: Labelled['label']): Labelled[] =>
    drawSample(
      messages.filter(({ label }) => label === wanted),
      each,
      random,
    );
  const lessons = [...of('spam'), ...of('ham')];
  return drawSample(lessons, lessons.length, random);
}
