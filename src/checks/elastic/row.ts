import { randomBytes } from 'node:crypto';
import type { Task } from '../../core/index.ts';
import { parseIp } from '../../lib/index.ts';
import { type Config, indexName } from './options.ts';

const maxListed = 1000;
const maxTextLength = 4096;

export interface Scanner {
  readonly hostName: string;
  now(): number;
}

function clip(text: string): string {
  return (text.length > maxTextLength ? text.slice(0, maxTextLength) : text).toWellFormed();
}

/** Seconds from the first hop to the last, as their clocks say; 0 when they do not. */
function receivedDelay({ message: { received } }: Task): number {
  const first = received.at(-1)?.date?.getTime();
  const last = received[0]?.date?.getTime();
  return first === undefined || last === undefined ? 0 : Math.max(0, Math.round((last - first) / 1000));
}

/** Makes rows of messages, in the fields of Rspamd. */
export class RowMaker {
  readonly #config: Config;
  readonly #scanner: Scanner;
  /** Header fields that are kept: key, and the name of the field in the row. */
  readonly #headers: readonly (readonly [key: string, field: string])[];

  constructor(config: Config, scanner: Scanner) {
    this.#config = config;
    this.#scanner = scanner;
    const keys = [...config.collect_headers, ...config.extra_collect_headers].map((name) =>
      name.toLowerCase(),
    );
    this.#headers = [...new Set(keys)].map((key) => [key, `header_${key.replaceAll(/[\s-]/g, '_')}`]);
  }

  /** The two lines of a bulk request. The same row has the same id at each attempt, so it cannot arrive twice. */
  make(task: Task): string {
    const { index_template: template } = this.#config;
    const index = { _index: indexName(template, task.startedMs), _id: randomBytes(15).toString('base64url') };
    const row = { '@timestamp': Math.floor(task.startedMs), rspamd_meta: this.#meta(task) };
    return `${JSON.stringify({ index })}\n${JSON.stringify(row)}`;
  }

  #meta(task: Task): Record<string, unknown> {
    const { envelope, message, result, direction, variables } = task;
    const empty = this.#config.index_template.empty_value;
    const or = (text: string | undefined): string => (text === undefined || text === '' ? empty : clip(text));
    const from = message.from[0];
    const recipients = envelope.recipients.slice(0, maxListed).map(({ text }) => clip(text));
    const fuzzy = variables.get('fuzzy_hashes');
    const origin = message.headers.first('x-originating-ip')?.value.replaceAll(/[[\]\s]/g, '');
    return {
      rspamd_server: this.#scanner.hostName,
      action: result.currentAction(),
      score: result.currentScore(),
      symbols: Array.from(result.hits, ({ name, score, groups, options }) => ({
        name,
        score,
        group: groups[0] ?? empty,
        options: clip(options.join('; ')),
      })),
      user: or(envelope.login),
      direction: direction.isOutbound ? 'Outbound' : 'Inbound',
      qid: or(envelope.queueId),
      helo: or(envelope.helo),
      hostname: or(envelope.hostName),
      ip: envelope.clientIp?.text ?? '::',
      is_local: direction.isLocal,
      sender_ip: (origin === undefined ? undefined : parseIp(origin)?.text) ?? '::',
      message_id: or(message.messageId),
      rcpt: recipients.length === 0 ? empty : recipients,
      from_domain: or(envelope.sender?.domain),
      from_user: or(envelope.sender?.local.toLowerCase()),
      mime_from_domain: or(from?.domain),
      mime_from_user: or(from?.local.toLowerCase()),
      settings_id: or(task.settings?.id),
      asn: {
        country: or(variables.get('country')?.toString()),
        asn: Number(variables.get('asn') ?? 0) || 0,
        ipnet: variables.get('ipnet') ?? '::/128',
      },
      ...Object.fromEntries(
        this.#headers.map(([key, field]) => [field, this.#headerValues(task, key) ?? empty]),
      ),
      scan_time: Math.max(0, Math.round(this.#scanner.now() - task.startedMs)),
      size: task.raw.length,
      fuzzy_hashes: fuzzy === undefined ? empty : String(fuzzy).split(/,\s*/).slice(0, maxListed),
      received_delay: receivedDelay(task),
    };
  }

  #headerValues({ message }: Task, key: string): readonly string[] | undefined {
    const { headers_count_ignore_above: maxCount, headers_text_ignore_above: maxLength } =
      this.#config.index_template;
    const found = message.headers.every(key);
    if (found.length === 0) return undefined;
    const kept = found.slice(0, maxCount === 0 ? maxListed : maxCount).map(({ value }) => {
      const text = value.toWellFormed();
      return maxLength > 0 && text.length > maxLength
        ? `${text.slice(0, maxLength).toWellFormed()}...`
        : text;
    });
    return kept.length < found.length ? [...kept, `ignored above ${kept.length}`] : kept;
  }
}
