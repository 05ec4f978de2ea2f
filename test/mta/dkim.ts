import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { SIGNING_DOMAIN, SIGNING_SELECTOR } from './scanner-config.ts';

export interface SignatureResult {
  domain: string;
  selector: string;
  /** In RFC 8601's words: `pass`, `fail`, `neutral`, … */
  result: string;
  comment: string;
}

/** Verifies every DKIM signature of a message with another implementation and this published key. */
export async function verifySignatures(raw: Buffer, publishedKey: string): Promise<SignatureResult[]> {
  const keyName = `${SIGNING_SELECTOR}._domainkey.${SIGNING_DOMAIN}`;
  const { results } = await dkimVerify(raw, {
    resolver: async (name: string, type: string) => {
      if (name === keyName && type === 'TXT') return [[publishedKey]];
      throw Object.assign(new Error(`queryTxt ENOTFOUND ${name}`), { code: 'ENOTFOUND' });
    },
  });
  return results.map(({ signingDomain, selector, status }) => ({
    domain: signingDomain ?? '',
    selector: selector ?? '',
    result: status.result,
    comment: status.comment ?? '',
  }));
}
