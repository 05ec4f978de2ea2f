import { UpstreamError } from '../../core/index.ts';
import type { Scanner, ScannerType, ScanResult } from '../../scanners/index.ts';
import type { ServiceOptions } from './options.ts';

/** Reports from which a message weighs so much. */
const steps = [
  [100, 1.5],
  [25, 1.25],
  [5, 1],
] as const;

function whole(value: unknown): number | undefined {
  const number = typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN;
  return Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

/**
 * Reads the object in JSON that pyzorsocket answers: how often the message was reported, and how often white-listed.
 *
 * @throws UpstreamError when it is none
 */
export function pyzorResult(reply: string): ScanResult {
  let answer: unknown;
  try {
    answer = JSON.parse(reply);
  } catch (cause) {
    throw new UpstreamError('no reply of Pyzor', { cause });
  }
  if (typeof answer !== 'object' || answer === null) throw new UpstreamError('no reply of Pyzor');
  const { Code: code, Count: count, 'WL-Count': listed } = answer as Readonly<Record<string, unknown>>;
  if (String(code) !== '200') throw new UpstreamError('Pyzor has no answer');
  const [reports, whiteListed] = [whole(count), whole(listed)];
  if (reports === undefined || whiteListed === undefined) throw new UpstreamError('Pyzor gave no counts');
  const rest = reports - whiteListed;
  const weight =
    steps.find(([from]) => rest >= from)?.[1] ?? (rest >= 1 && whiteListed === 0 ? 0.2 : undefined);
  if (weight === undefined) return { kind: 'clean' };
  return { kind: 'found', threats: [`count=${rest} wl=${whiteListed}`], weight };
}

const pyzor: Scanner = {
  transport: 'plain',
  maxReplyBytes: 16_384,
  failure: (reason) => `failed to scan: ${reason}`,
  async scan(connect, _host, content) {
    const connection = await connect();
    try {
      await connection.write(content);
      connection.end();
      return pyzorResult(await connection.readToEnd());
    } finally {
      connection.close();
    }
  },
};

/** Pyzor: how often was this mail reported as spam? Asked through pyzorsocket. */
export const pyzorType: ScannerType<ServiceOptions> = {
  port: 5953,
  timeoutSeconds: 15,
  cacheSeconds: 7200,
  symbol: 'PYZOR',
  score: 1,
  weighs: true,
  words: 'Pyzor bulk message found',
  defaults: { scan_mime_parts: false },
  create: () => pyzor,
};
