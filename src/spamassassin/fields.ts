import { domainInfo } from '../content/index.ts';
import type { Header, Mailbox, Message } from '../core/index.ts';
import { parseIp, utf8Bytes } from '../lib/index.ts';
import { parseAddressList } from '../mime/index.ts';
import { ruleLimits } from './limits.ts';
import type { RuleMessage } from './message.ts';

/** What a header rule reads: a field or pseudo field, and what is done with its values. */
export interface FieldSource {
  /** As written, for grouping. */
  readonly text: string;
  /** Values of a message, one character a byte; none: the field is not there. */
  read(message: RuleMessage): readonly string[];
}

/** A header that names what is not known here. */
export class FieldError extends Error {}

/** Fields that hold no encoded words (RFC 2047 5). */
const plainFields =
  /^(?:received|(?:resent-)?(?:message-id|date)|mime-version|references|in-reply-to|list-.*)$/;

/** Values as they stand, without what comes before them, with their line breaks. */
export function rawField(source: Buffer, header: Header): string {
  const text = source.toString('latin1', header.valueStart, header.end);
  return `${text.replace(/^[ \t]+/, '').replaceAll('\r\n', '\n')}\n`;
}

/** Unfolded and decoded, in bytes of UTF-8. */
export function decodedField(source: Buffer, header: Header): string {
  const raw = rawField(source, header)
    .replace(/\n[ \t]+/g, ' ')
    .trim();
  if (plainFields.test(header.key) || (!raw.includes('=?') && !/[\x80-\xff]/.test(raw))) return raw;
  return utf8Bytes(header.value);
}

function fieldsOf({ raw, headers }: Message, key: string, read: typeof rawField): readonly string[] {
  return headers.has(key) ? headers.every(key).map((header) => read(raw, header)) : [];
}

type Reader = (message: RuleMessage) => readonly string[];

const line = (text: string): string => `${text}\n`;

function conventional(name: string, isRaw: boolean): Reader {
  const key = name.toLowerCase();
  return isRaw
    ? ({ message }) => fieldsOf(message, key, rawField)
    : ({ message }) => fieldsOf(message, key, decodedField).map(line);
}

const messageIdFields = ['x-message-id', 'resent-message-id', 'x-original-message-id', 'message-id'];

/** Fields with their names, from one Received field, counted from 1, up to another, both included. */
function wholeFields({ message }: RuleMessage, isRaw: boolean, from: number, to: number): readonly string[] {
  const { raw, headers } = message;
  const values: string[] = [];
  let received = 0;
  for (const header of headers.all) {
    if (header.key === 'received') received++;
    if (received < from) continue;
    values.push(
      isRaw
        ? `${raw.toString('latin1', header.start, header.end).replaceAll('\r\n', '\n')}\n`
        : `${header.name}: ${decodedField(raw, header)}\n`,
    );
    if (header.key === 'received' && received >= to) break;
  }
  return values;
}

/** Pseudo fields; names of two compare with their case. */
function pseudoField(name: string, isRaw: boolean): Reader | undefined {
  switch (name) {
    case 'ALL':
      return (message) => wholeFields(message, isRaw, 0, Number.POSITIVE_INFINITY);
    case 'ALL-TRUSTED':
    case 'ALL-INTERNAL':
      return (message) => wholeFields(message, isRaw, 0, message.relays.ownFields);
    case 'ALL-UNTRUSTED':
    case 'ALL-EXTERNAL':
      return (message) => wholeFields(message, isRaw, message.relays.ownFields, Number.POSITIVE_INFINITY);
    case 'MESSAGEID': {
      const readers = messageIdFields.map((field) => conventional(field, isRaw));
      return (message) => readers.flatMap((read) => read(message)).filter((value) => value.trim() !== '');
    }
  }
  switch (name.toLowerCase()) {
    case 'envelopefrom':
      return ({ envelopeFrom }) => (envelopeFrom === undefined ? [] : [envelopeFrom]);
    case 'tocc': {
      const to = conventional('to', isRaw);
      const cc = conventional('cc', isRaw);
      return (message) => [...to(message), ...cc(message)];
    }
    case 'x-spam-relays-untrusted':
    case 'x-spam-relays-external':
      return ({ relays }) => [relays.untrustedText];
    case 'x-spam-relays-trusted':
    case 'x-spam-relays-internal':
      return ({ relays }) => [relays.trustedText];
  }
  return undefined;
}

function mailboxesOf(values: readonly string[]): readonly Mailbox[] {
  return values.flatMap((value) => parseAddressList(value.trim(), ruleLimits.addresses).mailboxes);
}

/** Mailboxes of fields that the message reads once for everybody. */
function mailboxReader(name: string, read: Reader): (message: RuleMessage) => readonly Mailbox[] {
  switch (name.toLowerCase()) {
    case 'from':
      return ({ message }) => message.from;
    case 'to':
      return ({ message }) => message.to;
    case 'cc':
      return ({ message }) => message.cc;
    case 'reply-to':
      return ({ message }) => message.replyTo;
    default:
      return (message) =>
        mailboxesOf(read(message).map((value) => Buffer.from(value, 'latin1').toString('utf8')));
  }
}

function hostIn(value: string): string | undefined {
  for (const pattern of [/@([a-z0-9-]+(?:\.[a-z0-9-]+)+)/gi, /(?<![\w.-])([a-z0-9-]+(?:\.[a-z0-9-]+)+)/gi]) {
    for (const [, host] of value.slice(0, 4_096).matchAll(pattern))
      if (domainInfo(host!.toLowerCase()).hasSuffix) return host!;
  }
  return undefined;
}

function ipIn(value: string): string | undefined {
  for (const [found] of value.slice(0, 4_096).matchAll(/[0-9a-f:.]{3,45}/gi)) {
    const text = found.replace(/^[.:](?!:)|\.$/g, '');
    if (/[.:]/.test(text) && parseIp(text)) return text;
  }
  return undefined;
}

function name8bit(name: string): string {
  return utf8Bytes(
    name
      .replace(/\s+/g, ' ')
      .trim()
      .replace(/^'(.*)'$/, '$1'),
  );
}

const modifiers: ReadonlySet<string> = new Set([
  'raw',
  'addr',
  'name',
  'host',
  'domain',
  'ip',
  'revip',
  'first',
  'last',
]);

/**
 * Reads what a header rule asks for: `Subject`, `From:addr`, `ALL:raw`, `Reply-To:addr:domain` …
 *
 * @throws FieldError
 */
export function fieldSource(text: string): FieldSource {
  const [name = '', ...given] = text.split(':');
  const strange = given.find((modifier) => !modifiers.has(modifier));
  if (strange !== undefined) throw new FieldError(`unknown modifier ":${strange}"`);
  if (!/^[!-9;-~]+$/.test(name)) throw new FieldError(`"${name}" is no name of a field`);
  const asks = new Set(given);
  const isRaw = asks.has('raw');
  const base = pseudoField(name, isRaw) ?? conventional(name, isRaw);
  let read = base;
  const after = (change: (values: readonly string[]) => readonly string[]): void => {
    const before = read;
    read = (message) => change(before(message));
  };
  if (asks.has('first')) after((values) => values.slice(0, 1));
  else if (asks.has('last')) after((values) => values.slice(-1));
  if (asks.has('addr') || asks.has('name')) {
    const isWhole = !asks.has('first') && !asks.has('last');
    const narrowed = read;
    const mailboxes = mailboxReader(isWhole ? name : '', narrowed);
    read = asks.has('addr')
      ? (message) =>
          mailboxes(message)
            .filter(({ text: address }) => address !== '')
            .map(({ text: address }) => utf8Bytes(address))
      : (message) =>
          mailboxes(message)
            .filter((mailbox) => mailbox.name !== '')
            .map((mailbox) => name8bit(mailbox.name));
  }
  if (asks.has('host') || asks.has('domain'))
    after((values) =>
      values.flatMap((value) => {
        const host = asks.has('addr') ? /@(\S+)$/.exec(value)?.[1] : hostIn(value);
        if (host === undefined) return [];
        return [asks.has('domain') ? domainInfo(host.toLowerCase()).domain : host];
      }),
    );
  else if (asks.has('ip') || asks.has('revip'))
    after((values) =>
      values.flatMap((value) => {
        const ip = ipIn(value);
        if (ip === undefined) return [];
        return [asks.has('revip') && ip.includes('.') ? ip.split('.').reverse().join('.') : ip];
      }),
    );
  return { text, read };
}

/** Values as one text, as rules match it: each on a line of its own. */
export function joinValues(values: readonly string[]): string {
  return values.length === 1 ? values[0]! : values.join(values[0]?.endsWith('\n') ? '' : '\n');
}
