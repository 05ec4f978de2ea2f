import { createHash } from 'node:crypto';
import type { Defect, Mailbox, Message, ReceivedHop } from '../core/index.ts';
import { parseAddressList } from './addresses.ts';
import { parseMailDate } from './date.ts';
import { DefectList } from './defects.ts';
import { findLineEnd, isMboxLine, lineBreakLength, type ParsedHeaders } from './headers.ts';
import { type ParseLimits, parseLimits } from './limits.ts';
import type { ParsedPart } from './part.ts';
import { parseReceived } from './received.ts';
import { TreeBuilder } from './tree.ts';

const digestLength = 32;

class ParsedMessage implements Message {
  readonly raw: Buffer;
  readonly bodyOffset: number;
  readonly headers: ParsedHeaders;
  readonly root: ParsedPart;
  readonly parts: readonly ParsedPart[];
  readonly #limits: ParseLimits;
  readonly #defects: DefectList;
  #newline: '\r\n' | '\n' | '\r' | undefined;
  #received: readonly ReceivedHop[] | undefined;
  #digest: string | undefined;
  readonly #addresses = new Map<string, readonly Mailbox[]>();

  constructor(raw: Buffer, limits: ParseLimits) {
    this.raw = raw;
    this.#limits = limits;
    this.#defects = new DefectList(limits.defects);
    const builder = new TreeBuilder(limits, this.#defects);
    const context = { source: raw, limits, defects: this.#defects };
    this.root = builder.build(context, 0, raw.length, undefined, 0);
    this.parts = builder.parts;
    this.headers = this.root.headers;
    this.bodyOffset = this.root.bodyStart;
  }

  get defects(): readonly Defect[] {
    return this.#defects.all;
  }

  get newline(): '\r\n' | '\n' | '\r' {
    return (this.#newline ??= findNewline(this.raw));
  }

  get messageId(): string | undefined {
    const value = this.headers.first('message-id')?.value;
    if (value === undefined) return undefined;
    const bracketed = /<([^<>]*)>/.exec(value);
    const id = (bracketed ? bracketed[1]! : value).trim();
    return id === '' ? undefined : id;
  }

  get subject(): string {
    return this.headers.first('subject')?.value ?? '';
  }

  get date(): Date | undefined {
    const header = this.headers.first('date');
    return header && parseMailDate(header.unfolded());
  }

  get from(): readonly Mailbox[] {
    return this.#mailboxes('from');
  }

  get to(): readonly Mailbox[] {
    return this.#mailboxes('to');
  }

  get cc(): readonly Mailbox[] {
    return this.#mailboxes('cc');
  }

  get replyTo(): readonly Mailbox[] {
    return this.#mailboxes('reply-to');
  }

  get received(): readonly ReceivedHop[] {
    if (this.#received) return this.#received;
    const headers = this.headers.every('received');
    const limit = this.#limits.received;
    if (headers.length > limit) this.#defects.add('too-many-received', headers[limit]!.start);
    this.#received = headers.slice(0, limit).map((header) => parseReceived(header.unfolded()));
    return this.#received;
  }

  get digest(): string {
    if (this.#digest !== undefined) return this.#digest;
    const hash = createHash('blake2b512');
    for (const part of this.parts) if (part.children.length === 0) hash.update(part.decodedOnce());
    this.#digest = hash.digest('hex').slice(0, digestLength);
    return this.#digest;
  }

  /** All mailboxes of the fields of one name: a second To is against RFC 5322 3.6, but its people get the mail. */
  #mailboxes(key: string): readonly Mailbox[] {
    const known = this.#addresses.get(key);
    if (known) return known;
    const mailboxes: Mailbox[] = [];
    for (const header of this.headers.every(key)) {
      const list = parseAddressList(header.unfolded(), this.#limits.addresses - mailboxes.length);
      for (const mailbox of list.mailboxes) mailboxes.push(mailbox);
      if (list.isTruncated) {
        this.#defects.add('too-many-addresses', header.start);
        break;
      }
    }
    this.#addresses.set(key, mailboxes);
    return mailboxes;
  }
}

/** The kind of the first line break; CRLF when there is none (RFC 5322 2.1). */
function findNewline(raw: Buffer): '\r\n' | '\n' | '\r' {
  const offset = findLineEnd(raw, 0, raw.length);
  if (raw[offset] === 0x0a) return '\n';
  return lineBreakLength(raw, offset, raw.length) === 1 ? '\r' : '\r\n';
}

/** Offset after leading blanks and blank lines. */
function skipBlankLines(raw: Buffer, offset: number): number {
  for (; offset < raw.length; offset++) {
    const byte = raw[offset]!;
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) break;
  }
  return offset;
}

/** Offset of the message itself after blank lines and the line that mbox puts before it. */
function findMessageStart(raw: Buffer): number {
  const start = skipBlankLines(raw, 0);
  if (!isMboxLine(raw, start, raw.length)) return start;
  return skipBlankLines(raw, findLineEnd(raw, start, raw.length));
}

/**
 * Parses a message (RFC 5322, RFC 2045 ff., RFC 6532). Never throws and needs linear time, whatever the bytes: what is
 * broken becomes a defect. Reads headers and the part tree at once and as offsets into `raw`, which must not be
 * changed afterwards; texts, addresses and decoded bodies are made on first use. Defects of decoding (`bad-base64`,
 * `unknown-charset` …) join the list when a part is decoded.
 *
 * @param raw the message as it came; a leading mbox `From ` line and leading blank lines are passed over
 * @param limits bounds of the work. Default {@link parseLimits}.
 */
export function parseMessage(raw: Buffer, limits: ParseLimits = parseLimits): Message {
  const start = findMessageStart(raw);
  return new ParsedMessage(start === 0 ? raw : raw.subarray(start), limits);
}
