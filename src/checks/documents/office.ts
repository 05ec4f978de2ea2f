import type { OfficeView } from '../../core/index.ts';
import type { Found } from './found.ts';

const groups = ['content', 'office'] as const;

export const officeSymbols = {
  OFFICE_MACRO: { score: 0.5, description: 'A document has macros', groups, oneShot: true },
  OFFICE_AUTO_MACRO: {
    score: 2,
    description: 'A document has macros that run by themselves',
    groups,
    oneShot: true,
  },
  OFFICE_SUSPICIOUS_MACRO: {
    score: 4,
    description:
      'A document has macros that run by themselves and reach for programs, downloads or the system',
    groups,
    oneShot: true,
  },
  OFFICE_XLM_MACRO: { score: 3, description: 'A document has Excel 4.0 macros', groups, oneShot: true },
  OFFICE_ENCRYPTED: { score: 0.3, description: 'A document is encrypted', groups, oneShot: true },
  OFFICE_EXTERNAL_TEMPLATE: {
    score: 4,
    description: 'A document fetches its template from the Internet',
    groups,
    oneShot: true,
  },
  OFFICE_EXTERNAL_OBJECT: {
    score: 3,
    description: 'A document fetches an object from the Internet',
    groups,
    oneShot: true,
  },
  OFFICE_EMBEDDED_FILE: { description: 'A document holds files', groups, oneShot: true },
  OFFICE_EMBEDDED_PROGRAM: { score: 5, description: 'A document holds a program', groups, oneShot: true },
  OFFICE_EQUATION: {
    score: 4,
    description: 'A document has an object for the old equation editor, which is attacked that way',
    groups,
    oneShot: true,
    ref: 'CVE-2017-11882',
  },
  OFFICE_COMMAND_FIELD: {
    score: 4,
    description: 'A document has fields that start programs (DDE)',
    groups,
    oneShot: true,
  },
  OFFICE_AUTO_OBJECT: {
    score: 2,
    description: 'A document updates its objects without asking',
    groups,
    oneShot: true,
  },
  OFFICE_CUT: { description: 'A document was too much work and was read in part', groups, oneShot: true },
} as const;

/** What honest macros reach for, too. One of these says little. */
const common =
  /^(?:createobject|getobject|scripting\.filesystemobject|adodb\.stream|callbyname|environ|application\.run)/;

/** How much the code of macros that run by themselves looks like an attack, 0 to 1. */
function suspicion({ startsOn, reaches }: NonNullable<OfficeView['macros']>): number {
  if (startsOn.length === 0) return 0;
  if (reaches.some((reached) => !common.test(reached))) return 1;
  return new Set(reaches).size > 1 ? 0.5 : 0;
}

/** What is remarkable about one document. */
export function* judgeOffice(office: OfficeView, name: string): Generator<Found<keyof typeof officeSymbols>> {
  const { macros } = office;
  if (macros) {
    yield ['OFFICE_MACRO', 1, name];
    if (macros.startsOn.length > 0) yield ['OFFICE_AUTO_MACRO', 1, name];
    const factor = suspicion(macros);
    if (factor > 0) yield ['OFFICE_SUSPICIOUS_MACRO', factor, name];
  }
  if (office.macroSheets > 0) yield ['OFFICE_XLM_MACRO', 1, name];
  if (office.isEncrypted) yield ['OFFICE_ENCRYPTED', 1, name];
  if (office.templates.length > 0) yield ['OFFICE_EXTERNAL_TEMPLATE', 1, name];
  if (office.externalObjects.length > 0) yield ['OFFICE_EXTERNAL_OBJECT', 1, name];
  if (office.programs.length > 0) yield ['OFFICE_EMBEDDED_PROGRAM', 1, name];
  else if (office.files.length > 0) yield ['OFFICE_EMBEDDED_FILE', 1, name];
  // Old papers have formulas; RTF with such an object is made to attack.
  if (office.hasEquation) yield ['OFFICE_EQUATION', office.format === 'rtf' ? 1 : 0.25, name];
  if (office.hasCommandField) yield ['OFFICE_COMMAND_FIELD', 1, name];
  if (office.updatesObjects) yield ['OFFICE_AUTO_OBJECT', 1, name];
  if (office.isCut) yield ['OFFICE_CUT', 1, name];
}
