interface MediaRange {
  readonly type: string;
  readonly quality: number;
}

/** Most elements of an `Accept` header that are looked at. */
const maxRanges = 32;

function parseRanges(accept: string): MediaRange[] {
  return accept.split(',', maxRanges).flatMap((element) => {
    const [type = '', ...parameters] = element.split(';').map((part) => part.trim().toLowerCase());
    if (type === '') return [];
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    const quality = weight === undefined ? 1 : Number(weight);
    return [{ type, quality: quality >= 0 && quality <= 1 ? quality : 0 }];
  });
}

/** Quality that the most specific range matching `type` gives it (RFC 9110 12.5.1); 0 when none matches. */
function qualityOf(type: string, ranges: readonly MediaRange[]): number {
  const family = `${type.slice(0, type.indexOf('/'))}/*`;
  const match =
    ranges.find((range) => range.type === type) ??
    ranges.find((range) => range.type === family) ??
    ranges.find((range) => range.type === '*/*');
  return match?.quality ?? 0;
}

/**
 * Picks a media type for a reply (RFC 9110 12.5.1).
 *
 * @param accept value of the header; undefined: anything goes
 * @param offered what can be sent, the preferred one first; it wins ties
 * @returns undefined when nothing offered is acceptable
 */
export function negotiate<Type extends string>(
  accept: string | undefined,
  offered: readonly Type[],
): Type | undefined {
  if (accept === undefined || accept.trim() === '') return offered[0];
  const ranges = parseRanges(accept);
  let best: Type | undefined;
  let bestQuality = 0;
  for (const type of offered) {
    const quality = qualityOf(type, ranges);
    if (quality > bestQuality) {
      best = type;
      bestQuality = quality;
    }
  }
  return best;
}

/** Does an `Accept-Encoding` header (RFC 9110 12.5.3) allow zstd? */
export function acceptsZstd(acceptEncoding: string | undefined): boolean {
  if (!acceptEncoding?.toLowerCase().includes('zstd')) return false;
  return parseRanges(acceptEncoding).some((range) => range.type === 'zstd' && range.quality > 0);
}
