import type { FileType, FileView, ImageView, OfficeView, Part, PdfView, Picture } from '../core/index.ts';
import { listArchive } from './archive.ts';
import { oleKind, zipKind } from './documents.ts';
import { readImage } from './image.ts';
import { type FileLimits, fileLimits, WorkBudget } from './limits.ts';
import type { ListingBuilder } from './listing.ts';
import { readMagic } from './magic.ts';
import { readOffice } from './office.ts';
import { openPdf } from './pdf.ts';
import { packagePictures, pictureOf } from './pictures.ts';
import { readTextType } from './text-type.ts';
import { fileType } from './types.ts';

class PartFile implements FileView {
  readonly part: Part;
  readonly #budget: WorkBudget;
  /** Null: not read yet. */
  #magic: string | undefined | null = null;
  #type: FileType | undefined | null = null;
  #archive: ListingBuilder | undefined | null = null;
  #pdf: ReturnType<typeof openPdf> | undefined | null = null;
  #office: OfficeView | undefined | null = null;
  #image: ImageView | undefined | null = null;
  #pictures: readonly Picture[] | undefined;

  constructor(part: Part, budget: WorkBudget) {
    this.part = part;
    this.#budget = budget;
  }

  get type(): FileType | undefined {
    if (this.#type === null) {
      const kind = this.#kind();
      this.#type = kind === undefined ? undefined : fileType(kind);
    }
    return this.#type;
  }

  get archive(): ListingBuilder | undefined {
    if (this.#archive === null) this.#archive = this.#list();
    return this.#archive;
  }

  get pdf(): PdfView | undefined {
    return this.#openPdf()?.view;
  }

  get pictures(): readonly Picture[] {
    return (this.#pictures ??= this.#findPictures());
  }

  get office(): OfficeView | undefined {
    if (this.#office === null) this.#office = this.#readOffice();
    return this.#office;
  }

  get image(): ImageView | undefined {
    if (this.#image === null) {
      const { type } = this;
      this.#image = type?.family === 'image' ? readImage(this.part.decoded(), type.extension) : undefined;
    }
    return this.#image;
  }

  #openPdf(): ReturnType<typeof openPdf> | undefined {
    if (this.#pdf === null)
      this.#pdf =
        this.#readMagic() === 'pdf' && this.#budget.documentsLeft-- > 0
          ? openPdf(this.part.decoded())
          : undefined;
    return this.#pdf;
  }

  #findPictures(): readonly Picture[] {
    const pdf = this.#openPdf();
    if (pdf) return pdf.pictures();
    if (this.archive) return this.office ? packagePictures(this.archive) : [];
    const picture = pictureOf(this.part.decoded(), this.image);
    return picture ? [picture] : [];
  }

  #readOffice(): OfficeView | undefined {
    const magic = this.#readMagic();
    if (magic !== 'ole' && magic !== 'zip' && magic !== 'rtf') return undefined;
    const kind = this.#kind() ?? '';
    if (kind === 'jar' || this.#budget.documentsLeft <= 0) return undefined;
    const office = readOffice(this.part.decoded(), kind, this.archive);
    if (office) this.#budget.documentsLeft--;
    return office;
  }

  #readMagic(): string | undefined {
    const { part } = this;
    if (this.#magic === null) this.#magic = part.kind === 'multipart' ? undefined : readMagic(part.decoded());
    return this.#magic;
  }

  #kind(): string | undefined {
    const magic = this.#readMagic();
    if (magic === 'zip' && this.archive) return zipKind(this.part.decoded(), this.archive);
    if (magic === 'ole') return oleKind(this.part.decoded());
    const { part } = this;
    // Texts for reading are what they are, unless they are no texts.
    const isFile = part.kind !== 'multipart' && (part.kind !== 'text' || part.fileName !== undefined);
    if (magic !== undefined || !(isFile || part.isAttachment)) return magic;
    return readTextType(this.part.decoded());
  }

  #list(): ListingBuilder | undefined {
    const magic = this.#readMagic();
    if (magic === undefined) return undefined;
    return listArchive(this.part.decoded(), magic, this.part.fileName, this.#budget);
  }
}

/**
 * Makes the views of a message's parts as files. Nothing is read before it is asked for, everything is remembered, and
 * all parts share the bounds of the message.
 *
 * @param limits bounds of the work. Default {@link fileLimits}.
 */
export function fileViews(limits: FileLimits = fileLimits): (part: Part) => FileView {
  const budget = new WorkBudget(limits);
  const views = new Map<Part, FileView>();
  return (part) => {
    let view = views.get(part);
    if (!view) {
      view = new PartFile(part, budget);
      views.set(part, view);
    }
    return view;
  };
}
