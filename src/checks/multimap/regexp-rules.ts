import type { CheckContext, DynamicSymbol, InsertHit, Task } from '../../core/index.ts';
import { Ruleset, SpamRules } from '../../spamassassin/index.ts';
import type { Config, RuleOptions } from './options.ts';
import type { SymbolTable } from './rule.ts';

type Context = CheckContext<Config, never>;

/** Bytes of one text that patterns look at. */
const maxBytes = 1_000_000;

/** Rules of a map as they are now, and what their hits are called. */
interface Loaded {
  readonly rules: SpamRules;
  readonly symbols: ReadonlyMap<string, DynamicSymbol>;
}

/**
 * A rule of type `regexp_rules`: a map of rules in the language of SpamAssassin. Metas become symbols, and other rules
 * that have a score.
 *
 * @param onHit runs once for a message on which something hit
 */
export function regexpRules(
  name: string,
  options: RuleOptions,
  table: SymbolTable,
  context: Context,
  onHit: (task: Task) => void,
): (task: Task, hit: InsertHit<never>) => void {
  const { map = options.url, group, description } = options;
  if (map === undefined) throw context.configError([name], 'the rule has no map');
  const { log } = context;
  const handle = context.maps.open(map, 'plain', {
    description: description ?? `multimap ${name}`,
    path: context.path(name, 'map'),
  });
  let loaded: Loaded | undefined;
  const load = (): void => {
    const ruleset = new Ruleset();
    ruleset.readText(handle.text() ?? '', name);
    const rules = new SpamRules({
      ruleset,
      scoreSet: 0,
      alpha: 0,
      unscored: 'metas',
      maxChars: maxBytes,
      compileSelector: (text) => context.selectors.compile(text, { path: context.path(name, 'map') }),
      onStopped: (rule) => log.warn('rule of a map took too long and is off until the map changes', { rule }),
    });
    for (const problem of rules.problems) log.warn('rule of a map cannot be used', { map: name, problem });
    const symbols = new Map<string, DynamicSymbol>();
    for (const { name: rule, score, description: text } of rules.symbols) {
      const symbol = table.get(rule, () => ({
        score,
        description: text,
        groups: [group ?? 'multimap'],
        oneShot: true,
      }));
      if (symbol !== undefined) symbols.set(rule, symbol);
    }
    loaded = { rules, symbols };
  };
  handle.onChange(load);
  return (task, hit) => {
    if (!loaded) return;
    const { hits, isCut } = loaded.rules.run(task);
    if (isCut) log.warn('rules of a map were cut short', { map: name, id: task.id });
    for (const { name: rule } of hits) {
      const symbol = loaded.symbols.get(rule);
      if (symbol !== undefined) hit(symbol);
    }
    if (hits.length > 0) onHit(task);
  };
}
