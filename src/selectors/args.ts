import { type Arg, type Call, SelectorError } from './parse.ts';

/** Reads the arguments of one call, with errors that name it. */
export class Args {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  get length(): number {
    return this.#call.args.length;
  }

  error(message: string): SelectorError {
    return new SelectorError(`${this.#call.name}: ${message}`, this.#call.offset);
  }

  /** No more arguments than this. */
  atMost(count: number): this {
    if (this.length > count)
      throw this.error(count === 0 ? 'takes no arguments' : `takes at most ${count} arguments`);
    return this;
  }

  at(index: number): Arg | undefined {
    return this.#call.args[index];
  }

  optional(index: number): string | undefined {
    const arg = this.at(index);
    if (arg !== undefined && typeof arg !== 'string')
      throw this.error(`argument ${index + 1} must be a word`);
    return arg;
  }

  required(index: number): string {
    const arg = this.optional(index);
    if (arg === undefined) throw this.error(`argument ${index + 1} is missing`);
    return arg;
  }

  /** All arguments as words; lists are taken apart. */
  words(): readonly string[] {
    return this.#call.args.flatMap((arg) => {
      if (typeof arg === 'string') return [arg];
      if (isList(arg)) return arg;
      throw this.error('names are not expected here');
    });
  }

  oneOf<const T extends string>(index: number, choices: readonly T[]): T | undefined {
    const arg = this.optional(index);
    if (arg === undefined) return undefined;
    const found = choices.find((choice) => choice === arg);
    if (found === undefined) throw this.error(`"${arg}" is none of ${choices.join(', ')}`);
    return found;
  }

  number(index: number): number | undefined {
    const arg = this.optional(index);
    if (arg === undefined) return undefined;
    const value = Number(arg);
    if (arg === '' || !Number.isFinite(value)) throw this.error(`"${arg}" is no number`);
    return value;
  }

  integer(index: number, fallback: number): number {
    const value = this.number(index) ?? fallback;
    if (!Number.isInteger(value)) throw this.error(`"${value}" is no whole number`);
    return value;
  }

  list(index: number): readonly string[] {
    const arg = this.at(index);
    if (arg === undefined) return [];
    if (typeof arg === 'string') return [arg];
    if (isList(arg)) return arg;
    throw this.error(`argument ${index + 1} must be a list`);
  }

  named(index: number): Readonly<Record<string, string | readonly string[]>> {
    const arg = this.at(index);
    if (arg === undefined || (isList(arg) && arg.length === 0)) return {};
    if (typeof arg === 'string' || isList(arg))
      throw this.error(`argument ${index + 1} must be {name=value, …}`);
    return arg;
  }
}

function isList(arg: Arg): arg is readonly string[] {
  return Array.isArray(arg);
}
