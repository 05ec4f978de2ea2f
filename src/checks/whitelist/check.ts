import {
  type CheckContext,
  type CheckUnit,
  type DynamicSymbol,
  defineCheck,
  directionFilter,
  type InsertHit,
  type MapHandle,
  type SymbolDef,
  type Task,
} from '../../core/index.ts';
import { candidates, isDecided, type Judgement, judge, type Listing, readListing } from './judge.ts';
import { type WhitelistOptions, type WhitelistRule, whitelistOptions } from './options.ts';

type Context = CheckContext<WhitelistOptions, never>;

/** What Rspamd's shipped files say of its own rules. */
const stockSymbols: Readonly<Record<string, SymbolDef>> = {
  WHITELIST_SPF: { score: -1, groups: ['whitelist', 'spf'], description: 'A listed domain, SPF passed' },
  BLACKLIST_SPF: { score: 1, groups: ['whitelist', 'spf'], description: 'A listed domain, SPF did not pass' },
  WHITELIST_DKIM: { score: -1, groups: ['whitelist', 'dkim'], description: 'A listed domain signed' },
  BLACKLIST_DKIM: {
    score: 2,
    groups: ['whitelist', 'dkim'],
    description: "A listed domain's signature does not verify",
  },
  WHITELIST_SPF_DKIM: {
    score: -3,
    groups: ['whitelist', 'spf', 'dkim'],
    description: 'A listed domain, SPF passed and it signed',
  },
  BLACKLIST_SPF_DKIM: {
    score: 3,
    groups: ['whitelist', 'spf', 'dkim'],
    description: 'A listed domain, SPF did not pass or its signature does not verify',
  },
  WHITELIST_DMARC: {
    score: -7,
    groups: ['whitelist', 'dmarc', 'spf', 'dkim'],
    description: 'A listed domain, DMARC passed',
  },
  BLACKLIST_DMARC: {
    score: 6,
    groups: ['whitelist', 'dmarc', 'spf', 'dkim'],
    description: 'A listed domain, DMARC did not pass',
  },
};

export const whitelist = defineCheck({
  name: 'whitelist',
  summary:
    'Trusts listed domains that proved who they are by SPF, DKIM or DMARC, and distrusts those that did not.',
  details: [
    'A rule holds when everything it needs (`valid_spf`, `valid_dkim`, `valid_dmarc`) passed and the domain is listed.',
    'Entries marked `bl:` or `both:` also tell mail that fails, with `inverse_symbol` or the rule with the opposite sign.',
    'Looked up is the registered domain (for DMARC also the domain of From itself). Options of the symbol are',
    '`domain:kind:sign`, kind `s`, `d` or `D`.',
    '',
    'What was not checked (mail of logins, local addresses) and what DNS failed to answer says nothing either way; and',
    '`+all` is no proof.',
    '',
    'The rules of Rspamd stand from the start, with its lists from the network, files of its package in',
    '`$CONFDIR/maps.d` where they exist, and your own in `local.d/maps.d`: `spf_whitelist.inc.local`,',
    '`dkim_whitelist.inc.local`, `spf_dkim_whitelist.inc.local`, `dmarc_whitelist.inc.local`.',
  ].join('\n'),
  group: 'whitelist',
  stage: 'filter',
  direction: 'both',
  needs: [],
  config: whitelistOptions,
  unsupported: {
    spf_allow_symbol: 'results are read where the checks leave them, not from symbols',
    dkim_allow_symbol: 'results are read where the checks leave them, not from symbols',
    dmarc_allow_symbol: 'results are read where the checks leave them, not from symbols',
  },
  symbols: {},
  create(context) {
    const leavesFailures = directionFilter(context.config, context.options);
    const units = Object.entries(context.config.rules).flatMap(
      ([name, rule]) => compileRule(name, rule, context, leavesFailures) ?? [],
    );
    return units.length === 0 ? undefined : units;
  },
});

function compileRule(
  name: string,
  rule: WhitelistRule,
  context: Context,
  leavesFailures: (task: Task) => boolean,
): CheckUnit<never> | undefined {
  if (!rule.enabled) return undefined;
  if (!rule.valid_spf && !rule.valid_dkim && !rule.valid_dmarc) {
    context.warn(
      ['rules', name],
      'the rule never holds: it needs neither valid_spf, valid_dkim nor valid_dmarc',
    );
    return undefined;
  }
  const symbol = declareSymbol(name, rule, context);
  const inverse =
    rule.inverse_symbol === undefined ? undefined : declareInverse(rule.inverse_symbol, rule, context);
  const map = context.maps.open(mapSpec(rule.domains), 'hash', {
    description: `whitelist: ${name}`,
    path: context.path('rules', name, 'domains'),
  });
  const tell = (task: Task, found: Judgement | undefined, hit: InsertHit<never>): void => {
    if (!found) return;
    const { isFailure, multiplier, options } = found;
    if (!isFailure) {
      hit(symbol, multiplier, ...options);
      return;
    }
    // Outbound mail may have been signed or sent in ways that the domain's records do not tell of.
    if ((rule.valid_spf || rule.valid_dmarc) && leavesFailures(task)) return;
    const sign = inverse === undefined && !rule.blacklist ? -1 : 1;
    hit(inverse ?? symbol, multiplier * sign * (rule.inverse_multiplier ?? 1), ...options);
  };
  const read = (value: string | undefined): Listing | undefined =>
    value === undefined ? undefined : readListing(value, rule);
  return {
    name,
    symbols: inverse === undefined ? [symbol] : [symbol, inverse],
    // DMARC needs both others.
    after: ['SPF_CHECK', 'DKIM_CHECK', 'DMARC_CHECK', 'R_SPF_ALLOW', 'R_DKIM_ALLOW', 'DMARC_POLICY_ALLOW'],
    waits: map.isExternal,
    run(task, hit) {
      const { authentication } = task;
      if (!isDecided(rule, authentication)) return undefined;
      if (map.isExternal) {
        return askAll(map, candidates(rule, authentication), task.signal).then((values) =>
          tell(
            task,
            judge(rule, authentication, (domain) => read(values.get(domain))),
            hit,
          ),
        );
      }
      return tell(
        task,
        judge(rule, authentication, (domain) => read(map.lookup(domain))),
        hit,
      );
    },
  };
}

async function askAll(
  map: MapHandle,
  domains: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string | undefined>> {
  const asked = Array.from(domains, async (domain) => [domain, await map.ask(domain, signal)] as const);
  return new Map(await Promise.all(asked));
}

function declareSymbol(name: string, rule: WhitelistRule, context: Context): DynamicSymbol {
  const stock = stockSymbols[name];
  return context.declare(name, {
    score: rule.score ?? stock?.score ?? 0,
    description: rule.description ?? stock?.description ?? 'A listed domain proved who it is',
    groups: rule.group === undefined ? (stock?.groups ?? ['whitelist']) : [rule.group],
    oneShot: rule.one_shot,
  });
}

function declareInverse(name: string, rule: WhitelistRule, context: Context): DynamicSymbol {
  const stock = stockSymbols[name];
  return context.declare(name, {
    score: stock?.score ?? -(rule.score ?? 0),
    description: stock?.description ?? 'A listed domain failed to prove who it is',
    groups: rule.group === undefined ? (stock?.groups ?? ['whitelist']) : [rule.group],
    oneShot: rule.one_shot,
  });
}

/** Lists may hold pairs of a domain and a multiplier, besides what maps understand. */
function mapSpec(value: WhitelistRule['domains']): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((entry: unknown) =>
    Array.isArray(entry) ? entry.map((part: unknown) => String(part)).join(' ') : entry,
  );
}
