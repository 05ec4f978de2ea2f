import type { MailAddress, UrlView } from '../core/index.ts';
import { borrowedBrand } from './header-signals.ts';
import { cheapTopLevels, openHosting, shorteners } from './names.ts';
import { type Signals, stepOf } from './signals.ts';

/** What links of a message are counted as. */
export interface LinkCounts {
  /** Links that a reader can follow. */
  readonly followed: number;
}

/** Links that are looked at. */
const maxLinks = 60;
const namedHost = /(?:^|\s)(?:https?:\/\/)?(?:www\.)?((?:[a-z0-9-]+\.)+[a-z]{2,})(?:[/\s]|$)/i;
const randomLabel = /(?:[bcdfghjklmnpqrstvwxz]{5}|\d[a-z]+\d[a-z]*\d|[a-z]\d{3,}[a-z])/;

function lastLabel(host: string): string {
  return host.slice(host.lastIndexOf('.') + 1);
}

function isPicture(url: UrlView): boolean {
  return url.flags.includes('image') || /\.(?:png|jpe?g|gif|svg|webp|css)$/i.test(url.path);
}

function linkSignals(url: UrlView, out: Signals): void {
  const { host, path, query, visibleText } = url;
  const label = url.domain.slice(0, url.domain.indexOf('.'));
  if (/^\d+\.\d+\.\d+\.\d+$/.test(host) || host.startsWith('[')) out.add('link:address-number');
  if (shorteners.has(url.domain)) out.add('link:shortened');
  if (openHosting.test(host)) out.add('link:open-hosting');
  if (/(?:docs|sites|drive|forms)\.google\.com$/.test(host)) out.add('link:open-documents');
  if (cheapTopLevels.has(lastLabel(host))) out.add('link:cheap-top-level');
  if (host.includes('xn--')) out.add('link:international-name');
  if (url.flags.includes('has_user')) out.add('link:with-user');
  if (url.flags.includes('obscured')) out.add('link:obscured');
  if (/^https?:\/\/[^/]*:\d+/.test(url.url)) out.add('link:with-port');
  if (url.url.startsWith('http:')) out.add('link:unencrypted');
  if (host.split('.').length > 4) out.add('link:many-labels');
  if (label.length > 18) out.add('link:long-name');
  if (randomLabel.test(label)) out.add('link:random-name');
  if (label.split('-').length > 2) out.add('link:hyphens');
  if (query.length + path.length > 150) out.add('link:long');
  if (/\.(?:php|asp|cgi)$/i.test(path)) out.add('link:program');
  if (/wp-(?:content|includes|admin)|\/\.well-known\//i.test(path)) out.add('link:inside-of-site');
  if (/\.(?:exe|scr|zip|rar|iso|js|vbs|apk|jar|msi)$/i.test(path)) out.add('link:download');
  if (path.length <= 1 && query === '') out.add('link:front-page');
  if (/[?&#/=][\w.+-]+(?:@|%40)[\w-]+\./i.test(url.url)) out.add('link:with-address');
  if (borrowedBrand(host.replaceAll(/[.-]/g, ' '), url.domain.replace(/^.*?\./, '')) !== undefined) {
    if (borrowedBrand(host.replaceAll(/[.-]/g, ' '), url.domain) !== undefined || label.includes('-'))
      out.add('link:borrowed-brand');
  }
  if (visibleText !== undefined && url.from === 'html') {
    const shown = namedHost.exec(visibleText.slice(0, 200))?.[1]?.toLowerCase();
    if (shown !== undefined) {
      const same = shown === url.domain || shown.endsWith(`.${url.domain}`) || url.domain.endsWith(shown);
      out.add(same ? 'link:shown-as-it-is' : 'link:shows-other-host');
    }
    if (visibleText.trim() === '') out.add('link:picture-only');
    else if (visibleText === visibleText.toUpperCase() && /\p{L}{3}/u.test(visibleText))
      out.add('link:capitals');
  }
}

/** How often each signal was given. */
class Counted {
  readonly counts = new Map<string, number>();
  add(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }
}

/** Share of the links from which on a signal counts for the message. */
const fewShare = 0.25;

/** Reads where links lead and how they are shown. */
export function linksSignals(
  urls: readonly UrlView[],
  emails: readonly MailAddress[],
  fromDomain: string,
  out: Signals,
): LinkCounts {
  const domains = new Set<string>();
  const targets = new Set<string>();
  let own = 0;
  const signals = new Counted();
  let followed = 0;
  let pictures = 0;
  for (const url of urls.slice(0, maxLinks)) {
    if (isPicture(url)) {
      pictures++;
      continue;
    }
    followed++;
    domains.add(url.domain);
    targets.add(url.url);
    if (url.domain === fromDomain || fromDomain.endsWith(`.${url.domain}`)) own++;
    linkSignals(url, signals);
  }
  for (const [name, count] of signals.counts) {
    // One link out of many says less: newsletters lead everywhere.
    out.add(count >= followed * fewShare ? name : `${name}:rare`);
  }
  out.add(`links:followed:${stepOf(followed, [1, 2, 4, 8, 20])}`);
  out.add(`links:domains:${stepOf(domains.size, [1, 2, 3, 6, 12])}`);
  if (targets.size === 1 && followed > 1) out.add('links:all-the-same');
  if (followed > 3 && domains.size === 1) out.add('links:one-domain');
  if (own > 0) out.add('links:own-domain');
  if (pictures > 0) out.add(`links:pictures:${stepOf(pictures, [1, 3, 8])}`);
  if (emails.length > 0) out.add(`links:addresses:${stepOf(emails.length, [1, 2, 4])}`);
  return { followed };
}
