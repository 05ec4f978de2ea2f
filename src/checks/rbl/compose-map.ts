import { domainInfo } from '../../content/index.ts';
import type { MapHandle } from '../../core/index.ts';

interface ComposeRule {
  /** Labels below which the rule holds, as text. */
  readonly suffix: string;
  /** `!`: the registered domain all the same. `*.`: the whole host; else one label more than the suffix. */
  readonly kind: 'registered' | 'whole' | 'oneMore';
}

const maxLines = 100_000;

/**
 * Domains below which one registered domain is not enough to tell customers apart: `example.com` takes one label more,
 * `*.example.com` the whole host, `!own.example.com` is left as it is.
 */
export class ComposeMap {
  readonly #map: MapHandle;
  #rules: ReadonlyMap<string, readonly ComposeRule[]> = new Map();

  /** @param map a `plain` map */
  constructor(map: MapHandle) {
    this.#map = map;
    map.onChange(() => this.#read());
    this.#read();
  }

  /** What to ask for a host. */
  compose(host: string, domain: string): string {
    for (const { suffix, kind } of this.#rules.get(domain) ?? []) {
      if (host !== suffix && !host.endsWith(`.${suffix}`)) continue;
      if (kind === 'registered') return domain;
      if (kind === 'whole' || host === suffix) return host;
      const above = host.slice(0, -suffix.length - 1);
      return `${above.slice(above.lastIndexOf('.') + 1)}.${suffix}`;
    }
    return domain;
  }

  #read(): void {
    const rules = new Map<string, ComposeRule[]>();
    for (const written of (this.#map.text() ?? '').split('\n', maxLines)) {
      const rule = readRule(written.replace(/#.*/, '').trim().toLowerCase());
      if (!rule) continue;
      const { domain } = domainInfo(rule.suffix);
      const list = rules.get(domain);
      if (list) list.push(rule);
      else rules.set(domain, [rule]);
    }
    // Exceptions first, then the most special rule.
    const labels = ({ suffix }: ComposeRule): number => suffix.split('.').length;
    const order = ({ kind }: ComposeRule): number => (kind === 'registered' ? 0 : 1);
    for (const list of rules.values()) list.sort((a, b) => order(a) - order(b) || labels(b) - labels(a));
    this.#rules = rules;
  }
}

function readRule(line: string): ComposeRule | undefined {
  if (line === '') return undefined;
  if (line.startsWith('!')) return { suffix: line.slice(1), kind: 'registered' };
  if (line.startsWith('*.')) return { suffix: line.slice(2), kind: 'whole' };
  return { suffix: line, kind: 'oneMore' };
}
