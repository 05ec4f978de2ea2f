import type { IpAddress } from '../lib/index.ts';

// What the authentication checks found, in the words of RFC 8601 2.7. They leave it on the task for those who judge by
// it (DMARC, lists of known senders) and for those who write it down (Authentication-Results, ARC, reports). A field
// that is undefined was not checked at all, which is not the same as `none`.

/** RFC 7208 2.6 in the words of RFC 8601 2.7.2. */
export type SpfResult = 'none' | 'neutral' | 'pass' | 'fail' | 'softfail' | 'temperror' | 'permerror';

export interface SpfOutcome {
  readonly result: SpfResult;
  /** Domain whose policy was asked, lower case. */
  readonly domain: string;
  /** Identity that was checked: `helo` for the null sender (RFC 7208 2.4). */
  readonly identity: 'mailfrom' | 'helo';
  /** The sender that was checked: the envelope's, or `postmaster@` the HELO name. */
  readonly sender: string;
  /** Undefined only for a result that the request told. */
  readonly clientIp: IpAddress | undefined;
  /** Mechanism that matched as the record spells it, `all` included; undefined when none did. */
  readonly mechanism?: string | undefined;
  /** What went wrong or the domain's explanation, without content of the message. */
  readonly reason?: string | undefined;
  /** The scan request told it (`http_headers`), nobody was asked. */
  readonly isFromRequest?: boolean | undefined;
}

/** Does SPF stand for the sender? A policy that lets everybody send (`+all`) stands for nobody. */
export function provesSender({ result, mechanism }: Pick<SpfOutcome, 'result' | 'mechanism'>): boolean {
  return result === 'pass' && mechanism?.toLowerCase() !== 'all';
}

/** Outcome of one DKIM-Signature (RFC 8601 2.7.1). */
export interface DkimOutcome {
  readonly result: 'pass' | 'fail' | 'neutral' | 'policy' | 'permerror' | 'temperror';
  /** `d=`, lower case; `''` when the signature has none. */
  readonly domain: string;
  /** `s=`; `''` when the signature has none. */
  readonly selector: string;
  /** `i=`, when the signature names it. */
  readonly identity?: string | undefined;
  /** `a=`, lower case. */
  readonly algorithm?: string | undefined;
  /** First characters of `b=`, to tell signatures apart (RFC 6008). */
  readonly signatureStart?: string | undefined;
  /** Short phrase, without content of the message. Undefined for `pass`. */
  readonly reason?: string | undefined;
  /** The key is published with `t=y`: a test (RFC 6376 3.6.1). */
  readonly isTest?: boolean | undefined;
  /** The scan request told it (`http_headers`), nothing was verified. */
  readonly isFromRequest?: boolean | undefined;
}

export type DmarcPolicyWord = 'none' | 'quarantine' | 'reject';

/** RFC 8601 2.7.4 does not know DMARC; the words are those of RFC 7489 11.2. */
export interface DmarcOutcome {
  readonly result: 'none' | 'pass' | 'fail' | 'temperror' | 'permerror';
  /** Domain of the header field From, lower case. */
  readonly domain: string;
  /** Policy that holds for this message (`sp=` for subdomains); undefined without a record. */
  readonly policy?: DmarcPolicyWord | undefined;
  /** What the policy asks for after `pct=`; undefined without a record. */
  readonly disposition?: DmarcPolicyWord | undefined;
  /** Domain that published the record. */
  readonly policyDomain?: string | undefined;
  readonly isSpfAligned?: boolean | undefined;
  readonly isDkimAligned?: boolean | undefined;
  readonly reason?: string | undefined;
}

/** A sealer that the operator trusts (`arc.whitelisted_signers_map`), and that vouches for the message as it is now. */
export interface TrustedSealer {
  /** `d=` of its seal. */
  readonly domain: string;
  readonly instance: number;
  /**
   * It saw DMARC pass for the domain in From, and `arc.adjust_dmarc` lets that count: when DMARC asks for reject or
   * quarantine now, forwarding broke it. Rspamd then gives the symbol a tenth of its weight and option `ARC trusted`.
   */
  readonly mendsDmarc: boolean;
}

export interface ArcChainOutcome {
  readonly result: 'none' | 'pass' | 'fail';
  /** DNS did not answer: the result may be another one later. */
  readonly isTemporary?: boolean | undefined;
  /** `d=` of each seal, first instance first. */
  readonly sealers: readonly string[];
  /** First instance whose message signature still verifies (RFC 8617 5.2); undefined for none. */
  readonly oldestPass?: number | undefined;
  /** Known before `DMARC_CHECK` runs, provided that it says `after: ['ARC_CHECK']`. */
  readonly trusted?: TrustedSealer | undefined;
  readonly reason?: string | undefined;
}

/** Filled by the checks `spf`, `dkim`, `dmarc` and `arc` while a message is scanned. */
export interface AuthenticationState {
  spf?: SpfOutcome;
  /** One for each signature that was looked at, in the order of the message; empty: there is none. */
  dkim?: readonly DkimOutcome[];
  dmarc?: DmarcOutcome;
  arc?: ArcChainOutcome;
}
