import type { MailAddress, NeededView, ReceivedHop, Selector, Task } from '../../core/index.ts';
import { parseIp } from '../../lib/index.ts';
import {
  addressFilter,
  addressTextFilter,
  asIs,
  type Filter,
  FilterError,
  fileNameFilter,
  groupFilter,
  hostFilter,
  type Key,
  registeredDomain,
  urlFilter,
} from './filters.ts';
import type { RuleOptions } from './options.ts';

/** What a rule looks up for a message. */
export interface Subject {
  readonly needs: readonly NeededView[];
  /** Addresses are looked up among networks. */
  readonly isAddress: boolean;
  /** Matches carry no option: the key would be the message. */
  readonly isSecret?: boolean;
  keys(task: Task): readonly Key[];
}

/** Longest text given to expressions of content rules, in characters. */
const maxContentChars = 2 * 1024 * 1024;

const hopFields: Readonly<Record<string, (hop: ReceivedHop) => string | undefined>> = {
  real_ip: (hop) => hop.fromIp,
  from_ip: (hop) => hop.fromIp,
  from_hostname: (hop) => hop.fromName,
  real_hostname: (hop) => hop.realName,
  by_hostname: (hop) => hop.by,
  for: (hop) => hop.for,
  proto: (hop) => hop.protocol,
};

const hopFlags: Readonly<Record<string, (hop: ReceivedHop) => boolean>> = {
  ssl: (hop) => hop.isTls,
  authenticated: (hop) => hop.isAuthenticated,
  // Hops are only those of the message.
  artificial: () => false,
};

function addresses(
  options: RuleOptions,
  smtp: (task: Task) => readonly MailAddress[] | undefined,
  mime: (task: Task) => readonly MailAddress[],
): (task: Task) => readonly MailAddress[] {
  switch (options.extract_from) {
    case 'smtp':
      return (task) => smtp(task) ?? [];
    case 'mime':
      return mime;
    case 'both':
      return (task) => [...(smtp(task) ?? []), ...mime(task)];
    case 'default':
      return (task) => smtp(task) ?? mime(task);
  }
}

/** Whole addresses are looked up, and without a filter their domains and local parts too. */
function addressSubject(options: RuleOptions, list: (task: Task) => readonly MailAddress[]): Subject {
  const { filter } = options;
  const byFilter: Filter<MailAddress> =
    filter === undefined
      ? (address) => [address.text, address.domain, address.local].filter((key) => key !== '')
      : addressFilter(filter);
  return {
    needs: [],
    isAddress: filter === 'ip_addr',
    keys: (task) => list(task).flatMap((address) => byFilter(address)),
  };
}

/** Headers whose addresses the message has read already, or reads once for everybody. */
const parsedHeaders: Readonly<Record<string, (task: Task) => readonly MailAddress[]>> = {
  from: ({ message }) => message.from,
  to: ({ message }) => message.to,
  cc: ({ message }) => message.cc,
  'reply-to': ({ message }) => message.replyTo,
};

function headerSubject(names: readonly string[], filter: string | undefined): Subject {
  const ofText = filter === undefined ? asIs : addressTextFilter(filter);
  const ofAddress = filter?.startsWith('email') ? addressFilter(filter) : undefined;
  const readers = names.map((name): ((task: Task) => readonly Key[]) => {
    const key = name.toLowerCase();
    const texts = ({ message: { headers } }: Task): readonly Key[] =>
      headers.has(key) ? headers.every(key).flatMap((header) => ofText(header.value)) : [];
    const parsed = Object.hasOwn(parsedHeaders, key) ? parsedHeaders[key] : undefined;
    if (!parsed || !ofAddress) return texts;
    return (task) => {
      const list = parsed(task);
      return list.length === 0 ? texts(task) : list.flatMap(ofAddress);
    };
  });
  const [only] = readers;
  return {
    needs: ['headers'],
    isAddress: filter === 'ip_addr',
    keys: readers.length === 1 ? only! : (task) => readers.flatMap((read) => read(task)),
  };
}

function text(
  needs: readonly NeededView[],
  filter: Filter<string>,
  values: (task: Task) => readonly string[] | string | undefined,
): Subject {
  return {
    needs,
    isAddress: false,
    keys(task) {
      const value = values(task);
      if (value === undefined || value === '') return [];
      return typeof value === 'string' ? filter(value) : value.flatMap(filter);
    },
  };
}

function variable(task: Task, name: string): string | undefined {
  const value = task.variables.get(name);
  return value === undefined ? undefined : String(value);
}

/** Names of files, of what archives hold, and `detected.EXT` for what the bytes of a file say. */
function fileNames(
  { message, content }: Task,
  { skip_archives: skipsArchives, skip_detected: skipsDetected }: RuleOptions,
): readonly string[] {
  const names: string[] = [];
  for (const part of message.parts) {
    if (part.kind === 'multipart' || (part.kind === 'text' && !part.isAttachment)) continue;
    if (part.fileName !== undefined) names.push(part.fileName);
    if (part.children.length > 0 || (skipsArchives && skipsDetected)) continue;
    const { type, archive } = content.file(part);
    if (!skipsDetected && type) names.push(`detected.${type.extension}`);
    if (!skipsArchives && archive && type?.family === 'archive')
      for (const { name } of archive.members) names.push(name);
  }
  return names;
}

const clip = (content: string): string =>
  content.length > maxContentChars ? content.slice(0, maxContentChars) : content;

const contents: Readonly<Record<string, (task: Task) => readonly string[]>> = {
  full: ({ message }) => [message.raw.toString('utf8', 0, maxContentChars)],
  headers: ({ message }) => [message.raw.toString('utf8', 0, Math.min(message.bodyOffset, maxContentChars))],
  body: ({ message }) => [
    message.raw.toString(
      'utf8',
      message.bodyOffset,
      Math.min(message.raw.length, message.bodyOffset + maxContentChars),
    ),
  ],
  text: ({ content }) => content.texts.map((view) => clip(view.text)),
  rawtext: ({ content }) => content.texts.map((view) => clip(view.part.text())),
  oneline: ({ content }) => content.texts.map((view) => clip(view.text).replace(/[\r\n]+/g, ' ')),
};

function contentSubject(filter = 'full'): Subject {
  const read = Object.hasOwn(contents, filter) ? contents[filter] : undefined;
  if (!read) throw new FilterError(`unknown filter "${filter}" (${Object.keys(contents).join(', ')})`);
  const needs: readonly NeededView[] = filter === 'headers' ? ['headers'] : ['text'];
  return { needs, isAddress: false, isSecret: true, keys: read };
}

function isInside(place: number, total: number, { min_pos: min, max_pos: max }: RuleOptions): boolean {
  if (min !== undefined && (min < 0 ? place <= total + min : place < min)) return false;
  if (max === undefined || max === -1) return true;
  return max < 0 ? place <= total + max + 1 : max === 0 || place <= max;
}

function receivedSubject(options: RuleOptions): Subject {
  const { filter = 'real_ip', flags = [], nflags = [] } = options;
  const isDomain = filter.startsWith('tld:');
  const name = isDomain ? filter.slice('tld:'.length) : filter;
  const field = Object.hasOwn(hopFields, name) ? hopFields[name] : undefined;
  if (!field) throw new FilterError(`unknown filter "${filter}" (${Object.keys(hopFields).join(', ')})`);
  const test = (flag: string): ((hop: ReceivedHop) => boolean) => {
    const found = Object.hasOwn(hopFlags, flag) ? hopFlags[flag] : undefined;
    if (!found) throw new FilterError(`unknown flag "${flag}" (${Object.keys(hopFlags).join(', ')})`);
    return found;
  };
  const wanted = flags.map(test);
  const unwanted = nflags.map(test);
  const isAddress = name === 'real_ip' || name === 'from_ip';
  return {
    needs: ['headers'],
    isAddress,
    keys({ message: { received } }) {
      const keys: Key[] = [];
      for (const [index, hop] of received.entries()) {
        const value = field(hop);
        if (value === undefined || !isInside(index + 1, received.length, options)) continue;
        if (!wanted.every((is) => is(hop)) || unwanted.some((is) => is(hop))) continue;
        const key = isAddress ? parseIp(value) : isDomain ? registeredDomain(value) : value;
        if (key !== undefined) keys.push(key);
      }
      return keys;
    },
  };
}

function urlSubject(filter: string | undefined): Subject {
  const byFilter = urlFilter(filter);
  return {
    needs: ['urls'],
    isAddress: false,
    keys: ({ content }) =>
      content.urls.flatMap((url) =>
        // Sources of images are no links, unless the same target is linked as well.
        url.flags.includes('image') && url.visibleText === undefined ? [] : byFilter(url),
      ),
  };
}

/**
 * What the rules of a type look up.
 * @throws FilterError
 */
export function subjectOf(options: RuleOptions, selector: Selector | undefined): Subject | undefined {
  const { type, filter } = options;
  const plain = filter === undefined;
  switch (type) {
    case 'ip':
      return {
        needs: [],
        isAddress: true,
        keys: ({ envelope: { clientIp } }) => (clientIp ? [clientIp] : []),
      };
    case 'from':
      return addressSubject(
        options,
        addresses(
          options,
          ({ envelope: { sender } }) => (sender === undefined ? undefined : sender === null ? [] : [sender]),
          ({ mailboxes }) => mailboxes.from,
        ),
      );
    case 'rcpt':
      return addressSubject(
        options,
        addresses(
          options,
          ({ envelope: { recipients } }) => (recipients.length > 0 ? recipients : undefined),
          ({ mailboxes }) => [...mailboxes.to, ...mailboxes.cc],
        ),
      );
    case 'helo':
      return text([], plain ? asIs : hostFilter(filter), (task) => task.envelope.helo);
    case 'hostname':
      return text([], plain ? asIs : hostFilter(filter), (task) => task.envelope.hostName);
    case 'user':
      return {
        ...text([], plain ? asIs : addressTextFilter(filter), (task) => task.envelope.login),
        isAddress: filter === 'ip_addr',
      };
    case 'header':
      return headerSubject(options.header ?? [], filter);
    case 'received':
      return receivedSubject(options);
    case 'url':
      return urlSubject(filter);
    case 'filename':
      return text(['parts'], plain ? asIs : fileNameFilter(filter), (task) => fileNames(task, options));
    case 'content':
      return contentSubject(filter);
    case 'asn':
    case 'country':
      return text([], plain ? asIs : groupFilter(filter), (task) => variable(task, type));
    case 'mempool': {
      const { variable: name = '' } = options;
      return text([], plain ? asIs : groupFilter(filter), (task) => variable(task, name));
    }
    case 'symbol_options': {
      const { target_symbol: name = '' } = options;
      return text([], plain ? asIs : groupFilter(filter), (task) => task.result.get(name)?.options);
    }
    case 'selector':
      return text([], plain ? asIs : groupFilter(filter), (task) => selector?.values(task));
    case 'dnsbl':
    case 'combined':
    case 'regexp_rules':
      return undefined;
  }
}
