import { encode } from 'msgpackr';
import type { Log, MapHandle, MapKind, Store } from '../core/index.ts';
import { type IpAddress, networkKeys } from '../lib/index.ts';
import { describe } from './remote.ts';
import type { ExternalSpec } from './value.ts';

const noMatches: readonly string[] = [];
const maxReplyBytes = 65_536;

interface AskedInit {
  readonly id: number;
  readonly kind: MapKind;
  readonly description: string;
  readonly log: Log;
}

/** A map without own contents: every look-up is a question to somebody else. */
abstract class AskedMap implements MapHandle {
  readonly id: number;
  readonly kind: MapKind;
  readonly description: string;
  abstract readonly sources: readonly string[];
  readonly isLoaded = true;
  readonly isExternal = true;
  readonly entryCount = 0;
  readonly #log: Log;
  #hits = 0;
  #isFailing = false;

  constructor(init: AskedInit) {
    this.id = init.id;
    this.kind = init.kind;
    this.description = init.description;
    this.#log = init.log;
  }

  get hitCount(): number {
    return this.#hits;
  }

  lookup(): undefined {}

  lookupAll(): readonly string[] {
    return noMatches;
  }

  text(): undefined {}

  /** What is asked for never changes here. */
  onChange(): void {}

  async ask(key: string | IpAddress, signal?: AbortSignal): Promise<string | undefined> {
    try {
      const value = await this.query(key, signal);
      if (value !== undefined) this.#hits++;
      if (this.#isFailing) this.#log.info('map answers again', { map: this.description });
      this.#isFailing = false;
      return value;
    } catch (error) {
      if (signal?.aborted) return undefined;
      const fields = { map: this.description, reason: describe(error) };
      // One error for an outage, not one for every message.
      if (this.#isFailing) this.#log.debug('map does not answer', fields);
      else this.#log.error('map does not answer', fields);
      this.#isFailing = true;
      return undefined;
    }
  }

  protected abstract query(
    key: string | IpAddress,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined>;
}

/** Asks an HTTP server: 200 with the value as body, 404 for no match. */
export class ExternalMap extends AskedMap {
  readonly sources: readonly string[];
  readonly #spec: ExternalSpec;
  readonly #fetch: typeof fetch;

  constructor(init: AskedInit, spec: ExternalSpec, fetchImplementation: typeof fetch) {
    super(init);
    this.#spec = spec;
    this.#fetch = fetchImplementation;
    this.sources = [spec.backend];
  }

  protected async query(
    key: string | IpAddress,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    const { backend, method, encode: encoding, timeoutMs, authorization } = this.#spec;
    const text = typeof key === 'string' ? key : key.text;
    const headers: Record<string, string> = { 'user-agent': 'postern' };
    if (authorization !== undefined) headers['authorization'] = authorization;
    let url = backend;
    let body: string | Uint8Array | undefined;
    if (method === 'query') {
      url += `${url.includes('?') ? '&' : '?'}${encodeURIComponent(text)}`;
    } else if (method === 'header') {
      // Field values are ASCII without controls (RFC 9110 5.5).
      if (/[^\x20-\x7e]/.test(text)) return undefined;
      headers['key'] = text;
    } else if (encoding === 'json') {
      body = JSON.stringify(text);
      headers['content-type'] = 'application/json';
    } else if (encoding === 'messagepack') {
      body = encode(text);
      headers['content-type'] = 'application/msgpack';
    } else {
      body = text;
      headers['content-type'] = 'text/plain';
    }
    const timeout = AbortSignal.timeout(timeoutMs);
    const response = await this.#fetch(url, {
      method: method === 'body' ? 'POST' : 'GET',
      headers,
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : Buffer.from(body) }),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      if (response.status === 404 || response.status === 204) return undefined;
      throw new Error(`the server answered ${response.status}`);
    }
    return readBounded(response);
  }
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  if (response.body) {
    for await (const chunk of response.body) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxReplyBytes) throw new Error(`reply larger than ${maxReplyBytes} bytes`);
      chunks.push(chunk);
    }
  }
  return Buffer.concat(chunks).toString('utf8').trim();
}

/** Asks for a field of a hash in the store; for an address its text, then its networks, longest first. */
export class StoreMap extends AskedMap {
  readonly sources: readonly string[];
  readonly #key: string;
  readonly #store: Store;

  constructor(init: AskedInit, key: string, store: Store) {
    super(init);
    this.#key = key;
    this.#store = store;
    this.sources = [`redis://${key}`];
  }

  protected async query(key: string | IpAddress): Promise<string | undefined> {
    const store = this.#store;
    if (typeof key === 'string') return store.hashGet(this.#key, key);
    const values = await Promise.all(networkKeys(key).map((field) => store.hashGet(this.#key, field)));
    return values.find((value) => value !== undefined);
  }
}
