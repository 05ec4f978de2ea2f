import type { CheckContext, MapHandle, MapKind, Store, Task } from '../../core/index.ts';
import { networkKeys } from '../../lib/index.ts';
import type { Key } from './filters.ts';
import type { Config, RuleOptions } from './options.ts';

/** The list of a rule. */
export interface Lookup {
  readonly waits: boolean;
  /** True: nothing can match now, such as while a remote list is not there yet. */
  isEmpty(): boolean;
  /** Values of the entries that match; none: no match. */
  find(task: Task, key: Key): readonly string[] | Promise<readonly string[]>;
}

type Context = CheckContext<Config, never>;

const nothing: readonly string[] = [];
const maxHashes = 64;
const never = (): boolean => false;

function kindOf(options: RuleOptions, isAddress: boolean): MapKind {
  if (options.cdb) return 'cdb';
  if (options.radix || isAddress) return 'radix';
  if (options.regexp) return options.multi ? 'regexp_multi' : 'regexp';
  if (options.glob) return options.multi ? 'glob_multi' : 'glob';
  return 'hash';
}

function fromHandle(map: MapHandle): Lookup {
  if (map.isExternal) {
    return {
      waits: true,
      isEmpty: never,
      async find(task, key) {
        const value = await map.ask(key, task.signal);
        return value === undefined ? nothing : [value];
      },
    };
  }
  return { waits: false, isEmpty: () => map.entryCount === 0, find: (_, key) => map.lookupAll(key) };
}

/** Field of a hash; for an address the first of its networks, the longest first. */
async function askHash(store: Store, hash: string, key: Key): Promise<readonly string[]> {
  if (typeof key === 'string') {
    const value = await store.hashGet(hash, key);
    return value === undefined ? nothing : [value];
  }
  const values = await Promise.all(networkKeys(key).map((field) => store.hashGet(hash, field)));
  const value = values.find((found) => found !== undefined);
  return value === undefined ? nothing : [value];
}

/** Opens the list of a rule: hashes in the module's own store, everything else by the room of maps. */
export function openLookup(
  name: string,
  options: RuleOptions,
  isAddress: boolean,
  description: string,
  context: Context,
): Lookup {
  const { map = options.url } = options;
  const at = [name, options.map === undefined && options.url !== undefined ? 'url' : 'map'];
  if (map === undefined) throw context.configError([name], 'the rule has no map');
  const { store } = context;
  if (typeof map === 'string' && map.startsWith('redis://')) {
    const hash = map.slice('redis://'.length);
    if (hash === '') throw context.configError(at, 'no hash after redis://');
    return { waits: true, isEmpty: never, find: (_, key) => askHash(store, hash, key) };
  }
  if (typeof map === 'string' && map.startsWith('redis+selector://')) {
    const selector = context.selectors.compile(map.slice('redis+selector://'.length), {
      path: context.path(...at),
      delimiter: options.delimiter,
    });
    return {
      waits: true,
      isEmpty: never,
      async find(task, key) {
        const hashes = (selector.values(task) ?? []).slice(0, maxHashes);
        return (await Promise.all(hashes.map((hash) => askHash(store, hash, key)))).flat();
      },
    };
  }
  return fromHandle(
    context.maps.open(map, kindOf(options, isAddress), { description, path: context.path(...at) }),
  );
}
