import type { CheckContext } from '../../core/index.ts';
import { ListHealth } from './health.ts';
import type { CheckKind, Config, RuleOptions } from './options.ts';
import type { StockSymbol } from './stock-symbols.ts';

type Context = Pick<CheckContext<Config, StockSymbol>, 'dns' | 'clock' | 'log' | 'metrics'>;

/** Health of all lists: those of one zone share what is known of it. */
export class HealthTable {
  readonly #context: Context;
  readonly #gauge: ReturnType<Context['metrics']['gauge']>;
  readonly #known = new Map<string, { readonly health: ListHealth; readonly lists: string[] }>();

  constructor(context: Context) {
    this.#context = context;
    this.#gauge = context.metrics.gauge(
      'postern_rbl_up',
      'DNS lists that are asked: 1, or 0 for one that seems to be dead',
      ['list'],
      'max',
    );
  }

  of(name: string, rule: RuleOptions, kinds: ReadonlySet<CheckKind>): ListHealth {
    const zone = (rule.rbl ?? '').replace(/\.$/, '').toLowerCase();
    // RFC 5782 5: lists of addresses never hold 127.0.0.1; for names there is no such promise but a random one.
    const isRandom =
      rule.random_monitored ?? ((!kinds.has('from') && !kinds.has('received')) || rule.no_ip === true);
    const probeName = isRandom ? undefined : rule.monitored_address;
    const key = `${probeName ?? ''} ${zone}`;
    this.#gauge.set(1, { list: name });
    const known = this.#known.get(key);
    if (known) {
      known.lists.push(name);
      return known.health;
    }
    const lists = [name];
    const { dns, clock, log } = this.#context;
    const health = new ListHealth({
      zone,
      probeName,
      dns,
      clock,
      log,
      onChange: (state) => {
        for (const list of lists) this.#gauge.set(state === 'up' ? 1 : 0, { list });
      },
    });
    this.#known.set(key, { health, lists });
    return health;
  }
}
