import type { Part } from '../../core/index.ts';
import type { RuleMessage } from '../message.ts';
import type { MimeFacts } from '../mime-facts.ts';
import { type EvalFunction, FunctionError, plain, upperBound } from './make.ts';

const facts: Readonly<Record<string, (facts: MimeFacts, message: RuleMessage) => boolean>> = {
  mime_base64_count: ({ base64Parts }) => base64Parts > 0,
  mime_base64_encoded_text: ({ hasBase64Text }) => hasBase64Text,
  mime_bad_iso_charset: ({ hasStrangeIsoCharset }) => hasStrangeIsoCharset,
  mime_body_html_count: ({ htmlParts }) => htmlParts > 0,
  mime_body_text_count: ({ textParts }) => textParts > 0,
  mime_multipart_alternative: ({ hasAlternative }) => hasAlternative,
  mime_multipart_ratio: ({ alternativeRatio }) => alternativeRatio > 0,
  mime_attachment: ({ attachments }) => attachments > 0,
  mime_qp_count: ({ escapedBytes }) => escapedBytes > 0,
  mime_qp_long_line: ({ hasLongEscapedLine }) => hasLongEscapedLine,
  mime_qp_ratio: ({ escapedRatio }) => escapedRatio > 0,
  mime_ascii_text_illegal: ({ hasIllegalAscii }) => hasIllegalAscii,
  mime_text_unicode_ratio: ({ referenceRatio }) => referenceRatio > 0,
  mime_missing_boundary: (_, { message }) => hasDefect(message.defects, /boundary/),
  mimepart_limit_exceeded: (_, { message }) => hasDefect(message.defects, /^too-many-parts$/),
};

function hasDefect(defects: readonly { readonly kind: string }[], pattern: RegExp): boolean {
  return defects.some(({ kind }) => pattern.test(kind));
}

function isHtmlMessage({ message: { root, headers } }: RuleMessage): boolean {
  return headers.has('content-type') && root.contentType === 'text/html';
}

/** Does `multipart/alternative` offer something that is no text? */
function offersOther(part: Part): boolean {
  return part.children.some(
    ({ contentType }) =>
      contentType !== 'multipart/related' &&
      contentType !== 'application/rtf' &&
      !contentType.startsWith('text/'),
  );
}

const parseFlags: Readonly<Record<string, (message: RuleMessage) => boolean>> = {
  missing_head_body_separator: ({ message }) => hasDefect(message.defects, /^header-without-colon$/),
  truncated_header: ({ message }) => hasDefect(message.defects, /^(?:header-too-long|too-many-headers)$/),
  mime_epilogue_exists: ({ message: { root, raw } }) => {
    if (root.kind !== 'multipart') return false;
    const last = root.children.at(-1);
    if (!last || last.source !== raw) return false;
    const after = raw.toString('latin1', last.bodyEnd, Math.min(raw.length, last.bodyEnd + 65_536));
    return /^\r?\n?--[^\n]*--[ \t]*\r?\n(?=[\s\S]*\S)/.test(after);
  },
};

const foreignAlphabets =
  /^(?:big5|gb2312|gb18030|gbk|iso-2022-(?:jp|kr|cn)|iso-8859-(?:5|8)|koi8-[ru]|euc-(?:jp|kr|cn|tw)|ks_c_5601-1987|shift[-_]?jis|windows-(?:1251|1255|31j|949|936|950))$/i;

/** Capitals per cent of letters, in lines with more than one word; 0 for short mail and other alphabets. */
function capitals(message: RuleMessage): number {
  if (foreignAlphabets.test(message.message.root.charset ?? '')) return 0;
  let chars = 0;
  let small = 0;
  let large = 0;
  for (const piece of message.body) {
    if (!/\S\s+\S/.test(piece) || /^(?:[A-Za-z0-9+/=]{60,76} ){2}/.test(piece)) continue;
    chars += piece.length;
    // Numbers count as small letters: a table of dates is no shouting.
    small += piece.match(/[a-z0-9]/g)?.length ?? 0;
    large += piece.match(/[A-Z]/g)?.length ?? 0;
  }
  return chars < 200 || large + small === 0 ? 0 : (large / (large + small)) * 100;
}

export const mimeFunctions: Readonly<Record<string, EvalFunction>> = {
  check_for_mime: {
    make: ({ args: [name = ''] }) => {
      const fact = Object.hasOwn(facts, name) ? facts[name] : undefined;
      if (!fact) throw new FunctionError(`check_for_mime('${name}') (not known)`);
      return (message) => fact(message.mime, message);
    },
  },
  check_for_mime_html: plain((message) => isHtmlMessage(message) || message.mime.htmlParts > 0),
  check_for_mime_html_only: plain(
    (message) => isHtmlMessage(message) || (message.mime.htmlParts > 0 && message.mime.textParts === 0),
  ),
  check_mime_multipart_ratio: {
    make:
      ({ args: [min, max] }) =>
      ({ mime }) =>
        mime.alternativeRatio >= Number(min) && mime.alternativeRatio < Number(max),
  },
  check_for_ascii_text_illegal: plain(({ mime }) => mime.hasIllegalAscii),
  check_abundant_unicode_ratio: {
    make:
      ({ args: [min] }) =>
      ({ mime }) =>
        mime.referenceRatio >= Number(min),
  },
  check_qp_ratio: {
    make:
      ({ args: [min] }) =>
      ({ mime }) =>
        mime.escapedRatio >= Number(min),
  },
  check_base64_length: {
    make: ({ args: [min, max] }) => {
      const most = upperBound(max);
      return ({ mime }) => mime.longestBase64Line >= Number(min) && mime.longestBase64Line <= most;
    },
  },
  check_ma_non_text: plain(({ message }) =>
    message.parts.some((part) => part.contentType === 'multipart/alternative' && offersOther(part)),
  ),
  check_msg_parse_flags: {
    make: ({ args: [name = ''] }) => {
      const flag = Object.hasOwn(parseFlags, name) ? parseFlags[name] : undefined;
      if (!flag) throw new FunctionError(`check_msg_parse_flags('${name}') (not known)`);
      return flag;
    },
  },
  check_for_uppercase: {
    make: ({ args: [min, max] }) => {
      return (message) => {
        const share = capitals(message);
        return share > Number(min) && share <= Number(max);
      };
    },
  },
};
