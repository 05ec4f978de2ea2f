import { z } from 'zod';
import { type Task, UpstreamError } from '../core/index.ts';
import type { CommonOptions } from './options.ts';
import { type Scanner, type ScannerType, type ScanResult, threatText } from './scanner.ts';

const threshold = (what: string) =>
  z
    .number()
    .nonnegative()
    .default(999_999)
    .describe(`Copies of ${what} from which a message counts as bulk (dcc); "many" always does`);

/** Options of rules of type `dcc`. */
export const dccOptions = {
  body_max: threshold('the body'),
  fuz1_max: threshold('the body as its first fuzzy checksum sees it'),
  fuz2_max: threshold('the body as its second fuzzy checksum sees it'),
  symbol_bulk: z.string().default('DCC_BULK').describe('Symbol for bulk mail (dcc)'),
  client: z
    .string()
    .regex(/^[0-9A-Fa-f.:]{2,45}$/, 'an address')
    .default('0.0.0.0')
    .describe('Address told to the service where the client has none (dcc)'),
} as const;
export type DccOptions = CommonOptions & z.output<z.ZodObject<typeof dccOptions>>;

/** A line of the request: no control characters, which end lines and fields (dccifd(8), Protocol). */
const field = (text: string): string => text.replaceAll(/\p{Cc}/gu, ' ').slice(0, 1024);

function requestHead({ envelope }: Task, client: string): string {
  const { clientIp, hostName, helo, sender, recipients } = envelope;
  const name = hostName === undefined ? '' : `\r${field(hostName)}`;
  return [
    'header',
    `${clientIp?.text ?? client}${name}`,
    field(helo ?? ''),
    field(sender?.text ?? ''),
    // Each may be followed by the name of a local user, which nobody told us.
    ...recipients.map(({ text }) => `${field(text)}\r`),
    '',
    '',
  ].join('\n');
}

/**
 * Reads what dccifd answers: a letter for the result, letters for the recipients, the X-DCC header.
 *
 * @throws UpstreamError when it is no answer, or one that asks to try again
 */
export function dccResult(
  reply: string,
  limits: Pick<DccOptions, 'body_max' | 'fuz1_max' | 'fuz2_max'>,
): ScanResult {
  const [result, , ...header] = reply.split('\n', 20);
  const metrics = threatText(header.join(' ').replace(/^[^;]*;/, ''));
  switch (result?.trim()) {
    case 'R':
      return { kind: 'found', threats: [metrics || 'reject'] };
    case 'G':
    case 'S':
      return { kind: 'clean' };
    case 'A':
      return bulk(metrics.toLowerCase(), limits);
    case 'T':
      throw new UpstreamError('DCC asks to try later');
    default:
      throw new UpstreamError('no reply of dccifd');
  }
}

function bulk(metrics: string, limits: Pick<DccOptions, 'body_max' | 'fuz1_max' | 'fuz2_max'>): ScanResult {
  const value = (name: string): string | undefined =>
    new RegExp(`(?:^|[ ;])${name}=([^\\s=;]{1,20})`).exec(metrics)?.[1];
  const reputation = Number(value('rep') ?? 1);
  const threats: string[] = [];
  for (const name of ['body', 'fuz1', 'fuz2'] as const) {
    const count = value(name);
    if (count === 'many' || Number(count) >= limits[`${name}_max`]) threats.push(`${name}=${count}`);
  }
  if (threats.length === 0) return { kind: 'clean' };
  const weight = (threats.length * (Number.isFinite(reputation) ? reputation : 1)) / 3;
  return weight > 0 ? { kind: 'found', threats, weight, symbol: 'bulk' } : { kind: 'clean' };
}

function scanner(options: DccOptions): Scanner {
  return {
    transport: 'plain',
    maxReplyBytes: 65_536,
    failure: (reason) => `failed to scan: ${reason}`,
    async scan(connect, _host, content, task) {
      const connection = await connect();
      try {
        await connection.write(Buffer.from(requestHead(task, options.client), 'utf8'));
        await connection.write(content);
        connection.end();
        return dccResult(await connection.readToEnd(), options);
      } finally {
        connection.close();
      }
    },
  };
}

/** Distributed Checksum Clearinghouses: how often was this mail seen? Asked through dccifd. */
export const dccType: ScannerType<DccOptions> = {
  port: 10_045,
  timeoutSeconds: 5,
  cacheSeconds: 7200,
  symbol: 'DCC_REJECT',
  failSymbol: 'DCC_FAIL',
  score: 2,
  weighs: true,
  words: 'bulk message found',
  ownOptions: dccOptions,
  defaults: { scan_mime_parts: false },
  furtherSymbols: ({ symbol_bulk: name }) => ({
    bulk: { name, score: 1, description: 'DCC has seen this mail very often' },
  }),
  create: scanner,
};
