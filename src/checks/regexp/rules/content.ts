import type { StockRule } from './rule.ts';

// Texts and links. Conditions: reference of modules 3.5.

const raw = String.raw;
const rule = (group: string, score: number, re: string, description: string): StockRule => ({
  re,
  score,
  description,
  group,
});
const once = (stock: StockRule): StockRule => ({ ...stock, oneShot: true });

/** A word as it looks, however it is disguised. */
const words = (pattern: string): string => `/^(?:${pattern})$/{skeleton_words}`;

/** A name of content in IPFS: version 0 in Base58, version 1 in Base32. */
const contentId = raw`(?:Qm[1-9A-HJ-NP-Za-km-z]{44}|baf[a-z2-7]{55,60})`;

export const contentRules: Readonly<Record<string, StockRule>> = {
  HTML_META_REFRESH_URL: once(
    rule(
      'HTML',
      5,
      raw`/<meta\s{1,32}http-equiv\s?=\s?["']?refresh["']?\s{1,32}content\s?=\s?["']?\s?\d{1,6}\s{0,8};\s{0,8}url\s?=/i{raw_mime}`,
      'The HTML leads on to another page by itself',
    ),
  ),
  HAS_DATA_URI: once(
    rule('HTML', 0, raw`/\bdata:[a-z]{2,32}\/[^;\s"'<>]{1,64};base64,/i{raw_mime}`, 'There is a data: link'),
  ),
  DATA_URI_OBFU: once(
    rule('HTML', 2, raw`/\bdata:text\/(?:plain|html);base64,/i{raw_mime}`, 'A data: link hides a text'),
  ),
  INTRODUCTION: once(
    rule(
      'scams',
      2,
      raw`/\b(?:my name is|(?:i am|this is)\s{1,8}(?:mr|mrs|ms|miss|master|sir|prof|professor|dr|doctor|rev|reverend))\b/i{sa_body}`,
      'The sender introduces himself',
    ),
  ),
  HAS_ONION_URI: rule(
    'url',
    0,
    raw`/^[a-z]+:\/\/(?:[^\/?#]{0,255}[.@])?(?:[a-z2-7]{16}|[a-z2-7]{56})\.onion(?![\w.-])/i{url}`,
    'There is a link to a hidden service of Tor',
  ),
  HAS_IPFS_GATEWAY_URL: rule(
    'url',
    6,
    raw`/\bipfs\b/i{url} & /[\/.=]${contentId}(?![A-Za-z0-9])|^[a-z]+:\/\/${contentId}\./{url}`,
    'There is a link to a file in IPFS',
  ),
  HAS_GUC_PROXY_URI: rule(
    'url',
    1,
    raw`/\.googleusercontent\.com\/proxy/i{url}`,
    'There is a link through the proxy of googleusercontent.com',
  ),
  HAS_GOOGLE_REDIR: rule(
    'url',
    1,
    raw`/^[a-z]+:\/\/(?:www\.)?google\.[a-z.]{2,6}\/(?:url\?|amp\/)/i{url}`,
    'There is a link that Google leads on',
  ),
  HAS_GOOGLE_FIREBASE_URL: rule(
    'url',
    2,
    raw`/^[a-z]+:\/\/firebasestorage\.googleapis\.com\//i{url}`,
    'There is a link to the storage of Firebase',
  ),
  HAS_FILE_URL: rule('url', 2, raw`/(?<![\w.:])file:\/\//i{raw_mime}`, 'There is a link to a file'),
  LEAKED_PASSWORD_SCAM_RE: rule(
    'scams',
    0,
    `has_symbol(BITCOIN_ADDR) & (${[
      words('password|passphrase'),
      words('wallet'),
      words('victim|prey'),
      words('webcam'),
      words('mast[ur]{2}bati(?:on|ng)|onanism|solitary'),
      'has_flag(bad_unicode)',
      raw`/<img\b[^>]{0,512}\bsrc\s?=\s?["']?\s?data:/i{raw_mime}`,
      'header_exists(List-Unsubscribe)',
      'header_exists(X-PHP-Originating-Script)',
    ].join(' | ')})`,
    'A Bitcoin address and words of extortion',
  ),
};
