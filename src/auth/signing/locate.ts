import { type MapHandle, type Store, type Task, UpstreamError } from '../../core/index.ts';
import type { NotSigned } from './eligibility.ts';
import type { SigningConfig } from './options.ts';

/** Where one signature's key is to be found. */
export interface KeyLocation {
  readonly domain: string;
  readonly selector: string;
  /** File (begins with `/` or `.`) or the key itself. */
  readonly key: string;
  /** The operator named it: its absence is worth a warning. */
  readonly isExplicit: boolean;
}

/** Maps that say which key signs for whom. */
export interface KeyMaps {
  readonly signingTable: MapHandle | undefined;
  readonly keyTable: MapHandle | undefined;
  readonly selectors: MapHandle | undefined;
  readonly paths: MapHandle | undefined;
  readonly vaultDomains: MapHandle | undefined;
}

const ask = async (map: MapHandle, key: string, signal: AbortSignal): Promise<string | undefined> =>
  map.isExternal ? map.ask(key, signal) : map.lookup(key);

function expand(path: string, domain: string, selector: string): string {
  return path.replaceAll('$domain', domain).replaceAll('$selector', selector);
}

/** Keys that a scan request brought along (`use_http_headers`). */
export function fromRequest(
  task: Task,
  config: SigningConfig,
): readonly KeyLocation[] | NotSigned | undefined {
  const { request } = task.envelope;
  if (request.get(config.http_sign_header) === undefined) return undefined;
  const domain = request.get(config.http_domain_header);
  const selector = request.get(config.http_selector_header);
  const key = request.get(config.http_key_header);
  if (!domain || !selector || !key) return { refused: 'the request names no domain, selector or key' };
  const signsRejected = request.get(config.http_sign_on_reject_header) !== undefined;
  if (!signsRejected && task.result.currentAction() === 'reject') return { refused: 'action is reject' };
  // A client must not be able to make the server read a file of its choice.
  if (/^[/.]/.test(key)) return { refused: 'the request names a file as key' };
  return [{ domain: domain.toLowerCase(), selector, key, isExplicit: true }];
}

/**
 * Signing table and key table as OpenDKIM has them: the sender's address leads to a key name, the name to
 * `domain:key` or `domain:selector:key`; `%` stands for the sender's domain.
 */
export async function fromTables(
  task: Task,
  config: SigningConfig,
  maps: KeyMaps,
): Promise<{ readonly domain: string; readonly locations: readonly KeyLocation[] } | NotSigned | undefined> {
  const { signingTable, keyTable } = maps;
  if (!signingTable || !(keyTable || config.use_vault)) return undefined;
  const [sender] = task.message.from;
  if (!sender) return { refused: 'no address in From' };
  const address = `${sender.local}@${sender.domain}`.toLowerCase();
  let name = await ask(signingTable, address, task.signal);
  if (name === undefined) return { refused: 'no entry in the signing table' };
  if (name === '%') name = sender.domain;
  if (!keyTable) return { domain: name, locations: [] };
  const entry = await ask(keyTable, name, task.signal);
  if (entry === undefined) return { refused: 'no entry in the key table' };
  const parts = entry.split(':');
  const domain = parts[0] === '%' ? sender.domain : parts[0]!.toLowerCase();
  const selector = parts.length > 2 ? parts[1]! : config.selector;
  const key = parts.length > 2 ? parts.slice(2).join(':') : (parts[1] ?? '');
  if (key === '') return { refused: 'the key table entry names no key' };
  return { domain, locations: [{ domain, selector, key, isExplicit: true }] };
}

/** Keys for a domain from `domain { }`, the maps and the fallback, in this order. */
async function fromConfiguration(
  domain: string,
  config: SigningConfig,
  maps: KeyMaps,
  signal: AbortSignal,
): Promise<readonly KeyLocation[]> {
  const own = config.domain[domain];
  const entries: { selector?: string | undefined; path?: string | undefined }[] = own
    ? (own.selectors ?? [{ selector: own.selector, path: own.path }]).map((entry) => ({ ...entry }))
    : [];
  const selector = maps.selectors && (await ask(maps.selectors, domain, signal));
  const path = maps.paths && (await ask(maps.paths, domain, signal));
  if (selector !== undefined || path !== undefined) {
    if (entries.length === 0) entries.push({});
    for (const entry of entries) {
      entry.selector ??= selector;
      entry.path ??= path;
    }
  }
  const isExplicit = entries.length > 0;
  if (!isExplicit && config.try_fallback) entries.push({});
  const locations: KeyLocation[] = [];
  for (const entry of entries) {
    const found = entry.selector ?? (config.try_fallback ? config.selector : undefined);
    const where = entry.path ?? (config.try_fallback ? config.path : undefined);
    if (found === undefined || where === undefined) continue;
    locations.push({ domain, selector: found, key: expand(where, domain, found), isExplicit });
  }
  return locations;
}

async function fromStore(
  domain: string,
  config: SigningConfig,
  store: Store,
): Promise<readonly KeyLocation[]> {
  let { selector } = config;
  if (config.selector_prefix !== undefined) {
    const found = await store.hashGet(config.selector_prefix, domain);
    if (found === undefined) return [];
    selector = found;
  }
  const key = await store.hashGet(config.key_prefix, `${selector}.${domain}`);
  return key === undefined ? [] : [{ domain, selector, key, isExplicit: true }];
}

interface VaultSelector {
  readonly selector?: unknown;
  readonly domain?: unknown;
  readonly key?: unknown;
  readonly valid_start?: unknown;
  readonly valid_end?: unknown;
}

const maxVaultReplyBytes = 1_048_576;

async function fromVault(
  domain: string,
  config: SigningConfig,
  maps: KeyMaps,
  nowSeconds: number,
): Promise<readonly KeyLocation[]> {
  if (maps.vaultDomains && maps.vaultDomains.lookup(domain) === undefined) return [];
  const url = `${config.vault_url}/v1/${config.vault_path}/${encodeURIComponent(domain)}`;
  let text: string;
  try {
    const reply = await fetch(url, {
      headers: { 'X-Vault-Token': config.vault_token ?? '' },
      signal: AbortSignal.timeout(config.vault_timeout * 1000),
    });
    if (reply.status === 404) return [];
    if (!reply.ok) throw new Error(`HTTP ${reply.status}`);
    if (Number(reply.headers.get('content-length') ?? 0) > maxVaultReplyBytes)
      throw new Error('reply too large');
    text = await reply.text();
  } catch (error) {
    throw new UpstreamError(`the Vault did not answer: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
  const data = (JSON.parse(text) as { data?: { selectors?: unknown } }).data?.selectors;
  return (Array.isArray(data) ? (data as VaultSelector[]) : []).flatMap((entry) => {
    const { selector, key, valid_start: start, valid_end: end } = entry;
    if (typeof selector !== 'string' || typeof key !== 'string' || /^[/.]/.test(key)) return [];
    if (typeof start === 'number' && start > nowSeconds) return [];
    if (typeof end === 'number' && end < nowSeconds) return [];
    return [
      { domain: typeof entry.domain === 'string' ? entry.domain : domain, selector, key, isExplicit: true },
    ];
  });
}

/** Every key that is to sign for a domain. */
export async function locateKeys(
  domain: string,
  config: SigningConfig,
  maps: KeyMaps,
  store: Store,
  context: { readonly signal: AbortSignal; readonly nowSeconds: number },
): Promise<readonly KeyLocation[]> {
  if (config.use_vault) return fromVault(domain, config, maps, context.nowSeconds);
  if (config.use_redis) return fromStore(domain, config, store);
  return fromConfiguration(domain, config, maps, context.signal);
}
