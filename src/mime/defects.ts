import type { Defect } from '../core/index.ts';

/** The names of all defects that the parser reports; the room's README says what each means. */
export type DefectKind =
  | 'nul-byte'
  | 'mixed-line-ends'
  | 'mbox-line'
  | 'header-without-colon'
  | 'too-many-headers'
  | 'header-too-long'
  | 'field-too-long'
  | 'bad-content-type'
  | 'duplicate-parameter'
  | 'too-many-parameters'
  | 'bad-parameter'
  | 'missing-boundary'
  | 'boundary-too-long'
  | 'boundary-not-found'
  | 'missing-end-boundary'
  | 'part-after-end-boundary'
  | 'encoded-multipart'
  | 'encoded-message'
  | 'too-many-parts'
  | 'too-many-delimiters'
  | 'too-deep'
  | 'unknown-encoding'
  | 'bad-base64'
  | 'bad-quoted-printable'
  | 'bad-uuencode'
  | 'unknown-charset'
  | 'text-too-long'
  | 'too-many-addresses'
  | 'too-many-received'
  | 'too-many-defects';

/** Takes defects as they are found. */
export interface DefectSink {
  /** Notes a defect at an offset of the bytes being read, -1 when it has none. */
  add(kind: DefectKind, offset: number): void;
}

/** Collects the defects of one message up to a limit. */
export class DefectList implements DefectSink {
  readonly all: Defect[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(kind: DefectKind, offset: number): void {
    if (this.all.length < this.#limit) this.all.push({ kind, offset });
    else if (this.all.length === this.#limit) this.all.push({ kind: 'too-many-defects', offset });
  }

  /** A sink for bytes that are not the message's own, whose offsets would mean nothing. */
  withoutOffsets(): DefectSink {
    return { add: (kind) => this.add(kind, -1) };
  }
}
