import type { PdfView } from '../../core/index.ts';
import type { Found } from './found.ts';

/** Objects from which there are many. */
const manyObjects = 10_000;
const longTrailerLines = 100;
const longTrailerBytes = 10_485_760;
const leastSuspicion = 0.5;

const programName =
  /\.(?:exe|scr|pif|com|bat|cmd|vb[se]|jse?|ws[fh]|hta|lnk|msi|jar|ps1|cpl|reg|dll|chm|iso|img|settingcontent-ms|docm|xlsm|pptm|dotm|xlam)$/i;

/** Signs that add up to `PDF_SUSPICIOUS`. */
function suspicion({ isEncrypted, runsOnOpen, scripts, suspicion: written }: PdfView): number {
  // Who hides what a document does on opening has a reason to.
  const encryption = isEncrypted ? 0.1 + (runsOnOpen ? 0.5 : 0) : 0;
  return Math.min(encryption + (scripts > 0 ? 0.1 : 0) + written, 1);
}

export const pdfSymbols = {
  PDF_ENCRYPTED: { score: 0.3, description: 'A PDF is encrypted', groups: ['content', 'pdf'] },
  PDF_JAVASCRIPT: { score: 0.1, description: 'A PDF has scripts', groups: ['content', 'pdf'] },
  PDF_SUSPICIOUS: {
    score: 4.5,
    description: 'A PDF hides what it does',
    groups: ['content', 'pdf'],
  },
  PDF_LONG_TRAILER: {
    score: 0.2,
    description: 'Much stands behind the trailer of a PDF',
    groups: ['content', 'pdf'],
  },
  PDF_MANY_OBJECTS: { description: 'A PDF has more than 10,000 objects', groups: ['content', 'pdf'] },
  PDF_TIMEOUT: { description: 'A PDF was too much work and was read in part', groups: ['content', 'pdf'] },
  PDF_LAUNCH: {
    score: 2,
    description: 'A PDF starts a program',
    groups: ['content', 'pdf'],
    oneShot: true,
  },
  PDF_EMBEDDED_PROGRAM: {
    score: 4,
    description: 'A PDF holds a program or a document with macros',
    groups: ['content', 'pdf'],
    oneShot: true,
  },
  PDF_SUBMIT_FORM: {
    score: 0.5,
    description: 'A PDF has a form that it sends somewhere',
    groups: ['content', 'pdf'],
    oneShot: true,
  },
} as const;

/** What is remarkable about one PDF. */
export function* judgePdf(pdf: PdfView, name: string): Generator<Found<keyof typeof pdfSymbols>> {
  if (pdf.isEncrypted) yield ['PDF_ENCRYPTED', 1, name];
  if (pdf.scripts > 0) yield ['PDF_JAVASCRIPT', 1, name];
  const factor = suspicion(pdf);
  if (factor > leastSuspicion) yield ['PDF_SUSPICIOUS', factor, name];
  const { trailer } = pdf;
  if (trailer && (trailer.lines > longTrailerLines || trailer.bytes > longTrailerBytes))
    yield ['PDF_LONG_TRAILER', 1, `${name}:${trailer.bytes}`];
  if (pdf.objects > manyObjects) yield ['PDF_MANY_OBJECTS', 1, `${name}:${pdf.objects}`];
  if (pdf.isCut) yield ['PDF_TIMEOUT', 1, name];
  if (pdf.actions.has('launch')) yield ['PDF_LAUNCH', 1, name];
  if (pdf.files.some((file) => programName.test(file))) yield ['PDF_EMBEDDED_PROGRAM', 1, name];
  if (pdf.actions.has('submit')) yield ['PDF_SUBMIT_FORM', 1, name];
}
