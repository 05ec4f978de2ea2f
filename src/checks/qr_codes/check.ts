import { z } from 'zod';
import { defineCheck, type Picture, priorities, type Task, type UrlView } from '../../core/index.ts';
import { QrReader } from './reader.ts';

const config = z.strictObject({
  timeout: z.number().min(0.05).max(60).default(1).describe('Seconds for all pictures of a message'),
  max_images: z.int().min(1).max(1_000).default(8).describe('Pictures of a message that are looked into'),
  max_pixels: z.int().min(10_000).max(50_000_000).default(4_000_000).describe('Bigger pictures are left out'),
  max_size: z.int().min(1_000).default(4_194_304).describe('Bytes; bigger files are left out'),
});
type Config = z.output<typeof config>;

/** A code has 21 modules a side at least; in a document each may be a single pixel. */
const leastSide = 21;
/** Time that the rest of the scan keeps. */
const reserveMs = 300;

/** Pictures that could show a code. */
function* picturesOf({ message, content }: Task): Generator<Picture> {
  for (const part of message.parts) {
    if (part.kind !== 'image' && part.kind !== 'other') continue;
    for (const picture of content.file(part).pictures)
      if (Math.min(picture.width, picture.height) >= leastSide) yield picture;
  }
}

function fits(
  { width, height, bytes }: Picture,
  { max_pixels: maxPixels, max_size: maxSize }: Config,
): boolean {
  return width * height <= maxPixels && bytes.length <= maxSize;
}

/** Does it lead somewhere, rather than being a payment, a contact or a network? */
function isLink(text: string): boolean {
  return /^\s*(?:https?:\/\/|www\.)/i.test(text);
}

export const qrCodes = defineCheck({
  name: 'qr_codes',
  summary: 'Reads QR codes in pictures, so that later checks see where they lead.',
  details: [
    'PNG, JPEG, GIF and BMP, attached, inside HTML or in office documents, and pictures in PDF (JPEG, grey, colours, palettes). What is found joins the links of the message (`from` `qr`, flag `qr`), before',
    '`url_redirector` and the lists of domains look at them. `QR_URL` weighs 1 when the text of the message has no link of its own: then',
    'the code is there to keep the link from filters; else 0.3. Its options are the hosts. Codes of payments, contacts and networks are',
    'no links.',
    '',
    'Pictures are decoded in a thread of its own, which starts with the first one; a picture of 300 × 300 pixels takes 1 to 4 ms, a',
    'photograph of 4 million 150 ms. Those without a code are remembered by their digest, so that logos cost nothing the second time.',
    'What was left out for its size, its number or for lack of time gives `QR_UNREAD`.',
  ].join('\n'),
  group: 'content',
  stage: 'prefilter',
  priority: priorities.high,
  direction: 'both',
  needs: ['parts'],
  config,
  symbols: {
    QR_URL: { score: 1, description: 'A picture shows a QR code with a link', oneShot: true },
    QR_UNREAD: { description: 'Pictures were not searched for QR codes', oneShot: true },
  },
  create({ config: options, options: { taskTimeoutMs = Number.POSITIVE_INFINITY }, onClose }) {
    const reader = new QrReader();
    onClose(() => reader.close());
    const timeoutMs = Math.max(50, Math.min(options.timeout * 1_000, taskTimeoutMs - reserveMs));
    return {
      name: 'QR_CODES',
      waits: true,
      run: async (task, hit) => {
        const chosen: Picture[] = [];
        let unread = 0;
        for (const picture of picturesOf(task)) {
          if (chosen.length < options.max_images && fits(picture, options)) chosen.push(picture);
          else unread++;
        }
        if (chosen.length + unread === 0) return;
        const signal = AbortSignal.any([task.signal, AbortSignal.timeout(timeoutMs)]);
        const readings = await Promise.all(chosen.map((picture) => reader.read(picture, signal)));
        const links: UrlView[] = [];
        const hasOwnLinks = task.content.linkCount > 0;
        for (const reading of readings) {
          if (reading === 'unread') unread++;
          else
            for (const text of reading.filter(isLink)) {
              const link = task.content.addUrl(text, { from: 'qr' });
              if (link) links.push(link);
            }
        }
        if (links.length > 0) hit('QR_URL', hasOwnLinks ? 0.3 : 1, ...new Set(links.map(({ host }) => host)));
        if (unread > 0) hit('QR_UNREAD', 1, String(unread));
      },
    };
  },
});
