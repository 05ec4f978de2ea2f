import { whyNoPlugin } from './features.ts';
import { ruleLimits } from './limits.ts';
import { AddressLists } from './lists.ts';
import { type Directive, type Place, placeText, RuleReader, type RuleSink } from './reader.ts';
import type { Replacements } from './rule-pattern.ts';
import { isSetting } from './settings.ts';

/** A pattern over the values of a field. */
interface FieldPattern {
  readonly header: string;
  readonly pattern: string;
  readonly isNegated: boolean;
  /** Stands for a field that is not there. */
  readonly unset: string | undefined;
}

/** What a rule asks of a message; patterns as written. */
export type RuleTest =
  | (FieldPattern & { readonly kind: 'header' })
  | (FieldPattern & { readonly kind: 'mimeheader' })
  | { readonly kind: 'exists'; readonly header: string; readonly isNegated: boolean }
  | {
      readonly kind: 'selector';
      readonly selector: string;
      readonly pattern: string;
      readonly isNegated: boolean;
    }
  | { readonly kind: 'body' | 'rawbody' | 'full' | 'uri'; readonly pattern: string }
  | {
      readonly kind: 'uri_detail';
      readonly conditions: readonly {
        readonly key: string;
        readonly pattern: string;
        readonly isNegated: boolean;
      }[];
    }
  | { readonly kind: 'eval'; readonly name: string; readonly args: readonly string[] }
  | { readonly kind: 'meta'; readonly expression: string };

export interface RuleDefinition {
  readonly name: string;
  readonly place: Place;
  readonly test: RuleTest;
}

/** Which of four scores counts: bit 0 tests over the network, bit 1 Bayes (score sets of SpamAssassin). */
export type ScoreSet = 0 | 1 | 2 | 3;

const nameOfRule = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
const textKinds = ['body', 'rawbody', 'full', 'uri'] as const;

/** Splits `'a', "b", 3` of an eval rule. */
function readArguments(text: string): readonly string[] {
  return [...text.matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^\s,'"][^,]*)/g)].map(
    ([, single, double, bare]) => (single ?? double ?? bare!.trim()).replace(/\\(['"])/g, '$1'),
  );
}

/** Everything that rule files say, read one after the other; what comes later holds. */
export class Ruleset implements RuleSink, Replacements {
  readonly rules = new Map<string, RuleDefinition>();
  readonly descriptions = new Map<string, string>();
  readonly flags = new Map<string, Set<string>>();
  readonly tags = new Map<string, string>();
  readonly pre = new Map<string, string>();
  readonly inter = new Map<string, string>();
  readonly post = new Map<string, string>();
  readonly replacedRules = new Set<string>();
  readonly lists = new AddressLists();
  readonly redirectors: { readonly pattern: string; readonly place: Place }[] = [];
  /** What could not be used, `FILE:LINE: …`. */
  readonly problems: string[] = [];
  readonly #scores = new Map<string, readonly number[]>();
  /** By plugin, rules that were left out with it. */
  readonly #leftOut = new Map<string, Set<string>>();
  readonly #unknownKeys = new Set<string>();

  readFile(path: string): void {
    new RuleReader(this).readFile(path);
  }

  /** @param text as it stands in a file, UTF-8 already read */
  readText(text: string, name: string): void {
    new RuleReader(this).readText(Buffer.from(text, 'utf8').toString('latin1'), name);
  }

  /** Undefined: the files do not say. */
  score(name: string, set: ScoreSet): number | undefined {
    const scores = this.#scores.get(name);
    return scores && (scores.length === 4 ? scores[set] : scores[0]);
  }

  /** Rules that were left out with plugins that are not known here, unless another line brought them. */
  get leftOutRules(): readonly string[] {
    return [...this.#leftOut].flatMap(([plugin, names]) => {
      const gone = [...names].filter((name) => !this.rules.has(name));
      if (gone.length === 0) return [];
      const count = gone.length === 1 ? 'rule' : 'rules';
      return [`plugin ${plugin} is not used (${whyNoPlugin(plugin)}): ${count} ${gone.join(', ')} left out`];
    });
  }

  problem(place: Place, message: string): void {
    this.problems.push(`${placeText(place)}: ${message}`);
  }

  leftOut({ key, value }: Directive, plugins: readonly string[]): void {
    if (!isRuleKey(key) && key !== 'urirhssub' && key !== 'uridnssub' && key !== 'askdns') return;
    const name = value.split(/\s/, 1)[0]!;
    if (!nameOfRule.test(name)) return;
    for (const plugin of plugins) {
      const names = this.#leftOut.get(plugin) ?? new Set();
      names.add(name);
      this.#leftOut.set(plugin, names);
    }
  }

  directive(directive: Directive): void {
    const { key, value, place } = directive;
    if (isRuleKey(key)) this.#rule(key, value, place);
    else if (key === 'score') this.#score(value, place);
    else if (key === 'describe') {
      const [, name, text] = /^(\S+)\s+([\s\S]+)$/.exec(value) ?? [];
      if (name !== undefined) this.descriptions.set(name, Buffer.from(text!, 'latin1').toString('utf8'));
    } else if (key === 'tflags') {
      const [name = '', ...flags] = value.split(/\s+/);
      this.flags.set(name, new Set(flags));
    } else if (key === 'replace_rules') {
      for (const name of value.split(/\s+/)) this.replacedRules.add(name);
    } else if (/^replace_(?:tag|pre|inter|post)$/.test(key)) {
      const [, name, text] = /^(\S+)\s+([\s\S]+)$/.exec(value) ?? [];
      const kind = key.slice('replace_'.length) as 'tag' | 'pre' | 'inter' | 'post';
      if (name !== undefined) (kind === 'tag' ? this.tags : this[kind]).set(name, text!);
    } else if (key === 'redirector_pattern') {
      if (value === '') this.redirectors.length = 0;
      else this.redirectors.push({ pattern: value, place });
    } else if (!this.lists.read(key, value) && !isSetting(key) && !this.#unknownKeys.has(key)) {
      this.#unknownKeys.add(key);
      this.problem(place, `"${key}" is not known; such lines are left out`);
    }
  }

  #score(value: string, place: Place): void {
    const [name = '', ...words] = value.split(/\s+/);
    const isRelative = words.length > 0 && words.every((word) => /^\([-+]?[\d.]+\)$/.test(word));
    const numbers = words.map((word) => Number(isRelative ? word.slice(1, -1) : word));
    if ((numbers.length !== 1 && numbers.length !== 4) || numbers.some(Number.isNaN)) {
      this.problem(place, `score ${name}: one number or four are needed`);
      return;
    }
    if (!isRelative) {
      this.#scores.set(name, numbers);
      return;
    }
    const before = this.#scores.get(name) ?? [1];
    const width = Math.max(before.length, numbers.length);
    this.#scores.set(
      name,
      Array.from({ length: width }, (_, i) => (before[i] ?? before[0]!) + (numbers[i] ?? numbers[0]!)),
    );
  }

  #rule(key: RuleKey, value: string, place: Place): void {
    const [, name = '', rest = ''] = /^(\S+)\s*([\s\S]*)$/.exec(value) ?? [];
    if (!nameOfRule.test(name)) {
      this.problem(place, `"${name}" is no name of a rule`);
      return;
    }
    const test = readTest(key, rest);
    if (typeof test === 'string') {
      this.problem(place, `rule ${name}: ${test}`);
      return;
    }
    if (this.rules.size >= ruleLimits.rules && !this.rules.has(name)) {
      if (this.rules.size === ruleLimits.rules)
        this.problem(place, `more than ${ruleLimits.rules} rules: the rest is left out`);
      return;
    }
    this.rules.set(name, { name, place, test });
  }
}

const ruleKeys = [
  'header',
  'body',
  'rawbody',
  'full',
  'uri',
  'mimeheader',
  'meta',
  'uri_detail',
  'selector',
] as const;
type RuleKey = (typeof ruleKeys)[number];

function isRuleKey(key: string): key is RuleKey {
  return (ruleKeys as readonly string[]).includes(key);
}

/** What a rule asks, or why the line is none. */
function readTest(key: RuleKey, rest: string): RuleTest | string {
  if (rest === '') return 'nothing stands after the name';
  if (key === 'meta') return { kind: 'meta', expression: rest };
  const call = /^(?:rbl)?eval:\s*(\w+)\s*(?:\(([\s\S]*)\)\s*)?$/.exec(rest);
  if (call) return { kind: 'eval', name: call[1]!, args: readArguments(call[2] ?? '') };
  for (const kind of textKinds) if (key === kind) return { kind, pattern: rest };
  if (key === 'uri_detail') return readDetail(rest);
  const exists = /^(!?)\s*exists:\s*(\S+)$/.exec(rest);
  if (key === 'header' && exists) return { kind: 'exists', header: exists[2]!, isNegated: exists[1] === '!' };
  const [, subject, operator, tail] = /^([\s\S]+?)\s*(=~|!~)\s*([\s\S]+)$/.exec(rest) ?? [];
  if (subject === undefined || tail === undefined) return '=~ or !~ with a pattern is missing';
  const isNegated = operator === '!~';
  const [, before, unset] = /^([\s\S]*\S)\s+\[if-unset:\s+([\s\S]*?)\s*\]$/.exec(tail) ?? [];
  const pattern = before ?? tail;
  if (key === 'selector') return { kind: 'selector', selector: subject, pattern, isNegated };
  if (/\s/.test(subject)) return `"${subject}" is no name of a field`;
  return { kind: key === 'mimeheader' ? key : 'header', header: subject, pattern, isNegated, unset };
}

/** `key =~ /…/ key !~ /…/`: every condition holds for one link. */
function readDetail(text: string): RuleTest | string {
  const conditions = [
    ...text.matchAll(
      /(\w+)\s+(=~|!~)\s+(\/(?:[^/\\]|\\.)*\/\w*|m\{(?:[^}\\]|\\.)*\}\w*|m!(?:[^!\\]|\\.)*!\w*)/g,
    ),
  ].map(([, key, operator, pattern]) => ({ key: key!, pattern: pattern!, isNegated: operator === '!~' }));
  return conditions.length === 0 ? 'no condition' : { kind: 'uri_detail', conditions };
}
