import {
  type DynamicSymbol,
  type InsertHit,
  normaliseActionName,
  priorities,
  type Task,
} from '../core/index.ts';
import type { Pattern } from '../lib/index.ts';
import type { SettledOptions } from './options.ts';
import { compileOption } from './pattern-option.ts';
import type { Piece } from './pieces.ts';
import type { FurtherSymbol, ScannerContext, ScanResult } from './scanner.ts';

type SymbolPatterns = readonly (readonly [DynamicSymbol, Pattern])[];

/** What the outcome of a rule is made from. */
export interface OutcomeRule {
  /** Name of the rule in the configuration. */
  readonly key: string;
  readonly name: string;
  /** Name of the section. */
  readonly family: string;
  readonly options: SettledOptions;
  readonly symbol: string;
  readonly failSymbol: string;
  readonly score: number;
  readonly weight: number;
  readonly words: string;
  readonly further: Readonly<Record<string, FurtherSymbol>>;
}

/** What a rule inserts and forces for the results of its scanner. */
export class Outcome {
  /** The symbol by which the rule is known. */
  readonly symbol: DynamicSymbol;
  /** All that it may insert. */
  readonly declared: readonly DynamicSymbol[];
  readonly #options: SettledOptions;
  readonly #name: string;
  readonly #symbols: Readonly<Record<'found' | 'encrypted' | 'macro' | 'fail', DynamicSymbol>>;
  readonly #further: ReadonlyMap<string, DynamicSymbol>;
  readonly #weight: number;
  readonly #patterns: SymbolPatterns;
  readonly #patternsFail: SymbolPatterns;
  readonly #action: string | undefined;
  readonly #message: string;

  constructor(rule: OutcomeRule, context: ScannerContext) {
    const { key, name, options, symbol, score } = rule;
    const { description = `${name} found something`, group = rule.family, action } = options;
    const declare = (own: string, text: string, ownScore = 0): DynamicSymbol =>
      context.declare(own, { score: ownScore, description: text, groups: [group] });
    this.#options = options;
    this.#name = name;
    this.symbol = declare(symbol, description, score);
    this.#symbols = {
      found: this.symbol,
      fail: declare(rule.failSymbol, `${name} could not scan the message`),
      encrypted: declare(options.symbol_encrypted ?? `${symbol}_ENCRYPTED`, `${name} met encrypted content`),
      macro: declare(options.symbol_macro ?? `${symbol}_MACRO`, `${name} met macros`),
    };
    this.#further = new Map(
      Object.entries(rule.further).map(([word, own]) => [
        word,
        declare(own.name, own.description, own.score),
      ]),
    );
    const compile = (option: 'patterns' | 'patterns_fail'): SymbolPatterns =>
      options[option].flatMap((table) =>
        Object.entries(table).map(
          ([own, text]) =>
            [
              declare(own, `${name}: by name of the ${option === 'patterns' ? 'threat' : 'failure'}`),
              compileOption(context, [key, option, own], text),
            ] as const,
        ),
      );
    this.#patterns = compile('patterns');
    this.#patternsFail = compile('patterns_fail');
    this.declared = [
      ...new Set([
        ...Object.values(this.#symbols),
        ...this.#further.values(),
        ...[...this.#patterns, ...this.#patternsFail].map(([own]) => own),
      ]),
    ];
    this.#weight = rule.weight;
    this.#action = action === undefined ? undefined : normaliseActionName(action);
    if (this.#action !== undefined && !context.options.actions.includes(this.#action)) {
      throw context.configError(
        [key, 'action'],
        `unknown action \`${action}\``,
        `one of ${context.options.actions.join(', ')}`,
      );
    }
    this.#message = options.message ?? `\${SCANNER}: ${rule.words}: "\${VIRUS}"`;
  }

  /** Weight of the symbol for a threat. */
  get weight(): number {
    return this.#weight;
  }

  /** Inserts what stands for a result, `threats` being those that no whitelist takes away. */
  apply(
    task: Task,
    hit: InsertHit<never>,
    result: Exclude<ScanResult, { readonly kind: 'clean' }>,
    threats: readonly string[],
    part: Piece['part'],
  ): void {
    const { kind } = result;
    const isFailure = kind === 'fail';
    const patterns = isFailure ? this.#patternsFail : this.#patterns;
    const weight = isFailure ? 0 : kind === 'found' ? (result.weight ?? this.#weight) : 1;
    const further =
      kind === 'found' && result.symbol !== undefined ? this.#further.get(result.symbol) : undefined;
    const symbol = further ?? this.#symbols[kind];
    const isWhole = kind === 'found' && result.weight !== undefined;
    const together: string[] = [];
    for (const threat of threats) {
      const special = patterns.find(([, pattern]) => pattern.test(threat));
      const fileName = this.#options.show_attachments ? part?.fileName : undefined;
      const option = fileName === undefined ? threat : `${threat}|${fileName}`;
      if (special) hit(special[0], 1, option);
      else if (isWhole) together.push(option);
      else hit(symbol, weight, option);
    }
    if (together.length > 0) hit(symbol, weight, ...together);
    if (isFailure || threats.length === 0 || this.#action === undefined) return;
    const virus = threats.join('; ');
    const values: Readonly<Record<string, string>> = { SCANNER: this.#name, VIRUS: virus };
    task.setPreResult({
      action: this.#action,
      message: this.#message.replaceAll(/\$\{(SCANNER|VIRUS)\}/g, (_, word: string) => values[word]!),
      module: this.#name,
      priority: priorities.low,
      isLeast: this.#action !== 'reject',
      processAll: false,
    });
  }
}
