import type {
  AppliedSettings,
  CheckDefinition,
  Configuration,
  ContentViews,
  LocalAddresses,
  Message,
  Task,
  Verdict,
} from '../core/index.ts';
import type { CheckPorts } from './plan.ts';

/** Finds the settings that hold for a message; undefined: none. */
export interface SettingsResolver {
  /** Symbols that settings insert. */
  readonly symbols: readonly string[];
  resolve(task: Task): AppliedSettings | undefined | Promise<AppliedSettings | undefined>;
}

/** Makes the views of messages; handed in by the composition root. */
export interface ViewFactory {
  parse(raw: Buffer): Message;
  content(message: Message): ContentViews;
}

/** Told about every finished scan, after the reply. */
export interface ScanObserver {
  scanned(task: Task, verdict: Verdict, unitTimesMs: ReadonlyMap<string, number> | undefined): void;
}

export interface EngineInit {
  readonly configuration: Configuration;
  readonly checks: readonly CheckDefinition[];
  readonly ports: CheckPorts;
  readonly views: ViewFactory;
  readonly localAddresses: LocalAddresses;
  readonly settings: SettingsResolver;
  readonly observer: ScanObserver;
  readonly hostName: string;
}
