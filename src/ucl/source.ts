import type { SourcePosition } from '../core/index.ts';

/** A stretch of rendered text and where it came from. */
export interface TextSegment {
  readonly outStart: number;
  readonly originStart: number;
  /** Literal text moves along with its origin; printed text all points at its tag. */
  readonly isLiteral: boolean;
}

/** A configuration text and the way back from offsets in it to lines and columns of the original file. */
export class Source {
  readonly file: string;
  /** What is parsed: the file, or what its templates made of it. */
  readonly text: string;
  readonly #segments: readonly TextSegment[] | undefined;
  readonly #lineStarts: readonly number[];

  /**
   * @param file name for messages
   * @param original text of the file as it was read
   * @param rendered result of the template engine, when it changed anything
   */
  constructor(
    file: string,
    original: string,
    rendered?: { readonly text: string; readonly segments: readonly TextSegment[] },
  ) {
    this.file = file;
    this.text = rendered?.text ?? original;
    this.#segments = rendered?.segments;
    const starts = [0];
    for (let at = original.indexOf('\n'); at >= 0; at = original.indexOf('\n', at + 1)) starts.push(at + 1);
    this.#lineStarts = starts;
  }

  /** Line and column, both from 1, columns in UTF-16 units. */
  positionAt(offset: number): SourcePosition {
    const origin = this.#originOf(offset);
    const line = lastNotAbove(this.#lineStarts, origin, (start) => start);
    return { file: this.file, line: line + 1, column: origin - this.#lineStarts[line]! + 1 };
  }

  #originOf(offset: number): number {
    const segments = this.#segments;
    if (!segments || segments.length === 0) return offset;
    const segment = segments[lastNotAbove(segments, offset, (s) => s.outStart)]!;
    return segment.isLiteral ? segment.originStart + (offset - segment.outStart) : segment.originStart;
  }
}

/** Index of the last element whose key is ≤ `wanted`; 0 when there is none. The list is sorted by key. */
function lastNotAbove<T>(list: readonly T[], wanted: number, key: (element: T) => number): number {
  let low = 0;
  let high = list.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (key(list[middle]!) <= wanted) low = middle;
    else high = middle - 1;
  }
  return low;
}
