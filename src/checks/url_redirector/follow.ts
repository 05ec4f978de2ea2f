import { domainInfo } from '../../content/index.ts';
import {
  type CheckContext,
  type MapHandle,
  type Metrics,
  StoreError,
  UpstreamError,
} from '../../core/index.ts';
import { countTarget, keyOf, readWay, type Way, wayText } from './known.ts';
import type { RedirectorOptions } from './options.ts';
import { type Answer, ask, ForbiddenTarget, type RequestRules, refreshTarget } from './request.ts';

export type RedirectorContext = CheckContext<
  RedirectorOptions,
  'URL_REDIRECTOR_NESTED' | 'URL_REDIRECTOR_NON_HTTP'
>;

/** A link that nobody could follow is tried again after this. */
const failedMs = 60_000;
const quietMs = 60_000;
/** Beyond so many at once a worker leaves links alone. */
const maxUnderWay = 256;

type Result = 'redirect' | 'page' | 'forbidden' | 'failed' | 'known';

/** Finds out where links of redirectors lead: from the store, or by asking. */
export class Follower {
  readonly #context: RedirectorContext;
  readonly #hosts: MapHandle;
  readonly #getUrls: MapHandle | undefined;
  readonly #rules: RequestRules;
  readonly #requests: ReturnType<Metrics['counter']>;
  /** Links that are being followed now, so that copies of a message ask once. */
  readonly #underWay = new Map<string, Promise<Way>>();
  readonly #closing = new AbortController();
  #quietUntilMs = 0;

  constructor(context: RedirectorContext, hosts: MapHandle, getUrls: MapHandle | undefined) {
    const { config, metrics } = context;
    this.#context = context;
    this.#hosts = hosts;
    this.#getUrls = getUrls;
    this.#rules = {
      timeoutMs: config.http_timeout * 1000,
      maxBodyBytes: config.max_size,
      target: config.forbid_local ? 'public' : 'any',
      certificate: config.check_ssl ? 'verified' : 'any',
    };
    context.onClose(() => this.#closing.abort());
    this.#requests = metrics.counter('postern_url_redirector_requests_total', 'Links that were followed', [
      'result',
    ]);
  }

  /** Does the map name this host, or the domain it belongs to? */
  async isRedirector(host: string, domain: string, signal: AbortSignal): Promise<boolean> {
    return (
      (await this.#isListed(this.#hosts, host, signal)) ||
      (domain !== host && (await this.#isListed(this.#hosts, domain, signal)))
    );
  }

  /** Where this link leads, as far as it is known in time. Never rejects for what servers or the store do. */
  async follow(link: string, signal: AbortSignal): Promise<Way> {
    const unknown: Way = { ending: 'failed', links: [link] };
    let way = this.#underWay.get(link);
    if (!way) {
      if (this.#underWay.size >= maxUnderWay) return unknown;
      way = this.#lookUp(link).finally(() => this.#underWay.delete(link));
      this.#underWay.set(link, way);
    }
    // Others may wait for the same link, and the next copy of the message will want it: it is followed to its end.
    return (await unlessAborted(way, signal)) ?? unknown;
  }

  async #lookUp(link: string): Promise<Way> {
    const { store, config } = this.#context;
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), config.timeout * 1000);
    const signal = AbortSignal.any([giveUp.signal, this.#closing.signal]);
    try {
      const key = keyOf(config.key_prefix, link);
      const text = await this.#stored(store.get(key), signal);
      const known = text === undefined ? undefined : readWay(link, text);
      if (known) {
        this.#count('known');
        return known;
      }
      const way = await this.#ask(link, signal);
      await this.#keep(key, way);
      return way;
    } finally {
      clearTimeout(timer);
    }
  }

  async #keep(key: string, way: Way): Promise<void> {
    const { store, config } = this.#context;
    const { signal } = this.#closing;
    const expireMs = config.expire * 1000;
    const keptMs = way.ending === 'failed' ? Math.min(failedMs, expireMs) : expireMs;
    await this.#stored(store.set(key, wayText(way), keptMs), signal);
    const target = way.links.at(-1);
    if (target === undefined || way.links.length === 1 || config.top_urls_count === 0) return;
    const counted = store.run(countTarget, [config.top_urls_key], [target, config.top_urls_count]);
    await this.#stored(counted, signal);
  }

  async #ask(link: string, signal: AbortSignal): Promise<Way> {
    const { config } = this.#context;
    const links = [link];
    let url = URL.canParse(link) ? new URL(link) : undefined;
    for (let requests = 0; ; requests++) {
      if (!url) return { ending: 'failed', links };
      const isFirst = requests === 0;
      if (!isFirst && config.redirectors_only && !(await this.#isRedirectorUrl(url, signal)))
        return { ending: 'page', links };
      if (requests >= config.nested_limit) return { ending: 'nested', links };
      const target = await this.#next(url, link, signal);
      if (target === 'failed') return { ending: 'failed', links };
      if (target === undefined) return { ending: 'page', links };
      if (target.protocol !== 'http:' && target.protocol !== 'https:')
        return { ending: 'other', links, scheme: target.protocol.slice(0, -1).slice(0, 32) };
      // No login of a link goes anywhere, nor does what only its reader's browser uses.
      target.username = '';
      target.password = '';
      links.push(target.href);
      url = target;
    }
  }

  /** Where this answers that it leads; undefined: nowhere. */
  async #next(url: URL, first: string, signal: AbortSignal): Promise<URL | 'failed' | undefined> {
    const { config, dns } = this.#context;
    const wantsGet = this.#getUrls ? await this.#isListed(this.#getUrls, url.href, signal) : false;
    const agents = config.user_agent;
    let answer: Answer;
    try {
      const agent = agents[first.length % agents.length]!;
      answer = await ask(url, wantsGet ? 'GET' : 'HEAD', agent, this.#rules, dns, signal);
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      this.#count(error instanceof ForbiddenTarget ? 'forbidden' : 'failed');
      return 'failed';
    }
    const { status, location, body } = answer;
    const written = status >= 300 && status < 400 ? location : refreshTarget(body);
    const target =
      written !== undefined && URL.canParse(written, url.href) ? new URL(written, url.href) : undefined;
    this.#count(target ? 'redirect' : 'page');
    return target;
  }

  async #isRedirectorUrl({ hostname }: URL, signal: AbortSignal): Promise<boolean> {
    return this.isRedirector(hostname, domainInfo(hostname).domain, signal);
  }

  async #isListed(map: MapHandle, key: string, signal: AbortSignal): Promise<boolean> {
    return (map.isExternal ? await map.ask(key, signal) : map.lookup(key)) !== undefined;
  }

  #count(result: Result): void {
    this.#requests.add(1, { result });
  }

  /** The store's answer; undefined when it fails or takes too long: the redirector is asked then. */
  async #stored<T>(answer: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    const answered = answer.catch((error: unknown) => {
      if (!(error instanceof StoreError)) throw error;
      this.#tellStore(error);
      return undefined;
    });
    const late = AbortSignal.timeout(this.#context.config.redis_timeout * 1000);
    return unlessAborted(answered, AbortSignal.any([late, signal]));
  }

  #tellStore(error: StoreError): void {
    const nowMs = this.#context.clock.now();
    if (nowMs < this.#quietUntilMs) return;
    this.#quietUntilMs = nowMs + quietMs;
    this.#context.log.error('results cannot be kept', { error: error.message });
  }
}

/** What is promised, or undefined when the signal fires first. */
async function unlessAborted<T>(promised: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  let stop = (): void => undefined;
  const aborted = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
  });
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([aborted, promised]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
