import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

/** A private key with what signatures and DNS records say of it. */
export interface SigningKey {
  readonly algorithm: 'rsa-sha256' | 'ed25519-sha256';
  readonly key: KeyObject;
  /** RSA modulus length; 256 for Ed25519. */
  readonly bits: number;
  /** Base64 for the `p=` tag (RFC 6376 3.6.1, RFC 8463 4). */
  readonly publicKey: string;
}

/** Fixed beginning of a PKCS#8 Ed25519 key (RFC 8410 7); the 32 bytes of the seed follow. */
const ed25519Pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex');
/** Fixed beginning of an Ed25519 SubjectPublicKeyInfo (RFC 8410 4); the 32 bytes of the key follow. */
const ed25519SpkiLength = 12;
/** RFC 8301 3.2: signers use at least 1024 bits, and should use 2048. */
const minRsaBits = 1024;

function ed25519FromSeed(bytes: Buffer): KeyObject {
  return createPrivateKey({
    key: Buffer.concat([ed25519Pkcs8, bytes.subarray(0, 32)]),
    format: 'der',
    type: 'pkcs8',
  });
}

/** A DER key in any of the wrappings that are found; throws when it is none of them. */
function fromDer(bytes: Buffer): KeyObject {
  // A raw Ed25519 seed has 32 bytes; NaCl's form appends the public key.
  if (bytes.length === 32 || bytes.length === 64) return ed25519FromSeed(bytes);
  try {
    return createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' });
  } catch {
    return createPrivateKey({ key: bytes, format: 'der', type: 'pkcs1' });
  }
}

function parse(content: string | Buffer): KeyObject {
  if (typeof content !== 'string' && (content.length === 32 || content.length === 64))
    return ed25519FromSeed(content);
  const text = content.toString().trim();
  if (text.startsWith('-----')) return createPrivateKey(text);
  const packed = text.replaceAll(/\s+/g, '');
  if (packed === '' || !/^[A-Za-z0-9+/]+=*$/.test(packed)) throw new Error('neither PEM nor base64');
  return fromDer(Buffer.from(packed, 'base64'));
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
    throw new Error(
      `not a private key: ${error instanceof Error ? error.message.split('\n', 1)[0] : 'unreadable'}`,
    );
  }
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  if (key.asymmetricKeyType === 'ed25519') {
    return {
      algorithm: 'ed25519-sha256',
      key,
      bits: 256,
      publicKey: spki.subarray(ed25519SpkiLength).toString('base64'),
    };
  }
  if (key.asymmetricKeyType !== 'rsa') throw new Error(`a ${key.asymmetricKeyType} key cannot sign mail`);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < minRsaBits) throw new Error(`an RSA key of ${bits} bits is too short (RFC 8301 3.2)`);
  return { algorithm: 'rsa-sha256', key, bits, publicKey: spki.toString('base64') };
}
