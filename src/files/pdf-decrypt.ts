import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { isDictionary, type PdfDictionary, PdfName, PdfString, type PdfValue } from './pdf-values.ts';

/** Undoes the encryption of one object's texts or stream; undefined: it cannot be undone. */
export type PdfDecrypter = (
  bytes: Buffer,
  object: { readonly number: number; readonly generation: number },
  kind: 'string' | 'stream',
) => Buffer | undefined;

type Method = 'rc4' | 'aes128' | 'aes256' | 'none';

/** What stands in for a password that is empty or short (ISO 32000-1 7.6.3.3, algorithm 2). */
const padding = Buffer.from('28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a', 'hex');

/**
 * Opens an encrypted PDF with the empty password, which is how documents are encrypted that everybody may read but not
 * print or change (ISO 32000-2 7.6).
 *
 * @param id first text of the trailer's ID, `''` when there is none
 * @returns undefined when it needs a password, or is encrypted in a way that is not known
 */
export function openEncrypted(encrypt: PdfDictionary, id: string): PdfDecrypter | undefined {
  if (nameOf(encrypt.get('Filter')) !== 'Standard') return undefined;
  const version = numberOf(encrypt.get('V'));
  const revision = numberOf(encrypt.get('R'));
  const key = version >= 5 ? keyOf256(encrypt, revision) : keyOfMd5(encrypt, id, version, revision);
  if (!key) return undefined;
  const strings = version >= 4 ? methodOf(encrypt, 'StrF') : 'rc4';
  const streams = version >= 4 ? methodOf(encrypt, 'StmF') : 'rc4';
  return (bytes, object, kind) => decrypt(bytes, key, object, kind === 'string' ? strings : streams);
}

/** Crypt filters (ISO 32000-2 7.6.6). */
function methodOf(encrypt: PdfDictionary, use: 'StrF' | 'StmF'): Method {
  const filters = encrypt.get('CF');
  const name = nameOf(encrypt.get(use));
  const filter = isDictionary(filters) && name !== undefined ? filters.get(name) : undefined;
  switch (isDictionary(filter) ? nameOf(filter.get('CFM')) : undefined) {
    case 'V2':
      return 'rc4';
    case 'AESV2':
      return 'aes128';
    case 'AESV3':
      return 'aes256';
    default:
      return 'none';
  }
}

/** Algorithm 2, and 4 or 5 to see whether the empty password is right (ISO 32000-2 7.6.4). */
function keyOfMd5(encrypt: PdfDictionary, id: string, version: number, revision: number): Buffer | undefined {
  const owner = bytesOf(encrypt.get('O'));
  const user = bytesOf(encrypt.get('U'));
  if (revision < 2 || revision > 4 || version < 1 || version > 4 || owner.length < 32 || user.length < 16)
    return undefined;
  const bits = version === 1 ? 40 : version === 4 ? 128 : numberOf(encrypt.get('Length')) || 40;
  const length = Math.min(Math.max(bits >> 3, 5), 16);
  const permissions = Buffer.alloc(4);
  permissions.writeInt32LE(numberOf(encrypt.get('P')) | 0);
  const idBytes = Buffer.from(id, 'latin1');
  const isBare = revision >= 4 && encrypt.get('EncryptMetadata') === false;
  let key = md5(
    padding,
    owner.subarray(0, 32),
    permissions,
    idBytes,
    isBare ? Buffer.alloc(4, 0xff) : Buffer.alloc(0),
  );
  if (revision >= 3) for (let i = 0; i < 50; i++) key = md5(key.subarray(0, length));
  key = key.subarray(0, length);
  let proof = revision === 2 ? rc4(key, padding) : rc4(key, md5(padding, idBytes));
  if (revision >= 3)
    for (let i = 1; i <= 19; i++)
      proof = rc4(
        key.map((byte) => byte ^ i),
        proof,
      );
  const proved = revision === 2 ? 32 : 16;
  return proof.subarray(0, proved).equals(user.subarray(0, proved)) ? key : undefined;
}

/** Algorithm 2.A with the empty password. */
function keyOf256(encrypt: PdfDictionary, revision: number): Buffer | undefined {
  const user = bytesOf(encrypt.get('U'));
  const wrapped = bytesOf(encrypt.get('UE'));
  if ((revision !== 5 && revision !== 6) || user.length < 48 || wrapped.length < 32) return undefined;
  const hash = revision === 5 ? sha256 : hardenedHash;
  if (!hash(user.subarray(32, 40)).equals(user.subarray(0, 32))) return undefined;
  const cipher = createDecipheriv('aes-256-cbc', hash(user.subarray(40, 48)), Buffer.alloc(16));
  cipher.setAutoPadding(false);
  return Buffer.concat([cipher.update(wrapped.subarray(0, 32)), cipher.final()]);
}

/** Algorithm 2.B for the empty password. */
function hardenedHash(salt: Buffer): Buffer {
  let key = sha256(salt);
  for (let round = 0, last = 0; round < 64 || last > round - 32; round++) {
    const cipher = createCipheriv('aes-128-cbc', key.subarray(0, 16), key.subarray(16, 32));
    cipher.setAutoPadding(false);
    const block = cipher.update(Buffer.concat(Array.from({ length: 64 }, () => key)));
    const remainder = block.subarray(0, 16).reduce((sum, byte) => sum + byte, 0) % 3;
    key = createHash(remainder === 0 ? 'sha256' : remainder === 1 ? 'sha384' : 'sha512')
      .update(block)
      .digest();
    // At most 255, so that this ends.
    last = block[block.length - 1]!;
  }
  return key.subarray(0, 32);
}

/** Algorithms 1 and 1.A. */
function decrypt(
  bytes: Buffer,
  key: Buffer,
  { number, generation }: { readonly number: number; readonly generation: number },
  method: Method,
): Buffer | undefined {
  if (method === 'none') return bytes;
  if (method === 'aes256') return aes('aes-256-cbc', key, bytes);
  const place = Buffer.alloc(5);
  place.writeUIntLE(number & 0xffffff, 0, 3);
  place.writeUInt16LE(generation & 0xffff, 3);
  const salt = method === 'aes128' ? Buffer.from('sAlT') : Buffer.alloc(0);
  const own = md5(key, place, salt).subarray(0, Math.min(key.length + 5, 16));
  return method === 'aes128' ? aes('aes-128-cbc', own, bytes) : rc4(own, bytes);
}

/** The first 16 bytes are the initialisation vector; what is no whole block behind them is left out. */
function aes(algorithm: 'aes-128-cbc' | 'aes-256-cbc', key: Buffer, bytes: Buffer): Buffer | undefined {
  if (bytes.length < 32) return bytes.length < 16 ? undefined : Buffer.alloc(0);
  const cipher = createDecipheriv(algorithm, key, bytes.subarray(0, 16));
  cipher.setAutoPadding(false);
  const plain = cipher.update(bytes.subarray(16, bytes.length - (bytes.length % 16)));
  const padded = plain[plain.length - 1] ?? 0;
  return padded >= 1 && padded <= 16 ? plain.subarray(0, plain.length - padded) : plain;
}

function rc4(key: Uint8Array, bytes: Buffer): Buffer {
  const state = Uint8Array.from({ length: 256 }, (_, i) => i);
  for (let i = 0, j = 0; i < 256; i++) {
    j = (j + state[i]! + key[i % key.length]!) & 0xff;
    [state[i], state[j]] = [state[j]!, state[i]!];
  }
  const out = Buffer.alloc(bytes.length);
  for (let n = 0, i = 0, j = 0; n < bytes.length; n++) {
    i = (i + 1) & 0xff;
    const first = state[i]!;
    j = (j + first) & 0xff;
    const second = state[j]!;
    state[i] = second;
    state[j] = first;
    out[n] = bytes[n]! ^ state[(first + second) & 0xff]!;
  }
  return out;
}

function md5(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function bytesOf(value: PdfValue | undefined): Buffer {
  return Buffer.from(value instanceof PdfString ? value.bytes : '', 'latin1');
}

function numberOf(value: PdfValue | undefined): number {
  return typeof value === 'number' ? value : 0;
}

function nameOf(value: PdfValue | undefined): string | undefined {
  return value instanceof PdfName ? value.name : undefined;
}
