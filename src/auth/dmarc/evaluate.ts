import { type DkimOutcome, type DmarcPolicyWord, provesSender, type SpfOutcome } from '../../core/index.ts';
import { registeredDomain } from '../signing/names.ts';
import type { Alignment, DmarcRecord } from './record.ts';

/** How the results of SPF and DKIM stand to the domain of the header field From (RFC 7489 3.1). */
export interface AlignmentResult {
  readonly isSpfAligned: boolean;
  readonly isDkimAligned: boolean;
  /** Nothing passed, but an aligned check had a temporary error: there is no verdict (RFC 7489 6.6.2). */
  readonly isTemporary: boolean;
  /** Why there is no pass, in Rspamd's words; empty for a pass of both. */
  readonly reasons: readonly string[];
}

function isAligned(domain: string, fromDomain: string, mode: Alignment): boolean {
  const lower = domain.toLowerCase();
  return mode === 'strict'
    ? lower === fromDomain
    : lower === fromDomain || registeredDomain(lower) === registeredDomain(fromDomain);
}

/** Compares what SPF and DKIM found with the domain of the header field From; undefined: was not checked. */
export function evaluateAlignment(
  record: Pick<DmarcRecord, 'spfAlignment' | 'dkimAlignment'>,
  fromDomain: string,
  spf: SpfOutcome | undefined,
  dkim: readonly DkimOutcome[] = [],
): AlignmentResult {
  const { spfAlignment, dkimAlignment } = record;
  const spfMatches = spf !== undefined && isAligned(spf.domain, fromDomain, spfAlignment);
  const isSpfProof = spf !== undefined && provesSender(spf);
  const dkimMatching = dkim.filter(({ domain }) => isAligned(domain, fromDomain, dkimAlignment));
  const isSpfAligned = isSpfProof && spfMatches;
  const isDkimAligned = dkimMatching.some(({ result }) => result === 'pass');
  const reasons: string[] = [];
  if (!isSpfProof) reasons.push('No valid SPF');
  else if (!spfMatches) reasons.push(`SPF not aligned (${spfAlignment})`);
  if (dkim.length === 0) reasons.push('No valid DKIM');
  else if (!isDkimAligned && dkim.some(({ result }) => result === 'pass'))
    reasons.push(`DKIM not aligned (${dkimAlignment})`);
  return {
    isSpfAligned,
    isDkimAligned,
    isTemporary:
      !isSpfAligned &&
      !isDkimAligned &&
      ((spf?.result === 'temperror' && spfMatches) ||
        dkimMatching.some(({ result }) => result === 'temperror')),
    reasons,
  };
}

/** The next weaker policy holds for messages outside of `pct` (RFC 7489 6.6.4). */
export function sampledOut(policy: DmarcPolicyWord): DmarcPolicyWord {
  return policy === 'reject' ? 'quarantine' : 'none';
}
