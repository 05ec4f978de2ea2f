/** Bounds of the work on the files of one message. Passing one cuts the view, and the view says so. */
export interface FileLimits {
  /** Members of all archives of a message that are listed. */
  readonly members: number;
  /** Entries of directories, folders and the like included, that are read for one message. */
  readonly entries: number;
  /** Bytes of one member's name that are read. */
  readonly nameBytes: number;
  /** Bytes that may be unpacked for one message: directories, compressed tars, archives within archives. */
  readonly unpackedBytes: number;
  /** Bytes that may be unpacked of one file. */
  readonly fileUnpackedBytes: number;
  /** Archives within archives that are opened for one message. */
  readonly nestedArchives: number;
  /** Bytes of archives that lie unpacked within archives; they may overlap. */
  readonly nestedBytes: number;
  /** Levels of archives within archives that are opened. */
  readonly nestedDepth: number;
  /** Members of one archive whose first bytes are looked at for archives. */
  readonly peekedMembers: number;
  /** PDF and office documents whose structure is read. */
  readonly documents: number;
}

/** The bounds that hold unless others are given. */
export const fileLimits: FileLimits = {
  members: 1_000,
  entries: 20_000,
  nameBytes: 1_024,
  unpackedBytes: 16 * 1024 * 1024,
  fileUnpackedBytes: 4 * 1024 * 1024,
  nestedArchives: 20,
  nestedBytes: 64 * 1024 * 1024,
  nestedDepth: 3,
  peekedMembers: 32,
  documents: 50,
};

/** What is left of the bounds of one message. */
export class WorkBudget {
  readonly limits: FileLimits;
  membersLeft: number;
  entriesLeft: number;
  unpackedLeft: number;
  nestedLeft: number;
  nestedBytesLeft: number;
  documentsLeft: number;

  constructor(limits: FileLimits) {
    this.limits = limits;
    this.membersLeft = limits.members;
    this.entriesLeft = limits.entries;
    this.unpackedLeft = limits.unpackedBytes;
    this.nestedLeft = limits.nestedArchives;
    this.nestedBytesLeft = limits.nestedBytes;
    this.documentsLeft = limits.documents;
  }
}
