import type { ReceivedHop } from '../core/index.ts';
import { parseIp } from '../lib/index.ts';
import { parseMailDate } from './date.ts';

type Clause = 'none' | 'from' | 'by' | 'with' | 'id' | 'for' | 'via';
const clauses: ReadonlySet<string> = new Set(['from', 'by', 'with', 'id', 'for', 'via']);

/** Protocol names of RFC 3848, RFC 6531 4.3 and those that MTAs write without registering them. */
const protocols: ReadonlySet<string> = new Set(
  'smtp smtps esmtp esmtpa esmtps esmtpsa lmtp lmtpa lmtps lmtpsa utf8smtp utf8smtpa utf8smtps utf8smtpsa utf8lmtp utf8lmtpa utf8lmtps utf8lmtpsa asmtp local local-esmtp bsmtp http https mapi imap uucp'.split(
    ' ',
  ),
);

const maxLength = 4_096;

/** A hop while it is being read. */
interface Draft {
  fromName?: string;
  realName?: string;
  fromIp?: string;
  /** An address literal where the name stands: what the client said (HELO), or what the host saw. */
  fromLiteral?: string;
  by?: string;
  for?: string;
  protocol?: string;
  userId?: string;
  isAuthenticated: boolean;
  isTls: boolean;
  /** The first word after `from`, before it is known whether it is a claimed or a verified name. */
  fromWord?: string;
}

interface Token {
  readonly text: string;
  readonly isComment: boolean;
}

function* tokens(text: string): Generator<Token> {
  let i = 0;
  while (i < text.length) {
    const char = text[i]!;
    if (char === '(') {
      const start = i + 1;
      let depth = 0;
      while (i < text.length) {
        if (text[i] === '\\') i++;
        else if (text[i] === '(') depth++;
        else if (text[i] === ')' && --depth === 0) break;
        i++;
      }
      yield { text: text.slice(start, i), isComment: true };
      i++;
    } else if (char === ' ' || char === '\t' || char === ';') i++;
    else {
      const start = i;
      while (i < text.length && !' \t;('.includes(text[i]!)) i++;
      yield { text: text.slice(start, i), isComment: false };
    }
  }
}

/** An address as written in a trace field: bare, in brackets, with an `IPv6:` tag or a port. */
function readIp(text: string): string | undefined {
  const bracketed = /^\[(?:IPv6:)?([^\]]{2,64})\](?::\d+)?$/i.exec(text);
  return parseIp(bracketed ? bracketed[1]! : text)?.text;
}

function isName(text: string | undefined): text is string {
  return text !== undefined && text !== '' && text.toLowerCase() !== 'unknown' && readIp(text) === undefined;
}

/**
 * A comment after the name: `(real.name [192.0.2.1])` of Postfix and Sendmail, `([192.0.2.1] helo=name)` of Exim,
 * `(HELO name)` and `(192.0.2.1)` of qmail and Exchange.
 */
function readFromComment(draft: Draft, comment: string): void {
  let isVerifiedFirst = false;
  let previous = '';
  let realName: string | undefined;
  for (const word of comment.split(/[\s,]+/, 16)) {
    const lower = word.toLowerCase();
    const ip = readIp(word) ?? readIp(word.slice(word.lastIndexOf('@') + 1));
    if (previous === 'helo' || previous === 'ehlo') {
      // Said by the client, an address too.
      draft.fromName = word;
      isVerifiedFirst = true;
    } else if (ip !== undefined) draft.fromIp ??= ip;
    else if (lower.startsWith('helo=') || lower.startsWith('ehlo=')) {
      draft.fromName = word.slice(5);
      isVerifiedFirst = true;
    } else if (previous === '' && lower.includes('.') && !lower.includes('=')) {
      realName = word.slice(word.lastIndexOf('@') + 1);
    } else if (previous === '' && lower === 'localhost') realName = word;
    previous = lower;
  }
  if (isVerifiedFirst) realName = draft.fromWord;
  if (isName(realName)) draft.realName ??= realName.toLowerCase();
}

/** `(using TLSv1.3 …)`, `(version=TLS1_2, cipher=…)`, `(TLS1.3)`, and not a host called tls.example.com. */
const tlsPattern = /(?:\busing |\bversion=|^)(?:TLS|SSL)v?[\d_]|\bcipher=/i;

function readComment(draft: Draft, comment: string, clause: Clause): void {
  const userId = /\b(?:from userid|invoked by uid) (\d{1,10})\b/.exec(comment);
  if (userId) draft.userId = userId[1]!;
  if (/\bauthenticated\b/i.test(comment) && !/\b(?:not|un)\s?authenticated\b/i.test(comment)) {
    draft.isAuthenticated = true;
  }
  if (tlsPattern.test(comment)) draft.isTls = true;
  if (clause === 'from') readFromComment(draft, comment);
}

function readWord(draft: Draft, word: string, clause: Clause): void {
  switch (clause) {
    case 'from': {
      const ip = readIp(word);
      if (ip !== undefined) draft.fromLiteral ??= ip;
      else draft.fromWord ??= word;
      break;
    }
    case 'by':
      draft.by ??= word.toLowerCase();
      break;
    case 'with': {
      // `ESMTP/TLS/DHE-RSA-AES256-SHA` and `Microsoft SMTPSVC(10.0)` are what some write.
      const [first = '', ...layers] = word.toLowerCase().split('/');
      const protocol = first === 'smtpsvc' ? 'smtp' : first;
      if (draft.protocol !== undefined || !protocols.has(protocol)) break;
      draft.protocol = protocol;
      if (layers.includes('tls')) draft.isTls = true;
      break;
    }
    case 'for':
      draft.for ??= word.replace(/^<|>$/g, '');
      break;
    default:
  }
}

/**
 * Reads one Received field (RFC 5321 4.4) as written by Postfix, Sendmail, Exim, Exchange and qmail. What is missing
 * or not understood is undefined.
 *
 * @param text unfolded field value; what goes beyond 4 KiB is not looked at
 */
export function parseReceived(text: string): ReceivedHop {
  const value = text.length > maxLength ? text.slice(0, maxLength) : text;
  const semicolon = value.lastIndexOf(';');
  const date = semicolon < 0 ? undefined : parseMailDate(value.slice(semicolon + 1));
  const draft: Draft = { isAuthenticated: false, isTls: false };
  let clause: Clause = 'none';
  for (const token of tokens(date ? value.slice(0, semicolon) : value)) {
    if (token.isComment) readComment(draft, token.text, clause);
    else if (clauses.has(token.text.toLowerCase())) clause = token.text.toLowerCase() as Clause;
    else readWord(draft, token.text, clause);
  }
  const { protocol } = draft;
  const suffix = /(?:smtp|lmtp)(s?a?)$/.exec(protocol ?? '')?.[1] ?? '';
  return {
    fromName: (draft.fromName ?? draft.fromWord)?.toLowerCase(),
    realName: draft.realName,
    fromIp: draft.fromIp ?? draft.fromLiteral,
    by: draft.by,
    for: draft.for,
    protocol,
    userId: draft.userId,
    date,
    isAuthenticated: draft.isAuthenticated || suffix.endsWith('a') || protocol === 'asmtp',
    isTls: draft.isTls || suffix.startsWith('s') || protocol === 'smtps' || protocol === 'https',
  };
}
