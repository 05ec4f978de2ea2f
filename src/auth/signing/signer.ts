import {
  type CheckContext,
  type ConfigPath,
  type MapHandle,
  type MapKind,
  type RemovedHeader,
  type Task,
  UpstreamError,
} from '../../core/index.ts';
import type { SigningKey } from '../keys.ts';
import { comparePublished } from '../published.ts';
import { parseSignHeaders, type SignedHeader } from '../signed-headers.ts';
import { checkSenders, findDomain } from './domain.ts';
import { findReason, isViolated, type NotSigned, type SigningReason } from './eligibility.ts';
import { KeyCache } from './key-source.ts';
import {
  fromRequest,
  fromTables,
  type KeyEntry,
  type KeyLocation,
  type KeyTables,
  locateKeys,
} from './locate.ts';
import { dnsName } from './names.ts';
import type { SigningConfig } from './options.ts';
import { askVault, type VaultAccess } from './vault.ts';

/** A key that is to sign, with domain and selector. */
export interface Signatory {
  readonly domain: string;
  readonly selector: string;
  readonly key: SigningKey;
}

/** Decides for each message whether, as whom and with which keys to sign. */
export interface Signer {
  /** Headers to sign, without those that will be changed on their way out. */
  headersOf(task: Task): readonly SignedHeader[];
  /** No signatories: the message stays unsigned; the reason was logged and counted. */
  signatories(task: Task): Promise<readonly Signatory[]>;
  /** Logs and counts a message that is left unsigned after all. */
  leaveUnsigned(task: Task, reason: string, more?: Readonly<Record<string, unknown>>): void;
}

type SignerContext = CheckContext<SigningConfig, string>;

function openMaps(context: SignerContext) {
  const { config, maps, path } = context;
  const open = (spec: unknown, kind: MapKind, option: string, description: string): MapHandle | undefined =>
    spec === undefined ? undefined : maps.open(spec, kind, { description, path: path(option) as ConfigPath });
  return {
    networks: open(config.sign_networks, 'radix', 'sign_networks', 'networks whose mail is signed'),
    signingTable: open(config.signing_table, 'glob', 'signing_table', 'signing table'),
    keyTable: open(config.key_table, 'glob', 'key_table', 'key table'),
    selectors: open(config.selector_map, 'hash', 'selector_map', 'selectors by domain'),
    paths: open(config.path_map, 'hash', 'path_map', 'key files by domain'),
    vaultDomains: open(config.vault_domains, 'glob', 'vault_domains', 'domains in the Vault'),
  };
}

/** The `domain { }` section by canonical name. */
function readDomains({ config, configError }: SignerContext): ReadonlyMap<string, readonly KeyEntry[]> {
  const domains = new Map<string, readonly KeyEntry[]>();
  for (const [name, { selector, path, selectors = [] }] of Object.entries(config.domain)) {
    const domain = dnsName(name);
    if (domain === undefined) throw configError(['domain', name], 'is no domain name');
    const own = selector !== undefined || path !== undefined ? [{ selector, path }] : [];
    domains.set(domain, [...own, ...selectors]);
  }
  return domains;
}

function readHeaders({ config, configError }: SignerContext, what: 'DKIM' | 'ARC'): readonly SignedHeader[] {
  let headers: readonly SignedHeader[];
  try {
    headers = parseSignHeaders(config.sign_headers);
  } catch (error) {
    throw configError(['sign_headers'], error instanceof Error ? error.message : String(error));
  }
  const has = (wanted: string): boolean => headers.some(({ name }) => name === wanted);
  // RFC 6376 5.4; RFC 6376 3.5 and RFC 8617 4.1.2 for those that must not be signed.
  if (!has('from')) throw configError(['sign_headers'], 'must hold from');
  for (const name of what === 'ARC' ? ['arc-seal'] : ['dkim-signature', 'arc-seal'])
    if (has(name)) throw configError(['sign_headers'], `must not hold ${name}`);
  return headers;
}

function vaultAccess({ config, configError }: SignerContext): VaultAccess | undefined {
  if (!config.use_vault) return undefined;
  const { vault_url: url, vault_token: token } = config;
  if (url === undefined || token === undefined)
    throw configError(['use_vault'], 'needs vault_url and vault_token');
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw configError(['vault_url'], 'is no address', 'http://host:8200');
  return {
    url: url.replace(/\/+$/, ''),
    token,
    path: config.vault_path,
    timeoutMs: config.http_timeout * 1000,
    verifiesCertificate: config.no_ssl_verify !== true,
  };
}

/** The same fault of a key is told once in this time, not once a message. */
const warningIntervalMs = 60_000;
const maxRememberedWarnings = 1000;
/** Reasons that hold for every message of one direction: no line each. */
const quietReasons: ReadonlySet<string> = new Set(['direction', 'the request asks for no signature']);

/**
 * Builds the signer of a check once per configuration.
 *
 * @throws ConfigError for options that contradict each other
 */
export function createSigner(context: SignerContext, what: 'DKIM' | 'ARC'): Signer {
  const { config, log, metrics, clock, dns, store } = context;
  const vault = vaultAccess(context);
  if (config.use_redis && store.driver !== 'redis')
    context.warn(['use_redis'], 'no Redis is configured, and the embedded store cannot be filled with keys');
  const headers = readHeaders(context, what);
  const maps = openMaps(context);
  const { signingTable } = maps;
  const tables: KeyTables = { ...maps, domains: readDomains(context) };
  const requestConfig =
    config.http_sign_on_reject_header_header === undefined
      ? config
      : { ...config, http_sign_on_reject_header: config.http_sign_on_reject_header_header };
  const cache = new KeyCache();
  const unsigned = metrics.counter('postern_unsigned_total', 'Messages that were not signed, by reason', [
    'kind',
    'reason',
  ]);
  const warned = new Map<string, number>();

  const leaveUnsigned = (
    task: Task,
    reason: string,
    more?: Readonly<Record<string, unknown>>,
    level: 'info' | 'debug' = quietReasons.has(reason) ? 'debug' : 'info',
  ): void => {
    unsigned.add(1, { kind: what, reason });
    log[level]('not signed', { id: task.id, kind: what, reason, ...more });
  };

  const warnOnce = (message: string, fields: Readonly<Record<string, string>>): void => {
    const key = Object.values(fields).join(' ');
    const now = clock.now();
    if ((warned.get(key) ?? Number.NEGATIVE_INFINITY) > now - warningIntervalMs) return;
    if (warned.size >= maxRememberedWarnings) warned.clear();
    warned.set(key, now);
    log.warn(message, fields);
  };

  const load = async (task: Task, location: KeyLocation): Promise<Signatory | undefined> => {
    const domain = dnsName(location.domain);
    const selector = dnsName(location.selector);
    const warn = (reason: string): void =>
      warnOnce('key cannot be used', { domain: location.domain, selector: location.selector, reason });
    if (domain === undefined || selector === undefined) {
      warn('domain or selector is no DNS name');
      return undefined;
    }
    const { key, error } = cache.get(location.key, clock.now());
    if (!key) {
      if (error !== undefined || location.isExplicit) warn(error ?? 'the file does not exist');
      return undefined;
    }
    if (config.check_pubkey) {
      const state = await comparePublished(dns, domain, selector, key, task.signal);
      if (state !== 'same') {
        warn(`the published key is ${state}`);
        if (!config.allow_pubkey_mismatch) return undefined;
      }
    }
    return { domain, selector, key };
  };

  const findInVault = async (
    task: Task,
    domain: string,
    access: VaultAccess,
  ): Promise<readonly KeyLocation[] | NotSigned> => {
    if (maps.vaultDomains && maps.vaultDomains.lookup(domain) === undefined)
      return { refused: 'the domain is not in vault_domains' };
    try {
      return await askVault(domain, access, Math.floor(clock.now() / 1000), task.signal);
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      warnOnce('keys cannot be read', { domain, reason: error.message });
      return { refused: 'the Vault failed' };
    }
  };

  const findForDomain = (task: Task, domain: string): Promise<readonly KeyLocation[] | NotSigned> =>
    vault ? findInVault(task, domain, vault) : locateKeys(domain, config, tables, store, task.signal);

  const findByTables = async (
    task: Task,
    table: MapHandle,
    reason: SigningReason,
  ): Promise<readonly KeyLocation[] | NotSigned> => {
    // The tables go by the header From, which anybody outside can write.
    if (reason === 'inbound') return { refused: 'direction' };
    const found = await fromTables(task, config, { ...tables, signingTable: table });
    if ('refused' in found) return found;
    return 'locations' in found ? found.locations : findForDomain(task, found.vaultDomain);
  };

  const find = async (task: Task): Promise<readonly KeyLocation[] | NotSigned> => {
    if (config.use_http_headers) {
      const asked = fromRequest(task, requestConfig, what);
      if (!('refused' in asked) || !config.allow_headers_fallback) return asked;
    }
    const reason = findReason(task, config, maps.networks);
    if (typeof reason === 'object') return reason;
    if (config.check_violation && isViolated(task, what))
      return { refused: 'the signatures of the message are forged' };
    const senders = checkSenders(task, config);
    if (senders) return senders;
    if (signingTable && (tables.keyTable || vault)) return findByTables(task, signingTable, reason);
    const found = findDomain(task, config, reason);
    return 'refused' in found ? found : findForDomain(task, found.domain);
  };

  return {
    headersOf(task) {
      const changed = changedHeaders(task);
      return changed.size === 0 ? headers : headers.filter(({ name }) => !changed.has(name));
    },
    async signatories(task) {
      if (task.raw.length === 0) return [];
      // From has to be signed (RFC 6376 5.4), and nobody will see the one that is here.
      if (task.milter.removeHeaders.some(isFirstFrom)) {
        leaveUnsigned(task, 'From is rewritten');
        return [];
      }
      const locations = await find(task);
      if ('refused' in locations) {
        leaveUnsigned(task, locations.refused);
        return [];
      }
      const loaded = await Promise.all(locations.map((location) => load(task, location)));
      const signatories = loaded.filter((signatory) => signatory !== undefined);
      if (signatories.length === 0) {
        // A domain nobody made a key for is the usual case of a new installation: no line for every message.
        const isNamed = locations.some(({ isExplicit }) => isExplicit);
        leaveUnsigned(task, 'no key', { domain: locations[0]?.domain }, isNamed ? 'info' : 'debug');
      }
      return signatories;
    },
    leaveUnsigned,
  };
}

function isFirstFrom({ name, instances }: RemovedHeader): boolean {
  return name.toLowerCase() === 'from' && instances.some((instance) => instance === 0 || instance === 1);
}

/**
 * Headers that will not arrive as they are here: the subject of action `rewrite subject`, and what other checks add
 * or remove. From always has to be signed (RFC 6376 5.4).
 */
function changedHeaders(task: Task): ReadonlySet<string> {
  const { addHeaders, removeHeaders } = task.milter;
  const changed = new Set<string>();
  if (task.result.currentAction() === 'rewrite subject') changed.add('subject');
  for (const { name } of addHeaders) changed.add(name.toLowerCase());
  for (const { name } of removeHeaders) changed.add(name.toLowerCase());
  changed.delete('from');
  return changed;
}
