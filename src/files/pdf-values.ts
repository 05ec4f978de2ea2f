/** Text of a PDF in its bytes, one character each; see {@link pdfText}. */
export class PdfString {
  /** Replaced when the document is decrypted. */
  bytes: string;

  constructor(bytes: string) {
    this.bytes = bytes;
  }
}

/** A name (`/JavaScript`), its escapes undone. */
export class PdfName {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** A reference to an indirect object (`12 0 R`). */
export class PdfReference {
  readonly object: number;

  constructor(object: number) {
    this.object = object;
  }
}

export type PdfDictionary = ReadonlyMap<string, PdfValue>;

/** What objects are made of (ISO 32000-1 7.3), without streams. */
export type PdfValue =
  | null
  | boolean
  | number
  | PdfString
  | PdfName
  | PdfReference
  | readonly PdfValue[]
  | PdfDictionary;

export function isDictionary(value: PdfValue | undefined): value is PdfDictionary {
  return value instanceof Map;
}

/** A text string (ISO 32000-1 7.9.2.2): UTF-16 or UTF-8 by its mark, else PDFDocEncoding, nearly that of Latin-1. */
export function pdfText(bytes: string): string {
  if (bytes.startsWith('\xfe\xff')) return utf16(bytes, 'be');
  if (bytes.startsWith('\xff\xfe')) return utf16(bytes, 'le');
  if (bytes.startsWith('\xef\xbb\xbf')) return Buffer.from(bytes.slice(3), 'latin1').toString('utf8');
  return bytes;
}

function utf16(bytes: string, order: 'be' | 'le'): string {
  const even = Buffer.from(bytes.slice(2, 2 + ((bytes.length - 2) & ~1)), 'latin1');
  return (order === 'be' ? even.swap16() : even).toString('utf16le');
}
