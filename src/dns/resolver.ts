import type { Clock, DnsAnswer, DnsOptions, DnsType, Log, Metrics, Resolver } from '../core/index.ts';
import { failure, interpret } from './answer.ts';
import { AnswerCache } from './cache.ts';
import type { Response } from './codec.ts';
import { compileFakeRecords, questionKey } from './fake-records.ts';
import { HostsFiles } from './hosts.ts';
import { normaliseName } from './name.ts';
import { parseNameServers, systemNameServers } from './nameservers.ts';
import { type NameServer, ServerRotation } from './server-rotation.ts';
import type { ExchangeFailure } from './udp.ts';

export interface ResolverOptions {
  readonly dns: DnsOptions;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

const maxCacheEntries = 20_000;
/** Aliases that lead out of one response are followed with new questions, this often. */
const maxAliasQuestions = 8;
const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/**
 * Answers questions from, in order: records of the configuration, hosts files, the cache, name servers.
 *
 * @throws ConfigError for name servers or fake records that cannot be
 */
export function createResolver(options: ResolverOptions): Resolver & { close(): void } {
  return new DnsResolver(options);
}

class DnsResolver implements Resolver {
  readonly #options: DnsOptions;
  readonly #log: Log;
  readonly #fakes: ReturnType<typeof compileFakeRecords>;
  readonly #hosts: HostsFiles;
  readonly #cache: AnswerCache;
  readonly #servers: ServerRotation;
  /** Questions on their way: equal ones wait for the same answer. */
  readonly #asking = new Map<string, Promise<DnsAnswer>>();
  readonly #closing = new AbortController();
  readonly #answers: ReturnType<Metrics['counter']>;
  readonly #seconds: ReturnType<Metrics['histogram']>;

  constructor({ dns, log, metrics, clock }: ResolverOptions) {
    this.#options = dns;
    this.#log = log;
    this.#fakes = compileFakeRecords(dns.fakeRecords);
    this.#hosts = new HostsFiles(dns.hosts ?? ['/etc/hosts'], clock, log);
    this.#cache = new AnswerCache(clock, maxCacheEntries);
    const addresses = dns.nameservers.length > 0 ? parseNameServers(dns.nameservers) : systemNameServers(log);
    this.#servers = new ServerRotation(addresses, dns.rotation, clock);
    this.#answers = metrics.counter('postern_dns_answers_total', 'Answers to DNS questions', [
      'source',
      'status',
    ]);
    this.#seconds = metrics.histogram(
      'postern_dns_seconds',
      'Time until a name server answered or was given up',
      seconds,
    );
  }

  resolve(
    text: string,
    type: DnsType,
    options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number },
  ): Promise<DnsAnswer> {
    const name = normaliseName(text);
    if (name === undefined) return Promise.resolve({ status: 'formerr', records: [], ttlSeconds: 0 });
    const key = questionKey(name, type);
    const known = this.#withoutServers(name, type, key);
    if (known) return Promise.resolve(known);
    let asking = this.#asking.get(key);
    if (!asking) {
      asking = this.#askAndKeep(name, type, key);
      this.#asking.set(key, asking);
    }
    return options?.signal || options?.timeoutMs !== undefined ? bounded(asking, options) : asking;
  }

  close(): void {
    this.#closing.abort();
    this.#servers.close();
  }

  #withoutServers(name: string, type: DnsType, key: string): DnsAnswer | undefined {
    const fake = this.#fakes.get(key);
    if (fake) return this.#count('configuration', fake);
    if (type === 'a' || type === 'aaaa') {
      const records = this.#hosts.lookup(name, type);
      if (records) return this.#count('hosts', { status: 'ok', records, ttlSeconds: 0 });
    }
    const cached = this.#cache.get(key);
    return cached && this.#count('cache', cached);
  }

  #askAndKeep(name: string, type: DnsType, key: string): Promise<DnsAnswer> {
    const startedMs = performance.now();
    return new Promise((resolve) => {
      const end = (answer: DnsAnswer): void => {
        this.#asking.delete(key);
        this.#seconds.observe((performance.now() - startedMs) / 1000);
        if (!this.#closing.signal.aborted) this.#cache.set(key, answer);
        resolve(this.#count('server', answer));
      };
      const fail = (error: unknown): void => {
        this.#log.error('a DNS question failed', {
          error: error instanceof Error ? error.stack : String(error),
        });
        end(failure('network'));
      };
      const servers = this.#servers.order(name);
      servers[0]!.ask({ name, type }, this.#options.timeoutMs, this.#closing.signal, (first) => {
        try {
          // Nearly always the first answer is the last one; the rest of the way costs more than the question.
          const answer = typeof first === 'string' ? undefined : interpret(first, name, type);
          if (answer && !('alias' in answer) && isFinal(answer)) end(answer);
          else this.#follow(name, type, servers, first, startedMs).then(end, fail);
        } catch (error) {
          fail(error);
        }
      });
    });
  }

  /** Asks, and asks again for the target when a response ends in an alias without saying more. */
  async #follow(
    name: string,
    type: DnsType,
    servers: readonly NameServer[],
    first: Response | ExchangeFailure,
    startedMs: number,
  ): Promise<DnsAnswer> {
    let owner = name;
    let ttlSeconds = Number.POSITIVE_INFINITY;
    const deadlineMs = startedMs + this.#options.timeoutMs * this.#attempts;
    // The first question has its retransmits, however late timers fire; what follows shares the time left.
    let answer = await this.#ask(owner, type, Number.POSITIVE_INFINITY, servers, first);
    for (let questions = 0; questions <= maxAliasQuestions; questions++) {
      if (!('alias' in answer)) return { ...answer, ttlSeconds: Math.min(ttlSeconds, answer.ttlSeconds) };
      ttlSeconds = Math.min(ttlSeconds, answer.ttlSeconds);
      const next = normaliseName(answer.alias);
      if (next === undefined || questions === maxAliasQuestions) break;
      owner = next;
      const known = this.#withoutServers(owner, type, questionKey(owner, type));
      if (known) return { ...known, ttlSeconds: Math.min(ttlSeconds, known.ttlSeconds) };
      answer = await this.#ask(owner, type, deadlineMs, this.#servers.order(owner), undefined);
    }
    return failure('servfail');
  }

  get #attempts(): number {
    return Math.max(1, this.#options.retransmits);
  }

  /**
   * Tries servers in turn until one gives an answer that is worth something.
   *
   * @param first what the first server said already
   */
  async #ask(
    name: string,
    type: DnsType,
    deadlineMs: number,
    servers: readonly NameServer[],
    first: Response | ExchangeFailure | undefined,
  ): Promise<ReturnType<typeof interpret>> {
    let best = failure('timeout');
    for (let attempt = 0; attempt < this.#attempts; attempt++) {
      let outcome = attempt === 0 ? first : undefined;
      if (outcome === undefined) {
        const leftMs = Math.min(this.#options.timeoutMs, deadlineMs - performance.now());
        if (leftMs <= 0 || this.#closing.signal.aborted) break;
        const server = servers[attempt % servers.length]!;
        outcome = await new Promise<Response | ExchangeFailure>((resolve) =>
          server.ask({ name, type }, leftMs, this.#closing.signal, resolve),
        );
      }
      if (outcome === 'timeout' || outcome === 'aborted') continue;
      if (outcome === 'network' || outcome === 'malformed') {
        best = failure(outcome === 'network' ? 'network' : 'servfail');
        // Unlike silence these come at once: do not hammer the last server that is left.
        if (attempt >= servers.length) break;
        continue;
      }
      const answer = interpret(outcome, name, type);
      if ('alias' in answer || isFinal(answer)) return answer;
      best = answer;
      // Each server had its say; asking the same one again would change nothing.
      if (attempt >= servers.length - 1) break;
    }
    return best;
  }

  #count(source: string, answer: DnsAnswer): DnsAnswer {
    this.#answers.add(1, { source, status: answer.status });
    return answer;
  }
}

function isFinal(answer: DnsAnswer): boolean {
  return answer.status === 'ok' || answer.status === 'nodata' || answer.status === 'nxdomain';
}

/** The answer, or `timeout` when the caller's own bound comes first; the question itself goes on. */
function bounded(
  asking: Promise<DnsAnswer>,
  { signal, timeoutMs }: { readonly signal?: AbortSignal; readonly timeoutMs?: number },
): Promise<DnsAnswer> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => finish({ status: 'timeout', records: [], ttlSeconds: 0 });
    const timer = timeoutMs === undefined ? undefined : setTimeout(giveUp, timeoutMs);
    const finish = (answer: DnsAnswer): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
      resolve(answer);
    };
    if (signal?.aborted) {
      giveUp();
      return;
    }
    signal?.addEventListener('abort', giveUp);
    asking.then(finish, reject);
  });
}
