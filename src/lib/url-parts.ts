/** Pieces of an absolute URL as written (RFC 3986 3); `''` for those that are not there. */
export interface UrlParts {
  readonly protocol: string;
  readonly user: string;
  readonly port: string;
  readonly fragment: string;
}

/** RFC 3986 appendix B, with the authority taken apart. */
const pattern =
  /^([A-Za-z][A-Za-z0-9+.-]*):(?:\/\/(?:([^/?#@]*)@)?(?:\[[^\]]*\]|[^/?#:]*)(?::(\d*))?)?[^#]*(?:#(.*))?$/s;

/** What a URL says besides host, path and query. */
export function urlParts(url: string): UrlParts {
  const match = pattern.exec(url);
  return {
    protocol: match?.[1]?.toLowerCase() ?? '',
    user: match?.[2]?.split(':', 1)[0] ?? '',
    port: match?.[3] ?? '',
    fragment: match?.[4] ?? '',
  };
}
