import { encode } from 'msgpackr';
import {
  type Clock,
  type Log,
  type MapHandle,
  type MapKind,
  type Store,
  UpstreamError,
} from '../core/index.ts';
import { type IpAddress, networkKeys } from '../lib/index.ts';
import { describe } from './remote.ts';
import type { ExternalSpec } from './value.ts';

const noMatches: readonly string[] = [];
const maxReplyBytes = 65_536;

export interface AskedInit {
  readonly id: number;
  readonly kind: MapKind;
  readonly description: string;
  readonly log: Log;
  readonly clock: Clock;
}

const maxCached = 10_000;

interface Cached {
  readonly value: string | undefined;
  readonly untilMs: number;
}

/** A map without own contents: every look-up is a question to somebody else. */
export abstract class AskedMap implements MapHandle {
  readonly id: number;
  readonly kind: MapKind;
  readonly description: string;
  abstract readonly sources: readonly string[];
  readonly isLoaded = true;
  readonly isExternal = true;
  readonly entryCount = 0;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #cacheMs: number;
  readonly #cache = new Map<string, Cached>();
  readonly #pending = new Map<string, Promise<string | undefined>>();
  #hits = 0;
  #isFailing = false;

  /** @param cacheMs how long an answer is kept, also that there is none; 0: every look-up asks */
  constructor(init: AskedInit, cacheMs = 0) {
    this.id = init.id;
    this.#clock = init.clock;
    this.#cacheMs = cacheMs;
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
      return await this.demand(key, signal);
    } catch (error) {
      if (error instanceof UpstreamError) return undefined;
      throw error;
    }
  }

  async demand(key: string | IpAddress, signal?: AbortSignal): Promise<string | undefined> {
    try {
      const value = await (this.#cacheMs > 0 ? this.#cached(key) : this.query(key, signal));
      if (value !== undefined) this.#hits++;
      if (this.#isFailing) this.#log.info('map answers again', { map: this.description });
      this.#isFailing = false;
      return value;
    } catch (error) {
      const failure = new UpstreamError(`${this.description} does not answer`, { cause: error });
      if (signal?.aborted) throw failure;
      const fields = { map: this.description, reason: describe(error) };
      // One error for an outage, not one for every message.
      if (this.#isFailing) this.#log.debug('map does not answer', fields);
      else this.#log.error('map does not answer', fields);
      this.#isFailing = true;
      throw failure;
    }
  }

  /** Frees what the map holds open. */
  async close(): Promise<void> {}

  /** Equal questions at the same time are one; an outcome is kept, a failure is not. */
  #cached(key: string | IpAddress): Promise<string | undefined> {
    const text = typeof key === 'string' ? key : key.text;
    const known = this.#cache.get(text);
    if (known && known.untilMs > this.#clock.now()) return Promise.resolve(known.value);
    const asked = this.#pending.get(text);
    if (asked) return asked;
    const asking = this.query(key, undefined)
      .then((value) => {
        this.#cache.delete(text);
        if (this.#cache.size >= maxCached) this.#cache.delete(this.#cache.keys().next().value!);
        this.#cache.set(text, { value, untilMs: this.#clock.now() + this.#cacheMs });
        return value;
      })
      .finally(() => this.#pending.delete(text));
    this.#pending.set(text, asking);
    return asking;
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
