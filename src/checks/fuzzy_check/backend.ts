import type { FuzzyAnswer, Log } from '../../core/index.ts';
import {
  type FlagValue,
  type FuzzyChange,
  type FuzzyClient,
  type FuzzyHash,
  type FuzzyStorage,
  refusals,
} from '../../fuzzy/index.ts';

/** A hash of the message that a storage knows. */
export interface Found {
  readonly hash: FuzzyHash;
  /** Of what is stored, which is like it. */
  readonly digest: Buffer;
  readonly probability: number;
  readonly flags: readonly FlagValue[];
}

/** Why a storage did not judge. */
export type Refusal = keyof typeof refusals | 'silent';

/** What a storage says of a message. */
export interface Judgement {
  readonly found: readonly Found[];
  readonly refusals: ReadonlySet<Refusal>;
}

/** Where the hashes of a rule are. */
export interface Backend {
  readonly servers: readonly string[];
  /** Is there anything that could be found? */
  isUsed(): Promise<boolean>;
  check(hashes: readonly FuzzyHash[], signal: AbortSignal): Promise<Judgement>;
  add(hashes: readonly FuzzyHash[], flag: number, weight: number): Promise<FuzzyAnswer>;
  delete(hashes: readonly FuzzyHash[], flag: number): Promise<FuzzyAnswer>;
  /** Undefined: it does not tell. */
  count(): Promise<number | undefined>;
  close(): void;
}

const nothing: ReadonlySet<Refusal> = new Set();

const done = (hashes: readonly FuzzyHash[]): FuzzyAnswer => ({
  kind: 'done',
  hashes: hashes.map(({ digest }) => digest.toString('hex')),
});

function answerOf(hashes: readonly FuzzyHash[], changes: readonly FuzzyChange[]): FuzzyAnswer {
  const changed = hashes.filter((_, at) => changes[at] !== 'unknown' && changes[at] !== 'full');
  if (changed.length > 0) return done(changed);
  if (changes.includes('full')) return { kind: 'refused', reason: 'the hash has eight flags already' };
  return { kind: 'unknown' };
}

/** The hashes are in the store of this server. */
export function ownBackend(
  storage: FuzzyStorage,
  { ttlSeconds, nowSeconds }: { readonly ttlSeconds: number; readonly nowSeconds: () => number },
): Backend {
  return {
    servers: [],
    isUsed: () => storage.isUsed(),
    async check(hashes) {
      const matches = await Promise.all(hashes.map((hash) => storage.check(hash)));
      const found = matches.flatMap((match, at) => (match ? [{ ...match, hash: hashes[at]! }] : []));
      return { found, refusals: nothing };
    },
    async add(hashes, flag, weight) {
      const change = { flag, weight, ttlSeconds, nowSeconds: nowSeconds() };
      return answerOf(hashes, await Promise.all(hashes.map((hash) => storage.add(hash, change))));
    },
    async delete(hashes, flag) {
      return answerOf(hashes, await Promise.all(hashes.map((hash) => storage.delete(hash, flag))));
    },
    count: () => storage.count(),
    close: () => undefined,
  };
}

/** A reply of less is none. */
const leastProbability = 0.5;

const noDigest = Buffer.alloc(64);

function refusalOf(value: number): Refusal | undefined {
  const names = Object.keys(refusals) as (keyof typeof refusals)[];
  return names.find((name) => refusals[name] === value);
}

/** The hashes are with a storage that is asked over the network. */
export function remoteBackend(client: FuzzyClient, log: Log): Backend {
  const change = async (
    command: 'write' | 'delete',
    hashes: readonly FuzzyHash[],
    flag: number,
    value: number,
  ): Promise<FuzzyAnswer> => {
    const replies = await client.ask(hashes.map((hash) => ({ ...hash, command, flag, value })));
    const accepted = hashes.filter((_, at) => (replies[at]?.probability ?? 0) > leastProbability);
    if (accepted.length > 0) return done(accepted);
    const refusal = replies.find((reply) => reply !== undefined);
    const reason = refusal
      ? `the storage refuses it (${refusal.value})`
      : `no answer from ${client.names.join(', ')}`;
    log.warn('a fuzzy storage was not taught', { reason });
    return { kind: 'refused', reason };
  };
  return {
    servers: client.names,
    isUsed: async () => true,
    async check(hashes, signal) {
      const questions = hashes.map((hash) => ({ ...hash, command: 'check' as const, flag: 0, value: 0 }));
      const replies = await client.ask(questions, signal);
      const found: Found[] = [];
      const refused = new Set<Refusal>();
      for (const [at, reply] of replies.entries()) {
        if (!reply) refused.add('silent');
        else if (reply.probability > leastProbability) {
          const { flag, value, probability, digest } = reply;
          const hash = hashes[at]!;
          found.push({ hash, probability, digest: digest ?? hash.digest, flags: [{ flag, value }] });
        } else {
          const refusal = refusalOf(reply.value);
          if (refusal) refused.add(refusal);
        }
      }
      return { found, refusals: refused };
    },
    add: (hashes, flag, weight) => change('write', hashes, flag, weight),
    delete: (hashes, flag) => change('delete', hashes, flag, 0),
    async count() {
      const [reply] = await client.ask([
        { command: 'stat', flag: 0, value: 0, digest: noDigest, shingles: undefined },
      ]);
      return reply && reply.probability > leastProbability ? reply.flag : undefined;
    },
    close: () => client.close(),
  };
}
