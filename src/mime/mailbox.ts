import type { MailAddress } from '../core/index.ts';

const quote = 0x22;
const dash = 0x2d;
const dot = 0x2e;
const backslash = 0x5c;

const atext = new Uint8Array(128);
for (const char of "!#$%&'*+-/=?^_`{|}~") atext[char.charCodeAt(0)] = 1;
for (let code = 0; code < 128; code++) if (isAlphanumeric(code)) atext[code] = 1;

function isAlphanumeric(code: number): boolean {
  const lower = code | 0x20;
  return (code >= 0x30 && code <= 0x39) || (lower >= 0x61 && lower <= 0x7a);
}

/** Do these name the same mailbox? Local parts are compared without regard to case, as everybody does. */
export function sameAddress(a: MailAddress, b: MailAddress): boolean {
  if (a.domain !== b.domain || a.local.length !== b.local.length) return false;
  return a.local === b.local || a.local.toLowerCase() === b.local.toLowerCase();
}

/** Is this a mailbox as RFC 5321 4.1.2 and RFC 6531 3.3 spell it? Lengths do not matter; hosts may have underscores. */
export function isValidAddress({ local, domain }: MailAddress): boolean {
  return isLocalPart(local) && isDomain(domain);
}

function isLocalPart(local: string): boolean {
  if (local.charCodeAt(0) === quote) return isQuotedString(local);
  let previous = dot;
  for (let i = 0; i < local.length; i++) {
    const code = local.charCodeAt(i);
    if (code === dot ? previous === dot : code < 128 && atext[code] === 0) return false;
    previous = code;
  }
  return previous !== dot;
}

function isQuotedString(text: string): boolean {
  const last = text.length - 1;
  if (last < 1 || text.charCodeAt(last) !== quote) return false;
  for (let i = 1; i < last; i++) {
    let code = text.charCodeAt(i);
    if (code === quote) return false;
    if (code === backslash) {
      if (++i === last) return false;
      code = text.charCodeAt(i);
    }
    if (code < 0x20 || code === 0x7f) return false;
  }
  return true;
}

function isDomain(domain: string): boolean {
  if (domain.startsWith('[')) return /^\[[a-z0-9:.-]{2,64}\]$/.test(domain);
  let previous = dot;
  for (let i = 0; i < domain.length; i++) {
    const code = domain.charCodeAt(i);
    if (code === dot) {
      if (previous === dot || previous === dash) return false;
    } else if (code === dash) {
      if (previous === dot) return false;
    } else if (code < 128 && !isAlphanumeric(code) && code !== 0x5f) return false;
    previous = code;
  }
  return previous !== dot && previous !== dash;
}
