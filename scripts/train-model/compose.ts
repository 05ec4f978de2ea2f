import { type Cast, castOf, fill, slug } from './fill.ts';
import { honestLink, spamLink, spamPlace } from './links.ts';
import type { Random } from './random.ts';
import type { Template } from './templates.ts';
import { firstNames, lastNames } from './vocabulary.ts';

/** How a message is laid out. */
type Layout = 'plain' | 'simple' | 'button' | 'letter';

const layouts: Readonly<Record<string, readonly Layout[]>> = {
  person: ['plain', 'plain', 'plain', 'simple', 'simple'],
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

interface Piece {
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

function htmlOf(
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
              `<tr><td style="padding:10px">${random.chance(0.4) ? picture(random.text(6)) : ''}<h2 style="color:${colour}">${escapeHtml(random.pick(cast.vocabulary.topics))}</h2>${block}</td></tr>`,
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
function pictureOf(cast: Cast, place: string, random: Random): string {
  const link = spamLink(place, cast, random);
  return `<html><body><center><a href="${link}"><img src="${place}/${random.text(8)}.jpg" border="0"></a><br><a href="${spamLink(place, cast, random)}"><img src="${place}/${random.text(8)}.png"></a></center>${random.chance(0.4) ? hiddenText(cast, true, random) : ''}</body></html>`;
}

const twins: Readonly<Record<string, string>> = { a: 'а', e: 'е', o: 'о', c: 'с', p: 'р', i: 'і' };

/** Hides words from programs as spammers do: characters that cannot be seen, letters of other scripts. */
function disguise(text: string, random: Random): string {
  if (random.chance(0.5))
    return text.replace(/[a-z]{4,}/g, (word) =>
      random.chance(0.5) ? `${word.slice(0, 2)}\u200b${word.slice(2)}` : word,
    );
  return text.replace(/[aeocpi]/g, (letter) => (random.chance(0.25) ? twins[letter]! : letter));
}

function textOf(pieces: readonly Piece[]): string {
  return pieces.map(({ type, text, link }) => (type === 'text' ? text : `${text}: ${link}`)).join('\n\n');
}

function encoded(type: string, text: string, isBase64: boolean, boundary?: string): string {
  const head = `Content-Type: ${type}; charset=${boundary === undefined ? 'utf-8' : 'UTF-8'}\r\n`;
  if (!isBase64) return `${head}Content-Transfer-Encoding: 8bit\r\n\r\n${text.replaceAll('\n', '\r\n')}\r\n`;
  const lines =
    Buffer.from(text, 'utf8')
      .toString('base64')
      .match(/.{1,76}/g) ?? [];
  return `${head}Content-Transfer-Encoding: base64\r\n\r\n${lines.join('\r\n')}\r\n`;
}

function headersOf(template: Template, cast: Cast, subject: string, random: Random): string[] {
  const isSpam = template.label === 'spam';
  const isPerson = template.kind === 'person';
  const isBulk = template.kind === 'newsletter' || template.kind === 'shopletter';
  // Half of the time nothing can be made of the sender's domain, as where it was replaced or is a relay's.
  const ownDomain = random.chance(0.5) ? cast.site.slice(4) : `${random.text(1)}.example`;
  const strange = random.pick([
    `${random.text(8)}.com`,
    'gmail.com',
    'y.example',
    'outlook.com',
    `${random.text(6)}.info`,
    'mail.example',
  ]);
  const domain = isSpam
    ? strange
    : isPerson
      ? random.pick([ownDomain, 'gmail.com', 'gmx.de', 'y.example'])
      : ownDomain;
  const service = random.pick([
    `The team at ${cast.shop}`,
    `${cast.person} from ${cast.shop}`,
    cast.shop,
    cast.shop,
    'Service',
    'Info',
    `${cast.shop} Support`,
    `${cast.shop} Team`,
    '',
  ]);
  const spamName = /^(?:advance|seo|adult|sextortion)$/.test(template.kind)
    ? random.pick([cast.person, cast.person.toUpperCase(), `Mrs. ${cast.person}`, cast.other, ''])
    : random.pick([
        cast.brand,
        cast.brand,
        `${cast.brand} Support`,
        `${cast.brand} Service`,
        `Info ${cast.brand}`,
        `${cast.brand} ${random.pick(['Kundenservice', 'Security Team', 'Atendimento', 'Service Client', 'Rewards Department', 'Online Banking'])}`,
        `Your ${cast.brand} order team`,
        cast.carrier,
        random.pick(cast.vocabulary.products),
        `${random.pick(cast.vocabulary.products)} ${random.pick(['Deals', 'Offer', 'Club', 'Alert', 'News', 'Partner'])}`,
        `${cast.person}, ${random.text(4)}`,
        cast.person,
        'Service',
        'Support',
        'Info',
        '',
        cast.recipient,
      ]);
  const name = isPerson ? cast.person : isSpam ? spamName : service;
  const user = isPerson
    ? slug(cast.person)
    : random.pick([
        'info',
        'noreply',
        'no-reply',
        'service',
        'news',
        'contact',
        random.text(7),
        slug(random.pick(firstNames)) + slug(random.pick(lastNames)),
      ]);
  const quoted =
    name === ''
      ? ''
      : /[^\w .-]/.test(name)
        ? `=?utf-8?B?${Buffer.from(name).toString('base64')}?= `
        : `"${name}" `;
  const subjectText = /[^\x20-\x7e]/.test(subject)
    ? `=?UTF-8?B?${Buffer.from(subject).toString('base64')}?=`
    : subject;
  const lines = [
    `From: ${quoted}<${user}@${domain}>`,
    `To: ${random.chance(0.15) ? `"${cast.name}" ` : ''}${random.chance(0.5) ? `<${cast.recipient}>` : cast.recipient}`,
    `Subject: ${subjectText}`,
    `Message-ID: <${random.text(20)}@${domain}>`,
    'MIME-Version: 1.0',
  ];
  if (isPerson) {
    if (random.chance(0.7))
      lines.push(
        random.pick([
          'User-Agent: Mozilla Thunderbird',
          'X-Mailer: Apple Mail (2.3731)',
          'X-Mailer: Microsoft Outlook 16.0',
          'X-Mailer: iPhone Mail (20A362)',
          'User-Agent: Roundcube Webmail',
        ]),
      );
    if (/^re:|^aw:|^r:|^tr:/i.test(subject))
      lines.push(
        `In-Reply-To: <${random.text(16)}@mail.example>`,
        `References: <${random.text(16)}@mail.example>`,
      );
  } else if (random.chance(isSpam ? 0.25 : 0.2)) {
    lines.push(
      random.pick([
        'X-Mailer: PHPMailer 6.6.0',
        'X-Mailer: Magento',
        'X-Mailer: PHP/8.1',
        `X-Mailer: ${random.text(8)}`,
        'X-Mailer: Microsoft Outlook Express 6.00.2600.0000',
      ]),
    );
  }
  if (isBulk || random.chance(isSpam ? 0.12 : 0.06)) {
    if (random.chance(0.75))
      lines.push(
        `List-Unsubscribe: <https://${isSpam ? `${random.text(7)}.com` : cast.site}/u/${random.text(8)}>`,
      );
    if (random.chance(0.3)) lines.push('List-Unsubscribe-Post: List-Unsubscribe=One-Click');
    if (random.chance(0.4)) lines.push('Precedence: bulk');
    if (!isSpam && random.chance(0.3)) lines.push(`List-Id: <news.${cast.site.slice(4)}>`);
  }
  if (!isSpam && !isPerson && random.chance(0.15)) lines.push('Auto-Submitted: auto-generated');
  if (isSpam && random.chance(0.06)) lines.push('X-Priority: 1');
  if (isSpam) {
    // Spam copies what speaks for a message.
    if (random.chance(/^(?:re|aw|fwd):/i.test(subject) ? 0.5 : 0.05))
      lines.push(
        `In-Reply-To: <${random.text(16)}@mail.example>`,
        `References: <${random.text(16)}@mail.example>`,
      );
    if (random.chance(0.04)) lines.push(`List-Id: <${random.text(9)}.example>`);
    if (random.chance(0.04)) lines.push('Auto-Submitted: auto-generated');
    if (random.chance(0.08))
      lines.push(
        random.pick([
          'X-Mailer: Microsoft Outlook 16.0',
          'X-Mailer: Apple Mail (2.3731)',
          'User-Agent: Mozilla Thunderbird',
        ]),
      );
  }
  const answers = template.kind === 'advance' || template.kind === 'seo' ? 0.5 : isSpam ? 0.12 : 0.1;
  if (random.chance(answers))
    lines.push(
      `Reply-To: ${isSpam ? `${slug(cast.person)}${random.below(99)}@gmail.com` : `service@${ownDomain}`}`,
    );
  return lines;
}

/** Writes one message of a template. */
export function compose(template: Template, random: Random): Buffer {
  const cast = castOf(template.language, random);
  const isSpam = template.label === 'spam';
  const place = spamPlace(cast, random);
  let subject = fill(random.pick(template.subjects), cast, random);
  if (isSpam && random.chance(0.1)) subject = `${random.pick(['⚠️', '🎁', '🔔', '✅', '❤️', '📦'])} ${subject}`;
  if (isSpam && random.chance(0.06)) subject = `${subject} ${cast.recipient}`;
  if (isSpam && random.chance(0.1))
    subject = `${random.pick(['Re:', 'RE:', 'Re: ', 'Fwd:', 'AW:'])} ${subject}`;
  const pieces: Piece[] = [];
  for (const { type, text } of template.blocks) {
    if (type === 'optional' && random.chance(0.5)) continue;
    // Honest mail too is written by people in a hurry; spam is often cut short.
    if (type === 'text' && pieces.length > 0 && random.chance(isSpam ? 0.15 : 0.1)) continue;
    const filled = fill(text, cast, random);
    const link = isSpam ? spamLink(place, cast, random) : honestLink(cast, random, filled.slice(0, 20));
    pieces.push({ type: type === 'button' ? 'button' : 'text', text: filled, link });
  }
  const disguised =
    isSpam && random.chance(0.1)
      ? pieces.map((piece) => ({ ...piece, text: disguise(piece.text, random) }))
      : pieces;
  const layout = random.pick(layouts[template.kind] ?? usualLayouts);
  let plain = textOf(disguised);
  if (template.kind === 'person') {
    if (random.chance(0.4)) plain += `\n\n-- \n${cast.person}\n${random.pick(lastNames)} GmbH`;
    if (random.chance(0.4))
      plain += `\n\nOn 12.03.2024 ${cast.other} wrote:\n> ${random.pick(cast.vocabulary.chat)}\n> ${random.pick(cast.vocabulary.chat)}\n`;
  }
  const headers = headersOf(template, cast, subject, random);
  const isBase64 = random.chance(isSpam ? 0.35 : 0.25);
  const isPicture = isSpam && layout !== 'plain' && random.chance(0.08);
  const html = isPicture ? pictureOf(cast, place, random) : htmlOf(disguised, layout, cast, isSpam, random);
  if (layout === 'plain')
    return Buffer.from(`${headers.join('\r\n')}\r\n${encoded('text/plain', plain, isBase64)}`);
  const isAlone = random.chance(isSpam ? 0.72 : layout === 'letter' ? 0.4 : 0.6);
  if (isAlone) return Buffer.from(`${headers.join('\r\n')}\r\n${encoded('text/html', html, isBase64)}`);
  const boundary = `=_${random.text(20)}`;
  const other = isSpam && random.chance(0.3) ? random.pick(cast.vocabulary.chat) : plain;
  return Buffer.from(
    `${headers.join('\r\n')}\r\nContent-Type: multipart/alternative; boundary="${boundary}"\r\n\r\n--${boundary}\r\n${encoded('text/plain', other, isBase64, boundary)}--${boundary}\r\n${encoded('text/html', html, isBase64, boundary)}--${boundary}--\r\n`,
  );
}
