import type { CheckContext, MapHandle, MapKind, Selector, Task } from '../../core/index.ts';
import { compileExpression, ExpressionError, isTrue } from '../../expr/index.ts';
import type { Config, RuleOptions } from './options.ts';

/** An atom of a combined rule that matched. */
interface CombinedMatch {
  readonly name: string;
  readonly key: string;
  readonly value: string;
}

export interface Combined {
  readonly waits: boolean;
  /** Undefined: the expression does not hold. */
  match(task: Task): readonly CombinedMatch[] | undefined | Promise<readonly CombinedMatch[] | undefined>;
}

interface Member {
  readonly name: string;
  readonly selector: Selector;
  readonly map: MapHandle;
}

const kinds: Readonly<Record<string, MapKind>> = {
  set: 'set',
  hash: 'hash',
  map: 'hash',
  radix: 'radix',
  ip: 'radix',
  ipnet: 'radix',
  regexp: 'regexp',
  re: 'regexp',
  regexp_multi: 'regexp',
  glob: 'glob',
  glob_multi: 'glob',
  cdb: 'cdb',
};

/** The kind of map a name stands for. */
function kindByName(name: string): MapKind {
  if (/^ip|(?:^|_)ip(?:net)?(?:_|\d|$)/.test(name)) return 'radix';
  if (/regexp|(?:^|_)re_/.test(name)) return 'regexp';
  return name.includes('glob') ? 'glob' : 'set';
}

type Context = CheckContext<Config, never>;

/** Compiles the maps and the expression of a `combined` rule. */
export function compileCombined(name: string, options: RuleOptions, context: Context): Combined {
  const { rules, expression: text } = options;
  if (!rules || Object.keys(rules).length === 0)
    throw context.configError([name], 'a combined rule needs rules');
  if (text === undefined) throw context.configError([name], 'a combined rule needs an expression');
  const members = new Map<string, Member>();
  for (const [member, { selector, map, type, description }] of Object.entries(rules)) {
    const path = [name, 'rules', member];
    const kind =
      type === undefined ? kindByName(member) : Object.hasOwn(kinds, type) ? kinds[type] : undefined;
    if (!kind)
      throw context.configError([...path, 'type'], `unknown type "${type}"`, Object.keys(kinds).join(', '));
    members.set(member, {
      name: member,
      selector: context.selectors.compile(selector, {
        path: context.path(...path, 'selector'),
        delimiter: '',
      }),
      map: context.maps.open(map, kind, {
        description: description ?? `multimap ${name}, ${member}`,
        path: context.path(...path, 'map'),
      }),
    });
  }
  const expression = compile(name, text, members, context);
  const used = [...new Set(expression.atoms)];
  const external = used.filter((member) => member.map.isExternal);

  const look = ({ name: member, selector, map }: Member, task: Task): CombinedMatch | undefined => {
    for (const key of selector.values(task) ?? []) {
      const value = map.lookup(key);
      if (value !== undefined) return { name: member, key, value };
    }
    return undefined;
  };
  const ask = async (
    { name: member, selector, map }: Member,
    task: Task,
  ): Promise<CombinedMatch | undefined> => {
    for (const key of selector.values(task) ?? []) {
      const value = await map.ask(key, task.signal);
      if (value !== undefined) return { name: member, key, value };
    }
    return undefined;
  };
  const evaluate = (
    task: Task,
    known: Map<Member, CombinedMatch | undefined>,
  ): readonly CombinedMatch[] | undefined => {
    const holds = expression.evaluate((member) => {
      if (!known.has(member)) known.set(member, look(member, task));
      return known.get(member) === undefined ? 0 : 1;
    });
    return isTrue(holds) ? [...known.values()].filter((match) => match !== undefined) : undefined;
  };
  return {
    waits: external.length > 0,
    match(task) {
      if (external.length === 0) return evaluate(task, new Map());
      return Promise.all(external.map(async (member) => [member, await ask(member, task)] as const)).then(
        (answers) => evaluate(task, new Map(answers)),
      );
    },
  };
}

function compile(name: string, text: string, members: ReadonlyMap<string, Member>, context: Context) {
  try {
    return compileExpression(text, (atom, offset) => {
      const member = members.get(atom);
      if (!member) {
        throw new ExpressionError(`no rule is called "${atom}" (${[...members.keys()].join(', ')})`, offset);
      }
      return member;
    });
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw context.configError(
      [name, 'expression'],
      `bad expression at character ${error.offset + 1}: ${error.message}`,
    );
  }
}
