import type { ParameterisedValue, Part, PartKind } from '../core/index.ts';
import { decodeBase64, decodeQuotedPrintable, decodeUuencode } from '../lib/index.ts';
import { decodeCharset } from './charset.ts';
import { isSmimeMessage, isTnef, kindOfSmime, kindOfType } from './content-type.ts';
import type { DefectKind, DefectSink } from './defects.ts';
import type { ParsedHeaders } from './headers.ts';
import type { ParseLimits } from './limits.ts';
import { parseParameterised } from './parameters.ts';

type Coding = 'identity' | 'base64' | 'quoted-printable' | 'uuencode' | 'unknown';

/** Transfer encodings by their letters and digits alone, so that `8 bit` and `quoted_printable` are understood. */
const codings: ReadonlyMap<string, Coding> = new Map([
  ['7bit', 'identity'],
  ['8bit', 'identity'],
  ['7bits', 'identity'],
  ['8bits', 'identity'],
  ['binary', 'identity'],
  ['base64', 'base64'],
  ['quotedprintable', 'quoted-printable'],
  ['qp', 'quoted-printable'],
  ['uuencode', 'uuencode'],
  ['xuuencode', 'uuencode'],
  ['xuue', 'uuencode'],
  ['uue', 'uuencode'],
]);

/** Encoded bytes that surely hold the first 32 decoded ones. */
const headBytes = 256;

/** What all parts read from the same bytes share. */
export interface SourceContext {
  readonly source: Buffer;
  readonly limits: ParseLimits;
  readonly defects: DefectSink;
}

/** A node of the tree. Everything beyond type and encoding is worked out on first use. */
export class ParsedPart implements Part {
  readonly headers: ParsedHeaders;
  readonly parent: ParsedPart | undefined;
  readonly children: ParsedPart[] = [];
  readonly depth: number;
  readonly contentType: string;
  readonly contentTypeParameters: ReadonlyMap<string, string>;
  readonly transferEncoding: string;
  readonly source: Buffer;
  readonly bodyStart: number;
  readonly bodyEnd: number;
  readonly kind: PartKind;
  readonly #coding: Coding;
  readonly #context: SourceContext;
  #disposition: ParameterisedValue | undefined;
  #decoded: Buffer | undefined;
  #isBrokenTold = false;
  #text: string | undefined;

  constructor(init: {
    context: SourceContext;
    headers: ParsedHeaders;
    parent: ParsedPart | undefined;
    depth: number;
    contentType: string;
    contentTypeParameters: ReadonlyMap<string, string>;
    bodyStart: number;
    bodyEnd: number;
  }) {
    this.#context = init.context;
    this.headers = init.headers;
    this.parent = init.parent;
    this.depth = init.depth;
    this.contentType = init.contentType;
    this.contentTypeParameters = init.contentTypeParameters;
    this.source = init.context.source;
    this.bodyStart = init.bodyStart;
    this.bodyEnd = init.bodyEnd;
    this.transferEncoding = this.#readEncoding();
    this.#coding = this.#findCoding();
    this.kind = this.#decideKind();
  }

  /** True when the body is not written as it is. */
  get isEncoded(): boolean {
    return this.#coding !== 'identity' && this.#coding !== 'unknown';
  }

  get disposition(): string | undefined {
    const { value } = this.#parseDisposition();
    return value === '' ? undefined : value;
  }

  get fileName(): string | undefined {
    const name =
      this.#parseDisposition().parameters.get('filename') ?? this.contentTypeParameters.get('name');
    return name === undefined || name === '' ? undefined : name;
  }

  get charset(): string | undefined {
    return this.contentTypeParameters.get('charset')?.toLowerCase();
  }

  get isAttachment(): boolean {
    if (this.kind === 'multipart') return false;
    const { disposition } = this;
    // RFC 2183 2.8: a disposition that is not known counts as attachment.
    if (disposition !== undefined) return disposition !== 'inline';
    return this.kind !== 'text' && this.fileName !== undefined;
  }

  decoded(): Buffer {
    return (this.#decoded ??= this.#decode());
  }

  /** The same without being remembered: for passing over big parts once. */
  decodedOnce(): Buffer {
    return this.#decoded ?? this.#decode();
  }

  text(): string {
    return (this.#text ??= this.#decodeText());
  }

  #report(kind: DefectKind): void {
    this.#context.defects.add(kind, this.bodyStart);
  }

  #readEncoding(): string {
    const header = this.headers.first('content-transfer-encoding');
    if (!header) return '7bit';
    const value = /^[^;(]*/.exec(header.unfolded().slice(0, 128))![0].trim().toLowerCase();
    return value === '' ? '7bit' : value;
  }

  #findCoding(): Coding {
    const { transferEncoding } = this;
    if (transferEncoding === '7bit') return 'identity';
    const coding = codings.get(transferEncoding.replace(/[^a-z0-9]/g, ''));
    if (!coding) {
      this.#report('unknown-encoding');
      return 'unknown';
    }
    // RFC 2045 6.4 forbids encoded multiparts, and nobody decodes them.
    if (coding !== 'identity' && this.contentType.startsWith('multipart/')) {
      this.#report('encoded-multipart');
      return 'identity';
    }
    return coding;
  }

  #decideKind(): PartKind {
    const { contentType, parent } = this;
    const kind = kindOfType(contentType);
    if (kind !== 'other') return kind;
    if (isSmimeMessage(contentType)) {
      return kindOfSmime(this.contentTypeParameters.get('smime-type'), this.#head());
    }
    // RFC 3156 4: the second part of multipart/encrypted is the encrypted data.
    if (parent?.contentType === 'multipart/encrypted' && contentType === 'application/octet-stream') {
      return 'encrypted';
    }
    return isTnef(this.#head()) ? 'tnef' : 'other';
  }

  #head(): Buffer {
    return this.#decodeRange(Math.min(this.bodyEnd, this.bodyStart + headBytes)).bytes;
  }

  #parseDisposition(): ParameterisedValue {
    if (this.#disposition) return this.#disposition;
    const header = this.headers.first('content-disposition');
    this.#disposition = header
      ? parseParameterised(header.unfolded(), this.#context.limits.parameters, (kind) =>
          this.#context.defects.add(kind, header.start),
        )
      : { value: '', parameters: new Map() };
    return this.#disposition;
  }

  #decodeRange(end: number): { bytes: Buffer; isBroken: boolean } {
    const { source, bodyStart } = this;
    switch (this.#coding) {
      case 'base64':
        return decodeBase64(source, bodyStart, end);
      case 'quoted-printable':
        return decodeQuotedPrintable(source, bodyStart, end);
      case 'uuencode':
        return decodeUuencode(source, bodyStart, end);
      default:
        return { bytes: source.subarray(bodyStart, end), isBroken: false };
    }
  }

  #decode(): Buffer {
    const { bytes, isBroken } = this.#decodeRange(this.bodyEnd);
    if (isBroken && !this.#isBrokenTold) {
      this.#isBrokenTold = true;
      if (this.#coding === 'base64') this.#report('bad-base64');
      else this.#report(this.#coding === 'uuencode' ? 'bad-uuencode' : 'bad-quoted-printable');
    }
    return bytes;
  }

  #decodeText(): string {
    const { kind, children } = this;
    if (kind !== 'text' && kind !== 'calendar' && (kind !== 'message' || children.length > 0)) return '';
    const { textBytes } = this.#context.limits;
    // No encoding makes more than four bytes of one, so this much is enough of a huge part.
    const enough = this.bodyStart + textBytes * 4;
    const isHuge = this.#decoded === undefined && enough < this.bodyEnd;
    let bytes = isHuge ? this.#decodeRange(enough).bytes : this.decoded();
    if (isHuge || bytes.length > textBytes) {
      this.#report('text-too-long');
      bytes = bytes.subarray(0, textBytes);
    }
    const { text, isKnown } = decodeCharset(bytes, this.charset);
    if (!isKnown) this.#report('unknown-charset');
    return text;
  }
}
