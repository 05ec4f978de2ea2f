import type { Header, Hit, MailAddress, Mailbox, ReceivedHop, Task, UrlView } from '../core/index.ts';
import type { IpAddress } from '../lib/index.ts';
import { isIntrinsicallyLocal, urlParts } from '../lib/index.ts';

type FieldValue = string | readonly string[] | undefined;

/** A thing with fields: what the peer has as a table or an object with methods. */
export interface ObjectClass<T> {
  readonly name: string;
  readonly fields: Readonly<Record<string, (item: T) => FieldValue>>;
  /** What it is as plain text. */
  text(item: T): string | undefined;
}

/** An object of some class, ready to be asked. */
export interface SelectorObject {
  readonly text: string | undefined;
  field(name: string): FieldValue;
  /** Texts of all fields that have one. */
  all(): readonly string[];
}

export type Item = string | SelectorObject;

class Bound<T> implements SelectorObject {
  readonly #class: ObjectClass<T>;
  readonly #item: T;

  constructor(objectClass: ObjectClass<T>, item: T) {
    this.#class = objectClass;
    this.#item = item;
  }

  get text(): string | undefined {
    return this.#class.text(this.#item);
  }

  field(name: string): FieldValue {
    return this.#class.fields[name]?.(this.#item);
  }

  all(): readonly string[] {
    return Object.values(this.#class.fields).flatMap((read) => read(this.#item) ?? []);
  }
}

/** Makes objects of a class out of plain values. */
export function bind<T>(objectClass: ObjectClass<T>, item: T): SelectorObject {
  return new Bound(objectClass, item);
}

const flag = (value: boolean): FieldValue => (value ? 'true' : 'false');

/** A mailbox of the envelope or the header; `name` only the latter has. */
export const addressClass: ObjectClass<MailAddress | Mailbox> = {
  name: 'address',
  fields: {
    addr: (address) => address.text,
    user: (address) => address.local,
    domain: (address) => address.domain,
    name: (address) => ('name' in address && address.name !== '' ? address.name : undefined),
    raw: (address) =>
      address.text === '' || ('name' in address && address.name !== '') ? `<${address.text}>` : address.text,
  },
  text: (address) => address.text,
};

export const ipClass: ObjectClass<IpAddress> = {
  name: 'address',
  fields: {
    to_string: (ip) => ip.text,
    get_version: (ip) => String(ip.family),
    is_local: (ip) => flag(isIntrinsicallyLocal(ip)),
    inversed_str_octets: (ip) =>
      ip.family === 4
        ? Array.from(ip.bytes, String).reverse()
        : Buffer.from(ip.bytes).toString('hex').split('').reverse(),
  },
  text: (ip) => ip.text,
};

const some = (text: string): FieldValue => (text === '' ? undefined : text);

export const urlClass: ObjectClass<UrlView> = {
  name: 'URL',
  fields: {
    get_text: (url) => url.url,
    to_string: (url) => url.url,
    get_raw: (url) => url.url,
    get_host: (url) => url.host,
    get_tld: (url) => url.domain,
    get_path: (url) => some(url.path.replace(/^\//, '')),
    get_query: (url) => some(url.query),
    get_fragment: (url) => some(urlParts(url.url).fragment),
    get_port: (url) => some(urlParts(url.url).port),
    get_protocol: (url) => some(urlParts(url.url).protocol),
    get_user: (url) => some(urlParts(url.url).user),
    get_length: (url) => String(url.url.length),
    get_visible: (url) => url.visibleText,
    get_flags: (url) => url.flags,
    is_phished: (url) => flag(url.flags.includes('phished')),
    is_redirected: (url) => flag(url.flags.includes('redirected')),
    is_obscured: (url) => flag(url.flags.includes('obscured')),
    is_html_displayed: (url) => flag(url.flags.includes('html_displayed')),
    is_subject: (url) => flag(url.from === 'subject'),
  },
  text: (url) => url.url,
};

/** An address found in the text, which the peer holds as a link. */
export const emailClass: ObjectClass<MailAddress> = {
  name: 'e-mail',
  fields: {
    get_text: (address) => address.text,
    to_string: (address) => address.text,
    get_user: (address) => address.local,
    get_host: (address) => address.domain,
    get_tld: (address) => address.domain,
    get_length: (address) => String(address.text.length),
  },
  text: (address) => address.text,
};

export const headerClass: ObjectClass<Header> = {
  name: 'header',
  fields: {
    name: (header) => header.name,
    value: (header) => header.rawValue.trim(),
    raw: (header) => `${header.name}:${header.rawValue}`,
    decoded: (header) => header.value,
  },
  text: (header) => header.rawValue.trim(),
};

function hopFlags(hop: ReceivedHop): readonly string[] {
  return [...(hop.isAuthenticated ? ['authenticated'] : []), ...(hop.isTls ? ['ssl'] : [])];
}

export const receivedClass: ObjectClass<ReceivedHop> = {
  name: 'Received',
  fields: {
    from_hostname: (hop) => hop.fromName,
    real_hostname: (hop) => hop.realName,
    by_hostname: (hop) => hop.by,
    for: (hop) => hop.for,
    from_ip: (hop) => hop.fromIp,
    real_ip: (hop) => hop.fromIp,
    proto: (hop) => hop.protocol,
    timestamp: (hop) => (hop.date ? String(Math.floor(hop.date.getTime() / 1000)) : undefined),
    flags: hopFlags,
  },
  text: (hop) =>
    [hop.fromName, hop.realName, hop.fromIp, hop.by, hop.protocol, hop.for]
      .filter((part) => part !== undefined)
      .join(' '),
};

export const symbolClass: ObjectClass<Hit> = {
  name: 'symbol',
  fields: {
    name: (hit) => hit.name,
    score: (hit) => numberText(hit.score),
    options: (hit) => hit.options,
    group: (hit) => hit.groups[0],
    groups: (hit) => hit.groups,
  },
  text: (hit) => hit.name,
};

export const resultClass: ObjectClass<Task> = {
  name: 'scan result',
  fields: {
    action: (task) => task.result.currentAction(),
    score: (task) => numberText(task.result.score),
    symbols: (task) => Array.from(task.result.hits, (hit) => hit.name),
    nsymbols: (task) => String(Array.from(task.result.hits).length),
  },
  text: (task) => task.result.currentAction(),
};

/** A number as the peer prints it: at most 14 significant digits. */
function numberText(value: number): string {
  return String(Number(value.toPrecision(14)));
}
