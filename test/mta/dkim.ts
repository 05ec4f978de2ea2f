import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { SIGNING_DOMAIN } from './scanner-config.ts';

/** Selectors of the two keys of {@link SIGNING_DOMAIN}. */
export const RSA_SELECTOR = 'mta';
export const ED25519_SELECTOR = 'mta-ed25519';

/** Private keys as files, public ones as they stand in DNS. */
export interface SigningKeys {
  /** PKCS#8 in PEM. */
  readonly rsaFile: string;
  /** The 32 bytes of the seed in base64 (RFC 8463). */
  readonly ed25519File: string;
  /** TXT records by name (RFC 6376 3.6.1). */
  readonly published: ReadonlyMap<string, string>;
}

/** Makes new keys in this folder. */
export async function makeSigningKeys(folder: string): Promise<SigningKeys> {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ed25519 = generateKeyPairSync('ed25519');
  const rsaFile = join(folder, 'rsa.pem');
  const ed25519File = join(folder, 'ed25519.key');
  // The MTAs drop root and must still read them; they are thrown away after the test.
  await writeFile(rsaFile, rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o644 });
  const seed = Buffer.from(ed25519.privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
  await writeFile(ed25519File, `${seed.toString('base64')}\n`, { mode: 0o644 });
  const rsaPublic = rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const ed25519Public = Buffer.from(ed25519.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const nameOf = (selector: string): string => `${selector}._domainkey.${SIGNING_DOMAIN}`;
  return {
    rsaFile,
    ed25519File,
    published: new Map([
      [nameOf(RSA_SELECTOR), `v=DKIM1; k=rsa; p=${rsaPublic}`],
      [nameOf(ED25519_SELECTOR), `v=DKIM1; k=ed25519; p=${ed25519Public.toString('base64')}`],
    ]),
  };
}

/**
 * Verifies every DKIM signature of a message with another implementation and these published keys.
 *
 * @returns one text for each signature, such as `pass example.com mta`, sorted.
 */
export async function verifySignatures(raw: Buffer, published: SigningKeys['published']): Promise<string[]> {
  const { results } = await dkimVerify(raw, {
    resolver: async (name: string, type: string) => {
      const record = type === 'TXT' ? published.get(name) : undefined;
      if (record !== undefined) return [[record]];
      throw Object.assign(new Error(`queryTxt ENOTFOUND ${name}`), { code: 'ENOTFOUND' });
    },
  });
  return results
    .map(({ signingDomain, selector, status }) =>
      [status.result, signingDomain, selector, status.comment].filter(Boolean).join(' '),
    )
    .sort();
}
