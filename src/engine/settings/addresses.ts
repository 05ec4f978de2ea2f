import type { ConfigPath, MailAddress, MapHandle, Maps } from '../../core/index.ts';
import { type IpAddress, IpTrie, parseNetwork } from '../../lib/index.ts';
import type { SettingsReader } from './reader.ts';

/** Tests a value; a promise only when it has to ask another server. */
export type Test<T> = (value: T) => boolean | Promise<boolean>;

function isMapReference(text: string): boolean {
  return /^(?:map:|\/|file:\/\/|https?:\/\/|redis:\/\/|cdb:\/|[a-z_]+;)/.test(text);
}

/** A map by `map:alias`, `map:URL` or a URL; `map://name` is an older spelling. */
export function openMap(
  text: string,
  kind: 'radix' | 'set',
  path: ConfigPath,
  maps: Maps,
  reader: SettingsReader,
): MapHandle | undefined {
  const reference = text.replace(/^map:(?:\/\/(?!\/))?/, '');
  const known = maps.byAlias(reference);
  if (known) return known;
  if (!isMapReference(reference)) {
    reader.problem(path, `no map is called "${reference}"`, 'a selector_alias, a path or a URL');
    return undefined;
  }
  return reader.attempt(() =>
    maps.open(reference, kind, { description: `settings map of ${path.join('.')}`, path }),
  );
}

/** Is the key in the map? */
export function inMap(map: MapHandle, key: string | IpAddress): boolean | Promise<boolean> {
  if (map.isExternal) return map.ask(key).then((value) => value !== undefined);
  return map.lookup(key) !== undefined;
}

/** True when any is; asks in order and stops at the first. */
export function any<T>(tests: readonly Test<T>[], value: T): boolean | Promise<boolean> {
  for (const [index, test] of tests.entries()) {
    const result = test(value);
    if (result === true) return true;
    if (result !== false) {
      const rest = tests.slice(index + 1);
      return result.then((found) => found || any(rest, value));
    }
  }
  return false;
}

/** Compiles `ip` and its relatives: addresses, networks and maps. */
export function ipTest(
  texts: readonly string[],
  path: ConfigPath,
  maps: Maps,
  reader: SettingsReader,
): Test<IpAddress> {
  const networks = new IpTrie<true>();
  const tests: Test<IpAddress>[] = [];
  for (const text of texts) {
    if (isMapReference(text)) {
      const map = openMap(text, 'radix', path, maps, reader);
      if (map) tests.push((ip) => inMap(map, ip));
      continue;
    }
    for (const piece of text.split(/[\s,;]+/)) {
      if (piece === '') continue;
      const network = parseNetwork(piece);
      if (network) networks.set(network, true);
      else reader.problem(path, `bad address "${piece}"`, 'an address, a network, or map:URL');
    }
  }
  if (networks.size > 0) tests.unshift((ip) => networks.has(ip));
  return (ip) => any(tests, ip);
}

/** Compiles one condition on an address (config-format 13.1). Letters compare without case. */
function addressTest(
  text: string,
  path: ConfigPath,
  maps: Maps,
  reader: SettingsReader,
): Test<MailAddress> | undefined {
  if (text.startsWith('map:')) {
    const map = openMap(text, 'set', path, maps, reader);
    return map && ((address) => inMap(map, address.text.toLowerCase()));
  }
  if (text.startsWith('/')) {
    const pattern = reader.pattern(text, path);
    return pattern && ((address) => pattern.test(address.text));
  }
  const wanted = text.toLowerCase();
  if (wanted.startsWith('@')) {
    const domain = wanted.slice(1);
    return (address) => address.domain.toLowerCase() === domain;
  }
  if (wanted.includes('@')) return (address) => address.text.toLowerCase() === wanted;
  return (address) => address.local.toLowerCase() === wanted;
}

/** Compiles a list of conditions on addresses: any condition on any address. */
export function addressesTest(
  texts: readonly string[],
  path: ConfigPath,
  maps: Maps,
  reader: SettingsReader,
): Test<readonly MailAddress[]> {
  const tests = texts.flatMap((text) => addressTest(text, path, maps, reader) ?? []);
  const one: Test<MailAddress> = (address) => any(tests, address);
  return (addresses) =>
    any(
      addresses.map((address) => () => one(address)),
      undefined,
    );
}
