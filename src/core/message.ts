import type { MailAddress } from './envelope.ts';
import type { FileView } from './files.ts';

/** Something in a message that breaks its standard. A value, never an exception. */
export interface Defect {
  /** Short stable name, such as `missing-boundary`, `bad-base64`, `too-many-parts`, `nul-byte`. */
  readonly kind: string;
  /** Byte offset in {@link Message.raw}, -1 when the defect has no place. */
  readonly offset: number;
}

/** One header field; `raw` offsets point into {@link Message.raw}. */
export interface Header {
  /** Field name as written. */
  readonly name: string;
  /** Field name in lower case. */
  readonly key: string;
  /** Offset of the first byte of the name. */
  readonly start: number;
  /** Offset of the byte after the colon. */
  readonly valueStart: number;
  /** Offset after the last byte of the value, before the final line break. */
  readonly end: number;
  /** Value as sent, with folding, UTF-8 where valid, else one character a byte (latin1); no leading blank removed. */
  readonly rawValue: string;
  /** Unfolded, encoded words decoded (RFC 2047), raw 8-bit guessed (UTF-8, else windows-1252), trimmed. Computed once. */
  readonly value: string;
}

/** Header fields of a message or a part in order, with look-up by lower-case name. */
export interface HeaderList {
  readonly all: readonly Header[];
  /** The first field of that name (lower case). */
  first(key: string): Header | undefined;
  /** All fields of that name (lower case), top to bottom. */
  every(key: string): readonly Header[];
  has(key: string): boolean;
}

/** Content-Type or Content-Disposition with its parameters (RFC 2045 5.1, RFC 2231). */
export interface ParameterisedValue {
  /** Lower case, `text/plain` or `attachment`. */
  readonly value: string;
  /** Names in lower case; RFC 2231 continuations joined and decoded. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** What a part is, decided from its declared type (and shape), in the words of its standard. */
export type PartKind =
  | 'multipart'
  | 'text'
  | 'message'
  | 'image'
  | 'signature' // application/pkcs7-signature, application/pgp-signature
  | 'encrypted' // application/pkcs7-mime enveloped data, application/pgp-encrypted
  | 'calendar'
  | 'tnef'
  | 'other';

/** A node of the MIME tree (RFC 2046). */
export interface Part {
  readonly kind: PartKind;
  readonly headers: HeaderList;
  readonly parent: Part | undefined;
  readonly children: readonly Part[];
  /** 0 for the root. */
  readonly depth: number;
  /** Lower case `type/subtype`; the default of RFC 2045 5.2 when absent or broken. */
  readonly contentType: string;
  readonly contentTypeParameters: ReadonlyMap<string, string>;
  readonly disposition: string | undefined;
  /** Decoded name from Content-Disposition `filename`, else Content-Type `name`. */
  readonly fileName: string | undefined;
  readonly charset: string | undefined;
  /** Lower case; `7bit` when absent. */
  readonly transferEncoding: string;
  readonly isAttachment: boolean;
  /**
   * The bytes that the offsets of this part and its headers point into: {@link Message.raw}, or the decoded body of
   * an enclosing message that was itself transfer-encoded.
   */
  readonly source: Buffer;
  /** Offsets of the encoded body in {@link source}. */
  readonly bodyStart: number;
  readonly bodyEnd: number;
  /** Body with its transfer encoding removed. Computed on first use and remembered. */
  decoded(): Buffer;
  /** Decoded body as text in its charset. Computed on first use and remembered. Empty for parts that are no text. */
  text(): string;
}

/** One hop of a Received header (RFC 5321 4.4). */
export interface ReceivedHop {
  readonly fromName: string | undefined;
  /** Name in the comment, as verified by the receiving host. */
  readonly realName: string | undefined;
  readonly fromIp: string | undefined;
  readonly by: string | undefined;
  readonly for: string | undefined;
  /** Lower case: smtp, esmtp, esmtps, esmtpsa, local … */
  readonly protocol: string | undefined;
  /** `userid N` of Postfix pickup. */
  readonly userId: string | undefined;
  readonly date: Date | undefined;
  readonly isAuthenticated: boolean;
  readonly isTls: boolean;
}

/** A mailbox with its display name. */
export interface Mailbox extends MailAddress {
  /** Decoded display name, `''` when there is none. */
  readonly name: string;
}

/** A parsed message. Everything but offsets is computed on first use. */
export interface Message {
  /** The message without an mbox `From ` line and without leading blank lines. */
  readonly raw: Buffer;
  /** Offset of the first byte after the blank line that ends the header; `raw.length` when there is no body. */
  readonly bodyOffset: number;
  readonly newline: '\r\n' | '\n' | '\r';
  readonly headers: HeaderList;
  readonly root: Part;
  /** Every part, depth first, root first. */
  readonly parts: readonly Part[];
  /** Those of the structure at once; those of decoding (`bad-base64` …) join when a part is decoded. */
  readonly defects: readonly Defect[];
  /** Without angle brackets; undefined when there is none. */
  readonly messageId: string | undefined;
  /** Decoded subject, `''` when there is none. */
  readonly subject: string;
  /** The Date field (RFC 5322 3.6.1); undefined when there is none or it is no date. */
  readonly date: Date | undefined;
  readonly from: readonly Mailbox[];
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  readonly replyTo: readonly Mailbox[];
  readonly received: readonly ReceivedHop[];
  /** Hex BLAKE2b-512 of the decoded parts, cut to 32 characters: same content, same digest, whatever the headers. */
  readonly digest: string;
}

/** Text of one part as a reader would see it. */
export interface TextView {
  readonly part: Part;
  readonly kind: 'plain' | 'html';
  /** Visible text: for HTML with tags, styles and scripts removed. */
  readonly text: string;
}

/** How text of HTML is kept from readers. */
export type Concealment =
  | 'hidden' // not displayed, invisible, without opacity or extent
  | 'tiny' // letters of two pixels at most
  | 'sameColour' // the colour of what is behind, or transparent
  | 'offScreen'; // moved out of sight

/** An anchor of HTML. */
export interface HtmlAnchor {
  /** Value of `href`, entities decoded, at most 8,192 characters. */
  readonly target: string;
  /** Text between the tags, seen or not, at most 512 characters. */
  readonly text: string;
  readonly hasImage: boolean;
}

/** An `<img>`. */
export interface HtmlImage {
  /** Embedded ones are a part of the message (`cid:`) or stand in their URL (`data:`). */
  readonly source: 'embedded' | 'external';
  /** Content-ID of the part that it shows, without brackets. */
  readonly contentId: string | undefined;
  /** Pixels by attribute or style, else those of the embedded picture itself; undefined: not known. */
  readonly width: number | undefined;
  readonly height: number | undefined;
  /** Is it within an anchor? */
  readonly isLinked: boolean;
}

/** A `<form>`; fields outside of any form belong to one without action. */
export interface HtmlForm {
  readonly action: string;
  /** Fields to fill in, hidden ones and buttons not counted. */
  readonly fields: number;
  readonly passwords: number;
}

/** How an HTML part is built, and what of its text readers see. */
export interface HtmlStructure {
  /** Elements that were read. */
  readonly elements: number;
  /** Text that readers see, words apart by blanks. */
  readonly visibleText: string;
  /** Text that is kept from readers, at most 65,536 characters. */
  readonly concealedText: string;
  /** Characters of text by how they are kept from readers; `total` counts those that are seen, too. */
  readonly characters: Readonly<Record<Concealment | 'total', number>>;
  /** Elements with text that is hidden or has the colour of what is behind. */
  readonly invisibleElements: number;
  /** Elements with text of font size 0. */
  readonly zeroFontElements: number;
  readonly anchors: readonly HtmlAnchor[];
  readonly images: readonly HtmlImage[];
  readonly forms: readonly HtmlForm[];
  /** Scripts of the part itself, at most 262,144 characters together; `''` for those that stand elsewhere. */
  readonly scripts: readonly string[];
  /** Attributes that run a script (`onload=`), and links to `javascript:`. */
  readonly scriptAttributes: number;
  /** Targets of `<link>` that are style sheets. */
  readonly styleSheets: readonly string[];
  /** Where `<meta http-equiv=refresh>` leads. */
  readonly refresh: string | undefined;
  /** Media types of `data:` URLs, `;base64` kept. */
  readonly dataTypes: readonly string[];
  /** Start tags without their end, and end tags without their start, of elements that need both. */
  readonly unbalancedTags: number;
  /** True when a bound was passed and the rest left out. */
  readonly isCut: boolean;
}

/** A text taken apart by who wrote it; each in order of its lines. */
export interface TextSections {
  /** What the sender wrote. */
  readonly own: string;
  /** Lines that are quoted, with the line that says of whom. */
  readonly quoted: string;
  readonly signature: string;
  /** Everything below the mark of a forwarded or original message. */
  readonly forwarded: string;
}

/** The words of a text in several forms: lists of one length, each made on first use. */
export interface TextWords {
  /** As they are written. A link or an address is one word: its site, the registered domain. */
  readonly raw: readonly string[];
  /** In lower case, compatibility forms (full width …) as plain ones, without what is no letter or digit. */
  readonly normal: readonly string[];
  /** Reduced to their stems; '' for stop words. As {@link normal} where the language is not known. */
  readonly stems: readonly string[];
  /** As they look at a glance: letters of other alphabets as Latin ones, without accents and what is invisible. */
  readonly skeletons: readonly string[];
  /** The language of the stems (ISO 639-1) by the stop words among the words; undefined: not known. */
  readonly language: string | undefined;
  /** Which of them are sites of links and addresses. */
  readonly sites: ReadonlySet<number>;
  /** True when there were more than the bound and the rest was left out. */
  readonly isCut: boolean;
}

/** A link that people are shown in place of another one. */
export type DisplayedUrl = Pick<UrlView, 'url' | 'host' | 'domain' | 'flags'>;

/** Where in a message a link was found. */
export type UrlOrigin =
  | 'text'
  | 'html'
  | 'header'
  | 'subject'
  | 'attachment' // an attached page: HTML or SVG
  | 'pdf'
  | 'office'
  | 'image' // texts of a picture
  | 'qr'; // a QR code in a picture

/** A link found in text, HTML, a header or an attachment. */
export interface UrlView {
  /** As used: scheme added when it was missing, host in lower case. */
  readonly url: string;
  readonly host: string;
  /** Registered domain (public suffix plus one label), or the host when there is none. */
  readonly domain: string;
  readonly path: string;
  readonly query: string;
  readonly from: UrlOrigin;
  /** Text between `<a>` and `</a>`, for links of HTML. */
  readonly visibleText?: string | undefined;
  /** The link that its anchor's text shows, when that one is of another registered domain (flag `phished`). */
  readonly displayed?: DisplayedUrl | undefined;
  /** Where it leads, as far as a check found out (flag `redirected`). */
  readonly redirectsTo?: UrlView | undefined;
  /** Rspamd's URL flags that apply, such as `numeric`, `obscured`, `has_user`, `image`, `html_displayed`. */
  readonly flags: readonly string[];
}

/** Views derived from a message, each computed on first use and remembered. */
export interface ContentViews {
  readonly texts: readonly TextView[];
  readonly urls: readonly UrlView[];
  /**
   * Links of all texts, each time they occur: those of plain text and the targets of HTML. Images, the visible text of
   * links, subject and queries do not count.
   */
  readonly linkCount: number;
  /** One of {@link texts} taken apart by who wrote it. */
  sections(text: TextView): TextSections;
  /** Language of one of {@link texts} (ISO 639-1), by what the sender wrote if that is enough; undefined: not known. */
  language(text: TextView): string | undefined;
  /** Words of one of {@link texts}; all texts of a message share one bound, in their order. */
  words(text: TextView): TextWords;
  /** How one of {@link texts} or {@link pages} is built; undefined for plain text. */
  htmlStructure(text: TextView): HtmlStructure | undefined;
  /** Characters of one of {@link texts} that are links as a reader sees them. */
  urlChars(text: TextView): number;
  /** Addresses found in mailto: links and text, lower-case domain. */
  readonly emails: readonly MailAddress[];
  /** Parts a person would call attachments, with their names; members of archives are in {@link file}. */
  readonly attachments: readonly Part[];
  /** Attached pages: HTML and SVG that a browser would open. `text` is what it would show. */
  readonly pages: readonly TextView[];
  /** A part seen as a file: its type by its bytes, and what it holds. */
  file(part: Part): FileView;
  /**
   * Adds a link that the message hides or leads to, for every check that follows: it joins {@link urls} under the same
   * bounds, once.
   *
   * @param written with or without scheme
   * @param origin where it was found; `redirectedFrom` is the link that leads to it and gets the flag `redirected`
   * @returns the link, the known one if there is one; undefined when this is none or there are too many
   */
  addUrl(
    written: string,
    origin: { readonly from: UrlView['from']; readonly redirectedFrom?: UrlView | undefined },
  ): UrlView | undefined;
  /** What was cut off (`text-too-long`, `too-many-urls` …), known once the views concerned were used. */
  readonly defects: readonly Defect[];
}
