import type { ArchiveListing, FileType, FileView, MapHandle, Part, Task } from '../../core/index.ts';
import { type FileName, obscureCharacter, readFileName } from './file-name.ts';
import { type Config, weightTable } from './options.ts';
import { judgeType, knownExtensions, unspecificType } from './type-names.ts';

export type FindingKind =
  | 'good'
  | 'bad'
  | 'unknown'
  | 'attachment'
  | 'extension'
  | 'doubleExtension'
  | 'unicode'
  | 'encrypted'
  | 'obfuscated'
  | 'inArchive'
  | 'exeInRar'
  | 'cut';

export interface Finding {
  readonly finding: FindingKind;
  readonly weight: number;
  readonly options: readonly string[];
}

/** Findings of one kind that are told for one message: each has an option, and only the weightiest counts. */
const maxTold = 20;
const maxOptionChars = 128;

const clip = (text: string): string =>
  text.length > maxOptionChars ? `${text.slice(0, maxOptionChars).toWellFormed()}…` : text;

/** Findings about a message, each once. */
class Findings {
  readonly list: Finding[] = [];
  readonly #told = new Map<FindingKind, { count: number; weight: number }>();
  readonly #seen = new Set<string>();

  add(finding: FindingKind, weight: number, ...options: readonly string[]): void {
    if (weight === 0 && finding !== 'cut') return;
    const key = `${finding} ${weight} ${options.join('\0')}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    const told = this.#told.get(finding) ?? { count: 0, weight: Number.NEGATIVE_INFINITY };
    if (told.count >= maxTold && weight <= told.weight) return;
    this.#told.set(finding, { count: told.count + 1, weight: Math.max(weight, told.weight) });
    this.list.push({ finding, weight, options: options.map(clip) });
  }
}

type Weights = Readonly<Record<string, number>>;

/** What settings of a message add to the tables. */
interface OwnTables {
  readonly bad: Weights;
  readonly badInArchive: Weights;
}

const noTables: OwnTables = { bad: {}, badInArchive: {} };

function ownTables(task: Task): OwnTables {
  const settings = task.pluginSettings('mime_types');
  if (!settings) return noTables;
  const table = (key: string): Weights => weightTable.safeParse(settings[key]).data ?? {};
  return { bad: table('bad_extensions'), badInArchive: table('bad_archive_extensions') };
}

const lookUp = (table: Weights, key: string): number | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;

/** Names that archives within archives hide behind. Others may belong to programs whose files are archives. */
const disguises: ReadonlySet<string> = new Set(
  'pdf doc xls ppt rtf txt csv html htm jpg jpeg png gif bmp tif tiff mp3 mp4'.split(' '),
);

/** Types whose files are dangerous whatever they are called. */
const isActive = (type: FileType): boolean => type.family === 'executable' || type.family === 'script';

/** What surrounds a name that is judged. */
interface NameContext {
  readonly own: OwnTables;
  /** Of the file, where its bytes were seen. */
  readonly type: FileType | undefined;
  /** Undefined: not a member of an archive. */
  readonly archive: { readonly files: number } | undefined;
}

/** Judges the files of messages by tables and maps that the configuration brings. */
export class Judge {
  readonly #config: Config;
  readonly #types: MapHandle | undefined;
  readonly #whitelist: MapHandle | undefined;
  readonly #required: ReadonlyMap<string, { readonly types: readonly string[]; readonly weight: number }>;

  constructor(config: Config, types: MapHandle | undefined, whitelist: MapHandle | undefined) {
    this.#config = config;
    this.#types = types;
    this.#whitelist = whitelist;
    const required = new Map<string, { readonly types: readonly string[]; readonly weight: number }>();
    for (const [extension, types] of knownExtensions)
      required.set(extension, { types, weight: config.other_extensions_mult });
    for (const [extension, types] of Object.entries(config.extension_map)) {
      const list = typeof types === 'string' ? [types] : types;
      required.set(extension, { types: list.map((type) => type.toLowerCase()), weight: 1 });
    }
    this.#required = required;
  }

  judge(task: Task): readonly Finding[] {
    const findings = new Findings();
    const own = ownTables(task);
    for (const part of task.message.parts) {
      const view = task.content.file(part);
      const isLeaf = part.kind !== 'multipart' && part.children.length === 0;
      const type = isLeaf ? view.type : undefined;
      const context = { own, type, archive: undefined };
      if (part.fileName !== undefined && part.kind !== 'multipart')
        this.#judgePartName(findings, part, part.fileName, context);
      else if (type) this.#judgeHidden(findings, '', 0, context);
      if (isLeaf && view.archive) this.#judgeArchive(findings, view, view.archive, own);
      this.#judgeType(findings, part.contentType, type);
    }
    return findings.list;
  }

  #valueOf(contentType: string): number | undefined {
    const listed = this.#types?.lookup(contentType);
    if (listed !== undefined) {
      const value = Number(listed);
      if (listed.trim() !== '' && Number.isFinite(value)) return value;
    }
    return judgeType(contentType);
  }

  #judgeType(findings: Findings, declared: string, type: FileType | undefined): void {
    let value = this.#valueOf(declared);
    let isOther = false;
    if (type && type.contentType !== declared && declared !== unspecificType) {
      const detected = this.#valueOf(type.contentType);
      if (value === undefined || (detected !== undefined && detected > value)) {
        isOther = detected !== undefined && detected > 0;
        value = detected ?? value;
      }
    }
    if (value === undefined) findings.add('unknown', 1, declared);
    else if (value > 0 && isOther) findings.add('bad', value * 1.5, `${declared}:${type!.contentType}`);
    else if (value > 0) findings.add('bad', value, declared);
    else if (value < 0) findings.add('good', -value, declared);
  }

  #judgePartName(findings: Findings, part: Part, written: string, context: NameContext): void {
    const name = this.#judgeName(findings, written, context);
    if (!name) return;
    const { archive_extensions: archives } = this.#config;
    // A packed archive, such as .zip.gz; but .zip.001 is a volume.
    if (
      lookUp(archives, name.inner) &&
      !/^\d+$/.test(name.extension) &&
      lookUp(archives, name.extension) !== 0
    ) {
      const isPacked = context.type ? context.type.family === 'archive' : lookUp(archives, name.extension);
      if (isPacked) findings.add('inArchive', 1, `.${name.inner}.${name.extension}`);
    }
    const required = this.#required.get(name.extension);
    if (!required || part.contentType === unspecificType) return;
    if (!required.types.includes(part.contentType))
      findings.add('attachment', required.weight, `${name.extension}:${part.contentType}`);
  }

  /** @returns undefined for names that are not judged */
  #judgeName(findings: Findings, written: string, context: NameContext): FileName | undefined {
    const obscure = obscureCharacter(written);
    if (obscure !== undefined) {
      const before = written.slice(0, written.indexOf(obscure)).slice(-40).toWellFormed();
      findings.add('unicode', 1, `0x${obscure.codePointAt(0)!.toString(16)} after ${before}`);
    }
    const name = readFileName(written);
    if (this.#whitelist?.lookup(name.text) !== undefined) return undefined;
    const badness = this.#badness(name.extension, context);
    this.#judgeHidden(findings, name.extension, badness, context);
    if (badness === 0) return name;
    if (this.#required.has(name.inner) && this.#badness(name.inner, context) === 0)
      findings.add('doubleExtension', badness, `.${name.inner}.${name.extension}`);
    else findings.add('extension', badness, name.extension);
    return name;
  }

  /** A program is one under every name. */
  #judgeHidden(findings: Findings, extension: string, badness: number, context: NameContext): void {
    const { type } = context;
    if (!type || !isActive(type) || type.extension === extension) return;
    const hidden = this.#badness(type.extension, context);
    if (hidden > badness) findings.add('extension', hidden, `${extension}:${type.extension}`);
  }

  #badness(extension: string, { own, archive }: NameContext): number {
    if (extension === '') return 0;
    const inArchive = archive
      ? (lookUp(own.badInArchive, extension) ??
        (archive.files < 2 ? lookUp(this.#config.bad_archive_extensions, extension) : undefined))
      : undefined;
    return inArchive ?? lookUp(own.bad, extension) ?? lookUp(this.#config.bad_extensions, extension) ?? 0;
  }

  #judgeArchive(findings: Findings, view: FileView, archive: ArchiveListing, own: OwnTables): void {
    const { fileName } = view.part;
    const outer = fileName === undefined ? undefined : readFileName(fileName);
    const label = outer?.text ?? archive.format;
    const isDocument = view.type?.family !== 'archive';
    if (archive.isEncrypted) findings.add('encrypted', 1, label);
    else if (archive.state === 'unreadable') findings.add('encrypted', 0.5, 'unreadable directory', label);
    if (archive.isObfuscated && !isDocument) findings.add('obfuscated', 1, label);
    if (archive.isCut) findings.add('cut', 1, label);
    if (isDocument || (outer && lookUp(this.#config.archive_exceptions, outer.extension))) return;

    const files = archive.members.filter(({ inside }) => inside.length === 0).length;
    const isSplitRar = archive.format === 'rar' && /^\d{3}$/.test(outer?.extension ?? '');
    for (const { name: written, isEncrypted, inside } of archive.members) {
      if (isEncrypted) findings.add('encrypted', 1, written);
      const around = inside.at(-1);
      if (around !== undefined && disguises.has(readFileName(around).extension))
        findings.add('inArchive', 1, around);
      if (isSplitRar && readFileName(written).extension === 'exe') {
        findings.add('exeInRar', 1, written);
        continue;
      }
      const name = this.#judgeName(findings, written, { own, type: undefined, archive: { files } });
      if (name && lookUp(this.#config.archive_extensions, name.extension))
        findings.add('inArchive', 1, name.extension);
    }
    const [only] = archive.members;
    if (files === 1 && only && outer && this.#required.has(outer.inner)) {
      const { extension } = readFileName(only.name);
      if (lookUp(this.#config.bad_extensions, extension) && extension !== outer.inner)
        findings.add('doubleExtension', 2, `${outer.inner}!=${extension}`);
    }
  }
}
