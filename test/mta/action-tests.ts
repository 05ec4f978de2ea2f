import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MtaUnderTest, rememberRefused, sendOnce, uniqueRecipient } from './harness.ts';
import { buildMessage, GTUBE, headerValues } from './message.ts';
import { WANTED } from './scanner-config.ts';
import type { SmtpReply } from './smtp-client.ts';

/** The test patterns that ask for other actions differ in their first letter. */
const ADD_HEADER_PATTERN = `Y${GTUBE.slice(1)}`;
const REWRITE_SUBJECT_PATTERN = `Z${GTUBE.slice(1)}`;

/** A subject that the scanner rewrites reaches the recipient rewritten. */
export function rewriteSubjectTest(mta: () => MtaUnderTest): void {
  test('the subject is rewritten when the scanner says so', async () => {
    const { sink, session } = mta();
    const to = uniqueRecipient();
    const raw = buildMessage({ subject: 'Cheap watches', body: `${REWRITE_SUBJECT_PATTERN}\r\n` });
    const final = await sendOnce(session('login'), { from: 'alice@example.com', to: [to], raw });
    assert.equal(final.code, 250, final.text);
    const delivery = await sink.next(to);
    assert.deepEqual(headerValues(delivery.raw, 'subject'), ['*** SPAM *** Cheap watches']);
  });
}

/** The actions that only a milter can express. */
export function milterActionTests(
  mta: () => MtaUnderTest,
  queue: {
    /** The recipients of all mail that the MTA holds back until somebody decides. */
    heldRecipients(): Promise<string[]>;
  },
): void {
  test('a message to be marked gets the spam header, and only once', async () => {
    const { sink, session } = mta();
    const to = uniqueRecipient();
    const raw = buildMessage({
      headers: ['X-Spam: No', 'Received: from a by b', 'X-Spam: Perhaps'],
      body: `${ADD_HEADER_PATTERN}\r\n`,
    });
    const final = await sendOnce(session('login'), { from: 'alice@example.com', to: [to], raw });
    assert.equal(final.code, 250, final.text);
    const delivery = await sink.next(to);
    assert.deepEqual(headerValues(delivery.raw, 'x-spam'), ['Yes']);
  });

  const sendAs = (from: string, to: string): Promise<SmtpReply> =>
    sendOnce(mta().session('login'), { from, to: [to], raw: buildMessage() });

  test('a message to be quarantined is accepted and held', async () => {
    const to = uniqueRecipient();
    const final = await sendAs(WANTED.quarantine, to);
    assert.equal(final.code, 250, final.text);
    rememberRefused(mta().sink, to);
    assert.ok((await queue.heldRecipients()).includes(to), 'it is not held');
  });

  test('a message to be discarded is accepted and goes nowhere', async () => {
    const to = uniqueRecipient();
    const final = await sendAs(WANTED.discard, to);
    assert.equal(final.code, 250, final.text);
    rememberRefused(mta().sink, to);
    assert.ok(!(await queue.heldRecipients()).includes(to), 'it is held');
  });
}
