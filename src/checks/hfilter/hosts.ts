import type { DnsAnswer, Resolver, Task } from '../../core/index.ts';

/** Is this a name as DNS has it: two labels or more of letters, digits and hyphens, the last one no number? */
export function isFqdn(host: string): boolean {
  if (host.length > 254) return false;
  const labels = (host.endsWith('.') ? host.slice(0, -1) : host).split('.');
  if (labels.length < 2) return false;
  if (!labels.every((label) => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label))) return false;
  return /^(?:[a-z]{2,63}|xn--[a-z0-9-]+)$/i.test(labels.at(-1)!);
}

/** What DNS says of a host that should take mail. */
export type HostState =
  | { readonly kind: 'fine' | 'unknown' }
  /** No address of its own. */
  | { readonly kind: 'mx-only' }
  | { readonly kind: 'mx-unresolved'; readonly exchanges: readonly string[] }
  | { readonly kind: 'nothing' };

/** Mail exchangers whose addresses are asked for. */
const maxExchanges = 5;

const isEmpty = ({ status, records }: DnsAnswer): boolean =>
  status === 'nxdomain' || status === 'nodata' || (status === 'ok' && records.length === 0);

/** Has the name an address? Undefined: nobody could tell. */
async function hasAddress(task: Task, dns: Resolver, name: string): Promise<boolean | 'no name' | undefined> {
  const { signal } = task;
  const [four, six] = await Promise.all([
    dns.resolve(name, 'a', { signal }),
    dns.resolve(name, 'aaaa', { signal }),
  ]);
  if (four.records.length > 0 || six.records.length > 0) return true;
  // NXDOMAIN speaks for every type (RFC 8020).
  if (four.status === 'nxdomain' || six.status === 'nxdomain') return 'no name';
  return isEmpty(four) && isEmpty(six) ? false : undefined;
}

/**
 * Asks whether mail could be sent to a host: two questions for most, and those for its mail exchangers only when it has
 * no address. All go on at once; the resolver bounds how long they take.
 */
export async function askHost(task: Task, dns: Resolver, host: string): Promise<HostState> {
  const address = await hasAddress(task, dns, host);
  if (address === true) return { kind: 'fine' };
  if (address === undefined) return { kind: 'unknown' };
  if (address === 'no name') return { kind: 'nothing' };
  const answer = await dns.resolve(host, 'mx', { signal: task.signal });
  if (isEmpty(answer)) return { kind: 'nothing' };
  if (answer.status !== 'ok') return { kind: 'unknown' };
  const exchanges = answer.records
    .map((record) => record.slice(record.indexOf(' ') + 1))
    // `0 .` says that the domain takes no mail (RFC 7505).
    .filter((name) => name !== '' && name !== '.')
    .slice(0, maxExchanges);
  if (exchanges.length === 0) return { kind: 'nothing' };
  const found = await Promise.all(
    exchanges.map(async (name) => ({ name, has: await hasAddress(task, dns, name) })),
  );
  const unresolved = found.filter(({ has }) => has === false || has === 'no name').map(({ name }) => name);
  return unresolved.length === 0 ? { kind: 'mx-only' } : { kind: 'mx-unresolved', exchanges: unresolved };
}
