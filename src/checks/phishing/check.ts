import type { z } from 'zod';
import { domainInfo } from '../../content/index.ts';
import {
  type CheckContext,
  type DisplayedUrl,
  type DynamicSymbol,
  defineCheck,
  type InsertHit,
  type MapHandle,
  type Task,
  type UrlView,
} from '../../core/index.ts';
import { shortHash } from '../../lib/index.ts';
import { PhishingFeed } from './feed.ts';
import { phishingOptions } from './options.ts';
import { deception } from './weight.ts';

type Sym =
  | 'PHISHING'
  | 'PHISHED_OPENPHISH'
  | 'PHISHED_PHISHTANK'
  | 'PHISHED_GENERIC_SERVICE'
  | 'PHISHED_EXCLUDED';
type Context = CheckContext<z.infer<typeof phishingOptions>, Sym>;
type NamedHost = Pick<UrlView, 'host' | 'domain' | 'flags'>;

const group = ['phishing'];
/** Names of one message that the list in DNS is asked about, when `options.dns_max_requests` says nothing. */
const defaultDnsRequests = 64;
/** Pairs of domains of one message that are compared. */
const maxPairs = 1_000;

export const phishing = defineCheck({
  name: 'phishing',
  summary: 'Finds links that show the link of somebody else, and links that lists of phishing name.',
  details: [
    'A link of HTML whose visible text is itself a link of another registered domain is compared with it: names that look',
    'the same in another alphabet and names that differ in a letter count fully, others less the more they differ, the same',
    'name under another suffix not at all. Options are `shown->target`. Links that `url_redirector` followed are compared by',
    'where they end. A target in the domain that passed DMARC is left alone; outbound mail is not checked for DMARC, so there',
    'nothing is: own newsletters that show a link and lead through a click counter need `anchor_exceptions`.',
    '',
    'The lists of Rspamd stand from the start: `REDIRECTOR_FALSE` for redirectors, `PHISHED_WHITELISTED` for domains that are',
    'often shown; your own in `local.d/maps.d/redirectors.inc` and `local.d/maps.d/phishing_whitelist.inc`.',
    '',
    'PhishTank is asked in DNS by a hash of host and path, and of host, path and query; links without a path are not asked.',
    'Only answers within 127.0.0.0/8 count. A page that is listed with another query gives 0.3 of the weight.',
  ].join('\n'),
  group: 'phishing',
  stage: 'filter',
  direction: 'both',
  needs: ['urls'],
  config: phishingOptions,
  symbols: {
    PHISHING: { score: 4, description: 'A link shows the link of somebody else', oneShot: true },
    PHISHED_OPENPHISH: { score: 7, description: 'A link is in the list of OpenPhish' },
    PHISHED_PHISHTANK: { score: 7, description: 'A link is in the list of PhishTank' },
    PHISHED_GENERIC_SERVICE: { description: 'A link is in the operator’s list of phishing' },
    PHISHED_EXCLUDED: { description: 'A link was not looked up in lists of phishing' },
  },
  create(context) {
    const { config } = context;
    const symbol = context.rename('PHISHING', config.symbol);
    const comparing = new Comparing(context, symbol);
    const looking = new LookingUp(context);
    return [
      {
        name: config.symbol,
        after: ['DMARC_CHECK'],
        symbols: comparing.symbols,
        run: (task, hit) => comparing.run(task, hit),
      },
      ...(looking.isNeeded
        ? [
            {
              name: 'PHISHED_LISTS',
              waits: true,
              symbols: looking.symbols,
              run: (task: Task, hit: InsertHit<Sym>) => looking.run(task, hit),
            },
          ]
        : []),
    ];
  },
});

/** Maps of hosts, each with the symbol it stands for. */
class SymbolMaps {
  readonly #maps: readonly { readonly symbol: DynamicSymbol; readonly map: MapHandle }[];

  constructor(context: Context, option: 'exceptions' | 'anchor_exceptions' | 'strict_domains', what: string) {
    this.#maps = Object.entries(context.config[option]).map(([name, spec]) => ({
      symbol: context.declare(name, { description: what, groups: group }),
      map: context.maps.open(spec, 'set', {
        description: `phishing: ${name}`,
        path: context.path(option, name),
      }),
    }));
  }

  get symbols(): readonly DynamicSymbol[] {
    return this.#maps.map(({ symbol }) => symbol);
  }

  /** The symbol of the first map that holds the domain or the host. */
  async find(named: NamedHost, signal: AbortSignal): Promise<DynamicSymbol | undefined> {
    for (const { symbol, map } of this.#maps) if (await holds(map, named, signal)) return symbol;
    return undefined;
  }
}

async function holds(map: MapHandle, { domain, host }: NamedHost, signal: AbortSignal): Promise<boolean> {
  const keys = domain === host ? [domain] : [domain, host];
  for (const key of keys) {
    const found = map.isExternal ? await map.ask(key, signal) : map.lookup(key);
    if (found !== undefined) return true;
  }
  return false;
}

/** Compares what links show with where they lead. */
class Comparing {
  readonly #symbol: DynamicSymbol;
  readonly #exceptions: SymbolMaps;
  readonly #anchorExceptions: SymbolMaps;
  readonly #strict: SymbolMaps;
  readonly #domains: MapHandle | undefined;

  constructor(context: Context, symbol: DynamicSymbol) {
    this.#symbol = symbol;
    this.#exceptions = new SymbolMaps(
      context,
      'exceptions',
      'A link shows a listed link and leads elsewhere',
    );
    this.#anchorExceptions = new SymbolMaps(
      context,
      'anchor_exceptions',
      'A link that shows another one leads to a listed host',
    );
    this.#strict = new SymbolMaps(
      context,
      'strict_domains',
      'A link shows a listed link and leads to another domain',
    );
    const { domains } = context.config;
    if (domains !== undefined)
      this.#domains = context.maps.open(domains, 'set', {
        description: 'phishing: shown domains that are looked at',
        path: context.path('domains'),
      });
  }

  get symbols(): readonly DynamicSymbol[] {
    return [
      this.#symbol,
      ...this.#exceptions.symbols,
      ...this.#anchorExceptions.symbols,
      ...this.#strict.symbols,
    ];
  }

  async run(task: Task, hit: InsertHit<Sym>): Promise<void> {
    const { dmarc } = task.authentication;
    const proven = dmarc?.result === 'pass' ? domainInfo(dmarc.domain).domain : undefined;
    const compared = new Set<string>();
    for (const url of task.content.urls) {
      if (url.displayed === undefined) continue;
      const target = url.redirectsTo ?? url;
      if (target.domain === url.displayed.domain || target.domain === proven) continue;
      const pair = `${url.displayed.domain}->${target.domain}`;
      const hosts = `${url.displayed.host}->${target.host}`;
      if (compared.has(hosts)) continue;
      if (compared.size >= maxPairs) return;
      compared.add(hosts);
      await this.#compare(url.displayed, target, pair, task.signal, hit);
    }
  }

  async #compare(
    shown: DisplayedUrl,
    target: UrlView,
    pair: string,
    signal: AbortSignal,
    hit: InsertHit<Sym>,
  ): Promise<void> {
    const strict = await this.#strict.find(shown, signal);
    if (strict !== undefined) hit(strict, 1, pair);
    const weight = deception(comparable(shown), comparable(target));
    if (weight === 0) return;
    const exception =
      (await this.#anchorExceptions.find(target, signal)) ?? (await this.#exceptions.find(shown, signal));
    if (exception !== undefined) hit(exception, 1, pair);
    else if (!this.#domains || (await holds(this.#domains, shown, signal))) hit(this.#symbol, weight, pair);
  }
}

function comparable({ domain, flags }: NamedHost): { domain: string; hasSuffix: boolean } {
  return { domain, hasSuffix: !flags.includes('numeric') && !flags.includes('no_tld') };
}

type FeedSymbol = 'PHISHED_OPENPHISH' | 'PHISHED_GENERIC_SERVICE';

/** Looks links up in lists of phishing. */
class LookingUp {
  readonly #context: Context;
  readonly #feeds: { readonly symbol: FeedSymbol; readonly feed: PhishingFeed }[] = [];
  readonly #excluded: { readonly symbol: DynamicSymbol; readonly map: MapHandle } | undefined;

  constructor(context: Context) {
    this.#context = context;
    const { config, maps, path } = context;
    if (config.openphish_enabled)
      this.#feeds.push({
        symbol: 'PHISHED_OPENPHISH',
        feed: new PhishingFeed(maps, config.openphish_map, {
          form: config.openphish_premium ? 'json' : 'links',
          description: 'phishing: list of OpenPhish',
          path: path('openphish_map'),
        }),
      });
    if (config.generic_service_enabled)
      this.#feeds.push({
        symbol: 'PHISHED_GENERIC_SERVICE',
        feed: new PhishingFeed(maps, required(context, 'generic_service_map'), {
          form: 'links',
          description: 'phishing: the operator’s list',
          path: path('generic_service_map'),
        }),
      });
    if (config.phishing_feed_exclusion_enabled)
      this.#excluded = {
        symbol: context.rename('PHISHED_EXCLUDED', config.phishing_feed_exclusion_symbol),
        map: maps.open(required(context, 'phishing_feed_exclusion_map'), 'set', {
          description: 'phishing: hosts that no list is asked about',
          path: path('phishing_feed_exclusion_map'),
        }),
      };
  }

  get isNeeded(): boolean {
    return this.#feeds.length > 0 || this.#context.config.phishtank_enabled;
  }

  get symbols(): readonly (Sym | DynamicSymbol)[] {
    return [
      ...this.#feeds.map(({ symbol }) => symbol),
      ...(this.#context.config.phishtank_enabled ? (['PHISHED_PHISHTANK'] as const) : []),
      ...(this.#excluded ? [this.#excluded.symbol] : []),
    ];
  }

  async run(task: Task, hit: InsertHit<Sym>): Promise<void> {
    const names = new Map<string, { readonly url: UrlView; readonly weight: number }>();
    const limit = this.#context.options.maxDnsRequests ?? defaultDnsRequests;
    for (const url of task.content.urls) {
      if (this.#excluded && (await holds(this.#excluded.map, url, task.signal))) {
        hit(this.#excluded.symbol, 1, url.host);
        continue;
      }
      for (const { symbol, feed } of this.#feeds) {
        const listed = feed.find(url);
        if (listed) hit(symbol, listed.weight, ...listed.options);
      }
      if (this.#context.config.phishtank_enabled) this.#addNames(names, url, limit);
    }
    const answers = await Promise.all(
      [...names].map(async ([name, { url, weight }]) => ({
        url,
        weight,
        answer: await this.#context.dns.resolve(name, 'a', { signal: task.signal }),
      })),
    );
    for (const { url, weight, answer } of answers) {
      if (answer.status === 'ok' && answer.records.some((record) => record.startsWith('127.')))
        hit('PHISHED_PHISHTANK', weight, url.host);
    }
  }

  /** Names under which a link may be listed, each once, up to the limit. */
  #addNames(
    names: Map<string, { readonly url: UrlView; readonly weight: number }>,
    url: UrlView,
    limit: number,
  ): void {
    const path = url.path.slice(1);
    if (path === '') return;
    const add = (weight: number, ...pieces: readonly string[]): void => {
      const name = `${shortHash(32, ...pieces)}.${this.#context.config.phishtank_suffix}`;
      if (names.size < limit && !names.has(name)) names.set(name, { url, weight });
    };
    add(url.query === '' ? 1 : 0.3, url.host, path);
    if (url.query !== '') add(1, url.host, path, url.query);
  }
}

function required(context: Context, option: 'generic_service_map' | 'phishing_feed_exclusion_map'): unknown {
  const value = context.config[option];
  if (value === undefined)
    throw context.configError([option], `${option} is needed when it is enabled`, 'a map');
  return value;
}
