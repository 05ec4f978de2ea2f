import { UpstreamError } from '../../core/index.ts';
import { type Scanner, type ScannerType, type ScanResult, threatText } from '../../scanners/index.ts';
import { extendedOption, type ServiceOptions } from './options.ts';

/** What spamd thinks of a message. */
export interface SpamdAnswer {
  readonly score: number;
  /** Names of the rules that matched. */
  readonly rules: readonly string[];
}

const maxRules = 200;

/** `SPAMD/version code text`, where only 0 is an answer; 75 asks to try later (spamd's PROTOCOL, sysexits(3)). */
const statusLine = /^SPAMD\/[\d.]{1,8} (\d{1,3})(?: ([^\r\n]*))?\r?\n/;
const spamLine = /^Spam:\s*(?:True|False|Yes|No)\s*;\s*(-?\d{1,9}(?:\.\d{1,9})?)\s*\//im;

/**
 * Reads the reply to `SYMBOLS`: a head with score and threshold, then the rules that matched with commas between.
 *
 * @throws UpstreamError when it is none
 */
export function spamdAnswer(reply: string): SpamdAnswer {
  const status = statusLine.exec(reply);
  if (!status) throw new UpstreamError('no reply of spamd');
  if (status[1] !== '0') throw new UpstreamError(`spamd: ${threatText(`${status[1]} ${status[2] ?? ''}`)}`);
  const end = /\r?\n\r?\n/.exec(reply);
  const spam = spamLine.exec(end ? reply.slice(0, end.index) : reply);
  if (!spam) throw new UpstreamError('spamd gave no score');
  const rules = (end ? reply.slice(end.index + end[0].length) : '')
    .split(/[\s,]+/, maxRules)
    .filter((rule) => /^\w{1,128}$/.test(rule) && rule !== 'none');
  return { score: Number(spam[1]), rules };
}

function scanner({ extended }: ServiceOptions): Scanner {
  return {
    transport: 'plain',
    maxReplyBytes: 65_536,
    failure: (reason) => `failed to scan: ${reason}`,
    async scan(connect, _host, content): Promise<ScanResult> {
      const connection = await connect();
      try {
        await connection.write(
          Buffer.from(`SYMBOLS SPAMC/1.5\r\nContent-length: ${content.length}\r\n\r\n`, 'latin1'),
        );
        await connection.write(content);
        connection.end();
        const { score, rules } = spamdAnswer(await connection.readToEnd());
        if (score <= 0 || rules.length === 0) return { kind: 'clean' };
        return { kind: 'found', threats: extended ? rules : [rules.join(', ')], weight: score };
      } finally {
        connection.close();
      }
    },
  };
}

/** SpamAssassin's spamd: its score becomes the weight of the symbol. */
export const spamassassinType: ScannerType<ServiceOptions> = {
  port: 783,
  timeoutSeconds: 15,
  cacheSeconds: 3600,
  symbol: 'SPAMD',
  score: 1,
  weighs: true,
  words: 'Spamassassin bulk message found',
  ownOptions: extendedOption,
  defaults: { scan_mime_parts: false, symbol_type: 'postfilter', dynamic_scan: true },
  create: scanner,
};
