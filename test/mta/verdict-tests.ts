import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SigningKeys, verifySignatures } from './dkim.ts';
import {
  assertNothingRefusedArrived,
  type MtaUnderTest,
  rememberRefused,
  sendOnce,
  uniqueRecipient,
} from './harness.ts';
import { buildMessage, GTUBE } from './message.ts';
import { RATE_LIMIT_BURST, SIGNING_DOMAIN, WANTED } from './scanner-config.ts';

/** GTUBE must be refused whoever sends it; `text` is what the client must read. */
export function rejectionTests(mta: () => MtaUnderTest, text: RegExp): void {
  for (const [sender, words] of [
    ['login', 'of a client that has logged in'],
    ['local', 'from a local address'],
  ] as const) {
    test(`GTUBE ${words} is refused for good`, async () => {
      const { sink, session } = mta();
      const [to, raw] = [uniqueRecipient(), buildMessage({ body: `${GTUBE}\r\n` })];
      const final = await sendOnce(session(sender), { from: 'alice@example.com', to: [to], raw });
      rememberRefused(sink, to);
      assert.ok(final.code >= 550 && final.code <= 554, `${final.code} ${final.text}`);
      assert.match(final.text, text);
    });
  }
}

/** A soft reject asks to try later; `text` is what the client must read. */
export function softRejectTest(mta: () => MtaUnderTest, text: RegExp): void {
  test('a message that the scanner softly rejects is refused for now, with its text', async () => {
    const { sink, session } = mta();
    const to = uniqueRecipient();
    const raw = buildMessage({ from: WANTED.softReject });
    const final = await sendOnce(session('login'), { from: 'alice@example.com', to: [to], raw });
    rememberRefused(sink, to);
    assert.equal(final.code, 451, final.text);
    assert.match(final.text, text);
  });
}

/** Whoever signs, the scanner or the MTA with the same key: the far end must be able to tell. */
export function signatureTest(
  mta: () => MtaUnderTest,
  keys: () => SigningKeys,
  selectors: readonly string[],
): void {
  test('every DKIM signature is valid at the far end', async () => {
    const { sink, session } = mta();
    const to = uniqueRecipient();
    const message = { from: 'alice@example.com', to: [to], raw: buildMessage() };
    const final = await sendOnce(session('login'), message);
    assert.equal(final.code, 250, final.text);
    const { raw } = await sink.next(to);
    assert.deepEqual(
      await verifySignatures(raw, keys().published),
      selectors.map((selector) => `pass ${SIGNING_DOMAIN} ${selector}`),
    );
  });
}

/** The limit of `scanner-config.ts` holds, says its name and asks to try later. */
export function rateLimitTests(mta: () => MtaUnderTest): void {
  test('the message after a hundred is refused for now with the name of the limit', async () => {
    const { sink, session } = mta();
    const bulk = await session('login', 'bulk@example.com');
    const accepted: string[] = [];
    for (let count = 0; count < RATE_LIMIT_BURST; count++) {
      const to = uniqueRecipient();
      const { final } = await bulk.send({ from: 'bulk@example.com', to: [to], raw: buildMessage() });
      assert.equal(final.code, 250, `message ${count + 1}: ${final.text}`);
      accepted.push(to);
    }
    const to = uniqueRecipient();
    const { data } = await bulk.send({ from: 'bulk@example.com', to: [to], raw: buildMessage() });
    bulk.close();
    rememberRefused(sink, to);
    assert.ok(data?.code === 451 || data?.code === 450, `${data?.code} ${data?.text}`);
    assert.match(data.text, /user_hour/);
    for (const recipient of accepted) await sink.next(recipient);
  });

  test('the limit of one login does not slow another', async () => {
    const { sink, session } = mta();
    const to = uniqueRecipient();
    const final = await sendOnce(session('login'), {
      from: 'alice@example.com',
      to: [to],
      raw: buildMessage(),
    });
    assert.equal(final.code, 250, final.text);
    await sink.next(to);
  });
}

/** Must be registered last. */
export function closingTests(mta: () => MtaUnderTest): void {
  test('nothing that was refused has reached the next hop', () => assertNothingRefusedArrived(mta().sink));
}
