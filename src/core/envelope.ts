import type { IpAddress } from '../lib/index.ts';

/** A mailbox of the envelope or of a header field, without display name. */
export interface MailAddress {
  /** `local@domain` as given, without angle brackets. */
  readonly text: string;
  /** Local part as given (RFC 5321 4.1.2); quoted strings keep their quotes. */
  readonly local: string;
  /** Domain in lower case, `''` when there is none (as in `postmaster`). */
  readonly domain: string;
}

/** One RCPT TO. */
export interface Recipient extends MailAddress {
  /** ESMTP parameters (RFC 5321 4.1.2), keyword in upper case; a keyword without value maps to `''`. */
  readonly esmtp: ReadonlyMap<string, string>;
}

/** Which door a message came through. */
export type FrontDoor = 'http' | 'rspamc' | 'spamc' | 'milter' | 'controller';

/** Words of a request's `Flags` header (wire-protocols 1.5.1). */
export const requestFlags = [
  'pass_all',
  'no_log',
  'skip',
  'skip_process',
  'no_stat',
  'ssl',
  'profile',
  'milter',
  'zstd',
  'ext_urls',
  'body_block',
  'groups',
] as const;

/** Every flag a task may have: those of the request, and those that settings or other headers add. */
export const taskFlags = [...requestFlags, 'raw', 'learn_spam', 'learn_ham', 'broken_headers'] as const;
export type TaskFlag = (typeof taskFlags)[number];

/** Header-like name and value pairs of a scan request. Names compare without regard to case. */
export interface RequestHeaders {
  /** The last value of that name: later lines overwrite earlier ones. */
  get(name: string): string | undefined;
  getAll(name: string): readonly string[];
  /** Lower-case name and value, in order of appearance. */
  entries(): Iterable<readonly [name: string, value: string]>;
}

/** All that a client told about a message besides its bytes. */
export interface Envelope {
  readonly door: FrontDoor;
  /** Address of the MTA's client; undefined when unknown or a unix socket. IPv4-mapped IPv6 is IPv4 here. */
  readonly clientIp?: IpAddress | undefined;
  readonly clientPort?: number | undefined;
  /** Set when the MTA's client is a unix socket. */
  readonly clientSocketPath?: string | undefined;
  /** HELO or EHLO argument. */
  readonly helo?: string | undefined;
  /** Verified reverse name of the client; undefined when there is none (`unknown`, `[192.0.2.1]`). */
  readonly hostName?: string | undefined;
  /** SASL login. Its presence means authenticated. */
  readonly login?: string | undefined;
  /** `null`: the null sender `<>`; undefined: no envelope was given. */
  readonly sender?: MailAddress | null | undefined;
  readonly senderEsmtp: ReadonlyMap<string, string>;
  readonly recipients: readonly Recipient[];
  /** Final recipient for per-user data (`Deliver-To`). */
  readonly deliverTo?: string | undefined;
  readonly queueId?: string | undefined;
  readonly mtaName?: string | undefined;
  readonly mtaTag?: string | undefined;
  readonly tls?:
    | {
        readonly version?: string | undefined;
        readonly cipher?: string | undefined;
        readonly certIssuer?: string | undefined;
      }
    | undefined;
  /** User-Agent of the scan client, `rspamc` for Rspamd's command line client. */
  readonly userAgent?: string | undefined;
  /** Address of whoever connected to Postern (settings `client_ip`). */
  readonly scannerClientIp?: IpAddress | undefined;
  readonly flags: ReadonlySet<TaskFlag>;
  /** `Settings` request header: text in UCL or JSON, or an object from /checkv3. */
  readonly settings?: string | Readonly<Record<string, unknown>> | undefined;
  readonly settingsId?: string | undefined;
  /** Name by which logs call this task, from `Log-Tag`. */
  readonly logTag?: string | undefined;
  /** Envelope fields that did not parse (symbol BROKEN_HEADERS). */
  readonly malformed: readonly string[];
  readonly request: RequestHeaders;
}

/** Case-insensitive list of header lines of a scan request. */
export class RequestHeaderList implements RequestHeaders {
  readonly #pairs: [string, string][] = [];

  /** Adds one line; the name is kept in lower case. */
  add(name: string, value: string): void {
    this.#pairs.push([name.toLowerCase(), value]);
  }

  get(name: string): string | undefined {
    const wanted = name.toLowerCase();
    for (let i = this.#pairs.length - 1; i >= 0; i--) {
      const pair = this.#pairs[i]!;
      if (pair[0] === wanted) return pair[1];
    }
    return undefined;
  }

  getAll(name: string): readonly string[] {
    const wanted = name.toLowerCase();
    const values: string[] = [];
    for (const [key, value] of this.#pairs) if (key === wanted) values.push(value);
    return values;
  }

  entries(): Iterable<readonly [string, string]> {
    return this.#pairs;
  }
}
