/** Bounds of the work done for one message. Passing one is a defect, never an error. */
export interface ParseLimits {
  /** Parts of the tree, root and parts of nested messages included. Further ones stay in their parent's body. */
  readonly parts: number;
  /** Depth of the tree, the root being 0. Deeper containers are not opened. */
  readonly depth: number;
  /** Containers inside transfer-encoded messages (RFC 2046 5.2.1 forbids the encoding) that are opened. */
  readonly encodedDepth: number;
  /** Header fields of one header. Further ones are not listed. */
  readonly headers: number;
  /** Bytes of one header whose fields are listed. */
  readonly headerBytes: number;
  /** Bytes of one field's value that are decoded. */
  readonly headerValueBytes: number;
  /** Parameters of one Content-Type or Content-Disposition, each RFC 2231 section counted. */
  readonly parameters: number;
  /** Bytes of a boundary; RFC 2046 5.1.1 allows 70. */
  readonly boundaryBytes: number;
  /** Lines that begin with a boundary and are no delimiter. After them no further delimiter is looked for. */
  readonly falseDelimiters: number;
  /** Mailboxes of all fields of one name. */
  readonly addresses: number;
  /** Received fields that are parsed. */
  readonly received: number;
  /** Decoded bytes of one part that become text. */
  readonly textBytes: number;
  /** Defects that are kept. */
  readonly defects: number;
}

/** The bounds that hold unless others are given: far above what honest mail needs. */
export const parseLimits: ParseLimits = {
  parts: 1_000,
  depth: 64,
  encodedDepth: 4,
  headers: 1_000,
  headerBytes: 1_048_576,
  headerValueBytes: 65_536,
  parameters: 100,
  boundaryBytes: 512,
  falseDelimiters: 100_000,
  addresses: 5_000,
  received: 100,
  textBytes: 1_048_576,
  defects: 200,
};
