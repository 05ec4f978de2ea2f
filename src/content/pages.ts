import type { FileView, Part } from '../core/index.ts';

const pageName = /\.(?:x?html?|shtml?|svgz?)$/i;
const pageTypes: ReadonlySet<string> = new Set(['text/html', 'application/xhtml+xml', 'image/svg+xml']);
const maxPageBytes = 1_048_576;
const maxScriptLinks = 200;

/** Is it a file, rather than text of the message or a container? */
export function isFilePart({ kind, isAttachment }: Part): boolean {
  return kind === 'image' || kind === 'other' || kind === 'tnef' || (kind === 'text' && isAttachment);
}

/** Could a part be a page that a browser opens? What is read as text of the message is not asked for again. */
export function mayBePage(part: Part): boolean {
  if (isFilePart(part)) return true;
  return part.kind === 'text' && part.contentType !== 'text/html' && pageName.test(part.fileName ?? '');
}

/** Is a part a page, by its bytes, its type or its name? A browser goes by any of them. */
export function isPage(part: Part, file: FileView): boolean {
  const extension = file.type?.extension;
  if (extension === 'html' || extension === 'svg') return true;
  // What is certainly something else is no page, whatever it is called.
  if (extension !== undefined && extension !== 'xml') return false;
  return pageTypes.has(part.contentType) || pageName.test(part.fileName ?? '');
}

/** Text of a page, by the charset of the part or the mark at its beginning. */
export function textOfPage(part: Part): string {
  const told = part.text();
  if (told !== '') return told;
  const bytes = part.decoded().subarray(0, maxPageBytes);
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString('utf16le', 2, bytes.length & ~1);
  return bytes.toString('utf8');
}

/** Content-ID of a part without brackets (RFC 2392 2). */
export function contentIdOf(part: Part): string | undefined {
  return part.headers.first('content-id')?.value.replace(/^<|>$/g, '');
}

/** Links in scripts, those in base64 included. */
export function scriptLinks(scripts: readonly string[]): readonly string[] {
  const links = new Set<string>();
  for (const script of scripts) {
    for (const [link] of script.matchAll(/https?:\\?\/\\?\/[^\s'"`<>]{4,2000}/gi))
      links.add(link.replaceAll('\\/', '/'));
    // `http` is `aHR0c` in base64.
    for (const [text] of script.matchAll(/\baHR0c[A-Za-z0-9+/]{8,2700}/g)) {
      const link = /^https?:\/\/[\x21-\x7e]{4,2000}/.exec(
        Buffer.from(text, 'base64').toString('latin1'),
      )?.[0];
      if (link !== undefined) links.add(link);
    }
    if (links.size >= maxScriptLinks) break;
  }
  return [...links].slice(0, maxScriptLinks);
}
