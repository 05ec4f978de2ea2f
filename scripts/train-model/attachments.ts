import type { Random } from './random.ts';
import type { Template } from './templates.ts';

/** A file that a message brings along. */
export interface Attachment {
  readonly name: string;
  readonly type: string;
  readonly content: Buffer;
}

type Maker = (random: Random) => Attachment;

const name = (random: Random): string =>
  random.pick([
    `Invoice_${random.text(6, '0123456789')}`,
    `scan${random.below(999)}`,
    `document-${random.below(99)}`,
    `${random.text(10)}`,
    `Report ${random.below(12)}`,
    `DOC${random.text(8, '0123456789')}`,
  ]);

const pdf: Maker = (random) => ({
  name: `${name(random)}.pdf`,
  type: 'application/pdf',
  content: Buffer.from(`%PDF-1.5\n${random.text(400)}\n%%EOF\n`),
});
const office: Maker = (random) => ({
  name: `${name(random)}.${random.pick(['docx', 'xlsx', 'doc', 'pptx'])}`,
  type: 'application/octet-stream',
  content: Buffer.from(`PK\u0003\u0004${random.text(300)}`, 'latin1'),
});
const picture: Maker = (random) => ({
  name: `IMG_${random.below(9999)}.jpg`,
  type: 'image/jpeg',
  content: Buffer.from(`\u00ff\u00d8\u00ff${random.text(300)}`, 'latin1'),
});
const text: Maker = (random) => ({
  name: random.pick(['fix.patch', 'output.log', 'data.csv', 'script.R']),
  type: 'text/plain',
  content: Buffer.from(`${random.text(60)}\n${random.text(60)}\n`),
});
const card: Maker = (random) => ({
  name: random.pick(['invite.ics', 'contact.vcf', 'signature.asc']),
  type: 'application/octet-stream',
  content: Buffer.from(random.text(200)),
});
const archive: Maker = (random) => ({
  name: `${name(random)}.${random.pick(['zip', 'rar', '7z', 'iso', 'gz'])}`,
  type: 'application/octet-stream',
  content: Buffer.from(random.text(300)),
});
/** A page that asks for a password, or brings itself about by a program, as those that steal passwords do. */
const page: Maker = (random) => ({
  name: `${name(random)}.${random.pick(['html', 'htm', 'shtml', 'svg'])}`,
  type: random.pick(['text/html', 'application/octet-stream']),
  content: Buffer.from(
    random.pick([
      `<html><body><form action="https://${random.text(9)}.example/p.php" method="post"><input type="email" value="x"><input type="password"><input type="submit"></form></body></html>`,
      `<html><script>document.write(unescape("%3C${random.text(200)}"))</script></html>`,
      `<html><script>var a=atob("${random.text(120)}");eval(a)</script></html>`,
      `<html><head><meta http-equiv="refresh" content="0;url=https://${random.text(9)}.example/"></head></html>`,
    ]),
  ),
});

/** By kind: how many of a hundred messages bring what. */
const usual: Readonly<Record<string, readonly (readonly [share: number, make: Maker])[]>> = {
  'spam pdfnote': [[1, pdf]],
  'spam pdfcopy': [[0.9, pdf]],
  'spam anexo': [[0.85, pdf]],
  'spam htmlpage': [[0.9, page]],
  'spam invoice': [
    [0.25, pdf],
    [0.2, archive],
    [0.1, office],
  ],
  'spam document': [[0.25, page]],
  'spam support': [[0.3, pdf]],
  'spam advance': [[0.08, pdf]],
  'ham invoice': [[0.5, pdf]],
  'ham recruit': [[0.4, pdf]],
  'ham membership': [[0.3, pdf]],
  'ham utility': [[0.15, pdf]],
  'ham note': [
    [0.25, pdf],
    [0.15, office],
    [0.15, picture],
  ],
  'ham office': [
    [0.12, office],
    [0.06, pdf],
  ],
  'ham question': [
    [0.08, text],
    [0.05, picture],
  ],
  'ham person': [
    [0.08, pdf],
    [0.06, office],
    [0.06, picture],
    [0.04, card],
  ],
  'ham calendar': [[0.4, card]],
};

/** What a message of this template brings along. */
export function attachmentsOf({ label, kind }: Template, random: Random): readonly Attachment[] {
  return (usual[`${label} ${kind}`] ?? []).flatMap(([share, make]) =>
    random.chance(share) ? [make(random)] : [],
  );
}
