/** Bounds of the work done for one PDF. Beyond them the rest is left out, and {@link PdfView.cut} says so. */
export interface PdfLimits {
  /** Objects that are read: as many at the beginning as at the end, where the latest versions of objects stand. */
  readonly objects: number;
  /** Places where `obj` stands that are looked at. */
  readonly countedObjects: number;
  /** Values of all objects together; 32 bytes of a long text count as one more. */
  readonly tokens: number;
  /** Bytes of one compressed stream, and of all together. */
  readonly streamBytes: number;
  readonly inflatedBytes: number;
  /** Links, and names of files. */
  readonly links: number;
  readonly names: number;
}

export const pdfLimits: PdfLimits = {
  objects: 10_000,
  countedObjects: 200_000,
  tokens: 400_000,
  streamBytes: 2_097_152,
  inflatedBytes: 8_388_608,
  links: 1_000,
  names: 50,
};
