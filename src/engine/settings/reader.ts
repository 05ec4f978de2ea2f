import { ConfigError, type ConfigPath, type ConfigProblem, type SourcePosition } from '../../core/index.ts';
import { compilePattern, type Pattern, RegexpError } from '../../lib/index.ts';

export type Values = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Collects what is wrong with settings while they are read, each problem with its place. */
export class SettingsReader {
  readonly problems: ConfigProblem[] = [];
  readonly #position: (path: ConfigPath) => SourcePosition | undefined;

  constructor(position: (path: ConfigPath) => SourcePosition | undefined) {
    this.#position = position;
  }

  problem(path: ConfigPath, message: string, expected?: string): void {
    let position: SourcePosition | undefined;
    for (let length = path.length; length > 0 && !position; length--)
      position = this.#position(path.slice(0, length));
    this.problems.push({ message, path: path.join('.'), position, expected });
  }

  /** Runs what may throw ConfigError and keeps its problems. */
  attempt<T>(make: () => T): T | undefined {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.problems.push(...error.problems);
      return undefined;
    }
  }

  pattern(text: string, path: ConfigPath): Pattern | undefined {
    try {
      return compilePattern(text);
    } catch (error) {
      if (!(error instanceof RegexpError)) throw error;
      this.problem(path, `bad expression at character ${error.offset + 1}: ${error.message}`);
      return undefined;
    }
  }

  /** A text or a list of texts (numbers count as texts). */
  texts(value: unknown, path: ConfigPath): readonly string[] {
    const list = Array.isArray(value) ? (value as readonly unknown[]) : [value];
    const texts: string[] = [];
    for (const [index, item] of list.entries()) {
      if (typeof item === 'string' || typeof item === 'number') texts.push(String(item));
      else
        this.problem(
          Array.isArray(value) ? [...path, index] : path,
          'text expected',
          'a text or a list of texts',
        );
    }
    return texts;
  }

  flag(value: unknown, path: ConfigPath): boolean {
    if (typeof value !== 'boolean') this.problem(path, 'yes or no expected');
    return value === true;
  }

  throwIfAny(): void {
    if (this.problems.length > 0) throw new ConfigError(this.problems);
  }
}
