import { createHash, randomBytes } from 'node:crypto';
import type { Clock, Selector, Task } from '../../core/index.ts';
import { hideText, maskIp } from '../../lib/index.ts';
import { ownColumns } from './columns.ts';
import type { Config, ExtraColumn } from './options.ts';

/** Values of a list that a row takes: rows are statistics, not copies. */
const maxListed = 1000;
/** Characters of a text that a row takes. */
const maxTextLength = 4096;

const knownActions = new Set([
  'reject',
  'rewrite subject',
  'add header',
  'greylist',
  'no action',
  'soft reject',
]);

/** Bits of Rspamd's URL flags, as its documentation of the table names them. */
const urlFlagBits: Readonly<Record<string, number>> = {
  phished: 0,
  numeric: 1,
  html_displayed: 4,
  text: 5,
  subject: 6,
  has_port: 13,
  schemaless: 15,
  url_displayed: 18,
  image: 19,
  query: 20,
  content: 21,
  no_tld: 22,
};

export interface CompiledColumn extends ExtraColumn {
  readonly compiled: Selector;
}

/** RFC 9562 5.7. */
function uuidV7(timeMs: number): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Math.floor(timeMs), 0, 6);
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

function clip(text: string): string {
  return (text.length > maxTextLength ? text.slice(0, maxTextLength) : text).toWellFormed();
}

const upTo = (value: number, max: number): number => Math.min(max, Math.max(0, Math.round(value)));
const maxUInt32 = 0xff_ff_ff_ff;

/** Columns of every row with these options; those of the operator come behind. */
export function ownNames(config: Config): readonly string[] {
  const isLeftOut = (name: string): boolean =>
    (name === 'TaskUUID' && !config.enable_uuid) ||
    (name === 'Subject' && !config.insert_subject) ||
    (name === 'Digest' && !config.enable_digest) ||
    (/^(?:Symbols|Groups)\./.test(name) && !config.enable_symbols);
  return ownColumns.map(({ name }) => name).filter((name) => !isLeftOut(name));
}

/** Makes rows of messages; which columns they have depends on the configuration only. */
export class RowMaker {
  readonly #config: Config;
  readonly #extra: readonly CompiledColumn[];
  readonly #clock: Clock;
  readonly #words: readonly (readonly [
    column: string,
    words: readonly (readonly [string, readonly string[]])[],
  ])[];

  constructor(config: Config, extra: readonly CompiledColumn[], clock: Clock) {
    this.#config = config;
    this.#extra = extra;
    this.#clock = clock;
    this.#words = [
      ['IsWhitelist', [['whitelist', config.whitelist_symbols]]],
      [
        'IsBayes',
        [
          ['spam', config.bayes_spam_symbols],
          ['ham', config.bayes_ham_symbols],
        ],
      ],
      ['IsFuzzy', [['deny', config.fuzzy_symbols]]],
      [
        'IsFann',
        [
          ['spam', config.ann_symbols_spam],
          ['ham', config.ann_symbols_ham],
        ],
      ],
      [
        'IsDkim',
        [
          ['allow', config.dkim_allow_symbols],
          ['reject', config.dkim_reject_symbols],
          ['dnsfail', config.dkim_dnsfail_symbols],
          ['na', config.dkim_na_symbols],
        ],
      ],
      [
        'IsDmarc',
        [
          ['allow', config.dmarc_allow_symbols],
          ['reject', config.dmarc_reject_symbols],
          ['quarantine', config.dmarc_quarantine_symbols],
          ['softfail', config.dmarc_softfail_symbols],
          ['na', config.dmarc_na_symbols],
        ],
      ],
      [
        'IsSpf',
        [
          ['allow', config.spf_allow_symbols],
          ['reject', config.spf_reject_symbols],
          ['neutral', config.spf_neutral_symbols],
          ['dnsfail', config.spf_dnsfail_symbols],
          ['na', config.spf_na_symbols],
        ],
      ],
    ];
  }

  /** The row as a line of JSON. */
  make(task: Task): string {
    return JSON.stringify({
      ...this.#envelopePart(task),
      ...this.#resultPart(task),
      ...this.#contentPart(task),
      ...this.#extraPart(task),
    });
  }

  #envelopePart(task: Task): Record<string, unknown> {
    const { envelope, message, startedMs, settings } = task;
    const config = this.#config;
    const ip = envelope.clientIp;
    const mimeFrom = message.from[0];
    return {
      Date: new Date(startedMs).toISOString().slice(0, 10),
      // A number, which means the same in every time zone of a server.
      TS: Math.floor(startedMs / 1000),
      ...(config.enable_uuid && { TaskUUID: uuidV7(startedMs) }),
      From: clip(envelope.sender?.domain ?? ''),
      FromUser: clip(envelope.sender?.local ?? ''),
      MimeFrom: clip(mimeFrom?.domain ?? ''),
      MimeUser: clip(mimeFrom?.local ?? ''),
      IP: ip ? maskIp(ip, ip.family === 4 ? config.ipmask : config.ipmask6).text : '',
      Helo: clip(envelope.helo ?? ''),
      NRcpt: upTo(envelope.recipients.length, 255),
      SMTPRecipients: envelope.recipients.slice(0, maxListed).map(({ text }) => clip(text)),
      AuthUser: clip(envelope.login ?? ''),
      SettingsId: clip(settings?.id ?? ''),
      ASN: upTo(Number(task.variables.get('asn') ?? 0) || 0, maxUInt32),
      Country: String(task.variables.get('country') ?? '--').slice(0, 2),
      IPNet: String(task.variables.get('ipnet') ?? ''),
    };
  }

  #resultPart(task: Task): Record<string, unknown> {
    const { result, startedMs } = task;
    const action = result.currentAction();
    const isKnown = knownActions.has(action);
    const row: Record<string, unknown> = {
      Score: result.currentScore(),
      Action: isKnown ? action : 'custom',
      CustomAction: isKnown ? '' : action,
      ScanTimeReal: upTo(this.#clock.now() - startedMs, maxUInt32),
    };
    for (const [column, words] of this.#words) {
      const found = words.find(([, symbols]) => symbols.some((symbol) => result.has(symbol)));
      row[column] = found?.[0] ?? 'unknown';
    }
    return this.#config.enable_symbols ? { ...row, ...symbolsPart(task) } : row;
  }

  #contentPart(task: Task): Record<string, unknown> {
    const { message, content, raw } = task;
    const config = this.#config;
    const urls = content.urls.slice(0, maxListed);
    const attachments = content.attachments.slice(0, maxListed);
    return {
      Size: upTo(raw.length, maxUInt32),
      MimeRecipients: [...message.to, ...message.cc].slice(0, maxListed).map(({ text }) => clip(text)),
      MessageId: clip(message.messageId ?? ''),
      ListId: clip(message.headers.first('list-id')?.value ?? ''),
      ...(config.insert_subject && { Subject: this.#subject(message.subject) }),
      NUrls: content.urls.length,
      'Urls.Tld': urls.map(({ domain }) => clip(domain)),
      'Urls.Url': urls.map(({ url, host }) => clip(config.full_urls ? url : host)),
      'Urls.Flags': urls.map(({ flags }) => flagBits(flags)),
      Emails: content.emails.slice(0, maxListed).map(({ text }) => clip(text)),
      'Attachments.FileName': attachments.map(({ fileName }) => clip(fileName ?? '')),
      'Attachments.ContentType': attachments.map(({ contentType }) => clip(contentType)),
      'Attachments.Length': attachments.map((part) => upTo(part.decoded().length, maxUInt32)),
      'Attachments.Digest': attachments.map((part) =>
        createHash('blake2b512').update(part.decoded()).digest('hex').slice(0, 16),
      ),
      ...(config.enable_digest && { Digest: message.digest }),
    };
  }

  #subject(subject: string): string {
    const config = this.#config;
    if (!config.subject_privacy || subject === '') return clip(subject);
    return hideText(subject, {
      hash: config.subject_privacy_alg,
      prefix: config.subject_privacy_prefix,
      length: config.subject_privacy_length,
    });
  }

  #extraPart(task: Task): Record<string, unknown> {
    return Object.fromEntries(
      this.#extra.flatMap(({ name, type, defaultValue, compiled }): [string, unknown][] => {
        const values = compiled.values(task)?.slice(0, maxListed).map(clip);
        if (type.startsWith('Array(')) return [[name, values ?? []]];
        const value = values === undefined ? defaultValue : clip(values.join(', '));
        // Without one the default of the type holds.
        return value === undefined ? [] : [[name, value]];
      }),
    );
  }
}

function flagBits(flags: readonly string[]): number {
  let bits = 0;
  for (const flag of flags) {
    const bit = urlFlagBits[flag];
    if (bit !== undefined) bits |= 1 << bit;
  }
  return bits >>> 0;
}

function symbolsPart(task: Task): Record<string, unknown> {
  const hits = [...task.result.hits].slice(0, maxListed);
  const groups = new Map<string, number>();
  for (const { groups: names, score } of hits)
    for (const name of names) groups.set(name, (groups.get(name) ?? 0) + score);
  return {
    'Symbols.Names': hits.map(({ name }) => name),
    'Symbols.Scores': hits.map(({ score }) => score),
    'Symbols.Options': hits.map(({ options }) => clip(options.join(','))),
    'Groups.Names': [...groups.keys()],
    'Groups.Scores': [...groups.values()],
  };
}
