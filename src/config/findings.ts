import type { ConfigPath, ConfigProblem, SourcePosition } from '../core/index.ts';
import { visiblePosition } from './provenance.ts';

/** What is said of Lua code, in files and in options. */
export const luaRefusal = 'Lua code is not run here';

/** Everything a reading has to say, sorted by what follows from it. */
export class Findings {
  /** Syntax, types, unknown options: the server never starts. */
  readonly errors: ConfigProblem[] = [];
  /** Would change a verdict and is not implemented: starts only when the operator insists. */
  readonly unsupported: ConfigProblem[] = [];
  /** Worth knowing; changes nothing. */
  readonly notices: ConfigProblem[] = [];
  /** Those of the notices that tell of something that has no effect here. */
  readonly ignored: ConfigProblem[] = [];

  /** Puts every list in the order of the files and of the lines in them. */
  sortBy(files: readonly string[]): void {
    const place = new Map(files.map((file, index) => [file, index]));
    const order = (a: ConfigProblem, b: ConfigProblem): number => {
      const [p, q] = [a.position, b.position];
      if (!p || !q) return Number(!p) - Number(!q);
      const byFile = (place.get(p.file) ?? files.length) - (place.get(q.file) ?? files.length);
      return byFile || p.line - q.line || p.column - q.column;
    };
    for (const list of [this.errors, this.unsupported, this.notices]) list.sort(order);
  }

  error(position: SourcePosition | undefined, path: ConfigPath, message: string, expected?: string): void {
    this.errors.push({ message, position: visiblePosition(position), path: pathText(path), expected });
  }

  unsupport(position: SourcePosition | undefined, path: ConfigPath, message: string): void {
    this.unsupported.push({ message, position: visiblePosition(position), path: pathText(path) });
  }

  /** A notice that what stands there has no effect. */
  ignore(position: SourcePosition | undefined, path: ConfigPath, message: string): void {
    const problem = { message, position: visiblePosition(position), path: pathText(path) };
    this.notices.push(problem);
    this.ignored.push(problem);
  }

  notice(position: SourcePosition | undefined, path: ConfigPath, message: string, expected?: string): void {
    this.notices.push({ message, position: visiblePosition(position), path: pathText(path), expected });
  }
}

/** `rates.user[0].rate`; keys with odd characters in quotes. */
export function pathText(path: ConfigPath): string | undefined {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += (text === '' ? '' : '.') + (/^[\w/-]+$/.test(step) ? step : JSON.stringify(step));
  }
  return text === '' ? undefined : text;
}
