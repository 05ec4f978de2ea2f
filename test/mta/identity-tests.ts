import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MtaUnderTest, sendOnce, uniqueRecipient } from './harness.ts';
import { buildMessage, messageIdOf } from './message.ts';
import { LOCAL_ADDRESS, OUTSIDE_ADDRESS } from './scanner-config.ts';

/** Who sent it, and what the scanner was told. */
export function loginTest(mta: () => MtaUnderTest): void {
  test('mail of a client that has logged in is scanned under its login', async () => {
    const { scanner, sink, assertSeenAs, session } = mta();
    const [to, raw] = [uniqueRecipient(), buildMessage()];
    const final = await sendOnce(session('login'), { from: 'alice@example.com', to: [to], raw });
    assert.equal(final.code, 250, final.text);
    assertSeenAs(await sink.next(to), 'login');
    const row = await scanner.history(messageIdOf(raw));
    assert.equal(row.user, 'alice@example.com');
    assert.equal(row.sender_smtp, 'alice@example.com');
    assert.deepEqual(row.rcpt_smtp, [to]);
  });
}

export function localAddressTest(mta: () => MtaUnderTest, address = LOCAL_ADDRESS): void {
  test('mail from a local address without login is scanned as local mail', async () => {
    const { scanner, sink, assertSeenAs, session } = mta();
    const [to, raw] = [uniqueRecipient(), buildMessage()];
    const final = await sendOnce(session('local'), { from: 'printer@example.com', to: [to], raw });
    assert.equal(final.code, 250, final.text);
    assertSeenAs(await sink.next(to), 'local');
    const row = await scanner.history(messageIdOf(raw));
    assert.equal(row.ip, address);
    assert.equal(row.user, 'unknown');
  });
}

export function outsideClientTest(mta: () => MtaUnderTest): void {
  test('mail from an outside client is scanned as inbound mail with its address', async () => {
    const { scanner, sink, assertSeenAs, session } = mta();
    const to = uniqueRecipient('inside.example');
    const raw = buildMessage({ from: 'Carol <carol@elsewhere.example>', to });
    const final = await sendOnce(session('outside'), { from: 'carol@elsewhere.example', to: [to], raw });
    assert.equal(final.code, 250, final.text);
    assertSeenAs(await sink.next(to), 'outside');
    const row = await scanner.history(messageIdOf(raw));
    assert.equal(row.ip, OUTSIDE_ADDRESS);
    assert.equal(row.user, 'unknown');
  });
}

/** All three kinds of sender. */
export function identityTests(mta: () => MtaUnderTest): void {
  loginTest(mta);
  localAddressTest(mta);
  outsideClientTest(mta);
}
