import { ProtocolError } from '../../core/index.ts';

const lengthBytes = 4;
const firstAllocationBytes = 4096;

/**
 * Cuts a stream into milter packets (wire-protocols 3.1): a length (32 bits, big-endian), a command byte, a payload.
 * A packet inside one chunk is a view of that chunk; one that spans chunks is gathered in a buffer that doubles, so
 * that neither tiny chunks nor a big announced length cost more than the bytes that really came.
 *
 * Use: `push(chunk)`, then `next()` until it returns false.
 */
export class FrameReader {
  /** Command byte of the packet that {@link next} found. */
  command = 0;
  /** Payload of that packet. It stays valid: nothing is reused. */
  payload: Buffer = Buffer.alloc(0);

  readonly #maxFrameBytes: number;
  #chunk: Buffer = this.payload;
  #at = 0;
  #partial: Buffer | undefined;
  #have = 0;

  /** @param maxFrameBytes longest command and payload together */
  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** True: part of a packet has come, the rest has not. */
  get isInsidePacket(): boolean {
    return this.#have > 0 || this.#at < this.#chunk.length;
  }

  /** Takes the next bytes. Everything before must have been read with {@link next}. */
  push(chunk: Buffer): void {
    this.#chunk = chunk;
    this.#at = 0;
  }

  /**
   * Reads one packet into {@link command} and {@link payload}; false when more bytes are needed.
   *
   * @throws ProtocolError when the length is 0 or above the limit
   */
  next(): boolean {
    if (this.#partial) return this.#gather(this.#partial);
    const available = this.#chunk.length - this.#at;
    if (available === 0) return false;
    const total = available < lengthBytes ? undefined : this.#total(this.#chunk, this.#at);
    if (total !== undefined && available >= total) {
      this.#emit(this.#chunk, this.#at, total);
      this.#at += total;
      return true;
    }
    const room = Math.max(firstAllocationBytes, available * 2);
    const partial = Buffer.allocUnsafe(Math.min(room, total ?? room));
    this.#partial = partial;
    this.#take(partial, available);
    return false;
  }

  #gather(partial: Buffer): boolean {
    if (this.#have < lengthBytes) {
      this.#take(partial, lengthBytes - this.#have);
      if (this.#have < lengthBytes) return false;
    }
    const total = this.#total(partial, 0);
    const wanted = Math.min(total - this.#have, this.#chunk.length - this.#at);
    if (this.#have + wanted > partial.length) {
      const grown = Buffer.allocUnsafe(Math.min(total, Math.max(partial.length * 2, this.#have + wanted)));
      partial.copy(grown, 0, 0, this.#have);
      this.#partial = partial = grown;
    }
    this.#take(partial, wanted);
    if (this.#have < total) return false;
    this.#emit(partial, 0, total);
    this.#partial = undefined;
    this.#have = 0;
    return true;
  }

  #take(target: Buffer, count: number): void {
    const taken = this.#chunk.copy(target, this.#have, this.#at, this.#at + count);
    this.#have += taken;
    this.#at += taken;
  }

  /** Bytes of the packet at `offset`, its length field included. */
  #total(buffer: Buffer, offset: number): number {
    const length = buffer.readUInt32BE(offset);
    if (length === 0) throw new ProtocolError('milter packet without a command');
    if (length > this.#maxFrameBytes) throw new ProtocolError(`milter packet of ${length} bytes`);
    return lengthBytes + length;
  }

  #emit(buffer: Buffer, offset: number, total: number): void {
    this.command = buffer[offset + lengthBytes]!;
    this.payload = buffer.subarray(offset + lengthBytes + 1, offset + total);
  }
}

/**
 * Splits a payload into its strings. Each ends with NUL; one that lacks it at the end of the payload still counts.
 *
 * @param limit most strings taken; the rest is left out
 */
export function readStrings(payload: Buffer, limit = Number.POSITIVE_INFINITY): string[] {
  const strings: string[] = [];
  for (let at = 0; at < payload.length && strings.length < limit; ) {
    let end = payload.indexOf(0, at);
    if (end < 0) end = payload.length;
    strings.push(payload.toString('utf8', at, end));
    at = end + 1;
  }
  return strings;
}
