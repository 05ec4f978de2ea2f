import { contentViews } from '../../src/content/index.ts';
import {
  type ActionName,
  type AuthenticationState,
  decideDirection,
  type Envelope,
  type Hit,
  type MailAddress,
  type PreResult,
  type Recipient,
  RequestHeaderList,
  type ResultView,
  Task,
} from '../../src/core/index.ts';
import { type IpAddress, parseIp } from '../../src/lib/index.ts';
import { parseMessage } from '../../src/mime/index.ts';

/** Ways a message can come in: from outside, with a login, from a local address without one. */
export type Way = 'inbound' | 'authenticated' | 'local';

/** What a test says of a message; everything has a plain default. */
export interface TestMessage {
  /** Text with LF or CRLF. Default: a small message. */
  readonly raw?: string | Buffer | undefined;
  readonly way?: Way | undefined;
  /** Overrides parts of the envelope that `way` makes. */
  readonly envelope?: Partial<Envelope> | undefined;
  /** Envelope sender as text; `''` is the null sender. Default `sender@example.com`. */
  readonly from?: string | undefined;
  /** Envelope recipients. Default `rcpt@example.org`. */
  readonly rcpts?: readonly string[] | undefined;
  /** Headers of the scan request. */
  readonly request?: Readonly<Record<string, string>> | undefined;
  /** Symbols that were inserted before. */
  readonly hits?: readonly Hit[] | undefined;
  readonly variables?: Readonly<Record<string, string | number>> | undefined;
  /** What the checks of authentication found before. */
  readonly authentication?: AuthenticationState | undefined;
  /** Default 2023-11-14T22:13:20Z. */
  readonly startedMs?: number | undefined;
  /** Thresholds by action. Default reject 15, add header 6, greylist 4. */
  readonly thresholds?: Readonly<Record<ActionName, number>> | undefined;
  /** Scores of symbols as the operator set them, for checks that ask. */
  readonly scores?: Readonly<Record<string, number>> | undefined;
  /** The `apply` object of settings that hold for the message. */
  readonly apply?: Readonly<Record<string, unknown>> | undefined;
}

export const plainMessage = [
  'From: Sender <sender@example.com>',
  'To: Rcpt <rcpt@example.org>',
  'Subject: A test',
  'Message-ID: <1@example.com>',
  'Date: Tue, 14 Nov 2023 22:13:20 +0000',
  '',
  'Hello.',
  '',
].join('\r\n');

/** Splits `local@domain`. */
export function address(text: string): MailAddress {
  const at = text.lastIndexOf('@');
  return at < 0
    ? { text, local: text, domain: '' }
    : { text, local: text.slice(0, at), domain: text.slice(at + 1).toLowerCase() };
}

const envelopes: Readonly<Record<Way, Partial<Envelope>>> = {
  inbound: { clientIp: parseIp('198.51.100.7'), hostName: 'mx.example.com', helo: 'mx.example.com' },
  authenticated: { clientIp: parseIp('198.51.100.8'), login: 'sender@example.com', helo: 'laptop' },
  local: { clientIp: parseIp('10.1.2.3'), helo: 'app.internal' },
};

/** The envelope of a test message. */
export function testEnvelope(message: TestMessage = {}): Envelope {
  const { from = 'sender@example.com', rcpts = ['rcpt@example.org'], request = {} } = message;
  const headers = new RequestHeaderList();
  for (const [name, value] of Object.entries(request)) headers.add(name, value);
  return {
    door: 'http',
    sender: from === '' ? null : address(from),
    senderEsmtp: new Map(),
    recipients: rcpts.map((text): Recipient => ({ ...address(text), esmtp: new Map() })),
    queueId: 'QUEUE1',
    flags: new Set(),
    malformed: [],
    request: headers,
    ...envelopes[message.way ?? 'inbound'],
    ...message.envelope,
  };
}

export interface TestTask {
  readonly task: Task;
  /** Every hit so far, those given included; add to it as a check would. */
  readonly hits: Map<string, Hit>;
  readonly preResults: PreResult[];
}

/** 10.0.0.0/8 is local in tests, as it is in the stock configuration. */
const privateNetwork = { has: ({ text }: IpAddress) => text.startsWith('10.') };

/** A task without an engine around it. */
export function testTask(message: TestMessage = {}): TestTask {
  const envelope = testEnvelope(message);
  const hits = new Map<string, Hit>((message.hits ?? []).map((hit) => [hit.name, hit]));
  const preResults: PreResult[] = [];
  const disabled = new Set<ActionName>();
  const thresholds = new Map(
    Object.entries(message.thresholds ?? { reject: 15, 'add header': 6, greylist: 4 }),
  );
  const score = (): number => Array.from(hits.values()).reduce((sum, hit) => sum + hit.score, 0);
  const result: ResultView = {
    has: (symbol) => hits.has(symbol),
    get: (symbol) => hits.get(symbol),
    get hits() {
      return hits.values();
    },
    get score() {
      return score();
    },
    symbolScore: (symbol) => message.scores?.[symbol] ?? 0,
    currentScore: () => preResults.toSorted((a, b) => b.priority - a.priority)[0]?.score ?? score(),
    currentAction() {
      const forced = preResults.toSorted((a, b) => b.priority - a.priority)[0];
      if (forced) return forced.action;
      const reached = [...thresholds].filter(
        ([action, threshold]) => score() >= threshold && !disabled.has(action),
      );
      return reached.toSorted(([, a], [, b]) => b - a)[0]?.[0] ?? 'no action';
    },
    preResults,
    threshold: (action) => thresholds.get(action),
    requiredScore: () => Math.max(...thresholds.values()),
  };
  const { raw = plainMessage } = message;
  const task = new Task({
    id: 'task1',
    envelope,
    raw: typeof raw === 'string' ? Buffer.from(raw.replace(/\r?\n/g, '\r\n'), 'utf8') : raw,
    decideDirection: (seen) => decideDirection(seen, privateNetwork),
    startedMs: message.startedMs ?? 1_700_000_000_000,
    signal: new AbortController().signal,
    result,
    setPreResult: (preResult) => preResults.push(preResult),
    disableAction: (action) => disabled.add(action),
    views: { parse: (bytes) => parseMessage(bytes), content: (parsed) => contentViews(parsed) },
  });
  for (const [name, value] of Object.entries(message.variables ?? {})) task.variables.set(name, value);
  Object.assign(task.authentication, message.authentication);
  if (message.apply) task.settings = { id: undefined, apply: message.apply };
  return { task, hits, preResults };
}
