import type { HeaderList, MailAddress } from '../../core/index.ts';
import { parseAddressList, sameAddress } from '../../mime/index.ts';

/** Receipts of one message that are looked at. */
const maxAddresses = 20;

/** Does X-Confirm-Reading-To name somebody else than From? */
export function hasForeignReadingReceipt(headers: HeaderList, from: MailAddress | undefined): boolean {
  const header = headers.first('x-confirm-reading-to');
  if (!header || !from) return false;
  const [asked] = parseAddressList(header.value, 1).mailboxes;
  return asked !== undefined && !from.text.toLowerCase().includes(asked.text.toLowerCase());
}

/** Does Disposition-Notification-To (RFC 8098 2.1) name nobody but others than the envelope sender? */
export function hasForeignReceipt(headers: HeaderList, sender: MailAddress | null | undefined): boolean {
  const header = headers.first('disposition-notification-to');
  if (!header) return false;
  const { mailboxes } = parseAddressList(header.value, maxAddresses);
  if (mailboxes.length === 0) return false;
  return !sender || mailboxes.every((mailbox) => !sameAddress(mailbox, sender));
}
