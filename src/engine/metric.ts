import type { Configuration, GroupConfig, SymbolDef } from '../core/index.ts';

/** A group with its caps, and its place in a result's table of sums. */
export interface Group {
  readonly name: string;
  readonly index: number;
  readonly maxScore: number | undefined;
  readonly minScore: number | undefined;
  readonly enabled: boolean;
  readonly description: string | undefined;
}

/** A symbol as it is scored: the check's declaration overlaid by the configuration (config-format 11). */
export interface MetricSymbol {
  readonly name: string;
  readonly score: number;
  readonly description: string | undefined;
  readonly groups: readonly Group[];
  readonly maxShots: number;
  readonly oneParam: boolean;
  readonly isEnabled: boolean;
}

type MetricSettings = Pick<Configuration, 'groups' | 'symbols' | 'unknownWeight' | 'options'>;

/** All symbols and groups of one configuration. */
export class Metric {
  readonly #symbols = new Map<string, MetricSymbol>();
  readonly #groups = new Map<string, Group>();
  readonly #declared = new Set<string>();
  readonly #settings: MetricSettings;

  constructor(settings: MetricSettings) {
    this.#settings = settings;
    for (const [name] of settings.groups) this.#group(name);
    for (const [name] of settings.symbols) this.#symbols.set(name, this.#build(name, undefined, undefined));
  }

  get symbols(): Iterable<MetricSymbol> {
    return this.#symbols.values();
  }

  get groups(): readonly Group[] {
    return [...this.#groups.values()];
  }

  group(name: string): Group | undefined {
    return this.#groups.get(name);
  }

  get(name: string): MetricSymbol | undefined {
    return this.#symbols.get(name);
  }

  /** Adds the declaration of a symbol. What the configuration says of it wins; a second declaration changes nothing. */
  declare(name: string, def: SymbolDef, defaultGroup: string): MetricSymbol {
    const known = this.#symbols.get(name);
    if (known && this.#declared.has(name)) return known;
    return this.redeclare(name, def, defaultGroup);
  }

  /** Replaces the declaration of a symbol, as a check does whose options say more than its defaults. */
  redeclare(name: string, def: SymbolDef, defaultGroup: string): MetricSymbol {
    this.#declared.add(name);
    const symbol = this.#build(name, def, defaultGroup);
    this.#symbols.set(name, symbol);
    return symbol;
  }

  /** Definition for a symbol nobody declared, such as one that settings insert. */
  getOrUnknown(name: string): MetricSymbol {
    return this.#symbols.get(name) ?? this.#build(name, undefined, undefined);
  }

  #group(name: string): Group {
    const known = this.#groups.get(name);
    if (known) return known;
    const config: GroupConfig | undefined = this.#settings.groups.get(name);
    const group: Group = {
      name,
      index: this.#groups.size,
      maxScore: config?.maxScore,
      minScore: config?.minScore,
      enabled: config?.enabled ?? true,
      description: config?.description,
    };
    this.#groups.set(name, group);
    return group;
  }

  #build(name: string, def: SymbolDef | undefined, defaultGroup: string | undefined): MetricSymbol {
    const config = this.#settings.symbols.get(name);
    const { options } = this.#settings;
    const names = new Set(config?.groups ?? []);
    if (names.size === 0)
      for (const group of def?.groups ?? (defaultGroup ? [defaultGroup] : [])) names.add(group);
    const groups = [...names].map((group) => this.#group(group));
    const isOneShot =
      config?.oneShot ??
      (def?.oneShot ||
        options.oneShot ||
        groups.some((group) => this.#settings.groups.get(group.name)?.oneShot));
    return {
      name,
      score: config?.score ?? def?.score ?? (def || config ? 0 : (this.#settings.unknownWeight ?? 0)),
      description: config?.description ?? def?.description,
      groups,
      maxShots: config?.maxShots ?? (isOneShot ? 1 : options.defaultMaxShots),
      oneParam: config?.oneParam ?? false,
      isEnabled: (config?.enabled ?? true) && groups.every((group) => group.enabled),
    };
  }
}
