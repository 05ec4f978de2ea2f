import type { BenchMessage } from '../message.ts';

/** The protocols the loader speaks. */
export const protocols = ['http', 'rspamc', 'milter'] as const;
export type Protocol = (typeof protocols)[number];

/** What came of handing in one message. */
export type Outcome =
  | {
      readonly kind: 'verdict';
      readonly action: string;
      readonly symbols: number | undefined;
      /** Where the protocol's reply tells it. */
      readonly score?: number;
    }
  | { readonly kind: 'error'; readonly reason: string };

/** Who hands the messages in, and how. */
export interface Submission {
  readonly host: string;
  readonly port: number;
  /** SASL login; undefined: none. */
  readonly user: string | undefined;
  /** Address of the client that submits. */
  readonly clientIp: string;
  /** JSON of the request header `Settings`; undefined: none. */
  readonly settings: string | undefined;
  /** How long a verdict may take. */
  readonly timeoutMs: number;
}

/** One protocol aimed at one server. */
export interface ScanClient {
  /**
   * Hands in one message and waits for its verdict. Never rejects: whatever goes wrong is an outcome.
   *
   * @param lane number of the caller, from 0: calls of one lane never overlap and may share a connection.
   */
  scan(lane: number, message: BenchMessage): Promise<Outcome>;
  /** Closes every connection. */
  close(): void;
}

/** The HELO name and host name of the submitting client. */
export const clientHelo = 'client.example.com';

/** An error in few words that are the same for the same cause, so that they can be counted. */
export function reasonOf(error: unknown): string {
  if (error instanceof Error) return 'code' in error ? String(error.code) : error.message;
  return String(error);
}
