/** Head of an ICAP answer or of the HTTP message inside it (RFC 3507 4.3.1). */
export interface Head {
  /** First line. */
  readonly statusLine: string;
  /** 0 when the first line is no status line. */
  readonly status: number;
  /** By name in lower case; lines that continue a header are joined to it with a line feed. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Reads a head without its final empty line. */
export function parseHead(text: string, protocol: 'ICAP' | 'HTTP'): Head {
  const [statusLine = '', ...lines] = text.split(/\r?\n/);
  const match = /^([A-Z]+)\/\d(?:\.\d)? (\d{3})(?: |$)/.exec(statusLine);
  const headers = new Map<string, string>();
  let last: string | undefined;
  for (const line of lines) {
    if (line.startsWith(' ') || line.startsWith('\t')) {
      if (last !== undefined) headers.set(last, `${headers.get(last)}\n${line.trim()}`);
      continue;
    }
    const colon = line.indexOf(':');
    last = colon > 0 ? line.slice(0, colon).toLowerCase() : undefined;
    if (last !== undefined) headers.set(last, line.slice(colon + 1).trim());
  }
  return { statusLine, status: match?.[1] === protocol ? Number(match[2]) : 0, headers };
}

/** Threats that the headers of a head name, and whether the scanner says that it could not look. */
export interface Threats {
  readonly kind: 'found' | 'fail';
  readonly names: readonly string[];
}

const noThreats = 'no threats';

function named(headers: Head['headers'], name: string): string | undefined {
  const value = headers.get(name);
  return value === undefined || value === '' || value.toLowerCase() === noThreats ? undefined : value;
}

const split = (text: string): readonly string[] =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');

/** `Type=0; Resolution=2; Threat=name;` (draft-stecher-icap-subid 3.4). */
function infectionFound(value: string, headers: Head['headers']): Threats {
  const threat = /\bThreat=(.*)$/.exec(value)?.[1]?.replace(/;\s*$/, '').trim();
  if (threat) return { kind: /\bType=2\b/.test(value) ? 'fail' : 'found', names: [threat] };
  return { kind: 'found', names: split(named(headers, 'x-virus-name') ?? value) };
}

/** A count, then four lines for each: file, threat, problem, resolution (draft-stecher-icap-subid 3.5). */
function violationsFound(value: string): readonly string[] {
  const lines = value.split('\n').map((line) => line.trim());
  const names: string[] = [];
  for (let i = 2; i < lines.length; i += 4) if (lines[i]) names.push(lines[i]!);
  return names;
}

/** Looks for everything by which scanners tell of a threat; undefined: nothing said. */
export function threatsOf(headers: Head['headers']): Threats | undefined {
  const infection = headers.get('x-infection-found');
  if (infection) return infectionFound(infection, headers);
  for (const name of ['x-virus-name', 'x-virus-id']) {
    const value = named(headers, name);
    if (value) return { kind: 'found', names: split(value) };
  }
  const violations = headers.get('x-violations-found');
  if (violations && violations !== '0') {
    const names = violationsFound(violations);
    return { kind: 'found', names: names.length > 0 ? names : [`violations: ${violations.split('\n')[0]}`] };
  }
  const result = headers.get('x-fsecure-scan-result');
  if (result && result !== 'clean') {
    const name = headers.get('x-fsecure-infection-name')?.replaceAll(/[\s"]/g, '');
    return { kind: 'found', names: split(name || '-unknown-') };
  }
  for (const name of ['x-mwg-block-reason', 'x-blocked', 'x-block-reason']) {
    const value = headers.get(name);
    if (value) return { kind: 'found', names: [value] };
  }
  return undefined;
}
