/** High half of the 64-bit product of two unsigned 32-bit numbers; the low one is `Math.imul`. */
export function mulHigh(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const first = aHigh * bLow + ((aLow * bLow) >>> 16);
  const second = aLow * bHigh + (first & 0xffff);
  return aHigh * bHigh + Math.floor(first / 0x10000) + Math.floor(second / 0x10000);
}
