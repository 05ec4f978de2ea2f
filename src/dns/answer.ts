import type { DnsAnswer, DnsStatus, DnsType } from '../core/index.ts';
import { cnameCode, type ResourceRecord, type Response, rcodes, soaMinimum, typeCodes } from './codec.ts';

/** Longest a positive answer is kept, whatever its TTL says. */
const maxTtlSeconds = 86_400;
/** RFC 2308 5: one to three hours are enough for negative answers. */
const maxNegativeTtlSeconds = 3_600;
/** RFC 9520 3.2: failures are kept for a moment, so that a broken domain is not asked for over and over. */
const failureTtlSeconds = 1;

const maxAliases = 16;

export function failure(status: DnsStatus): DnsAnswer {
  return { status, records: [], ttlSeconds: failureTtlSeconds };
}

const statusOfRcode: Readonly<Record<number, DnsStatus>> = {
  [rcodes.formerr]: 'formerr',
  [rcodes.servfail]: 'servfail',
  [rcodes.notimp]: 'notimp',
  [rcodes.refused]: 'refused',
};

/** What a response means to the question, or the name to ask next when it ends in an alias. */
export function interpret(
  response: Response,
  name: string,
  type: DnsType,
): DnsAnswer | { readonly alias: string; readonly ttlSeconds: number } {
  if (response.rcode !== rcodes.noerror && response.rcode !== rcodes.nxdomain)
    return failure(statusOfRcode[response.rcode] ?? 'servfail');

  let owner = name;
  let ttlSeconds = maxTtlSeconds;
  const code = typeCodes[type];
  for (let hops = 0; hops <= maxAliases; hops++) {
    const found = response.answers.filter((record) => record.type === code && record.name === owner);
    if (found.length > 0) {
      for (const record of found) ttlSeconds = Math.min(ttlSeconds, record.ttlSeconds);
      return { status: 'ok', records: found.map((record) => record.data), ttlSeconds };
    }
    const alias = response.answers.find((record) => record.type === cnameCode && record.name === owner);
    if (!alias) return withoutRecords(response, owner, name, ttlSeconds);
    ttlSeconds = Math.min(ttlSeconds, alias.ttlSeconds);
    owner = alias.data;
  }
  return failure('servfail');
}

function withoutRecords(
  response: Response,
  owner: string,
  name: string,
  ttlSeconds: number,
): DnsAnswer | { readonly alias: string; readonly ttlSeconds: number } {
  const soa = response.authorities.find((record) => record.type === typeCodes.soa);
  if (response.rcode === rcodes.noerror && !soa && owner !== name) return { alias: owner, ttlSeconds };
  return {
    status: response.rcode === rcodes.nxdomain ? 'nxdomain' : 'nodata',
    records: [],
    ttlSeconds: Math.min(ttlSeconds, negativeTtl(soa)),
  };
}

/** RFC 2308 5: the lower of the SOA's TTL and its last field; without a SOA a negative answer is not kept. */
function negativeTtl(soa: ResourceRecord | undefined): number {
  return soa ? Math.min(maxNegativeTtlSeconds, soa.ttlSeconds, soaMinimum(soa.data)) : 0;
}
