import type { MailAddress, UrlView } from '../core/index.ts';
import { brandInHost } from './brands.ts';
import { cheapTopLevels, openHosting, openPictures, shorteners } from './names.ts';
import { type Signals, stepOf } from './signals.ts';

/** What links of a message are counted as. */
export interface LinkCounts {
  /** Links that a reader can follow. */
  readonly followed: number;
}

/** Whom the message is from and to. */
export interface Parties {
  readonly fromDomain: string;
  /** Address of the first recipient in lower case. */
  readonly recipient: string;
}

/** Links that are looked at. */
const maxLinks = 60;
const namedHost = /(?:^|\s)(?:https?:\/\/)?(?:www\.)?((?:[a-z0-9-]+\.)+[a-z]{2,})(?:[/\s]|$)/i;
const randomLabel = /[bcdfghjklmnpqrstvwxz]{5}|\d[a-z]+\d[a-z]*\d|[a-z]\d{3,}[a-z]/;
const addressNumber = /^\d+\.\d+\.\d+\.\d+$/;
const pictureFile = /\.(?:png|jpe?g|gif|svg|webp|css)$/i;
const program = /\.(?:php|asp|aspx|cgi)$/i;
const insideOfSite = /wp-(?:content|includes|admin)|\/\.well-known\/|\/(?:cgi-bin|vendor|plugins)\//i;
const download = /\.(?:exe|scr|zip|rar|iso|js|vbs|apk|jar|msi)$/i;
const page = /\.html?$/i;
const addressInside = /[?&#/=][\w.+-]+(?:@|%40)[\w-]+\./i;
const codeBehind = /#[\w+/=-]{8,}$/;
const pictureShare = 40;

function isPicture(url: UrlView): boolean {
  return url.flags.includes('image') || pictureFile.test(url.path);
}

/** What a host name says, whatever the link. */
function hostSignals(host: string, domain: string): readonly string[] {
  const found: string[] = [];
  const label = domain.slice(0, domain.indexOf('.'));
  if (addressNumber.test(host) || host.startsWith('[')) found.push('link:address-number');
  if (shorteners.has(domain)) found.push('link:shortened');
  if (openHosting.test(host)) found.push('link:open-hosting');
  if (/(?:docs|sites|drive|forms)\.google\.com$/.test(host)) found.push('link:open-documents');
  if (cheapTopLevels.has(host.slice(host.lastIndexOf('.') + 1))) found.push('link:cheap-top-level');
  if (host.includes('xn--')) found.push('link:international-name');
  if (host.split('.').length > 4) found.push('link:many-labels');
  if (label.length > 18) found.push('link:long-name');
  if (randomLabel.test(label)) found.push('link:random-name');
  if (label.split('-').length > 2) found.push('link:hyphens');
  if (brandInHost(host, domain) !== undefined) found.push('link:borrowed-brand');
  return found;
}

/** Base64 of the address without the end, which depends on what follows. */
function codedAddress(address: string): string {
  const coded = Buffer.from(address).toString('base64');
  return coded.slice(0, Math.floor(address.length / 3) * 4);
}

class LinkReader {
  /** How often each signal was given. */
  readonly counts = new Map<string, number>();
  readonly #hosts = new Map<string, readonly string[]>();
  readonly #recipient: string;
  readonly #coded: string;

  constructor({ recipient }: Parties) {
    this.#recipient = recipient.length > 5 ? recipient : '';
    this.#coded = recipient.length > 5 ? codedAddress(recipient) : '';
  }

  #add(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  read(url: UrlView): void {
    const { host, domain, path, query } = url;
    let known = this.#hosts.get(host);
    if (!known) {
      known = hostSignals(host, domain);
      this.#hosts.set(host, known);
    }
    for (const name of known) this.#add(name);
    if (url.flags.includes('has_user')) this.#add('link:with-user');
    if (url.flags.includes('obscured')) this.#add('link:obscured');
    if (/^https?:\/\/[^/]*:\d+/.test(url.url)) this.#add('link:with-port');
    if (url.url.startsWith('http:')) this.#add('link:unencrypted');
    if (query.length + path.length > 150) this.#add('link:long');
    if (program.test(path)) this.#add('link:program');
    else if (page.test(path)) this.#add('link:page');
    if (insideOfSite.test(path)) this.#add('link:inside-of-site');
    if (download.test(path)) this.#add('link:download');
    if (path.length <= 1 && query === '') this.#add('link:front-page');
    if (codeBehind.test(url.url)) this.#add('link:code-behind');
    this.#recipientSignals(url);
    if (url.visibleText !== undefined && url.from === 'html') this.#shownSignals(url, url.visibleText);
  }

  #recipientSignals({ url }: UrlView): void {
    if (addressInside.test(url)) this.#add('link:with-address');
    if (this.#recipient === '') return;
    if (url.includes(this.#recipient) || url.includes(this.#coded)) this.#add('link:with-recipient');
  }

  #shownSignals({ domain }: UrlView, visibleText: string): void {
    const shown = namedHost.exec(visibleText.slice(0, 200))?.[1]?.toLowerCase();
    if (shown !== undefined) {
      const same = shown === domain || shown.endsWith(`.${domain}`) || domain.endsWith(shown);
      this.#add(same ? 'link:shown-as-it-is' : 'link:shows-other-host');
    }
    const text = visibleText.slice(0, pictureShare);
    if (text.trim() === '') this.#add('link:picture-only');
    else if (text === text.toUpperCase() && /\p{L}{3}/u.test(text)) this.#add('link:capitals');
  }
}

/** Share of the links from which on a signal counts for the message. */
const fewShare = 0.25;

/** Reads where links lead and how they are shown. */
export function linksSignals(
  urls: readonly UrlView[],
  emails: readonly MailAddress[],
  parties: Parties,
  out: Signals,
): LinkCounts {
  const { fromDomain } = parties;
  const domains = new Set<string>();
  const targets = new Set<string>();
  const reader = new LinkReader(parties);
  let own = 0;
  let followed = 0;
  let pictures = 0;
  const last = Math.min(urls.length, maxLinks);
  for (let index = 0; index < last; index++) {
    const url = urls[index]!;
    if (isPicture(url)) {
      pictures++;
      if (openPictures.test(url.host)) out.add('picture:open-hosting');
      continue;
    }
    followed++;
    domains.add(url.domain);
    targets.add(url.url);
    if (url.domain === fromDomain || fromDomain.endsWith(`.${url.domain}`)) own++;
    reader.read(url);
  }
  for (const [name, count] of reader.counts) {
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
