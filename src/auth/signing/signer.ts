import type { CheckContext, ConfigPath, MapHandle, MapKind, Task } from '../../core/index.ts';
import type { SigningKey } from '../keys.ts';
import { comparePublished } from '../published.ts';
import { parseSignHeaders, type SignedHeader } from '../signed-headers.ts';
import { checkSenders, findDomain } from './domain.ts';
import { findReason, type NotSigned } from './eligibility.ts';
import { KeyCache } from './key-source.ts';
import { fromRequest, fromTables, type KeyLocation, type KeyMaps, locateKeys } from './locate.ts';
import type { SigningConfig } from './options.ts';

/** A key that is to sign, with domain and selector. */
export interface Signatory {
  readonly domain: string;
  readonly selector: string;
  readonly key: SigningKey;
}

/** Decides for each message whether, as whom and with which keys to sign. */
export interface Signer {
  readonly headers: readonly SignedHeader[];
  /** No signatories: the message stays unsigned; the reason was logged and counted. */
  signatories(task: Task): Promise<readonly Signatory[]>;
}

type SignerContext = CheckContext<SigningConfig, string>;

function openMaps(context: SignerContext): KeyMaps & { readonly networks: MapHandle | undefined } {
  const { config, maps, path } = context;
  const open = (spec: unknown, kind: MapKind, option: string, description: string): MapHandle | undefined =>
    spec === undefined ? undefined : maps.open(spec, kind, { description, path: path(option) as ConfigPath });
  return {
    networks: open(config.sign_networks, 'radix', 'sign_networks', 'networks whose mail is signed'),
    signingTable: open(config.signing_table, 'glob', 'signing_table', 'signing table'),
    keyTable: open(config.key_table, 'glob', 'key_table', 'key table'),
    selectors: open(config.selector_map, 'hash', 'selector_map', 'selectors by domain'),
    paths: open(config.path_map, 'hash', 'path_map', 'key files by domain'),
    vaultDomains: open(config.vault_domains, 'set', 'vault_domains', 'domains in the Vault'),
  };
}

/**
 * Builds the signer of a check once per configuration.
 *
 * @throws ConfigError for options that contradict each other
 */
export function createSigner(context: SignerContext, what: 'DKIM' | 'ARC'): Signer {
  const { config, log, metrics, clock, dns, store, configError } = context;
  if (config.use_vault && (config.vault_url === undefined || config.vault_token === undefined)) {
    throw configError(['use_vault'], 'needs vault_url and vault_token');
  }
  let headers: readonly SignedHeader[];
  try {
    headers = parseSignHeaders(config.sign_headers);
  } catch (error) {
    throw configError(['sign_headers'], error instanceof Error ? error.message : String(error));
  }
  // RFC 6376 5.4: the From header must be signed.
  if (!headers.some(({ name }) => name === 'from')) throw configError(['sign_headers'], 'must hold from');
  const maps = openMaps(context);
  const cache = new KeyCache();
  const unsigned = metrics.counter('postern_unsigned_total', 'Messages that were not signed, by reason', [
    'kind',
    'reason',
  ]);
  const warned = new Map<string, number>();

  const refuse = (
    task: Task,
    { refused }: NotSigned,
    more?: Readonly<Record<string, unknown>>,
  ): readonly Signatory[] => {
    unsigned.add(1, { kind: what, reason: refused });
    if (refused === 'direction') log.debug('not signed', { id: task.id, reason: refused });
    else log.info('not signed', { id: task.id, reason: refused, ...more });
    return [];
  };

  /** The same fault of a key file is told once a minute, not once a message. */
  const warnAboutKey = (location: KeyLocation, reason: string): void => {
    const { domain, selector } = location;
    const key = `${selector}.${domain} ${reason}`;
    if ((warned.get(key) ?? 0) > clock.now() - 60_000) return;
    if (warned.size > 1000) warned.clear();
    warned.set(key, clock.now());
    log.warn('key cannot be used', { domain, selector, reason });
  };

  const load = async (task: Task, location: KeyLocation): Promise<Signatory | undefined> => {
    const { key, error } = cache.get(location.key, clock.now());
    const { domain, selector } = location;
    if (!key) {
      if (error !== undefined || location.isExplicit)
        warnAboutKey(location, error ?? 'the file does not exist');
      return undefined;
    }
    if (config.check_pubkey) {
      const state = await comparePublished(dns, domain, selector, key, task.signal);
      if (state !== 'same') {
        warnAboutKey(location, `the published key is ${state}`);
        if (!config.allow_pubkey_mismatch) return undefined;
      }
    }
    return { domain, selector, key };
  };

  const find = async (task: Task): Promise<readonly KeyLocation[] | NotSigned> => {
    if (config.use_http_headers) {
      const asked = fromRequest(task, config);
      if (asked) return asked;
      if (!config.allow_headers_fallback) return { refused: 'the request asks for no signature' };
    }
    const reason = findReason(task, config, maps.networks);
    if (typeof reason === 'object') return reason;
    const senders = checkSenders(task, config);
    if (senders) return senders;
    const context = { signal: task.signal, nowSeconds: Math.floor(clock.now() / 1000) };
    const tables = await fromTables(task, config, maps);
    if (tables) {
      if ('refused' in tables || tables.locations.length > 0)
        return 'refused' in tables ? tables : tables.locations;
      return locateKeys(tables.domain, config, maps, store, context);
    }
    const found = findDomain(task, config, reason);
    return 'refused' in found ? found : locateKeys(found.domain, config, maps, store, context);
  };

  return {
    headers,
    signatories: async (task) => {
      if (task.raw.length === 0) return [];
      const locations = await find(task);
      if ('refused' in locations) return refuse(task, locations);
      const loaded = await Promise.all(locations.map((location) => load(task, location)));
      const signatories = loaded.filter((signatory) => signatory !== undefined);
      return signatories.length > 0
        ? signatories
        : refuse(task, { refused: 'no key' }, { domain: locations[0]?.domain });
    },
  };
}
