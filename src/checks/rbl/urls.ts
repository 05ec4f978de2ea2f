import type { Task, UrlView } from '../../core/index.ts';
import { parseIp, reversedIp } from '../../lib/index.ts';
import type { ComposeMap } from './compose-map.ts';
import type { CheckKind } from './options.ts';

/** Which links a list wants, and what of them it is asked. */
export interface UrlChoice {
  readonly kinds: ReadonlySet<CheckKind>;
  readonly skipsAddresses: boolean;
  readonly wantsHosts: boolean;
  readonly compose: ComposeMap | undefined;
}

/** Kinds that look at links. */
export const urlKinds: readonly CheckKind[] = ['urls', 'content_urls', 'numeric_urls', 'images'];

/** Lists that choose alike share the names of a message; those with an own map do not. */
export function choiceKey(choice: UrlChoice): string | undefined {
  if (choice.compose) return undefined;
  const kinds = urlKinds.filter((kind) => choice.kinds.has(kind)).join();
  return `${kinds}:${choice.skipsAddresses}:${choice.wantsHosts}`;
}

function isWanted(url: UrlView, { kinds, skipsAddresses }: UrlChoice): boolean {
  const { flags } = url;
  const isNumeric = flags.includes('numeric');
  if (isNumeric && skipsAddresses) return false;
  if (!isNumeric && kinds.has('numeric_urls') && !kinds.has('urls')) return false;
  if (flags.includes('redirected')) return false;
  if (flags.includes('content')) return kinds.has('content_urls');
  // Sources of images are no links, unless the same target is linked as well.
  if (flags.includes('image') && url.visibleText === undefined) return kinds.has('images');
  return kinds.has('urls') || kinds.has('numeric_urls');
}

/** Names to ask for the links of a message, each once, oddly written links first. */
export function urlNames(task: Task, choice: UrlChoice): readonly string[] {
  const odd = new Set<string>();
  const plain = new Set<string>();
  for (const url of task.content.urls) {
    if (!isWanted(url, choice)) continue;
    const name = nameOf(url, choice);
    (url.flags.includes('obscured') || url.flags.includes('phished') ? odd : plain).add(name);
  }
  return odd.size === 0 ? [...plain] : [...odd.union(plain)];
}

function nameOf({ host, domain, flags }: UrlView, { wantsHosts, compose }: UrlChoice): string {
  if (flags.includes('numeric')) {
    const address = parseIp(host);
    return address ? reversedIp(address) : host;
  }
  if (compose) return compose.compose(host, domain);
  return wantsHosts ? host : domain;
}
