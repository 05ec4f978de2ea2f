import type { TaskFlag } from '../../core/index.ts';

/** Offset of the first byte after the blank line that ends a header; the length of `raw` when there is none. */
export function bodyOffsetOf(raw: Buffer): number {
  if (raw[0] === 0x0a) return 1;
  if (raw[0] === 0x0d && raw[1] === 0x0a) return 2;
  for (let at = raw.indexOf(0x0a); at >= 0; at = raw.indexOf(0x0a, at + 1)) {
    if (raw[at + 1] === 0x0a) return at + 2;
    if (raw[at + 1] === 0x0d && raw[at + 2] === 0x0a) return at + 3;
  }
  return raw.length;
}

/** The rewritten message as a client with these flags wants it: body only with `milter` (wire-protocols 1.10). */
export function rewrittenBody(rewritten: Buffer, flags: ReadonlySet<TaskFlag>): Buffer {
  return flags.has('milter') ? rewritten.subarray(bodyOffsetOf(rewritten)) : rewritten;
}
