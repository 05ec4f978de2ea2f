import { z } from 'zod';
import { type CheckUnit, defineCheck, type FileView, type InsertHit, type Task } from '../../core/index.ts';
import type { Found } from './found.ts';
import { judgeOffice, officeSymbols } from './office.ts';
import { judgePage, pageSymbols } from './pages.ts';
import { judgePdf, pdfSymbols } from './pdf.ts';

const symbols = { ...pdfSymbols, ...officeSymbols, ...pageSymbols };
type Sym = keyof typeof symbols;

const maxNameChars = 64;

function nameOf({ fileName }: { readonly fileName: string | undefined }): string {
  return fileName?.slice(0, maxNameChars) ?? 'unknown';
}

/** A unit that judges the files of a message one by one. */
function unitOf<Own extends Sym>(
  name: string,
  own: Readonly<Record<Own, unknown>>,
  judge: (file: FileView, name: string) => Iterable<Found<Own>>,
): CheckUnit<Sym> {
  return {
    name,
    symbols: Object.keys(own) as Own[],
    run({ content }, hit) {
      for (const part of content.attachments)
        for (const [symbol, weight, file] of judge(content.file(part), nameOf(part)))
          hit(symbol, weight, file);
    },
  };
}

function judgePages({ content }: Task, hit: InsertHit<Sym>): void {
  for (const view of content.pages) {
    const structure = content.htmlStructure(view);
    if (!structure) continue;
    for (const [symbol, weight, name] of judgePage(structure, nameOf(view.part))) hit(symbol, weight, name);
  }
}

export const documents = defineCheck({
  name: 'documents',
  summary: 'Looks into attached PDF, office documents and web pages: what they do besides being read.',
  details: [
    'Files are told by their bytes, not by their names. Their links join those of the message (flag `content`), so that lists',
    'of domains, `phishing` and `url_suspect` see them. The option of a symbol is the name of the file. Encrypted PDF are read with',
    'the empty password, if it opens them.',
    '',
    '`PDF_SUSPICIOUS` adds up: 0.1 for a script, 0.1 for encryption and 0.5 more when an encrypted document runs something on',
    'opening; 0.7 for names such as `/JavaScript` with letters in needless escapes (`/J#61vaScript`); a tenth for each',
    'name with such escapes from the eleventh on, and 0.5 when they stand close together; 0.5 for each `netsh` and for each `echo`',
    'from the second on in scripts and commands. Up to 0.5 it says nothing; 1 is the most. Fonts with blanks in their names',
    '(`/Times#20New#20Roman`) do not count.',
    '',
    '`OFFICE_SUSPICIOUS_MACRO` weighs 1 when macros that run by themselves reach for programs, downloads or memory, 0.5 when they use several',
    'means that honest macros use, too. `HTML_ATTACHMENT_FORM` weighs 1 with a field for a password, 0.5 with several fields, 0.2 with one.',
    'Attached SVG counts as a page, for browsers run its scripts.',
    '',
    'What it costs is bounded: 50 documents of a message; of a PDF 10,000 objects (first and last), 400,000 values and 8 MiB',
    'of unpacked objects; of a document 16 MiB of unpacked parts, 200 modules and 2 MiB of macros; 20 pages with 2 MiB of text together.',
    'What was cut short gets `PDF_TIMEOUT` or `OFFICE_CUT`.',
  ].join('\n'),
  group: 'content',
  stage: 'filter',
  direction: 'both',
  needs: ['parts'],
  config: z.strictObject({}),
  symbols,
  create() {
    return [
      unitOf('SPECIFIC_CONTENT_CHECK', pdfSymbols, ({ pdf }, name) => (pdf ? judgePdf(pdf, name) : [])),
      unitOf('OFFICE_CHECK', officeSymbols, ({ office }, name) => (office ? judgeOffice(office, name) : [])),
      {
        name: 'HTML_ATTACHMENT_CHECK',
        symbols: Object.keys(pageSymbols) as (keyof typeof pageSymbols)[],
        run: judgePages,
      },
    ];
  },
});
