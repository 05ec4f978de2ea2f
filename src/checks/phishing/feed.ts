import type { ConfigPath, MapHandle, Maps, UrlView } from '../../core/index.ts';

interface Entry {
  readonly path: string;
  readonly query: string;
  readonly options: readonly string[];
}

/** Links of one host that a list may hold; more would make a look-up slow. */
const maxEntriesPerHost = 10_000;

/** What a list says of a link. */
export interface Listed {
  /** 1: this very link; 0.3: its page, with another query. */
  readonly weight: number;
  readonly options: readonly string[];
}

/** A list of links of phishing, a link or an object a line. */
export class PhishingFeed {
  readonly #map: MapHandle;
  readonly #readLine: (line: string) => FeedLine | undefined;
  #hosts: ReadonlyMap<string, readonly Entry[]> = new Map();

  constructor(
    maps: Maps,
    spec: unknown,
    {
      form,
      description,
      path,
    }: { readonly form: 'links' | 'json'; readonly description: string; readonly path: ConfigPath },
  ) {
    this.#map = maps.open(spec, 'plain', { description, path });
    this.#readLine = form === 'json' ? readJson : (line) => ({ url: line, options: [] });
    this.#map.onChange(() => this.#load());
  }

  #load(): void {
    const hosts = new Map<string, Entry[]>();
    for (const written of (this.#map.text() ?? '').split('\n')) {
      const line = written.trim();
      const read = line === '' || line.startsWith('#') ? undefined : this.#readLine(line);
      const url = read && parse(read.url);
      if (!url) continue;
      const entries = hosts.get(url.host);
      const entry = { path: url.path, query: url.query, options: read.options };
      if (!entries) hosts.set(url.host, [entry]);
      else if (entries.length < maxEntriesPerHost) entries.push(entry);
    }
    this.#hosts = hosts;
  }

  find({ host, path, query }: UrlView): Listed | undefined {
    const entries = this.#hosts.get(host);
    if (!entries) return undefined;
    const wanted = path === '' ? '/' : path;
    let page: Entry | undefined;
    for (const entry of entries) {
      if (entry.path !== wanted) continue;
      // A list that names a page means it with every query.
      if (entry.query === '' || entry.query === query) return { weight: 1, options: describe(entry, host) };
      page ??= entry;
    }
    return page && { weight: 0.3, options: describe(page, host) };
  }
}

interface FeedLine {
  readonly url: string;
  readonly options: readonly string[];
}

function describe({ options }: Entry, host: string): readonly string[] {
  return options.length > 0 ? options : [host];
}

function parse(written: string): { host: string; path: string; query: string } | undefined {
  const text = /^https?:\/\//i.test(written) ? written : `http://${written}`;
  if (!URL.canParse(text)) return undefined;
  const { hostname, pathname, search } = new URL(text);
  return { host: hostname.replace(/^\[|\]$/g, ''), path: pathname, query: search.slice(1) };
}

function readJson(line: string): FeedLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // One bad line of somebody else's list is no reason to drop the others.
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('url' in value) || typeof value.url !== 'string')
    return undefined;
  const fields = value as Readonly<Record<string, unknown>>;
  const options = ['tld', 'sector', 'brand'].map((name) => fields[name]);
  return { url: value.url, options: options.filter((option) => typeof option === 'string') };
}
