import type { MapHandle, Store, Task } from '../../core/index.ts';
import { headerDomain } from './domain.ts';
import { isViolated, type NotSigned } from './eligibility.ts';
import { configuredKey, type KeyPlace } from './key-source.ts';
import type { SigningConfig } from './options.ts';

/** Where one signature's key is to be found. */
export interface KeyLocation {
  readonly domain: string;
  readonly selector: string;
  readonly key: KeyPlace;
  /** The operator named it: its absence is worth a warning. */
  readonly isExplicit: boolean;
}

/** A key of the `domain { }` section; what it lacks comes from maps and defaults. */
export interface KeyEntry {
  readonly selector?: string | undefined;
  readonly path?: string | undefined;
}

/** What says which key signs for whom. */
export interface KeyTables {
  readonly domains: ReadonlyMap<string, readonly KeyEntry[]>;
  readonly signingTable: MapHandle | undefined;
  readonly keyTable: MapHandle | undefined;
  readonly selectors: MapHandle | undefined;
  readonly paths: MapHandle | undefined;
}

const ask = async (map: MapHandle, key: string, signal: AbortSignal): Promise<string | undefined> =>
  map.isExternal ? map.ask(key, signal) : map.lookup(key);

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '0' && value !== 'false';
}

/**
 * The key that a scan request brought along (`use_http_headers`). It is always taken as the text of a key: a client
 * cannot make the server read a file.
 */
export function fromRequest(
  task: Task,
  config: SigningConfig,
  what: 'DKIM' | 'ARC',
): readonly KeyLocation[] | NotSigned {
  const { request } = task.envelope;
  if (request.get(config.http_sign_header) === undefined)
    return { refused: 'the request asks for no signature' };
  const domain = request.get(config.http_domain_header);
  const selector = request.get(config.http_selector_header);
  const key = request.get(config.http_key_header);
  if (!domain || !selector || !key) return { refused: 'the request names no domain, selector or key' };
  if (!isSet(request.get(config.http_sign_on_reject_header)) && isViolated(task, what))
    return { refused: 'the signatures of the message are forged' };
  return [{ domain, selector, key: { text: key }, isExplicit: true }];
}

/** An entry of the key table, and the domain whose keys are in the Vault. */
export type TableAnswer = { readonly locations: readonly KeyLocation[] } | { readonly vaultDomain: string };

/**
 * Signing table and key table as OpenDKIM has them: the sender's address leads to a key name, the name to
 * `domain:key` or `domain:selector:key`; `%` stands for the sender's domain.
 */
export async function fromTables(
  task: Task,
  config: SigningConfig,
  tables: KeyTables & { readonly signingTable: MapHandle },
): Promise<TableAnswer | NotSigned> {
  const [sender] = task.message.from;
  const senderDomain = headerDomain(task);
  if (!sender || senderDomain === '') return { refused: 'no address in From' };
  const address = `${sender.local}@${sender.domain}`.toLowerCase();
  const found = await ask(tables.signingTable, address, task.signal);
  if (found === undefined) return { refused: 'no entry in the signing table' };
  const name = found === '%' ? senderDomain : found;
  const entry = tables.keyTable && (await ask(tables.keyTable, name, task.signal));
  if (entry === undefined)
    return config.use_vault
      ? { vaultDomain: name.replaceAll('%', senderDomain) }
      : { refused: 'no entry in the key table' };
  const parts = entry.split(':');
  const [domain, selector, key] =
    parts.length > 2
      ? [parts[0]!, parts[1]!, parts.slice(2).join(':')]
      : [parts[0]!, config.selector, parts[1]];
  if (!key) return { refused: 'the key table entry names no key' };
  const place = /^(?:\/|\.\/|\.\.)/.test(key) ? { file: key.replaceAll('%', senderDomain) } : { text: key };
  return {
    locations: [{ domain: domain.replaceAll('%', senderDomain), selector, key: place, isExplicit: true }],
  };
}

/** Keys of a domain from `domain { }` and the maps; where both say nothing, one entry without anything. */
async function findEntries(
  domain: string,
  config: SigningConfig,
  tables: KeyTables,
  signal: AbortSignal,
): Promise<{ readonly entries: readonly KeyEntry[]; readonly isExplicit: boolean }> {
  const own = tables.domains.get(domain) ?? [];
  const selector = tables.selectors && (await ask(tables.selectors, domain, signal));
  const path = tables.paths && (await ask(tables.paths, domain, signal));
  const isExplicit = own.length > 0 || selector !== undefined || path !== undefined;
  if (!isExplicit && !config.try_fallback) return { entries: [], isExplicit };
  const entries = own.length > 0 ? own : [{}];
  return {
    entries: entries.map((entry) => ({
      selector: entry.selector ?? selector,
      path: entry.path ?? path,
    })),
    isExplicit,
  };
}

function expand(path: string, domain: string, selector: string): string {
  return path
    .replaceAll(/\$(?:domain\b|\{domain\})/g, domain)
    .replaceAll(/\$(?:selector\b|\{selector\})/g, selector);
}

/** Every key that is to sign for a domain, from files or the store. */
export async function locateKeys(
  domain: string,
  config: SigningConfig,
  tables: KeyTables,
  store: Store,
  signal: AbortSignal,
): Promise<readonly KeyLocation[]> {
  const { entries, isExplicit } = await findEntries(domain, config, tables, signal);
  if (config.use_redis) {
    const found = await Promise.all(entries.map((entry) => fromStore(domain, entry, config, store)));
    return found.filter((location) => location !== undefined);
  }
  return entries.map(({ selector = config.selector, path = config.path }) => ({
    domain,
    selector,
    key: configuredKey(expand(path, domain, selector)),
    isExplicit,
  }));
}

async function fromStore(
  domain: string,
  entry: KeyEntry,
  config: SigningConfig,
  store: Store,
): Promise<KeyLocation | undefined> {
  let selector = entry.selector ?? config.selector;
  if (config.selector_prefix !== undefined) {
    const found = await store.hashGet(config.selector_prefix, domain);
    if (found === undefined) return undefined;
    selector = found;
  }
  const text = await store.hashGet(config.key_prefix, `${selector}.${domain}`);
  return text === undefined ? undefined : { domain, selector, key: { text }, isExplicit: true };
}
