import type { DnsAnswer, DnsType, Resolver } from '../../core/index.ts';
import { queryName } from './names.ts';

/** Bounds besides those of RFC 7208 4.6.4, which always hold. */
export interface SpfLimits {
  /** Policies inside policies. */
  readonly maxNesting: number;
  /** Questions to DNS for one message. */
  readonly maxRequests: number;
  /** Names and addresses that answers may bring, all together. */
  readonly maxExpansions: number;
}

/** RFC 7208 4.6.4: terms that ask DNS, and answers to them that are empty. */
const maxTerms = 10;
const maxVoidLookups = 2;

/** The end of an evaluation that a bound or DNS brought about. */
interface Stop {
  readonly result: 'permerror' | 'temperror';
  readonly reason: string;
}

/** The questions that one evaluation asks, and the bounds of them all. Once one is reached nothing more is asked. */
export class Questions {
  readonly #options: {
    readonly dns: Resolver;
    readonly limits: SpfLimits;
    readonly signal?: AbortSignal;
  };
  readonly #deadlineMs: number;
  #terms = 0;
  #voidLookups = 0;
  #requests = 0;
  #expansions = 0;
  #stopped: Stop | undefined;

  constructor(options: {
    readonly dns: Resolver;
    readonly limits: SpfLimits;
    readonly signal?: AbortSignal;
    readonly timeoutMs: number;
  }) {
    this.#options = options;
    this.#deadlineMs = performance.now() + options.timeoutMs;
  }

  /** Set once a bound or DNS ended the whole evaluation. */
  get stopped(): Stop | undefined {
    return this.#stopped;
  }

  /** Asks for what a mechanism needs. A failure of DNS ends the evaluation; an answer may be empty. */
  async ask(text: string, type: DnsType, role: 'term' | 'detail'): Promise<DnsAnswer | undefined> {
    const answer = await this.query(text, type);
    if (!answer) return undefined;
    switch (answer.status) {
      case 'ok':
        return answer;
      case 'nxdomain':
      case 'nodata':
        if (role === 'term') this.countVoid(answer);
        return this.stopped ? undefined : answer;
      default:
        this.end('temperror', `DNS: ${answer.status}`);
        return undefined;
    }
  }

  /** Asks, whatever the answer; undefined when a bound was reached. What is no name does not exist. */
  async query(text: string, type: DnsType): Promise<DnsAnswer | undefined> {
    if (this.stopped || this.countRequest()) return undefined;
    const name = queryName(text);
    if (name === undefined) return { status: 'nxdomain', records: [], ttlSeconds: 0 };
    const leftMs = this.#deadlineMs - performance.now();
    const { dns, signal } = this.#options;
    if (leftMs <= 0) {
      this.end('temperror', 'out of time');
      return undefined;
    }
    const answer = await dns.resolve(name, type, { timeoutMs: leftMs, ...(signal && { signal }) });
    // A resolver may refuse names with blanks; no host has one.
    return answer.status === 'formerr' && name.includes(' ') ? { ...answer, status: 'nxdomain' } : answer;
  }

  countTerm(): boolean {
    if (++this.#terms > maxTerms) this.end('permerror', 'too many terms that ask DNS');
    return this.stopped !== undefined;
  }

  countVoid({ status }: DnsAnswer): void {
    if (status !== 'nxdomain' && status !== 'nodata') return;
    if (++this.#voidLookups > maxVoidLookups) this.end('permerror', 'too many empty answers');
  }

  countRequest(): boolean {
    if (++this.#requests > this.#options.limits.maxRequests) this.end('permerror', 'too many DNS requests');
    return this.stopped !== undefined;
  }

  countExpansion(): boolean {
    if (++this.#expansions > this.#options.limits.maxExpansions)
      this.end('permerror', 'too many hosts and addresses');
    return this.stopped !== undefined;
  }

  end(result: Stop['result'], reason: string): Stop {
    this.#stopped ??= { result, reason };
    return this.#stopped;
  }
}
