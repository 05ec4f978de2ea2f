import { type CheckUnit, ConfigError, type ConfigProblem, defineCheck } from '../../core/index.ts';
import type { ListCounters } from './asking.ts';
import { HealthTable } from './health-table.ts';
import { config } from './options.ts';
import { type CompiledRule, compileRule, openLocalMap, type Shared } from './rule.ts';
import { ScanStates } from './scan-state.ts';
import { defaultLimit } from './sources.ts';
import { type StockSymbol, stockSymbols } from './stock-symbols.ts';

/** Longest that one list may take for one message, whatever `task_timeout` says. */
const maxLimitMs = 5_000;
/** Part of `task_timeout` after which answers come too late for composites and actions. */
const shareOfTask = 0.6;

const oldSwitches = [
  'default_from',
  'default_received',
  'default_helo',
  'default_rdns',
  'default_emails',
  'default_dkim',
] as const;

export const rbl = defineCheck({
  name: 'rbl',
  summary: 'Asks DNS lists about the client, earlier hops, links, addresses and domains of a message.',
  details: [
    'Every object in `rbls` is a list by its name. The lists that Rspamd ships are there; say `enabled = false` to drop one:',
    '',
    '```',
    '# local.d/rbl.conf',
    'rbls {',
    '  spamhaus { enabled = false }',
    '  mine { rbl = "bl.example.org"; checks = ["from", "urls"]; returncodes { MINE_BAD = "127.0.0.2" } }',
    '}',
    '```',
    '',
    '**Outbound mail.** Lists of addresses (`spamhaus`, `mailspike`, `sem`, `dnswl`, `virusfree`, `blocklistde`,',
    '`dnswl_dwl`) leave logins and local clients alone: `default_exclude_users` (stock) and `default_exclude_local`. Lists',
    'of links and addresses have `ignore_defaults`, so they look at mail of every direction, and those with `helo` and',
    '`rdns` among their checks at the names of your own clients too. Give such a list `exclude_users` or `exclude_local`,',
    'or `exclude_checks = ["helo", "rdns"]`, to change that.',
    '',
    '**Answers.** Without `returncodes` and `returnbits` any answer within 127.0.0.0/8 gives `symbol`; an answer outside',
    'is that of a resolver that rewrites answers and counts only where `returncodes` name it. Options of a symbol are',
    '`what:where`, several places joined by a comma, and the answer where it has no symbol of its own. A list that cannot',
    'be asked gives `SYMBOL_FAIL`, with score 0.',
    '',
    '**Time.** All lists are asked at once, equal names once. A list has five seconds, or less where `task_timeout` is',
    'short. A list asks about `requests_limit` links and as many addresses of one message, all lists together at most',
    'eight times `options.dns_max_requests`.',
    '',
    '**Dead lists.** A list that mail asks is probed once a minute, by a name that must not be listed. One that lists it, or',
    'leaves five questions in a row unanswered, is not asked any more; that is logged, `postern_rbl_up` falls to 0, and',
    'probes find out when it is back. A list does not count before its first probe has ended.',
    '',
    'Symbols without score in this page are declared by the configuration, with score 0 in group `rbl`.',
  ].join('\n'),
  group: 'rbl',
  stage: 'filter',
  direction: 'both',
  needs: [],
  config,
  symbols: stockSymbols,
  create(context) {
    const { config: settings, options, metrics, maps } = context;
    for (const name of oldSwitches)
      if (settings[name] !== undefined)
        context.warn([name], `\`${name}\` has no effect; name the kinds in \`checks\` of each list`);
    for (const [index, spec] of settings.attached_maps.entries())
      maps.open(spec, 'set', {
        description: typeof spec['description'] === 'string' ? spec['description'] : `map ${index} of lists`,
        path: context.path('attached_maps', index),
      });
    const open = (
      key: 'local_exclude_ip_map' | 'disabled_rbl_suffixes_map' | 'url_whitelist',
      kind: 'radix' | 'set',
      description: string,
    ) =>
      settings[key] === undefined
        ? undefined
        : openLocalMap(context, settings[key], kind, description, [key]);
    const health = new HealthTable(context);
    const isMonitoringOff = settings.disable_monitoring || options.isMonitoringOff === true;
    const shared: Shared = {
      context,
      states: new ScanStates(options.maxDnsRequests ?? defaultLimit),
      healthOf: (name, rule, kinds) =>
        isMonitoringOff || rule.disable_monitoring ? undefined : health.of(name, rule, kinds),
      counters: counters(metrics),
      localExclusions: open('local_exclude_ip_map', 'radix', 'addresses that lists are not asked about'),
      disabledZones: open('disabled_rbl_suffixes_map', 'set', 'zones that are not asked'),
      urlWhitelist: open('url_whitelist', 'set', 'domains that lists are not asked about'),
      limitMs: Math.min(maxLimitMs, (options.taskTimeoutMs ?? Number.POSITIVE_INFINITY) * shareOfTask),
    };
    const rules: CompiledRule[] = [];
    const problems: ConfigProblem[] = [];
    for (const [name, rule] of Object.entries({ ...settings.rbls, ...settings.rules })) {
      try {
        const compiled = compileRule(name, rule, shared);
        if (compiled) rules.push(compiled);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        problems.push(...error.problems);
      }
    }
    if (problems.length > 0) throw new ConfigError(problems);
    return rules.length === 0 ? undefined : units(rules);
  },
});

/** Units of all lists, and the two that other rules wait for. */
function units(rules: readonly CompiledRule[]): readonly CheckUnit<StockSymbol>[] {
  const allowLists = rules.filter(({ isAllowList }) => isAllowList);
  const others = rules.filter(({ isAllowList }) => !isAllowList);
  // Lists are asked together; one that heeds allow lists only has to wait for what they wait for.
  const ofAllowLists = allowLists.flatMap(({ after }) => after);
  const gate = (name: string, after: readonly CompiledRule[]): CheckUnit<StockSymbol> => ({
    name,
    symbols: [],
    after: after.map(({ unitName }) => unitName),
    run() {},
  });
  return [
    ...[...allowLists, ...others].flatMap((rule) =>
      rule.units([...rule.after, ...(rule.heedsAllowLists ? ofAllowLists : [])]),
    ),
    gate('RBL_CALLBACK_WHITE', allowLists),
    gate('RBL_CALLBACK', others),
  ];
}

type Context = Parameters<typeof rbl.create>[0];

function counters(metrics: Context['metrics']): ListCounters {
  const questions = metrics.counter('postern_rbl_questions_total', 'Questions to DNS lists', ['list']);
  const hits = metrics.counter('postern_rbl_hits_total', 'Answers of DNS lists that gave a symbol', ['list']);
  const failures = metrics.counter('postern_rbl_failures_total', 'Questions to DNS lists without answer', [
    'list',
  ]);
  return {
    question: (list) => questions.add(1, { list }),
    hit: (list) => hits.add(1, { list }),
    failure: (list) => failures.add(1, { list }),
  };
}
