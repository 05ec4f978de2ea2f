import type { Resolver, SpfResult } from '../../core/index.ts';
import { type IpAddress, parseIp, reverseName } from '../../lib/index.ts';
import { expandMacros, type MacroText, parseMacros, truncateName } from './macro.ts';
import { dottedAddress, isWithin, policyDomain, queryName, sharePrefix } from './names.ts';
import { type PolicyCache, type PolicyLookup, readPolicy } from './policies.ts';
import { Questions, type SpfLimits } from './questions.ts';
import type { Mechanism, Qualifier } from './record.ts';

export interface SpfRequest {
  readonly clientIp: IpAddress;
  /** Domain whose policy is asked. */
  readonly domain: string;
  /** Local part of the sender; `''` becomes `postmaster` (RFC 7208 4.3). */
  readonly local: string;
  /** HELO name, for macros. */
  readonly helo: string;
}

export interface SpfOptions {
  readonly dns: Resolver;
  readonly limits: SpfLimits;
  readonly signal?: AbortSignal;
  /** All questions together may take so long; then the result is `temperror`. */
  readonly timeoutMs: number;
  readonly policies?: PolicyCache | undefined;
  /** False: names are never asked for IPv6 addresses. */
  readonly asksIpv6: boolean;
  /** Fetch the domain's own words for a `fail` (RFC 7208 6.2), with this as the name of the receiving host. */
  readonly explainAs?: string | undefined;
  /** Milliseconds since 1970, for macro `t`. */
  readonly nowMs: number;
}

export interface SpfEvaluation {
  readonly result: SpfResult;
  /** As the record spells it, without qualifier; of the innermost policy for `include` and `redirect`. */
  readonly mechanism?: string | undefined;
  /** What kept us from a better result. */
  readonly reason?: string | undefined;
  /** The domain's own words for `fail`: printable ASCII, at most 512 characters. */
  readonly explanation?: string | undefined;
  /** The record of the domain; undefined when it has none that is well-formed. */
  readonly record?: string | undefined;
  /** The policy of the domain came from the cache. */
  readonly isCached: boolean;
}

/** RFC 7208 4.6.4: hosts of one `mx`, names of one `ptr`. */
const maxHosts = 10;
const maxExplanationLength = 512;

const resultOf: Readonly<Record<Qualifier, SpfResult>> = {
  '+': 'pass',
  '-': 'fail',
  '~': 'softfail',
  '?': 'neutral',
};

/** What one policy said. */
interface Outcome {
  readonly result: SpfResult;
  readonly mechanism?: string;
  readonly reason?: string;
  /** `exp=` of the policy that decided, and the domain it belongs to. */
  readonly explanation?: { readonly name: MacroText; readonly domain: string };
}

/** check_host() of RFC 7208 4: never rejects, always one of the seven results. */
export async function evaluateSpf(request: SpfRequest, options: SpfOptions): Promise<SpfEvaluation> {
  const domain = policyDomain(request.domain);
  if (domain === undefined) return { result: 'none', reason: 'not a domain name', isCached: false };
  return new Evaluation(request, options, domain).run();
}

class Evaluation {
  readonly #request: SpfRequest;
  readonly #options: SpfOptions;
  readonly #domain: string;
  readonly #questions: Questions;
  #record: string | undefined;
  #isCached = false;
  #clientNames: readonly string[] | undefined;

  constructor(request: SpfRequest, options: SpfOptions, domain: string) {
    this.#request = request;
    this.#options = options;
    this.#domain = domain;
    this.#questions = new Questions(options);
  }

  async run(): Promise<SpfEvaluation> {
    const outcome = await this.#checkHost(this.#domain, 0);
    const { result, mechanism, reason, explanation } = outcome;
    const explainAs = this.#options.explainAs;
    const words =
      result === 'fail' && explanation && explainAs !== undefined
        ? await this.#explain(explanation.name, explanation.domain, explainAs)
        : undefined;
    return {
      result,
      mechanism,
      reason,
      explanation: words,
      record: this.#record,
      isCached: this.#isCached,
    };
  }

  async #checkHost(domain: string, depth: number): Promise<Outcome> {
    if (depth > this.#options.limits.maxNesting)
      return this.#questions.end('permerror', 'policies nest too deep');
    const found = await this.#policyOf(domain, depth);
    if (!found) return this.#questions.stopped!;
    if (found.status === 'none') return { result: 'none' };
    if (found.status !== 'found') return { result: found.status, reason: found.reason };
    const { policy } = found;
    if (depth === 0) this.#record = policy.text;
    for (const { mechanism, qualifier, text } of policy.directives) {
      const match = await this.#matches(mechanism, domain, depth);
      if (this.#questions.stopped) return this.#questions.stopped;
      if (match === false) continue;
      const inner = match === true ? undefined : match;
      if (inner && inner.result !== 'pass') return inner;
      return {
        result: resultOf[qualifier],
        mechanism: inner?.mechanism ?? text,
        ...(policy.explanation && { explanation: { name: policy.explanation, domain } }),
      };
    }
    return policy.redirect
      ? this.#redirect(policy.redirect, domain, depth)
      : { result: 'neutral', reason: 'no mechanism matched' };
  }

  /** RFC 7208 6.1. */
  async #redirect(target: MacroText, domain: string, depth: number): Promise<Outcome> {
    if (this.#questions.countTerm()) return this.#questions.stopped!;
    const next = policyDomain(await this.#name(target, domain));
    if (this.#questions.stopped) return this.#questions.stopped;
    const outcome: Outcome = next === undefined ? { result: 'none' } : await this.#checkHost(next, depth + 1);
    return outcome.result === 'none' ? { result: 'permerror', reason: 'redirect to no policy' } : outcome;
  }

  /** The policy of a domain; undefined when the evaluation ended. */
  async #policyOf(domain: string, depth: number): Promise<PolicyLookup | undefined> {
    const cached = this.#options.policies?.get(domain);
    if (cached) {
      // Counted all the same, so that a result does not depend on what happens to be remembered.
      if (this.#questions.countRequest()) return undefined;
      if (depth === 0) this.#isCached = true;
      return { status: 'found', policy: cached };
    }
    const answer = await this.#questions.query(domain, 'txt');
    if (!answer) return undefined;
    const found = readPolicy(answer);
    if (found.status === 'found') this.#options.policies?.set(domain, found.policy, answer.ttlSeconds);
    return found;
  }

  /** Does a mechanism match? An outcome is that of an included policy: `pass`, or an error that ends everything. */
  async #matches(mechanism: Mechanism, domain: string, depth: number): Promise<boolean | Outcome> {
    const { clientIp } = this.#request;
    switch (mechanism.kind) {
      case 'all':
        return true;
      case 'ip4':
      case 'ip6':
        return (
          mechanism.address.family === (mechanism.kind === 'ip4' ? 4 : 6) &&
          sharePrefix(clientIp, mechanism.address, mechanism.prefixLength)
        );
      default:
    }
    if (this.#questions.countTerm()) return false;
    const target = mechanism.domain ? await this.#name(mechanism.domain, domain) : domain;
    if (this.#questions.stopped) return false;
    switch (mechanism.kind) {
      case 'include':
        return this.#include(target, depth);
      case 'a': {
        const addresses = await this.#addresses(target, 'term');
        return this.#hasClient(addresses, mechanism.prefixLengths);
      }
      case 'mx':
        return this.#matchesMx(target, mechanism.prefixLengths);
      case 'exists': {
        const answer = await this.#questions.ask(target, 'a', 'term');
        return answer?.status === 'ok';
      }
      case 'ptr': {
        const name = queryName(target);
        return name !== undefined && this.#matchesName(name);
      }
    }
  }

  /** RFC 7208 5.2. */
  async #include(target: string, depth: number): Promise<boolean | Outcome> {
    const name = policyDomain(target);
    const outcome: Outcome = name === undefined ? { result: 'none' } : await this.#checkHost(name, depth + 1);
    switch (outcome.result) {
      case 'pass':
      case 'temperror':
      case 'permerror':
        return outcome;
      case 'none':
        return { result: 'permerror', reason: 'include of no policy' };
      default:
        return false;
    }
  }

  /** RFC 7208 5.4. */
  async #matchesMx(target: string, prefixLengths: Readonly<Record<4 | 6, number>>): Promise<boolean> {
    const answer = await this.#questions.ask(target, 'mx', 'term');
    if (answer?.status !== 'ok') return false;
    if (answer.records.length > maxHosts) {
      this.#questions.end('permerror', 'too many MX records');
      return false;
    }
    for (const record of answer.records) {
      const host = record.slice(record.indexOf(' ') + 1);
      if (this.#questions.countExpansion()) return false;
      const addresses = await this.#addresses(host, 'detail');
      if (this.#questions.stopped) return false;
      if (this.#hasClient(addresses, prefixLengths)) return true;
    }
    return false;
  }

  #hasClient(addresses: readonly string[], prefixLengths: Readonly<Record<4 | 6, number>>): boolean {
    const { clientIp } = this.#request;
    for (const text of addresses) {
      if (this.#questions.countExpansion()) return false;
      const address = parseIp(text);
      if (address && sharePrefix(clientIp, address, prefixLengths[clientIp.family])) return true;
    }
    return false;
  }

  /** Addresses of a host in the client's family. */
  async #addresses(host: string, role: 'term' | 'detail'): Promise<readonly string[]> {
    const isV6 = this.#request.clientIp.family === 6;
    if (isV6 && !this.#options.asksIpv6) return [];
    return (await this.#questions.ask(host, isV6 ? 'aaaa' : 'a', role))?.records ?? [];
  }

  /** Names that the client's address is published under (RFC 7208 5.5), verified or not. Failures of DNS: none. */
  async #publishedNames(role: 'term' | 'macro'): Promise<readonly string[]> {
    if (this.#clientNames) return this.#clientNames;
    const answer = await this.#questions.query(reverseName(this.#request.clientIp), 'ptr');
    if (answer && role === 'term') this.#questions.countVoid(answer);
    this.#clientNames = (answer?.records ?? []).slice(0, maxHosts).flatMap((text) => queryName(text) ?? []);
    return this.#clientNames;
  }

  /** Does a name of the client lead back to it? */
  async #leadsBack(name: string): Promise<boolean> {
    const { clientIp } = this.#request;
    const isV6 = clientIp.family === 6;
    if ((isV6 && !this.#options.asksIpv6) || this.#questions.countExpansion()) return false;
    const answer = await this.#questions.query(name, isV6 ? 'aaaa' : 'a');
    return answer?.records.some((text) => parseIp(text)?.text === clientIp.text) ?? false;
  }

  /** RFC 7208 5.5. */
  async #matchesName(domain: string): Promise<boolean> {
    for (const name of await this.#publishedNames('term')) {
      if (this.#questions.stopped) return false;
      if (isWithin(name, domain) && (await this.#leadsBack(name))) return true;
    }
    return false;
  }

  /** Macro `p` (RFC 7208 7.3): the domain itself before its subdomains before any other verified name. */
  async #clientName(domain: string): Promise<string> {
    const names = await this.#publishedNames('macro');
    const rank = (name: string): number => (name === domain ? 0 : isWithin(name, domain) ? 1 : 2);
    for (const name of names.toSorted((a, b) => rank(a) - rank(b))) {
      if (this.#questions.stopped) break;
      if (await this.#leadsBack(name)) return name;
    }
    return 'unknown';
  }

  async #name(text: MacroText, domain: string): Promise<string> {
    return truncateName(await this.#expand(text, domain));
  }

  async #expand(text: MacroText, domain: string): Promise<string> {
    const clientName = text.needsName ? await this.#clientName(domain) : 'unknown';
    return expandMacros(text, (letter) => this.#value(letter, domain, clientName));
  }

  #value(letter: string, domain: string, clientName: string): string {
    const { clientIp, helo, local } = this.#request;
    switch (letter) {
      case 's':
        return `${local || 'postmaster'}@${this.#domain}`;
      case 'l':
        return local || 'postmaster';
      case 'o':
        return this.#domain;
      case 'd':
        return domain;
      case 'i':
        return dottedAddress(clientIp);
      case 'p':
        return clientName;
      case 'v':
        return clientIp.family === 4 ? 'in-addr' : 'ip6';
      case 'h':
        return helo;
      case 'c':
        return clientIp.text;
      case 'r':
        return this.#options.explainAs ?? 'unknown';
      default:
        return String(Math.floor(this.#options.nowMs / 1000));
    }
  }

  /** RFC 7208 6.2. Whatever goes wrong here only means that there are no words. */
  async #explain(name: MacroText, domain: string, receiver: string): Promise<string | undefined> {
    const target = queryName(await this.#name(name, domain));
    if (target === undefined || receiver === '') return undefined;
    const answer = await this.#questions.query(target, 'txt');
    if (answer?.status !== 'ok' || answer.records.length !== 1) return undefined;
    const compiled = parseMacros(answer.records[0]!, 'explanation');
    if (!compiled) return undefined;
    const words = (await this.#expand(compiled, domain)).slice(0, maxExplanationLength);
    return /^[\x20-\x7e]+$/.test(words) ? words : undefined;
  }
}
