import { foldCode } from './literals.ts';

/** States of the automaton; patterns whose literals no longer fit are tried on every text. */
const maxStates = 60_000;

/**
 * Finds in one pass which of many literals a text holds (Aho and Corasick, "Efficient string matching", 1975), as a
 * complete table: one step for each character, whatever the number of literals. Texts are folded on the way.
 */
export class LiteralAutomaton {
  /** Column of each UTF-16 unit; 0 for those in no literal. */
  readonly #columns = new Uint8Array(65_536);
  /** By the row of a state and a column: the row of the next state, complemented where literals end. */
  readonly #next: Int32Array;
  /** By the row of a state: owners of the literals that end there. */
  readonly #owners: ReadonlyMap<number, readonly number[]>;
  /** Owners whose literals did not fit: always candidates. */
  readonly #unsearched: readonly number[];

  /** @param literals folded texts with the number of their owner */
  constructor(literals: readonly { readonly text: string; readonly owner: number }[]) {
    let width = 1;
    for (const { text } of literals) {
      for (let i = 0; i < text.length; i++) {
        const code = text.charCodeAt(i);
        if (this.#columns[code] === 0 && width < 256) this.#columns[code] = width++;
      }
    }
    const fitting = literals.filter(({ text }) => this.#fits(text));
    const unsearched = new Set(literals.filter(({ text }) => !this.#fits(text)).map(({ owner }) => owner));
    for (let code = 0; code < 65_536; code++) {
      const folded = foldCode(code);
      if (folded !== code) this.#columns[code] = this.#columns[folded]!;
    }
    const children: Map<number, number>[] = [new Map()];
    const owners: (number[] | undefined)[] = [undefined];
    for (const { text, owner } of fitting) {
      if (children.length + text.length > maxStates) {
        unsearched.add(owner);
        continue;
      }
      let state = 0;
      for (let i = 0; i < text.length; i++) {
        const column = this.#columns[text.charCodeAt(i)]!;
        let to = children[state]!.get(column);
        if (to === undefined) {
          to = children.length;
          children.push(new Map());
          owners.push(undefined);
          children[state]!.set(column, to);
        }
        state = to;
      }
      (owners[state] ??= []).push(owner);
    }
    const next = new Uint16Array(children.length * width);
    const fail = new Uint16Array(children.length);
    const queue: number[] = [0];
    for (let at = 0; at < queue.length; at++) {
      const state = queue[at]!;
      const inherited = owners[fail[state]!];
      if (state !== 0 && inherited) owners[state] = [...new Set([...(owners[state] ?? []), ...inherited])];
      for (let column = 0; column < width; column++) {
        const onFailure = state === 0 ? 0 : next[fail[state]! * width + column]!;
        const to = children[state]!.get(column);
        if (to === undefined) next[state * width + column] = onFailure;
        else {
          next[state * width + column] = to;
          fail[to] = onFailure;
          queue.push(to);
        }
      }
    }
    const rowOf = (state: number): number => (owners[state] ? ~(state * width) : state * width);
    this.#next = Int32Array.from(next, rowOf);
    this.#owners = new Map(owners.flatMap((list, state) => (list ? [[state * width, list] as const] : [])));
    this.#unsearched = [...unsearched];
  }

  #fits(text: string): boolean {
    for (let i = 0; i < text.length; i++) if (this.#columns[text.charCodeAt(i)] === 0) return false;
    return true;
  }

  /** Marks the owners of every literal in the text with 1 in `found`. */
  search(text: string, found: Uint8Array): void {
    for (const owner of this.#unsearched) found[owner] = 1;
    const columns = this.#columns;
    const next = this.#next;
    const { length } = text;
    let row = 0;
    for (let i = 0; i < length; i++) {
      row = next[row + columns[text.charCodeAt(i)]!]!;
      if (row < 0) {
        row = ~row;
        for (const owner of this.#owners.get(row)!) found[owner] = 1;
      }
    }
  }
}
