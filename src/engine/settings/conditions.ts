import type { ConfigPath, MailAddress, Maps, Selectors, Task } from '../../core/index.ts';
import { addressesTest, any, inMap, ipTest, openMap, type Test } from './addresses.ts';
import { isRecord, type SettingsReader, type Values } from './reader.ts';

/** A named test of a rule; what the message lacks is no match. */
export type Condition = (task: Task) => boolean | Promise<boolean>;

export interface Conditions {
  /** Joined by the implicit expression, in the order they were written. */
  readonly main: ReadonlyMap<string, Condition>;
  /** Every name an expression may use, aliases included. */
  readonly named: ReadonlyMap<string, Condition>;
}

/** Keys of a rule that are conditions. */
export const conditionKeys = [
  'ip',
  'ip_map',
  'client_ip',
  'client_ip_map',
  'from',
  'rcpt',
  'from_mime',
  'rcpt_mime',
  'user',
  'hostname',
  'authenticated',
  'local',
  'request_header',
  'header',
  'selector',
] as const;

const maxNumbered = 1000;

function loginAddress(login: string): MailAddress {
  const at = login.lastIndexOf('@');
  if (at <= 0 || at === login.length - 1) return { text: login, local: login, domain: '' };
  return { text: login, local: login.slice(0, at), domain: login.slice(at + 1).toLowerCase() };
}

const addressesOf: Readonly<Record<string, (task: Task) => readonly MailAddress[] | undefined>> = {
  from({ envelope: { sender } }) {
    if (sender === undefined) return undefined;
    return [sender ?? { text: '', local: '', domain: '' }];
  },
  rcpt: ({ envelope }) => envelope.recipients,
  from_mime: ({ mailboxes }) => mailboxes.from,
  rcpt_mime: ({ mailboxes }) => [...mailboxes.to, ...mailboxes.cc],
  user({ envelope: { login } }) {
    return login === undefined ? undefined : [loginAddress(login)];
  },
};

export class ConditionReader {
  readonly #path: ConfigPath;
  readonly #maps: Maps;
  readonly #selectors: Selectors;
  readonly #reader: SettingsReader;
  readonly #main = new Map<string, Condition>();
  readonly #named = new Map<string, Condition>();

  constructor(path: ConfigPath, maps: Maps, selectors: Selectors, reader: SettingsReader) {
    this.#path = path;
    this.#maps = maps;
    this.#selectors = selectors;
    this.#reader = reader;
  }

  read(rule: Values): Conditions {
    for (const key of ['ip', 'ip_map', 'client_ip', 'client_ip_map'] as const) {
      if (rule[key] !== undefined) this.#add(key, this.#ip(key, rule[key]));
    }
    for (const [key, extract] of Object.entries(addressesOf)) {
      const value = rule[key];
      if (value === undefined) continue;
      const path = [...this.#path, key];
      const test = addressesTest(this.#reader.texts(value, path), path, this.#maps, this.#reader);
      this.#add(key, (task) => {
        const addresses = extract(task);
        return addresses !== undefined && test(addresses);
      });
    }
    if (rule['hostname'] !== undefined) this.#add('hostname', this.#hostName(rule['hostname']));
    for (const [key, property] of [
      ['authenticated', 'isAuthenticated'],
      ['local', 'isLocal'],
    ] as const) {
      const value = rule[key];
      if (value === undefined) continue;
      const wanted = this.#reader.flag(value, [...this.#path, key]);
      this.#add(key, (task) => task.direction[property] === wanted);
    }
    this.#headers(
      'request_header',
      rule['request_header'],
      (name) => (task) => task.envelope.request.getAll(name),
    );
    this.#headers('header', rule['header'], (name) => {
      const key = name.toLowerCase();
      return (task) => task.message.headers.every(key).map((header) => header.value);
    });
    if (rule['selector'] !== undefined) this.#selector(rule['selector'], rule['delimiter']);
    return { main: this.#main, named: this.#named };
  }

  #add(name: string, condition: Condition): void {
    this.#main.set(name, condition);
    this.#named.set(name, condition);
  }

  /** `generic:specific`, and what an expression may call it: by number, and with signs replaced. */
  #addCompound(generic: string, specific: string, condition: Condition): void {
    this.#add(`${generic}:${specific}`, condition);
    for (let number = 1; number <= maxNumbered; number++) {
      const name = `${generic}:${number}`;
      if (this.#named.has(name)) continue;
      this.#named.set(name, condition);
      break;
    }
    const safe = specific
      .replace(/[:%\-+&|><]/g, '_')
      .replaceAll('(', '[')
      .replaceAll(')', ']')
      .toLowerCase();
    const name = `${generic}:${safe}`;
    if (!this.#named.has(name)) this.#named.set(name, condition);
  }

  #ip(key: 'ip' | 'ip_map' | 'client_ip' | 'client_ip_map', value: unknown): Condition {
    const path = [...this.#path, key];
    const extract = (task: Task) =>
      key.startsWith('client_') ? task.envelope.scannerClientIp : task.envelope.clientIp;
    let test: Test<NonNullable<ReturnType<typeof extract>>>;
    if (key.endsWith('_map')) {
      const map =
        typeof value === 'string'
          ? openMap(value, 'radix', path, this.#maps, this.#reader)
          : this.#reader.attempt(() =>
              this.#maps.open(value, 'radix', { description: `settings map of ${path.join('.')}`, path }),
            );
      test = (ip) => map !== undefined && inMap(map, ip);
    } else test = ipTest(this.#reader.texts(value, path), path, this.#maps, this.#reader);
    return (task) => {
      const ip = extract(task);
      return ip !== undefined && test(ip);
    };
  }

  #hostName(value: unknown): Condition {
    const path = [...this.#path, 'hostname'];
    const tests: Test<string>[] = [];
    for (const text of this.#reader.texts(value, path)) {
      if (text.startsWith('map:')) {
        const map = openMap(text, 'set', path, this.#maps, this.#reader);
        if (map) tests.push((name) => inMap(map, name));
      } else if (text.startsWith('/')) {
        const pattern = this.#reader.pattern(text, path);
        if (pattern) tests.push((name) => pattern.test(name));
      } else {
        const wanted = text.toLowerCase();
        tests.push((name) => name === wanted);
      }
    }
    return (task) => any(tests, task.envelope.hostName?.toLowerCase() ?? '');
  }

  #headers(
    key: 'header' | 'request_header',
    value: unknown,
    extractor: (name: string) => (task: Task) => readonly string[],
  ): void {
    if (value === undefined) return;
    const path = [...this.#path, key];
    const list = Array.isArray(value) ? (value as readonly unknown[]) : [value];
    for (const item of list) {
      if (!isRecord(item)) {
        this.#reader.problem(path, 'object expected', '{ name = "/expression/" } or { name = true }');
        continue;
      }
      for (const [name, wanted] of Object.entries(item)) {
        const extract = extractor(name);
        if (typeof wanted === 'boolean') {
          this.#addCompound(key, name, (task) => extract(task).length > 0 === wanted);
          continue;
        }
        const patterns = this.#reader
          .texts(wanted, [...path, name])
          .flatMap((text) => this.#reader.pattern(text, [...path, name]) ?? []);
        this.#addCompound(key, name, (task) =>
          extract(task).some((text) => patterns.some((pattern) => pattern.test(text))),
        );
      }
    }
  }

  #selector(value: unknown, delimiter: unknown): void {
    const path = [...this.#path, 'selector'];
    if (typeof value !== 'string') {
      this.#reader.problem(path, 'text expected');
      return;
    }
    if (delimiter !== undefined && typeof delimiter !== 'string') {
      this.#reader.problem([...this.#path, 'delimiter'], 'text expected');
    }
    const selector = this.#reader.attempt(() =>
      this.#selectors.compile(value, { path, delimiter: typeof delimiter === 'string' ? delimiter : '' }),
    );
    if (selector) this.#addCompound('selector', value, (task) => selector.values(task) !== undefined);
  }
}
