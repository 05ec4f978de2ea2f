import type { Mailbox } from '../core/index.ts';
import { decodeEncodedWords } from './encoded-word.ts';

const quote = 0x22;
const openParen = 0x28;
const closeParen = 0x29;
const comma = 0x2c;
const colon = 0x3a;
const semicolon = 0x3b;
const less = 0x3c;
const equals = 0x3d;
const greater = 0x3e;
const question = 0x3f;
const atSign = 0x40;
const backslash = 0x5c;

const wordPattern = /=\?[^?\s]{1,80}\?[bq]\?[^?]*\?=/iy;

/** Reads a list of mailboxes, one at a time. */
class ListReader {
  readonly found: Mailbox[] = [];
  isTruncated = false;
  readonly #text: string;
  readonly #max: number;
  #pos = 0;
  /** What stands before an angle bracket, quotes taken off. */
  #display = '';
  /** The same with quotes: it may be the address itself. */
  #written = '';
  /** Has `#written` an `@` outside quotes? */
  #hasAt = false;
  #comment = '';
  #angle: string | undefined;
  /** Words between commas that held no address: members without domain, or a name with commas it should quote. */
  #pending: { name: string; written: string; comment: string }[] = [];
  #isQuoteOpen = false;

  constructor(text: string, max: number) {
    this.#text = text;
    this.#max = max;
  }

  read(): void {
    const text = this.#text;
    while (this.#pos < text.length && !this.isTruncated) {
      const code = text.charCodeAt(this.#pos);
      switch (code) {
        case quote:
          this.#readQuoted();
          break;
        case openParen:
          this.#comment = this.#readComment() || this.#comment;
          break;
        case less:
          this.#readAngle();
          break;
        case comma:
          this.#pos++;
          this.#readComma();
          break;
        case semicolon:
          this.#pos++;
          this.#finish();
          break;
        case colon:
          this.#readColon();
          break;
        case greater:
          this.#pos++;
          break;
        default:
          this.#readPlain(code);
      }
    }
    if (!this.isTruncated) this.#finish();
  }

  #readComma(): void {
    if (this.#angle !== undefined || this.#hasAt) this.#finish();
    else {
      const name = this.#display.trim();
      if (name !== '') this.#pending.push({ name, written: this.#written, comment: this.#comment });
      this.#reset();
    }
  }

  /** RFC 5322 3.4: the name of a group ends with a colon; inside an address a colon is a mistake that we keep. */
  #readColon(): void {
    this.#pos++;
    if (this.#angle === undefined && !this.#hasAt) {
      this.#reset();
      this.#pending = [];
    } else {
      this.#display += ':';
      this.#written += ':';
    }
  }

  #readPlain(code: number): void {
    const text = this.#text;
    const from = this.#pos;
    if (code === equals && text.charCodeAt(from + 1) === question) {
      // An encoded word may hold a comma or quote that its sender should have encoded.
      wordPattern.lastIndex = from;
      if (wordPattern.test(text)) this.#pos = wordPattern.lastIndex;
    }
    if (this.#pos === from) this.#pos++;
    while (this.#pos < text.length && isPlain(text.charCodeAt(this.#pos))) this.#pos++;
    const piece = text.slice(from, this.#pos);
    this.#hasAt ||= piece.includes('@');
    this.#display += piece;
    this.#written += piece;
  }

  #readQuoted(): void {
    const text = this.#text;
    const from = this.#pos++;
    if (this.#isQuoteOpen) return;
    let content = '';
    let pieceStart = this.#pos;
    let i = this.#pos;
    while (i < text.length) {
      const code = text.charCodeAt(i);
      if (code === quote) break;
      if (code === backslash) {
        content += text.slice(pieceStart, i);
        pieceStart = ++i;
      }
      i++;
    }
    if (i >= text.length) {
      // Never closed: this quote and any that follow mean nothing.
      this.#isQuoteOpen = true;
      return;
    }
    this.#pos = i + 1;
    this.#display += content + text.slice(pieceStart, i);
    this.#written += text.slice(from, this.#pos);
  }

  /** Reads a comment, which may hold comments (RFC 5322 3.2.2). */
  #readComment(): string {
    const text = this.#text;
    const from = this.#pos + 1;
    let depth = 0;
    while (this.#pos < text.length) {
      const code = text.charCodeAt(this.#pos++);
      if (code === backslash) this.#pos++;
      else if (code === openParen) depth++;
      else if (code === closeParen && --depth === 0) return text.slice(from, this.#pos - 1).trim();
    }
    return text.slice(from).trim();
  }

  /** Reads `<address>`, where the closing bracket may be missing and a route may come first (RFC 5322 4.4). */
  #readAngle(): void {
    const text = this.#text;
    this.#pos++;
    const display = this.#display;
    const before = this.#written;
    this.#written = '';
    let first = this.#pos;
    while (isBlank(text.charCodeAt(first))) first++;
    let isRoute = text.charCodeAt(first) === atSign;
    scan: while (this.#pos < text.length) {
      const code = text.charCodeAt(this.#pos);
      switch (code) {
        case greater:
          this.#pos++;
          break scan;
        case quote:
          this.#readQuoted();
          break;
        case openParen:
          this.#readComment();
          break;
        case comma:
        case semicolon:
          if (!isRoute) break scan;
          this.#pos++;
          break;
        case colon:
          this.#pos++;
          this.#written = isRoute ? '' : `${this.#written}:`;
          isRoute = false;
          break;
        case less:
          this.#pos++;
          break;
        default: {
          const from = this.#pos++;
          while (this.#pos < text.length && isPlain(text.charCodeAt(this.#pos))) this.#pos++;
          this.#written += text.slice(from, this.#pos);
        }
      }
    }
    if (this.#angle === undefined || this.#angle.trim() === '') this.#angle = this.#written;
    this.#display = display;
    this.#written = before;
  }

  #finish(): void {
    const pending = this.#pending;
    const name = this.#display.trim();
    this.#pending = [];
    if (this.#angle !== undefined) {
      // `Other, Ann <ann@example.org>`: honest senders forget the quotes, and mail programs understand.
      const names = pending.map((piece) => piece.name);
      if (name !== '') names.push(name);
      this.#add(this.#angle, names.length === 0 ? this.#comment : names.join(', '));
    } else {
      for (const piece of pending) this.#addWord(piece.name, piece.written, piece.comment);
      if (this.#hasAt) this.#addBare();
      else if (name !== '') this.#addWord(name, this.#written, this.#comment);
    }
    this.#reset();
  }

  /** What has no `@` outside quotes: an atom such as `root`, or something broken. */
  #addWord(name: string, written: string, comment: string): void {
    const decoded = decodeEncodedWords(name);
    // Whole addresses inside an encoded word break RFC 2047 5 (3), but mail programs show them.
    if (decoded !== name && decoded.includes('@')) {
      const inner = new ListReader(decoded.replace(/=\?/g, ''), 1);
      inner.read();
      if (inner.found[0]) this.#push(inner.found[0]);
    } else if (!/\s/.test(name)) this.#add(name.includes('@') ? name : written, comment);
  }

  /** `user@example.org`, `user @ example.org`, or `Some Name user@example.org`. */
  #addBare(): void {
    const [first = '', ...rest] = splitOutsideQuotes(this.#written, (code) => code === atSign);
    // RFC 5322 4.4: blanks may stand around the dots of a domain.
    const domains = rest.map((piece) =>
      piece
        .split('.')
        .map((label) => label.trim())
        .join('.'),
    );
    const words = splitOutsideQuotes([first.trim(), ...domains].join('@'), isBlank);
    const index = words.findLastIndex((word) => word.includes('@'));
    const name = words.toSpliced(index, 1).join(' ').trim().replace(/^"|"$/g, '');
    this.#add(words[index]!, name === '' ? this.#comment : name);
  }

  #add(address: string, name: string): void {
    const mailbox = makeMailbox(address, decodeEncodedWords(name).trim());
    if (mailbox) this.#push(mailbox);
  }

  #push(mailbox: Mailbox): void {
    if (this.found.length < this.#max) this.found.push(mailbox);
    else this.isTruncated = true;
  }

  #reset(): void {
    this.#display = '';
    this.#written = '';
    this.#hasAt = false;
    this.#comment = '';
    this.#angle = undefined;
  }
}

/** The pieces between separators that stand outside quoted strings. */
function splitOutsideQuotes(text: string, isSeparator: (code: number) => boolean): string[] {
  const pieces: string[] = [];
  let from = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === quote) isQuoted = !isQuoted;
    else if (code === backslash && isQuoted) i++;
    else if (!isQuoted && isSeparator(code)) {
      pieces.push(text.slice(from, i));
      from = i + 1;
    }
  }
  pieces.push(text.slice(from));
  return pieces;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function isPlain(code: number): boolean {
  return !(
    code === quote ||
    code === openParen ||
    code === comma ||
    code === colon ||
    code === semicolon ||
    code === less ||
    code === greater ||
    code === equals
  );
}

/** Splits an address at its last `@` outside quotes; undefined when nothing is left of it. */
function makeMailbox(written: string, name: string): Mailbox | undefined {
  let text = written.includes('"') ? written.trim() : written.replace(/\s+/g, '');
  if (text.length > 2 && text.startsWith("'") && text.endsWith("'")) text = text.slice(1, -1);
  if (/^mailto:/i.test(text)) text = text.slice(7);
  if (text === '') return undefined;
  const at = text.endsWith('"') ? -1 : text.lastIndexOf('@');
  const local = at < 0 ? text : text.slice(0, at).trimEnd();
  const domain = at < 0 ? '' : text.slice(at + 1).trimStart();
  return {
    name,
    text: at < 0 ? local : `${local}@${domain}`,
    local,
    domain: domain.toLowerCase().replace(/\.$/, ''),
  };
}

/** Mailboxes of an address field, and whether there were more than were asked for. */
export interface AddressList {
  readonly mailboxes: readonly Mailbox[];
  readonly isTruncated: boolean;
}

/**
 * Reads an address list (RFC 5322 3.4, obsolete forms of 4.4, RFC 6532) in linear time. Members of groups are listed,
 * group names are not; routes are dropped; a comment is the display name where there is no other. Of what senders
 * write against the standard are understood: missing or doubled angle brackets, a name before a bare address,
 * semicolons between addresses, an address inside an encoded word, unquoted commas in names, quotes that are not closed
 * or of the wrong kind. An atom without domain (`root`) is a mailbox with domain `''`; text without any address is none.
 *
 * @param text unfolded field value with its encoded words
 * @param max mailboxes to return at most
 */
export function parseAddressList(text: string, max: number): AddressList {
  const reader = new ListReader(text, max);
  reader.read();
  return { mailboxes: reader.found, isTruncated: reader.isTruncated };
}
