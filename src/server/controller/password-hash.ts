import { blake2b } from '@noble/hashes/blake2.js';
import { decodeBase32 } from '../../lib/index.ts';

/** Rspamd's own password hashes: `$id$salt$hash` in its base 32, salt 20 bytes, hash 32. */
export interface PasswordHash {
  readonly scheme: 'pbkdf2' | 'catena';
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

const saltLength = 20;
const hashLength = 32;
const pbkdf2Rounds = 16_000;
/** Catena's λ and garlic as Rspamd sets them. */
const lambda = 4;
const garlic = 10;
const stateLength = 64;

/** Reads a stored password; undefined: it is plain text. */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const match = /^\$([12])\$([^$]+)\$([^$]+)$/.exec(text.trim());
  if (!match) return undefined;
  const salt = decodeBase32(match[2]!)?.subarray(0, saltLength);
  const hash = decodeBase32(match[3]!)?.subarray(0, hashLength);
  if (salt?.length !== saltLength || hash?.length !== hashLength) return undefined;
  return { scheme: match[1] === '1' ? 'pbkdf2' : 'catena', salt, hash };
}

/** PBKDF2 (RFC 8018 5.2) over keyed BLAKE2b-512 (RFC 7693 2.9), first block only. */
function pbkdf2(password: Uint8Array, salt: Uint8Array): Uint8Array {
  const key = password.length > stateLength ? blake2b(password) : password;
  const first = new Uint8Array(salt.length + 4);
  first.set(salt);
  first[first.length - 1] = 1;
  let block = blake2b(first, { key });
  const sum = block.slice();
  for (let round = 1; round < pbkdf2Rounds; round++) {
    block = blake2b(block, { key });
    for (let i = 0; i < stateLength; i++) sum[i]! ^= block[i]!;
  }
  return sum.subarray(0, hashLength);
}

function hashOf(...pieces: readonly Uint8Array[]): Uint8Array {
  const state = blake2b.create({});
  for (const piece of pieces) state.update(piece);
  return state.digest();
}

/** xorshift1024*, seeded from two hashes of the salt (Catena, section on Γ). */
class SaltGenerator {
  readonly #state: BigUint64Array;
  #at = 0;

  constructor(salt: Uint8Array) {
    const first = hashOf(salt);
    const seed = new Uint8Array(2 * stateLength);
    seed.set(first);
    seed.set(hashOf(first), stateLength);
    this.#state = new BigUint64Array(seed.buffer);
  }

  /** The top `bits` bits of the next number. */
  next(bits: number): number {
    const mask = 0xffff_ffff_ffff_ffffn;
    let s0 = this.#state[this.#at]!;
    this.#at = (this.#at + 1) & 15;
    let s1 = this.#state[this.#at]!;
    s1 ^= (s1 << 31n) & mask;
    s1 ^= s1 >> 11n;
    s0 ^= s0 >> 30n;
    this.#state[this.#at] = s0 ^ s1;
    return Number(((this.#state[this.#at]! * 1181783497276652981n) & mask) >> BigInt(64 - bits));
  }
}

type Row = Uint8Array[];

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(stateLength);
  for (let i = 0; i < stateLength; i++) out[i] = a[i]! ^ b[i]!;
  return out;
}

/** Which vertex of the row above a vertex is joined to, in a double butterfly graph. */
function sigma(depth: number, row: number, column: number): number {
  return column ^ (1 << (row < depth ? depth - 1 - row : row - (depth - 1)));
}

function flap(input: Uint8Array, depth: number, salt: Uint8Array): Uint8Array {
  const width = 1 << depth;
  const beforeFirst = hashOf(Uint8Array.of(0), input);
  const beforeSecond = hashOf(Uint8Array.of(1), input);
  let row: Row = new Array<Uint8Array>(width);
  row[0] = hashOf(beforeFirst, beforeSecond);
  row[1] = hashOf(row[0], beforeFirst);
  for (let i = 2; i < width; i++) row[i] = hashOf(row[i - 1]!, row[i - 2]!);

  const generator = new SaltGenerator(salt);
  const steps = 1 << Math.floor((3 * depth + 3) / 4);
  for (let i = 0; i < steps; i++) {
    const a = generator.next(depth);
    const b = generator.next(depth);
    row[a] = hashOf(row[a]!, row[b]!);
  }

  for (let pass = 0; pass < lambda; pass++) {
    for (let i = 1; i < 2 * depth; i++) {
      const next: Row = new Array<Uint8Array>(width);
      // The first vertex of a row is hashed once more, behind a zero byte.
      next[0] = hashOf(Uint8Array.of(0), hashOf(xor(row[width - 1]!, row[0]!), row[sigma(depth, i - 1, 0)]!));
      for (let j = 1; j < width; j++)
        next[j] = hashOf(xor(next[j - 1]!, row[j]!), row[sigma(depth, i - 1, j)]!);
      row = next;
    }
  }
  return row[width - 1]!;
}

/** Catena in its Butterfly-Full instance, with Γ. */
function catena(password: Uint8Array, salt: Uint8Array): Uint8Array {
  const encoder = new TextEncoder();
  const version = hashOf(encoder.encode('Butterfly-Full'));
  const tweak = Uint8Array.of(0, lambda, hashLength, salt.length);
  let state = hashOf(version, tweak, hashOf(encoder.encode('rspamd')), password, salt);
  state = flap(state, Math.floor((garlic + 1) / 2), salt);
  state = flap(state, garlic, salt);
  return hashOf(Uint8Array.of(garlic), state).subarray(0, hashLength);
}

/** Computes the hash of a password with the salt of a stored one. Costs 150 to 250 ms of CPU: off the event loop. */
export function computePasswordHash(
  password: string,
  stored: Pick<PasswordHash, 'scheme' | 'salt'>,
): Uint8Array {
  const bytes = new TextEncoder().encode(password);
  return stored.scheme === 'pbkdf2' ? pbkdf2(bytes, stored.salt) : catena(bytes, stored.salt);
}
