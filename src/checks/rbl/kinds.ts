import type { CheckContext } from '../../core/index.ts';
import type { CheckKind, Config, RuleOptions } from './options.ts';

type Context = CheckContext<Config, string>;

/** Options of a rule that the `default_…` options of the section fill in. */
export interface RuleSwitches {
  readonly enabled: boolean;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly skipsAddresses: boolean;
  readonly tellsUnknown: boolean;
  readonly excludesUsers: boolean;
  readonly excludesLocal: boolean;
  readonly dkimDomainOnly: boolean;
  readonly dkimMatchesFrom: boolean;
  readonly emailsDomainOnly: boolean;
  readonly flattensSelectors: boolean;
  readonly hopFlags: readonly string[];
  readonly missingHopFlags: readonly string[];
}

/**
 * Fills in defaults. With `ignore_defaults` the section's do not hold: what is not said is off, but for what a list
 * would be pointless without.
 */
export function ruleSwitches(rule: RuleOptions, config: Config): RuleSwitches {
  const ignores = rule.ignore_defaults ?? rule.ignore_default ?? false;
  const pick = (own: boolean | undefined, ofSection: boolean, without: boolean): boolean =>
    own ?? (ignores ? without : ofSection);
  const excludeLocal = config.default_exclude_private_ips ?? config.default_exclude_local;
  return {
    enabled: rule.disabled === true ? false : pick(rule.enabled, config.default_enabled, true),
    ipv4: pick(rule.ipv4, config.default_ipv4, true),
    ipv6: pick(rule.ipv6, config.default_ipv6, true),
    skipsAddresses: pick(rule.no_ip, config.default_no_ip, false),
    tellsUnknown: pick(rule.unknown, config.default_unknown, false),
    excludesUsers: pick(rule.exclude_users, config.default_exclude_users, false),
    excludesLocal: pick(rule.exclude_local ?? rule.exclude_private_ips, excludeLocal, false),
    dkimDomainOnly: pick(rule.dkim_domainonly, config.default_dkim_domainonly, false),
    dkimMatchesFrom: pick(rule.dkim_match_from, config.default_dkim_match_from, false),
    emailsDomainOnly:
      rule.emails === 'domain_only' || pick(rule.emails_domainonly, config.default_emails_domainonly, false),
    flattensSelectors: pick(rule.selector_flatten, config.default_selector_flatten, true),
    hopFlags: rule.received_flags ?? (ignores ? [] : (config.default_received_flags ?? [])),
    missingHopFlags: rule.received_nflags ?? (ignores ? [] : (config.default_received_nflags ?? [])),
  };
}

const switchKinds = [
  'from',
  'received',
  'helo',
  'rdns',
  'urls',
  'content_urls',
  'numeric_urls',
  'images',
  'emails',
  'replyto',
  'dkim',
] as const satisfies readonly CheckKind[];

/** What a rule looks at, from `checks` and the older switches together; `from` when it says nothing. */
export function ruleKinds(name: string, rule: RuleOptions, context: Context): ReadonlySet<CheckKind> {
  const kinds = new Set<CheckKind>(rule.checks ?? []);
  for (const kind of switchKinds) if (rule[kind]) kinds.add(kind);
  if (rule.selector !== undefined) kinds.add('selector');
  for (const kind of rule.exclude_checks) kinds.delete(kind);
  if (kinds.has('selector') && rule.selector === undefined)
    throw context.configError([name, 'checks'], '`selector` among `checks` needs the option `selector`');
  const saysNothing = rule.checks === undefined && switchKinds.every((kind) => rule[kind] === undefined);
  if (kinds.size === 0 && saysNothing && rule.exclude_checks.length === 0) kinds.add('from');
  return kinds;
}
