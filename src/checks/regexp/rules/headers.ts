import type { StockRule } from './rule.ts';

// What honest software writes into header fields, and what only looks like it. Conditions: reference of modules 3.2.

const raw = String.raw;
const headers = (score: number, re: string, description: string): StockRule => ({
  re,
  score,
  description,
  group: 'headers',
});

const octet = raw`\d{1,3}`;
const ip = raw`${octet}\.${octet}\.${octet}\.${octet}`;
const midOfYahoo = raw`Message-Id=/@yahoo\.com\b/i{header}`;
const fromYahoo = raw`From=/@yahoo\.com\b/i{header}`;

export const headerRules: Readonly<Record<string, StockRule>> = {
  R_HTTP_URL_IN_FROM: headers(5, raw`From=/\bhttps?:\/\/\S/i{header}`, 'From holds a link'),
  R_NO_SPACE_IN_FROM: headers(
    1,
    raw`From=/[^\s<]<[\w.-]+@[\w.-]+>/{raw_header}`,
    'No blank between the name in From and the address',
  ),
  TO_WRAPPED_IN_SPACES: headers(
    2,
    raw`To=/<[ \t][\w.-]+@[\w.-]+[ \t]>/{raw_header}`,
    'An address in To has blanks inside its angle brackets',
  ),
  MISSING_SUBJECT: headers(2, '!raw_header_exists(Subject)', 'There is no Subject'),
  EMPTY_SUBJECT: headers(1, raw`Subject=/^$/{header}`, 'The Subject is empty'),
  MISSING_TO: headers(2, '!raw_header_exists(To)', 'There is no To'),
  R_UNDISC_RCPT: headers(
    3,
    raw`To=/^["<]?undisclosed[ -]recipients?\b[^:]*:/i{header}`,
    'To hides the recipients',
  ),
  MISSING_MID: headers(2.5, '!header_exists(Message-Id)', 'There is no Message-ID'),
  INVALID_MSGID: headers(
    1.7,
    raw`header_exists(Message-Id) & !Message-Id=/^<?[^\s<>\\\x80-\xff]+@[^\s<>\\\x80-\xff]+>?$/r{header} & !Message-Id=/\([^)]*\)/{header}`,
    'The Message-ID is none',
  ),
  R_MISSING_CHARSET: headers(
    0.5,
    '!is_empty_body() & content_type_is_type(text) & content_type_is_subtype(plain) & !content_type_has_param(charset) & !compare_transfer_encoding(7bit)',
    'A text does not say its character set and is not ASCII',
  ),
  SUSPICIOUS_RECIPS: headers(
    1.5,
    'compare_recipients_distance(0.65)',
    'Recipients that look like a generated list',
  ),
  SORTED_RECIPS: headers(3.5, 'is_recipients_sorted()', 'Many recipients in alphabetical order'),
  TRACKER_ID: headers(
    3.84,
    raw`/^[a-z0-9]{6,24}[a-z0-9_-]{12,36}[a-z0-9]{6,24}\s{0,16}\z/i{mime}`,
    'A text that is one long token',
  ),
  R_RCVD_SPAMBOTS: headers(
    3,
    raw`Received=/^from \[${ip}\] by [\w.+-]{5,255}; [FMSTW][a-z]{2}, [ \d]?\d [ADFJMNOS][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}$/{header}`,
    'A Received line as spam bots make it',
  ),
  MIME_HEADER_CTYPE_ONLY: headers(
    2,
    'header_exists(Content-Type) & !header_exists(Content-Disposition) & !header_exists(Content-Transfer-Encoding) & !raw_header_exists(MIME-Version) & !(content_type_is_type(text) & content_type_is_subtype(plain))',
    'Content-Type is the only field of MIME',
  ),
  RATWARE_MS_HASH: headers(
    2,
    raw`Message-Id=/[0-9a-f]{4}\$[0-9a-f]{4,}\$[0-9a-f]{4,}@\S/{header} & !X-MimeOLE=/^Produced By Microsoft MimeOLE/{header} & !Received=/with Microsoft Exchange Server/{header}`,
    'A Message-ID of Outlook without the other signs of it',
  ),
  STOX_REPLY_TYPE: headers(
    1,
    raw`Content-Type=/text\/plain; .{0,512}reply-type=original/{header}`,
    'Content-Type has reply-type=original',
  ),
  FORGED_MSGID_YAHOO: headers(2, `${midOfYahoo} & !${fromYahoo}`, 'A Message-ID of Yahoo, From is elsewhere'),
  REPTO_QUOTE_YAHOO: headers(
    2,
    raw`Reply-To=/"[^"]*"\s{0,8}</{header} & (${fromYahoo} | ${midOfYahoo})`,
    'A quoted name in Reply-To of mail that says it is from Yahoo',
  ),
  FAKE_REPLY: headers(
    1,
    raw`Subject=/^(?:re|r|aw|antw|antwort|res|rif|sv|vs|odp|ynt)\s{0,4}(?:\[\d{1,3}\]|\^\d{1,3})?\s{0,4}:/i{header} & !(header_exists(In-Reply-To) | header_exists(References))`,
    'The Subject says reply, and there is nothing it replies to',
  ),
  STRONGMAIL: headers(
    6,
    raw`Received=/^from\s{1,8}strongmail\s{1,8}\(\[${ip}\]\) by \S{1,255} \(-\); /{header}`,
    'Sent by the spam program “strongmail”',
  ),
  RCVD_DOUBLE_IP_SPAM: headers(
    2,
    raw`Received=/^from (?:\[${ip}\] by ${ip} with|${ip} by ${ip};)/{header}`,
    'A Received line that names two addresses and no host',
  ),
  RCVD_ILLEGAL_CHARS: headers(
    4,
    raw`Received=/[\x80-\xff]/r{raw_header}`,
    'A Received line has 8-bit characters',
  ),
  FAKE_RECEIVED_mail_ru: headers(
    4,
    raw`Received=/\bfrom mail\.ru \(/{header} & !(From=/@mail\.ru>?$/i{raw_header} & (Return-Path=/@mail\.ru>$/i{raw_header} | X-Envelope-From=/@mail\.ru>$/i{raw_header}))`,
    'A Received line says mail.ru, the sender is elsewhere',
  ),
  FAKE_RECEIVED_smtp_yandex_ru: headers(
    4,
    [
      raw`^from \[${ip}\] \((?:port=\d{1,5} )?helo=smtp\.yandex\.ru\)`,
      raw`^from (?:\[UNAVAILABLE\]|\S{1,255}) \(\[${ip}\](?::\d{1,5})? helo=smtp\.yandex\.ru\)`,
      raw`^from \[${ip}\] \(account \S{1,255} helo smtp\.yandex\.ru\)`,
      raw`^from smtp\.yandex\.ru \((?:\S{1,255} )?\[${ip}\]\)`,
      raw`^from \S{1,255} \(helo smtp\.yandex\.ru\) \((?:[^\s@]{1,255}@)?${ip}\)`,
    ]
      .map((form) => `Received=/${form}/i{raw_header}`)
      .join(' | '),
    'A host gave smtp.yandex.ru as its name',
  ),
  ...fabricatedReceived(),
  INVALID_POSTFIX_RECEIVED: headers(
    3,
    raw`Received=/ \(Postfix\) with ESMTP id [A-Z\d]{1,32}(?: for <[^\s>]{1,320}>)?; ?[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}$/{raw_header}`,
    'A Received line of Postfix that Postfix does not write',
  ),
  RECEIVED_HELO_LOCALHOST: headers(
    0,
    raw`Received=/^from localhost\b|\bhelo[= ]localhost\b/i{header}`,
    'A hop called itself localhost',
  ),
  X_PHP_FORGED_0X: headers(
    4,
    raw`X-PHP-Originating-Script=/^0\d/{raw_header}`,
    'X-PHP-Originating-Script has a user id that PHP never writes',
  ),
  X_PHPOS_FAKE: headers(
    3,
    raw`X-PHP-Originating-Script=/^\d{7}:/{header}`,
    'X-PHP-Originating-Script has a user id of seven digits',
  ),
  GOOGLE_FORWARDING_MID_MISSING: headers(
    2.5,
    raw`Message-ID=/SMTPIN_ADDED_MISSING@mx\.google\.com>$/{raw_header}`,
    'There was no Message-ID until Google forwarded it',
  ),
  GOOGLE_FORWARDING_MID_BROKEN: headers(
    1.7,
    raw`Message-ID=/SMTPIN_ADDED_BROKEN@mx\.google\.com>$/{raw_header}`,
    'The Message-ID was broken until Google forwarded it',
  ),
  CTE_CASE: headers(
    0.5,
    raw`Content-Transfer-Encoding=/^[78]B/{raw_header}`,
    'Content-Transfer-Encoding has an upper-case B',
  ),
  HAS_INTERSPIRE_SIG: headers(
    1,
    raw`(header_exists(X-Mailer-LID) & header_exists(X-Mailer-RecptId) & header_exists(X-Mailer-SID) & header_exists(X-Mailer-Sent-By)) | List-Unsubscribe=/\/unsubscribe\.php\?M=[^&]{1,64}&C=[^&]{1,64}&L=[^&]{1,64}&N=[^>]{1,64}>$/i{raw_header}`,
    'Sent by Interspire',
  ),
  CT_EXTRA_SEMI: headers(1, raw`Content-Type=/;$/{header}`, 'Content-Type ends with a semicolon'),
  SUBJECT_ENDS_EXCLAIM: headers(0, raw`Subject=/!$/{header}`, 'The Subject ends with an exclamation mark'),
  SUBJECT_HAS_EXCLAIM: headers(
    0,
    raw`Subject=/!/{header} & !Subject=/!$/{header}`,
    'There is an exclamation mark inside the Subject',
  ),
  SUBJECT_ENDS_QUESTION: headers(1, raw`Subject=/\?$/{header}`, 'The Subject ends with a question mark'),
  SUBJECT_HAS_QUESTION: headers(
    0,
    raw`Subject=/\?/{header} & !Subject=/\?$/{header}`,
    'There is a question mark inside the Subject',
  ),
  SUBJECT_HAS_CURRENCY: headers(1, raw`Subject=/\p{Sc}/u{header}`, 'There is a currency sign in the Subject'),
  SUBJECT_ENDS_SPACES: headers(
    0.5,
    raw`Subject=/\S\s$/{raw_header} | Subject=/\S\s\s{1,64}$/{raw_header} | Subject=/(?:_|=20)\?=$/i{raw_header}`,
    'The Subject ends with blanks',
  ),
  HAS_ORG_HEADER: headers(
    0,
    'header_exists(Organization) | header_exists(Organisation)',
    'There is an Organization field',
  ),
  HAS_CD_HEADER: headers(0, 'header_exists(Content-Description)', 'There is a Content-Description field'),
  CD_MM_BODY: headers(
    2,
    raw`Content-Description=/^Mail message body/i{mime_header}`,
    'Content-Description says “Mail message body”',
  ),
  HAS_XOIP: headers(0, 'header_exists(X-Originating-IP)', 'There is an X-Originating-IP field'),
  HAS_LIST_UNSUB: headers(-0.01, 'header_exists(List-Unsubscribe)', 'There is a List-Unsubscribe field'),
};

/** Forms that spam programs invent. */
function fabricatedReceived(): Record<string, StockRule> {
  const zone = raw`20\d\d \d\d:\d\d:\d\d [+-]\d{3}0`;
  const date = raw`\w{3}, \d{1,2} \w{3} ${zone}`;
  const forms = [
    raw`^from \[${ip}\] by (?:[\w.-]{1,255}\.[a-z]{2,6}|${ip}); ${date}`,
    raw`^from \[${ip}\] by [\w.-]{1,255}\.[a-z]{2,6} id \w{12}; ${date}`,
    raw`^by ${ip} with SMTP id [a-z]{14}\.\d{13};\s{0,8}${date} \(GMT\)`,
    raw`^from localhost by [^\s;]{1,255};\s{1,8}${date}\s{0,8}$`,
  ];
  return Object.fromEntries(
    forms.map((form, i) => [
      `FORGED_GENERIC_RECEIVED${i === 0 ? '' : i + 1}`,
      headers(3.6, `Received=/${form}/i{raw_header}`, 'A Received line that no mail server writes'),
    ]),
  );
}
