import type { HtmlStructure } from '../../core/index.ts';
import type { Found } from './found.ts';

const groups = ['content'] as const;

export const pageSymbols = {
  HTML_ATTACHMENT_FORM: {
    score: 3,
    description: 'An attached page has a form',
    groups,
    oneShot: true,
  },
  HTML_ATTACHMENT_SCRIPT: { score: 0.5, description: 'An attached page has scripts', groups, oneShot: true },
  HTML_ATTACHMENT_REDIRECT: {
    score: 2,
    description: 'An attached page leads to another one by itself',
    groups,
    oneShot: true,
  },
  HTML_ATTACHMENT_SMUGGLING: {
    score: 5,
    description: 'A script of an attached page puts together a file or another page',
    groups,
    oneShot: true,
  },
} as const;

/** A script hands the browser a file that it made. */
const makesFile =
  /\b(?:createObjectURL|msSave(?:OrOpen)?Blob)\b|\bnew\s+(?:Blob|File)\s*\(\s*\[|["']data:application\//;
/** Bytes or text come out of something else. */
const decodes =
  /\b(?:atob|unescape|fromCharCode|charCodeAt|fromCodePoint|TextDecoder)\b|\bCryptoJS\b|\\x[0-9a-f]{2}\\x[0-9a-f]{2}\\x/i;
/** What was put together becomes the page, or runs. */
const writes =
  /\bdocument\s*(?:\.\s*write(?:ln)?|\[\s*["']write["']\s*\])\s*\(|\beval\s*\(|\bnew\s+Function\s*\(|\.(?:innerHTML|outerHTML|srcdoc)\s*=|\bdocument\.documentElement\b/;
const navigates = /\b(?:location(?:\.href)?\s*=[^=]|location\.(?:replace|assign)\s*\()/;
/** A page that is nothing but the way to another one has next to no text. */
const fewCharacters = 200;

/** What is remarkable about one attached page. */
export function* judgePage(page: HtmlStructure, name: string): Generator<Found<keyof typeof pageSymbols>> {
  const fields = page.forms.reduce((count, form) => count + form.fields, 0);
  const asksPassword = page.forms.some((form) => form.passwords > 0);
  // Pages that people save have a field to search in.
  if (fields > 0) yield ['HTML_ATTACHMENT_FORM', asksPassword ? 1 : fields > 1 ? 0.5 : 0.2, name];
  if (page.scripts.length > 0 || page.scriptAttributes > 0) yield ['HTML_ATTACHMENT_SCRIPT', 1, name];
  const isBare = page.characters.total < fewCharacters;
  const leads =
    page.refresh !== undefined || (isBare && page.scripts.some((script) => navigates.test(script)));
  if (leads) yield ['HTML_ATTACHMENT_REDIRECT', 1, name];
  const all = page.scripts.join('\n');
  if (decodes.test(all) && (makesFile.test(all) || (isBare && writes.test(all))))
    yield ['HTML_ATTACHMENT_SMUGGLING', 1, name];
}
