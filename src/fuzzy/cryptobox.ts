import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { poly1305 } from '@noble/ciphers/_poly1305.js';
import { hchacha, xchacha20 } from '@noble/ciphers/chacha.js';
import { decodeBase32, encodeBase32 } from '../lib/index.ts';

// Rspamd's encryption (wire-protocols 6): X25519, HChaCha20, XChaCha20 and Poly1305 over the ciphertext alone.

const keyBytes = 32;
const nonceBytes = 24;
const macBytes = 16;
const keyIdBytes = 8;
const magic = Buffer.from('rsfe');
const requestHeadBytes = magic.length + keyIdBytes + keyBytes + nonceBytes + macBytes;
const replyHeadBytes = nonceBytes + macBytes;

// DER of raw X25519 keys (RFC 8410): what stands before the 32 bytes.
const publicDer = Buffer.from('302a300506032b656e032100', 'hex');
const privateDer = Buffer.from('302e020100300506032b656e04220420', 'hex');
const sigma = Uint32Array.of(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574);

/** Shared secrets of clients that are remembered (`keypair_cache_size` of Rspamd). */
const rememberedClients = 512;

/** A key as Rspamd writes it: base 32 of 32 bytes; undefined: it is none. */
export function parseKey(text: string): Buffer | undefined {
  const bytes = /^[a-z0-9]{52}$/.test(text) ? decodeBase32(text) : undefined;
  return bytes && bytes.length >= keyBytes ? Buffer.from(bytes.subarray(0, keyBytes)) : undefined;
}

function words(bytes: Uint8Array): Uint32Array {
  const copy = Buffer.from(bytes);
  return Uint32Array.from({ length: copy.length / 4 }, (_, at) => copy.readUInt32LE(4 * at));
}

function bytesOf(list: Uint32Array): Buffer {
  const bytes = Buffer.alloc(4 * list.length);
  for (const [at, word] of list.entries()) bytes.writeUInt32LE(word, 4 * at);
  return bytes;
}

function rawPublic(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(publicDer.length);
}

/** Which key is meant: the start of the public one, as rspamd 3.4 sends it. */
function idOf(publicKey: Uint8Array): Uint8Array {
  return publicKey.subarray(0, keyIdBytes);
}

/** Undefined: the other key is one with which there is no secret (RFC 7748 6.1). */
function sharedSecret(own: KeyObject, otherPublic: Uint8Array): Buffer | undefined {
  try {
    const publicKey = createPublicKey({
      key: Buffer.concat([publicDer, otherPublic]),
      format: 'der',
      type: 'spki',
    });
    const point = diffieHellman({ privateKey: own, publicKey });
    const secret = new Uint32Array(keyBytes / 4);
    hchacha(sigma, words(point), new Uint32Array(4), secret);
    return bytesOf(secret);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}

/** Nonce, MAC and ciphertext. */
function seal(secret: Uint8Array, text: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes);
  // The first block of the key stream is the key of the MAC, the text begins with the second.
  const macKey = xchacha20(secret, nonce, new Uint8Array(keyBytes));
  const sealed = xchacha20(secret, nonce, text, undefined, 1);
  return Buffer.concat([nonce, poly1305(sealed, macKey), sealed]);
}

/** Undefined: it was not sealed with this secret. */
function unseal(secret: Uint8Array, box: Buffer): Buffer | undefined {
  const nonce = box.subarray(0, nonceBytes);
  const mac = box.subarray(nonceBytes, replyHeadBytes);
  const sealed = box.subarray(replyHeadBytes);
  const macKey = xchacha20(secret, nonce, new Uint8Array(keyBytes));
  if (!timingSafeEqual(poly1305(sealed, macKey), mac)) return undefined;
  return Buffer.from(xchacha20(secret, nonce, sealed, undefined, 1));
}

/** The client's side: requests to a storage whose public key is known. */
export class ClientBox {
  readonly #head: Buffer;
  readonly #secret: Buffer;

  /** @throws Error for a key that is none */
  constructor(serverPublic: Uint8Array) {
    const { privateKey, publicKey } = generateKeyPairSync('x25519');
    const secret = sharedSecret(privateKey, serverPublic);
    if (!secret) throw new Error('the key cannot be used');
    this.#secret = secret;
    this.#head = Buffer.concat([magic, idOf(serverPublic), rawPublic(publicKey)]);
  }

  seal(request: Uint8Array): Buffer {
    return Buffer.concat([this.#head, seal(this.#secret, request)]);
  }

  /** Undefined: it is no reply of this server's. */
  open(reply: Buffer): Buffer | undefined {
    return reply.length > replyHeadBytes ? unseal(this.#secret, reply) : undefined;
  }
}

/** What the server made of a datagram. */
export interface Opened {
  readonly request: Buffer;
  /** Seals the reply to it. */
  seal(reply: Uint8Array): Buffer;
}

/** The server's side: its keys by their ids. */
export class ServerBox {
  readonly #keys = new Map<string, KeyObject>();
  readonly #secrets = new Map<string, Buffer>();

  /** @param privateKeys 32 bytes each */
  constructor(privateKeys: readonly Buffer[]) {
    for (const bytes of privateKeys) {
      const key = createPrivateKey({ key: Buffer.concat([privateDer, bytes]), format: 'der', type: 'pkcs8' });
      const id = Buffer.from(idOf(rawPublic(createPublicKey(key)))).toString('hex');
      this.#keys.set(id, key);
    }
  }

  static isSealed(datagram: Buffer): boolean {
    return datagram.length > requestHeadBytes && datagram.subarray(0, magic.length).equals(magic);
  }

  /** Undefined: it is for another key, or was changed on its way. */
  open(datagram: Buffer): Opened | undefined {
    if (!ServerBox.isSealed(datagram)) return undefined;
    const clientAt = magic.length + keyIdBytes;
    const keyId = datagram.toString('hex', magic.length, clientAt);
    const boxAt = clientAt + keyBytes;
    const secret = this.#secretFor(keyId, datagram.subarray(clientAt, boxAt));
    const request = secret && unseal(secret, datagram.subarray(boxAt));
    return secret && request && { request, seal: (reply) => seal(secret, reply) };
  }

  #secretFor(keyId: string, clientPublic: Buffer): Buffer | undefined {
    // Rspamd means its first key by an id that it does not know.
    const key = this.#keys.get(keyId) ?? this.#keys.values().next().value;
    if (!key) return undefined;
    const name = keyId + clientPublic.toString('hex');
    const known = this.#secrets.get(name);
    if (known) return known;
    const secret = sharedSecret(key, clientPublic);
    if (!secret) return undefined;
    if (this.#secrets.size >= rememberedClients) this.#secrets.delete(this.#secrets.keys().next().value!);
    this.#secrets.set(name, secret);
    return secret;
  }
}

/** A fresh pair of keys as Rspamd writes them. */
export function makeKeyPair(): { readonly publicKey: string; readonly privateKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  const raw = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(privateDer.length);
  return { publicKey: encodeBase32(rawPublic(publicKey)), privateKey: encodeBase32(raw) };
}
