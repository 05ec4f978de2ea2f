import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type MtaUnderTest, sendOnce, uniqueRecipient } from './harness.ts';
import { buildMessage } from './message.ts';
import type { SmtpReply } from './smtp-client.ts';

const STREAM_MESSAGES = 40;
const STREAM_SENDERS = 4;
const RETRY_PAUSE_MS = 100;

const isTemporary = (reply: SmtpReply): boolean => reply.code >= 400 && reply.code < 500;

/** The scanner goes away and comes back; mail waits, nothing is lost and nothing passes unseen. */
export function outageTests(mta: () => MtaUnderTest): void {
  test('while the scanner is down a client is told to try later, and its second try is delivered', async () => {
    const { scanner, sink, session, assertSeenAs } = mta();
    const [to, raw] = [uniqueRecipient(), buildMessage()];
    const message = { from: 'alice@example.com', to: [to], raw };
    await scanner.stop();
    try {
      const final = await sendOnce(session('login'), message);
      assert.ok(isTemporary(final), `${final.code} ${final.text}`);
    } finally {
      await scanner.start();
    }
    const final = await sendOnce(session('login'), message);
    assert.equal(final.code, 250, final.text);
    assertSeenAs(await sink.next(to), 'login');
    assert.equal(sink.to(to).length, 1);
  });

  test('a stream of mail loses nothing and sends nothing twice while the scanner restarts and crashes', async () => {
    const { scanner, sink, session, assertSeenAs } = mta();
    const waiting = Array.from({ length: STREAM_MESSAGES }, () => uniqueRecipient());
    const recipients = [...waiting];
    let isOver = false;
    const sender = async (): Promise<void> => {
      for (let to = waiting.shift(); to !== undefined; to = waiting.shift()) {
        while (!isOver) {
          const message = { from: 'printer@example.com', to: [to], raw: buildMessage() };
          const final = await sendOnce(session('local'), message);
          if (final.code === 250) break;
          assert.ok(isTemporary(final), `${final.code} ${final.text}`);
          await sleep(RETRY_PAUSE_MS);
        }
      }
    };
    const trouble = async (): Promise<void> => {
      await sink.next(recipients[STREAM_SENDERS] ?? '');
      await scanner.stop('SIGTERM');
      await scanner.start();
      await sink.next(recipients[2 * STREAM_SENDERS] ?? '');
      await scanner.stop('SIGKILL');
      await scanner.start();
    };
    try {
      await Promise.all([trouble(), ...Array.from({ length: STREAM_SENDERS }, sender)]);
    } finally {
      isOver = true;
    }
    for (const recipient of recipients) assertSeenAs(await sink.next(recipient), 'local');
    assert.deepEqual(
      recipients.filter((recipient) => sink.to(recipient).length !== 1),
      [],
    );
  });
}
