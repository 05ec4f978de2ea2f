import type { CheckContext, MapHandle, Task } from '../../core/index.ts';
import type { RatelimitOptions } from './options.ts';

/** Does a message escape all limits? */
export class Whitelist {
  readonly #rcpts: MapHandle | undefined;
  readonly #ips: MapHandle | undefined;
  readonly #users: MapHandle | undefined;
  /** Any of the maps is asked over the network. */
  readonly isExternal: boolean;

  constructor({ config, maps, path }: CheckContext<RatelimitOptions, never>) {
    const open = (
      name: 'whitelisted_rcpts' | 'whitelisted_ip' | 'whitelisted_user',
      kind: 'set' | 'radix',
    ) => {
      const spec = wordList(config[name]);
      if (spec === undefined || spec === null || (Array.isArray(spec) && spec.length === 0)) return undefined;
      return maps.open(spec, kind, {
        description: `ratelimit: ${name.replace('_', ' ')}`,
        path: path(name),
      });
    };
    this.#rcpts = open('whitelisted_rcpts', 'set');
    this.#ips = open('whitelisted_ip', 'radix');
    this.#users = open('whitelisted_user', 'set');
    this.isExternal = [this.#rcpts, this.#ips, this.#users].some((map) => map?.isExternal);
  }

  /** For maps that are loaded. */
  has(task: Task): boolean {
    for (const [map, key] of this.#questions(task)) if (map.lookup(key) !== undefined) return true;
    return false;
  }

  /** Like {@link has}, also for external maps. */
  async ask(task: Task): Promise<boolean> {
    for (const [map, key] of this.#questions(task)) {
      const found = map.isExternal ? await map.ask(key, task.signal) : map.lookup(key);
      if (found !== undefined) return true;
    }
    return false;
  }

  *#questions(task: Task): Iterable<readonly [MapHandle, Parameters<MapHandle['lookup']>[0]]> {
    const { clientIp, login, recipients } = task.envelope;
    if (this.#ips && clientIp) yield [this.#ips, clientIp];
    if (this.#users && login !== undefined) yield [this.#users, login];
    if (!this.#rcpts) return;
    for (const { local, text } of recipients.length > 0
      ? recipients
      : [...task.mailboxes.to, ...task.mailboxes.cc]) {
      yield [this.#rcpts, local.toLowerCase()];
      yield [this.#rcpts, text.toLowerCase()];
    }
  }
}

/** `postmaster, mailer-daemon` is a list of words; whatever looks like a place is left to the maps. */
function wordList(value: unknown): unknown {
  if (typeof value !== 'string' || /[/;]/.test(value)) return value;
  return value
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}
