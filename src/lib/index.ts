export { decodeBase32, encodeBase32 } from './base32.ts';
export * from './base64.ts';
export * from './copy-string.ts';
export * from './ip.ts';
export { maskIp, networkKeys } from './ip-mask.ts';
export * from './quoted-printable.ts';
export { compileGlob, compilePattern, type Pattern, RegexpError } from './regexp.ts';
export { urlParts } from './url-parts.ts';
export * from './uuencode.ts';
