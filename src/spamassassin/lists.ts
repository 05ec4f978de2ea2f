/** Addresses and hosts that rule files name, for the functions that ask for them. */

interface AddressList {
  readonly patterns: RegExp[];
}

const sameAs: Readonly<Record<string, string>> = {
  whitelist_from: 'welcomelist_from',
  unwhitelist_from: 'unwelcomelist_from',
  blacklist_from: 'blocklist_from',
  unblacklist_from: 'unblocklist_from',
  whitelist_to: 'welcomelist_to',
  blacklist_to: 'blocklist_to',
  whitelist_bounce_relays: 'welcomelist_bounce_relays',
  whitelist_from_spf: 'welcomelist_from_spf',
  def_whitelist_from_spf: 'def_welcomelist_from_spf',
  whitelist_from_dkim: 'welcomelist_from_dkim',
  def_whitelist_from_dkim: 'def_welcomelist_from_dkim',
  whitelist_from_rcvd: 'welcomelist_from_rcvd',
  def_whitelist_from_rcvd: 'def_welcomelist_from_rcvd',
  whitelist_auth: 'welcomelist_auth',
  def_whitelist_auth: 'def_welcomelist_auth',
  whitelist_uri_host: 'welcomelist_uri_host',
  blacklist_uri_host: 'blocklist_uri_host',
  freemail_whitelist: 'freemail_welcomelist',
};

/** `*` any text, `?` one character, as in lists of addresses of SpamAssassin. */
function globPattern(glob: string): RegExp {
  const source = glob
    .toLowerCase()
    .replace(/\*+/g, '*')
    .replace(/[\\^$.()[\]{}|/+]|[*?]/g, (char) => (char === '*' ? '.*' : char === '?' ? '.' : `\\${char}`));
  return new RegExp(`^${source}$`);
}

/** More wildcards than this would take long on some addresses. */
const maxWildcards = 4;

/** Roles and machines, which freemail rules leave alone wherever they are. */
const roleAddress =
  /^(?:abuse|support|sales|info|helpdesk|contact|kontakt|(?:post|host|domain)master|undisclosed.*|request-[a-f0-9]{16}|bounced?-|[a-f0-9]{8}[.-][a-f0-9.-]{8,27}|[^=]+=[^=]+=.+)@/;

export class AddressLists {
  readonly #lists = new Map<string, AddressList>();
  readonly #uriHosts = new Map<string, Set<string>>();
  readonly #fromRelays = new Map<string, { readonly pattern: RegExp; readonly relay: string }[]>();
  readonly #freemailDomains = new Set<string>();
  readonly #freemailPatterns: RegExp[] = [];
  readonly #freemailExceptions = new Set<string>();

  /** Takes a line that names addresses, hosts or domains; false: it does not. */
  read(given: string, value: string): boolean {
    const key = sameAs[given] ?? given;
    switch (key) {
      case 'freemail_domains':
        for (const domain of value.toLowerCase().split(/\s+/)) this.#freemail(domain);
        return true;
      case 'freemail_welcomelist':
        for (const entry of value.toLowerCase().split(/\s+/)) this.#freemailExceptions.add(entry);
        return true;
      case 'welcomelist_from':
      case 'blocklist_from':
      case 'welcomelist_to':
      case 'blocklist_to':
      case 'more_spam_to':
      case 'all_spam_to':
      case 'welcomelist_auth':
      case 'def_welcomelist_auth':
      case 'welcomelist_from_spf':
      case 'def_welcomelist_from_spf':
        return this.#addresses(key, value.split(/\s+/));
      case 'welcomelist_from_dkim':
      case 'def_welcomelist_from_dkim':
        // A second word names another signer: such entries prove nothing about the author.
        return this.#addresses(key, value.split(/\s+/).length === 1 ? [value] : []);
      case 'welcomelist_from_rcvd':
      case 'def_welcomelist_from_rcvd':
        return this.#received(key, value.toLowerCase().split(/\s+/));
      case 'unwelcomelist_from':
      case 'unblocklist_from':
        return this.#remove(key.slice(2), value.split(/\s+/));
      case 'enlist_addrlist': {
        const [, name, entries] = /^\((\w+)\)\s*([\s\S]*)$/.exec(value) ?? [];
        return name !== undefined && this.#addresses(`addrlist ${name.toLowerCase()}`, entries!.split(/\s+/));
      }
      case 'enlist_uri_host': {
        const [, name, entries] = /^\((\w+)\)\s*([\s\S]*)$/.exec(value) ?? [];
        return name !== undefined && this.#hosts(name, entries!);
      }
      case 'delist_uri_host': {
        const [, name, entries] = /^\((\w+)\)\s*([\s\S]*)$/.exec(value) ?? [];
        if (name === undefined) return false;
        for (const host of entries!.toLowerCase().split(/\s+/))
          this.#uriHosts.get(name.toLowerCase())?.delete(host);
        return true;
      }
      case 'blocklist_uri_host':
        return this.#hosts('block', value);
      case 'welcomelist_uri_host':
        return this.#hosts('welcome', value);
      case 'welcomelist_bounce_relays':
        return this.#addresses(key, value.split(/\s+/));
      default:
        return false;
    }
  }

  isFilled(list: string): boolean {
    return (this.#lists.get(list)?.patterns.length ?? 0) > 0;
  }

  /** @param address lower case */
  has(list: string, address: string): boolean {
    return this.#lists.get(list)?.patterns.some((pattern) => pattern.test(address)) ?? false;
  }

  /** Does the list hold the address for mail that comes from this host, or from one below it? */
  hasFromRelay(list: string, address: string, relayName: string): boolean {
    const host = relayName.toLowerCase();
    return (
      this.#fromRelays
        .get(list)
        ?.some(
          ({ pattern, relay }) => pattern.test(address) && (host === relay || host.endsWith(`.${relay}`)),
        ) ?? false
    );
  }

  /** Is one of the host's domains in a list of hosts? An entry with `!` takes a host out again. */
  hasHost(list: string, host: string): boolean {
    const hosts = this.#uriHosts.get(list.toLowerCase());
    if (hosts === undefined) return false;
    for (let name = host; name !== ''; name = name.includes('.') ? name.slice(name.indexOf('.') + 1) : '') {
      if (hosts.has(`!${name}`)) return false;
      if (hosts.has(name)) return true;
    }
    return false;
  }

  get hasFreemail(): boolean {
    return this.#freemailDomains.size > 0 || this.#freemailPatterns.length > 0;
  }

  /** @param address lower case */
  isFreemail(address: string): boolean {
    const domain = address.slice(address.lastIndexOf('@') + 1);
    if (this.#freemailExceptions.has(address) || this.#freemailExceptions.has(domain)) return false;
    if (roleAddress.test(address)) return false;
    return (
      this.#freemailDomains.has(domain) || this.#freemailPatterns.some((pattern) => pattern.test(domain))
    );
  }

  #freemail(domain: string): void {
    if (!/^[a-z0-9.*?-]+$/.test(domain)) return;
    if (!/[*?]/.test(domain)) {
      this.#freemailDomains.add(domain);
      return;
    }
    const source = domain.replace(/[.*?]/g, (char) => (char === '.' ? '\\.' : char === '?' ? '.' : '[^.]*'));
    this.#freemailPatterns.push(new RegExp(`^${source}$`));
  }

  #addresses(name: string, entries: readonly string[]): boolean {
    const list = this.#lists.get(name) ?? { patterns: [] };
    for (const entry of entries) {
      if (entry !== '' && entry.replace(/[^*]/g, '').length <= maxWildcards)
        list.patterns.push(globPattern(entry));
    }
    this.#lists.set(name, list);
    return true;
  }

  #received(name: string, [address = '', relay = '']: readonly string[]): boolean {
    if (address.replace(/[^*]/g, '').length > maxWildcards || relay === '') return true;
    const list = this.#fromRelays.get(name) ?? [];
    list.push({ pattern: globPattern(address), relay: relay.replace(/^\*\./, '') });
    this.#fromRelays.set(name, list);
    return true;
  }

  #remove(name: string, entries: readonly string[]): boolean {
    const gone = new Set(entries.map((entry) => globPattern(entry).source));
    const left = this.#lists.get(name)?.patterns.filter(({ source }) => !gone.has(source)) ?? [];
    this.#lists.set(name, { patterns: left });
    return true;
  }

  #hosts(name: string, value: string): boolean {
    const key = name.toLowerCase();
    const hosts = this.#uriHosts.get(key) ?? new Set();
    for (const host of value.toLowerCase().split(/\s+/)) if (host !== '') hosts.add(host);
    this.#uriHosts.set(key, hosts);
    return true;
  }
}
