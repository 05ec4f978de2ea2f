import type { MailAddress } from '../../core/index.ts';

/**
 * Is the envelope sender the From address with a tag that proves bounces genuine: `prvs=TAG=user`, `msprvs1=TAG=user`,
 * `btv1==TAG==user`, and Barracuda's `prvs=user=TAG`?
 */
export function hasBounceTag(sender: MailAddress, from: MailAddress): boolean {
  if (sender.domain === '') return false;
  const first = sender.local.charCodeAt(0) | 0x20;
  if (first !== 0x70 && first !== 0x6d && first !== 0x62) return false;
  const local = sender.local.toLowerCase();
  const address = `${from.local.toLowerCase()}@${from.domain}`;
  const tagged = /^(prvs|msprvs1)=([^=]+)=(.+)$/.exec(local) ?? /^(btv1)==([^=]+)==(.+)$/.exec(local);
  if (!tagged) return false;
  if (`${tagged[3]}@${sender.domain}` === address) return true;
  return tagged[1] === 'prvs' && `${tagged[2]}@${sender.domain}` === address;
}

/** Does the envelope sender name the recipient (variable envelope return path): `list-user=example.org@…`? */
export function namesRecipient(sender: MailAddress, recipient: MailAddress): boolean {
  if (recipient.domain === '' || !sender.local.includes('=')) return false;
  return sender.local.toLowerCase().includes(`${recipient.local.toLowerCase()}=${recipient.domain}`);
}
