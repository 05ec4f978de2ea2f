import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

/** A private key with what signatures and DNS records say of it. */
export interface SigningKey {
  readonly algorithm: 'rsa-sha256' | 'ed25519-sha256';
  readonly key: KeyObject;
  readonly publicKeyObject: KeyObject;
  /** RSA modulus length; 256 for Ed25519. */
  readonly bits: number;
  /** Base64 for the `p=` tag (RFC 6376 3.6.1, RFC 8463 4). */
  readonly publicKey: string;
}

/** Fixed beginning of a PKCS#8 Ed25519 key (RFC 8410 7); the 32 bytes of the seed follow. */
const ed25519Pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex');
/** Fixed beginning of an Ed25519 SubjectPublicKeyInfo (RFC 8410 4); the 32 bytes of the key follow. */
const ed25519Spki = Buffer.from('302a300506032b6570032100', 'hex');
/** RFC 8301 3.2: signers use at least 1024 bits, and should use 2048. */
export const minRsaBits = 1024;

/** A raw Ed25519 public key (RFC 8463 4: 32 bytes). */
export function ed25519PublicKey(bytes: Buffer): KeyObject {
  return createPublicKey({ key: Buffer.concat([ed25519Spki, bytes]), format: 'der', type: 'spki' });
}

/** NaCl's form of a key, 64 bytes, appends the public key to the seed. */
function ed25519FromSeed(bytes: Buffer): KeyObject {
  return createPrivateKey({
    key: Buffer.concat([ed25519Pkcs8, bytes.subarray(0, 32)]),
    format: 'der',
    type: 'pkcs8',
  });
}

function isEd25519Length(length: number): boolean {
  return length === 32 || length === 64;
}

/** A DER key in either wrapping that is found. */
function fromDer(bytes: Buffer): KeyObject {
  if (isEd25519Length(bytes.length)) return ed25519FromSeed(bytes);
  try {
    return createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' });
  } catch {
    return createPrivateKey({ key: bytes, format: 'der', type: 'pkcs1' });
  }
}

function parse(content: string | Buffer): KeyObject {
  if (typeof content !== 'string' && isEd25519Length(content.length) && !isBase64(content.toString('latin1')))
    return ed25519FromSeed(content);
  const text = content.toString().trim();
  if (text.startsWith('-----')) return createPrivateKey(text);
  const packed = text.replaceAll(/\s+/g, '');
  if (!isBase64(packed)) throw new Error('neither PEM nor base64');
  return fromDer(Buffer.from(packed, 'base64'));
}

function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/]+={0,2}\s*$/.test(text);
}

/**
 * Reads a private key: PEM (PKCS#1 or PKCS#8), base64 DER, or for Ed25519 base64 or raw bytes (32: seed, 64: seed and
 * public key).
 *
 * @throws Error with what is wrong; never with any part of the key
 */
export function parseSigningKey(content: string | Buffer): SigningKey {
  let key: KeyObject;
  try {
    key = parse(content);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n', 1)[0] : 'unreadable';
    throw new Error(`not a private key: ${reason}`);
  }
  const publicKeyObject = createPublicKey(key);
  const spki = publicKeyObject.export({ format: 'der', type: 'spki' });
  if (key.asymmetricKeyType === 'ed25519') {
    const publicKey = spki.subarray(ed25519Spki.length).toString('base64');
    return { algorithm: 'ed25519-sha256', key, publicKeyObject, bits: 256, publicKey };
  }
  if (key.asymmetricKeyType !== 'rsa') throw new Error(`a ${key.asymmetricKeyType} key cannot sign mail`);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < minRsaBits) throw new Error(`an RSA key of ${bits} bits is too short (RFC 8301 3.2)`);
  return { algorithm: 'rsa-sha256', key, publicKeyObject, bits, publicKey: spki.toString('base64') };
}
