import type { ImageView, OfficeView, PdfView, Picture } from './documents.ts';
import type { Part } from './message.ts';

/** What kind of thing a file is. */
export type FileFamily =
  | 'archive' // holds other files: zip, rar, 7z, tar, iso …, compressed single files included
  | 'document' // pdf, Office, OpenDocument, rtf …
  | 'executable' // programs of a machine or a virtual one, installers, shortcuts
  | 'script'
  | 'image'
  | 'media' // sound, video, fonts
  | 'text' // html, xml, mail …
  | 'other';

/** What a file is, told by its bytes and not by its name. */
export interface FileType {
  /** The usual extension, lower case: `pdf`, `zip`, `docx`, `exe`, `html`. */
  readonly extension: string;
  /** Media type, lower case. */
  readonly contentType: string;
  readonly family: FileFamily;
}

/** A file inside an archive, as the archive's directory says. */
export interface ArchiveMember {
  /** With folders, `/` between them; what cannot be read of it stands as U+FFFD. */
  readonly name: string;
  /** Bytes when unpacked; undefined: not told. */
  readonly sizeBytes: number | undefined;
  /** Bytes within the archive; undefined: not told (solid archives). */
  readonly packedBytes: number | undefined;
  readonly isEncrypted: boolean;
  /** Names of the archives around it, outermost first, for members of archives within the archive. */
  readonly inside: readonly string[];
}

/**
 * How the list of an archive came about: `listed` from its own directory; `recovered` from what is left because the
 * directory is missing or broken; `encrypted`: the directory needs the password; `unreadable`: its directory is broken,
 * or packed or laid out in a way that is not read here.
 */
export type ArchiveState = 'listed' | 'recovered' | 'encrypted' | 'unreadable';

/** What an archive holds. Nothing is unpacked but, within bounds, directories and archives within it. */
export interface ArchiveListing {
  /** Usual extension of its format: `zip`, `rar`, `7z`, `gz`, `tar`, `iso`, `cab`, `arj`. */
  readonly format: string;
  readonly state: ArchiveState;
  /** Files in the order of the directory, folders left out; members of archives within it behind those they are in. */
  readonly members: readonly ArchiveMember[];
  /** The directory or a member needs a password. */
  readonly isEncrypted: boolean;
  /** Names that nobody can read, or a directory that contradicts what it lists. */
  readonly isObfuscated: boolean;
  /** One volume of several. */
  readonly isVolume: boolean;
  /** True when a bound was passed and the rest left out. */
  readonly isCut: boolean;
}

/** A part of a message seen as a file. Everything is read on first use and remembered. */
export interface FileView {
  readonly part: Part;
  /** Undefined: nothing that is known here; plain text too. */
  readonly type: FileType | undefined;
  /** Undefined: no archive whose directory is known here. Office documents that are archives are listed as well. */
  readonly archive: ArchiveListing | undefined;
  /** Undefined: no PDF, or there were too many documents before it. */
  readonly pdf: PdfView | undefined;
  /** Undefined: no document of an office suite, or there were too many documents before it. */
  readonly office: OfficeView | undefined;
  /** Undefined: no picture of a format whose header is read. */
  readonly image: ImageView | undefined;
  /** Pictures to look at: the file itself, or those of a PDF or an office document, at most 16. */
  readonly pictures: readonly Picture[];
}
