import { z } from 'zod';
import {
  type AddedHeader,
  type Hit,
  MilterReply,
  type RemovedHeader,
  UpstreamError,
  type UrlView,
  type Verdict,
} from '../../core/index.ts';
import { bodyOffsetOf } from '../reply/index.ts';

const number = z.number().nullish().catch(undefined);
const text = z.string().optional().catch(undefined);
const texts = z.array(z.string()).optional().catch(undefined);

const symbol = z.object({
  score: number,
  metric_score: number,
  description: text,
  options: z.array(z.unknown()).optional().catch(undefined),
});

const link = z.union([z.string(), z.object({ url: z.string(), host: z.string(), tld: text, flags: texts })]);

const addedHeader = z.union([
  z.string().transform((value) => ({ value, order: undefined, index: undefined })),
  z.object({ value: z.string(), order: z.int().optional(), index: z.int().optional() }),
]);
const integers = z.union([z.int().transform((value) => [value]), z.array(z.int())]);

/** What changes a message must be right; a reply that gets it wrong is not used. */
const milterBlock = z.object({
  add_headers: z
    .record(z.string(), z.union([addedHeader.transform((header) => [header]), z.array(addedHeader)]))
    .optional(),
  remove_headers: z.record(z.string(), integers).optional(),
  change_from: z.string().optional(),
  add_rcpt: z.array(z.string()).optional(),
  del_rcpt: z.array(z.string()).optional(),
  reject: z.string().optional(),
  spam_header: z.union([z.string(), z.record(z.string(), z.string())]).optional(),
  no_action: z.boolean().optional(),
});

/** A reply of /checkv2 (wire-protocols 1.7). Fields that only inform may be missing or odd. */
const scanReply = z.object({
  action: z.string().min(1).max(200),
  score: number,
  required_score: number,
  is_skipped: z.boolean().optional().catch(undefined),
  passthrough_module: text,
  subject: z.string().optional(),
  reject: z.string().optional(),
  thresholds: z.record(z.string(), z.number().nullable()).optional().catch(undefined),
  symbols: z.record(z.string(), symbol).optional().catch(undefined),
  groups: z
    .record(z.string(), z.object({ score: number, description: text }))
    .optional()
    .catch(undefined),
  // With Rspamd's option `compat_messages` this is a list.
  messages: z.union([z.record(z.string(), z.string()), z.array(z.string())]).optional(),
  urls: z.array(link).optional().catch(undefined),
  emails: texts,
  profile: z.record(z.string(), z.number()).optional().catch(undefined),
  'message-id': text,
  time_real: number,
  'dkim-signature': z.union([z.string().transform((value) => [value]), z.array(z.string())]).optional(),
  milter: milterBlock.optional(),
});
type ScanReply = z.output<typeof scanReply>;

/**
 * Reads the reply of another scanner back into a verdict.
 *
 * @param json text of the reply
 * @param tail what followed it: the rewritten message, or only its body if the flag `milter` was sent
 *   (wire-protocols 1.10)
 * @param raw the message that was sent
 * @throws UpstreamError when the text is no JSON, names no action, or has changes that make no sense
 */
export function readVerdict(
  json: string,
  tail: { readonly bytes: Buffer; readonly isBody: boolean } | undefined,
  raw: Buffer,
): Verdict {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new UpstreamError('the reply of the scanner is no JSON', { cause });
  }
  const parsed = scanReply.safeParse(value);
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.map(String).join('.') || 'reply';
    throw new UpstreamError(`the reply of the scanner is not a verdict: ${where}`);
  }
  return toVerdict(parsed.data, tail && rewritten(tail, raw));
}

function rewritten({ bytes, isBody }: { bytes: Buffer; isBody: boolean }, raw: Buffer): Buffer {
  return isBody ? Buffer.concat([raw.subarray(0, bodyOffsetOf(raw)), bytes]) : bytes;
}

function toVerdict(reply: ScanReply, newMessage: Buffer | undefined): Verdict {
  const { reject, messages = {}, urls, emails } = reply;
  return {
    action: reply.action,
    score: reply.score ?? 0,
    requiredScore: reply.required_score ?? undefined,
    thresholds: new Map(
      Object.entries(reply.thresholds ?? {}).filter((entry): entry is [string, number] => entry[1] !== null),
    ),
    isSkipped: reply.is_skipped ?? false,
    passthroughModule: reply.passthrough_module,
    // Encoded words stay as they are: they are written as they came. A fold is one blank (RFC 5322 2.2.3).
    subject: reply.subject?.replaceAll(/[\r\n]+[ \t]*/g, ' '),
    milterAction: reject === 'discard' || reject === 'quarantine' ? reject : undefined,
    symbols: Object.entries(reply.symbols ?? {}).map(([name, hit]) => toHit(name, hit)),
    groups: Object.entries(reply.groups ?? {}).map(([name, { score, description }]) => ({
      name,
      score: score ?? 0,
      description,
    })),
    messages: Array.isArray(messages)
      ? messages[0] === undefined
        ? {}
        : { smtp_message: messages[0] }
      : messages,
    urls: urls || emails ? (urls ?? []).map(toUrl) : undefined,
    emails: urls || emails ? (emails ?? []) : undefined,
    profile: reply.profile,
    messageId: reply['message-id'],
    elapsedMs: (reply.time_real ?? 0) * 1000,
    dkimSignatures: (reply['dkim-signature'] ?? []).map((value) => value.replaceAll(/\r?\n|\r/g, '\r\n')),
    milter: reply.milter && toMilterReply(reply.milter),
    rewritten: newMessage,
    newline: '\r\n',
    failure: undefined,
  };
}

function toHit(name: string, { score, metric_score, description, options }: z.output<typeof symbol>): Hit {
  return {
    name,
    score: score ?? 0,
    metricScore: metric_score ?? 0,
    description,
    groups: [],
    options: (options ?? []).map(String),
  };
}

function toUrl(value: z.output<typeof link>): UrlView {
  const shared = { path: '', query: '', from: 'text', flags: [] } as const;
  if (typeof value === 'string') return { ...shared, url: `http://${value}`, host: value, domain: value };
  const { url, host, tld, flags } = value;
  return { ...shared, url, host, domain: tld ?? host, flags: flags ?? [] };
}

function toMilterReply(block: z.output<typeof milterBlock>): MilterReply {
  const reply = new MilterReply();
  for (const [name, headers] of Object.entries(block.add_headers ?? {})) {
    for (const { value, order, index } of headers) {
      const header: AddedHeader = { name, value, order: order ?? index };
      reply.addHeaders.push(header);
    }
  }
  for (const [name, instances] of Object.entries(block.remove_headers ?? {})) {
    const removed: RemovedHeader = { name, instances };
    reply.removeHeaders.push(removed);
  }
  reply.changeFrom = block.change_from;
  reply.addRecipients.push(...(block.add_rcpt ?? []));
  reply.removeRecipients.push(...(block.del_rcpt ?? []));
  if (block.reject === 'discard' || block.reject === 'quarantine') reply.rejectAs = block.reject;
  reply.spamHeader = block.spam_header;
  reply.noAction = block.no_action ?? false;
  return reply;
}
