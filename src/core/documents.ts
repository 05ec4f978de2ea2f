/** What a PDF does besides being read. */
export type PdfAction =
  | 'script'
  | 'launch'
  | 'link'
  | 'submit'
  | 'import'
  | 'open-file' // another document, beside it or within
  | 'media';

/** How a PDF is built and what it can do; its pages are not rendered. */
export interface PdfView {
  /** Objects, those in object streams included. */
  readonly objects: number;
  readonly pages: number;
  readonly isEncrypted: boolean;
  readonly actions: ReadonlySet<PdfAction>;
  /** Does opening it run a script or start something? */
  readonly runsOnOpen: boolean;
  /** Different scripts. */
  readonly scripts: number;
  /** Fields to fill in. */
  readonly hasForm: boolean;
  /** What it starts, as written. */
  readonly launches: readonly string[];
  /** Names of files within. */
  readonly files: readonly string[];
  /** Where its links, forms and scripts lead. Each once. */
  readonly links: readonly string[];
  readonly title: string;
  readonly producer: string;
  /** What is odd about how it is written, 0 to 1. */
  readonly suspicion: number;
  /** Lines and bytes behind the last `trailer`; undefined: there is none. */
  readonly trailer: { readonly lines: number; readonly bytes: number } | undefined;
  /** True when a bound was passed and the rest left out. */
  readonly isCut: boolean;
}

/** How pixels lie in memory: row by row, each row a whole number of bytes. */
export interface Raster {
  readonly packing: 'none' | 'deflate';
  /** Bits of each component. */
  readonly bits: 1 | 2 | 4 | 8;
  /** Grey, or red, green and blue. */
  readonly components: 1 | 3;
  /** 256 greys that the values of a single component stand for; undefined: they are greys themselves. */
  readonly palette: Buffer | undefined;
  /** Does each row begin with the number of a filter, as in PNG? */
  readonly hasPngFilters: boolean;
}

/** A picture with its pixels, not decoded. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** A file of an image format, or pixels as `raster` says. */
  readonly bytes: Buffer;
  readonly raster: Raster | undefined;
}

/** The macros of a document. */
export interface MacroView {
  /** Modules with code; 0 where it cannot be read. */
  readonly modules: number;
  /** Procedures that run by themselves, lower case. */
  readonly startsOn: readonly string[];
  /** What the code reaches for outside of the document, lower case. */
  readonly reaches: readonly string[];
}

/** A document of an office suite: what it does besides being read. */
export interface OfficeView {
  readonly format: 'ole' | 'ooxml' | 'odf' | 'rtf';
  readonly isEncrypted: boolean;
  /** Macros in Basic; undefined: none. */
  readonly macros: MacroView | undefined;
  /** Sheets of Excel 4.0 macros. */
  readonly macroSheets: number;
  /** Templates that are fetched from the Internet when it is opened. */
  readonly templates: readonly string[];
  /** Objects and frames that are fetched from the Internet when it is opened. */
  readonly externalObjects: readonly string[];
  /** Names of files within; `''` where they have none. */
  readonly files: readonly string[];
  /** Those that are programs, by name or content. */
  readonly programs: readonly string[];
  /** An object for the old equation editor (CVE-2017-11882). */
  readonly hasEquation: boolean;
  /** Fields that start programs (DDE). */
  readonly hasCommandField: boolean;
  /** Objects that are brought up to date when it is opened, without being asked for. */
  readonly updatesObjects: boolean;
  /** Where links lead. Each once. */
  readonly links: readonly string[];
  /** True when a bound was passed and the rest left out. */
  readonly isCut: boolean;
}

/** A picture by its headers. */
export interface ImageView {
  readonly format: 'png' | 'jpg' | 'gif' | 'webp' | 'bmp' | 'svg';
  /** Pixels; 0: not told. */
  readonly width: number;
  readonly height: number;
  /** More than one: it is animated. */
  readonly frames: number;
  /** Links in its texts (comments, Exif, XMP). */
  readonly links: readonly string[];
  /** True when it breaks off, or a bound was passed. */
  readonly isCut: boolean;
}
