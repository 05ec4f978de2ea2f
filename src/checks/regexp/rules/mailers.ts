import type { StockRule } from './rule.ts';

// Mail programs: what they call themselves against what they are known to write. Conditions: reference of modules 3.2.

const raw = String.raw;
const mua = (score: number, re: string, description: string): StockRule => ({
  re,
  score,
  description,
  group: 'mua',
});
const headers = (score: number, re: string, description: string): StockRule => ({
  ...mua(score, re, description),
  group: 'headers',
});

const mailer = (pattern: string): string => `X-Mailer=/${pattern}/{header}`;
const agent = (pattern: string): string => `User-Agent=/${pattern}/{header}`;
const mid = (pattern: string): string => `Message-Id=/${pattern}/{header}`;

/** Message-IDs that were made by something on the way. */
const isReplacedMid = `(${[
  raw`List-Unsubscribe=/<mailto:(?:leave-[^\s@<>]{1,64}|[^\s@<>]{1,64}-unsubscribe)@[^\s@<>]{1,255}>$/{header}`,
  raw`Received=/\/CWT\/DCE\)/{header}`,
  'Received=/iPlanet Messaging Server/{header}',
  mid(raw`^<?BAY\d+-DAV\d+[A-Z0-9]{25}@phx\.gbl?>?$`),
  mid(raw`^<?BAYC\d+-PASMTP\d+[A-Z0-9]{25}@CEZ\.ICE>?$`),
  mid(raw`^<?mailman\.\d+\.\d+\.\d+\.[\w.:=+-]+@[A-Za-z\d.-]+>?$`),
].join(' | ')})`;

const dollarMid = mid(raw`^<?(?:[0-9a-f]{8}|[0-9a-f]{12})\$[0-9a-f]{8}\$[0-9a-f]{8}@\S+>?$`);
const vistaMid = mid(raw`^<?[A-F\d]{32}@\S+>?$`);
const imsMid = mid(raw`^<?[A-F\d]{36,40}@\S+>?$`);
const hotmailMid = mid(raw`^<?[A-Za-z0-9-]{7}[A-Za-z0-9]{20}@hotmail\.com>?$`);

const isForgedExpress = `(${mailer(raw`\bOutlook Express [456]\.`)} & !${hotmailMid} & !${dollarMid})`;
const isForgedOutlook = `(${mailer(raw`^Microsoft Outlook(?: 8| CWS, Build 9|, Build 10)\.`)} & !${dollarMid} & !${mid('^<?!~!')} & !${imsMid})`;

const fromYahooGroups = raw`Received=/^from \[[^\s\]]{1,64}\] by \S{1,128}\.(?:groups|scd|dcn)\.yahoo\.com with NNFMP/{header}`;
const isOutlook = mailer(raw`^Microsoft Outlook\b`);

const boundary = (pattern: string): string =>
  `Content-Type=/^multipart\\/.{0,512}boundary="${pattern}"/i{raw_header}`;

export const mailerRules: Readonly<Record<string, StockRule>> = {
  FORGED_OUTLOOK_HTML: headers(
    5,
    `${isOutlook} & has_only_html_part() & !${fromYahooGroups}`,
    'Outlook, but the message has HTML only',
  ),
  FORGED_OUTLOOK_TAGS: headers(
    2.1,
    `${isOutlook} & content_type_is_type(text) & content_type_is_subtype(/.?html/) & !(has_html_tag(html) & has_html_tag(head) & has_html_tag(meta) & has_html_tag(body)) & !${fromYahooGroups}`,
    'Outlook, but the HTML lacks tags that it always writes',
  ),
  FORGED_MUA_OUTLOOK: mua(
    3,
    `(${isForgedExpress} | ${isForgedOutlook}) & !${isReplacedMid} & !${vistaMid} & !${mailer(raw`^Microsoft Outlook, Build 10\.0\.3416$`)} & !${mailer(raw`^Microsoft Outlook Express 6\.00\.3790\.3959$`)}`,
    'Outlook, but the Message-ID is not one of its',
  ),
  MISSING_MIMEOLE: headers(
    2,
    `header_exists(X-MSMail-Priority) & !header_exists(X-MimeOLE) & !${mailer(raw`SquirrelMail\b`)} & !${mailer(raw`^Microsoft (?:Office )?Outlook [12]\d\.0`)} & !${mailer('^Android')}`,
    'X-MSMail-Priority without X-MimeOLE',
  ),
  SUSPICIOUS_BOUNDARY: mua(
    5,
    boundary(raw`----=_NextPart_000_[A-Z\d]{4}_(?:00EBFFA4|0102FFA4|32C6FFA4|3302FFA4)\.[A-Z\d]{8}`),
    'A boundary of known spam programs',
  ),
  SUSPICIOUS_BOUNDARY2: mua(
    4,
    boundary(raw`----=_NextPart_000_[A-Z\d]{4}_01C6527E\.[A-Z\d]{8}`),
    'A boundary of a known spam program',
  ),
  SUSPICIOUS_BOUNDARY3: mua(
    3,
    boundary(raw`-----000-00\d\d-01C[\dA-F]{5}-[\dA-F]{8}`),
    'A boundary of a known spam program',
  ),
  SUSPICIOUS_BOUNDARY4: mua(
    4,
    `${boundary(raw`----=_NextPart_000_[A-Z\d]{4}_01C4[\dA-F]{4}\.[A-Z\d]{8}`)} & Date=/^\\w{3},\\s{1,4}\\d{1,2}\\s{1,4}\\w{3} 20(?:0[5-9]|[1-9]\\d)/{header}`,
    'A boundary that says 2004 with a later date',
  ),
  ...theBat(),
  FORGED_MUA_KMAIL_MSGID_UNKNOWN: mua(
    2.5,
    `${agent(raw`^KMail\/1\.\d+\.\d+`)} & !${mid(raw`^<?\s{0,4}\d+\.\d+\.\S+@\S+>?$`)} & !${isReplacedMid}`,
    'KMail, but the Message-ID is not one of its',
  ),
  FORGED_MUA_OPERA_MSGID: mua(
    4,
    `${agent(raw`^Opera Mail\/1[01]\.\d+ `)} & !${mid(raw`^<?op\.[a-z\d]{14}@\S+>?$`)} & !${isReplacedMid}`,
    'Opera Mail, but the Message-ID is not one of its',
  ),
  ...mozillaFamily(),
  FORGED_IMS: headers(
    3,
    `${mailer(raw`^Internet Mail Service \(5\.`)} & !Received=/^by \\S+ with Internet Mail Service \\(5\\./{header}`,
    'Internet Mail Service, but it is in no Received line',
  ),
  ...ageOfMailers(),
  APPLE_MAILER: headers(0, mailer(raw`^Apple Mail \(\d`), 'Written with Apple Mail'),
  MAIL_RU_MAILER: headers(
    0,
    `${mailer(raw`^Mail\.Ru Mailer 1\.0$`)} & Received=/^(?:from \\[\\d{1,3}(?:\\.\\d{1,3}){3}\\] )?by e\\.mail\\.ru with HTTP;/{header}`,
    'Written at mail.ru',
  ),
  YANDEX_RU_MAILER: headers(
    0,
    `${mailer(raw`^Yamail \[ http:\/\/yandex\.ru \] 5\.0$`)} & Received=/^by web\\d{1,2}[a-z]\\.yandex\\.ru with HTTP;/{header}`,
    'Written at yandex.ru',
  ),
  MAILER_1C_8: headers(0, mailer(raw`^1C:Enterprise 8\.[23]$`), 'Written with 1C:Enterprise 8'),
  MISSING_XM_UA: headers(
    0,
    '!header_exists(X-Mailer) & !header_exists(User-Agent)',
    'There is neither X-Mailer nor User-Agent',
  ),
  XM_UA_NO_VERSION: {
    ...headers(
      0.01,
      `(${mailer(raw`^[^0-9]+$`)} | ${agent(raw`^[^0-9]+$`)}) & !${mailer('https?:')} & !${agent('https?:')}`,
      'The mail program does not tell its version',
    ),
    group: 'experimental',
  },
};

function theBat(): Record<string, StockRule> {
  const isBat = mailer('^The Bat!');
  const likeBat = mid(raw`^<?\d+\.\d+@\S+>?$`);
  // Digits, a dot, and the time to the second.
  const ofBat = mid(raw`^<?\d+\.(?:19[789]\d|20\d\d)(?:0\d|1[012])(?:[012]\d|3[01])(?:[0-5]\d){3}@\S+>?$`);
  return {
    FORGED_MUA_THEBAT_MSGID: mua(
      4,
      `${isBat} & ${likeBat} & !${ofBat} & !${isReplacedMid}`,
      'The Bat!, but the Message-ID holds no time',
    ),
    FORGED_MUA_THEBAT_MSGID_UNKNOWN: mua(
      3,
      `${isBat} & !${likeBat} & !${ofBat} & !${isReplacedMid}`,
      'The Bat!, but the Message-ID is of another form',
    ),
    FORGED_MUA_THEBAT_BOUN: headers(
      2,
      `${mailer(raw`^The Bat! \(v1\.`)} & Content-Type=/boundary/i{header} & !Content-Type=/boundary="?-{10}/{header} & !X-Mailman-Version=/\\d/{header}`,
      'The Bat! 1, but the boundary is not one of its',
    ),
  };
}

function mozillaFamily(): Record<string, StockRule> {
  const host = raw`@(?:[^>.]+\.)+[^>.]+>?$`;
  const likeMozilla = mid(raw`^<?[\dA-F]{8}\.\d{1,7}${host}`);
  // The time in hexadecimal since 1997, and digits with a zero in every second place.
  const ofMozilla = mid(raw`^<?(?:3[3-9A-F]|[4-9A-F][\dA-F])[\dA-F]{6}\.(?:\d0){1,4}\d${host}`);
  const uuid = mid(raw`^<?[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}${host}`);
  const thunderbird = agent(
    raw`^(?:Mozilla )?Thunderbird|^Mozilla\/.{0,256}Gecko\/.{0,256}(?:Thunderbird|Icedove)\/`,
  );
  const seamonkey = agent(raw`^Mozilla\/5\.0\s.{1,256}\sSeaMonkey\/\d+\.\d`);
  const postbox = agent(raw`^Mozilla\/5\.0\s\([^)]+\)\sGecko\/\d+\sPostboxApp\/\d+(?:\.\d+){2,3}$`);
  const mozilla = `(${agent(raw`^Mozilla\/5\.0`)} & !${thunderbird} & !${seamonkey} & !${postbox})`;
  const programs = [
    { name: 'MOZILLA_MAIL', words: 'Mozilla Mail', is: mozilla, known: likeMozilla },
    { name: 'THUNDERBIRD', words: 'Thunderbird', is: thunderbird, known: `(${likeMozilla} | ${uuid})` },
    { name: 'SEAMONKEY', words: 'SeaMonkey', is: seamonkey, known: `(${likeMozilla} | ${uuid})` },
    { name: 'POSTBOX', words: 'Postbox', is: postbox, known: `(${likeMozilla} | ${uuid})` },
  ];
  return Object.fromEntries(
    programs.flatMap(({ name, words, is, known }) => [
      [
        `FORGED_MUA_${name}_MSGID`,
        mua(
          4,
          `${is} & ${likeMozilla} & !${ofMozilla} & !${isReplacedMid}`,
          `${words}, but the Message-ID only looks like one of its`,
        ),
      ],
      [
        `FORGED_MUA_${name}_MSGID_UNKNOWN`,
        mua(
          2.5,
          `${is} & !${known} & !${ofMozilla} & !${isReplacedMid}`,
          `${words}, but the Message-ID is of another form`,
        ),
      ],
    ]),
  );
}

/** Programs that nobody runs any more, and names that no program gives itself. */
function ageOfMailers(): Record<string, StockRule> {
  const old = [
    'Microsoft Outlook Express',
    raw`QUALCOMM Windows Eudora (?:Pro )?Version [1-6]\.`,
    raw`The Bat! \(v[12]\.`,
    raw`Microsoft Outlook IMO, Build 9\.0\.`,
    raw`Microsoft Outlook, Build 10\.`,
    raw`i(?:Phone|Pad) Mail \((?:[1-8][A-L]|12H|13E)`,
  ];
  const unreal = [
    'X-Mailer: ',
    raw`(?:Mozilla )?Thunderbird \d`,
    'eGroups Message Poster',
    'i(?:Phone|Pad) Mail',
  ];
  const ofApple = raw`^i(?:Phone|Pad) Mail \((?:1[AC]|[34][AB]|5[A-CF-H]|7[A-E]|8[A-CE-HJ-L]|9[AB]|\d\d[A-Z])\d+[a-z]?\)`;
  return {
    OLD_X_MAILER: headers(2, mailer(`^(?:${old.join('|')})`), 'A mail program of long ago'),
    FORGED_X_MAILER: headers(
      4.5,
      `${mailer(`^(?:${unreal.join('|')})`)} & !${mailer(ofApple)}`,
      'An X-Mailer that no mail program writes',
    ),
    APPLE_IOS_MAILER: headers(0, mailer(ofApple), 'Written with the mail program of iOS'),
  };
}
