/** What became of a new connection. */
export type Admission = 'admitted' | 'full' | 'source full' | 'flooded';

/** How many refused connections may wait for their refusal, as a part of the admitted ones. */
const refusedShare = 0.25;
const minRefused = 16;

/**
 * Counts connections, in all and by source. Those over the limit are not dropped: they are admitted to hear a
 * refusal in their own protocol, up to a second limit; what comes beyond that is `flooded`.
 */
export class ConnectionLimits {
  readonly #bySource = new Map<string, number>();
  #admitted = 0;
  #refused = 0;

  get admitted(): number {
    return this.#admitted;
  }

  /** @param source undefined: not counted by source (unix sockets) */
  open(
    source: string | undefined,
    limits: { readonly maxConnections: number; readonly maxConnectionsPerSource: number },
  ): Admission {
    const count = source === undefined ? 0 : (this.#bySource.get(source) ?? 0);
    const isFull = limits.maxConnections > 0 && this.#admitted >= limits.maxConnections;
    const isSourceFull =
      source !== undefined && limits.maxConnectionsPerSource > 0 && count >= limits.maxConnectionsPerSource;
    if (!isFull && !isSourceFull) {
      this.#admitted++;
      if (source !== undefined) this.#bySource.set(source, count + 1);
      return 'admitted';
    }
    const base = limits.maxConnections > 0 ? limits.maxConnections : limits.maxConnectionsPerSource;
    if (this.#refused >= Math.max(minRefused, base * refusedShare)) return 'flooded';
    this.#refused++;
    return isFull ? 'full' : 'source full';
  }

  /** Call once for every connection that was opened, with what {@link open} returned for it. */
  close(source: string | undefined, admission: Admission): void {
    if (admission === 'full' || admission === 'source full') this.#refused--;
    if (admission !== 'admitted') return;
    this.#admitted--;
    if (source === undefined) return;
    const count = (this.#bySource.get(source) ?? 1) - 1;
    if (count > 0) this.#bySource.set(source, count);
    else this.#bySource.delete(source);
  }
}
