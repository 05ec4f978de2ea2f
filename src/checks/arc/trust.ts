import {
  type ArcOutcome,
  type ArcSet,
  parseAuthResults,
  resultOf,
  signerDomain,
  signerSelector,
} from '../../auth/index.ts';
import type { Task } from '../../core/index.ts';

/** A trusted sealer that vouches for a message. */
export interface Vouching {
  readonly domain: string;
  readonly selector: string;
  readonly instance: number;
  /** 1; less when the sealer itself saw the message fail. */
  readonly weight: number;
  /** It saw DMARC pass for the domain in From. */
  readonly sawDmarcPass: boolean;
}

const failures: ReadonlySet<string> = new Set(['fail', 'reject', 'quarantine']);

/** What the sealer had found, by the set's ARC-Authentication-Results (RFC 8617 4.1.1). */
function readFindings({ authResults }: ArcSet, fromDomain: string | undefined) {
  // The instance comes first, the rest is as in Authentication-Results.
  const parsed = parseAuthResults(authResults.rawValue.replace(/^[^;]*;/, ''));
  const dmarc = parsed && resultOf(parsed, 'dmarc');
  const spf = parsed && resultOf(parsed, 'spf');
  let weight = 1;
  if (dmarc) weight = failures.has(dmarc.word) ? 0 : 1;
  else if (spf && failures.has(spf.word)) weight = 0.5;
  const seenFrom = dmarc?.properties.get('header.from')?.toLowerCase();
  return {
    weight,
    sawDmarcPass: dmarc?.word === 'pass' && (seenFrom === undefined || seenFrom === fromDomain),
  };
}

/**
 * Trusted sealers of a valid chain, newest first. Whoever seals can have rewritten the message before, the results of
 * earlier seals stay valid all the same; so a seal only speaks for the message when nobody changed it afterwards, or
 * only others that are trusted (RFC 8617 9.4).
 *
 * @param trusted domains, of those that sealed
 */
export function findVouching(
  task: Task,
  outcome: ArcOutcome,
  trusted: ReadonlySet<string>,
): readonly Vouching[] {
  const { structure, oldestPass, isOverlooked } = outcome;
  if (outcome.cv !== 'pass' || isOverlooked || structure.status !== 'chain' || trusted.size === 0) return [];
  const fromDomain = task.message.from.length === 1 ? task.message.from[0]!.domain.toLowerCase() : undefined;
  const found: Vouching[] = [];
  let areLaterTrusted = true;
  for (const set of structure.sets.toReversed()) {
    const domain = signerDomain(set.sealTags);
    const isTrusted = trusted.has(domain);
    const isUnchanged = oldestPass !== undefined && set.instance >= oldestPass;
    // The signature that holds must be the sealer's own.
    const isOwn = signerDomain(set.signatureTags) === domain;
    if (isTrusted && (areLaterTrusted || (isUnchanged && isOwn)))
      found.push({
        domain,
        selector: signerSelector(set.sealTags),
        instance: set.instance,
        ...readFindings(set, fromDomain),
      });
    areLaterTrusted &&= isTrusted;
  }
  return found;
}
