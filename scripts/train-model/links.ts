import { type Cast, slug } from './fill.ts';
import type { Random } from './random.ts';

const words = [
  'track',
  'secure',
  'best',
  'green',
  'daily',
  'nova',
  'prime',
  'mail',
  'cloud',
  'smart',
  'home',
  'news',
  'data',
  'fast',
  'blue',
  'river',
  'studio',
  'house',
  'web',
  'media',
];
const cheap = [
  'xyz',
  'top',
  'info',
  'shop',
  'online',
  'site',
  'club',
  'live',
  'click',
  'icu',
  'cf',
  'ru',
  'us',
  'store',
  'buzz',
];
const common = ['com', 'net', 'org', 'de', 'fr', 'com.br', 'co.uk', 'it', 'es', 'nl', 'in', 'co'];
const hosting = [
  'web.app',
  'firebaseapp.com',
  'weebly.com',
  'blogspot.com',
  'pages.dev',
  'github.io',
  'netlify.app',
  'herokuapp.com',
  'r2.dev',
  'wixsite.com',
];

/** The kind of place a spammer's links lead to; all links of a message lead to the same. */
export function spamPlace(cast: Cast, random: Random): string {
  const word = random.pick(words) + random.pick(words);
  const draw = random.next();
  if (draw < 0.2) return `https://${random.text(6 + random.below(6))}.${random.pick(cheap)}`;
  if (draw < 0.4)
    return `http${random.pick(['', 's'])}://www.${word}.${random.pick(common)}/${random.pick(['wp-content/plugins/x', 'wp-includes/css', 'img/.a', 'old', 'index.php', 'shop/tmp'])}`;
  if (draw < 0.5) return `https://${word}-${random.text(5)}.${random.pick(hosting)}`;
  if (draw < 0.58)
    return `https://${random.pick(['bit.ly', 'tinyurl.com', 't.ly', 'cutt.ly', 'rb.gy', 't.co', 'is.gd'])}`;
  if (draw < 0.68)
    return `https://${slug(cast.brand)}-${random.pick(words)}.${random.pick([...cheap, ...common])}`;
  if (draw < 0.71) return `http://${[0, 0, 0, 0].map(() => 1 + random.below(220)).join('.')}`;
  if (draw < 0.8) return `https://storage.googleapis.com/${random.text(8)}/${random.text(8)}.html#`;
  if (draw < 0.9)
    return `http://${random.pick(['click', 'trk', 'link', 'go', 'r'])}.${word}.${random.pick([...cheap, ...common])}`;
  return `https://${word}.${random.pick(common)}`;
}

/** A link below a spammer's place. */
export function spamLink(place: string, cast: Cast, random: Random): string {
  const draw = random.next();
  if (draw < 0.15) return `${place}/?e=${cast.recipient}`;
  if (draw < 0.4) return `${place}/${random.text(6 + random.below(24))}`;
  if (draw < 0.55)
    return `${place}/${random.pick(['login', 'verify', 'c', 'r', 'track'])}.${random.pick(['php', 'html', 'php'])}?id=${random.text(12)}`;
  if (draw < 0.7) return `${place}/${random.text(40)}/${random.text(60)}`;
  return `${place}/${random.text(8)}`;
}

/** A link into the pages of an honest sender. */
export function honestLink({ site }: Cast, random: Random, what: string): string {
  const place = random.pick([
    `https://${site}/${slug(what)}`,
    `https://${site}/${random.pick(['account', 'customer/account', 'index.php/account/login', 'user', 'orders', 'blog', 'news', 'forum/viewtopic.php?t=41', 'help', 'p/12'])}`,
    `http://${site}/${slug(what)}/?id=${random.text(10)}`,
    `https://${site}/confirm?token=${random.text(32)}&utm_source=mail`,
    `https://${random.pick(['click', 'links', 'email', 'url1234'])}.${site.slice(4)}/ls/click?upn=${random.text(90)}`,
  ]);
  return place;
}
