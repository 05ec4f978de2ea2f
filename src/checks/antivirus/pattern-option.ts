import type { CheckContext } from '../../core/index.ts';
import { compilePattern, type Pattern, RegexpError } from '../../lib/index.ts';
import type { AntivirusOptions } from './options.ts';

/** Compiles an expression of the configuration; throws ConfigError with its place. */
export function compileOption(
  context: CheckContext<AntivirusOptions, never>,
  path: readonly (string | number)[],
  text: string,
): Pattern {
  try {
    return compilePattern(text);
  } catch (error) {
    if (!(error instanceof RegexpError)) throw error;
    throw context.configError([...path], error.message, 'a regular expression');
  }
}
