import { domainInfo } from '../content/index.ts';
import type { MapHandle, Part, Task } from '../core/index.ts';
import { parseMailDate } from '../mime/index.ts';
import type { Args } from './args.ts';
import { digest, digestEncodings, digestHashes } from './digest.ts';
import { fromAddress, principalRecipient, recipients, side } from './envelope.ts';
import { compileTimeFormat } from './strftime.ts';
import { specificUrls, urlChoice } from './urls.ts';
import {
  addressClass,
  bind,
  emailClass,
  headerClass,
  type Item,
  ipClass,
  type ObjectClass,
  receivedClass,
  resultClass,
  symbolClass,
  urlClass,
} from './values.ts';
import { fullWords, wordClass, wordForms, words } from './words.ts';

/** What a step of a selector yields. */
export type Shape = 'string' | 'strings' | 'object' | 'objects';

/** An extractor with its arguments read. */
export interface Extractor {
  readonly shape: Shape;
  /** Class of the objects, for shapes `object` and `objects`: which `:names` they know. */
  readonly fields?: readonly string[] | undefined;
  get(task: Task): Item | readonly Item[] | undefined;
}

interface ExtractorContext {
  readonly hostName: string;
  /** A map by its alias, path or URL. */
  map(reference: string): MapHandle;
}

export interface ExtractorDefinition {
  readonly description: string;
  make(args: Args, context: ExtractorContext): Extractor;
}

const text = (get: (task: Task) => string | undefined): Extractor => ({ shape: 'string', get });
const texts = (get: (task: Task) => readonly string[] | undefined): Extractor => ({ shape: 'strings', get });

function object<T>(objectClass: ObjectClass<T>, get: (task: Task) => T | undefined): Extractor {
  return {
    shape: 'object',
    fields: Object.keys(objectClass.fields),
    get(task) {
      const item = get(task);
      return item === undefined ? undefined : bind(objectClass, item);
    },
  };
}

function objects<T>(objectClass: ObjectClass<T>, get: (task: Task) => readonly T[]): Extractor {
  return {
    shape: 'objects',
    fields: Object.keys(objectClass.fields),
    get: (task) => get(task).map((item) => bind(objectClass, item)),
  };
}

/** A list of objects, or of one field of each when the extractor's first argument names it. */
function listed<T>(objectClass: ObjectClass<T>, args: Args, get: (task: Task) => readonly T[]): Extractor {
  const name = args.optional(0);
  if (name === undefined) return objects(objectClass, get);
  const read = objectClass.fields[name];
  if (!read) throw args.error(`no such field: ${name} (${Object.keys(objectClass.fields).join(', ')})`);
  return texts((task) => get(task).flatMap((item) => read(item) ?? []));
}

function refused(reason: string): ExtractorDefinition {
  return {
    description: `Not available: ${reason}`,
    make(args) {
      throw args.error(`is not available: ${reason}`);
    },
  };
}

/** A `make` for what takes no arguments. */
function noArgs(make: (context: ExtractorContext) => Extractor): ExtractorDefinition['make'] {
  return (args, context) => {
    args.atMost(0);
    return make(context);
  };
}

/** Every extractor by its name (config-format 8.1). */
export const extractors: Readonly<Record<string, ExtractorDefinition>> = {
  id: {
    description: 'Its argument, or an empty text',
    make: (args) => {
      const value = args.atMost(1).optional(0) ?? '';
      return text(() => value);
    },
  },
  list: {
    description: 'Its arguments as a list',
    make: (args) => {
      const values = args.words();
      return texts(() => values);
    },
  },
  ip: {
    description: 'Address of the client that sent the message',
    make: noArgs(() => object(ipClass, (task) => task.envelope.clientIp)),
  },
  from: {
    description:
      'Sender: `smtp`, `mime`, or whichever is there in this order; with `orig` as it was before aliases were resolved',
    make(args) {
      const which = side(args);
      return object(addressClass, (task) => fromAddress(task, which));
    },
  },
  rcpts: {
    description:
      'Recipients: `smtp`, `mime`, or whichever are there in this order; with `orig` as they were before aliases were resolved',
    make(args) {
      const which = side(args);
      return objects(addressClass, (task) => recipients(task, which));
    },
  },
  to: {
    description: 'Principal recipient in lower case: Deliver-To of the request, else the first recipient',
    make: noArgs(() => text(principalRecipient)),
  },
  user: {
    description: 'Login of the sender',
    make: noArgs(() => text((task) => task.envelope.login)),
  },
  authenticated: {
    description: 'Has the sender logged in: `true` or `false`',
    make: noArgs(() => text((task) => String(task.direction.isAuthenticated))),
  },
  helo: {
    description: 'HELO or EHLO name',
    make: noArgs(() => text((task) => task.envelope.helo)),
  },
  rspamd_hostname: {
    description: 'Name of this server',
    make: noArgs(({ hostName }) => text(() => hostName)),
  },
  country: {
    description: "Country of the client's network, once the asn check has run",
    make: noArgs(() => text((task) => variable(task, 'country'))),
  },
  asn: {
    description: "Number of the client's autonomous system, once the asn check has run",
    make: noArgs(() => text((task) => variable(task, 'asn'))),
  },
  digest: {
    description: 'Digest of the content',
    make: noArgs(() => text((task) => task.message.digest)),
  },
  attachments: {
    description: 'Digests of the attachments: encoding (hex), hash (blake2)',
    make(args) {
      const encoding = args.atMost(2).oneOf(0, digestEncodings) ?? 'hex';
      const hash = args.oneOf(1, digestHashes) ?? 'blake2';
      return texts((task) =>
        task.message.parts
          .filter((part) => part.isAttachment)
          .map((part) => digest(part.decoded(), encoding, hash)),
      );
    },
  },
  files: {
    description: 'File names of all parts',
    make: noArgs(() => texts((task) => task.message.parts.flatMap((part) => part.fileName ?? []))),
  },
  archive_files: {
    description: 'Names of the files inside archives (not in Rspamd)',
    make: noArgs(() =>
      texts(({ message, content }) =>
        message.parts.filter(isFile).flatMap((part) => {
          const { type, archive } = content.file(part);
          return type?.family === 'archive' && archive ? archive.members.map(({ name }) => name) : [];
        }),
      ),
    ),
  },
  file_types: {
    description: 'Usual extensions of the attachments by what their bytes say, such as `exe` (not in Rspamd)',
    make: noArgs(() =>
      texts(({ message, content }) =>
        message.parts.filter(isFile).flatMap((part) => content.file(part).type?.extension ?? []),
      ),
    ),
  },
  languages: {
    description: 'Languages of the texts (ISO 639-1), each once',
    make: noArgs(() =>
      texts(({ content }) => [...new Set(content.texts.flatMap((text) => content.language(text) ?? []))]),
    ),
  },
  header: {
    description:
      'Decoded value of a header; `full`: every one of that name with its parts; `strong`: case counts',
    make(args) {
      const name = args.atMost(3).required(0);
      const key = name.toLowerCase();
      const modes = args.words().slice(1).join(' ');
      if (!/^(?:(?:full|strong)[ ,]*)*$/.test(modes)) throw args.error('modes are full and strong');
      const isStrong = modes.includes('strong');
      if (modes.includes('full')) {
        return objects(headerClass, (task) => {
          const all = task.message.headers.every(key);
          return isStrong ? all.filter((header) => header.name === name) : all;
        });
      }
      if (!isStrong) return text((task) => task.message.headers.first(key)?.value);
      return text((task) => task.message.headers.every(key).find((header) => header.name === name)?.value);
    },
  },
  received: {
    description: 'Received headers, or one field of each',
    make: (args) => listed(receivedClass, args.atMost(1), (task) => task.message.received),
  },
  received_count: {
    description: 'Number of Received headers',
    make: noArgs(() => text((task) => String(task.message.received.length))),
  },
  urls: {
    description: 'Links, or what one method says of each (`get_tld`)',
    make: (args) => listed(urlClass, args.atMost(1), (task) => task.content.urls),
  },
  emails: {
    description: 'Addresses in the text, or what one method says of each',
    make: (args) => listed(emailClass, args.atMost(1), (task) => task.content.emails),
  },
  specific_urls: {
    description: 'The links that tell most: {limit, esld_limit, flags, exclude_flags, prefix, need_images …}',
    make(args) {
      const choice = urlChoice(args.atMost(1), 0);
      if (choice.needEmails) throw args.error('need_emails is not supported; use emails');
      return objects(urlClass, (task) => specificUrls(task.content.urls, choice));
    },
  },
  specific_urls_filter_map: {
    description: 'The same, only those whose host or domain is in a map',
    make(args, context) {
      const map = context.map(args.atMost(2).required(0));
      const choice = urlChoice(args, 1);
      if (choice.needEmails) throw args.error('need_emails is not supported; use emails');
      return objects(urlClass, (task) =>
        specificUrls(
          task.content.urls.filter(
            (url) => map.lookup(url.host) !== undefined || map.lookup(url.domain) !== undefined,
          ),
          choice,
        ),
      );
    },
  },
  urls_filtered: {
    description: 'Links with all flags of the first list and none of the second',
    make(args) {
      const include = args.atMost(2).list(0);
      const exclude = args.list(1);
      return objects(urlClass, (task) =>
        task.content.urls.filter(
          ({ flags }) =>
            include.every((flag) => flags.includes(flag)) && !exclude.some((flag) => flags.includes(flag)),
        ),
      );
    },
  },
  pool_var: {
    description: 'A value that a check left under this name',
    make(args) {
      const name = args.atMost(2).required(0);
      return text((task) => variable(task, name));
    },
  },
  task_cache: refused('only Lua code fills the cache of a task; use pool_var'),
  request_header: {
    description: 'A header of the scan request',
    make(args) {
      const name = args.atMost(1).required(0);
      return text((task) => task.envelope.request.get(name));
    },
  },
  time: {
    description:
      'Time of the scan (`connect`) or of the Date header (`message`, default), perhaps in a strftime format',
    make(args) {
      const kind = args.atMost(2).oneOf(0, ['message', 'connect']) ?? 'message';
      const format = args.optional(1);
      const write =
        format === undefined
          ? (date: Date) => String(Math.floor(date.getTime() / 1000))
          : compileTimeFormat(format);
      if (!write) throw args.error(`bad time format "${format}"`);
      return text((task) => {
        if (kind === 'connect') return write(new Date(task.startedMs));
        const date = parseMailDate(task.message.headers.first('date')?.value ?? '');
        return date && write(date);
      });
    },
  },
  words: {
    description:
      'Words of the texts: `stem` (default), `norm`, `raw`, or `full` with all three (stem, norm, raw)',
    make(args) {
      const kind = args.atMost(1).oneOf(0, wordForms) ?? 'stem';
      return kind === 'full' ? objects(wordClass, fullWords) : texts((task) => words(task, kind));
    },
  },
  queueid: {
    description: 'Queue ID of the MTA',
    make: noArgs(() => text((task) => task.envelope.queueId)),
  },
  uid: {
    description: 'Name of this scan',
    make: noArgs(() => text((task) => task.id)),
  },
  messageid: {
    description: 'Message-ID',
    make: noArgs(() => text((task) => task.message.messageId)),
  },
  symbol: {
    description: 'A symbol inserted so far (score, options, name, group)',
    make(args) {
      const name = args.atMost(2).required(0);
      if (args.length > 1) throw args.error('there is only one result');
      return object(symbolClass, (task) => task.result.get(name));
    },
  },
  scan_result: {
    description: 'The result so far (action, score)',
    make(args) {
      if (args.length > 0) throw args.error('there is only one result');
      return object(resultClass, (task) => task);
    },
  },
  metatokens: refused('the neural module here is not fed with them'),
  fuzzy_digest: refused(
    'hashes depend on the keys of a rule of `fuzzy_check`: the controller tells them, `/plugins/fuzzy/hashes`',
  ),
  fuzzy_shingles: refused(
    'hashes depend on the keys of a rule of `fuzzy_check`: the controller tells them, `/plugins/fuzzy/hashes`',
  ),
};

/** Leaves that are not text for reading. */
function isFile(part: Part): boolean {
  if (part.kind === 'multipart' || part.children.length > 0) return false;
  return part.kind !== 'text' || part.isAttachment;
}

function variable(task: Task, name: string): string | undefined {
  const value = task.variables.get(name);
  return value === undefined ? undefined : String(value);
}

/** eSLD of a host name; the name itself when it has none. */
export function effectiveDomain(host: string): string {
  return domainInfo(host.toLowerCase().replace(/\.$/, '')).domain;
}
