import { domainInfo } from '../../content/index.ts';
import { fieldSource } from '../fields.ts';
import type { RuleMessage } from '../message.ts';
import { type EvalFunction, FunctionError, lowerBound, plain, upperBound } from './make.ts';

const source = (text: string): ((message: RuleMessage) => readonly string[]) => {
  const { read } = fieldSource(text);
  return read;
};

const toAddresses = source('To:addr');
const fromAddresses = source('From:addr');
const toOrCc = source('ToCc:addr');
const bcc = source('Bcc:addr');
const allFields = source('ALL');
const messageIds = source('MESSAGEID');

const isUtf8 = (bytes: string): boolean => !Buffer.from(bytes, 'latin1').toString('utf8').includes('\ufffd');

/** Bytes that belong into no header: controls and, unless the whole is UTF-8, everything beyond ASCII. */
function illegalShare(text: string, isSubject: boolean): { readonly ratio: number; readonly count: number } {
  if (text.trim() === '') return { ratio: 0, count: 0 };
  const beyond = /[\x80-\xff]/.test(text);
  if (beyond && isUtf8(text) && !/[\x00-\x08\x0b\x0c\x0e-\x1f]/.test(text)) return { ratio: 0, count: 0 };
  let count = text.match(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xff]/g)?.length ?? 0;
  // A cent, pound or registered sign by itself is a slip of the pen.
  if (isSubject && count > 0 && text.match(/[\xa2\xa3\xae]/g)?.length === 1) count--;
  return { ratio: count / text.length, count };
}

const likelyToBeCapitals =
  /=\?(?:(?:big5|gb2312|gb18030|gbk|iso-2022-(?:jp|kr|cn)|iso-8859-(?:5|8)|koi8-[ru]|euc-(?:jp|kr|cn|tw)|ks_c_5601-1987|shift[-_]?jis|windows-(?:1251|1255|31j|949|936|950))[^?]*)\?/i;

function isShouted(message: RuleMessage): boolean {
  const subject = message
    .field('subject')
    .trim()
    .replace(/^(?:(?:re|fwd|fw|aw|antwort|wg|sv|vb|vs|vl):\s*)+/i, '');
  if (!/\s/.test(subject) || subject.length < 10) return false;
  const letters = subject.replace(/[^a-zA-Z]/g, '');
  if (letters === '' || letters !== letters.toUpperCase()) return false;
  return !likelyToBeCapitals.test(message.message.headers.first('subject')?.rawValue ?? '');
}

/** Neighbours that are the same count once. */
function recipients(message: RuleMessage): readonly string[] {
  const listed = toOrCc(message);
  const all = listed.length >= 5 ? listed : [...listed, ...bcc(message)];
  return all
    .filter((address, i) => i === 0 || address.toLowerCase() !== all[i - 1]!.toLowerCase())
    .slice(0, 256);
}

function isSorted(message: RuleMessage): boolean {
  const list = recipients(message);
  return list.length >= 7 && list.every((address, i) => i === 0 || list[i - 1]! <= address);
}

/** Share of pairs of recipients that begin alike, before or after the `@`. */
function similarity(message: RuleMessage): number {
  const list = recipients(message);
  if (list.length < 5) return 0;
  let alike = 0;
  let pairs = 0;
  const parts = list.map((address) => ({
    user: address.slice(0, 2),
    host: address.slice(address.indexOf('@') + 1),
  }));
  for (const [i, a] of parts.entries()) {
    for (const b of parts.slice(i + 1)) {
      if (a.user === b.user) alike++;
      if (a.host.slice(0, 2) === b.host.slice(0, 2) && a.host !== b.host) alike++;
      pairs++;
    }
  }
  return alike / pairs;
}

const escaped = (text: string): string => text.replace(/[^A-Za-z0-9_\x80-\uffff]/g, '\\$&');

function namesRecipient(message: RuleMessage, what: string | undefined): boolean {
  const to = toAddresses(message)[0];
  if (to === undefined || to.length > 320) return false;
  const subject = message.field('subject');
  if (what === 'address') return new RegExp(`\\b${escaped(to)}\\b`, 'i').test(subject);
  const user = escaped(to.slice(0, Math.max(to.lastIndexOf('@'), 0)));
  if (user === '') return false;
  const text = subject.trimEnd();
  return (
    new RegExp(`^${user}\\s*[,:;!?-](?:$|\\s)`).test(text) ||
    new RegExp(`^(?:(?:re|fw):\\s*(?:\\w+\\s+)?)?${user}$`, 'i').test(text)
  );
}

const mayHoldTemplates =
  /^(?:x-vms-to|x-uidl|x-face|to|cc|from|subject|references|in-reply-to|(?:x-|resent-|x-original-)?message-id):/i;

const secondLevel = (address: string): string => {
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase();
  return address.includes('@') ? domain.split('.').slice(-2).join('.') : '';
};

/** The sender of the envelope hides the recipient: `bounce-example.com-user@…`. */
function hidesRecipient({ envelopeFrom = '' }: RuleMessage, to: string | undefined): boolean {
  const at = to?.lastIndexOf('@') ?? -1;
  if (to === undefined || at <= 0 || envelopeFrom === '' || /^SRS\d[=+-]/i.test(envelopeFrom)) return false;
  const { domain, hasSuffix } = domainInfo(to.slice(at + 1).toLowerCase());
  if (!hasSuffix) return false;
  return new RegExp(`\\b${escaped(domain)}.${escaped(to.slice(0, at))}@`, 'i').test(envelopeFrom);
}

/** The name in From equals the right side of a Message-ID made of 28 capitals. */
function hasNameAsId(message: RuleMessage): boolean {
  const host = /<[A-Z]{28}\.([^>]+?)>/.exec(messageIds(message).join(''))?.[1];
  return host !== undefined && new RegExp(`"[^"]+"\\s*<${escaped(host)}>`).test(message.field('from'));
}

/** Mailing list programs that write Message-ID fields of their own. */
function hasForeignId(message: RuleMessage): boolean {
  if (/<mailto:(?:leave-\S+|\S+-unsubscribe)@\S+>$/im.test(message.field('list-unsubscribe'))) return true;
  return lacksReceived(message) || /\/CWT\/DCE\)|iPlanet Messaging Server/.test(message.field('received'));
}

/** Received fields were taken away, as ezmlm does, or there never were any. */
export function lacksReceived(message: RuleMessage): boolean {
  const received = message.field('received');
  if (received === '') return true;
  return (
    /^contact \S+@\S+; run by ezmlm$/m.test(message.field('mailing-list')) &&
    /^mailing list \S+@\S+/m.test(message.field('delivered-to')) &&
    /qmail \d+ invoked (?:from network|by .{3,20})\); \d+ ... \d+/.test(received)
  );
}

export const headerFunctions: Readonly<Record<string, EvalFunction>> = {
  check_illegal_chars: {
    make: ({ args: [field = '', ratio = '0', count = '0'] }) => {
      const name = field.replace(/:raw$/, '');
      const read = source(`${name}:raw`);
      const isSubject = name.toLowerCase() === 'subject';
      return (message) => {
        const share = illegalShare(read(message).join(''), isSubject);
        return share.count > 0 && share.ratio >= Number(ratio) && share.count >= Number(count);
      };
    },
  },
  check_for_missing_to_header: plain(
    (message) => message.field('to') === '' && message.field('apparently-to') === '',
  ),
  subject_is_all_caps: plain(isShouted),
  sorted_recipients: plain(isSorted),
  similar_recipients: {
    make: ({ args: [min, max] }) => {
      const from = lowerBound(min);
      const below = upperBound(max);
      return (message) => {
        const value = similarity(message);
        return value >= from && value < below;
      };
    },
  },
  check_for_to_in_subject: {
    make: ({ args: [what] }) => {
      if (what !== 'address' && what !== 'user')
        throw new FunctionError(`check_for_to_in_subject ("${what ?? ''}" is neither address nor user)`);
      return (message) => namesRecipient(message, what);
    },
  },
  check_header_count_range: {
    make: ({ args: [field = '', min = '0', max = '0'] }) => {
      const key = field.toLowerCase();
      return ({ message: { headers } }) => {
        const count = new Set(headers.every(key).map(({ value }) => value)).size;
        return count >= Number(min) && count <= Number(max);
      };
    },
  },
  check_unresolved_template: plain((message) =>
    allFields(message).some((field) => /%[A-Z][A-Z_-]/.test(field) && !mayHoldTemplates.test(field)),
  ),
  check_ratware_name_id: plain(hasNameAsId),
  check_ratware_envelope_from: plain((message) => hidesRecipient(message, toAddresses(message)[0])),
  check_for_matching_env_and_hdr_from: plain(
    (message) =>
      (message.envelopeFrom ?? '').toLowerCase() === (fromAddresses(message)[0] ?? '').toLowerCase(),
  ),
  check_equal_from_domains: plain((message) => {
    const from = secondLevel(fromAddresses(message)[0] ?? '');
    const envelope = secondLevel(message.envelopeFrom ?? '');
    return from !== '' && envelope !== '' && from !== envelope;
  }),
  check_messageid_not_usable: plain(hasForeignId),
  gated_through_received_hdr_remover: plain(lacksReceived),
};
