import { type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { type Resolver, UpstreamError } from '../../core/index.ts';
import { type IpAddress, isPublicIp, parseIp } from '../../lib/index.ts';

/** How a redirector is asked. */
export interface RequestRules {
  readonly timeoutMs: number;
  readonly maxBodyBytes: number;
  /** Only public addresses and usual ports. */
  readonly target: 'public' | 'any';
  readonly certificate: 'verified' | 'any';
}

/** What a redirector answers. */
export interface Answer {
  readonly status: number;
  /** Text of Location (RFC 9110 10.2.2), as UTF-8. */
  readonly location: string | undefined;
  /** Start of the page, for GET. */
  readonly body: string;
}

/** A target that must not be connected to. */
export class ForbiddenTarget extends UpstreamError {}

const maxHeaderBytes = 16_384;
const maxLocationChars = 8192;

function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

/** Services that are no web servers listen below 1024. */
function isUsualPort(port: number): boolean {
  return port === 80 || port === 443 || port >= 1024;
}

async function addressesOf(host: string, dns: Resolver, signal: AbortSignal): Promise<readonly IpAddress[]> {
  const literal = parseIp(host);
  if (literal) return [literal];
  const answers = await Promise.all([
    dns.resolve(host, 'a', { signal }),
    dns.resolve(host, 'aaaa', { signal }),
  ]);
  return answers.flatMap(({ records }) => records).flatMap((text) => parseIp(text) ?? []);
}

/**
 * The one address to connect to. It is looked up once and then used, so that a name cannot lead elsewhere between the
 * check and the connection.
 *
 * @throws ForbiddenTarget, UpstreamError
 */
async function chooseAddress(
  url: URL,
  rules: RequestRules,
  dns: Resolver,
  signal: AbortSignal,
): Promise<IpAddress> {
  if (rules.target === 'public' && !isUsualPort(portOf(url))) throw new ForbiddenTarget('port');
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const addresses = await addressesOf(host, dns, signal);
  if (addresses.length === 0) throw new UpstreamError('no address');
  // One that lies about its place may be anywhere: a name with any other address is not asked at all.
  if (rules.target === 'public' && !addresses.every(isPublicIp)) throw new ForbiddenTarget('address');
  return addresses[0]!;
}

async function readBody(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size >= maxBytes) break;
  }
  return Buffer.concat(chunks).toString('latin1', 0, maxBytes);
}

function locationOf({ headers }: IncomingMessage): string | undefined {
  const { location } = headers;
  if (location === undefined || location.length > maxLocationChars) return undefined;
  // Bytes reach us as latin1; browsers take them for UTF-8.
  return Buffer.from(location, 'latin1').toString('utf8');
}

/**
 * Asks one web server once: nothing is followed, no login is sent, no cookie kept, one connection for each request.
 *
 * @throws UpstreamError when there is no answer in time; {@link ForbiddenTarget} when there must not be a question
 */
export async function ask(
  url: URL,
  method: 'HEAD' | 'GET',
  userAgent: string,
  rules: RequestRules,
  dns: Resolver,
  signal: AbortSignal,
): Promise<Answer> {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), rules.timeoutMs);
  const until = AbortSignal.any([giveUp.signal, signal]);
  try {
    const address = await chooseAddress(url, rules, dns, until);
    return await exchange(url, address, method, userAgent, rules, until);
  } catch (error) {
    if (error instanceof UpstreamError) throw error;
    throw new UpstreamError(until.aborted ? 'no answer in time' : 'no answer', { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function exchange(
  url: URL,
  address: IpAddress,
  method: 'HEAD' | 'GET',
  userAgent: string,
  rules: RequestRules,
  signal: AbortSignal,
): Promise<Answer> {
  const isTls = url.protocol === 'https:';
  const options: RequestOptions = {
    host: address.text,
    family: address.family,
    port: portOf(url),
    path: `${url.pathname}${url.search}`,
    method,
    agent: false,
    signal,
    maxHeaderSize: maxHeaderBytes,
    headers: {
      host: url.host,
      'user-agent': userAgent,
      accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
      'accept-encoding': 'identity',
      connection: 'close',
    },
  };
  const isNamed = parseIp(url.hostname.replace(/^\[|\]$/g, '')) === undefined;
  const sent = isTls
    ? requestHttps({
        ...options,
        rejectUnauthorized: rules.certificate === 'verified',
        // The certificate is that of the name, not of the address.
        ...(isNamed ? { servername: url.hostname } : {}),
      })
    : requestHttp(options);
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      sent.on('error', reject);
      sent.on('response', resolve);
      sent.on('close', () => reject(new UpstreamError('the connection was closed')));
      sent.end();
    });
    const status = response.statusCode ?? 0;
    const location = locationOf(response);
    const isPage = method === 'GET' && status >= 200 && status < 300 && rules.maxBodyBytes > 0;
    const body = isPage ? await readBody(response, rules.maxBodyBytes) : '';
    return { status, location, body };
  } finally {
    sent.destroy();
  }
}

/** Where a page sends its reader by `<meta http-equiv="refresh" content="0; url=…">`. */
export function refreshTarget(page: string): string | undefined {
  for (const [tag] of page.matchAll(/<meta\s[^<>]{1,2000}>/gi)) {
    if (!/http-equiv\s{0,5}=\s{0,5}["']?refresh\b/i.test(tag)) continue;
    const match = /[;"'\s]url\s{0,5}=\s{0,5}["']?([^"'\s>]{1,2000})/i.exec(tag);
    if (match) return match[1]!.replaceAll('&amp;', '&');
  }
  return undefined;
}
