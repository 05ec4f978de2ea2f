export * from './base64.ts';
export * from './ip.ts';
export * from './quoted-printable.ts';
export { compileGlob, compilePattern, type Pattern, RegexpError } from './regexp.ts';
export * from './uuencode.ts';
