import { existsSync, readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { Resolver } from '../../core/index.ts';
import { txtResolver } from './mail.ts';

/** The published suites lie beside the project where it is developed. */
const folder = new URL('../../../../shared/data/conformance/', import.meta.url);

const txtRecords = z.record(z.string(), z.string()).nullish();

/** One document of a suite. */
export interface SuiteDocument<Case> {
  readonly tests: Readonly<Record<string, Case>>;
  readonly dns: Resolver;
  readonly rest: Readonly<Record<string, unknown>>;
}

/** Reads a suite; says so and returns nothing where it is not there. */
export function readSuite<Schema extends z.ZodType>(
  file: string,
  testCase: Schema,
): readonly SuiteDocument<z.output<Schema>>[] {
  const url = new URL(file, folder);
  if (!existsSync(url)) {
    process.stderr.write(`left out: shared/data/conformance/${file} (not there)\n`);
    return [];
  }
  const shape = z.looseObject({ tests: z.record(z.string(), testCase), 'txt-records': txtRecords });
  const text = readFileSync(url, 'utf8');
  const documents: unknown[] = [];
  for (const document of parseAllDocuments(text, { uniqueKeys: false })) {
    if ('toJS' in document) documents.push(document.toJS());
  }
  return documents
    .filter((document) => document !== null)
    .map((document) => {
      const { tests, 'txt-records': records, ...rest } = shape.parse(document);
      const answers = Object.entries(records ?? {}).map(
        ([name, value]) => [name, [value.replaceAll('\n', '')]] as const,
      );
      return { tests, dns: txtResolver(Object.fromEntries(answers)), rest };
    });
}
