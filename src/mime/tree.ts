import { isContentType, isMessageContainer } from './content-type.ts';
import type { DefectList, DefectSink } from './defects.ts';
import { findLineEnd, lineBreakLength, type ParsedHeader, scanHeader } from './headers.ts';
import type { ParseLimits } from './limits.ts';
import { parseParameterised } from './parameters.ts';
import { ParsedPart, type SourceContext } from './part.ts';

const dash = 0x2d;
const defaultType = 'text/plain';

interface DeclaredType {
  readonly contentType: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const noParameters: ReadonlyMap<string, string> = new Map();

/** Offsets of one body part: header and body together. */
interface Piece {
  readonly start: number;
  readonly end: number;
}

interface Pieces {
  readonly list: readonly Piece[];
  /** Was the closing delimiter there? */
  readonly isClosed: boolean;
  /** Offset of a delimiter after the closing one, -1 when there is none. */
  readonly strayDelimiter: number;
}

interface Budget {
  left: number;
}

/** Builds the part tree of one message. */
export class TreeBuilder {
  readonly parts: ParsedPart[] = [];
  readonly #limits: ParseLimits;
  readonly #foreignDefects: DefectSink;
  /** Lines that begin with a boundary and are no delimiter: how many more are looked at. */
  readonly #falseDelimiters: Budget;

  constructor(limits: ParseLimits, defects: DefectList) {
    this.#limits = limits;
    this.#foreignDefects = defects.withoutOffsets();
    this.#falseDelimiters = { left: limits.falseDelimiters };
  }

  /**
   * Reads one entity (header and body) and everything inside it.
   *
   * @param context the bytes the entity is in
   * @param start offset of its first byte
   * @param end offset after its last byte
   * @param parent undefined for the root
   * @param encodedDepth how many transfer-encoded messages are around it
   */
  build(
    context: SourceContext,
    start: number,
    end: number,
    parent: ParsedPart | undefined,
    encodedDepth: number,
  ): ParsedPart {
    const { source, defects } = context;
    const { headers, bodyStart } = scanHeader(source, start, end, this.#limits, defects);
    const fallback = parent?.contentType === 'multipart/digest' ? 'message/rfc822' : defaultType;
    let declared = this.#readType(context, headers.first('content-type'), fallback);
    let pieces: readonly Piece[] = [];
    const depth = parent ? parent.depth + 1 : 0;
    if (declared.contentType.startsWith('multipart/')) {
      if (depth >= this.#limits.depth) defects.add('too-deep', bodyStart);
      else {
        const found = this.#split(context, bodyStart, end, declared.parameters.get('boundary'));
        // A multipart in which no part can be found is shown as text (RFC 2045 5.2 for what is broken).
        if (found) pieces = found;
        else declared = { contentType: defaultType, parameters: noParameters };
      }
    }
    const part = new ParsedPart({
      context,
      headers,
      parent,
      depth,
      contentType: declared.contentType,
      contentTypeParameters: declared.parameters,
      bodyStart,
      bodyEnd: end,
    });
    this.parts.push(part);
    for (const piece of pieces) {
      if (this.#isFull(context, piece.start)) break;
      part.children.push(this.build(context, piece.start, piece.end, part, encodedDepth));
    }
    if (isMessageContainer(part.contentType)) this.#openMessage(context, part, encodedDepth);
    return part;
  }

  #openMessage(context: SourceContext, part: ParsedPart, encodedDepth: number): void {
    const { bodyStart, bodyEnd } = part;
    if (bodyStart >= bodyEnd) return;
    if (part.depth >= this.#limits.depth || (part.isEncoded && encodedDepth >= this.#limits.encodedDepth)) {
      context.defects.add('too-deep', bodyStart);
      return;
    }
    if (this.#isFull(context, bodyStart)) return;
    if (!part.isEncoded) {
      part.children.push(this.build(context, bodyStart, bodyEnd, part, encodedDepth));
      return;
    }
    context.defects.add('encoded-message', bodyStart);
    const source = part.decoded();
    const inner = { source, limits: this.#limits, defects: this.#foreignDefects };
    part.children.push(this.build(inner, 0, source.length, part, encodedDepth + 1));
  }

  #isFull(context: SourceContext, offset: number): boolean {
    if (this.parts.length < this.#limits.parts) return false;
    context.defects.add('too-many-parts', offset);
    return true;
  }

  #readType(context: SourceContext, header: ParsedHeader | undefined, fallback: string): DeclaredType {
    if (!header) return { contentType: fallback, parameters: noParameters };
    const { value, parameters } = parseParameterised(header.unfolded(), this.#limits.parameters, (kind) =>
      context.defects.add(kind, header.start),
    );
    if (isContentType(value)) return { contentType: value, parameters };
    context.defects.add('bad-content-type', header.start);
    // RFC 2045 5.2; the charset may still be right (`Content-Type: text; charset=koi8-r`).
    return { contentType: fallback, parameters };
  }

  /** The body parts between the delimiters (RFC 2046 5.1.1); undefined when there are none. */
  #split(
    context: SourceContext,
    start: number,
    end: number,
    declaredBoundary: string | undefined,
  ): readonly Piece[] | undefined {
    const { source, defects } = context;
    const maxBytes = this.#limits.boundaryBytes;
    let boundary: Buffer | undefined = Buffer.from(declaredBoundary?.trimEnd() ?? '', 'utf8');
    if (boundary.length === 0) {
      defects.add('missing-boundary', start);
      boundary = guessBoundary(source, start, end, maxBytes);
      if (!boundary) return undefined;
    }
    if (boundary.length > maxBytes) {
      defects.add('boundary-too-long', start);
      return undefined;
    }
    const found = findPieces(source, start, end, boundary, this.#limits.parts, this.#falseDelimiters);
    if (this.#falseDelimiters.left === 0) defects.add('too-many-delimiters', start);
    if (found.list.length === 0) {
      defects.add('boundary-not-found', start);
      return undefined;
    }
    if (!found.isClosed) defects.add('missing-end-boundary', end);
    if (found.strayDelimiter >= 0) defects.add('part-after-end-boundary', found.strayDelimiter);
    return found.list;
  }
}

/** The boundary of the first line of the body that looks like a delimiter, for want of a declared one. */
function guessBoundary(source: Buffer, start: number, end: number, maxBytes: number): Buffer | undefined {
  let pos = start;
  for (let line = 0; line < 10 && pos < end; line++) {
    const lineEnd = findLineEnd(source, pos, Math.min(end, pos + maxBytes + 4));
    if (lineEnd - pos > 4 && source[pos] === dash && source[pos + 1] === dash) {
      let to = lineEnd;
      while (to > pos && isBlank(source[to - 1])) to--;
      return source.subarray(pos + 2, to);
    }
    pos = lineEnd + Math.max(1, lineBreakLength(source, lineEnd, end));
  }
  return undefined;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09;
}

function findPieces(
  source: Buffer,
  start: number,
  end: number,
  boundary: Buffer,
  maxPieces: number,
  falseDelimiters: Budget,
): Pieces {
  const needle = Buffer.concat([Buffer.from('--'), boundary]);
  const body = source.subarray(start, end);
  const list: Piece[] = [];
  let isClosed = false;
  let pieceStart = -1;
  let at = body.indexOf(needle);
  while (at >= 0) {
    const delimiter = start + at;
    const tail = readDelimiterTail(source, delimiter + needle.length, end);
    const previous = source[delimiter - 1];
    if (tail && (delimiter === start || previous === 0x0a || previous === 0x0d)) {
      if (isClosed) return { list, isClosed, strayDelimiter: delimiter };
      if (pieceStart >= 0) list.push({ start: pieceStart, end: contentEnd(source, pieceStart, delimiter) });
      if (list.length >= maxPieces) return { list, isClosed: true, strayDelimiter: -1 };
      isClosed = tail.isClosing;
      pieceStart = isClosed ? -1 : tail.next;
      at = tail.next - start;
    } else {
      if (falseDelimiters.left === 0) break;
      falseDelimiters.left--;
      at += needle.length;
    }
    at = body.indexOf(needle, at);
  }
  if (pieceStart >= 0 && (pieceStart < end || list.length === 0)) list.push({ start: pieceStart, end });
  return { list, isClosed, strayDelimiter: -1 };
}

/** Where the part before a delimiter ends: the line break belongs to the delimiter (RFC 2046 5.1.1). */
function contentEnd(source: Buffer, start: number, delimiter: number): number {
  let to = delimiter - 1;
  if (source[to] === 0x0a && source[to - 1] === 0x0d) to--;
  return Math.max(start, to);
}

/**
 * Reads what follows a boundary: `--` if it is the closing one, blanks, the end of the line. Anything else is part of
 * a longer boundary of which this one is a prefix, and no delimiter.
 */
function readDelimiterTail(
  source: Buffer,
  offset: number,
  end: number,
): { isClosing: boolean; next: number } | undefined {
  let pos = offset;
  const isClosing = pos + 1 < end && source[pos] === dash && source[pos + 1] === dash;
  if (isClosing) pos += 2;
  while (pos < end && isBlank(source[pos])) pos++;
  if (pos >= end) return { isClosing, next: end };
  const breakLength = lineBreakLength(source, pos, end);
  return breakLength > 0 ? { isClosing, next: pos + breakLength } : undefined;
}
