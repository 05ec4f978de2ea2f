import { z } from 'zod';
import {
  type CheckContext,
  type CheckUnit,
  ConfigError,
  type ConfigPath,
  type ConfigProblem,
  defineCheck,
  normaliseActionName,
  type PreResult,
  priorities,
  type Selector,
  type Task,
} from '../../core/index.ts';
import { compileExpression, type Expression, ExpressionError } from '../../expr/index.ts';

const words = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (Array.isArray(value) ? value : [value]));

const rule = z.strictObject({
  action: z
    .string()
    .optional()
    .describe('Action to force. Optional when only a message or a subject is given'),
  expression: z
    .string()
    .describe('Expression over symbols; a symbol counts as its absolute score, at least 0.001'),
  limit: z
    .number()
    .optional()
    .describe('The rule holds when the value of the expression is above this. Default 0'),
  message: z.string().optional().describe('Text for the SMTP reply; `${selector}` is replaced by its value'),
  subject: z.string().optional().describe('New subject, with `%s` for the old one'),
  require_action: words.optional().describe('Only when the action so far is one of these'),
  honor_action: words.optional().describe('Not when the action so far is one of these'),
  least: z.boolean().default(false).describe('A stronger action by score still wins'),
  process_all: z.boolean().default(false).describe('Other filters still run'),
  enabled: z.boolean().default(true).describe('Switches this rule off when false'),
});
type Rule = z.output<typeof rule>;

const legacyActions = z
  .record(z.string(), words)
  .optional()
  .describe('Older form: action name with a list of expressions; text from `messages`');

const config = z.strictObject({
  enabled: z.boolean().default(true).describe('Switches the check off when false'),
  rules: z
    .record(z.string(), rule)
    .default({})
    .describe('Rules by name; a match inserts `FORCE_ACTION_<name>`'),
  actions: legacyActions,
  messages: z
    .record(z.string(), z.string())
    .optional()
    .describe('Texts for `actions`, by expression or action'),
});

/** A symbol that is present with score 0 still counts. */
const presentValue = 0.001;

interface CompiledRule {
  readonly rule: Rule;
  readonly expression: Expression<string>;
  readonly message: ((task: Task) => string) | undefined;
}

function isTriggered({ rule, expression }: CompiledRule, task: Task): boolean {
  const value = expression.evaluate((symbol) => {
    const hit = task.result.get(symbol);
    return hit ? Math.max(Math.abs(hit.score), presentValue) : 0;
  });
  return value > (rule.limit ?? 0);
}

/** The symbol's option: the action, or what else the rule changed; undefined: the rule does not hold. */
function apply(compiled: CompiledRule, task: Task): string | undefined {
  const { rule } = compiled;
  const current = task.result.currentAction();
  if (rule.require_action && !rule.require_action.map(normaliseActionName).includes(current))
    return undefined;
  if (rule.honor_action?.map(normaliseActionName).includes(current)) return undefined;
  if (!isTriggered(compiled, task)) return undefined;
  const action = rule.action === undefined ? undefined : normaliseActionName(rule.action);
  if (action === current && !rule.message && !rule.subject) return undefined;
  if (rule.subject !== undefined) task.subject = rule.subject;
  const message = compiled.message?.(task) ?? '';
  if (action === undefined) {
    if (message) task.messages['smtp_message'] = message;
    return rule.subject === undefined ? 'message' : 'subject';
  }
  const preResult: PreResult = {
    action,
    message,
    module: 'force_actions',
    priority: priorities.low,
    isLeast: rule.least,
    processAll: rule.process_all,
  };
  task.setPreResult(preResult);
  return action;
}

/** Splits a message at `${selector}` and compiles each selector. */
function compileMessage(text: string, compile: (selector: string) => Selector): (task: Task) => string {
  const pieces: (string | Selector)[] = [];
  let end = 0;
  for (const match of text.matchAll(/\$\{([^}]+)\}/g)) {
    pieces.push(text.slice(end, match.index), compile(match[1]!));
    end = match.index + match[0].length;
  }
  pieces.push(text.slice(end));
  return (task) =>
    pieces
      .map((piece) => (typeof piece === 'string' ? piece : (piece.values(task)?.join(',') ?? '')))
      .join('');
}

type Context = Pick<
  CheckContext<unknown, never>,
  'options' | 'selectors' | 'declare' | 'configError' | 'path'
>;

/**
 * Compiles one rule.
 *
 * @throws ConfigError
 */
function compileRule(context: Context, name: string, value: Rule, path: ConfigPath): CheckUnit<never>[] {
  const expressionPath = path[0] === 'rules' ? [...path, 'expression'] : path;
  let expression: Expression<string>;
  try {
    expression = compileExpression(value.expression, (atom) => atom);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw context.configError(expressionPath, `${error.message} at character ${error.offset + 1}`);
  }
  if (value.action === undefined && value.message === undefined && value.subject === undefined) {
    throw context.configError(path, 'the rule does nothing', 'an action, a message or a subject');
  }
  const named = [
    ['action', value.action === undefined ? [] : [value.action]],
    ['require_action', value.require_action ?? []],
    ['honor_action', value.honor_action ?? []],
  ] as const;
  for (const [key, names] of named)
    for (const action of names) {
      if (context.options.actions.includes(normaliseActionName(action))) continue;
      throw context.configError(
        path[0] === 'rules' ? [...path, key] : path,
        `unknown action \`${action}\``,
        `one of ${context.options.actions.join(', ')}`,
      );
    }
  const symbol = context.declare(`FORCE_ACTION_${name}`, {
    description: `Rule ${name} of force_actions held`,
  });
  const compiled: CompiledRule = {
    rule: value,
    expression,
    message:
      value.message === undefined
        ? undefined
        : compileMessage(value.message, (text) =>
            context.selectors.compile(text, { path: context.path(...path, 'message') }),
          ),
  };
  const unit: CheckUnit<never> = {
    name: `FORCE_ACTION_${name}`,
    symbols: [symbol],
    after: expression.atoms,
    run(task, hit) {
      if (task.result.has(symbol)) return;
      const outcome = apply(compiled, task);
      if (outcome !== undefined) hit(symbol, 1, outcome);
    },
  };
  const units = [unit];
  // Early, to save the remaining filters; the late unit sees composites and classifiers too.
  if (value.require_action === undefined && value.honor_action === undefined) {
    units.push({ ...unit, stage: 'filter' });
  }
  return units;
}

export const forceActions = defineCheck({
  name: 'force_actions',
  summary: 'Forces an action, a reply text or a subject when an expression over symbols holds.',
  details: [
    'A rule with `require_action` or `honor_action` is asked after all filters; any other also as soon as the symbols',
    'of its expression can be known, so that it may save the remaining filters.',
  ].join('\n'),
  group: 'force_actions',
  stage: 'postfilter',
  priority: priorities.high,
  direction: 'both',
  needs: [],
  config,
  symbols: {},
  create(context) {
    const rules: [string, Rule, ConfigPath][] = Object.entries(context.config.rules).map(([name, value]) => [
      name,
      value,
      ['rules', name],
    ]);
    for (const [action, expressions] of Object.entries(context.config.actions ?? {})) {
      for (const [index, expression] of expressions.entries()) {
        const message = context.config.messages?.[expression] ?? context.config.messages?.[action];
        const value: Rule = {
          action,
          expression,
          least: false,
          process_all: false,
          enabled: true,
          ...(message !== undefined && { message }),
        };
        rules.push([
          `${action.toUpperCase().replaceAll(/\W/g, '_')}_${index}`,
          value,
          ['actions', action, index],
        ]);
      }
    }
    const units: CheckUnit<never>[] = [];
    const problems: ConfigProblem[] = [];
    for (const [name, value, path] of rules) {
      if (!value.enabled) continue;
      try {
        units.push(...compileRule(context, name, value, path));
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        problems.push(...error.problems);
      }
    }
    if (problems.length > 0) throw new ConfigError(problems);
    return units;
  },
});
