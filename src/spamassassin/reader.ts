import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ExpressionError } from '../expr/index.ts';
import { readCondition } from './condition.ts';
import { ruleLimits } from './limits.ts';

/** Where a line of a rule file is. */
export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

export function placeText({ file, line }: Place): string {
  return `${file}:${line}`;
}

/** One line that counts. Texts have one character a byte: patterns match bytes. */
export interface Directive {
  readonly key: string;
  readonly value: string;
  readonly place: Place;
}

export interface RuleSink {
  directive(directive: Directive): void;
  /** A line that a condition leaves out, because a plugin is not known here. */
  leftOut(directive: Directive, plugins: readonly string[]): void;
  problem(place: Place, message: string): void;
}

interface Block {
  readonly isActive: boolean;
  readonly holds: boolean;
  readonly missing: readonly string[];
}

/** Without its comment; `\#` is a number sign. */
function stripComment(line: string): string {
  if (!line.includes('#')) return line.trim();
  return line
    .replace(/(?<!\\)#.*$/s, '')
    .replaceAll('\\#', '#')
    .trim();
}

/** Reads rule files line by line; conditions and includes are followed here. */
export class RuleReader {
  readonly #sink: RuleSink;
  readonly #open: string[] = [];

  constructor(sink: RuleSink) {
    this.#sink = sink;
  }

  /** @throws Error of the file system for a file that cannot be read */
  readFile(path: string): void {
    const file = resolve(path);
    if (statSync(file).size > ruleLimits.fileBytes)
      throw new Error(`${file} has more than ${ruleLimits.fileBytes} bytes`);
    this.#open.push(file);
    this.readText(readFileSync(file, 'latin1'), file);
    this.#open.pop();
  }

  /** @param text one character a byte */
  readText(text: string, file: string): void {
    const blocks: Block[] = [];
    let number = 0;
    for (const raw of text.split(/\r?\n/)) {
      number++;
      const line = stripComment(raw);
      if (line === '') continue;
      this.#line(line, { file, line: number }, blocks);
    }
    if (blocks.length > 0) this.#sink.problem({ file, line: number }, 'if without endif');
  }

  #line(line: string, place: Place, blocks: Block[]): void {
    const found = /^(\S+)\s*([\s\S]*)$/.exec(line)!;
    let key = found[1]!.toLowerCase();
    let value = found[2]!;
    const around = blocks.at(-1);
    const isActive = around?.isActive ?? true;
    if (key === 'if' || key === 'ifplugin') {
      blocks.push(this.#block(key, value, place, isActive, around));
      return;
    }
    if (key === 'endif') {
      if (!blocks.pop()) this.#sink.problem(place, 'endif without if');
      return;
    }
    if (key === 'else') {
      const block = blocks.pop();
      if (!block) this.#sink.problem(place, 'else without if');
      else {
        const outer = blocks.at(-1)?.isActive ?? true;
        blocks.push({ ...block, isActive: outer && !block.holds });
      }
      return;
    }
    if (key === 'lang') {
      // Texts of other languages; rules for one language only do not exist.
      const inner = /^(\S+)\s+(\S+)\s*([\s\S]*)$/.exec(value);
      if (!inner || inner[1]!.toLowerCase().slice(0, 2) !== 'en') return;
      key = inner[2]!.toLowerCase();
      value = inner[3]!;
    }
    if (!isActive) {
      const missing = blocks.flatMap((block) => block.missing);
      if (missing.length > 0) this.#sink.leftOut({ key, value, place }, missing);
      return;
    }
    if (key === 'include') this.#include(value, place);
    else this.#sink.directive({ key, value, place });
  }

  #block(
    key: 'if' | 'ifplugin',
    value: string,
    place: Place,
    isActive: boolean,
    around: Block | undefined,
  ): Block {
    try {
      const { holds, missing } = readCondition(key, value);
      return { isActive: isActive && holds, holds, missing: holds ? (around?.missing ?? []) : missing };
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      this.#sink.problem(place, `${key}: ${error.message}`);
      return { isActive: false, holds: false, missing: [] };
    }
  }

  #include(value: string, place: Place): void {
    const path = resolve(dirname(place.file), value);
    if (this.#open.includes(path) || this.#open.length >= ruleLimits.includeDepth) {
      this.#sink.problem(place, `include ${value}: files include each other`);
      return;
    }
    try {
      this.readFile(path);
    } catch (error) {
      this.#sink.problem(
        place,
        `include ${value}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
}
