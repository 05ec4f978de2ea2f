import { UpstreamError } from '../../core/index.ts';
import { icapOptions, type Scanner, type ScannerType } from '../../scanners/index.ts';
import type { ServiceOptions } from './options.ts';

const razor: Scanner = {
  transport: 'plain',
  maxReplyBytes: 1024,
  failure: (reason) => `failed to scan: ${reason}`,
  async scan(connect, _host, content) {
    const connection = await connect();
    try {
      await connection.write(content);
      connection.end();
      const word = (await connection.readToEnd()).trim();
      if (word === 'spam') return { kind: 'found', threats: [word] };
      if (word === 'ham') return { kind: 'clean' };
      throw new UpstreamError('no reply of Razor');
    } finally {
      connection.close();
    }
  },
};

/** Vipul's Razor: was this mail reported as spam? Asked through razorfy, which answers with one word. */
export const razorType: ScannerType<ServiceOptions> = {
  port: 11_342,
  timeoutSeconds: 5,
  cacheSeconds: 7200,
  symbol: 'RAZOR',
  score: 1,
  words: 'spam message found',
  ownOptions: { default_score: icapOptions.default_score },
  weight: ({ default_score: weight }) => weight,
  defaults: { scan_mime_parts: false },
  create: () => razor,
};
