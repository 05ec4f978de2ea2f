import { z } from 'zod';
import { type ArchiveMember, defineCheck, type FileView } from '../../core/index.ts';

/** Members of an archive, and of those within it, that are looked at. */
const maxMembers = 10;

const program = /\.(?:exe|com)$/i;
const rarName = /\.(?:rar|r\d{2}|cbr)$/i;
const diskImage = /\.img$/i;
/** How many times larger than packed an image has to be to be a bomb or padding. */
const bombRatio = 500;

/** Words that promise papers, in names of archives and in subjects, in the languages that such mail is written in. */
const builtInClickbait = [
  '/\\b(?:invoices?|bills?|receipts?|statements?|payments?|remittance|swift|wire ?transfer|bank ?slip|quotations?|quotes?|rfq|proforma|purchase ?orders?|order ?(?:confirmation|details)|contracts?|agreements?|shipping ?documents?|bill ?of ?lading|awb|waybill|delivery ?note|documents?|scan(?:ned)? ?(?:copy|document)?|resume|curriculum|payroll|salary|tax ?return|refund|voicemail|fax|e-?ticket|itinerary)(?:\\b|[\\d_])/i',
  '/(?:^|[^\\p{L}])(?:rechnung|mahnung|lieferschein|angebot|auftrag|bestellung|vertrag|kontoauszug|bewerbung|lebenslauf|unterlagen|facture|devis|commande|contrat|relev[eé]|bulletin|factura|presupuesto|pedido|contrato|comprobante|recibo|n[oó]mina|fattura|preventivo|ordine|contratto|fatura|boleto|or[cç]amento|faktura|zam[oó]wienie|umowa|rachunek|factuur|offerte|bestelling|сч[её]т|накладная|договор|заказ|акт сверки|s[oö]zle[sş]me|sipari[sş])/iu',
];

const isProgram = ({ name }: ArchiveMember): boolean => program.test(name);

function isBombImage({ name, sizeBytes, packedBytes }: ArchiveMember): boolean {
  if (!sizeBytes || !packedBytes || !diskImage.test(name)) return false;
  return sizeBytes / packedBytes >= bombRatio;
}

/** The members that are looked at: the first ones of the archive, then the first ones of archives within it. */
function firstMembers({ archive }: FileView): readonly ArchiveMember[] {
  const members = archive?.members ?? [];
  if (members.length <= maxMembers) return members;
  const own = members.filter(({ inside }) => inside.length === 0).slice(0, maxMembers);
  return [...own, ...members.filter(({ inside }) => inside.length > 0).slice(0, maxMembers)];
}

export const archiveRules = defineCheck({
  name: 'archive_rules',
  summary: 'Finds programs in archives, and archives that are not what they seem.',
  details: [
    'Mail of every direction is looked at; rules of Rspamd. The first 10 members of an archive count, and the first 10 of',
    'archives within it. Programs are `.exe` and `.com`.',
  ].join('\n'),
  group: 'archives',
  stage: 'filter',
  direction: 'both',
  needs: ['parts'],
  config: z.strictObject({
    clickbait: z
      .union([z.string(), z.array(z.unknown()), z.record(z.string(), z.unknown())])
      .default(builtInClickbait)
      .describe(
        'Expressions for names of archives and for subjects that promise papers. Default: words for invoices, orders, contracts and the like in a dozen languages',
      ),
  }),
  symbols: {
    EXE_ARCHIVE_CLICKBAIT_FILENAME: {
      score: 9,
      description: 'A program in an archive whose name promises a paper',
      oneShot: true,
    },
    EXE_ARCHIVE_CLICKBAIT_SUBJECT: {
      score: 9,
      description: 'A program in an archive, and a subject that promises a paper',
      oneShot: true,
    },
    EXE_IN_ARCHIVE: { score: 1.5, description: 'A program in an archive', oneShot: true },
    EXE_IN_MISIDENTIFIED_RAR: {
      score: 5,
      description: 'A program in a RAR archive that is not called one',
      oneShot: true,
    },
    MISIDENTIFIED_RAR: { score: 4, description: 'A RAR archive that is not called one', oneShot: true },
    SINGLE_FILE_ARCHIVE_WITH_EXE: {
      score: 5,
      description: 'An archive with nothing but a program in it',
      oneShot: true,
    },
    UDF_COMPRESSION_500PLUS: {
      score: 9,
      description: 'An image of a disc that is hundreds of times larger than packed',
      oneShot: true,
    },
  },
  create({ config, maps, path }) {
    const clickbait = maps.open(config.clickbait, 'regexp', {
      description: 'words that promise papers',
      path: path('clickbait'),
    });
    const promises = (text: string): boolean => text !== '' && clickbait.lookup(text) !== undefined;
    return (task, hit) => {
      for (const part of task.message.parts) {
        if (part.kind === 'multipart' || part.kind === 'text' || part.children.length > 0) continue;
        const view = task.content.file(part);
        const { archive } = view;
        if (!archive || view.type?.family !== 'archive') continue;
        const { fileName } = part;
        const isDisguisedRar = archive.format === 'rar' && fileName !== undefined && !rarName.test(fileName);
        if (isDisguisedRar) hit('MISIDENTIFIED_RAR', 1, fileName);
        const members = firstMembers(view);
        const found = members.find(isProgram);
        if (found) {
          hit('EXE_IN_ARCHIVE', 1, found.name);
          if (isDisguisedRar) hit('EXE_IN_MISIDENTIFIED_RAR', 1, found.name);
          if (archive.members.length === 1) hit('SINGLE_FILE_ARCHIVE_WITH_EXE', 1, found.name);
          if (fileName !== undefined && promises(fileName))
            hit('EXE_ARCHIVE_CLICKBAIT_FILENAME', 1, fileName);
          if (promises(task.message.subject)) hit('EXE_ARCHIVE_CLICKBAIT_SUBJECT');
        }
        const image = members.find(isBombImage);
        if (image) hit('UDF_COMPRESSION_500PLUS', 1, image.name);
      }
    };
  },
});
