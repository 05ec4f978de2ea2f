import { isAscii } from 'node:buffer';
import type { Header, HeaderList, Selector, Task } from '../../core/index.ts';

/** What a pattern reads. */
export const readings = [
  'header',
  'raw_header',
  'mime_header',
  'all_headers',
  'body',
  'mime',
  'raw_mime',
  'sa_body',
  'sa_raw_body',
  'url',
  'email',
  'words',
  'raw_words',
  'stem_words',
  'skeleton_words',
  'selector',
  'smtp',
] as const;
export type Reading = (typeof readings)[number];

/** Texts of one message for one group of patterns. */
export interface Texts {
  readonly texts: readonly string[];
  /** The same one character a byte, when the texts were made of bytes. */
  readonly bytes?: readonly string[];
}

export type TextSource = (task: Task) => Texts;

const none: Texts = { texts: [] };

/** Folded lines are one line, as the peer keeps them: each break with the blanks after it is one blank. */
function rawValue({ rawValue: raw }: Header): string {
  return raw.replace(/[\r\n]+[ \t]*/g, ' ').replace(/^[ \t]+/, '');
}

function decodedValue({ value, rawValue: raw }: Header): string {
  return value.includes('\t') && raw.includes('\n') ? value.replace(/\t[ \t]*/g, ' ') : value;
}

function fields(headers: HeaderList, name: string, isStrict: boolean): readonly Header[] {
  const all = headers.every(name.toLowerCase());
  return isStrict ? all.filter((field) => field.name === name) : all;
}

function bytesOf(raw: Buffer, maxChars: number): Texts {
  const part = raw.subarray(0, Math.min(raw.length, maxChars));
  if (isAscii(part)) {
    const texts = [part.toString('latin1')];
    return { texts, bytes: texts };
  }
  return { texts: [part.toString('utf8')], bytes: [part.toString('latin1')] };
}

/** One form of all words; stop words have no stem. */
function words({ content }: Task, form: 'raw' | 'normal' | 'stems' | 'skeletons'): Texts {
  return {
    texts: content.texts.flatMap((text) => content.words(text)[form].filter((word) => word !== '')),
  };
}

/** A text as one line. */
function joinLines(text: string): string {
  return text.replace(/[\r\n]+[ \t]*/g, ' ');
}

/** Where the texts of a group come from. */
export function textSource(
  reading: Exclude<Reading, 'selector'>,
  name: string,
  isStrict: boolean,
  maxChars: number,
): TextSource {
  switch (reading) {
    case 'header':
      return ({ message }) => {
        const found = fields(message.headers, name, isStrict);
        return found.length === 0 ? none : { texts: found.map(decodedValue) };
      };
    case 'raw_header':
      return ({ message }) => {
        const found = fields(message.headers, name, isStrict);
        return found.length === 0 ? none : { texts: found.map(rawValue) };
      };
    case 'mime_header':
      return ({ message }) => ({
        texts: message.parts.flatMap(({ headers }) => fields(headers, name, isStrict).map(decodedValue)),
      });
    case 'all_headers':
      return ({ message }) => bytesOf(message.raw.subarray(0, message.bodyOffset), maxChars);
    case 'body':
      return ({ message }) => bytesOf(message.raw, maxChars);
    case 'mime':
      return ({ content }) => ({ texts: content.texts.map(({ text }) => text) });
    case 'sa_body':
      return ({ content, message }) => ({
        texts: [message.subject, ...content.texts.map(({ text }) => joinLines(text))],
      });
    case 'raw_mime':
    case 'sa_raw_body':
      return ({ content }) => ({ texts: content.texts.map(({ part }) => part.text()) });
    case 'url':
      return ({ content }) => ({ texts: content.urls.map(({ url }) => url) });
    case 'email':
      return ({ content }) => ({ texts: content.emails.map(({ text }) => text) });
    case 'words':
      return (task) => words(task, 'normal');
    case 'raw_words':
      return (task) => words(task, 'raw');
    case 'stem_words':
      return (task) => words(task, 'stems');
    case 'skeleton_words':
      return (task) => words(task, 'skeletons');
    case 'smtp':
      return (task) => ({ texts: smtpData(task, name) });
  }
}

export function selectorSource(selector: Selector): TextSource {
  return (task) => {
    const texts = selector.values(task);
    return texts === undefined ? none : { texts };
  };
}

/** What `check_smtp_data` compares. */
export const smtpFields = ['from', 'rcpt', 'helo', 'user', 'subject'] as const;

function smtpData({ envelope, message }: Task, field: string): readonly string[] {
  const one = (text: string | undefined): readonly string[] => (text === undefined ? [] : [text]);
  switch (field) {
    case 'from':
      return one(envelope.sender?.text);
    case 'rcpt':
      return envelope.recipients.map(({ text }) => text);
    case 'helo':
      return one(envelope.helo);
    case 'user':
      return one(envelope.login);
    default:
      return one(message.subject);
  }
}
