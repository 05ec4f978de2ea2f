import type { Task } from '../../core/index.ts';
import type { Connection, Transport } from './connection.ts';

/** What a scanner says of one piece of a message. */
export type ScanResult =
  | { readonly kind: 'clean' }
  | { readonly kind: 'found'; readonly threats: readonly string[] }
  /** The scanner could not look inside; `threats` are the texts that say so. */
  | { readonly kind: 'encrypted' | 'macro'; readonly threats: readonly string[] }
  /** The scanner answered that it will not judge this content; another attempt would end the same way. */
  | { readonly kind: 'fail'; readonly threats: readonly string[] };

/** Opens further connections to the same server. */
export type Reconnect = () => Promise<Connection>;

/** A scanner's protocol, compiled for one rule. */
export interface Scanner {
  readonly transport: Transport;
  readonly maxReplyBytes: number;
  /**
   * Asks about one piece over a fresh connection.
   *
   * @throws UpstreamError when another attempt may go better
   */
  scan(connect: Reconnect, host: string, content: Buffer, task: Task): Promise<ScanResult>;
  /** Option of the symbol when all attempts failed; `reason` is the last one's. */
  failure(reason: string): string;
}

const maxThreatLength = 256;

/** A scanner's text, safe for options, log and an SMTP reply (RFC 5321 4.2: printable characters). */
export function threatText(text: string): string {
  return text
    .slice(0, maxThreatLength)
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .trim();
}
