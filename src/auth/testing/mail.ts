import { generateKeyPairSync } from 'node:crypto';
import type { DnsAnswer, Message, Resolver } from '../../core/index.ts';
import { parseMessage } from '../../mime/index.ts';
import { parseSigningKey, type SigningKey } from '../keys.ts';

/** A key pair that lasts for the run of a test file. */
export function makeKey(type: 'rsa' | 'ed25519'): { readonly pem: string; readonly key: SigningKey } {
  const { privateKey } =
    type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519');
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  return { pem, key: parseSigningKey(pem) };
}

/** The record under which a key is published. */
export function keyRecord({ algorithm, publicKey }: SigningKey): string {
  return `v=DKIM1; k=${algorithm === 'rsa-sha256' ? 'rsa' : 'ed25519'}; p=${publicKey}`;
}

/** Answers TXT questions from a table; a status stands for a failure. */
export function txtResolver(
  records: Readonly<Record<string, readonly string[] | DnsAnswer['status']>>,
): Resolver {
  return {
    async resolve(name) {
      const found = records[name] ?? 'nxdomain';
      return typeof found === 'string'
        ? { status: found, records: [], ttlSeconds: 0 }
        : { status: 'ok', records: found, ttlSeconds: 0 };
    },
  };
}

/** The same answers in the shape that mailauth asks in. */
export function mailauthResolver(records: Readonly<Record<string, readonly string[]>>) {
  return async (name: string, type: string): Promise<string[][]> => {
    const found = type === 'TXT' ? records[name] : undefined;
    if (!found) throw Object.assign(new Error(`queryTxt ENOTFOUND ${name}`), { code: 'ENOTFOUND' });
    return found.map((record) => [record]);
  };
}

/** A message from text with CRLF line ends, one byte a character. */
export function message(text: string | Buffer): Message {
  return parseMessage(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
}

/** How a message travels: every line ends with CRLF. */
export function asDelivered(raw: Buffer): string {
  return raw.toString('latin1').replace(/\r\n|\r|\n/g, '\r\n');
}
