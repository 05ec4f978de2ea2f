import { ConfigError, type ConfigProblem } from '../core/index.ts';
import { Evaluator } from './evaluate.ts';
import { UclSyntaxError } from './failure.ts';
import type { UclFiles } from './macros.ts';
import { newObject } from './merge.ts';
import { UclParser } from './parser.ts';
import { dirname } from './paths.ts';
import { Source } from './source.ts';
import type { SyntaxArray, SyntaxObject } from './syntax.ts';
import { renderTemplate, type TemplateGlobals } from './templates/index.ts';
import type { UclArray, UclObject } from './value.ts';

/** Inclusions in one reading, over all files: bounds what files that include each other can cost. */
const maxIncludes = 10_000;

export interface UclOptions {
  /** Name of the text in messages; folder of relative includes. */
  readonly file: string;
  /** `$NAME`; `CURDIR` and `FILENAME` come by themselves. Default: none. */
  readonly variables?: Readonly<Record<string, string>>;
  /** How includes read files; without it includes fail. */
  readonly files?: UclFiles;
  /** Render templates in every file before it is parsed, with these globals. Default: no templates. */
  readonly templates?: TemplateGlobals;
}

export interface UclDocument {
  readonly root: UclObject | UclArray;
  readonly warnings: readonly ConfigProblem[];
  /** Every file that was read, in order, the first by the name it was given, and the file that included it. */
  readonly files: readonly { readonly file: string; readonly includedBy: string | undefined }[];
}

export type UclReading = UclDocument & { readonly problems: readonly ConfigProblem[] };

/**
 * Reads UCL with its includes (config-format 1 and 2).
 * @throws ConfigError with every problem found: the first of each file, and all of merging and macros
 */
export function parseUcl(text: string, options: UclOptions): UclDocument {
  const { problems, ...document } = readUcl(text, options);
  if (problems.length > 0) throw new ConfigError(problems);
  return document;
}

/** Like {@link parseUcl}, but gives what could be read together with the problems. Never throws. */
export function readUcl(text: string, options: UclOptions): UclReading {
  const problems: ConfigProblem[] = [];
  const warnings: ConfigProblem[] = [];
  const files: { file: string; includedBy: string | undefined }[] = [];
  let includes = 0;

  const parse = (
    file: string,
    content: string,
    includedBy?: string,
  ): SyntaxObject | SyntaxArray | undefined => {
    files.push({ file, includedBy });
    try {
      const rendered = options.templates && renderTemplate(content, file, options.templates);
      const source = new Source(file, content, rendered);
      const lookup = (name: string): string | undefined => {
        if (name === 'CURDIR') return dirname(file);
        if (name === 'FILENAME') return file;
        return options.variables && Object.hasOwn(options.variables, name)
          ? options.variables[name]
          : undefined;
      };
      return new UclParser(source, lookup, warnings).parseDocument();
    } catch (error) {
      if (!(error instanceof UclSyntaxError)) throw error;
      problems.push(...error.problems);
      return undefined;
    }
  };

  const evaluator = new Evaluator(
    {
      files: options.files,
      parse,
      problem: (problem) => problems.push(problem),
      countInclude: () => ++includes <= maxIncludes,
    },
    problems,
  );
  const syntax = parse(options.file, text);
  const position = syntax?.position ?? { file: options.file, line: 1, column: 1 };
  const chunk = { file: options.file, priority: 0, strategy: 'append', chain: [options.file] } as const;
  let root: UclObject | UclArray = newObject(position, 0);
  if (syntax?.kind === 'object')
    evaluator.run(syntax.statements, { object: root, outer: undefined }, { ...chunk });
  else if (syntax) {
    const scope = { object: root, outer: undefined };
    root = { kind: 'array', items: [], position, keyPosition: undefined, priority: 0 };
    evaluator.extend(root, syntax.items, scope, { ...chunk });
  }
  return { root, warnings, files, problems };
}
