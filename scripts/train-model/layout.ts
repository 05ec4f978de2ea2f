import { type Cast, slug } from './fill.ts';
import { honestLink, spamLink, spamPlace } from './links.ts';
import type { Random } from './random.ts';

/** How a message is laid out. */
export type Layout = 'plain' | 'simple' | 'button' | 'letter';

const layouts: Readonly<Record<string, readonly Layout[]>> = {
  person: ['plain', 'plain', 'plain', 'simple', 'simple'],
  note: ['plain', 'plain', 'simple'],
  office: ['plain', 'plain', 'plain', 'simple'],
  hrnotice: ['plain', 'simple'],
  question: ['plain', 'plain', 'simple'],
  letter2: ['letter', 'letter', 'plain'],
  saasnews: ['letter', 'letter', 'simple'],
  tradeletter: ['letter', 'letter', 'button'],
  appeal: ['letter', 'simple', 'button'],
  lorem: ['letter', 'button', 'simple'],
  oldnewsletter: ['plain', 'plain', 'letter'],
  short: ['plain', 'plain', 'simple'],
  boss: ['plain', 'simple'],
  chefmail: ['plain', 'simple'],
  romance: ['plain', 'plain', 'simple'],
  kontakt: ['plain', 'simple'],
  extort: ['plain', 'plain', 'simple'],
  b2bservice: ['plain', 'simple', 'simple'],
  job: ['plain', 'simple', 'simple'],
  salad: ['plain', 'simple', 'simple'],
  pdfnote: ['plain', 'simple'],
  anexo: ['plain', 'simple'],
  pdfcopy: ['plain', 'simple', 'letter'],
  webform: ['plain', 'plain', 'simple'],
  forum: ['plain', 'plain', 'simple', 'button'],
  ticket: ['plain', 'simple', 'button'],
  membership: ['plain', 'simple', 'letter'],
  newsletter: ['plain', 'letter', 'letter', 'simple'],
  shopletter: ['letter', 'letter', 'button'],
  advance: ['plain', 'plain', 'simple'],
  sextortion: ['plain', 'plain', 'simple'],
  seo: ['plain', 'simple', 'plain'],
  support: ['simple', 'button', 'plain'],
};
const usualLayouts: readonly Layout[] = ['plain', 'simple', 'button', 'button', 'letter', 'button'];

/** A layout as messages of this kind have it. */
export function layoutOf(kind: string, random: Random): Layout {
  return random.pick(layouts[kind] ?? usualLayouts);
}

/** A paragraph or a button of a message, with the link below it. */
export interface Piece {
  readonly type: 'text' | 'button';
  readonly text: string;
  readonly link: string;
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

function escapeHtml(text: string): string {
  return text.replace(/[&<>]/g, (letter) => escapes[letter]!).replaceAll('\n', '<br>\n');
}

const colours = ['#1a73e8', '#0d6efd', '#e4002b', '#2e7d32', '#ff6600', '#333333', '#6c5ce7', '#eb6434'];
const fonts = [
  'Arial, sans-serif',
  'Helvetica, Arial',
  'Verdana',
  'Georgia, serif',
  "'Open Sans', sans-serif",
];

/** Comments for one mail program, as layouts of both sorts have them. */
const officeMarks =
  '<!--[if mso]><style>td{font-family:Arial}</style><![endif]--><!--[if gte mso 9]><xml></xml><![endif]-->';

/** A style sheet as layout programs make them: longer than the text. */
function styleSheet(random: Random): string {
  return Array.from(
    { length: 10 + random.below(70) },
    () =>
      `.${random.text(5, 'abcdefghij')} td, .${random.text(4, 'klmnopq')}{padding:${random.below(30)}px;line-height:${100 + random.below(60)}%;width:100%!important;color:#${random.text(6, '0123456789abcdef')}}\n`,
  ).join('');
}

/** Text that nobody is to see, as senders of both sorts hide it: preview lines, and words against filters. */
function hiddenText(cast: Cast, isSpam: boolean, random: Random): string {
  const style = random.pick([
    'display:none',
    'display:none;max-height:0;overflow:hidden',
    'font-size:1px;color:#fff',
    'opacity:0;font-size:0px',
    'visibility:hidden',
  ]);
  const sentences = Array.from({ length: isSpam ? 2 + random.below(12) : 1 }, () =>
    random.pick(cast.vocabulary.chat),
  );
  return `<div style="${style}">${escapeHtml(sentences.join(' '))}</div>\n`;
}

/** The pieces as HTML. */
export function htmlOf(
  pieces: readonly Piece[],
  layout: Layout,
  cast: Cast,
  isSpam: boolean,
  random: Random,
): string {
  const font = random.pick(fonts);
  const colour = random.pick(colours);
  const picture = (name: string): string => {
    const place = isSpam ? spamPlace(cast, random) : `https://${cast.site}`;
    return `<img src="${place}/${random.pick(['media', 'img', 'static', 'images'])}/${name}.${random.pick(['png', 'jpg', 'gif'])}" alt="${random.chance(0.5) ? cast.shop : ''}" width="${100 + random.below(500)}">`;
  };
  const body = pieces.map(({ type, text, link }) => {
    if (type === 'text')
      return layout === 'simple'
        ? `<p>${escapeHtml(text)}</p>`
        : `<p style="font-family:${font};font-size:14px;margin:0 0 12px">${escapeHtml(text)}</p>`;
    if (layout === 'simple')
      return `<p><a href="${link}">${random.chance(0.3) ? link : escapeHtml(text)}</a></p>`;
    return `<table role="presentation"><tr><td style="background-color:${colour};border-radius:4px"><a href="${link}" style="display:inline-block;padding:12px 24px;color:#ffffff;text-decoration:none">${escapeHtml(text)}</a></td></tr></table>`;
  });
  const hidden = random.chance(isSpam ? 0.15 : 0.2) ? hiddenText(cast, isSpam, random) : '';
  if (layout === 'simple')
    return random.chance(0.6)
      ? `<html><body>${hidden}${body.join('\n')}</body></html>`
      : `<div dir="ltr">${body.join('\n')}</div>`;
  const extra =
    layout === 'letter'
      ? body
          .map(
            (block) =>
              `<tr><td style="padding:10px">${random.chance(0.4) ? picture(random.text(6)) : ''}<h2 style="color:${colour}">${escapeHtml(random.pick(cast.vocabulary.topics))}</h2>${block}${!isSpam && random.chance(0.4) ? `<p><a href="${honestLink(cast, random, 'more')}">${random.pick(['Read more', 'More', '→', 'Mehr', 'Lire', 'Leia mais'])}</a></p>` : ''}</td></tr>`,
          )
          .join('\n')
      : `<tr><td style="padding:20px">${body.join('\n')}</td></tr>`;
  const head = random.chance(0.6)
    ? `<!DOCTYPE html>\n<html><head><meta charset="utf-8">${random.chance(0.6) ? `<title>${escapeHtml(cast.shop)}</title>` : ''}<style>body{margin:0}${random.chance(0.5) ? '@media (max-width:600px){.c{width:100%}}' : ''}${random.chance(0.5) ? styleSheet(random) : ''}</style>${random.chance(0.4) ? officeMarks : ''}</head><body style="background-color:#f4f4f4">`
    : '<html><body>';
  const wrap = random.chance(0.4);
  const social =
    !isSpam && random.chance(0.4)
      ? `<a href="https://www.facebook.com/${slug(cast.shop)}">Facebook</a> <a href="https://twitter.com/${slug(cast.shop)}">Twitter</a>`
      : '';
  const pixel = random.chance(0.35)
    ? `<img src="${isSpam ? spamPlace(cast, random) : `https://${cast.site}`}/o/${random.text(12)}" width="1" height="1">`
    : '';
  return `${head}${hidden}${wrap ? '<center>' : ''}<table width="100%"><tr><td align="center"><table width="600" class="c">\n<tr><td>${random.chance(0.7) ? picture('logo') : escapeHtml(cast.shop)}</td></tr>\n${extra}\n<tr><td style="font-size:11px;color:#999">${social}</td></tr></table></td></tr></table>${wrap ? '</center>' : ''}${pixel}</body></html>`;
}

/** Spam against filters: a picture with a link and hardly a word. */
export function pictureOf(cast: Cast, place: string, random: Random): string {
  const link = spamLink(place, cast, random);
  return `<html><body><center><a href="${link}"><img src="${place}/${random.text(8)}.jpg" border="0"></a><br><a href="${spamLink(place, cast, random)}"><img src="${place}/${random.text(8)}.png"></a></center>${random.chance(0.4) ? hiddenText(cast, true, random) : ''}</body></html>`;
}
