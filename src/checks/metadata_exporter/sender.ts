import type { Attempt } from '../../delivery/index.ts';

/** One export on its way; the parts a backend has no use for are empty. */
export interface ExportItem {
  readonly body: Buffer;
  readonly mimeType: string;
  /** Request headers made of metadata. */
  readonly headers: Readonly<Record<string, string>>;
  /** Channel or keys of streams. */
  readonly keys: readonly string[];
  /** Envelope recipients of mail. */
  readonly recipients: readonly string[];
}

/** Brings exports to one receiver. */
export interface Sender {
  /** Never rejects; ends soon after `signal` fires. */
  send(item: ExportItem, signal: AbortSignal): Promise<Attempt>;
  close(): void;
}
