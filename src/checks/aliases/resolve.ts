import type { MailAddress } from '../../core/index.ts';
import { type TagRules, untag } from './tags.ts';

/** A source of aliases. */
export interface AliasSource {
  /** Targets under that name, in lower case: `user@domain`, `user` or `@domain`. */
  find(name: string): readonly string[] | undefined;
  /** Names are whole addresses and domains too, not only users of local domains. */
  readonly isVirtual: boolean;
}

export interface ResolveRules extends TagRules {
  readonly sources: readonly AliasSource[];
  readonly maxDepth: number;
  /** Every target of an alias with several; else the first. */
  readonly expandsMultiple: boolean;
  isLocalDomain(domain: string): boolean;
}

/** An address an alias led to. */
export interface Resolved {
  readonly address: MailAddress;
  /** Addresses on the way, the first and the last included. */
  readonly chain: readonly string[];
}

export interface Resolution {
  /** One address, or the targets of an alias. */
  readonly targets: readonly Resolved[];
  /** Tags that were taken away from the address itself. */
  readonly tags: readonly string[];
  /** Did a table change it? */
  readonly isAlias: boolean;
}

function make(local: string, domain: string): MailAddress {
  return { text: domain === '' ? local : `${local}@${domain}`, local, domain };
}

/** A target relative to the address it stands for. */
function targetAddress(target: string, source: MailAddress): MailAddress {
  // A leading backslash only says that no further alias applies (aliases(5)).
  const text = target.startsWith('\\') ? target.slice(1) : target;
  const at = text.lastIndexOf('@');
  if (at < 0) return make(text, source.domain);
  return make(at === 0 ? source.local : text.slice(0, at), text.slice(at + 1).toLowerCase());
}

/** Follows aliases and takes tags away, within bounds. */
export class AddressResolver {
  readonly #rules: ResolveRules;

  constructor(rules: ResolveRules) {
    this.#rules = rules;
  }

  /**
   * What an address stands for; undefined: itself.
   *
   * @param maxTargets most addresses that may come out
   */
  resolve(address: MailAddress, maxTargets: number): Resolution | undefined {
    const { sources } = this.#rules;
    if (address.local === '') return undefined;
    if (sources.length > 0) {
      const found = new Map<string, Resolved>();
      this.#follow(address, [address.text], new Set(), found, Math.max(1, maxTargets));
      const targets = [...found.values()];
      const [first] = targets;
      if (first && (targets.length > 1 || first.chain.length > 1)) {
        return {
          targets,
          tags: untag(address.local, address.domain, this.#rules)?.tags ?? [],
          isAlias: true,
        };
      }
    }
    const bare = untag(address.local, address.domain, this.#rules);
    if (!bare) return undefined;
    const target = make(bare.local, bare.domain);
    return { targets: [{ address: target, chain: [address.text] }], tags: bare.tags, isAlias: false };
  }

  /** Puts what an address stands for into `targets`, each once, by its text in lower case. */
  #follow(
    address: MailAddress,
    chain: readonly string[],
    seen: Set<string>,
    targets: Map<string, Resolved>,
    max: number,
  ): void {
    const bare = untag(address.local, address.domain, this.#rules);
    const plain = bare ? make(bare.local, bare.domain) : address;
    const plainKey = plain.text.toLowerCase();
    const found =
      chain.length > this.#rules.maxDepth
        ? undefined
        : (this.#find(address) ?? (bare ? this.#find(plain) : undefined));
    seen.add(address.text.toLowerCase()).add(plainKey);
    let isEnd = !found;
    for (const target of this.#rules.expandsMultiple ? (found ?? []) : (found ?? []).slice(0, 1)) {
      if (targets.size >= max) return;
      const next = targetAddress(target, plain);
      const key = next.text.toLowerCase();
      if (next.local === '') continue;
      if (key === plainKey || (seen.has(key) && chain.some((text) => text.toLowerCase() === key))) {
        // `joe: joe, other@example.com` keeps a copy at home; a longer loop ends where it would begin anew.
        isEnd = true;
      } else if (!seen.has(key)) {
        const path = [...chain, next.text];
        if (target.startsWith('\\')) {
          seen.add(key);
          targets.set(key, { address: next, chain: path });
        } else this.#follow(next, path, seen, targets, max);
      }
    }
    if (isEnd && targets.size < max) targets.set(plainKey, { address: plain, chain });
  }

  #find({ local, domain }: MailAddress): readonly string[] | undefined {
    const user = local.toLowerCase();
    const isLocal = domain === '' || this.#rules.isLocalDomain(domain);
    for (const { find, isVirtual } of this.#rules.sources) {
      const found =
        (isVirtual && domain !== '' ? find(`${user}@${domain}`) : undefined) ??
        (isLocal ? find(user) : undefined) ??
        (isVirtual && domain !== '' ? find(`@${domain}`) : undefined);
      if (found) return found;
    }
    return undefined;
  }
}
