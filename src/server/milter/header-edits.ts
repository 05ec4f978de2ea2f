import type { AddedHeader, RemovedHeader } from '../../core/index.ts';

/** A change of one header field, in the terms of the protocol. */
export type HeaderEdit =
  | { readonly kind: 'append'; readonly name: string; readonly value: string }
  /** Position among all fields of the delivered message, the MTA's own Received counted (wire-protocols 3.7). */
  | { readonly kind: 'insert'; readonly index: number; readonly name: string; readonly value: string }
  /** Instance from 1 among the fields of that name that the MTA exposed; an absent one is appended. */
  | { readonly kind: 'replace'; readonly instance: number; readonly name: string; readonly value: string }
  | { readonly kind: 'delete'; readonly instance: number; readonly name: string };

/** Counts the fields of a message while they are edited, and turns wishes into numbered edits. */
export class HeaderLedger {
  readonly #received: ReadonlyMap<string, number>;
  #total: number;

  /** @param names names of the received fields in lower case, the MTA's own Received not among them */
  constructor(names: readonly string[]) {
    const received = new Map<string, number>();
    for (const name of names) received.set(name, (received.get(name) ?? 0) + 1);
    this.#received = received;
    this.#total = names.length;
  }

  /**
   * Deletions, per name from the last instance to the first: after a deletion Postfix renumbers the instances
   * behind it and Sendmail does not, so only this order means the same to both (wire-protocols 3.7). Instances
   * that do not exist are left out.
   */
  delete(removals: readonly RemovedHeader[]): HeaderEdit[] {
    const byName = new Map<string, { name: string; instances: Set<number> }>();
    for (const { name, instances } of removals) {
      const key = name.toLowerCase();
      const count = this.#received.get(key) ?? 0;
      let entry = byName.get(key);
      if (!entry) byName.set(key, (entry = { name, instances: new Set() }));
      for (const wanted of instances) {
        if (wanted === 0) for (let n = 1; n <= count; n++) entry.instances.add(n);
        const instance = wanted < 0 ? count + wanted + 1 : wanted;
        if (instance >= 1 && instance <= count) entry.instances.add(instance);
      }
    }
    const edits: HeaderEdit[] = [];
    for (const { name, instances } of byName.values()) {
      for (const instance of [...instances].sort((a, b) => b - a)) {
        edits.push({ kind: 'delete', name, instance });
      }
    }
    this.#total -= edits.length;
    return edits;
  }

  /**
   * Where a header goes (wire-protocols 1.8, 4.3): no order or -1 appends, n ≥ 0 is a position, below -1 counts from
   * the end of the fields as they stand now.
   */
  add({ name, value, order }: AddedHeader): HeaderEdit {
    const count = this.#total;
    this.#total++;
    if (order === undefined || order === -1) return { kind: 'append', name, value };
    if (order >= 0) return { kind: 'insert', index: order, name, value };
    return { kind: 'insert', index: -order <= count ? count + order + 2 : 0, name, value };
  }
}
