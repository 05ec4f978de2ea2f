import { isAscii } from 'node:buffer';
import { z } from 'zod';
import { defineCheck, type InsertHit, type Part, type Task } from '../../core/index.ts';
import { hasTextBesideEncrypted, protectionOf } from './protection.ts';

const shortBytes = 64;

const symbols = {
  MISSING_MIME_VERSION: { score: 2, description: 'MIME fields without MIME-Version', ref: 'RFC 2045 4' },
  BROKEN_CONTENT_TYPE: { score: 1.5, description: 'A Content-Type does not parse', ref: 'RFC 2045 5.1' },
  MIME_MA_MISSING_TEXT: { score: 2, description: 'multipart/alternative without text/plain' },
  MIME_MA_MISSING_HTML: { score: 1, description: 'multipart/alternative without text/html' },
  CTYPE_MISSING_DISPOSITION: {
    score: 4,
    description: 'application/octet-stream that is not marked as an attachment',
  },
  CTYPE_MIXED_BOGUS: { score: 1, description: 'multipart/mixed with nothing but text' },
  MIME_BASE64_TEXT: { score: 0.1, description: 'Text is base64' },
  MIME_BASE64_TEXT_BOGUS: { score: 1, description: 'Text is base64 although it is plain ASCII' },
  R_BAD_CTE_7BIT: { score: 3.5, description: 'Text has bytes that its transfer encoding rules out' },
  HAS_ATTACHMENT: { description: 'There are attachments' },
  SINGLE_SHORT_PART: { description: 'One part with less than 64 bytes of text' },
  ENCRYPTED_PGP: { score: -0.5, description: 'Encrypted with PGP', groups: ['mime'], ref: 'RFC 3156' },
  ENCRYPTED_SMIME: { score: -0.5, description: 'Encrypted with S/MIME', groups: ['mime'], ref: 'RFC 8551' },
  SIGNED_PGP: { score: -2, description: 'Signed with PGP', groups: ['mime'], ref: 'RFC 3156' },
  SIGNED_SMIME: { score: -2, description: 'Signed with S/MIME', groups: ['mime'], ref: 'RFC 8551' },
  BOGUS_ENCRYPTED_AND_TEXT: { score: 10, description: 'Encrypted beside readable text', groups: ['mime'] },
  COMPLETELY_EMPTY: { score: 15, description: 'The message has no bytes', groups: ['blankspam'] },
} as const;

type Hit = InsertHit<keyof typeof symbols>;

/** Transfer encoding and 8-bit bytes of texts. */
class TextCoding {
  hasBase64 = false;
  hasBogusBase64 = false;
  badCoding: { readonly weight: number; readonly options: readonly string[] } | undefined;

  look(part: Part): void {
    const { transferEncoding } = part;
    if (transferEncoding === 'base64') {
      this.hasBase64 = true;
      if (!this.hasBogusBase64) {
        const bytes = part.decoded();
        this.hasBogusBase64 = bytes.length > 0 && isAscii(bytes);
      }
    }
    if (this.badCoding || transferEncoding.startsWith('8bit') || transferEncoding === 'binary') return;
    if (isAscii(part.source.subarray(part.bodyStart, part.bodyEnd))) return;
    const isUtf8 = part.charset === 'utf-8' || part.charset === 'utf8';
    this.badCoding = isUtf8
      ? { weight: 0.3, options: [transferEncoding, 'utf8'] }
      : { weight: 1, options: [transferEncoding] };
  }
}

/** Does a part of unknown kind pass for content of the message? */
function isUnmarked(part: Part): boolean {
  if (part.contentType !== 'application/octet-stream' || part.disposition === 'attachment') return false;
  if (part.headers.has('content-id') || part.parent?.contentType === 'multipart/encrypted') return false;
  return part.fileName?.toLowerCase().endsWith('.asc') !== true;
}

function judgeParts({ message }: Task, hit: Hit): void {
  const coding = new TextCoding();
  const protections = new Set<keyof typeof symbols>();
  let hasPlain = false;
  let hasHtml = false;
  let hasAttachment = false;
  let hasUnmarked = false;
  let hasEncrypted = false;
  let inlineTexts = 0;
  let others = 0;
  for (const part of message.parts) {
    const { kind } = part;
    if (kind === 'multipart') continue;
    if (part.disposition === 'attachment') hasAttachment = true;
    if (kind === 'text' && !part.isAttachment) {
      coding.look(part);
      if (part.contentType === 'text/plain') hasPlain = true;
      else if (part.contentType === 'text/html') hasHtml = true;
      inlineTexts++;
      continue;
    }
    others++;
    if (kind === 'encrypted' || kind === 'signature') {
      const protection = protectionOf(part);
      if (protection) protections.add(protection);
      if (kind === 'encrypted') hasEncrypted = true;
    }
    if (isUnmarked(part)) hasUnmarked = true;
  }
  const { contentType } = message.root;
  if (contentType === 'multipart/alternative') {
    if (!hasPlain) hit('MIME_MA_MISSING_TEXT');
    if (!hasHtml) hit('MIME_MA_MISSING_HTML');
  } else if (contentType === 'multipart/mixed' && others === 0 && inlineTexts <= 2) hit('CTYPE_MIXED_BOGUS');
  if (hasUnmarked) hit('CTYPE_MISSING_DISPOSITION');
  if (coding.hasBase64) hit('MIME_BASE64_TEXT');
  if (coding.hasBogusBase64) hit('MIME_BASE64_TEXT_BOGUS');
  if (coding.badCoding) hit('R_BAD_CTE_7BIT', coding.badCoding.weight, ...coding.badCoding.options);
  if (hasAttachment) hit('HAS_ATTACHMENT');
  for (const protection of protections) hit(protection);
  if (hasEncrypted && inlineTexts > 0 && hasTextBesideEncrypted(message.parts))
    hit('BOGUS_ENCRYPTED_AND_TEXT');
}

function isSingleShortPart(task: Task): boolean {
  const { parts, root } = task.message;
  if (task.raw.length === 0 || parts.length !== 1 || root.kind !== 'text' || root.isAttachment) return false;
  const text = task.content.texts[0]?.text;
  return text !== undefined && text.length < shortBytes && Buffer.byteLength(text) < shortBytes;
}

export const mimeRules = defineCheck({
  name: 'mime_rules',
  summary: 'Judges how a message is put together: MIME fields, parts, transfer encodings, encryption.',
  details: [
    'Mail of every direction is looked at; rules of Rspamd without options of their own. R_BAD_CTE_7BIT weighs 0.3 when the text is',
    'declared as UTF-8.',
    '',
    'Unlike Rspamd: text with `Content-Transfer-Encoding: binary` may have 8-bit bytes; S/MIME messages without a multipart',
    'around them are seen, and those that are only signed count as signed; encrypted parts and text are bogus only within',
    'the same message, so a forwarded encrypted message is not.',
  ].join('\n'),
  group: 'headers',
  stage: 'filter',
  direction: 'both',
  needs: ['headers', 'parts'],
  config: z.strictObject({}),
  symbols,
  create() {
    return [
      {
        name: 'MIME_RULES',
        run(task, hit) {
          const { headers, defects } = task.message;
          if (
            !headers.has('mime-version') &&
            (headers.has('content-type') || headers.has('content-transfer-encoding'))
          )
            hit('MISSING_MIME_VERSION');
          if (defects.length > 0 && defects.some(({ kind }) => kind === 'bad-content-type'))
            hit('BROKEN_CONTENT_TYPE');
          judgeParts(task, hit);
          if (isSingleShortPart(task)) hit('SINGLE_SHORT_PART');
        },
      },
      {
        name: 'COMPLETELY_EMPTY',
        needs: [],
        run(task, hit) {
          if (task.raw.length === 0) hit('COMPLETELY_EMPTY');
        },
      },
    ];
  },
});
