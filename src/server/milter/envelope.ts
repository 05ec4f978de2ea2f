import {
  type Envelope,
  type MailAddress,
  type ProxyWorker,
  type Recipient,
  RequestHeaderList,
  type RequestHeaders,
  type TaskFlag,
} from '../../core/index.ts';
import { type IpAddress, parseIp } from '../../lib/index.ts';
import { parseEnvelopeAddress, parseEsmtpParameters } from '../address.ts';
import { readStrings } from './frame-reader.ts';
import type { Macros } from './macros.ts';

/** The MTA's client as the connect command names it. */
export interface ClientConnection {
  /** As sent; `unknown` and `[192.0.2.1]` mean that no name was verified. */
  readonly hostName: string;
  readonly ip?: IpAddress;
  readonly port?: number;
  readonly socketPath?: string;
}

/**
 * Reads the payload of a connect command: host name, NUL, family, and for every family but `U` a port and an
 * address (wire-protocols 3.2). An address that does not parse is no error: the client is unknown then.
 *
 * @returns undefined when the payload is cut
 */
export function readConnection(payload: Buffer): ClientConnection | undefined {
  const nameEnd = payload.indexOf(0);
  if (nameEnd < 0 || nameEnd + 1 >= payload.length) return undefined;
  const hostName = payload.toString('utf8', 0, nameEnd);
  const family = payload[nameEnd + 1];
  if (family === familyUnknown) return { hostName };
  if (nameEnd + 4 > payload.length) return undefined;
  const port = payload.readUInt16BE(nameEnd + 2);
  const [address = ''] = readStrings(payload.subarray(nameEnd + 4), 1);
  if (family === familyUnix) return { hostName, socketPath: address };
  if (family !== familyInet && family !== familyInet6) return undefined;
  // Sendmail writes `IPv6:2001:db8::1`, and mapped addresses under family 4.
  const ip = parseIp(/^ipv6:/i.test(address) ? address.slice(5) : address);
  return ip ? { hostName, ip, port } : { hostName };
}

const familyInet = 0x34;
const familyInet6 = 0x36;
const familyUnix = 0x4c;
const familyUnknown = 0x55;

/** Sender and recipients of one message while its commands come in. */
export class EnvelopeBuilder {
  sender: MailAddress | null | undefined;
  senderEsmtp: ReadonlyMap<string, string> = new Map();
  readonly recipients: Recipient[] = [];
  /** True once a MAIL command came, whatever its address. */
  hasSender = false;
  /** Addresses as sent, for the scan headers; an unreadable sender is left out there (wire-protocols 3.11). */
  rawSender: string | undefined;
  readonly rawRecipients: string[] = [];
  readonly malformed: string[] = [];
  /** Set when a limit was passed; further recipients are only counted. */
  isOverLimit = false;
  #bytes = 0;

  /** Payload of MAIL: address and ESMTP parameters. A lone NUL is the null sender of simulated mail. */
  mail(payload: Buffer): void {
    const [address = '', ...parameters] = readStrings(payload);
    this.hasSender = true;
    this.sender = parseEnvelopeAddress(address);
    this.rawSender = this.sender === undefined ? undefined : address;
    this.senderEsmtp = parseEsmtpParameters(parameters);
  }

  /** Payload of RCPT: address and ESMTP parameters. */
  recipient(payload: Buffer, maxRecipients: number): void {
    this.#bytes += payload.length;
    if (this.rawRecipients.length >= maxRecipients || this.#bytes > maxRecipientBytes) {
      this.isOverLimit = true;
      return;
    }
    const [address = '', ...parameters] = readStrings(payload);
    this.rawRecipients.push(address);
    const parsed = parseEnvelopeAddress(address);
    if (parsed) {
      const { text, local, domain } = parsed;
      this.recipients.push({ text, local, domain, esmtp: parseEsmtpParameters(parameters) });
    } else if (!this.malformed.includes('Rcpt')) this.malformed.push('Rcpt');
  }
}

/** Most bytes of RCPT commands of one message that are kept, however many recipients are allowed. */
const maxRecipientBytes = 4 * 1024 * 1024;

const plainFlags: ReadonlySet<TaskFlag> = new Set(['milter', 'body_block']);
const tlsFlags: ReadonlySet<TaskFlag> = new Set([...plainFlags, 'ssl']);

/** What a milter session knows about a message, besides its bytes. */
export interface MilterMessage {
  readonly connection: ClientConnection | undefined;
  readonly helo: string | undefined;
  readonly envelope: EnvelopeBuilder;
  readonly macros: Macros;
  readonly worker: ProxyWorker;
  /** Name of this message in the session's log. */
  readonly tag: string;
  /** Address of the MTA itself. */
  readonly peer: IpAddress | undefined;
}

/**
 * The envelope of a message that came by milter, with the scan headers that an HTTP client would have sent
 * (wire-protocols 3.11). Macros without a header of their own are kept as `X-Milter-…`, such as
 * `X-Milter-Auth-Type`.
 */
export function buildEnvelope(message: MilterMessage): Envelope {
  const { connection, macros, worker, envelope } = message;
  const version = macros.get('tls_version');
  const cipher = macros.get('cipher');
  const certIssuer = macros.get('cert_issuer');
  const queueId = macros.get('i');
  return {
    door: 'milter',
    clientIp: connection?.ip,
    clientPort: connection?.ip && connection.port,
    clientSocketPath: connection?.socketPath,
    helo: message.helo,
    hostName: verifiedName(connection?.hostName) ?? verifiedName(macros.get('client_name')),
    login: loginOf(macros, worker),
    sender: envelope.sender,
    senderEsmtp: envelope.senderEsmtp,
    recipients: envelope.recipients,
    queueId,
    mtaName: mtaName(macros),
    tls: version || cipher ? { version, cipher, certIssuer } : undefined,
    userAgent: macros.get('v'),
    scannerClientIp: message.peer,
    flags: cipher ? tlsFlags : plainFlags,
    logTag:
      worker.logTagType === 'session' ? message.tag : worker.logTagType === 'queue_id' ? queueId : undefined,
    malformed: envelope.malformed,
    request: new MilterRequestHeaders(message),
  };
}

function verifiedName(name: string | undefined): string | undefined {
  return !name || name === 'unknown' || name.startsWith('[') ? undefined : name;
}

/** The SASL login, else the subject of a client certificate of the CA that the operator trusts for this. */
function loginOf(macros: Macros, worker: ProxyWorker): string | undefined {
  const login = macros.get('auth_authen');
  if (login || !worker.clientCaName) return login;
  return macros.get('cert_issuer') === worker.clientCaName ? macros.get('cert_subject') : undefined;
}

/**
 * The host name of the MTA, for Authentication-Results (RFC 8601 2.5). A daemon name without a dot is a label:
 * Sendmail's `MTA`, and `ORIGINATING`, the usual mark of a submission service of Postfix.
 */
function mtaName(macros: Macros): string | undefined {
  const daemon = macros.get('daemon_name');
  return daemon?.includes('.') ? daemon : (macros.get('j') ?? daemon);
}

/** Macros that have a scan header of their own. */
const mappedMacros = new Set([
  'i',
  'j',
  'v',
  'daemon_name',
  'auth_authen',
  'cipher',
  'tls_version',
  'cert_issuer',
  'rcpt_mailer',
]);

/** Scan headers of a milter message, made when the first rule asks. */
class MilterRequestHeaders implements RequestHeaders {
  readonly #fill: (list: RequestHeaderList) => void;
  #made: RequestHeaderList | undefined;

  constructor(message: MilterMessage) {
    // Macros change with the next message, and rules may ask after the reply.
    const macros = [...message.macros.entries()];
    const login = loginOf(message.macros, message.worker);
    const { connection, helo, envelope } = message;
    this.#fill = (list) => {
      const value = new Map(macros);
      const add = (name: string, text: string | undefined): void => {
        if (text) list.add(name, text);
      };
      const hostName = connection?.hostName === 'unknown' ? undefined : connection?.hostName;
      const clientName = value.get('client_name');
      add('Hostname', hostName || (clientName === 'unknown' ? undefined : clientName));
      add('Helo', helo);
      if (envelope.rawSender !== undefined) list.add('From', envelope.rawSender);
      for (const recipient of envelope.rawRecipients) list.add('Rcpt', recipient);
      for (const [keyword, text] of envelope.senderEsmtp) {
        list.add('X-Rspamd-Mail-Esmtp-Args', `${keyword}=${text}`);
      }
      for (const [at, recipient] of envelope.recipients.entries()) {
        for (const [keyword, text] of recipient.esmtp) {
          list.add('X-Rspamd-Rcpt-Esmtp-Args', `${at}:${keyword}=${text}`);
        }
      }
      add('IP', addressText(connection));
      add('Queue-Id', value.get('i'));
      add('User-Agent', value.get('v'));
      add('TLS-Cipher', value.get('cipher'));
      add('TLS-Version', value.get('tls_version'));
      add('TLS-Cert-Issuer', value.get('cert_issuer'));
      add('User', login);
      add('Mailer', value.get('rcpt_mailer'));
      add('MTA-Name', value.get('daemon_name') || value.get('j'));
      list.add('Flags', 'milter,body_block');
      for (const [name, text] of macros) {
        if (!mappedMacros.has(name)) add(macroHeader(name), text);
      }
    };
  }

  get(name: string): string | undefined {
    return this.#list.get(name);
  }

  getAll(name: string): readonly string[] {
    return this.#list.getAll(name);
  }

  entries(): Iterable<readonly [string, string]> {
    return this.#list.entries();
  }

  get #list(): RequestHeaderList {
    if (!this.#made) {
      this.#made = new RequestHeaderList();
      this.#fill(this.#made);
    }
    return this.#made;
  }
}

function macroHeader(name: string): string {
  // Macro `_` is the client as the MTA resolved it: name, address, ident.
  return `X-Milter-${name === '_' ? 'Peer' : name.replaceAll('_', '-')}`;
}

function addressText(connection: ClientConnection | undefined): string | undefined {
  if (!connection?.ip) return connection?.socketPath;
  const { family, text } = connection.ip;
  return `${family === 6 ? `[${text}]` : text}:${connection.port ?? 0}`;
}
