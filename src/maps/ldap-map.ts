import type { Client } from 'ldapts';
import { UpstreamError } from '../core/index.ts';
import type { IpAddress } from '../lib/index.ts';
import { type AskedInit, AskedMap } from './asked.ts';
import type { LdapSpec } from './directory-value.ts';

const maxEntries = 100;
const maxValueLength = 65_536;

/** A map that searches an LDAP directory: the values of the attributes of all entries found, joined with commas. */
export class LdapMap extends AskedMap {
  readonly sources: readonly string[];
  readonly #spec: LdapSpec;
  #connection: Promise<Client> | undefined;

  constructor(init: AskedInit, spec: LdapSpec) {
    super(init, spec.cacheMs);
    this.#spec = spec;
    this.sources = [`${spec.url.replace(/\/+$/, '')}/${spec.base}`];
  }

  protected async query(key: string | IpAddress): Promise<string | undefined> {
    const text = typeof key === 'string' ? key : key.text;
    const { base, scope, filter, attributes, timeoutMs } = this.#spec;
    const client = await this.#open();
    const { searchEntries } = await client
      .search(base, {
        scope,
        filter: filter.replaceAll('{key}', () => escapeFilterValue(text)),
        attributes: [...attributes],
        sizeLimit: maxEntries,
        // LDAP knows whole seconds only; the client's own deadline is exact.
        timeLimit: Math.ceil(timeoutMs / 1000),
      })
      .catch(async (error: unknown) => {
        // What the directory answers says nothing of the connection, which other searches use, too.
        if (!(await isAnswer(error))) await this.close();
        throw error;
      });
    if (searchEntries.length === 0) return undefined;
    const values = searchEntries.flatMap((entry) => attributes.flatMap((name) => textsOf(entry[name])));
    const value = values.join(', ');
    if (value.length > maxValueLength) throw new UpstreamError('the answer is too long');
    return value;
  }

  override async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.then((client) => client.unbind()).catch(() => undefined);
  }

  async #open(): Promise<Client> {
    const known = this.#connection;
    const client = await known?.catch(() => undefined);
    if (client?.isConnected) return client;
    // Whoever comes first connects again; the others take what comes of it.
    if (this.#connection === known) this.#connection = this.#connect();
    return this.#connection ?? this.#open();
  }

  async #connect(): Promise<Client> {
    const { Client: LdapClient } = await import('ldapts');
    const { url, tls, timeoutMs, bindDn, password } = this.#spec;
    const tlsOptions = { rejectUnauthorized: tls !== 'no-verify' };
    const isTlsFromTheStart = url.toLowerCase().startsWith('ldaps:');
    const client = new LdapClient({
      url,
      timeout: timeoutMs,
      connectTimeout: timeoutMs,
      ...(isTlsFromTheStart && { tlsOptions }),
    });
    try {
      // RFC 4513 3: credentials come after TLS.
      if (tls !== 'off' && !isTlsFromTheStart) await client.startTLS(tlsOptions);
      await client.bind(bindDn ?? '', password ?? '');
      return client;
    } catch (error) {
      await client.unbind().catch(() => undefined);
      throw error;
    }
  }
}

async function isAnswer(error: unknown): Promise<boolean> {
  const { ResultCodeError } = await import('ldapts');
  return error instanceof ResultCodeError;
}

/** RFC 4515 3: what has a meaning in filters, as a backslash and two hex digits. */
export function escapeFilterValue(text: string): string {
  return text.replace(/[\\*()\0]/g, (sign) => `\\${sign.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function textsOf(value: unknown): readonly string[] {
  const list = Array.isArray(value) ? (value as readonly unknown[]) : [value];
  return list.flatMap((item) =>
    typeof item === 'string' ? [item] : Buffer.isBuffer(item) ? [item.toString('utf8')] : [],
  );
}
