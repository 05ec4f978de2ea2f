import type { MailAddress, Task } from '../../core/index.ts';

export type ForwardingSymbol =
  | 'FWD_GOOGLE'
  | 'FWD_YANDEX'
  | 'FWD_MAILRU'
  | 'FWD_SRS'
  | 'FWD_SIEVE'
  | 'FWD_CPANEL'
  | 'FORWARDED';

/** Who forwarded a message. */
export interface Forwarding {
  readonly symbol: ForwardingSymbol;
  readonly option?: string;
}

/** `user+caf_=rcpt=domain@gmail.com`: Google writes the address it forwards to into the envelope sender. */
function google(sender: MailAddress, rcpt: MailAddress): Forwarding | undefined {
  const user = sender.local.toLowerCase();
  const mark = user.indexOf('+caf_=');
  if (mark <= 0) return undefined;
  if (!user.startsWith(rcpt.text.toLowerCase().replace('@', '='), mark + '+caf_='.length)) return undefined;
  return { symbol: 'FWD_GOOGLE', option: `${user.slice(0, mark)}@${sender.domain}` };
}

/** The address in angle brackets or without, its tag taken away. */
function plainAddress(text: string): string {
  const address = text.replace(/^</, '').replace(/>$/, '');
  const at = address.lastIndexOf('@');
  const plus = address.indexOf('+');
  return plus > 0 && plus < at ? address.slice(0, plus) + address.slice(at) : address;
}

/** The newest hop that names a recipient names another one: somebody between changed it. */
function byReceived(task: Task, recipients: readonly string[]): Forwarding | undefined {
  const { message } = task;
  for (const hop of message.received) {
    if (hop.for === undefined) continue;
    const address = plainAddress(hop.for).toLowerCase();
    if (recipients.includes(address)) return undefined;
    // Mailing lists look the same: they write to members what was sent to the list.
    const isList = message.headers.has('list-unsubscribe') && message.to[0]?.text.toLowerCase() === address;
    return isList ? undefined : { symbol: 'FORWARDED', option: address };
  }
  return undefined;
}

/**
 * Finds out whether somebody forwarded this message to its only recipient. Addresses are those of the envelope before
 * tags were taken away, which is where forwarders leave their marks.
 */
export function findForwarding(task: Task): Forwarding | undefined {
  const { sender, recipients, hostName } = task.originalEnvelope;
  const [rcpt] = recipients;
  if (!sender || !rcpt || recipients.length > 1 || task.raw.length === 0) return undefined;
  const { headers } = task.message;
  const byGoogle = google(sender, rcpt);
  if (byGoogle) return byGoogle;
  const host = hostName?.toLowerCase() ?? '';
  if (/\.yandex\.[a-z]+$/.test(host) && headers.has('x-yandex-forward')) return { symbol: 'FWD_YANDEX' };
  if (host.endsWith('.mail.ru') && headers.has('x-mailru-forward')) return { symbol: 'FWD_MAILRU' };
  const user = sender.local.toLowerCase();
  // SRS0=hash=time=domain=user, SRS1=hash=forwarder==hash=time=domain=user
  if (/^srs[01]=/.test(user)) {
    if (user.includes(`=${rcpt.domain}=${rcpt.local.toLowerCase()}`)) return { symbol: 'FWD_SRS' };
    if (headers.has('x-sieve-redirected-from')) return { symbol: 'FWD_SIEVE' };
    if (headers.first('from-rewrite')?.value.includes('forwarded message')) return { symbol: 'FWD_CPANEL' };
  }
  const seen = task.envelope.recipients.map(({ text }) => text.toLowerCase());
  return byReceived(task, [rcpt.text.toLowerCase(), plainAddress(rcpt.text).toLowerCase(), ...seen]);
}
