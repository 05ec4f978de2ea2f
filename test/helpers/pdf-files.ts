/** A stream with its dictionary. */
export function pdfStream(entries: string, content: Buffer, filter: string): Buffer {
  const dictionary = `<< ${entries} /Length ${content.length}${filter === '' ? '' : ` /Filter ${filter}`} >>`;
  return Buffer.concat([Buffer.from(`${dictionary}\nstream\n`), content, Buffer.from('\nendstream')]);
}

/** A PDF of these objects, numbered from 1, the first being its root. Without a table of references, as readers mend. */
export function makePdf(objects: readonly (string | Buffer)[], trailer = ''): Buffer {
  return Buffer.concat([
    Buffer.from('%PDF-1.7\n'),
    ...objects.flatMap((object, index) => [
      Buffer.from(`${index + 1} 0 obj\n`),
      Buffer.from(object),
      Buffer.from('\nendobj\n'),
    ]),
    Buffer.from(`trailer\n<< /Root 1 0 R ${trailer} >>\nstartxref\n0\n%%EOF\n`),
  ]);
}
