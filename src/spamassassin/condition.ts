import { compileExpression, ExpressionError, isTrue } from '../expr/index.ts';
import { hasFeature, hasPlugin, perlVersion, speaksVersion } from './features.ts';

/** What a condition of a rule file comes to. */
export interface Condition {
  readonly holds: boolean;
  /** Plugins it asks for that are not known here. */
  readonly missing: readonly string[];
}

/**
 * Decides `if …` and `ifplugin …`.
 *
 * @throws ExpressionError for what is no condition
 */
export function readCondition(key: 'if' | 'ifplugin', text: string): Condition {
  const missing = new Set<string>();
  const plugin = (name: string): number => {
    if (hasPlugin(name)) return 1;
    missing.add(name);
    return 0;
  };
  if (key === 'ifplugin') {
    const holds = plugin(text.trim().split(/\s/)[0] ?? '') === 1;
    return { holds, missing: [...missing] };
  }
  const expression = compileExpression(text, (atom, offset): number => {
    if (atom === 'version') return speaksVersion;
    if (atom === 'perl_version') return perlVersion;
    if (atom === 'local_tests_only') return 0;
    const call = /^(plugin|can|has)\(\s*([\w:]+)\s*\)$/.exec(atom);
    if (!call) throw new ExpressionError(`unknown condition "${atom}"`, offset);
    return call[1] === 'can' ? Number(hasFeature(call[2]!)) : plugin(call[2]!);
  });
  const holds = isTrue(expression.evaluate((value) => value));
  return { holds, missing: [...missing] };
}
