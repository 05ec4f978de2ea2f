import { parseUrl } from '../../content/index.ts';
import type { HtmlAnchor } from '../../core/index.ts';

/** Does an anchor say `https` and lead to `http`? */
export function saysOtherScheme({ target, text }: HtmlAnchor): boolean {
  return /^http:/i.test(target) && /^\s*https:/i.test(text);
}

/** Could the host be an address in some notation? Spares the others the parser. */
const maybeAddress = /^https?:[/\\]*(?:[^/\\?#]*@)?[^/\\?#]*[\d%][^/\\?#]*/i;

/** Does an anchor lead to an IPv4 address, in whatever notation? */
export function linksToAddress({ target }: HtmlAnchor): boolean {
  if (!maybeAddress.test(target)) return false;
  const url = parseUrl(target);
  return url?.flags.includes('numeric') === true && !url.host.includes(':');
}
