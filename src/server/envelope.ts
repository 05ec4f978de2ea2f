import {
  type Envelope,
  type FrontDoor,
  type MailAddress,
  type Recipient,
  type RequestHeaderList,
  type RequestHeaders,
  requestFlags,
  type TaskFlag,
} from '../core/index.ts';
import type { IpAddress } from '../lib/index.ts';
import { parseClientAddress, parseEnvelopeAddress, parseEsmtpParameters } from './address.ts';

/** What a session knows about a request besides its header lines. */
export interface RequestContext {
  readonly door: FrontDoor;
  /** Address of whoever connected to Postern; undefined for a unix socket. */
  readonly peerIp?: IpAddress | undefined;
  /** Lines that rules may ask for, where they are not the interpreted ones (/checkv3). */
  readonly request?: RequestHeaders | undefined;
  /** `settings` of /checkv3, instead of the header's text. */
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
}

const knownFlags: ReadonlySet<string> = new Set(requestFlags);

/** Longest `Log-Tag` that is used, in characters. */
const maxLogTagLength = 64;

/** Names that MTAs give to clients without a verified reverse name. */
const placeholderNames: ReadonlySet<string> = new Set(['unknown', 'nxdomain', 'dnserror']);

/** Splits a recipient list at its commas, but for those in quoted strings, escapes and angle brackets. */
export function splitRecipients(text: string): string[] {
  if (!text.includes(',')) return [text];
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  let bracketed = false;
  const lastBracket = text.lastIndexOf('>');
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5c) i++;
    else if (code === 0x22) quoted = !quoted;
    else if (quoted) continue;
    // A source route (RFC 5321 4.1.1.3) has commas inside; a bracket that never closes protects nothing.
    else if (code === 0x3c) bracketed = i < lastBracket;
    else if (code === 0x3e) bracketed = false;
    else if (code === 0x2c && !bracketed) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** The name as rules see it; undefined for what stands in for a missing one (`[192.0.2.1]`, `unknown`). */
function verifiedName(value: string): string | undefined {
  return value === '' || value.startsWith('[') || placeholderNames.has(value.toLowerCase())
    ? undefined
    : value;
}

function withoutBrackets(value: string): string {
  return value.startsWith('<') && value.endsWith('>') ? value.slice(1, -1) : value;
}

/** Collects the fields of an envelope while the header lines go by. */
class EnvelopeBuilder {
  readonly flags = new Set<TaskFlag>();
  isSenderMalformed = false;
  malformedRecipients = 0;
  sender: MailAddress | null | undefined;
  /** Undefined: an address that did not parse, kept because ESMTP parameters count positions. */
  readonly recipients: (MailAddress | undefined)[] = [];
  readonly senderParameters: string[] = [];
  readonly recipientParameters = new Map<number, string[]>();
  clientIp: IpAddress | undefined;
  clientPort: number | undefined;
  clientSocketPath: string | undefined;
  tlsVersion: string | undefined;
  tlsCipher: string | undefined;
  tlsCertIssuer: string | undefined;

  setSender(value: string): void {
    this.sender = parseEnvelopeAddress(value);
    this.isSenderMalformed = this.sender === undefined;
  }

  addRecipients(value: string): void {
    for (const text of splitRecipients(value)) {
      if (text.trim() === '') continue;
      const address = parseEnvelopeAddress(text);
      if (!address) this.malformedRecipients++;
      this.recipients.push(address ?? undefined);
    }
  }

  setClient(value: string): void {
    const client = parseClientAddress(value);
    this.clientIp = undefined;
    this.clientPort = undefined;
    this.clientSocketPath = undefined;
    if (client === undefined) return;
    if ('socketPath' in client) this.clientSocketPath = client.socketPath;
    else {
      this.clientIp = client.ip;
      this.clientPort = client.port;
    }
  }

  addFlags(value: string): void {
    for (const word of value.split(',')) {
      const flag = word.trim();
      if (knownFlags.has(flag)) this.flags.add(flag as TaskFlag);
    }
  }

  addRecipientParameter(value: string): void {
    const match = /^(\d{1,6}):(.*)$/s.exec(value);
    if (!match?.[2]?.includes('=')) return;
    const index = Number(match[1]);
    const list = this.recipientParameters.get(index);
    if (list) list.push(match[2]);
    else this.recipientParameters.set(index, [match[2]]);
  }

  malformed(): string[] {
    const names = new Array<string>(this.malformedRecipients).fill('Rcpt');
    if (this.isSenderMalformed) names.unshift('From');
    return names;
  }

  recipientList(): Recipient[] {
    const list: Recipient[] = [];
    for (const [index, address] of this.recipients.entries()) {
      if (!address) continue;
      const esmtp = parseEsmtpParameters(this.recipientParameters.get(index) ?? []);
      list.push({ text: address.text, local: address.local, domain: address.domain, esmtp });
    }
    return list;
  }

  tls(): Envelope['tls'] {
    if (this.tlsCipher === undefined && this.tlsVersion === undefined) return undefined;
    return { version: this.tlsVersion, cipher: this.tlsCipher, certIssuer: this.tlsCertIssuer };
  }
}

function logTag(value: string | undefined): string | undefined {
  // Control characters would let a client forge log lines.
  const tag = value?.replace(/[\x00-\x20\x7f]+/g, '').slice(0, maxLogTagLength);
  return tag === '' ? undefined : tag;
}

/**
 * The envelope that header lines of a scan request describe (wire-protocols 1.4). Of single-valued headers the
 * last line counts. What does not parse is listed in `malformed`, never an error; a bad `IP` means no address.
 */
export function envelopeFromRequest(headers: RequestHeaderList, context: RequestContext): Envelope {
  const builder = new EnvelopeBuilder();
  const { flags } = builder;
  let helo: string | undefined;
  let hostName: string | undefined;
  let login: string | undefined;
  let deliverTo: string | undefined;
  let queueId: string | undefined;
  let mtaName: string | undefined;
  let mtaTag: string | undefined;
  let userAgent: string | undefined;
  let settings: string | undefined;
  let settingsId: string | undefined;
  let tag: string | undefined;
  for (const [name, value] of headers.entries()) {
    switch (name) {
      case 'from':
        builder.setSender(value);
        break;
      case 'rcpt':
        builder.addRecipients(value);
        break;
      case 'ip':
        builder.setClient(value);
        break;
      case 'helo':
        helo = value === '' ? undefined : value;
        break;
      case 'hostname':
        hostName = verifiedName(value);
        break;
      case 'user':
        // To spamc it is the local user who runs it, never a login (wire-protocols 2.5).
        if (context.door !== 'spamc') login = value;
        break;
      case 'queue-id':
        queueId = value;
        break;
      case 'deliver-to':
        deliverTo = withoutBrackets(value);
        break;
      case 'settings-id':
        settingsId = value;
        break;
      case 'settings':
        settings = value;
        break;
      case 'pass':
        if (value === 'all') flags.add('pass_all');
        break;
      case 'flags':
        builder.addFlags(value);
        break;
      case 'raw':
        if (value.toLowerCase() === 'yes') flags.add('raw');
        break;
      case 'url-format':
        if (value === 'extended') flags.add('ext_urls');
        break;
      case 'log':
        if (value === 'no') flags.add('no_log');
        break;
      case 'log-tag':
        tag = value;
        break;
      case 'mta-tag':
        mtaTag = value;
        break;
      case 'mta-name':
        mtaName = value;
        break;
      case 'milter':
        flags.add('milter');
        break;
      case 'profile':
        flags.add('profile');
        break;
      case 'tls-cipher':
        builder.tlsCipher = value;
        flags.add('ssl');
        break;
      case 'tls-version':
        builder.tlsVersion = value;
        break;
      case 'tls-cert-issuer':
        builder.tlsCertIssuer = value;
        break;
      case 'user-agent':
        userAgent = value;
        break;
      case 'x-rspamd-mail-esmtp-args':
        if (value.includes('=')) builder.senderParameters.push(value);
        break;
      case 'x-rspamd-rcpt-esmtp-args':
        builder.addRecipientParameter(value);
        break;
    }
  }
  const malformed = builder.malformed();
  if (malformed.length > 0) flags.add('broken_headers');
  return {
    door: context.door,
    clientIp: builder.clientIp,
    clientPort: builder.clientPort,
    clientSocketPath: builder.clientSocketPath,
    helo,
    hostName,
    login,
    sender: builder.sender,
    senderEsmtp: parseEsmtpParameters(builder.senderParameters),
    recipients: builder.recipientList(),
    deliverTo,
    queueId,
    mtaName,
    mtaTag,
    tls: builder.tls(),
    userAgent,
    scannerClientIp: context.peerIp,
    flags,
    settings: context.settings ?? settings,
    settingsId,
    logTag: logTag(tag),
    malformed,
    request: context.request ?? headers,
  };
}
