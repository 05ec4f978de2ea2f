import type { DmarcPolicyWord } from '../../core/index.ts';
import { parseReportUris, type ReportUri } from './report-uri.ts';

/** A policy record (RFC 7489 6.3) with defaults filled in. */
export interface DmarcRecord {
  readonly policy: DmarcPolicyWord;
  /** `sp=`, else `p=`. */
  readonly subdomainPolicy: DmarcPolicyWord;
  /** `np=`: for subdomains that do not exist (RFC 9091 2). */
  readonly absentPolicy: DmarcPolicyWord | undefined;
  readonly spfAlignment: Alignment;
  readonly dkimAlignment: Alignment;
  /** 0 to 100. */
  readonly percent: number;
  readonly rua: readonly ReportUri[];
  readonly ruf: readonly ReportUri[];
  /** `fo=`: which failures are wanted one by one. Nobody sends those here; aggregate reports repeat it. */
  readonly failureOptions: string;
  /** `rua=` as published. */
  readonly ruaText: string;
}

export type Alignment = 'relaxed' | 'strict';

/** What a TXT record is: a policy, one that cannot be used, or something else (undefined). */
export type RecordReading =
  | { readonly status: 'found'; readonly record: DmarcRecord }
  | { readonly status: 'malformed'; readonly reason: string };

const version = /^v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)/;
const policyWords: ReadonlySet<string> = new Set(['none', 'quarantine', 'reject']);
const maxRecordLength = 16_384;

/**
 * Tags after the version; what is no tag is left out, since errors in the remainder of a record are to be ignored
 * (RFC 7489 6.3). Of a tag that comes twice the first counts.
 */
function readTags(text: string): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  for (const item of text.slice(0, maxRecordLength).split(';')) {
    const equals = item.indexOf('=');
    const name = item.slice(0, Math.max(0, equals)).trim().toLowerCase();
    if (name !== '' && !tags.has(name)) tags.set(name, item.slice(equals + 1).trim());
  }
  return tags;
}

/** Undefined: the tag is missing. */
function policyWord(value: string | undefined): DmarcPolicyWord | 'invalid' | undefined {
  if (value === undefined) return undefined;
  const word = value.toLowerCase();
  return policyWords.has(word) ? (word as DmarcPolicyWord) : 'invalid';
}

const alignment = (value: string | undefined): Alignment =>
  value?.toLowerCase() === 's' ? 'strict' : 'relaxed';

/** Reads one TXT record; undefined when it is no policy of this version. */
export function readRecord(text: string): RecordReading | undefined {
  if (!version.test(text)) return undefined;
  const tags = readTags(text);
  const ruaText = tags.get('rua') ?? '';
  const rua = parseReportUris(ruaText);
  const own = policyWord(tags.get('p'));
  const sub = policyWord(tags.get('sp'));
  const isUsable = own !== undefined && own !== 'invalid' && sub !== 'invalid';
  // Whoever asks for reports shows that a policy was meant: as if it were p=none (RFC 7489 6.6.3 step 6).
  if (!isUsable && rua.length === 0)
    return { status: 'malformed', reason: own === undefined ? 'no p tag' : invalidTag(own) };
  const policy = isUsable ? own : 'none';
  const absent = policyWord(tags.get('np'));
  const percent = tags.get('pct') ?? '';
  return {
    status: 'found',
    record: {
      policy,
      subdomainPolicy: (isUsable ? sub : undefined) ?? policy,
      absentPolicy: isUsable && absent !== 'invalid' ? absent : undefined,
      spfAlignment: alignment(tags.get('aspf')),
      dkimAlignment: alignment(tags.get('adkim')),
      percent: /^\d{1,3}$/.test(percent) && Number(percent) <= 100 ? Number(percent) : 100,
      failureOptions: /^[01ds](?::[01ds])*$/i.test(tags.get('fo') ?? '')
        ? tags.get('fo')!.toLowerCase()
        : '0',
      rua,
      ruf: parseReportUris(tags.get('ruf') ?? ''),
      ruaText,
    },
  };
}

const invalidTag = (own: DmarcPolicyWord | 'invalid'): string =>
  `${own === 'invalid' ? 'p' : 'sp'} tag has invalid value`;
