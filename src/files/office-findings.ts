import type { OfficeView } from '../core/index.ts';
import type { FoundMacros } from './vba.ts';

const maxLinks = 1_000;
const maxNames = 50;
const maxNameChars = 512;

const programName =
  /\.(?:exe|scr|pif|com|bat|cmd|vb[se]|jse?|ws[fh]|hta|lnk|msi|jar|ps1|cpl|reg|dll|chm|url|iso|img|one|sct|inf|application|xll)$/i;

/** Gathers what is found in a document, within bounds. */
export class OfficeFindings {
  readonly format: OfficeView['format'];
  isEncrypted = false;
  macros: OfficeView['macros'];
  macroSheets = 0;
  hasEquation = false;
  hasCommandField = false;
  updatesObjects = false;
  isCut = false;
  readonly #templates = new Set<string>();
  readonly #externalObjects = new Set<string>();
  readonly #files = new Set<string>();
  readonly #programs = new Set<string>();
  readonly #links = new Set<string>();

  constructor(format: OfficeView['format']) {
    this.format = format;
  }

  addMacros(found: FoundMacros | undefined): void {
    if (!found) return;
    const { modules = 0, startsOn = [], reaches = [] } = this.macros ?? {};
    this.macros = {
      modules: modules + found.modules,
      startsOn: [...startsOn, ...found.startsOn],
      reaches: [...reaches, ...found.reaches],
    };
    for (const link of found.links) this.addLink(link);
    if (found.isCut) this.isCut = true;
  }

  /** A template from elsewhere; those of the own machine or network are how offices work. */
  addTemplate(target: string): void {
    if (!isRemote(target)) return;
    this.#add(this.#templates, target);
    this.addLink(target);
  }

  addExternalObject(target: string): void {
    if (!isRemote(target)) return;
    this.#add(this.#externalObjects, target);
    this.addLink(target);
  }

  /** A file within; `content`: as much of it as is known. */
  addFile(name: string, content: Uint8Array | undefined): void {
    this.#add(this.#files, name);
    const isProgram =
      programName.test(name) || (content !== undefined && content[0] === 0x4d && content[1] === 0x5a);
    if (isProgram) this.#add(this.#programs, name);
  }

  addLink(link: string): void {
    const target = /^(?:mhtml:|url:|x-usc:)*((?:https?|ftp):[\s\S]*)/i
      .exec(link.trim())?.[1]
      ?.replace(/!x-usc:.*/is, '');
    if (target === undefined || this.#links.has(target)) return;
    if (this.#links.size < maxLinks) this.#links.add(target);
    else this.isCut = true;
  }

  view(): OfficeView {
    return {
      format: this.format,
      isEncrypted: this.isEncrypted,
      macros: this.macros,
      macroSheets: this.macroSheets,
      templates: [...this.#templates],
      externalObjects: [...this.#externalObjects],
      files: [...this.#files],
      programs: [...this.#programs],
      hasEquation: this.hasEquation,
      hasCommandField: this.hasCommandField,
      updatesObjects: this.updatesObjects,
      links: [...this.#links],
      isCut: this.isCut,
    };
  }

  #add(names: Set<string>, name: string): void {
    if (names.size < maxNames) names.add(name.slice(0, maxNameChars));
    else this.isCut = true;
  }
}

/** Is it fetched over the Internet: by HTTP or FTP, also within MHTML, or by WebDAV (`\\host@SSL\`, `\\host@80\`)? */
function isRemote(target: string): boolean {
  return (
    /^\s*(?:(?:mhtml|url|x-usc):)*(?:https?|ftp):/i.test(target) ||
    /^\s*(?:file:)?[\\/]{2,5}[^\\/@]+@(?:ssl|\d+)/i.test(target)
  );
}
