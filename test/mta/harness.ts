import assert from 'node:assert/strict';
import { makeSigningKeys, type SigningKeys } from './dkim.ts';
import { makeHome, removeHome } from './home.ts';
import { fieldName, headerValues, splitMessage, uniqueWord, withoutFields } from './message.ts';
import { createScanner, type Scanner } from './scanner.ts';
import { type ScannerSetup, SEEN_AS, type SenderKind, scannerFiles } from './scanner-config.ts';
import { type Delivery, type Sink, startSink } from './sink.ts';
import { type SmtpClient, type SmtpMessage, SmtpRefusal, type SmtpReply } from './smtp-client.ts';

/** Logins of the MTA under test; the second one is used up by the test of the rate limit. */
export const USERS = { 'alice@example.com': 'wonderland', 'bulk@example.com': 'mail-shot' } as const;
export type User = keyof typeof USERS;

/** An MTA with its scanner and its next hop, as the shared tests see it. */
export interface MtaUnderTest {
  readonly scanner: Scanner;
  readonly sink: Sink;
  /** Asserts that the message went through the scanner, which saw this kind of sender. */
  assertSeenAs(delivery: Delivery, sender: SenderKind): void;
  /** Header fields the MTA and the scanner add to every message of a login, lower case, sorted. */
  readonly addedFields: readonly string[];
  /** Longest line, without its end, that the MTA neither cuts beyond recognition nor bounces. */
  readonly longestLineBytes: number;
  /** Opens a session as this sender, ready for MAIL. */
  session(sender: SenderKind, user?: User): Promise<SmtpClient>;
  /** Opens a session with the same MTA where it does not ask the scanner, to compare with. */
  unscannedSession(): Promise<SmtpClient>;
}

/** The scanner, the next hop and the signing key of one MTA's tests. */
export interface Surroundings {
  readonly scanner: Scanner;
  readonly sink: Sink;
  readonly keys: SigningKeys;
  dispose(): Promise<void>;
}

/** Starts a scanner and a next hop. */
export async function startSurroundings({
  signaturesAs = 'signatures',
}: Partial<Pick<ScannerSetup, 'signaturesAs'>> = {}): Promise<Surroundings> {
  const home = await makeHome('key');
  const keys = await makeSigningKeys(home);
  const scanner = await createScanner({ files: scannerFiles({ keys, signaturesAs }) });
  await scanner.start();
  const sink = await startSink();
  return {
    scanner,
    sink,
    keys,
    async dispose() {
      await sink.stop();
      await scanner.dispose();
      await removeHome(home);
    },
  };
}

const refused = new WeakMap<Sink, string[]>();

/** A recipient nobody else writes to, so that its delivery can be told from all others. */
export const uniqueRecipient = (domain = 'far.example'): string => `${uniqueWord()}@${domain}`;

/** Remembers that nothing must ever arrive for this recipient; {@link assertNothingRefusedArrived} looks. */
export function rememberRefused(sink: Sink, recipient: string): void {
  refused.set(sink, [...(refused.get(sink) ?? []), recipient]);
}

export function assertNothingRefusedArrived(sink: Sink): void {
  const recipients = refused.get(sink) ?? [];
  assert.ok(recipients.length > 0, 'no refusal was tested');
  assert.deepEqual(
    recipients.filter((recipient) => sink.to(recipient).length > 0),
    [],
  );
}

/** The assertion that a message passed the scanner, for an MTA that notes the symbols in this header field. */
export const seenAsIn =
  (verdictField: string): MtaUnderTest['assertSeenAs'] =>
  (delivery, sender) => {
    const verdicts = headerValues(delivery.raw, verdictField);
    assert.equal(verdicts.length, 1, `${verdicts.length} fields ${verdictField}`);
    for (const [kind, symbol] of Object.entries(SEEN_AS)) {
      assert.equal(verdicts[0]?.includes(`${symbol}(`), kind === sender, `${kind}: ${verdicts[0]}`);
    }
  };

/** Asserts that nothing but whole new header fields separates the two messages; gives the names of those. */
export function assertUnchangedBut(original: Buffer, delivered: Buffer, added: readonly string[]): void {
  const expected = splitMessage(original);
  const names = splitMessage(delivered).fields.map(fieldName);
  assert.deepEqual(names.filter((name) => added.includes(name)).sort(), [...added].sort());
  const rest = withoutFields(delivered, added);
  assert.deepEqual(rest.fields, expected.fields);
  assert.ok(rest.body.equals(expected.body), 'the body has changed');
}

/** Sends one message in a session of its own; gives the reply that decided, wherever in the session it came. */
export async function sendOnce(session: Promise<SmtpClient>, message: SmtpMessage): Promise<SmtpReply> {
  let client: SmtpClient | undefined;
  try {
    client = await session;
    return (await client.send(message)).final;
  } catch (error) {
    if (error instanceof SmtpRefusal) return error.reply;
    throw error;
  } finally {
    client?.close();
  }
}
