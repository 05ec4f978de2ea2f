import type { Message, Task } from '../core/index.ts';
import { utf8Bytes } from '../lib/index.ts';
import { decodedField } from './fields.ts';
import { type HtmlFacts, readHtmlFacts } from './html-facts.ts';
import { ruleLimits } from './limits.ts';
import { type MimeFacts, readMimeFacts } from './mime-facts.ts';
import { type Relays, readRelays } from './relays.ts';
import { bodyPieces, rawPieces, wholeMessage } from './texts.ts';

/** Finds where links of redirectors lead. */
export type FollowRedirectors = (url: string) => readonly string[];

/** One message as rules see it; each view is made on first use. Texts have one character a byte. */
export class RuleMessage {
  readonly task: Task;
  readonly message: Message;
  readonly #maxChars: number;
  readonly #follow: FollowRedirectors;
  #relays: Relays | undefined;
  #body: readonly string[] | undefined;
  #bodyAlone: readonly string[] | undefined;
  #raw: readonly string[] | undefined;
  #full: readonly string[] | undefined;
  #uris: readonly string[] | undefined;
  #html: readonly HtmlFacts[] | undefined;
  #mime: MimeFacts | undefined;

  constructor(task: Task, maxChars: number, follow: FollowRedirectors) {
    this.task = task;
    this.message = task.message;
    this.#maxChars = maxChars;
    this.#follow = follow;
  }

  get relays(): Relays {
    return (this.#relays ??= readRelays(this.task));
  }

  /** Sender of the envelope; what an MTA wrote down of it where there is no envelope. */
  get envelopeFrom(): string | undefined {
    const { sender } = this.task.envelope;
    if (sender !== undefined) return sender?.text ?? '';
    for (const key of ['x-envelope-from', 'envelope-sender', 'x-sender', 'return-path']) {
      const header = this.message.headers.first(key);
      const address = header && /<?([^<>\s]*@[^<>\s]*)>?/.exec(header.value)?.[1];
      if (address !== undefined) return address;
      if (header && key === 'return-path' && header.value.trim() === '<>') return '';
    }
    return undefined;
  }

  /** Decoded values of a field, each with a line end, as one text; `''` when there is none. */
  field(key: string): string {
    const { raw, headers } = this.message;
    return headers.has(key)
      ? headers
          .every(key)
          .map((header) => `${decodedField(raw, header)}\n`)
          .join('')
      : '';
  }

  /** Subject, then paragraphs. */
  get body(): readonly string[] {
    return (this.#body ??= bodyPieces(this, this.field('subject') || '\n', this.#maxChars));
  }

  get bodyWithoutSubject(): readonly string[] {
    return (this.#bodyAlone ??= this.body.slice(1));
  }

  get rawBody(): readonly string[] {
    return (this.#raw ??= rawPieces(this.task, this.#maxChars));
  }

  get full(): readonly string[] {
    return (this.#full ??= [wholeMessage(this.task, this.#maxChars)]);
  }

  /** Links, where redirectors lead, and addresses as `mailto:`. */
  get uris(): readonly string[] {
    if (this.#uris) return this.#uris;
    const uris = new Set<string>();
    const { content } = this.task;
    for (const { url } of content.urls.slice(0, ruleLimits.uris)) {
      uris.add(utf8Bytes(url));
      for (const target of this.#follow(url)) uris.add(target);
    }
    for (const { text } of content.emails.slice(0, ruleLimits.uris)) uris.add(utf8Bytes(`mailto:${text}`));
    this.#uris = [...uris];
    return this.#uris;
  }

  /** One for each HTML part. */
  get html(): readonly HtmlFacts[] {
    return (this.#html ??= readHtmlFacts(this.message.parts, this.task.content));
  }

  get mime(): MimeFacts {
    return (this.#mime ??= readMimeFacts(this.message));
  }
}
