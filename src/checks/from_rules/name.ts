import type { MailAddress } from '../../core/index.ts';
import { isValidAddress, parseAddressList } from '../../mime/index.ts';

/** The title a display name begins with, in lower case with the dot or blank after it. */
export function titleOf(name: string): string | undefined {
  const first = name.charCodeAt(0) | 0x20;
  if (first !== 0x6d && first !== 0x64) return undefined;
  return /^(?:mrs?|dr)[. \t]/i.exec(name)?.[0].toLowerCase();
}

/**
 * Are there two blanks in a row? Folding of the field does not count: its blanks stand for one.
 *
 * @param raw the field as sent, with folding
 */
export function hasExcessSpace(name: string, raw: string): boolean {
  if (!/[ \t]{2}/.test(name)) return false;
  if (!raw.includes('\n') && !raw.includes('\r')) return true;
  const unfolded = raw.replace(/[ \t]{0,100}[\r\n]+[ \t]+/g, ' ');
  return /[ \t]{2}/.test(parseAddressList(unfolded, 1).mailboxes[0]?.name ?? '');
}

/** The address that a display name shows: one that could be somebody's, with a dot in its domain. */
export function addressInName(name: string): MailAddress | undefined {
  if (!name.includes('@')) return undefined;
  const [shown] = parseAddressList(name, 1).mailboxes;
  return shown?.domain.includes('.') && isValidAddress(shown) ? shown : undefined;
}
