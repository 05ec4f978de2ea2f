import { domainInfo } from '../../content/index.ts';
import { type AuthenticationState, provesSender } from '../../core/index.ts';
import type { WhitelistRule } from './options.ts';

/** Which way an entry of a list counts. */
type Side = 'wl' | 'bl' | 'both';

/** What a list says about a domain. */
export interface Listing {
  readonly side: Side;
  readonly multiplier: number;
}

export type Needs = Pick<WhitelistRule, 'valid_spf' | 'valid_dkim' | 'valid_dmarc'>;

/** Reads the value of an entry: `2.0`, `bl:`, `both:0.5`. What is no number is 1. */
export function readListing(
  value: string,
  { blacklist, strict }: Pick<WhitelistRule, 'blacklist' | 'strict'>,
): Listing {
  const [, word, rest = ''] = /^(?:(wl|bl|both):)?(.*)$/s.exec(value.trim()) ?? [];
  const number = rest.trim() === '' ? Number.NaN : Number(rest);
  const side: Side = strict ? 'both' : ((word as Side | undefined) ?? (blacklist ? 'bl' : 'wl'));
  return { side, multiplier: Number.isFinite(number) ? number : 1 };
}

/** What the checks found about one need; `undecided`: not checked, or DNS failed for the moment. */
type Standing = 'passed' | 'failed' | 'undecided';

interface Evidence {
  readonly standing: Standing;
  /** Domains to look up; the first that is listed counts. */
  readonly domains: readonly string[];
}

/** A rule's symbol or its inverse. */
export interface Judgement {
  readonly isFailure: boolean;
  readonly multiplier: number;
  /** `domain:s:+`: domain, kind of proof (`s` SPF, `d` DKIM, `D` DMARC), passed or not. */
  readonly options: readonly string[];
}

const registered = (domain: string): string => domainInfo(domain).domain;

function spfEvidence({ spf }: AuthenticationState): Evidence {
  if (!spf || spf.result === 'temperror') return { standing: 'undecided', domains: [] };
  return { standing: provesSender(spf) ? 'passed' : 'failed', domains: [registered(spf.domain)] };
}

function dmarcEvidence({ dmarc }: AuthenticationState): Evidence {
  if (!dmarc || dmarc.result === 'temperror') return { standing: 'undecided', domains: [] };
  const own = registered(dmarc.domain);
  return {
    standing: dmarc.result === 'pass' ? 'passed' : 'failed',
    domains: own === dmarc.domain ? [own] : [own, dmarc.domain],
  };
}

function signers({ dkim }: AuthenticationState, result: 'pass' | 'fail'): readonly string[] {
  const found = (dkim ?? []).filter((signature) => signature.result === result && signature.domain !== '');
  return [...new Set(found.map(({ domain }) => registered(domain)))];
}

/** Can a rule say anything of this message? */
export function isDecided(needs: Needs, state: AuthenticationState): boolean {
  if (needs.valid_spf && spfEvidence(state).standing === 'undecided') return false;
  if (needs.valid_dmarc && dmarcEvidence(state).standing === 'undecided') return false;
  if (!needs.valid_dkim) return true;
  if (!state.dkim) return false;
  const hasPass = state.dkim.some(({ result }) => result === 'pass');
  return hasPass || !state.dkim.some(({ result }) => result === 'temperror');
}

/** Every domain that {@link judge} may ask for. */
export function candidates(needs: Needs, state: AuthenticationState): ReadonlySet<string> {
  return new Set([
    ...(needs.valid_spf ? spfEvidence(state).domains : []),
    ...(needs.valid_dkim ? [...signers(state, 'pass'), ...signers(state, 'fail')] : []),
    ...(needs.valid_dmarc ? dmarcEvidence(state).domains : []),
  ]);
}

/**
 * Weighs a message by a rule. Listed domains must pass everything the rule needs to be allowed; one need that fails
 * is enough for a failure.
 */
export function judge(
  needs: Needs,
  state: AuthenticationState,
  find: (domain: string) => Listing | undefined,
): Judgement | undefined {
  const options: string[] = [];
  let allowed: number | undefined;
  let failed: number | undefined;
  let hasSigned = true;
  const note = (domain: string, kind: 's' | 'd' | 'D', listing: Listing, hasPassed: boolean): void => {
    if (listing.side !== 'both' && (listing.side === 'wl') !== hasPassed) return;
    options.push(`${domain}:${kind}:${hasPassed ? '+' : '-'}`);
    if (hasPassed) allowed = listing.multiplier;
    else failed = listing.multiplier;
  };
  if (needs.valid_dkim) {
    for (const domain of signers(state, 'pass')) {
      const listing = find(domain);
      if (listing) note(domain, 'd', listing, true);
    }
    hasSigned = allowed !== undefined;
    for (const domain of signers(state, 'fail')) {
      const listing = find(domain);
      if (!listing) continue;
      note(domain, 'd', listing, false);
      // A failure of a domain that is only allowed spoils what else it has.
      if (listing.side === 'wl') hasSigned = false;
    }
  }
  const weigh = (kind: 's' | 'D', { standing, domains }: Evidence): void => {
    allowed = undefined;
    for (const domain of domains) {
      const listing = find(domain);
      if (!listing) continue;
      note(domain, kind, listing, standing === 'passed' && hasSigned);
      return;
    }
  };
  if (needs.valid_dmarc) weigh('D', dmarcEvidence(state));
  if (needs.valid_spf) weigh('s', spfEvidence(state));
  if (failed !== undefined) return { isFailure: true, multiplier: failed, options };
  return allowed === undefined ? undefined : { isFailure: false, multiplier: allowed, options };
}
