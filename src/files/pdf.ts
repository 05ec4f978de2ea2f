import type { PdfAction, PdfView, Picture } from '../core/index.ts';
import type { PdfWork } from './pdf-lexer.ts';
import { type PdfLimits, pdfLimits } from './pdf-limits.ts';
import { PdfObjects } from './pdf-objects.ts';
import { readPdfPictures } from './pdf-pictures.ts';
import {
  isDictionary,
  type PdfDictionary,
  PdfName,
  PdfString,
  type PdfValue,
  pdfText,
} from './pdf-values.ts';

const actionTypes: Readonly<Record<string, PdfAction>> = {
  JavaScript: 'script',
  Launch: 'launch',
  URI: 'link',
  SubmitForm: 'submit',
  ImportData: 'import',
  GoToR: 'open-file',
  GoToE: 'open-file',
  Rendition: 'media',
  RichMediaExecute: 'media',
};

/** Names that nobody escapes but to hide them. */
const activeNames: ReadonlySet<string> = new Set(
  'JavaScript JS OpenAction AA Launch URI SubmitForm EmbeddedFile EmbeddedFiles Encrypt ObjStm RichMedia XFA'.split(
    ' ',
  ),
);

const maxWalkDepth = 40;
const maxScriptChars = 262_144;
const maxTextChars = 512;
const maxTrailerLines = 1_000;

class PdfReader {
  readonly #limits: PdfLimits;
  readonly #objects: PdfObjects;
  readonly #work: PdfWork;
  readonly #file: Buffer;
  readonly #actions = new Set<PdfAction>();
  readonly #scripts = new Set<string>();
  readonly #launches = new Set<string>();
  readonly #files = new Set<string>();
  readonly #links = new Set<string>();
  #scriptChars = 0;
  #pages = 0;
  #hasForm = false;
  #runsOnOpen = false;
  #isCut = false;

  constructor(file: Buffer, limits: PdfLimits) {
    this.#file = file;
    this.#limits = limits;
    this.#work = {
      tokens: limits.tokens,
      inflatedBytes: limits.inflatedBytes,
      escapedNames: 0,
      closeEscapedNames: 0,
      escaped: new Set(),
    };
    this.#objects = new PdfObjects(file, limits, this.#work);
  }

  read(): PdfView {
    for (const value of this.#objects.values()) this.#walk(value, 0);
    const info = this.#objects.resolve(this.#objects.trailer.get('Info'));
    const { isEncrypted, isReadable } = this.#objects;
    const about = (key: string): string =>
      isDictionary(info) && isReadable ? this.#text(info.get(key)).slice(0, maxTextChars) : '';
    return {
      objects: this.#objects.count,
      pages: this.#pages,
      isEncrypted,
      actions: this.#actions,
      runsOnOpen: this.#runsOnOpen,
      scripts: this.#scripts.size,
      hasForm: this.#hasForm,
      launches: [...this.#launches],
      files: [...this.#files],
      links: [...this.#links],
      title: about('Title'),
      producer: about('Producer'),
      suspicion: this.#suspicion(),
      trailer: trailerOf(this.#file),
      isCut: this.#isCut || this.#objects.isCut,
    };
  }

  pictures(): readonly Picture[] {
    return readPdfPictures(this.#objects);
  }

  #walk(value: PdfValue, depth: number): void {
    if (typeof value !== 'object' || value === null || depth > maxWalkDepth) return;
    if (Array.isArray(value)) {
      for (const item of value as readonly PdfValue[]) this.#walk(item, depth + 1);
      return;
    }
    if (!isDictionary(value)) return;
    this.#readDictionary(value);
    for (const item of value.values()) this.#walk(item, depth + 1);
  }

  #readDictionary(dictionary: PdfDictionary): void {
    const type = nameOf(dictionary.get('Type'));
    if (type === 'Page') this.#pages++;
    const subtype = nameOf(dictionary.get('S'));
    const action = subtype === undefined ? undefined : actionTypes[subtype];
    if (action !== undefined) this.#readAction(action, dictionary);
    if (nameOf(dictionary.get('Subtype')) === 'RichMedia') this.#actions.add('media');
    if (dictionary.has('JS')) this.#addScript(dictionary.get('JS'));
    const uri = dictionary.get('URI');
    if (uri !== undefined && !isDictionary(uri)) this.#addLink(this.#text(uri));
    if (dictionary.has('OpenAction')) this.#noteOpening(dictionary.get('OpenAction'));
    if (dictionary.has('AA') && (type === 'Catalog' || type === 'Page')) {
      const events = this.#objects.resolve(dictionary.get('AA'));
      if (isDictionary(events)) for (const event of events.values()) this.#noteOpening(event);
    }
    if (dictionary.has('EF')) this.#addFile(this.#fileName(dictionary));
    if (dictionary.has('XFA') || nameOf(dictionary.get('FT')) !== undefined) this.#hasForm = true;
  }

  #readAction(action: PdfAction, dictionary: PdfDictionary): void {
    this.#actions.add(action);
    if (action === 'submit' || action === 'open-file') this.#addLink(this.#fileName(dictionary.get('F')));
    if (action !== 'launch') return;
    const windows = this.#objects.resolve(dictionary.get('Win'));
    const parts = isDictionary(windows)
      ? [this.#fileName(windows.get('F')), this.#text(windows.get('P'))]
      : [this.#fileName(dictionary.get('F'))];
    const launched = parts.filter(Boolean).join(' ').slice(0, maxTextChars);
    if (launched !== '') this.#addName(this.#launches, launched);
    this.#addLink(launched);
  }

  /** A script or a program that runs when the document or a page is opened; places to go to are no matter. */
  #noteOpening(value: PdfValue | undefined): void {
    const action = this.#objects.resolve(value);
    if (!isDictionary(action)) return;
    const type = nameOf(action.get('S')) ?? '';
    const kind = actionTypes[type];
    if (action.has('JS') || kind === 'script' || kind === 'launch') this.#runsOnOpen = true;
  }

  #addScript(value: PdfValue | undefined): void {
    this.#actions.add('script');
    const left = maxScriptChars - this.#scriptChars;
    if (left <= 0) {
      this.#isCut = true;
      return;
    }
    const stream = this.#objects.stream(value);
    const text = (stream ? pdfText(stream.toString('latin1', 0, left)) : this.#text(value)).slice(0, left);
    this.#scriptChars += text.length;
    if (this.#scripts.has(text)) return;
    this.#scripts.add(text);
    for (const [link] of text.matchAll(/https?:\/\/[^\s'"<>\\)]{4,2000}/gi)) this.#addLink(link);
  }

  /** A file specification (ISO 32000-1 7.11): a text, or a dictionary with texts for several systems. */
  #fileName(value: PdfValue | undefined): string {
    const resolved = this.#objects.resolve(value);
    if (!isDictionary(resolved)) return this.#text(resolved);
    for (const key of ['UF', 'F', 'Unix', 'DOS', 'Mac']) {
      const name = this.#text(resolved.get(key));
      if (name !== '') return name;
    }
    return '';
  }

  #text(value: PdfValue | undefined): string {
    const resolved = this.#objects.resolve(value);
    return resolved instanceof PdfString ? pdfText(resolved.bytes) : '';
  }

  #addFile(name: string): void {
    this.#addName(this.#files, name.slice(0, maxTextChars));
  }

  #addName(names: Set<string>, name: string): void {
    if (names.size < this.#limits.names) names.add(name);
    else this.#isCut = true;
  }

  #addLink(link: string): void {
    // Names of files lead nowhere.
    if (!/^\s*(?:(?:https?|ftp|mailto):|www\.|\/\/)/i.test(link)) return;
    if (!this.#objects.isReadable || this.#links.has(link)) return;
    if (this.#links.size < this.#limits.links) this.#links.add(link);
    else this.#isCut = true;
  }

  #suspicion(): number {
    const { escapedNames, closeEscapedNames, escaped } = this.#work;
    let suspicion = 0;
    let shells = 0;
    for (const text of [...this.#scripts, ...this.#launches]) {
      suspicion += countOf(text, /\bnetsh\s/g) * 0.5;
      shells += countOf(text, /\becho\s/g);
    }
    if (shells > 1) suspicion += shells / 2;
    if (escapedNames > 10) suspicion += escapedNames / 10;
    if (closeEscapedNames > 4 && escapedNames - closeEscapedNames < 5) suspicion += 0.5;
    if (!escaped.isDisjointFrom(activeNames)) suspicion += 0.7;
    return Math.min(suspicion, 1);
  }
}

function countOf(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

function nameOf(value: PdfValue | undefined): string | undefined {
  return value instanceof PdfName ? value.name : undefined;
}

function trailerOf(file: Buffer): PdfView['trailer'] {
  const at = file.lastIndexOf('trailer', file.length, 'latin1');
  if (at < 0) return undefined;
  let lines = 0;
  for (let i = file.indexOf(0x0a, at); i >= 0 && lines < maxTrailerLines; i = file.indexOf(0x0a, i + 1))
    lines++;
  return { lines, bytes: file.length - at };
}

/** Reads how a PDF is built, within bounds; never throws on input. */
export function readPdf(file: Buffer, limits: PdfLimits = pdfLimits): PdfView {
  return openPdf(file, limits).view;
}

/** The same with its pictures, which are looked for when they are asked for. */
export function openPdf(
  file: Buffer,
  limits: PdfLimits = pdfLimits,
): { readonly view: PdfView; readonly pictures: () => readonly Picture[] } {
  const reader = new PdfReader(file, limits);
  return { view: reader.read(), pictures: () => reader.pictures() };
}
