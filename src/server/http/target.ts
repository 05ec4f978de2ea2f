import { ProtocolError, type RequestHeaderList } from '../../core/index.ts';

/** A request target (RFC 9112 3.2): the command of the path, and the arguments behind it. */
export interface RequestTarget {
  /** Lower case, without the leading slash. */
  readonly command: string;
  readonly arguments: readonly (readonly [name: string, value: string])[];
}

/** Most query arguments that are read; each becomes a header line. */
const maxArguments = 4096;

/** Arguments whose value is an address or a login, where a plus sign is no blank. */
const literalPlus: ReadonlySet<string> = new Set(['from', 'rcpt', 'deliver-to', 'user']);

/** Text with `%XX` decoded as UTF-8; broken escapes stay as they are. */
function decode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return text;
  }
}

function parseArguments(query: string): [string, string][] {
  const pairs: [string, string][] = [];
  for (const piece of query.split('&', maxArguments)) {
    if (piece === '') continue;
    const equals = piece.indexOf('=');
    const name = decode(equals < 0 ? piece : piece.slice(0, equals)).toLowerCase();
    const rawValue = equals < 0 ? '' : piece.slice(equals + 1);
    const value = decode(literalPlus.has(name) ? rawValue : rawValue.replaceAll('+', ' '));
    if (/[\r\n\0]/.test(value)) throw new ProtocolError('control character in a query argument');
    if (name !== '') pairs.push([name, value]);
  }
  return pairs;
}

const noArguments: RequestTarget['arguments'] = [];

/**
 * Splits a request target. The path is compared without regard to case (wire-protocols 1.2).
 *
 * @throws ProtocolError for control characters in an argument
 */
export function parseTarget(target: string): RequestTarget {
  let path = target;
  if (!path.startsWith('/')) {
    const authority = /^https?:\/\/[^/?#]*/i.exec(path);
    if (authority) path = path.slice(authority[0].length);
  }
  const hash = path.indexOf('#');
  if (hash >= 0) path = path.slice(0, hash);
  const mark = path.indexOf('?');
  const query = mark < 0 ? '' : path.slice(mark + 1);
  if (mark >= 0) path = path.slice(0, mark);
  if (path.startsWith('/')) path = path.slice(1);
  return {
    command: path.toLowerCase(),
    arguments: query === '' ? noArguments : parseArguments(query),
  };
}

/** Query arguments count as header lines that came last (wire-protocols 1.3). */
export function addArguments(headers: RequestHeaderList, target: RequestTarget): void {
  for (const [name, value] of target.arguments) headers.add(name, value);
}
