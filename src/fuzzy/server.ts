import { ServerBox } from './cryptobox.ts';
import type { FuzzyChange, FuzzyMatch, StoredHash } from './storage.ts';
import { decodeRequest, encodeReply, type FuzzyReply, type FuzzyRequest, refusals } from './wire.ts';

/** Who asks, as far as it matters. */
export interface FuzzyPeer {
  readonly mayAsk: boolean;
  readonly mayChange: boolean;
  /** Undefined: no limit holds for it. */
  readonly isOverLimit: boolean;
}

/** What holds the hashes. */
export interface FuzzyDatabase {
  check(hash: StoredHash): Promise<FuzzyMatch | undefined>;
  add(hash: StoredHash, change: { readonly flag: number; readonly weight: number }): Promise<FuzzyChange>;
  delete(hash: StoredHash, flag: number): Promise<FuzzyChange>;
  count(): Promise<number>;
}

export interface FuzzyServerOptions {
  readonly database: FuzzyDatabase;
  readonly privateKeys: readonly Buffer[];
  /** What is not encrypted is refused. */
  readonly encryptedOnly: boolean;
}

/** What became of a datagram. */
export type FuzzyOutcome =
  | 'found'
  | 'not found'
  | 'changed'
  | 'told'
  | 'forbidden'
  | 'limited'
  | 'unencrypted'
  | 'unreadable';

/** The heaviest flag: a reply has room for one. */
function heaviest({ flags }: FuzzyMatch): { readonly flag: number; readonly value: number } {
  return flags.reduce((best, one) => (Math.abs(one.value) > Math.abs(best.value) ? one : best), {
    flag: flags[0]?.flag ?? 0,
    value: flags[0]?.value ?? 0,
  });
}

/** Values of Rspamd's storage are 32 bits wide. */
function clamp(value: number): number {
  return Math.max(-0x8000_0000, Math.min(0x7fff_ffff, Math.trunc(value)));
}

/** Answers the datagrams of a fuzzy storage. */
export class FuzzyServer {
  readonly #database: FuzzyDatabase;
  readonly #box: ServerBox;
  readonly #encryptedOnly: boolean;

  constructor({ database, privateKeys, encryptedOnly }: FuzzyServerOptions) {
    this.#database = database;
    this.#box = new ServerBox(privateKeys);
    this.#encryptedOnly = encryptedOnly;
  }

  /**
   * Answers one datagram. What is no request is not answered at all: its sender may be forged.
   *
   * @throws StoreError
   */
  async answer(
    datagram: Buffer,
    peer: FuzzyPeer,
  ): Promise<{ readonly outcome: FuzzyOutcome; readonly reply: Buffer | undefined }> {
    if (!peer.mayAsk) return { outcome: 'forbidden', reply: undefined };
    const opened = ServerBox.isSealed(datagram) ? this.#box.open(datagram) : undefined;
    const request = opened
      ? decodeRequest(opened.request)
      : ServerBox.isSealed(datagram)
        ? undefined
        : decodeRequest(datagram);
    if (!request) return { outcome: 'unreadable', reply: undefined };
    const { outcome, reply } = await this.#handle(request, peer, opened !== undefined);
    const bytes = encodeReply({
      flag: request.flag,
      tag: request.tag,
      digest: undefined,
      timeSeconds: 0,
      ...reply,
      value: clamp(reply.value),
    });
    return { outcome, reply: opened ? opened.seal(bytes) : bytes };
  }

  async #handle(
    request: FuzzyRequest,
    peer: FuzzyPeer,
    isEncrypted: boolean,
  ): Promise<{
    readonly outcome: FuzzyOutcome;
    readonly reply: Pick<FuzzyReply, 'value' | 'probability'> & Partial<FuzzyReply>;
  }> {
    if (this.#encryptedOnly && !isEncrypted)
      return { outcome: 'unencrypted', reply: { value: refusals.encryptionRequired, probability: 0 } };
    if (peer.isOverLimit)
      return { outcome: 'limited', reply: { value: refusals.rateLimited, probability: 0 } };
    switch (request.command) {
      case 'check':
        return this.#check(request);
      case 'write':
      case 'delete':
        if (!peer.mayChange)
          return { outcome: 'forbidden', reply: { value: refusals.forbidden, probability: 0 } };
        if (request.command === 'write')
          await this.#database.add(request, { flag: request.flag, weight: request.value });
        else await this.#database.delete(request, request.flag);
        return { outcome: 'changed', reply: { value: 0, probability: 1 } };
      case 'stat':
        return { outcome: 'told', reply: { value: 0, flag: await this.#database.count(), probability: 1 } };
      case 'ping':
        return { outcome: 'told', reply: { value: request.value, probability: 1 } };
    }
  }

  async #check(request: FuzzyRequest): Promise<{
    readonly outcome: FuzzyOutcome;
    readonly reply: Pick<FuzzyReply, 'value' | 'probability'> & Partial<FuzzyReply>;
  }> {
    const match = await this.#database.check(request);
    if (!match) return { outcome: 'not found', reply: { value: 0, flag: 0, probability: 0 } };
    const { digest, probability, timeSeconds } = match;
    return { outcome: 'found', reply: { ...heaviest(match), digest, probability, timeSeconds } };
  }
}
