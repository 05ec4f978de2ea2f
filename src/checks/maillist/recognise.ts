import type { HeaderList } from '../../core/index.ts';

/** How much each sign of a mailing list counts; a list needs 1. */
const signs: readonly (readonly [key: string, weight: number])[] = [
  ['list-id', 0.75],
  ['list-archive', 0.125],
  ['list-owner', 0.125],
  ['list-help', 0.125],
  ['list-post', 0.125],
  ['list-subscribe', 0.125],
  ['list-unsubscribe', 0.125],
  ['x-loop', 0.125],
];

/** Sum of the signs of a mailing list (RFC 2369, RFC 2919 and habits). */
export function listEvidence(headers: HeaderList): number {
  let sum = 0;
  for (const [key, weight] of signs) if (headers.has(key)) sum += weight;
  const precedence = headers.first('precedence')?.value;
  if (precedence === 'list' || precedence === 'bulk') sum += 0.25;
  if (headers.has('list-subscribe') && headers.has('list-unsubscribe')) sum += 0.25;
  return sum;
}

interface Software {
  readonly name: string;
  matches(headers: HeaderList): boolean;
}

function matches(headers: HeaderList, key: string, pattern: RegExp): boolean {
  const header = headers.first(key);
  return header !== undefined && pattern.test(header.value);
}

const softwares: readonly Software[] = [
  {
    name: 'ezmlm',
    matches: (headers) => matches(headers, 'mailing-list', /^contact .*; run by ezmlm(?:-idx)?$/i),
  },
  {
    name: 'mailman',
    matches: (headers) =>
      headers.has('x-mailman-version') && (headers.has('x-beenthere') || headers.has('list-id')),
  },
  {
    name: 'googlegroups',
    matches: (headers) =>
      headers.has('x-google-group-id') ||
      matches(headers, 'x-google-loop', /^groups$/i) ||
      matches(headers, 'list-id', /\.googlegroups\.com>?$/i),
  },
  { name: 'cgp', matches: (headers) => matches(headers, 'x-listserver', /^CommuniGate Pro LIST/i) },
];

/** The software of a mailing list, if its headers tell. */
export function listSoftware(headers: HeaderList): string | undefined {
  return softwares.find((software) => software.matches(headers))?.name;
}
