import { createHash } from 'node:crypto';
import type { Clock, Resolver, Store } from '../../core/index.ts';
import { encodeBase32, type IpAddress } from '../../lib/index.ts';
import { type Reputation, readAverage, updateAverage } from './average.ts';
import type { DnsBackendOptions, StoreBackendOptions } from './options.ts';

/** Something that has a reputation. */
export interface Token {
  readonly text: string;
  /** What the store puts before it, besides the prefix of all keys. */
  readonly prefix?: string | undefined;
  /** Set where the text is that of an address: DNS lists are asked for it backwards. */
  readonly ip?: IpAddress | undefined;
}

/** Where reputations are. */
export interface Backend {
  /** Undefined: nothing is known. Rejects with StoreError. */
  read(token: Token, signal: AbortSignal): Promise<Reputation | undefined>;
  /** Adds a message's score. Rejects with StoreError. */
  add(token: Token, score: number): Promise<void>;
}

type HashOptions = Pick<DnsBackendOptions, 'hashed' | 'hash_alg' | 'hash_encoding' | 'hashlen'>;

/** Keys of the embedded store are bounded, and selectors may give texts of any length. */
const maxTokenLength = 200;

function digest(text: string, { hash_alg, hash_encoding, hashlen }: HashOptions): string {
  const bytes = createHash(hash_alg === 'blake2' ? 'blake2b512' : hash_alg)
    .update(text)
    .digest();
  const encoded = hash_encoding === 'base32' ? encodeBase32(bytes) : bytes.toString(hash_encoding);
  return hashlen === undefined ? encoded : encoded.slice(0, hashlen);
}

function tokenName(text: string, options: HashOptions): string {
  if (options.hashed) return digest(text, options);
  if (text.length <= maxTokenLength) return text;
  return encodeBase32(createHash('blake2b512').update(text).digest()).slice(0, 32);
}

/** Keeps averages in the store: a hash for each token, under the keys of Rspamd. */
export function storeBackend(
  options: StoreBackendOptions,
  { store, clock }: { readonly store: Store; readonly clock: Clock },
): Backend {
  const { prefix, buckets } = options;
  const ttlMs = Math.ceil(options.expiry * 1000);
  const windows = buckets.flatMap(({ name, time }): [string, number] => [name, time]);
  const keyOf = (token: Token): string =>
    `${prefix}${tokenName(`${token.prefix ?? ''}${token.text}`, options)}`;
  return {
    async read(token) {
      const fields = await store.hashGetAll(keyOf(token));
      const known = buckets.flatMap(({ name, mult }) => {
        const average = readAverage(fields, name);
        return average ? [{ value: average.value * mult, count: average.count }] : [];
      });
      if (known.length === 0) return undefined;
      return {
        value: known.reduce((sum, { value }) => sum + value, 0) / known.length,
        count: known[0]!.count,
      };
    },
    async add(token, score) {
      await store.run(updateAverage, [keyOf(token)], [score, clock.now(), ttlMs, ...windows]);
    },
  };
}

/** A number as lists write it: of bounded length. */
const number = String.raw`-?\d{1,12}(?:\.\d{1,12})?`;
const unnamed = new RegExp(String.raw`^\s*(\d{1,12})((?:;\s*${number}\s*){1,31})$`);

/**
 * `n=12;v=3.5`: `n` messages, the rest averages by any name but `l`; or `12;3.5`, the number of messages first.
 * Undefined: nothing of the kind.
 */
export function readListed(text: string): Reputation | undefined {
  let count: number | undefined;
  const values: number[] = [];
  const [, first, rest] = unnamed.exec(text) ?? [];
  if (first !== undefined && rest !== undefined) {
    count = Number(first);
    values.push(...rest.slice(1).split(';').map(Number));
  }
  for (const pair of text.split(';', 32)) {
    const match = /^\s*([\w.-]{1,64})\s*=\s*(-?\d{1,12}(?:\.\d{1,12})?)\s*$/.exec(pair);
    if (!match || match[1] === 'l') continue;
    if (match[1] === 'n') count = Number(match[2]);
    else values.push(Number(match[2]));
  }
  if (values.length === 0) return undefined;
  // A list that does not say how many messages it has seen vouches for them.
  return {
    value: values.reduce((sum, value) => sum + value, 0) / values.length,
    count: count ?? Number.POSITIVE_INFINITY,
  };
}

function reversed({ family, bytes }: IpAddress): string {
  if (family === 4) return [...bytes].reverse().join('.');
  return [...Buffer.from(bytes).toString('hex')].reverse().join('.');
}

/** Asks a list in DNS, which nobody here can change. */
export function dnsBackend(options: DnsBackendOptions, dns: Resolver): Backend {
  const list = options.list.replace(/^\./, '');
  return {
    async read({ text, ip }, signal) {
      const name = ip && !options.hashed ? reversed(ip) : tokenName(text, options);
      if (!/^[\w.:+-]{1,200}$/.test(name)) return undefined;
      const { records } = await dns.resolve(`${name}.${list}`, 'txt', { signal });
      return records[0] === undefined ? undefined : readListed(records[0]);
    },
    async add() {},
  };
}
