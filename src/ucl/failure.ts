import { ConfigError, type ConfigProblem } from '../core/index.ts';

/** The first thing in a file that cannot be read; the rest of that file is unknown. */
export class UclSyntaxError extends ConfigError {
  constructor(problem: ConfigProblem) {
    super(problem);
  }
}
