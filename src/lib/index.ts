export { decodeBase32, encodeBase32 } from './base32.ts';
export * from './base64.ts';
export * from './copy-string.ts';
export * from './digest.ts';
export * from './ip.ts';
export { maskIp, networkKeys } from './ip-mask.ts';
export { isPublicIp } from './ip-public.ts';
export { LuaPatternError, luaPattern } from './lua-pattern.ts';
export { mulHigh } from './mul-high.ts';
export { percentBytes } from './percent.ts';
export * from './quoted-printable.ts';
export {
  compileGlob,
  compilePattern,
  type Pattern,
  type ReadPattern,
  RegexpError,
  readPattern,
  utf8Bytes,
} from './regexp.ts';
export type { RegexpNode } from './regexp-tree.ts';
export { reversedIp, reverseName } from './reverse-name.ts';
export { urlParts } from './url-parts.ts';
export * from './uuencode.ts';
export { type Halves, xxh64 } from './xxh64.ts';
