import { z } from 'zod';
import { defineCheck, type InsertHit, type Message } from '../../core/index.ts';

/** Fields that may stand once (RFC 5322 3.6, RFC 2045), and how much it weighs when they stand twice. */
const onceOnly = [
  ['Content-Type', 1],
  ['Content-Transfer-Encoding', 1],
  ['From', 1],
  ['Sender', 1],
  ['Reply-To', 1],
  ['Message-ID', 0.7],
  ['In-Reply-To', 0.7],
  ['Subject', 0.7],
  ['References', 0.3],
  ['To', 0.2],
  ['Date', 0.1],
  ['Cc', 0.1],
  ['Bcc', 0.1],
] as const;

const slots = new Map<string, number>(onceOnly.map(([name], index) => [name.toLowerCase(), index]));

const prioritySteps = [
  [5, 'HAS_X_PRIO_FIVE'],
  [3, 'HAS_X_PRIO_THREE'],
  [2, 'HAS_X_PRIO_TWO'],
  [1, 'HAS_X_PRIO_ONE'],
  [0, 'HAS_X_PRIO_ZERO'],
] as const;

const symbols = {
  BROKEN_HEADERS: {
    score: 10,
    description: 'The header is malformed, or a field of the envelope did not parse',
    oneShot: true,
  },
  MULTIPLE_UNIQUE_HEADERS: { score: 7, description: 'A field that may stand once stands twice' },
  MISSING_ESSENTIAL_HEADERS: { score: 7, description: 'The header has none of the usual fields' },
  MV_CASE: { score: 0.5, description: 'MIME-Version is spelled “Mime-Version”' },
  XM_CASE: { score: 0.5, description: 'X-Mailer is spelled “X-mailer”' },
  HAS_X_PRIO_ZERO: { description: 'X-Priority is 0' },
  HAS_X_PRIO_ONE: { description: 'X-Priority is 1' },
  HAS_X_PRIO_TWO: { description: 'X-Priority is 2' },
  HAS_X_PRIO_THREE: { description: 'X-Priority is 3 or 4' },
  HAS_X_PRIO_FIVE: { description: 'X-Priority is 5 or more' },
} as const;

/** Was the header ended by a line that is no field, instead of an empty line? */
function isCutShort({ defects, bodyOffset, raw }: Message): boolean {
  if (defects.length === 0) return false;
  // A part right at the start of the body may have such a defect at the same place: look for the empty line.
  if (!defects.some(({ kind, offset }) => kind === 'header-without-colon' && offset === bodyOffset))
    return false;
  if (bodyOffset === 0) return true;
  let end = bodyOffset - 1;
  if (raw[end] === 0x0a && raw[end - 1] === 0x0d) end--;
  const before = raw[end - 1];
  return end > 0 && before !== 0x0a && before !== 0x0d;
}

function judgePriority(text: string, hit: InsertHit<keyof typeof symbols>): void {
  const digits = /^\s*(\d{1,15})/.exec(text)?.[1];
  if (digits === undefined) return;
  const priority = Number(digits);
  hit(prioritySteps.find(([step]) => priority >= step)![1], 1, String(priority));
}

export const headerRules = defineCheck({
  name: 'header_rules',
  summary: 'Judges the header as a whole: malformed, repeated, missing and oddly spelled fields.',
  details: [
    'Mail of every direction is looked at; rules of Rspamd without options of their own. MULTIPLE_UNIQUE_HEADERS has the weight of',
    'the worst field that is repeated: 1 for Content-Type, Content-Transfer-Encoding, From, Sender and Reply-To, 0.7 for',
    'Message-ID, In-Reply-To and Subject, 0.3 for References, 0.2 for To, 0.1 for Date, Cc and Bcc. BROKEN_HEADERS also tells',
    'fields of the envelope that did not parse.',
  ].join('\n'),
  group: 'headers',
  stage: 'filter',
  direction: 'both',
  needs: ['headers'],
  config: z.strictObject({}),
  symbols,
  create() {
    const counts = new Uint16Array(onceOnly.length);
    return (task, hit) => {
      const { message } = task;
      const { headers } = message;
      if (isCutShort(message)) hit('BROKEN_HEADERS');
      counts.fill(0);
      let known = 0;
      let isRepeated = false;
      let isOddMimeVersion = false;
      let isOddMailer = false;
      for (const header of headers.all) {
        const slot = slots.get(header.key);
        if (slot !== undefined) {
          known++;
          if (++counts[slot]! > 1) isRepeated = true;
        } else if (header.name === 'Mime-Version') isOddMimeVersion = true;
        else if (header.name === 'X-mailer') isOddMailer = true;
      }
      if (isOddMimeVersion) hit('MV_CASE');
      if (isOddMailer) hit('XM_CASE');
      if (known === 0) hit('MISSING_ESSENTIAL_HEADERS');
      if (isRepeated) {
        const repeated = onceOnly.filter((_, index) => counts[index]! > 1);
        const weight = Math.max(...repeated.map(([, one]) => one));
        hit('MULTIPLE_UNIQUE_HEADERS', weight, ...repeated.map(([name]) => name));
      }
      const priority = headers.first('x-priority');
      if (priority) judgePriority(priority.value, hit);
    };
  },
});
