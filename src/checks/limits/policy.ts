import {
  type CheckContext,
  domainOf,
  type MapHandle,
  type SenderSubject,
  senderKey,
  subjectText,
} from '../../core/index.ts';
import {
  AmountError,
  type Amounts,
  counters,
  isSet,
  type LevelAmounts,
  noAmounts,
  parseLevel,
} from './amounts.ts';
import type { LimitsOptions } from './options.ts';

type Sender = Extract<SenderSubject, { role: 'sender' }>;

/** Amounts, and the words that tell where they stand. */
interface Layer {
  readonly source: string;
  readonly amounts: Amounts;
}

/** A subject that a message counts for, with what holds there. */
export interface Scope {
  readonly subject: SenderSubject;
  readonly name: string;
  /** For each counter; undefined: none. Infinity where a level lifts what a wider one says. */
  readonly limits: Amounts;
  /** For each counter the level that set it. */
  readonly sources: readonly (string | undefined)[];
}

export interface Resolved {
  readonly domain: string | undefined;
  readonly tenant: string | undefined;
  /** The sender first, then the pools that have limits. */
  readonly scopes: readonly Scope[];
}

type MapName = 'tenant_map' | 'domain_map' | 'sender_map' | 'member_map';

/** Parsed values of map entries are kept so long as they are few. */
const maxParsed = 10_000;
const nothing: LevelAmounts = { each: noAmounts, pool: noAmounts };

/** What is configured: which limits hold for whom. */
export class Policy {
  readonly #config: LimitsOptions;
  readonly #context: CheckContext<LimitsOptions, string>;
  readonly #maps = new Map<MapName, MapHandle>();
  readonly #members = new Map<string, string>();
  readonly #domains: ReadonlyMap<string, LimitsOptions['domains'][string]>;
  readonly #tenants: ReadonlyMap<string, LimitsOptions['tenants'][string]>;
  readonly #senders: ReadonlyMap<string, Amounts>;
  readonly #parsed = new Map<string, LevelAmounts>();
  /** Something is limited. */
  readonly isUsed: boolean;

  /** @throws ConfigError for maps that are none, members of two tenants, tenants that nobody describes */
  constructor(context: CheckContext<LimitsOptions, string>) {
    const { config } = context;
    this.#config = config;
    this.#context = context;
    this.#domains = byLowerCase(config.domains);
    this.#tenants = new Map(Object.entries(config.tenants));
    this.#senders = byLowerCaseLogins(config.senders);
    for (const name of ['tenant_map', 'domain_map', 'sender_map', 'member_map'] as const) {
      if (config[name] === undefined) continue;
      const description = `limits: ${name.replace('_map', 's')}`;
      this.#maps.set(
        name,
        context.maps.open(config[name], 'hash', { description, path: context.path(name) }),
      );
    }
    this.#readMembers();
    const { tenants, domains, senders, kinds, each, pool, local_pool: localPool } = config;
    this.isUsed =
      [each, pool, localPool, ...Object.values(kinds)].some((amounts) => amounts && isSet(amounts)) ||
      [tenants, domains, senders].some((levels) => Object.keys(levels).length > 0) ||
      this.#maps.size > 0;
  }

  #readMembers(): void {
    const { configError, config } = this.#context;
    const add = (member: string, tenant: string, path: readonly string[]): void => {
      const known = this.#members.get(member);
      if (known !== undefined && known !== tenant)
        throw configError(path, `${member} belongs to ${known} already`, 'one tenant for each');
      this.#members.set(member, tenant);
    };
    for (const [tenant, { members }] of Object.entries(config.tenants))
      for (const member of members) add(memberKey(member), tenant, ['tenants', tenant, 'members']);
    for (const [domain, { tenant }] of Object.entries(config.domains)) {
      if (tenant === undefined) continue;
      if (!this.#tenants.has(tenant) && !this.#maps.has('tenant_map'))
        throw configError(['domains', domain, 'tenant'], `there is no tenant ${tenant}`, 'one of `tenants`');
      add(domain.toLowerCase(), tenant, ['domains', domain, 'tenant']);
    }
  }

  /** Everything that holds for a sender. */
  async resolve(sender: Sender, isLogin: boolean, signal?: AbortSignal): Promise<Resolved> {
    const key = senderKey(sender);
    const domain = domainOf(sender);
    const tenant = await this.#tenantOf(key, domain, signal);
    const own = await this.#level('sender_map', key, signal);
    const ofDomain = domain === undefined ? undefined : await this.#domainLayers(domain, signal);
    const ofTenant = tenant === undefined ? undefined : await this.#tenantLayers(tenant, signal);
    const { kinds, each } = this.#config;
    const layers = [
      layer('senders', this.#senders.get(key)),
      layer('sender_map', own?.each),
      ...(ofDomain?.each ?? []),
      ...(ofTenant?.each ?? []),
      layer(`kinds ${sender.kind}`, kinds[sender.kind]),
      layer('server', each),
    ];
    const scopes = [
      scopeOf(sender, layers),
      ...this.#pools(domain, ofDomain?.pool, tenant, ofTenant?.pool, isLogin),
    ];
    return { domain, tenant, scopes };
  }

  /** A pool by its name, whether it has limits or not. */
  async pool(subject: Extract<SenderSubject, { role: 'pool' }>, signal?: AbortSignal): Promise<Scope> {
    switch (subject.kind) {
      case 'domain':
        return scopeOf(subject, (await this.#domainLayers(subject.value, signal)).pool);
      case 'tenant':
        return scopeOf(subject, (await this.#tenantLayers(subject.value, signal)).pool);
      case 'local':
        return scopeOf(subject, [layer('local', this.#config.local_pool)]);
      case 'server':
        return scopeOf(subject, [layer('server', this.#config.pool)]);
    }
  }

  #pools(
    domain: string | undefined,
    ofDomain: readonly Layer[] | undefined,
    tenant: string | undefined,
    ofTenant: readonly Layer[] | undefined,
    isLogin: boolean,
  ): readonly Scope[] {
    const scopes: Scope[] = [];
    const add = (subject: SenderSubject, layers: readonly Layer[]): void => {
      const scope = scopeOf(subject, layers);
      if (isSet(scope.limits)) scopes.push(scope);
    };
    if (domain !== undefined && ofDomain) add({ role: 'pool', kind: 'domain', value: domain }, ofDomain);
    if (tenant !== undefined && ofTenant) add({ role: 'pool', kind: 'tenant', value: tenant }, ofTenant);
    if (!isLogin) add({ role: 'pool', kind: 'local' }, [layer('local', this.#config.local_pool)]);
    add({ role: 'pool', kind: 'server' }, [layer('server', this.#config.pool)]);
    return scopes;
  }

  async #domainLayers(domain: string, signal: AbortSignal | undefined): Promise<Layers> {
    return layersOf(
      `domain ${domain}`,
      this.#domains.get(domain),
      await this.#level('domain_map', domain, signal),
    );
  }

  async #tenantLayers(tenant: string, signal: AbortSignal | undefined): Promise<Layers> {
    return layersOf(
      `tenant ${tenant}`,
      this.#tenants.get(tenant),
      await this.#level('tenant_map', tenant, signal),
    );
  }

  /** A sender's own membership counts before its domain's. */
  async #tenantOf(
    key: string,
    domain: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    for (const member of domain === undefined ? [key] : [key, domain]) {
      const tenant = this.#members.get(member) ?? (await this.#ask('member_map', member, signal));
      if (tenant !== undefined && tenant !== '') return tenant;
    }
    return undefined;
  }

  async #ask(name: MapName, key: string, signal: AbortSignal | undefined): Promise<string | undefined> {
    const map = this.#maps.get(name);
    return map?.isExternal ? map.ask(key, signal) : map?.lookup(key);
  }

  async #level(
    name: MapName,
    key: string,
    signal: AbortSignal | undefined,
  ): Promise<LevelAmounts | undefined> {
    const text = await this.#ask(name, key, signal);
    if (text === undefined) return undefined;
    const known = this.#parsed.get(text);
    if (known) return known;
    if (this.#parsed.size >= maxParsed) this.#parsed.clear();
    const level = this.#parse(name, text);
    this.#parsed.set(text, level);
    return level;
  }

  /** A value that cannot be read says nothing, which the log tells once. */
  #parse(name: MapName, text: string): LevelAmounts {
    try {
      return parseLevel(text);
    } catch (error) {
      if (!(error instanceof AmountError)) throw error;
      this.#context.log.error('a value of a map of limits cannot be read', {
        map: name,
        error: error.message,
      });
      return nothing;
    }
  }
}

interface Layers {
  readonly each: readonly Layer[];
  readonly pool: readonly Layer[];
}

/** The configuration's own values stand before those of a map. */
function layersOf(
  source: string,
  own: { readonly each?: Amounts | undefined; readonly pool?: Amounts | undefined } | undefined,
  mapped: LevelAmounts | undefined,
): Layers {
  return {
    each: [layer(source, own?.each), layer(source, mapped?.each)],
    pool: [layer(source, own?.pool), layer(source, mapped?.pool)],
  };
}

function layer(source: string, amounts: Amounts | undefined): Layer {
  return { source, amounts: amounts ?? noAmounts };
}

/** For each counter the first layer that says something. */
function scopeOf(subject: SenderSubject, layers: readonly Layer[]): Scope {
  const limits: (number | undefined)[] = [];
  const sources: (string | undefined)[] = [];
  for (let index = 0; index < counters.length; index++) {
    const found = layers.find(({ amounts }) => amounts[index] !== undefined);
    limits.push(found?.amounts[index]);
    sources.push(found?.source);
  }
  return { subject, name: subjectText(subject), limits, sources };
}

/** A member as it is looked up: domains and logins in lower case, `login:` left out. */
function memberKey(text: string): string {
  const key = text.startsWith('login:') ? text.slice(6) : text;
  return /^(?:script|site|uid|ip|unknown):/.test(key) ? key : key.toLowerCase().replace(/^@/, '');
}

function byLowerCase<Value>(record: Readonly<Record<string, Value>>): ReadonlyMap<string, Value> {
  return new Map(Object.entries(record).map(([name, value]) => [name.toLowerCase(), value]));
}

function byLowerCaseLogins<Value>(record: Readonly<Record<string, Value>>): ReadonlyMap<string, Value> {
  return new Map(Object.entries(record).map(([name, value]) => [memberKey(name), value]));
}
