import type { z } from 'zod';
import type { CheckContext, Task } from '../core/index.ts';
import type { Connection, Transport } from './connection.ts';
import type { CommonOptions, SettledOptions } from './options.ts';

/** What a check that has scanners hands on from its own context. */
export type ScannerContext = Omit<CheckContext<unknown, never>, 'config'>;

/** What a scanner says of one piece of a message. */
export type ScanResult =
  | { readonly kind: 'clean' }
  | {
      readonly kind: 'found';
      readonly threats: readonly string[];
      /** For all threats together, instead of the weight that the type gives each ({@link ScannerType.weighs}). */
      readonly weight?: number | undefined;
      /** Key of {@link ScannerType.furtherSymbols}, for what is told by another symbol than the rule's. */
      readonly symbol?: string | undefined;
    }
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

/** A symbol of a rule beside the usual ones. */
export interface FurtherSymbol {
  readonly name: string;
  readonly score: number;
  readonly description: string;
}

/** A kind of scanner: its defaults, and how a rule of it is compiled. */
export interface ScannerType<Options extends CommonOptions> {
  readonly port: number;
  readonly timeoutSeconds: number;
  readonly cacheSeconds: number;
  /** Defaults of options where they differ from those of all types. */
  readonly defaults?: Partial<SettledOptions>;
  /** Options that no other type understands. */
  readonly ownOptions?: Readonly<Record<string, z.ZodType>>;
  /** Default of `symbol`; undefined: the name of the rule in upper case. */
  readonly symbol?: string;
  /** Default of `symbol_fail`; undefined: the symbol with `_FAIL`. */
  readonly failSymbol?: string;
  /** Default score of the symbol. Default 0. */
  readonly score?: number;
  /** What `message` says between the scanner's name and the finding. */
  readonly words: string;
  /** Symbols by the keys that {@link ScanResult} uses. */
  readonly furtherSymbols?: (options: Options, symbol: string) => Readonly<Record<string, FurtherSymbol>>;
  /** The scanner says what a finding weighs. */
  readonly weighs?: boolean;
  /** Weight of the symbol for a threat. Default 1. */
  readonly weight?: (options: Options) => number;
  create(options: Options): Scanner;
}

/** Names of metrics, both with the label `rule`. */
export interface FamilyMetrics {
  /** Results, with the label `result`. */
  readonly scans: string;
  /** Attempts that failed, with the label `server`. */
  readonly failures: string;
}

/** The scanners of one section of the configuration. */
export interface ScannerFamily<Options extends CommonOptions> {
  /** Name of the section and of its group. */
  readonly name: string;
  readonly metrics: FamilyMetrics;
  readonly types: Readonly<Record<string, ScannerType<Options>>>;
  /** Types that are known and refused, with the reason. */
  readonly refusedTypes: Readonly<Record<string, string>>;
  /** Name by which settings know a rule. Default: its symbol. */
  readonly anchor?: (key: string) => string;
}

const maxThreatLength = 256;

/** A scanner's text, safe for options, log and an SMTP reply (RFC 5321 4.2: printable characters). */
export function threatText(text: string): string {
  return text
    .slice(0, maxThreatLength)
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .trim();
}
