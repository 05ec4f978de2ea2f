import { compilePattern, type Pattern, RegexpError } from '../lib/index.ts';
import type { ScannerContext } from './scanner.ts';

/** Compiles an expression of the configuration; throws ConfigError with its place. */
export function compileOption(
  context: ScannerContext,
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
