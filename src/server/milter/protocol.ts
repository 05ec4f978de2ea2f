/** Commands an MTA sends (wire-protocols 3.2). */
export const Command = {
  negotiate: 0x4f, // O
  macros: 0x44, // D
  connect: 0x43, // C
  helo: 0x48, // H
  mail: 0x4d, // M
  recipient: 0x52, // R
  data: 0x54, // T
  header: 0x4c, // L
  endOfHeaders: 0x4e, // N
  body: 0x42, // B
  endOfBody: 0x45, // E
  abort: 0x41, // A
  quit: 0x51, // Q
  quitNewConnection: 0x4b, // K
  unknown: 0x55, // U
} as const;

/** Replies a filter sends (wire-protocols 3.3). */
export const Reply = {
  negotiate: 0x4f, // O
  continue: 0x63, // c
  accept: 0x61, // a
  reject: 0x72, // r
  temporaryFailure: 0x74, // t
  discard: 0x64, // d
  replyCode: 0x79, // y
  skip: 0x73, // s
  progress: 0x70, // p
  addRecipient: 0x2b, // +
  deleteRecipient: 0x2d, // -
  changeFrom: 0x65, // e
  addHeader: 0x68, // h
  insertHeader: 0x69, // i
  changeHeader: 0x6d, // m
  replaceBody: 0x62, // b
  quarantine: 0x71, // q
} as const;

/** Action bits: what a filter may do to a message (wire-protocols 3.4). */
export const Action = {
  addHeaders: 0x1,
  changeBody: 0x2,
  addRecipients: 0x4,
  deleteRecipients: 0x8,
  changeHeaders: 0x10,
  quarantine: 0x20,
  changeFrom: 0x40,
  /** The filter may name the macros it wants at the end of its answer. */
  setMacroLists: 0x100,
} as const;

/** Protocol step bits (wire-protocols 3.4). `noReplyX`: the filter will not answer that command. */
export const Step = {
  noReplyHeader: 0x80,
  skip: 0x400,
  noReplyConnect: 0x1000,
  noReplyHelo: 0x2000,
  noReplyMail: 0x4000,
  noReplyRecipient: 0x8000,
  noReplyData: 0x10000,
  noReplyUnknown: 0x20000,
  noReplyEndOfHeaders: 0x40000,
  noReplyBody: 0x80000,
  /** Header values keep the blank after the colon, in both directions. */
  leadingSpace: 0x100000,
} as const;

/** Numbers of the stages in macro lists (wire-protocols 3.4). */
export const Stage = {
  connect: 0,
  helo: 1,
  mail: 2,
  recipient: 3,
  data: 4,
  endOfBody: 5,
  endOfHeaders: 6,
} as const;

/** Newest version this filter speaks: Sendmail 8.14 and Postfix 2.6 and later. */
export const newestVersion = 6;

/** Most bytes of body in one packet either way (Sendmail's and Postfix's chunk size). */
export const bodyChunkBytes = 65_535;
