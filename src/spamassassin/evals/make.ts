import { RegexpError } from '../../lib/index.ts';
import type { AddressLists } from '../lists.ts';
import type { RuleMessage } from '../message.ts';
import { readRulePattern } from '../rule-pattern.ts';

/** Does a rule hit? A number is how often. */
export type EvalTest = (message: RuleMessage) => boolean | number;

/** Checks of other modules whose findings a function reads. */
export type Asked = 'spf' | 'dkim' | 'dmarc' | 'arc';

export interface EvalContext {
  readonly args: readonly string[];
  readonly lists: AddressLists;
}

/** Builds a function of rule files with the arguments of one rule. */
export type EvalMaker = (context: EvalContext) => EvalTest;

/** A function that is not known, or cannot work with these arguments; the message begins with its name. */
export class FunctionError extends Error {}

export interface EvalFunction {
  readonly make: EvalMaker;
  readonly asks?: readonly Asked[];
}

/** A function without arguments that matter. */
export function plain(test: EvalTest): EvalFunction {
  return { make: () => test };
}

/** `undef` and what is missing bind nothing. */
export function lowerBound(text: string | undefined): number {
  return text === undefined || text === 'undef' || text === '' ? Number.NEGATIVE_INFINITY : Number(text);
}

export function upperBound(text: string | undefined): number {
  return text === undefined || text === 'undef' || text === 'inf' || text === ''
    ? Number.POSITIVE_INFINITY
    : Number(text);
}

/** A pattern among the arguments, over short texts. */
export function argumentPattern(text: string): RegExp {
  const { regexp, exponentialLoop } = readRulePattern(text, undefined);
  if (exponentialLoop !== undefined)
    throw new RegexpError(`the loop ${exponentialLoop} takes exponential time on some texts`, 0);
  return regexp;
}
