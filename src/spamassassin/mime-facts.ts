import type { Message, Part } from '../core/index.ts';

/** How a message is built, in numbers that functions ask for. */
export interface MimeFacts {
  readonly htmlParts: number;
  readonly textParts: number;
  readonly base64Parts: number;
  readonly attachments: number;
  readonly hasBase64Text: boolean;
  readonly hasStrangeIsoCharset: boolean;
  readonly hasAlternative: boolean;
  /** Bytes of the last plain text by those of the last HTML. */
  readonly alternativeRatio: number;
  /** Bytes that were escaped without need in quoted-printable parts. */
  readonly escapedBytes: number;
  readonly escapedRatio: number;
  readonly hasLongEscapedLine: boolean;
  /** Bytes that do not belong into text declared as ASCII. */
  readonly hasIllegalAscii: boolean;
  /** Character references by other bytes, in plain text without encoding. */
  readonly referenceRatio: number;
  readonly longestBase64Line: number;
}

const asciiNames =
  /us-ascii|ansi_x3\.4-1968|iso-ir-6|ansi_x3\.4-1986|iso_646\.irv:1991|ascii|iso646-us|us|ibm367|cp367|csascii/;

function lines(part: Part): readonly string[] {
  return (
    part.source
      .toString('latin1', part.bodyStart, Math.min(part.bodyEnd, part.bodyStart + 2_000_000))
      .replaceAll('\r\n', '\n')
      .match(/[^\n]*\n|[^\n]+$/g) ?? []
  );
}

/** Blanks at the end of a line that are looked at; lines of quoted-printable have 76 characters. */
const maxTrailing = 256;

export function readMimeFacts({ parts }: Message): MimeFacts {
  let htmlParts = 0;
  let textParts = 0;
  let base64Parts = 0;
  let attachments = 0;
  let hasBase64Text = false;
  let hasStrangeIsoCharset = false;
  let hasAlternative = false;
  let escapedBytes = 0;
  let escapedTotal = 0;
  let hasLongEscapedLine = false;
  let hasIllegalAscii = false;
  let references = 0;
  let plainBytes = 0;
  let longestBase64Line = 0;
  let lastPlain: number | undefined;
  let lastHtml: number | undefined;
  for (const part of parts) {
    const { contentType, transferEncoding, disposition, charset = '', headers } = part;
    if (contentType === 'multipart/alternative') hasAlternative = true;
    const declared = headers.has('content-type') || part.depth === 0;
    if (contentType === 'text/html') htmlParts++;
    else if (contentType.startsWith('text/') && declared) textParts++;
    const isBase64 = transferEncoding.includes('base64');
    if (isBase64) base64Parts++;
    if (disposition?.includes('attachment')) attachments++;
    const name = charset.toLowerCase();
    if (
      contentType.startsWith('text') &&
      isBase64 &&
      (name === '' || asciiNames.test(name)) &&
      !/^(?:attachment|inline)/.test(disposition ?? '')
    )
      hasBase64Text = true;
    if (/iso-\S+-\S+\b/.test(name) && !/iso-(?:8859-\d{1,2}|2022-(?:jp|kr))\b/.test(name))
      hasStrangeIsoCharset = true;
    if (part.children.length > 0) continue;
    const isQuoted = transferEncoding === 'quoted-printable';
    const isPlain = contentType === 'text/plain';
    const mayHoldAscii = isPlain && (name === '' || name === 'us-ascii');
    const isBare = isPlain && /^(?:7bit|8bit)?$/.test(transferEncoding);
    const isCounted =
      disposition?.includes('attachment') !== true && (isPlain || contentType === 'text/html');
    if (!isBase64 && !isQuoted && !mayHoldAscii && !isBare && !isCounted) continue;
    let size = 0;
    for (const line of lines(part)) {
      size += line.length;
      if (isBase64 && contentType !== 'application/ics')
        longestBase64Line = Math.max(longestBase64Line, line.length);
      if (isQuoted) {
        if (line.length > 79) hasLongEscapedLine = true;
        escapedTotal += line.length;
        if (line.includes('=')) {
          const needless = line.match(/=(?:09|3[0-9ABCEF]|[2456][0-9A-F]|7[0-9A-E])/g)?.length ?? 0;
          const trailing = /((?:=09|=20)+)\s*$/.exec(line.slice(-maxTrailing))?.[1]?.length ?? 0;
          escapedBytes += needless === 0 ? 0 : needless - trailing / 3;
        }
      }
      if (mayHoldAscii && /[\x00\r\x80-\xff]/.test(line)) hasIllegalAscii = true;
      if (isBare) {
        const count = line.match(/&#x[0-9A-F]{4};/g)?.length ?? 0;
        references += count;
        plainBytes += line.length - count * 8;
      }
    }
    if (isCounted && hasAlternative) {
      if (isPlain) lastPlain = size;
      else lastHtml = size;
    }
  }
  return {
    htmlParts,
    textParts,
    base64Parts,
    attachments,
    hasBase64Text,
    hasStrangeIsoCharset,
    hasAlternative,
    alternativeRatio:
      lastPlain !== undefined && lastHtml !== undefined && lastHtml > 0 ? lastPlain / lastHtml : 1,
    escapedBytes,
    escapedRatio: escapedTotal === 0 ? 0 : escapedBytes / escapedTotal,
    hasLongEscapedLine,
    hasIllegalAscii,
    referenceRatio: plainBytes === 0 ? 0 : references / plainBytes,
    longestBase64Line,
  };
}
