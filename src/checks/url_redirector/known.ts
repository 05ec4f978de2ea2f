import { createHash } from 'node:crypto';
import type { StoreProcedure } from '../../core/index.ts';
import { encodeBase32 } from '../../lib/index.ts';

/** How the way of a link ended. */
export type Ending =
  /** At a page. */
  | 'page'
  /** After as many requests as are allowed. */
  | 'nested'
  /** At something that is no web page. */
  | 'other'
  /** Nobody answered, or nobody may be asked. */
  | 'failed';

/** Where a link leads. */
export interface Way {
  readonly ending: Ending;
  /** Links from the first to the last, the first being what was asked about. */
  readonly links: readonly string[];
  /** Scheme of what is no web page. */
  readonly scheme?: string | undefined;
}

/** Key of a link: Rspamd's, of 32 characters of its digest. */
export function keyOf(prefix: string, link: string): string {
  return prefix + encodeBase32(createHash('blake2b512').update(link).digest()).slice(0, 32);
}

const words: Readonly<Record<Ending, string>> = {
  page: '',
  nested: '^nested:',
  other: '^other:',
  failed: '^failed:',
};

/** Text under which a way is kept: a word for the ending, the last link, then those between with tabs. */
export function wayText({ ending, links, scheme }: Way): string {
  const [last = '', ...between] = [links.at(-1), ...links.slice(1, -1)];
  return [`${words[ending]}${last}`, ...between, ...(scheme === undefined ? [] : [`^scheme:${scheme}`])].join(
    '\t',
  );
}

/** Reads what {@link wayText} wrote, or what Rspamd did. */
export function readWay(link: string, text: string): Way | undefined {
  const [first = '', ...rest] = text.split('\t');
  const [, word, last = ''] = /^(?:\^(\w+):)?(.*)$/s.exec(first) ?? [];
  const between = rest.filter((one) => !one.startsWith('^'));
  const scheme = rest.find((one) => one.startsWith('^scheme:'))?.slice('^scheme:'.length);
  const ending = word === undefined ? 'page' : word;
  // `processing` is what Rspamd writes while it asks.
  if (last === '' || last === 'processing') return undefined;
  if (ending !== 'page' && ending !== 'nested' && ending !== 'other' && ending !== 'failed') return undefined;
  const links = last === link && between.length === 0 ? [link] : [link, ...between, last];
  return { ending, links, scheme };
}

/** Counts a target in the sorted set at KEYS[1]; beyond twice `count` members the rarest go. */
export const countTarget: StoreProcedure<readonly [target: string, count: number], void> = {
  name: 'url_redirector_count',
  apply(tx, [key = ''], [target, count]) {
    const known = tx.sortedRange(key, 0, -1).find(({ member }) => member === target);
    tx.sortedAdd(key, target, (known?.score ?? 0) + 1);
    if (tx.sortedCount(key) > 2 * count) tx.sortedRemoveByRank(key, 0, -count - 1);
  },
  lua: `redis.call('ZINCRBY', KEYS[1], 1, ARGV[1])
if redis.call('ZCARD', KEYS[1]) > 2 * tonumber(ARGV[2]) then
  redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -tonumber(ARGV[2]) - 1)
end
return 1`,
  parse() {},
};
