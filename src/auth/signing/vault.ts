import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { z } from 'zod';
import { UpstreamError } from '../../core/index.ts';
import type { KeyLocation } from './locate.ts';

/** How to reach a HashiCorp Vault. */
export interface VaultAccess {
  readonly url: string;
  readonly token: string;
  /** Path of the secrets engine below `/v1`. */
  readonly path: string;
  readonly timeoutMs: number;
  readonly verifiesCertificate: boolean;
}

const maxReplyBytes = 1_048_576;

const seconds = z.coerce.number().optional();
const selectors = z.array(
  z.object({
    selector: z.string(),
    key: z.string(),
    domain: z.string().optional(),
    /** Seconds since 1970 between which the key signs. */
    valid_start: seconds,
    valid_end: seconds,
  }),
);
const reply = z.object({ data: z.object({ selectors: selectors.optional() }) });

/**
 * Keys of a domain in a Vault (key/value engine, version 1): `selectors`, a list of `{ selector, key, domain,
 * valid_start, valid_end }`.
 *
 * @throws UpstreamError when it does not answer as expected
 */
export async function askVault(
  domain: string,
  access: VaultAccess,
  nowSeconds: number,
  signal: AbortSignal,
): Promise<readonly KeyLocation[]> {
  let body: string | undefined;
  try {
    body = await get(`${access.url}/v1/${access.path}/${encodeURIComponent(domain)}`, access, signal);
  } catch (error) {
    throw new UpstreamError(`the Vault failed: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
  if (body === undefined) return [];
  return parseReply(body)
    .filter(
      ({ valid_start: start, valid_end: end }) =>
        (start === undefined || start <= nowSeconds) && (end === undefined || nowSeconds < end),
    )
    .map(({ selector, key, domain: own = domain }) => ({
      domain: own,
      selector,
      key: { text: key },
      isExplicit: true,
    }));
}

function parseReply(body: string): z.output<typeof selectors> {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    // The reason would quote the body, which holds keys.
    throw new UpstreamError('the Vault failed: its reply is no JSON');
  }
  const parsed = reply.safeParse(json);
  if (!parsed.success) throw new UpstreamError('the Vault failed: its reply holds no list of selectors');
  return parsed.data.data.selectors ?? [];
}

/** The body of a reply; undefined when there is no such secret. */
function get(url: string, access: VaultAccess, signal: AbortSignal): Promise<string | undefined> {
  const { token, timeoutMs, verifiesCertificate } = access;
  const options = {
    headers: { 'X-Vault-Token': token },
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  };
  return new Promise((resolve, reject) => {
    const sent = url.startsWith('https:')
      ? httpsRequest(url, { ...options, rejectUnauthorized: verifiesCertificate })
      : httpRequest(url, options);
    sent.on('error', reject);
    sent.on('response', (response) => {
      if (response.statusCode !== 200) {
        response.destroy();
        if (response.statusCode === 404) resolve(undefined);
        else reject(new Error(`HTTP status ${response.statusCode}`));
        return;
      }
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        chunks.push(chunk);
        if (length > maxReplyBytes) response.destroy(new Error(`reply larger than ${maxReplyBytes} bytes`));
      });
      response.on('end', () => resolve(Buffer.concat(chunks).toString()));
    });
    sent.end();
  });
}
