import { encodeWord } from 'nodemailer/lib/mime-funcs';

/** Longest display name that is written. */
const maxNameLength = 200;

/** A display name for a header field: atoms, a quoted string or encoded words (RFC 5322 3.2.5, RFC 2047 5). */
export function displayName(text: string): string {
  const name = text
    .replaceAll(/[\x00-\x1f\x7f]/g, ' ')
    .slice(0, maxNameLength)
    .toWellFormed();
  if (/^[\w!#$%&'*+/=?^`{|}~ -]+$/.test(name) && !name.includes('=?')) return name;
  if (/^[\x20-\x7e]*$/.test(name)) return `"${name.replaceAll(/["\\]/g, '\\$&')}"`;
  return encodeWord(name, 'B', 52);
}
