import { type ConfigProblem, formatProblem } from '../core/index.ts';
import { analyseConfiguration, type LoadedConfiguration, type LoadOptions } from './load.ts';

/** What `config check` reports. */
export interface CheckReport {
  /** Could the server start with it? */
  readonly isUsable: boolean;
  /** Never starts: syntax, types, unknown options. */
  readonly errors: readonly ConfigProblem[];
  /** Would change verdicts and is not implemented: starts only with `--allow-unsupported`. */
  readonly unsupported: readonly ConfigProblem[];
  readonly notices: readonly ConfigProblem[];
  /** Each problem as `file:line:column: path: message (expected …)`. */
  readonly lines: Readonly<Record<'errors' | 'unsupported' | 'notices', readonly string[]>>;
  readonly configuration: LoadedConfiguration;
}

/** Reads a configuration and reports everything that is to say about it. Never throws for what is in the files. */
export function checkConfiguration(options: LoadOptions): CheckReport {
  const { configuration, findings } = analyseConfiguration(options);
  const { errors, unsupported, notices } = findings;
  const lines = {
    errors: errors.map(formatProblem),
    unsupported: unsupported.map(formatProblem),
    notices: notices.map(formatProblem),
  };
  const isUsable = errors.length === 0 && (options.allowUnsupported || unsupported.length === 0);
  return { isUsable, errors, unsupported, notices, lines, configuration };
}
