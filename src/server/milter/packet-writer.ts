/** A packet without payload. */
function bare(command: number): Buffer {
  return Buffer.from([0, 0, 0, 1, command]);
}

const bareCache: (Buffer | undefined)[] = [];

/** Collects packets, so that a whole answer goes out in one write. */
export class PacketWriter {
  #parts: Buffer[] = [];

  get isEmpty(): boolean {
    return this.#parts.length === 0;
  }

  /** A packet that is only a command. */
  command(command: number): void {
    this.#parts.push((bareCache[command] ??= bare(command)));
  }

  /** A packet of a command and strings, each ended with NUL. The strings must not hold NUL. */
  strings(command: number, ...strings: readonly string[]): void {
    this.#text(command, undefined, strings);
  }

  /** A packet of a command, a 32-bit number and strings. */
  indexed(command: number, index: number, ...strings: readonly string[]): void {
    this.#text(command, index, strings);
  }

  /** A packet with bytes as they are; they are not copied before {@link take}. */
  bytes(command: number, payload: Buffer): void {
    const head = Buffer.allocUnsafe(5);
    head.writeUInt32BE(payload.length + 1, 0);
    head[4] = command;
    this.#parts.push(head, payload);
  }

  /** Takes over the packets of another writer. */
  append(other: PacketWriter): void {
    this.#parts.push(...other.#parts);
    other.#parts = [];
  }

  /** All packets so far as one buffer; the writer is empty afterwards. */
  take(): Buffer {
    const parts = this.#parts;
    this.#parts = [];
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  #text(command: number, index: number | undefined, strings: readonly string[]): void {
    let payloadBytes = index === undefined ? 0 : 4;
    for (const text of strings) payloadBytes += Buffer.byteLength(text) + 1;
    const packet = Buffer.allocUnsafe(5 + payloadBytes);
    packet.writeUInt32BE(payloadBytes + 1, 0);
    packet[4] = command;
    let at = 5;
    if (index !== undefined) at = packet.writeUInt32BE(index, at);
    for (const text of strings) {
      at += packet.write(text, at);
      packet[at++] = 0;
    }
    this.#parts.push(packet);
  }
}
