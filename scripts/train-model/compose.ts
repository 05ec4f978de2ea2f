import { attachmentsOf } from './attachments.ts';
import { type Cast, castOf, fill, slug } from './fill.ts';
import { forwardHead, forwardSubject } from './forward.ts';
import { headersOf, personKinds } from './headers.ts';
import { htmlOf, layoutOf, type Piece, pictureOf } from './layout.ts';
import { honestLink, spamLink, spamPlace } from './links.ts';
import type { Random } from './random.ts';
import type { Template } from './templates.ts';
import { lastNames } from './vocabulary.ts';

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

const emblems = ['⚠️', '🎁', '🔔', '✅', '❤️', '📦', '🚀', '💰', '🎉', '⛔'];

function subjectOf(template: Template, cast: Cast, random: Random): string {
  const subject = fill(random.pick(template.subjects), cast, random);
  if (template.label === 'ham') {
    const isBulk = !personKinds.has(template.kind) && random.chance(0.05);
    return isBulk ? `${random.pick(emblems)} ${subject}` : subject;
  }
  const draw = random.next();
  if (draw < 0.1) return `${random.pick(emblems)} ${subject}`;
  if (draw < 0.16) return `${subject} ${cast.recipient}`;
  if (draw < 0.26) return `${random.pick(['Re:', 'RE:', 'Re: ', 'Fwd:', 'AW:'])} ${subject}`;
  if (draw < 0.31)
    return `${subject} ${random.text(12, 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789')}`;
  return subject;
}

/** Share of honest notices that have no link at all: they only tell something. */
const withoutLink = 0.2;

function piecesOf(template: Template, cast: Cast, place: string, random: Random): readonly Piece[] {
  const isSpam = template.label === 'spam';
  const isLinkless = !isSpam && random.chance(withoutLink);
  const pieces: Piece[] = [];
  for (const { type, text } of template.blocks) {
    if (type === 'optional' && random.chance(0.5)) continue;
    // Honest mail too is written by people in a hurry; spam is often cut short.
    if (type === 'text' && pieces.length > 0 && random.chance(isSpam ? 0.15 : 0.1)) continue;
    const filled = fill(text, cast, random);
    if (filled === '') continue;
    const link = isSpam ? spamLink(place, cast, random) : honestLink(cast, random, filled.slice(0, 20));
    if (type !== 'button') pieces.push({ type: 'text', text: filled, link });
    else if (!isLinkless) pieces.push({ type: 'button', text: filled, link });
    else if (random.chance(0.5)) pieces.push({ type: 'text', text: filled, link });
  }
  return pieces;
}

/** Kinds of spam that show a picture and say the rest in text of others that nobody is to read. */
const pictureKinds =
  /^(?:miracle|homeservice|tools|offer|prize|rewards|casino|stud|newslettermask|loan|wunder)$/;

/** Honest sentences below a picture, as spam brings them for filters to read. */
function appendedOf(cast: Cast, random: Random): string {
  const sentences = Array.from({ length: 4 + random.below(20) }, () =>
    random.pick([...cast.vocabulary.chat, ...cast.vocabulary.topics]),
  );
  const style = random.pick([
    '',
    'font-size:1px;color:#fff',
    'display:none',
    'color:#fefefe;font-size:9px',
    'font-size:8px',
  ]);
  return `<div style="${style}"><p>${sentences.join(' ')}</p><p>View in browser · Unsubscribe · Privacy</p></div>`;
}

function quoteBelow(cast: Cast, random: Random): string {
  return `\n\nOn 12.03.2024 ${cast.other} wrote:\n> ${random.pick(cast.vocabulary.chat)}\n> ${random.pick(cast.vocabulary.chat)}\n`;
}

const htmlQuote = (cast: Cast, random: Random): string =>
  random.chance(0.5)
    ? `<div class="gmail_quote"><div>On Tue, ${cast.other} wrote:<br></div><blockquote>${random.pick(cast.vocabulary.chat)} ${random.pick(cast.vocabulary.chat)}</blockquote></div>`
    : `<blockquote type="cite">${random.pick(cast.vocabulary.chat)}</blockquote>`;

/** The parts of a message below its header. */
function bodyOf(texts: readonly string[], template: Template, random: Random): string {
  const attachments = attachmentsOf(template, random);
  const outer = `=_${random.text(20)}`;
  const inner = `=_${random.text(20)}`;
  const [only] = texts;
  const text =
    texts.length === 1
      ? only!
      : `Content-Type: multipart/alternative; boundary="${inner}"\r\n\r\n${texts.map((part) => `--${inner}\r\n${part}`).join('')}--${inner}--\r\n`;
  if (attachments.length === 0) return text;
  const files = attachments.map(
    ({ name, type, content }) =>
      `--${outer}\r\nContent-Type: ${type}; name="${name}"\r\nContent-Disposition: attachment; filename="${name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${(content.toString('base64').match(/.{1,76}/g) ?? []).join('\r\n')}\r\n`,
  );
  return `Content-Type: multipart/mixed; boundary="${outer}"\r\n\r\n--${outer}\r\n${text}${files.join('')}--${outer}--\r\n`;
}

/** Writes one message of a template. */
export function compose(template: Template, random: Random): Buffer {
  const cast = castOf(template.language, random);
  const isSpam = template.label === 'spam';
  const isPerson = !isSpam && personKinds.has(template.kind);
  const place = spamPlace(cast, random);
  let subject = subjectOf(template, cast, random);
  const pieces = piecesOf(template, cast, place, random);
  const isDisguised = isSpam && random.chance(0.1);
  const shown = isDisguised
    ? pieces.map((piece) => ({ ...piece, text: disguise(piece.text, random) }))
    : pieces;
  const layout = layoutOf(template.kind, random);
  let plain = textOf(shown);
  let html = htmlOf(shown, layout, cast, isSpam, random);
  if (isPerson && random.chance(0.4)) plain += `\n\n-- \n${cast.person}\n${random.pick(lastNames)} GmbH`;
  if (isPerson && random.chance(0.4)) {
    plain += quoteBelow(cast, random);
    html += htmlQuote(cast, random);
  }
  if (isSpam && layout !== 'plain' && random.chance(pictureKinds.test(template.kind) ? 0.3 : 0.06)) {
    html = pictureOf(cast, place, random) + (random.chance(0.6) ? appendedOf(cast, random) : '');
  }
  if (random.chance(isSpam ? 0.07 : isPerson ? 0.08 : 0.01)) {
    const sender = `${isSpam ? cast.brand : cast.other} <${slug(cast.person)}@${random.text(7)}.${random.pick(['com', 'net', 'example'])}>`;
    const head = forwardHead(cast, sender, subject, random);
    subject = forwardSubject(subject, random);
    plain = `${head}\n${plain}`;
    html = `<div>${head.replaceAll('<', '&lt;').replaceAll('\n', '<br>\n')}</div>${html}`;
  }
  const headers = `${headersOf(template, cast, subject, random).join('\r\n')}\r\n`;
  const isBase64 = random.chance(isSpam ? 0.35 : 0.25);
  if (layout === 'plain')
    return Buffer.from(headers + bodyOf([encoded('text/plain', plain, isBase64)], template, random));
  const isAlone = random.chance(isSpam ? 0.65 : layout === 'letter' ? 0.4 : 0.6);
  if (isAlone) return Buffer.from(headers + bodyOf([encoded('text/html', html, isBase64)], template, random));
  const other = isSpam && random.chance(0.3) ? random.pick(cast.vocabulary.chat) : plain;
  return Buffer.from(
    headers +
      bodyOf(
        [encoded('text/plain', other, isBase64, ''), encoded('text/html', html, isBase64, '')],
        template,
        random,
      ),
  );
}
