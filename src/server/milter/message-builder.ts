const blockBytes = 16_384;
/** From this size on a payload is kept as it is instead of being copied into a block. */
const referenceBytes = 8192;

const cr = 0x0d;
const lf = 0x0a;
const colon = 0x3a;
const blank = 0x20;
const tab = 0x09;

/** What a message may be. */
export interface MessageLimits {
  readonly maxHeaderBytes: number;
  readonly maxMessageBytes: number;
}

/** A header field as the MTA exposed it: where it starts in the raw message, and how long its name is. */
interface FieldPosition {
  readonly start: number;
  readonly nameBytes: number;
}

/**
 * Puts a message together from milter packets, byte for byte as it was sent where the protocol allows: the
 * blank after the colon is part of the value if leading space was negotiated (wire-protocols 3.6). Small pieces
 * are copied into blocks, big ones are kept, and one final copy joins them.
 */
export class MessageBuilder {
  /** Set when a limit was passed; the content is dropped from then on. */
  overLimit: 'headers' | 'message' | undefined;
  /** Bytes so far, dropped ones included. */
  sizeBytes = 0;

  readonly #limits: MessageLimits;
  readonly #done: Buffer[] = [];
  readonly #fields: FieldPosition[] = [];
  #block: Buffer | undefined;
  #used = 0;
  #inHeader = true;

  constructor(limits: MessageLimits) {
    this.#limits = limits;
  }

  /**
   * A header packet: name, NUL, value, NUL. Line breaks inside the value come as LF and leave as CRLF.
   *
   * @param leadingSpace true: the value holds the blank after the colon, if there was one
   * @returns false when the packet is none
   */
  header(payload: Buffer, leadingSpace: boolean): boolean {
    const nameEnd = payload.indexOf(0);
    if (nameEnd <= 0) return false;
    let valueEnd = payload.indexOf(0, nameEnd + 1);
    if (valueEnd < 0) valueEnd = payload.length;
    // A line break at the very end would end the header section; no MTA sends it.
    while (valueEnd > nameEnd + 1 && payload[valueEnd - 1] === lf) valueEnd--;
    const start = this.sizeBytes;
    const valueStart = nameEnd + 1;
    const needsBlank = !leadingSpace && payload[valueStart] !== tab;
    // Every LF may become two bytes.
    const target = this.#room(nameEnd + 4 + (valueEnd - valueStart) * 2);
    if (target) {
      let at = this.#used;
      at += payload.copy(target, at, 0, nameEnd);
      target[at++] = colon;
      if (needsBlank) target[at++] = blank;
      at = copyWithCrlf(payload, valueStart, valueEnd, target, at);
      target[at++] = cr;
      target[at++] = lf;
      this.sizeBytes += at - this.#used;
      this.#used = at;
      this.#fields.push({ start, nameBytes: nameEnd });
    } else this.sizeBytes += payload.length;
    this.#check();
    return true;
  }

  /** The empty line between header and body. */
  endHeaders(): void {
    if (!this.#inHeader) return;
    this.#inHeader = false;
    this.#append(Buffer.from('\r\n'));
  }

  /** Body bytes, cut anywhere. */
  body(payload: Buffer): void {
    if (payload.length === 0) return;
    this.endHeaders();
    this.#append(payload);
  }

  /** The message so far in one buffer. */
  raw(): Buffer {
    this.#closeBlock();
    return this.#done.length === 1 ? this.#done[0]! : Buffer.concat(this.#done);
  }

  /** Names of the header fields in order, lower case. */
  fieldNames(raw: Buffer): string[] {
    return this.#fields.map(({ start, nameBytes }) =>
      raw.toString('latin1', start, start + nameBytes).toLowerCase(),
    );
  }

  #append(bytes: Buffer): void {
    this.sizeBytes += bytes.length;
    this.#check();
    if (this.overLimit) return;
    if (bytes.length >= referenceBytes) {
      this.#closeBlock();
      this.#done.push(bytes);
      return;
    }
    const target = this.#room(bytes.length);
    if (target) this.#used += bytes.copy(target, this.#used);
  }

  /** A block with room for that many bytes; undefined once over a limit. */
  #room(bytes: number): Buffer | undefined {
    if (this.overLimit) return undefined;
    if (this.#block && this.#block.length - this.#used >= bytes) return this.#block;
    this.#closeBlock();
    this.#block = Buffer.allocUnsafeSlow(Math.max(bytes, blockBytes));
    return this.#block;
  }

  #closeBlock(): void {
    if (this.#block && this.#used > 0) this.#done.push(this.#block.subarray(0, this.#used));
    this.#block = undefined;
    this.#used = 0;
  }

  #check(): void {
    if (this.overLimit) return;
    if (this.sizeBytes > this.#limits.maxMessageBytes) this.overLimit = 'message';
    else if (this.#inHeader && this.sizeBytes > this.#limits.maxHeaderBytes) this.overLimit = 'headers';
    if (!this.overLimit) return;
    this.#done.length = 0;
    this.#fields.length = 0;
    this.#block = undefined;
    this.#used = 0;
  }
}

/** Copies `[start, end)` with every lone LF as CRLF; returns where the copy ends. */
function copyWithCrlf(source: Buffer, start: number, end: number, target: Buffer, at: number): number {
  for (;;) {
    const newline = source.indexOf(lf, start);
    if (newline < 0 || newline >= end) break;
    at += source.copy(target, at, start, newline);
    if (source[newline - 1] !== cr) target[at++] = cr;
    target[at++] = lf;
    start = newline + 1;
  }
  return at + source.copy(target, at, start, end);
}
