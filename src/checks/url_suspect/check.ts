import { hiddenLinks } from '../../content/index.ts';
import {
  defineCheck,
  type InsertHit,
  type MapHandle,
  priorities,
  type Task,
  type UrlView,
} from '../../core/index.ts';
import { isPublicIp, parseIp } from '../../lib/index.ts';
import { type UrlSuspectOptions, urlSuspectOptions } from './options.ts';

/** A link longer than this is none that people hide in text. */
const maxHiddenLength = 2_048;

const symbols = {
  URL_USER_PASSWORD: { score: 2, description: 'A link with a user', oneShot: true },
  URL_USER_LONG: { score: 3, description: 'A link with a long user', oneShot: true },
  URL_USER_VERY_LONG: { score: 5, description: 'A link with a very long user', oneShot: true },
  URL_NUMERIC_IP: { score: 1.5, description: 'A link to an address', oneShot: true },
  URL_NUMERIC_IP_USER: { score: 4, description: 'A link to an address, with a user', oneShot: true },
  URL_NUMERIC_PRIVATE_IP: {
    score: 0.5,
    description: 'A link to an address of a private network',
    oneShot: true,
  },
  URL_NO_TLD: { score: 2, description: 'A link to a name without public suffix', oneShot: true },
  URL_SUSPICIOUS_TLD: { score: 3, description: 'A link to a top-level domain of a bad name', oneShot: true },
  URL_BAD_UNICODE: {
    score: 3,
    description: 'A link with characters that could not be decoded',
    oneShot: true,
  },
  URL_HOMOGRAPH_ATTACK: { score: 5, description: 'A link whose host looks like another one', oneShot: true },
  URL_RTL_OVERRIDE: { score: 6, description: 'A link with text that is turned round', oneShot: true },
  URL_ZERO_WIDTH_SPACES: {
    score: 7,
    description: 'A link with invisible characters in its host',
    oneShot: true,
  },
  URL_MULTIPLE_AT_SIGNS: { score: 3, description: 'A link with many @', oneShot: true },
  URL_BACKSLASH_PATH: { score: 2, description: 'A link with backslashes', oneShot: true },
  URL_EXCESSIVE_DOTS: { score: 2, description: 'A link to a host of many labels', oneShot: true },
  URL_VERY_LONG: { score: 1.5, description: 'A very long link', oneShot: true },
  URL_QUERY_MULTIPLE_URLS: { score: 2, description: 'A link with several links in its query', oneShot: true },
  URL_OBFUSCATED_TEXT: { score: 5, description: 'A link that text hides from programs', oneShot: true },
} as const;
type Sym = keyof typeof symbols;

export const urlSuspect = defineCheck({
  name: 'url_suspect',
  summary: 'Finds links that are written to deceive: by users, addresses, odd characters and hidden forms.',
  details: [
    'Looks at links with one of `process_flags` and at those with characters that cannot be decoded. Options of symbols are',
    'hosts.',
    '',
    'An IDN looks like another name when a label mixes alphabets that resemble each other, has phonetic signs, or is written',
    'wholly in foreign letters that look Latin under a top-level domain in ASCII.',
    '',
    'Text hides a link by `hxxp`, by `[.]` or `(dot)` between labels, by blanks between the letters of `http://`, by entities',
    'in plain text, and by ` dot ` after `www`, after `http://` or before a path. What is found joins the links of the message',
    'for all later checks. Mail addresses that are written so for fear of robots are none.',
    '',
    'Unlike Rspamd, `process_flags` holds `idn` from the start: names that imitate others have no other flag.',
  ].join('\n'),
  group: 'url',
  stage: 'filter',
  direction: 'both',
  needs: ['urls'],
  config: urlSuspectOptions,
  unsupported: {
    custom_checks: 'Lua code is not run here; write a rule of `multimap` or `regexp`',
    user_patterns: 'it changes no verdict, and what a message says is not logged',
    user_blacklist: 'it changes no verdict, and what a message says is not logged',
    suspicious_ips: 'it changes no verdict, and what a message says is not logged',
  },
  symbols,
  create({ config, maps, path, configError }) {
    const { checks } = config;
    if (config.use_whitelist && config.whitelist === undefined)
      throw configError(['use_whitelist'], 'a map `whitelist` is needed', 'whitelist = …');
    const whitelist = config.use_whitelist
      ? maps.open(config.whitelist, 'set', {
          description: 'url_suspect: links that are left alone',
          path: path('whitelist'),
        })
      : undefined;
    const tlds = checks.tld.enabled
      ? maps.open(checks.tld.suspicious, 'set', {
          description: 'url_suspect: top-level domains of a bad name',
          path: path('checks', 'tld', 'suspicious'),
        })
      : undefined;
    const flags = new Set(config.process_flags);
    const judge = new Judge(checks, tlds);
    const { obfuscated_text: hidden } = checks;
    return [
      {
        name: 'URL_SUSPECT_CHECK',
        waits: (whitelist?.isExternal ?? false) || (tlds?.isExternal ?? false),
        async run(task, hit) {
          let left = config.max_urls;
          for (const url of task.content.urls) {
            if (!url.flags.some((flag) => flags.has(flag)) && !url.url.includes('\ufffd')) continue;
            if (left-- === 0) return;
            if (whitelist && (await isListed(whitelist, url, task.signal))) continue;
            await judge.judge(url, task.signal, hit);
          }
        },
      },
      ...(hidden.enabled
        ? [
            {
              name: 'URL_OBFUSCATED_TEXT_CHECK',
              stage: 'prefilter' as const,
              priority: priorities.medium,
              symbols: ['URL_OBFUSCATED_TEXT'] as const,
              run: (task: Task, hit: InsertHit<Sym>): void => findHidden(task, hidden, hit),
            },
          ]
        : []),
    ];
  },
});

async function isListed(map: MapHandle, { domain, host }: UrlView, signal: AbortSignal): Promise<boolean> {
  for (const key of [domain, host]) {
    const found = map.isExternal ? await map.ask(key, signal) : map.lookup(key);
    if (found !== undefined) return true;
  }
  return false;
}

/** Adds the links that texts hide, and tells them. */
function findHidden(
  task: Task,
  { max_text_length: maxLength, max_urls: maxUrls }: UrlSuspectOptions['checks']['obfuscated_text'],
  hit: InsertHit<Sym>,
): void {
  let told = 0;
  for (const { text } of task.content.texts) {
    const searched = text.length > maxLength ? text.slice(0, maxLength) : text;
    for (const link of hiddenLinks(searched, maxHiddenLength)) {
      const known = task.content.urls.length;
      const url = task.content.addUrl(link, { from: 'text' });
      // It may stand elsewhere for all to see, as the target of an anchor.
      if (url === undefined || task.content.urls.length === known) continue;
      hit('URL_OBFUSCATED_TEXT', 1, url.host);
      if (++told >= maxUrls) return;
    }
  }
}

/** User and password of a link as written, `''` without. */
function userInfo(url: string): string {
  const start = url.indexOf('://') + 3;
  const end = url.slice(start).search(/[/\\?#]/);
  const authority = end < 0 ? url.slice(start) : url.slice(start, start + end);
  return authority.slice(0, Math.max(0, authority.lastIndexOf('@')));
}

function countOf(text: string, char: string): number {
  let count = 0;
  for (let at = text.indexOf(char); at >= 0; at = text.indexOf(char, at + 1)) count++;
  return count;
}

class Judge {
  readonly #checks: UrlSuspectOptions['checks'];
  readonly #tlds: MapHandle | undefined;

  constructor(checks: UrlSuspectOptions['checks'], tlds: MapHandle | undefined) {
    this.#checks = checks;
    this.#tlds = tlds;
  }

  async judge(url: UrlView, signal: AbortSignal, hit: InsertHit<Sym>): Promise<void> {
    const { user_password: user, numeric_ip: numeric, unicode, structure, query_urls: query } = this.#checks;
    const isNumeric = url.flags.includes('numeric');
    const hasUser = url.flags.includes('has_user');
    if (user.enabled && hasUser) hit(this.#userSymbol(url), 1, url.host);
    if (numeric.enabled && isNumeric) {
      const ip = parseIp(url.host);
      if (hasUser) hit('URL_NUMERIC_IP_USER', 1, url.host);
      else hit(ip && !isPublicIp(ip) ? 'URL_NUMERIC_PRIVATE_IP' : 'URL_NUMERIC_IP', 1, url.host);
    }
    if (this.#tlds && !isNumeric) await this.#judgeTld(url, this.#tlds, signal, hit);
    if (unicode.enabled) this.#judgeUnicode(url, hit);
    if (structure.enabled) this.#judgeStructure(url, hit);
    if (query.enabled && (url.query.match(/https?(?::|%3a)/gi)?.length ?? 0) > query.max_query_urls)
      hit('URL_QUERY_MULTIPLE_URLS', 1, url.host);
  }

  #userSymbol(url: UrlView): Sym {
    const { long, very_long: veryLong } = this.#checks.user_password.length_thresholds;
    const { length } = userInfo(url.url).split(':', 1)[0]!;
    if (length > veryLong) return 'URL_USER_VERY_LONG';
    return length > long ? 'URL_USER_LONG' : 'URL_USER_PASSWORD';
  }

  async #judgeTld(url: UrlView, tlds: MapHandle, signal: AbortSignal, hit: InsertHit<Sym>): Promise<void> {
    if (url.flags.includes('no_tld')) {
      hit('URL_NO_TLD', 1, url.host);
      return;
    }
    const label = url.host.slice(url.host.lastIndexOf('.') + 1);
    for (const key of [`.${label}`, label]) {
      const found = tlds.isExternal ? await tlds.ask(key, signal) : tlds.lookup(key);
      if (found === undefined) continue;
      hit('URL_SUSPICIOUS_TLD', 1, url.host);
      return;
    }
  }

  #judgeUnicode({ url, host, flags }: UrlView, hit: InsertHit<Sym>): void {
    const { unicode } = this.#checks;
    if (unicode.check_validity && url.includes('\ufffd')) hit('URL_BAD_UNICODE', 1, host);
    if (unicode.check_homograph && flags.includes('homograph')) hit('URL_HOMOGRAPH_ATTACK', 1, host);
    if (unicode.check_rtl_override && url.includes('\u202e')) hit('URL_RTL_OVERRIDE', 1, host);
    if (unicode.check_zero_width && flags.includes('zw_spaces')) hit('URL_ZERO_WIDTH_SPACES', 1, host);
  }

  #judgeStructure({ url, host, path, query, flags }: UrlView, hit: InsertHit<Sym>): void {
    const { structure } = this.#checks;
    if (structure.check_multiple_at && countOf(url, '@') > structure.max_at_signs)
      hit('URL_MULTIPLE_AT_SIGNS', 1, host);
    if (
      structure.check_backslash &&
      flags.includes('obscured') &&
      (path.includes('\\') || query.includes('\\'))
    )
      hit('URL_BACKSLASH_PATH', 1, host);
    if (structure.check_excessive_dots && countOf(host, '.') > structure.max_host_dots)
      hit('URL_EXCESSIVE_DOTS', 1, host);
    if (structure.check_length && url.length > structure.max_url_length) hit('URL_VERY_LONG', 1, host);
  }
}
