import type {
  CheckContext,
  MailAddress,
  MapHandle,
  MapKind,
  Message,
  Selector,
  Task,
} from '../../core/index.ts';
import { compileExpression, ExpressionError, isTrue } from '../../expr/index.ts';
import { displayName } from '../../smtp/index.ts';
import type { Config, MungingOptions } from './options.ts';

type Context = CheckContext<Config, string>;

/** Does a condition of the operator's hold for a message? */
type Condition = (task: Task) => Promise<boolean>;

/** Longest line of a header field that is carried over (RFC 5322 2.1.1). */
const maxValueLength = 900;
const mapKinds: ReadonlySet<string> = new Set(['set', 'hash', 'radix', 'regexp', 'glob', 'cdb']);

/** Rewrites the header of list mail, so that it passes DMARC behind the list. */
export class Munger {
  readonly #options: MungingOptions;
  readonly #lists: MapHandle;
  readonly #condition: Condition | undefined;

  /** @throws ConfigError */
  constructor(options: MungingOptions, context: Context) {
    this.#options = options;
    const { list_map: listMap, munge_map_condition: condition } = options;
    if (listMap === undefined || listMap === null)
      throw context.configError(['munging', 'list_map'], 'munging needs the addresses of the lists', 'a map');
    this.#lists = context.maps.open(listMap, 'set', {
      description: 'mailing lists whose From is rewritten',
      path: context.path('munging', 'list_map'),
    });
    this.#condition = condition && compileCondition(condition, context);
  }

  /** @returns the address that From had; undefined: the message stays as it is */
  async munge(task: Task): Promise<string | undefined> {
    if (!this.#concerns(task)) return undefined;
    const list = await this.#findList(task);
    const [from, second] = task.message.from;
    if (!list || !from || second || from.domain === '' || isSame(from, list)) return undefined;
    if (this.#condition && !(await this.#condition(task))) return undefined;
    this.#edit(task, from, list);
    return from.text;
  }

  #concerns({ authentication: { dmarc } }: Task): boolean {
    const { mitigate_allow_only: allowOnly, mitigate_strict_only: strictOnly } = this.#options;
    if (dmarc?.policy === undefined || (strictOnly && dmarc.policy === 'none')) return false;
    return dmarc.result === 'pass' || (!allowOnly && dmarc.result === 'fail');
  }

  async #findList({ message, signal }: Task): Promise<MailAddress | undefined> {
    for (const address of [...message.to, ...message.cc]) {
      const key = address.text.toLowerCase();
      const found = this.#lists.isExternal ? await this.#lists.ask(key, signal) : this.#lists.lookup(key);
      if (found !== undefined) return address;
    }
    return undefined;
  }

  #edit(task: Task, from: Message['from'][number], list: MailAddress): void {
    const { munge_from: mungesFrom, reply_goes_to_list: goesToList } = this.#options;
    const { milter, message } = task;
    if (mungesFrom) {
      const name = `${from.name === '' ? from.local : from.name} via ${list.local}`;
      const original = plainValue(message, 'from');
      milter.removeHeaders.push({ name: 'From', instances: [0] });
      milter.addHeaders.push({ name: 'From', value: `${displayName(name)} <${list.text}>`, order: 1 });
      if (original !== undefined)
        milter.addHeaders.push({ name: 'X-Original-From', value: original, order: 0 });
    }
    const target = goesToList ? list : from;
    if (message.replyTo.some((known) => isSame(known, target))) return;
    const known = plainValue(message, 'reply-to');
    if (message.headers.has('reply-to')) milter.removeHeaders.push({ name: 'Reply-To', instances: [0] });
    const value = known === undefined ? target.text : `${known}, ${target.text}`;
    milter.addHeaders.push({ name: 'Reply-To', value, order: 0 });
  }
}

const isSame = (a: MailAddress, b: MailAddress): boolean => a.text.toLowerCase() === b.text.toLowerCase();

/** First field of that name in one line, as it came; undefined: there is none that could be carried over. */
function plainValue(message: Message, key: string): string | undefined {
  const value = message.headers
    .first(key)
    ?.rawValue.replaceAll(/\s+/g, ' ')
    .replaceAll(/[\x00-\x1f\x7f]/g, '')
    .trim();
  return value === undefined || value === '' || value.length > maxValueLength ? undefined : value;
}

function compileCondition(
  { rules, expression: text }: NonNullable<MungingOptions['munge_map_condition']>,
  context: Context,
): Condition {
  const option = ['munging', 'munge_map_condition'];
  const members = new Map<string, { readonly selector: Selector; readonly map: MapHandle }>();
  for (const [name, { selector, map, type = 'set', description }] of Object.entries(rules)) {
    if (!mapKinds.has(type))
      throw context.configError(
        [...option, 'rules', name, 'type'],
        `unknown type "${type}"`,
        [...mapKinds].join(', '),
      );
    members.set(name, {
      selector: context.selectors.compile(selector, {
        path: context.path(...option, 'rules', name, 'selector'),
        delimiter: '',
      }),
      map: context.maps.open(map, type as MapKind, {
        description: description ?? `condition ${name} for rewriting From`,
        path: context.path(...option, 'rules', name, 'map'),
      }),
    });
  }
  const expression = compileMembers(text, members, context, [...option, 'expression']);
  const used = [...new Set(expression.atoms)];
  return async (task) => {
    const held = new Map<(typeof used)[number], number>();
    for (const member of used) {
      const keys = member.selector.values(task) ?? [];
      const found = await Promise.all(keys.map((key) => member.map.ask(key, task.signal)));
      held.set(member, found.some((value) => value !== undefined) ? 1 : 0);
    }
    return isTrue(expression.evaluate((member) => held.get(member) ?? 0));
  };
}

function compileMembers<Member>(
  text: string,
  members: ReadonlyMap<string, Member>,
  context: Context,
  path: readonly string[],
) {
  try {
    return compileExpression(text, (atom, offset) => {
      const member = members.get(atom);
      if (member === undefined) throw new ExpressionError(`no rule is called "${atom}"`, offset);
      return member;
    });
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw context.configError(path, `bad expression at character ${error.offset + 1}: ${error.message}`);
  }
}
