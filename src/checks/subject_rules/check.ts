import { z } from 'zod';
import { defineCheck, type Task } from '../../core/index.ts';

const longLength = 200;

function isLowerAscii(code: number): boolean {
  return code >= 0x61 && code <= 0x7a;
}

/** Characters, as people count them. */
function lengthOf(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xdc00) length--;
  return length;
}

/** The subject without prefixes of answers and forwards. */
function withoutPrefix(subject: string): string {
  return subject.includes(':')
    ? subject.replace(/^(?:(?:re|fwd?|aw|wg|sv|antw(?:ort)?)\s{0,9}:\s{0,9})+/i, '')
    : subject;
}

/** Is this in capitals only, in a script that has them? */
function isUpperCase(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (isLowerAscii(text.charCodeAt(i))) return false;
  return text !== text.toLowerCase() && text === text.toUpperCase();
}

const withoutEndSlash = (text: string): string => (text.endsWith('/') ? text.slice(0, -1) : text);

/** The weightiest link of the subject. */
function linkInSubject(task: Task, subject: string): { weight: number; url: string } | undefined {
  // What the search for links starts from.
  if (!subject.includes('.') && !subject.includes('://')) return undefined;
  let found: { weight: number; url: string } | undefined;
  for (const { flags, url } of task.content.urls) {
    if (!flags.includes('subject')) continue;
    const isWhole = withoutEndSlash(url).toLowerCase() === withoutEndSlash(subject).toLowerCase();
    const weight = flags.includes('schemaless') ? 0.1 : isWhole ? 1 : 0.25;
    if (!found || weight > found.weight) found = { weight, url };
  }
  return found;
}

export const subjectRules = defineCheck({
  name: 'subject_rules',
  summary: 'Judges subjects: capitals, length, links.',
  details: [
    'Mail of every direction is looked at; rules of Rspamd without options of their own. Weights: SUBJ_ALL_CAPS grows with the',
    'length to 40 characters, LONG_SUBJ to 400; a link counts fully when it is the whole subject, a quarter when there is',
    'more, a tenth when it is written without scheme.',
  ].join('\n'),
  group: 'subject',
  stage: 'filter',
  direction: 'both',
  needs: ['headers'],
  config: z.strictObject({}),
  symbols: {
    SUBJ_ALL_CAPS: { score: 3, description: 'The subject is written in capitals only' },
    LONG_SUBJ: { score: 3, description: 'The subject is longer than 200 characters' },
    URL_IN_SUBJECT: { score: 4, description: 'There is a link in the subject' },
  },
  create() {
    return (task, hit) => {
      const { subject } = task.message;
      if (subject === '') return;
      const text = withoutPrefix(subject);
      if (isUpperCase(text)) hit('SUBJ_ALL_CAPS', Math.min(1, lengthOf(text) / 40));
      if (subject.length > longLength) {
        const length = lengthOf(subject);
        if (length > longLength) hit('LONG_SUBJ', Math.min(1, length / 400), String(length));
      }
      const link = linkInSubject(task, subject);
      if (link) hit('URL_IN_SUBJECT', link.weight, link.url);
    };
  },
});
