import {
  type AddedHeader,
  errorKinds,
  type ProxyWorker,
  type Recipient,
  type RemovedHeader,
  type Verdict,
} from '../../core/index.ts';
import { encodeHeaderText } from '../encoded-word.ts';
import { bodyOffsetOf } from '../reply/index.ts';
import { withCrlf } from './body.ts';
import { type HeaderEdit, HeaderLedger } from './header-edits.ts';
import type { Agreement } from './negotiation.ts';
import type { PacketWriter } from './packet-writer.ts';
import { Action, bodyChunkBytes, Reply, Step } from './protocol.ts';
import { headerValue, isFieldName, plainLine, replyLine } from './reply-text.ts';

/** How a verdict ends in the protocol. */
type Ending =
  | { readonly kind: 'accept' | 'discard' }
  | { readonly kind: 'refuse'; readonly line: string }
  | { readonly kind: 'quarantine'; readonly reason: string };

/** What a reply depends on besides the verdict. */
export interface ReplyContext {
  readonly agreement: Agreement;
  readonly worker: ProxyWorker;
  readonly recipients: readonly Recipient[];
  /** Names of the received header fields, lower case; asked for only when something is counted. */
  readonly fieldNames: () => readonly string[];
}

/** What became of a verdict. */
export interface ReplyResult {
  readonly ending: Ending['kind'];
  /** Changes the MTA did not agree to or that cannot be written; for the log. */
  readonly dropped: readonly string[];
}

/**
 * Writes the answer to the end of a message: changes first, header deletions before insertions, the body in one run,
 * then exactly one verdict and nothing after it (wire-protocols 3.3, 3.7, 4.3). Changes are left out when the
 * message does not go on, and when the MTA did not agree to them.
 */
export function writeReply(verdict: Verdict, context: ReplyContext, writer: PacketWriter): ReplyResult {
  const renderer = new ReplyRenderer(context, writer);
  const ending = endingOf(verdict, context);
  if (ending.kind === 'accept' || ending.kind === 'quarantine') renderer.changes(verdict);
  switch (ending.kind) {
    case 'accept':
      writer.command(Reply.accept);
      break;
    case 'discard':
      writer.command(Reply.discard);
      break;
    case 'refuse':
      writer.strings(Reply.replyCode, ending.line);
      break;
    case 'quarantine':
      // Only a mark; the message has to be accepted besides (wire-protocols 3.8).
      writer.strings(Reply.quarantine, ending.reason);
      writer.command(Reply.accept);
      break;
  }
  return { ending: ending.kind, dropped: renderer.dropped };
}

/** The line that refuses a message because of a failure, with the codes of the error table. */
export function failureLine(failure: NonNullable<Verdict['failure']>, worker: ProxyWorker): string {
  const { smtpReply } = errorKinds[failure.code];
  return replyLine(smtpReply, smtpReply.startsWith('4') ? worker.tempfailMessage : failure.message);
}

function endingOf(verdict: Verdict, { worker, agreement }: ReplyContext): Ending {
  if (verdict.failure) return { kind: 'refuse', line: failureLine(verdict.failure, worker) };
  if (verdict.milter?.noAction) return { kind: 'accept' };
  const said = verdict.messages['smtp_message'];
  const refusal = { kind: 'refuse', line: replyLine('554 5.7.1', said ?? worker.rejectMessage) } as const;
  const later = { kind: 'refuse', line: replyLine('451 4.7.1', said ?? worker.tempfailMessage) } as const;
  const ending = plannedEnding(verdict, worker);
  if (ending === 'refuse') return refusal;
  if (ending === 'later') return later;
  if (ending !== 'quarantine') return { kind: ending };
  // An MTA that cannot hold a message must not deliver it either.
  if (!(agreement.actions & Action.quarantine)) return verdict.action === 'reject' ? refusal : later;
  return { kind: 'quarantine', reason: plainLine(said ?? worker.quarantineMessage) || 'quarantined' };
}

function plannedEnding(
  { action, milterAction, milter }: Verdict,
  worker: ProxyWorker,
): 'accept' | 'discard' | 'quarantine' | 'refuse' | 'later' {
  if (action === 'soft reject') return 'later';
  if (action !== 'reject') return milterAction ?? 'accept';
  const instead = milter?.rejectAs ?? milterAction;
  if (instead) return instead;
  if (worker.discardOnReject) return 'discard';
  return worker.quarantineOnReject ? 'quarantine' : 'refuse';
}

/** Writes the changes of one message. */
class ReplyRenderer {
  readonly dropped: string[] = [];
  readonly #context: ReplyContext;
  readonly #writer: PacketWriter;

  constructor(context: ReplyContext, writer: PacketWriter) {
    this.#context = context;
    this.#writer = writer;
  }

  changes(verdict: Verdict): void {
    const { milter, dkimSignatures, rewritten } = verdict;
    const marks = this.#marks(verdict);
    if (milter || marks.length > 0 || dkimSignatures.length > 0) this.#headers(verdict, marks);
    if (rewritten) this.#body(rewritten);
  }

  /** Headers that an action sets, each replacing what is there. */
  #marks({ action, milter, subject }: Verdict): [name: string, value: string][] {
    if (milter?.noAction) return [];
    if (action === 'rewrite subject' && subject !== undefined) {
      return [['Subject', encodeHeaderText(subject, '\n ')]];
    }
    if (action !== 'add header') return [];
    const wanted = milter?.spamHeader ?? 'Yes';
    return typeof wanted === 'string' ? [[this.#context.worker.spamHeader, wanted]] : Object.entries(wanted);
  }

  #headers(verdict: Verdict, marks: readonly (readonly [string, string])[]): void {
    const { milter, action } = verdict;
    const removals: RemovedHeader[] = [...(milter?.removeHeaders ?? [])];
    // The subject is changed in place; a spam header takes the place of every one that came with the message.
    if (action === 'add header') for (const [name] of marks) removals.push({ name, instances: [0] });
    const added: AddedHeader[] = [...(milter?.addHeaders ?? [])];
    const isCounted = removals.length > 0 || added.some(({ order }) => order !== undefined && order < -1);
    const ledger = new HeaderLedger(isCounted ? this.#context.fieldNames() : []);
    for (const edit of ledger.delete(removals)) this.#edit(edit);
    for (const header of added) this.#edit(ledger.add(header));
    if (milter) this.#envelope(milter.changeFrom, milter.addRecipients, milter.removeRecipients);
    for (const [name, value] of marks) this.#edit({ kind: 'replace', instance: 1, name, value });
    // Directly below the MTA's own Received, in their order.
    for (const [at, value] of verdict.dkimSignatures.entries()) {
      this.#edit({ kind: 'insert', index: 1 + at, name: 'DKIM-Signature', value });
    }
    if (milter?.noAction) this.#edit({ kind: 'append', name: 'X-Rspamd-Action', value: action });
  }

  #edit(edit: HeaderEdit): void {
    const needed =
      edit.kind === 'delete' || edit.kind === 'replace' ? Action.changeHeaders : Action.addHeaders;
    if (!isFieldName(edit.name)) {
      this.dropped.push('header with a name that is none');
      return;
    }
    if (!this.#may(needed)) {
      // Where nothing may be replaced, a mark can still be added.
      if (edit.kind === 'replace' && edit.name.toLowerCase() !== 'subject' && this.#may(Action.addHeaders)) {
        this.#writer.strings(Reply.addHeader, edit.name, this.#value(edit.value));
      } else this.dropped.push(`${edit.kind} header ${edit.name}`);
      return;
    }
    switch (edit.kind) {
      case 'append':
        this.#writer.strings(Reply.addHeader, edit.name, this.#value(edit.value));
        break;
      case 'insert':
        this.#writer.indexed(Reply.insertHeader, edit.index, edit.name, this.#value(edit.value));
        break;
      case 'replace':
        this.#writer.indexed(Reply.changeHeader, edit.instance, edit.name, this.#value(edit.value));
        break;
      case 'delete':
        this.#writer.indexed(Reply.changeHeader, edit.instance, edit.name, '');
        break;
    }
  }

  /** With leading space agreed on, the MTA adds none itself (wire-protocols 3.6). */
  #value(value: string): string {
    const clean = headerValue(value);
    return this.#context.agreement.steps & Step.leadingSpace ? ` ${clean}` : clean;
  }

  #envelope(
    changeFrom: string | undefined,
    addRecipients: readonly string[],
    removeRecipients: readonly string[],
  ): void {
    if (changeFrom !== undefined)
      this.#address(Reply.changeFrom, Action.changeFrom, changeFrom, 'change sender');
    for (const address of addRecipients) {
      this.#address(Reply.addRecipient, Action.addRecipients, address, 'add recipient');
    }
    for (const address of removeRecipients) {
      const bare = bareAddress(address);
      // The MTA looks for the recipient as it was given in RCPT TO (wire-protocols 3.7).
      const given = this.#context.recipients.find(({ text }) => text.toLowerCase() === bare.toLowerCase());
      this.#address(Reply.deleteRecipient, Action.deleteRecipients, given?.text ?? bare, 'remove recipient');
    }
  }

  #address(command: number, needed: number, address: string, what: string): void {
    const bare = bareAddress(address);
    const isEmpty = bare === '' && command !== Reply.changeFrom;
    if (isEmpty || /[\x00-\x1f\x7f<>]/.test(bare)) this.dropped.push(`${what}: not an address`);
    else if (!this.#may(needed)) this.dropped.push(what);
    else this.#writer.strings(command, `<${bare}>`);
  }

  #body(rewritten: Buffer): void {
    if (!this.#may(Action.changeBody)) {
      this.dropped.push('replace body');
      return;
    }
    const body = withCrlf(rewritten.subarray(bodyOffsetOf(rewritten)));
    let at = 0;
    // One packet even for an empty body: it says that there is none any more.
    do {
      this.#writer.bytes(Reply.replaceBody, body.subarray(at, at + bodyChunkBytes));
      at += bodyChunkBytes;
    } while (at < body.length);
  }

  #may(action: number): boolean {
    return (this.#context.agreement.actions & action) !== 0;
  }
}

function bareAddress(address: string): string {
  const text = address.trim();
  return text.startsWith('<') && text.endsWith('>') ? text.slice(1, -1) : text;
}
