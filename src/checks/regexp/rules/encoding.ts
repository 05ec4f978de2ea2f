import type { StockRule } from './rule.ts';

// Header fields that need encoding (RFC 2047) and have none, and those that have it without need.

const fields = [
  { symbol: 'FROM', field: 'From' },
  { symbol: 'TO', field: 'To' },
  { symbol: 'REPLYTO', field: 'Reply-To' },
  { symbol: 'CC', field: 'Cc' },
  { symbol: 'SUBJ', field: 'Subject' },
] as const;

const isCoded = (field: string, coding: 'b' | 'q'): string =>
  `${field}=/=\\?[^\\s?]+\\?${coding}\\?/i{raw_header}`;
/** Control characters and bytes beyond ASCII. */
const special = String.raw`/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xff]/r`;

function needsEncoding(field: string): StockRule {
  return {
    re: `${field}=${special}{raw_header} & !${isCoded(field, 'b')} & !${isCoded(field, 'q')}`,
    score: 1,
    description: `${field} has bytes that need encoding and is not encoded`,
    group: 'headers',
  };
}

function excess(coding: 'b' | 'q', score: number, group: string): Record<string, StockRule> {
  const name = coding === 'b' ? 'BASE64' : 'QP';
  const words = coding === 'b' ? 'base64' : 'quoted-printable';
  return Object.fromEntries(
    fields.map(({ symbol, field }) => [
      `${symbol}_EXCESS_${name}`,
      {
        re: `${isCoded(field, coding)} & !${field}=${special}{header}`,
        score,
        description: `${field} is encoded as ${words} although it is plain ASCII`,
        group,
      },
    ]),
  );
}

export const encodingRules: Readonly<Record<string, StockRule>> = {
  SUBJECT_NEEDS_ENCODING: needsEncoding('Subject'),
  FROM_NEEDS_ENCODING: needsEncoding('From'),
  TO_NEEDS_ENCODING: needsEncoding('To'),
  ...excess('b', 1.5, 'excessb64'),
  ...excess('q', 1.2, 'excessqp'),
};
