import { domainInfo } from '../../content/index.ts';
import type { MailAddress, UrlView } from '../../core/index.ts';
import {
  compilePattern,
  type IpAddress,
  type Pattern,
  parseIp,
  RegexpError,
  urlParts,
} from '../../lib/index.ts';
import { parseAddressList } from '../../mime/index.ts';

/** What is looked up in a map. */
export type Key = string | IpAddress;

/** Turns a value into what is looked up: nothing, one key or several. */
export type Filter<T> = (value: T) => readonly Key[];

/** A filter that does not exist or does not compile. */
export class FilterError extends Error {}

const none: readonly Key[] = [];
const maxAddresses = 1024;

const keysOf = (key: Key | undefined): readonly Key[] => (key === undefined || key === '' ? none : [key]);

function registeredDomain(host: string): string {
  return domainInfo(host.toLowerCase().replace(/\.$/, '')).domain;
}

/**
 * Public suffix of a host and its last label. Lists were written for either: Rspamd up to 3.x looked the label up,
 * later versions the suffix.
 */
function topDomains(host: string): readonly string[] {
  const name = host.toLowerCase().replace(/\.$/, '');
  const { domain, hasSuffix } = domainInfo(name);
  const label = name.slice(name.lastIndexOf('.') + 1);
  const suffix = hasSuffix && domain.includes('.') ? domain.slice(domain.indexOf('.') + 1) : label;
  return suffix === label ? [label] : [suffix, label];
}

function pattern(text: string): Pattern {
  try {
    return compilePattern(text);
  } catch (error) {
    if (error instanceof RegexpError) {
      throw new FilterError(`bad expression at character ${error.offset + 1}: ${error.message}`);
    }
    throw error;
  }
}

/** The text after `prefix`, when the filter starts with it. */
function after(filter: string, prefix: string): string | undefined {
  return filter.startsWith(prefix) ? filter.slice(prefix.length) : undefined;
}

const addressParts: Readonly<Record<string, (address: NamedAddress) => string>> = {
  email: (address) => address.text,
  'email:addr': (address) => address.text,
  'email:user': (address) => address.local,
  'email:domain': (address) => address.domain,
  'email:domain:tld': (address) => registeredDomain(address.domain),
  'email:name': (address) => address.name ?? '',
};

/** An address and the name beside it, where there is one. */
type NamedAddress = MailAddress & { readonly name?: string };

function addressPart(filter: string): ((address: NamedAddress) => string) | undefined {
  const wanted = filter === 'name' ? 'email:name' : filter;
  return Object.hasOwn(addressParts, wanted) ? addressParts[wanted] : undefined;
}

/** Filters of addresses that are taken apart already: types `from`, `rcpt`. */
export function addressFilter(filter: string): Filter<NamedAddress> {
  const part = addressPart(filter);
  if (part) return (address) => keysOf(part(address));
  const ofText = addressTextFilter(filter);
  return (address) => ofText(address.text);
}

/** Filters of texts that hold addresses: types `header`, `user`. */
export function addressTextFilter(filter: string): Filter<string> {
  const part = addressPart(filter);
  if (part) {
    return (text) => {
      const { mailboxes } = parseAddressList(text, maxAddresses);
      // A text without any address is looked up as it is.
      if (mailboxes.length === 0) return keysOf(text);
      return mailboxes.flatMap((mailbox) => keysOf(part(mailbox)));
    };
  }
  if (filter === 'full') return keysOf;
  if (filter === 'ip_addr')
    return (text) => keysOf(parseIp(text.trim().replace(/^\[(?:IPv6:)?(.*)\]$/i, '$1')));
  const expression = after(filter, 'regexp:');
  if (expression !== undefined) {
    const compiled = pattern(expression);
    return (text) => keysOf(compiled.exec(text)?.[0] ?? text);
  }
  throw new FilterError(`unknown filter "${filter}"`);
}

/** Filters of host names: types `helo`, `hostname`. */
export function hostFilter(filter: string): Filter<string> {
  if (filter === 'tld') return (host) => keysOf(registeredDomain(host));
  if (filter === 'top') return topDomains;
  const ofDomain = after(filter, 'tld:regexp:');
  const expression = ofDomain ?? after(filter, 'regexp:');
  if (expression !== undefined) {
    const compiled = pattern(expression);
    return (host) => keysOf(compiled.exec(ofDomain === undefined ? host : registeredDomain(host))?.[0]);
  }
  throw new FilterError(`unknown filter "${filter}"`);
}

const flagFilters: Readonly<Record<string, string>> = {
  is_phished: 'phished',
  is_redirected: 'redirected',
  is_obscured: 'obscured',
};

const urlFields: Readonly<Record<string, (url: UrlView) => string>> = {
  url: (url) => url.url,
  host: (url) => url.host,
  tld: (url) => url.domain,
  path: (url) => url.path.replace(/^\//, ''),
  query: (url) => url.query,
  protocol: (url) => urlParts(url.url).protocol,
  user: (url) => urlParts(url.url).user,
  port: (url) => urlParts(url.url).port,
  fragment: (url) => urlParts(url.url).fragment,
};

function urlTemplate(text: string): Filter<UrlView> {
  const pieces: (string | ((url: UrlView) => string))[] = [];
  let end = 0;
  for (const match of text.matchAll(/\$(?:\{([a-z_]+)\}|([a-z_]+))/g)) {
    const name = (match[1] ?? match[2])!;
    const field = Object.hasOwn(urlFields, name) ? urlFields[name] : undefined;
    if (!field)
      throw new FilterError(`no part of a URL is called "${name}" (${Object.keys(urlFields).join(', ')})`);
    pieces.push(text.slice(end, match.index), field);
    end = match.index + match[0].length;
  }
  pieces.push(text.slice(end));
  return (url) => keysOf(pieces.map((piece) => (typeof piece === 'string' ? piece : piece(url))).join(''));
}

/** Filters of links. */
export function urlFilter(filter: string | undefined): Filter<UrlView> {
  if (filter === undefined) return (url) => keysOf(url.host);
  if (filter === 'tld') return (url) => keysOf(url.domain);
  if (filter === 'top') return (url) => topDomains(url.host);
  if (filter === 'full') return (url) => keysOf(url.url);
  if (filter === 'path' || filter === 'query') return (url) => keysOf(urlFields[filter]!(url));
  const flag = Object.hasOwn(flagFilters, filter) ? flagFilters[filter] : undefined;
  if (flag !== undefined) return (url) => (url.flags.includes(flag) ? keysOf(url.host) : none);
  if (filter.startsWith('tag:')) throw new FilterError('links carry no tags here');
  const template = after(filter, 'template:');
  if (template !== undefined) return urlTemplate(template);
  for (const [prefix, field] of [
    ['tld:regexp:', 'tld'],
    ['full:regexp:', 'url'],
    ['regexp:', 'host'],
  ] as const) {
    const expression = after(filter, prefix);
    if (expression === undefined) continue;
    const compiled = pattern(expression);
    return (url) => keysOf(compiled.exec(urlFields[field]!(url))?.[0]);
  }
  throw new FilterError(`unknown filter "${filter}"`);
}

/** Filters of file names. */
export function fileNameFilter(filter: string): Filter<string> {
  if (filter === 'extension' || filter === 'ext') return (name) => keysOf(/\.([^.]+)$/.exec(name)?.[1]);
  const expression = after(filter, 'regexp:');
  if (expression === undefined) throw new FilterError(`unknown filter "${filter}"`);
  const compiled = pattern(expression);
  return (name) => keysOf(compiled.exec(name)?.[0]);
}

/** Filter of plain texts (`mempool`, `selector`, `symbol_options`): the first group of an expression. */
export function groupFilter(filter: string): Filter<string> {
  const expression = after(filter, 'regexp:');
  if (expression === undefined) throw new FilterError(`unknown filter "${filter}"`);
  const compiled = pattern(expression);
  return (text) => keysOf(compiled.exec(text)?.[1]);
}

/** No filter: the text itself. */
export const asIs: Filter<string> = keysOf;
export { registeredDomain };
