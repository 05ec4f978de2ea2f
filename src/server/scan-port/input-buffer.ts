const initialCapacity = 4096;

/**
 * Bytes that arrived and were not used yet. One chunk is kept as it came; only when another one has to be put
 * behind it are bytes copied, into a buffer that doubles, so that a sender of single bytes costs linear time.
 */
export class InputBuffer {
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;
  #isOwn = false;

  get length(): number {
    return this.#end - this.#start;
  }

  /** The unused bytes. Valid until the next {@link append}. */
  view(): Buffer {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  append(chunk: Buffer): void {
    if (this.#start === this.#end) {
      this.#bytes = chunk;
      this.#start = 0;
      this.#end = chunk.length;
      this.#isOwn = false;
      return;
    }
    const needed = this.length + chunk.length;
    if (!this.#isOwn || this.#end + chunk.length > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(initialCapacity, needed * 2));
      this.#bytes.copy(larger, 0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
      this.#bytes = larger;
      this.#isOwn = true;
    }
    chunk.copy(this.#bytes, this.#end);
    this.#end += chunk.length;
  }

  /** Drops bytes from the front. */
  consume(sizeBytes: number): void {
    this.#start += sizeBytes;
    if (this.#start >= this.#end) this.clear();
  }

  clear(): void {
    this.#bytes = Buffer.alloc(0);
    this.#start = 0;
    this.#end = 0;
    this.#isOwn = false;
  }
}
