/** Where reports go: one URI of `rua` or `ruf` (RFC 7489 6.2). Only mail is defined. */
export interface ReportUri {
  /** `local@domain`, percent-encoding resolved, domain in lower case. */
  readonly address: string;
  readonly domain: string;
  /** Largest report that the receiver wants; undefined: any. */
  readonly maxBytes: number | undefined;
}

/** URIs of one tag that are looked at. */
const maxUris = 10;
const units = ['', 'k', 'm', 'g', 't'];
/** As it may stand in a command and a header (RFC 5321 4.1.2, without quoted local parts). */
const plainAddress = /^[^\s<>()[\],;:\\"@!\x00-\x20\x7f]{1,64}@[a-z0-9](?:[a-z0-9._-]{0,252})$/;

/** The URIs of a tag's value that can be used; others are left out (RFC 7489 6.3, `rua`). */
export function parseReportUris(value: string): readonly ReportUri[] {
  const uris: ReportUri[] = [];
  for (const item of value.split(',', maxUris)) {
    const uri = parseReportUri(item.trim());
    if (uri && !uris.some(({ address }) => address === uri.address)) uris.push(uri);
  }
  return uris;
}

function parseReportUri(text: string): ReportUri | undefined {
  const parts = /^mailto:([^!?]+)(?:\?[^!]*)?(?:!(\d{1,15})([kmgt]?))?$/i.exec(text);
  if (!parts) return undefined;
  const decoded = percentDecoded(parts[1]!);
  const at = decoded?.lastIndexOf('@') ?? -1;
  if (decoded === undefined || at < 1) return undefined;
  const domain = decoded.slice(at + 1).toLowerCase();
  const address = `${decoded.slice(0, at)}@${domain}`;
  if (!plainAddress.test(address)) return undefined;
  // "k" is 2^10 and so on (RFC 7489 6.2).
  const maxBytes =
    parts[2] === undefined
      ? undefined
      : Number(parts[2]) * 1024 ** units.indexOf((parts[3] ?? '').toLowerCase());
  return { address, domain, maxBytes };
}

function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // no UTF-8
  }
}
