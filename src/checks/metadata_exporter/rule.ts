import type { CheckContext, ConfigPath, Selector, Task } from '../../core/index.ts';
import { toMs } from '../../delivery/index.ts';
import { type AlertContext, type AlertTemplate, compileAlert } from './alert.ts';
import { type FormatOptions, formatExport } from './format.ts';
import { envelopeMetadata, metadataHeaders, oneLine, type Scanner } from './metadata.ts';
import {
  type Backend,
  backends,
  type Config,
  type Formatter,
  formatters,
  inherit,
  optionsOfBackend,
  type Rule,
} from './options.ts';
import type { OwnMail } from './own-mail.ts';
import { selectMessage } from './select.ts';
import { HttpSender } from './send-http.ts';
import { MailSender } from './send-mail.ts';
import { RedisSender } from './send-redis.ts';
import { TcpSender } from './send-tcp.ts';
import type { ExportItem, Sender } from './sender.ts';
import { compileTemplate, isFixed, renderTemplate, type Template } from './template.ts';

type Context = CheckContext<Config, never>;

/** Exports of one rule that are under way at once. */
export const lanes = 4;

const defaultTimeoutMs = 5000;
/** An address that may stand in a command and a header as it is (RFC 5321 4.1.2, without quoted local parts). */
const plainAddress = /^[^\s<>()[\],;:\\"@]{1,64}@[^\s<>()[\],;:\\"@]{1,255}$/;

/** A rule that is ready to run. */
export interface CompiledRule {
  readonly timeoutMs: number;
  readonly retries: number;
  readonly sender: Sender;
  readonly selects: (task: Task) => boolean;
  /** Undefined: there is nobody to send it to. */
  readonly format: (task: Task) => ExportItem | undefined;
}

class RuleCompiler {
  readonly #context: Context;
  readonly #rule: Rule;
  readonly #name: string;
  readonly #scanner: Scanner;
  readonly #ownMail: OwnMail;
  readonly #timeoutMs: number;

  constructor(context: Context, name: string, own: Rule, scanner: Scanner, ownMail: OwnMail) {
    this.#context = context;
    this.#name = name;
    this.#rule = inherit(own, context.config);
    this.#scanner = scanner;
    this.#ownMail = ownMail;
    this.#timeoutMs = toMs(this.#rule.timeout) ?? defaultTimeoutMs;
    this.#warnOfUnused(own);
  }

  compile(): CompiledRule {
    const rule = this.#rule;
    const backend = this.#backend();
    const formatter = this.#formatter(backend);
    if (rule.defer)
      throw this.#error('defer', 'exports happen after the reply and cannot change it any more', 'false');
    if (rule.email_auto_encode_headers === false)
      throw this.#error('email_auto_encode_headers', 'header fields of alerts are always encoded', 'true');
    const alert = formatter === 'email_alert' ? this.#alert() : undefined;
    const options: FormatOptions = { formatter, backend, scanner: this.#scanner, alert };
    const isMail = backend === 'send_mail';
    const mailTo = isMail || alert ? this.#mailTo() : [];
    const mailFrom = this.#mailFrom();
    const keys = this.#keys(backend);
    const sender = this.#sender(backend, mailFrom);
    const selects = selectMessage[rule.selector];
    return {
      timeoutMs: this.#timeoutMs,
      retries: rule.retries,
      sender,
      selects: isMail ? (task) => selects(task) && !this.#ownMail.has(task) : selects,
      format: (task) => {
        const recipients = mailTo.flatMap((template) => addresses(template, task));
        const mail: AlertContext = {
          scanner: this.#scanner,
          ownMail: this.#ownMail,
          displayFrom: mailFrom || `postmaster@${this.#scanner.hostName}`,
          mailTo: recipients,
        };
        const all = isMail && alert ? [...new Set([...recipients, ...this.#copies(task)])] : recipients;
        if (isMail && all.length === 0) return undefined;
        const { body, mimeType } = formatExport(task, options, mail);
        return {
          body,
          mimeType: mimeType ?? rule.mime_type ?? 'text/plain',
          headers: this.#metaHeaders(task),
          keys: keys(task),
          recipients: all,
        };
      },
    };
  }

  #error(option: string, message: string, expected?: string) {
    return this.#context.configError(['rules', this.#name, option], message, expected);
  }

  /** Leftovers of another backend are no reason to refuse a file, but to tell. */
  #warnOfUnused(own: Rule): void {
    const named = new Set(optionsOfBackend[own.backend as Backend] ?? []);
    for (const option of new Set(Object.values(optionsOfBackend).flat())) {
      if (named.has(option) || own[option] === undefined || own[option] === false) continue;
      this.#context.warn(
        ['rules', this.#name, option],
        `${option} has no meaning with backend ${own.backend}`,
      );
    }
  }

  #backend(): Backend {
    const found = backends.find((name) => name === this.#rule.backend);
    if (found) return found;
    throw this.#error('backend', 'redis_list is not supported: use redis_stream', backends.join(', '));
  }

  #formatter(backend: Backend): Formatter {
    const found = formatters.find((name) => name === this.#rule.formatter);
    if (!found) {
      throw this.#error(
        'formatter',
        'structured is not supported: it changes the message and the export happens after the reply',
        formatters.join(', '),
      );
    }
    if (backend === 'send_mail' && found !== 'default' && found !== 'email_alert')
      throw this.#error('formatter', `${found} is no mail that could be sent`, 'default or email_alert');
    return found;
  }

  #required(option: 'url' | 'channel' | 'stream_key' | 'host' | 'port', backend: Backend): string {
    const value = this.#rule[option];
    if (value === undefined || value === '') throw this.#error(option, `backend ${backend} needs ${option}`);
    return String(value);
  }

  #path(option: string): ConfigPath {
    return this.#context.path('rules', this.#name, option);
  }

  #compileSelector(option: string): (text: string) => Selector {
    return (text) => this.#context.selectors.compile(text, { path: this.#path(option) });
  }

  #template(option: string, text: string): Template {
    const compileSelector = this.#compileSelector(option);
    return compileTemplate(text, { variables: [], compileSelector });
  }

  #alert(): AlertTemplate {
    const option = 'email_template';
    return compileAlert(this.#rule.email_template, this.#compileSelector(option), (name) =>
      this.#context.warn(['rules', this.#name, option], `$${name} is no variable and stays as it is`),
    );
  }

  #mailTo(): readonly Template[] {
    const targets = this.#rule.mail_to ?? ['postmaster@localhost'];
    return targets.flatMap((target) => target.split(',')).map((target) => this.#mailTarget(target.trim()));
  }

  #mailTarget(target: string): Template {
    const template = this.#template('mail_to', target);
    if (isFixed(template) && !plainAddress.test(target))
      throw this.#error('mail_to', `${target} is no address`, 'user@host');
    return template;
  }

  #mailFrom(): string {
    const from = this.#rule.mail_from ?? '';
    if (from !== '' && !plainAddress.test(from))
      throw this.#error('mail_from', `${from} is no address`, 'user@host, or empty');
    return from;
  }

  /** Whom the operator wants to have a copy besides `mail_to`; they are not named to each other. */
  #copies({ originalEnvelope: envelope }: Task): readonly string[] {
    const rule = this.#rule;
    const copies = [
      rule.email_alert_user ? envelope.login : undefined,
      rule.email_alert_sender ? envelope.sender?.text : undefined,
      ...(rule.email_alert_recipients ? envelope.recipients.map(({ text }) => text) : []),
    ];
    return copies.filter((copy): copy is string => copy !== undefined && plainAddress.test(copy));
  }

  #metaHeaders(task: Task): Readonly<Record<string, string>> {
    const { meta_headers: wanted, meta_header_prefix: prefix, backend } = this.#rule;
    if (!wanted || backend !== 'http') return {};
    return metadataHeaders(envelopeMetadata(task, this.#scanner), prefix);
  }

  #keys(backend: Backend): (task: Task) => readonly string[] {
    if (backend !== 'redis_pubsub' && backend !== 'redis_stream') return () => [];
    const option = backend === 'redis_pubsub' ? 'channel' : 'stream_key';
    const template = this.#template(option, this.#required(option, backend));
    const isPerRecipient = backend === 'redis_stream' && this.#rule.per_recipient;
    return (task) => {
      const key = renderTemplate(template, task, () => '', oneLine);
      const { recipients } = task.envelope;
      if (!isPerRecipient || recipients.length === 0) return [key];
      return recipients.map(({ text }) => `${key}:${text}`);
    };
  }

  #sender(backend: Backend, mailFrom: string): Sender {
    const rule = this.#rule;
    const connectMs = toMs(rule.connect_timeout);
    switch (backend) {
      case 'http':
        return new HttpSender(this.#url(), rule, lanes);
      case 'json_raw_tcp': {
        const host = this.#required('host', backend);
        return new TcpSender(host, Number(this.#required('port', backend)), connectMs);
      }
      case 'send_mail':
        return new MailSender(
          {
            host: rule.smtp ?? '127.0.0.1',
            port: rule.smtp_port ?? 25,
            helo: rule.helo ?? 'rspamd',
            timeoutMs: this.#timeoutMs,
            connectMs,
            readMs: toMs(rule.read_timeout),
          },
          mailFrom,
        );
      case 'redis_pubsub':
      case 'redis_stream': {
        const { feeds } = this.#context.store;
        if (!feeds) {
          throw this.#error(
            'backend',
            `${backend} needs a Redis server: nobody can listen to the embedded store`,
            'a redis { … } section, here or in local.d/redis.conf',
          );
        }
        return new RedisSender(feeds, backend === 'redis_pubsub' ? 'channel' : { maxLength: rule.max_len });
      }
    }
  }

  #url(): URL {
    const text = this.#required('url', 'http');
    const url = URL.parse(text);
    if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
      throw this.#error('url', 'this is no URL that can be posted to', 'http://… or https://…');
    return url;
  }
}

function addresses(template: Template, task: Task): readonly string[] {
  const text = renderTemplate(template, task, () => '', oneLine);
  return text
    .split(',')
    .map((address) => address.trim())
    .filter((address) => plainAddress.test(address));
}

/** @throws ConfigError for a rule that cannot work */
export function compileRule(
  context: Context,
  name: string,
  own: Rule,
  scanner: Scanner,
  ownMail: OwnMail,
): CompiledRule {
  return new RuleCompiler(context, name, own, scanner, ownMail).compile();
}
