import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { compose } from './compose.ts';
import { Random } from './random.ts';
import { readTemplates } from './templates.ts';
import { vocabularies } from './vocabulary.ts';

/** A message to learn from. */
export interface Lesson {
  readonly isSpam: boolean;
  readonly source: string;
  readonly family: string;
  readonly raw: Buffer;
}

interface IndexLine {
  readonly label: string;
  readonly source: string;
  readonly ship: string;
  readonly id: string;
  readonly ptr: readonly [shard: number, offset: number, length: number];
}

/**
 * The mail of a folder as `outbreak/train` has it, whose licence lets a model that ships learn from it
 * (`ship: "yes"`), in the order of its ids; undefined when the folder is not there.
 */
export function readCorpus(folder: string): readonly Lesson[] | undefined {
  if (!existsSync(join(folder, 'index.jsonl.br'))) return undefined;
  const unpack = (file: string): Buffer => brotliDecompressSync(readFileSync(join(folder, file)));
  const shards = new Map<number, Buffer>();
  const lines = unpack('index.jsonl.br').toString('utf8').trim().split('\n');
  return lines
    .map((line) => JSON.parse(line) as IndexLine)
    .filter(({ ship }) => ship === 'yes')
    .sort((a, b) => (`${a.source} ${a.id}` < `${b.source} ${b.id}` ? -1 : 1))
    .map(({ label, source, id, ptr: [number, offset, length] }) => {
      let shard = shards.get(number);
      if (!shard) {
        shard = unpack(`store/m${String(number).padStart(3, '0')}.br`);
        shards.set(number, shard);
      }
      return {
        isSpam: label === 'spam',
        source,
        family: `${source} ${id}`,
        raw: Buffer.from(shard.subarray(offset, offset + length)),
      };
    });
}

/** Messages for each template by language: there is more mail in some than in others. */
const perTemplate: Readonly<Record<string, number>> = {
  en: 90,
  de: 70,
  fr: 55,
  es: 50,
  pt: 70,
  it: 45,
  nl: 45,
  pl: 45,
  tr: 40,
  sv: 40,
};

/** Kinds that differ more from message to message than one template of them shows. */
const often: ReadonlySet<string> = new Set(['person', 'welcome', 'reminder', 'notify', 'product']);

/** Messages of our own templates, the same ones each time. */
export function composeLessons(): readonly Lesson[] {
  const lessons: Lesson[] = [];
  for (const [number, language] of Object.keys(vocabularies).entries()) {
    for (const [index, template] of readTemplates(language).entries()) {
      const random = new Random(1 + number * 1000 + index);
      const count = perTemplate[language]! * (often.has(template.kind) ? 3 : 1);
      for (let made = 0; made < count; made++) {
        lessons.push({
          isSpam: template.label === 'spam',
          source: `templates-${template.label}`,
          family: `${template.label} ${template.kind}`,
          raw: compose(template, random),
        });
      }
    }
  }
  return lessons;
}
