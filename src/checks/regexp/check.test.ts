import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  buildCheck,
  type LogLine,
  runCheck,
  type TestMessage,
  type Way,
} from '../../../test/helpers/check-table.ts';
import { regexp } from './check.ts';
import { stockRules } from './rules/stock.ts';

const plain = {
  From: 'Sender <sender@example.com>',
  To: 'Rcpt <rcpt@example.org>',
  Subject: 'A test',
  'Message-ID': '<1@example.com>',
  'X-Mailer': 'Mailer 1.0',
};

/** A message with other fields than the plain one; `undefined` leaves a field out. */
function mail(fields: Readonly<Record<string, string | undefined>>, body = 'Hello.\n'): string {
  const lines = Object.entries({ ...plain, ...fields }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}:${value.startsWith('!') ? value.slice(1) : ` ${value}`}`],
  );
  return `${lines.join('\n')}\n\n${body}`;
}

async function symbols(raw: string, message: TestMessage = {}): Promise<readonly string[]> {
  return (await runCheck(regexp, {}, { ...message, raw })).symbols;
}

for (const way of ['inbound', 'authenticated', 'local'] satisfies Way[]) {
  test(`plain mail gives nothing, ${way}; without its headers it gives what is missing`, async () => {
    assert.deepEqual(await symbols(mail({}), { way }), []);
    const bare = {
      From: undefined,
      To: undefined,
      Subject: undefined,
      'Message-ID': undefined,
      'X-Mailer': undefined,
    };
    assert.deepEqual(await symbols(mail({ ...bare, Date: 'Tue, 14 Nov 2023 22:13:20 +0000' }), { way }), [
      'MISSING_MID',
      'MISSING_SUBJECT',
      'MISSING_TO',
      'MISSING_XM_UA',
    ]);
  });
}

const outlook = { 'X-Mailer': 'Microsoft Outlook, Build 10.0.2627' };
const dollars = '<000001c2a1b3$0a0b0c0d$0100007f@host>';
const thunderbird = {
  'X-Mailer': undefined,
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:102.0) Gecko/20100101 Thunderbird/102.5.0',
};
const received = (value: string): { Received: string } => ({ Received: value });
const when = 'Tue, 14 Nov 2023 22:13:20 +0000';

type Row = readonly [
  fields: Readonly<Record<string, string | undefined>>,
  symbols: readonly string[],
  body?: string,
];

const rows: readonly Row[] = [
  // Encoding.
  [{ Subject: 'Grüße' }, ['SUBJECT_NEEDS_ENCODING']],
  [{ Subject: '=?utf-8?Q?Gr=C3=BC=C3=9Fe?=' }, []],
  [{ Subject: '=?utf-8?B?SGVsbG8=?=' }, ['SUBJ_EXCESS_BASE64']],
  [{ Subject: '=?utf-8?q?Hello?=' }, ['SUBJ_EXCESS_QP']],
  [{ From: 'J\u0001 <a@example.com>' }, ['FROM_NEEDS_ENCODING']],
  [{ From: '=?utf-8?B?Sm9l?= <a@example.com>' }, ['FROM_EXCESS_BASE64']],
  [{ To: '=?utf-8?Q?Joe?= <a@example.com>' }, ['TO_EXCESS_QP']],
  [{ To: 'Jörg <a@example.com>' }, ['TO_NEEDS_ENCODING']],
  [{ Cc: '=?us-ascii?Q?Joe?= <a@example.com>' }, ['CC_EXCESS_QP']],
  [{ 'Reply-To': '=?us-ascii?B?Sm9l?= <a@example.com>' }, ['REPLYTO_EXCESS_BASE64']],
  // Addresses.
  [{ From: 'https://x.example <a@example.com>' }, ['R_HTTP_URL_IN_FROM']],
  [{ From: 'Joe<a@example.com>' }, ['R_NO_SPACE_IN_FROM']],
  [{ From: '<a@example.com>' }, []],
  [{ To: 'Joe < a@example.com >' }, ['TO_WRAPPED_IN_SPACES']],
  [{ To: 'undisclosed-recipients:;' }, ['R_UNDISC_RCPT']],
  [{ To: '<Undisclosed Recipient:;>' }, ['R_UNDISC_RCPT']],
  [{ To: 'Undisclosed Recipient <a@example.com>' }, []],
  [
    { To: Array.from({ length: 7 }, (_, i) => `${'abcdefg'[i]}${'x'.repeat(i)}@example.com`).join(', ') },
    ['SORTED_RECIPS'],
  ],
  [{ To: Array.from({ length: 6 }, (_, i) => `${'abcdefg'[i]}${'x'.repeat(i)}@example.com`).join(', ') }, []],
  [
    {
      To: 'zed1@x.example, zed2@x.example, a@x.example, b@x.example, c@x.example, d@x.example, zed3@x.example',
    },
    ['SUSPICIOUS_RECIPS'],
  ],
  // Subjects.
  [{ Subject: '' }, ['EMPTY_SUBJECT']],
  [{ Subject: 'Really?' }, ['SUBJECT_ENDS_QUESTION']],
  [{ Subject: 'Really? Yes' }, ['SUBJECT_HAS_QUESTION']],
  [{ Subject: 'Now!' }, ['SUBJECT_ENDS_EXCLAIM']],
  [{ Subject: 'Now! Or never' }, ['SUBJECT_HAS_EXCLAIM']],
  [{ Subject: 'Only $5' }, ['SUBJECT_HAS_CURRENCY']],
  [{ Subject: 'Only 5 ' }, ['SUBJECT_ENDS_SPACES']],
  [{ Subject: 'Re: A test' }, ['FAKE_REPLY']],
  [{ Subject: 'AW: A test' }, ['FAKE_REPLY']],
  [{ Subject: 'Re[2]: A test' }, ['FAKE_REPLY']],
  [{ Subject: 'Re: A test', 'In-Reply-To': '<2@example.org>' }, []],
  [{ Subject: 'Fwd: A test' }, []],
  [{ Subject: 'Regarding: A test' }, []],
  // Message-IDs.
  [{ 'Message-ID': '<no-at-sign>' }, ['INVALID_MSGID']],
  [{ 'Message-ID': '<a b@example.com>' }, ['INVALID_MSGID']],
  [{ 'Message-ID': '<x@example.com> (added by a host)' }, []],
  [{ 'Message-ID': 'x@example.com' }, []],
  [{ 'Message-ID': '<1@yahoo.com>' }, ['FORGED_MSGID_YAHOO']],
  [{ 'Message-ID': '<1@yahoo.com>', From: 'a@yahoo.com' }, []],
  [{ 'Message-ID': '<x_SMTPIN_ADDED_MISSING@mx.google.com>' }, ['GOOGLE_FORWARDING_MID_MISSING']],
  [{ 'Message-ID': '<x_SMTPIN_ADDED_BROKEN@mx.google.com>' }, ['GOOGLE_FORWARDING_MID_BROKEN']],
  [{ 'Message-ID': dollars }, ['RATWARE_MS_HASH']],
  [{ 'Message-ID': dollars, 'X-MimeOLE': 'Produced By Microsoft MimeOLE V6.00' }, []],
  // Mail programs.
  [outlook, ['FORGED_MUA_OUTLOOK', 'OLD_X_MAILER']],
  [{ ...outlook, 'Message-ID': dollars, 'X-MimeOLE': 'Produced By Microsoft MimeOLE V6' }, ['OLD_X_MAILER']],
  [{ ...outlook, 'Message-ID': '<0123456789ABCDEF0123456789ABCDEF@host>' }, ['OLD_X_MAILER']],
  [{ 'X-Mailer': 'Microsoft Outlook Express 6.00.2900' }, ['FORGED_MUA_OUTLOOK', 'OLD_X_MAILER']],
  [{ 'X-Mailer': 'Microsoft Outlook Express 6.00.3790.3959' }, ['OLD_X_MAILER']],
  [
    { 'X-Mailer': 'Microsoft Outlook 16.0', 'Content-Type': 'text/html', 'MIME-Version': '1.0' },
    ['FORGED_OUTLOOK_HTML', 'FORGED_OUTLOOK_TAGS'],
    '<p>Hello</p>\n',
  ],
  [
    { 'X-Mailer': 'Microsoft Outlook 16.0', 'Content-Type': 'text/html', 'MIME-Version': '1.0' },
    ['FORGED_OUTLOOK_HTML'],
    '<html><head><meta name=x></head><body>Hello</body></html>\n',
  ],
  [{ 'X-MSMail-Priority': 'Normal' }, ['MISSING_MIMEOLE']],
  [{ 'X-MSMail-Priority': 'Normal', 'X-Mailer': 'Microsoft Outlook 16.0' }, []],
  [{ 'X-MSMail-Priority': 'Normal', 'X-Mailer': 'SquirrelMail 1.4' }, []],
  [thunderbird, ['FORGED_MUA_THUNDERBIRD_MSGID_UNKNOWN']],
  [{ ...thunderbird, 'Message-ID': '<3DE9D3F1.2030405@example.com>' }, []],
  [{ ...thunderbird, 'Message-ID': '<0a0b0c0d-1234-abcd-0123-0123456789ab@example.com>' }, []],
  [{ ...thunderbird, 'Message-ID': '<1DE9D3F1.1234567@example.com>' }, ['FORGED_MUA_THUNDERBIRD_MSGID']],
  [{ 'X-Mailer': 'The Bat! (v3.99)', 'Message-ID': '<1.20231114221320@example.com>' }, []],
  [{ 'X-Mailer': 'The Bat! (v3.99)', 'Message-ID': '<1.123@example.com>' }, ['FORGED_MUA_THEBAT_MSGID']],
  [{ 'X-Mailer': 'The Bat! (v3.99)' }, ['FORGED_MUA_THEBAT_MSGID_UNKNOWN']],
  [{ 'X-Mailer': undefined, 'User-Agent': 'KMail/1.9.10' }, ['FORGED_MUA_KMAIL_MSGID_UNKNOWN']],
  [{ 'X-Mailer': undefined, 'User-Agent': 'Opera Mail/11.64 (Win32)' }, ['FORGED_MUA_OPERA_MSGID']],
  [
    {
      'X-Mailer': undefined,
      'User-Agent': 'Opera Mail/11.64 (Win32)',
      'Message-ID': '<op.abcdefgh123456@host>',
    },
    [],
  ],
  [{ 'X-Mailer': 'Thunderbird 78' }, ['FORGED_X_MAILER']],
  [{ 'X-Mailer': 'iPhone Mail (1)' }, ['FORGED_X_MAILER']],
  [{ 'X-Mailer': 'iPhone Mail (20B110)' }, ['APPLE_IOS_MAILER']],
  [{ 'X-Mailer': 'iPad Mail (8L1)' }, ['APPLE_IOS_MAILER', 'OLD_X_MAILER']],
  [{ 'X-Mailer': 'Apple Mail (2.3731.200.110.1.12)' }, ['APPLE_MAILER']],
  [{ 'X-Mailer': '1C:Enterprise 8.3' }, ['MAILER_1C_8']],
  [{ 'X-Mailer': 'Mailer' }, ['XM_UA_NO_VERSION']],
  [{ 'X-Mailer': 'Mailer https://x.example' }, []],
  [{ 'X-Mailer': 'Internet Mail Service (5.5.2653.19)' }, ['FORGED_IMS']],
  [
    {
      'X-Mailer': 'Internet Mail Service (5.5.2653.19)',
      ...received('by host.example with Internet Mail Service (5.5.2653.19); x'),
    },
    [],
  ],
  [
    {
      'Content-Type': 'multipart/mixed; boundary="----=_NextPart_000_0001_00EBFFA4.0102FFA4"',
      'MIME-Version': '1.0',
    },
    ['SUSPICIOUS_BOUNDARY'],
  ],
  [
    {
      'Content-Type': 'multipart/mixed; boundary="----=_NextPart_000_0001_01C4ABCD.0102FFA4"',
      'MIME-Version': '1.0',
      Date: when,
    },
    ['SUSPICIOUS_BOUNDARY4'],
  ],
  [
    {
      'Content-Type': 'multipart/mixed; boundary="----=_NextPart_000_0001_01C4ABCD.0102FFA4"',
      'MIME-Version': '1.0',
      Date: 'Tue, 16 Nov 2004 22:13:20 +0000',
    },
    [],
  ],
  [
    {
      'Content-Type': 'multipart/mixed; boundary="----=_NextPart_000_0001_01C6527E.0102FFA4"',
      'MIME-Version': '1.0',
    },
    ['SUSPICIOUS_BOUNDARY2'],
  ],
  [
    { 'Content-Type': 'multipart/mixed; boundary="-----000-0012-01C12345-12345678"', 'MIME-Version': '1.0' },
    ['SUSPICIOUS_BOUNDARY3'],
  ],
  [
    {
      'X-Mailer': 'The Bat! (v1.62r)',
      'Message-ID': '<1.20231114221320@example.com>',
      'Content-Type': 'multipart/mixed; boundary="xyz"',
      'MIME-Version': '1.0',
    },
    ['FORGED_MUA_THEBAT_BOUN', 'OLD_X_MAILER'],
  ],
  [
    { 'X-Mailer': undefined, 'User-Agent': 'Mozilla/5.0 (X11; Linux) Gecko/20021120' },
    ['FORGED_MUA_MOZILLA_MAIL_MSGID_UNKNOWN'],
  ],
  [
    {
      'X-Mailer': undefined,
      'User-Agent': 'Mozilla/5.0 (X11; Linux) Gecko/20021120',
      'Message-ID': '<1DE9D3F1.1234567@example.com>',
    },
    ['FORGED_MUA_MOZILLA_MAIL_MSGID'],
  ],
  [
    { 'X-Mailer': undefined, 'User-Agent': 'Mozilla/5.0 (Windows) Gecko/1 SeaMonkey/2.53.1' },
    ['FORGED_MUA_SEAMONKEY_MSGID_UNKNOWN'],
  ],
  [
    {
      'X-Mailer': undefined,
      'User-Agent': 'Mozilla/5.0 (Windows) Gecko/1 SeaMonkey/2.53.1',
      'Message-ID': '<1DE9D3F1.1234567@example.com>',
    },
    ['FORGED_MUA_SEAMONKEY_MSGID'],
  ],
  [
    { 'X-Mailer': undefined, 'User-Agent': 'Mozilla/5.0 (Windows) Gecko/1 PostboxApp/7.0.59' },
    ['FORGED_MUA_POSTBOX_MSGID_UNKNOWN'],
  ],
  [
    {
      'X-Mailer': undefined,
      'User-Agent': 'Mozilla/5.0 (Windows) Gecko/1 PostboxApp/7.0.59',
      'Message-ID': '<1DE9D3F1.1234567@example.com>',
    },
    ['FORGED_MUA_POSTBOX_MSGID'],
  ],
  [{ 'X-Mailer': 'Mail.Ru Mailer 1.0', ...received('by e.mail.ru with HTTP; x') }, ['MAIL_RU_MAILER']],
  [
    { 'X-Mailer': 'Yamail [ http://yandex.ru ] 5.0', ...received('by web1g.yandex.ru with HTTP; x') },
    ['YANDEX_RU_MAILER'],
  ],
  [{ From: 'a@yahoo.com', 'Reply-To': '"Joe" <b@example.com>' }, ['REPTO_QUOTE_YAHOO']],
  [{ 'Reply-To': '"Joe" <b@example.com>' }, []],
  // MIME.
  [{ 'Content-Type': 'text/html' }, ['MIME_HEADER_CTYPE_ONLY'], '<p>Hello</p>\n'],
  [{ 'Content-Type': 'text/plain' }, []],
  [{ 'Content-Type': 'text/plain', 'Content-Transfer-Encoding': '8bit' }, ['R_MISSING_CHARSET']],
  [{ 'Content-Type': 'text/plain; charset=utf-8;' }, ['CT_EXTRA_SEMI']],
  [{ 'Content-Type': 'text/plain; charset=utf-8; reply-type=original' }, ['STOX_REPLY_TYPE']],
  [{ 'Content-Transfer-Encoding': '7Bit' }, ['CTE_CASE']],
  [{ 'Content-Description': 'Mail message body' }, ['CD_MM_BODY', 'HAS_CD_HEADER']],
  // Received lines.
  [received(`from [192.0.2.1] by mx.example.com; ${when}`), ['FORGED_GENERIC_RECEIVED', 'R_RCVD_SPAMBOTS']],
  [received(`from [192.0.2.1] by mx.example.com id abcdefghijkl; ${when}`), ['FORGED_GENERIC_RECEIVED2']],
  [
    received(`by 192.0.2.1 with SMTP id abcdefghijklmn.1234567890123; ${when} (GMT)`),
    ['FORGED_GENERIC_RECEIVED3'],
  ],
  [
    received(`from localhost by mx.example.com; ${when}`),
    ['FORGED_GENERIC_RECEIVED4', 'RECEIVED_HELO_LOCALHOST'],
  ],
  [received('from ä.example by mx.example.com; x'), ['RCVD_ILLEGAL_CHARS']],
  [received(`from [192.0.2.1] by 192.0.2.2 with SMTP; ${when}`), ['RCVD_DOUBLE_IP_SPAM']],
  [received(`from strongmail ([192.0.2.1]) by mx (-); ${when}`), ['STRONGMAIL']],
  [received(`from mail.ru (host.example [192.0.2.1]) by mx.example.com; ${when}`), ['FAKE_RECEIVED_mail_ru']],
  [
    received(`from smtp.yandex.ru ([192.0.2.1]) by mx.example.com; ${when}`),
    ['FAKE_RECEIVED_smtp_yandex_ru'],
  ],
  [received(`from a by b (Postfix) with ESMTP id 4ABC; ${when}`), ['INVALID_POSTFIX_RECEIVED']],
  [
    received(
      `from a.example (a.example [192.0.2.1])\n\tby b.example (Postfix) with ESMTPS id 4ABC\n\tfor <x@y.example>; ${when} (UTC)`,
    ),
    [],
  ],
  // Scripts and hosting software.
  [{ 'X-Mailer': 'PHPMailer 5.2.9 (https://github.com)' }, ['HAS_PHPMAILER_SIG']],
  [{ 'X-PHP-Originating-Script': '1000:mail.php' }, ['HAS_X_POS']],
  [{ 'X-PHP-Originating-Script': '0:mail.php' }, ['HAS_X_POS', 'PHP_SCRIPT_ROOT']],
  [{ 'X-PHP-Originating-Script': '01:mail.php' }, ['HAS_X_POS', 'X_PHP_FORGED_0X']],
  [{ 'X-PHP-Originating-Script': '1234567:mail.php' }, ['HAS_X_POS', 'X_PHPOS_FAKE']],
  [{ 'X-PHP-Originating-Script': '33:.x.php' }, ['HAS_X_POS', 'HIDDEN_SOURCE_OBJ']],
  [{ 'X-PHP-Originating-Script': "33:a.php(2) : eval()'d code" }, ['HAS_X_POS', 'X_PHP_EVAL']],
  [{ 'X-PHP-Script': 'a.example/sendmail.php for 192.0.2.1' }, ['HAS_X_PHP_SCRIPT', 'PHP_XPS_PATTERN']],
  [{ 'X-Source-Dir': 'a.example:/public_html' }, ['HAS_X_SOURCE']],
  [{ 'X-AntiAbuse': 'This header was added' }, ['HAS_X_ANTIABUSE']],
  [
    { 'X-Authentication-Warning': 'host: www-data set sender to a@b.example' },
    ['HAS_XAW', 'XAW_SERVICE_ACCT'],
  ],
  [{ From: 'nobody@example.com' }, ['FROM_SERVICE_ACCT']],
  [{ Sender: 'Web <www@example.com>' }, ['FROM_SERVICE_ACCT']],
  [{ From: 'webmaster@example.com' }, []],
  [{ 'Reply-To': 'a@www.example.com' }, ['WWW_DOT_DOMAIN']],
  [{}, ['HAS_WP_URI'], 'http://x.example/wp-admin/x\n'],
  [{}, ['HAS_WP_URI', 'WP_COMPROMISED'], 'http://x.example/wp-content2/x\n'],
  [{}, ['URI_HIDDEN_PATH'], 'http://x.example/a/.b/c\n'],
  [{}, [], 'http://x.example/.well-known/x\n'],
  // Other filters.
  [{ Precedence: 'bulk' }, ['PRECEDENCE_BULK']],
  [{ 'X-Spam-Flag': 'YES' }, ['SPAM_FLAG']],
  [{ 'X-Spam-Flag': 'no' }, []],
  [{ 'X-KLMS-AntiSpam-Status': 'spam' }, ['KLMS_SPAM']],
  [{ 'X-UI-Filterresults': 'junk:10;x' }, ['UNITEDINTERNET_SPAM']],
  [{ 'X-Forefront-Antispam-Report': 'CIP:1;SFV:SPM;' }, ['MICROSOFT_SPAM']],
  // Fields that are there.
  [{ Organization: 'x' }, ['HAS_ORG_HEADER']],
  [{ 'X-Originating-IP': '[192.0.2.1]' }, ['HAS_XOIP']],
  [{ 'List-Unsubscribe': '<mailto:x@example.com>' }, ['HAS_LIST_UNSUB']],
  [
    { 'List-Unsubscribe': '<http://x.example/unsubscribe.php?M=1&C=abc&L=2&N=3>' },
    ['HAS_INTERSPIRE_SIG', 'HAS_LIST_UNSUB'],
  ],
  [{ From: '!a@example.com' }, ['HEADER_FROM_EMPTY_DELIMITER']],
  [{ Date: '!Tue, 14 Nov 2023 22:13:20 +0000' }, ['HEADER_DATE_EMPTY_DELIMITER']],
  // Texts.
  [{}, ['TRACKER_ID'], `${'abc123'.repeat(6)}\n`],
  [{}, [], `${'abc123'.repeat(3)}\n`],
  [{}, ['INTRODUCTION'], 'Dear friend, my name is Joe.\n'],
  [{}, ['INTRODUCTION'], 'I am Mrs. Smith of the bank.\n'],
  [{}, [], 'I am mistaken.\n'],
  [{}, ['BITCOIN_ADDR'], 'Pay to 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa now\n'],
  [{}, [], 'Pay to 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb now\n'],
  [
    {},
    ['BITCOIN_ADDR', 'LEAKED_PASSWORD_SCAM_RE'],
    'Your password! Pay to 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa\n',
  ],
  [{}, ['HAS_ONION_URI'], 'http://expyuzz4wqqyqhjn.onion/\n'],
  [{}, ['HAS_IPFS_GATEWAY_URL'], 'https://ipfs.io/ipfs/QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPbdG\n'],
  [{}, ['HAS_GUC_PROXY_URI'], 'https://ci3.googleusercontent.com/proxy/abc\n'],
  [{}, ['HAS_GOOGLE_REDIR'], 'https://www.google.com/url?q=http://x.example/\n'],
  [{}, ['HAS_GOOGLE_FIREBASE_URL'], 'https://firebasestorage.googleapis.com/v0/b/x\n'],
  [{}, ['HAS_FILE_URL'], 'file://server/share\n'],
];

const html: readonly (readonly [body: string, symbols: readonly string[]])[] = [
  ['<meta http-equiv="refresh" content="0; url=http://x.example/">', ['HTML_META_REFRESH_URL']],
  ['<img src="data:image/png;base64,AAAA">', ['HAS_DATA_URI']],
  ['<a href="data:text/html;base64,AAAA">x</a>', ['DATA_URI_OBFU', 'HAS_DATA_URI']],
  ['<a href="file:///etc/passwd">x</a>', ['HAS_FILE_URL']],
  ['<p>metadata: text</p>', []],
];

test('the rules that ship say of messages exactly what they should', async () => {
  const built = await buildCheck(regexp);
  for (const [fields, expected, body] of rows) {
    const run = await built.run({ raw: mail(fields, body) });
    assert.deepEqual(run.symbols, expected, JSON.stringify([fields, body]));
  }
  for (const [body, expected] of html) {
    const raw = mail({ 'MIME-Version': '1.0', 'Content-Type': 'text/html; charset=utf-8' }, body);
    assert.deepEqual((await built.run({ raw })).symbols, expected, body);
  }
  await built.close();
});

test('every rule that ships is tried by the table, or elsewhere', () => {
  const seen = new Set([
    ...rows.flatMap(([, expected]) => expected),
    ...html.flatMap(([, expected]) => expected),
  ]);
  const missing = Object.keys(stockRules).filter((symbol) => !seen.has(symbol));
  assert.deepEqual(missing, [
    // The same declaration as for the other fields.
    'TO_EXCESS_BASE64',
    'CC_EXCESS_BASE64',
    'FROM_EXCESS_QP',
    'REPLYTO_EXCESS_QP',
    // Tried without any header, and with the envelope.
    'MISSING_SUBJECT',
    'MISSING_TO',
    'MISSING_MID',
    'MISSING_XM_UA',
    'ENVFROM_SERVICE_ACCT',
  ]);
});

test('the envelope sender is looked at, too', async () => {
  assert.deepEqual(await symbols(mail({}), { from: 'www-data@host.example' }), ['ENVFROM_SERVICE_ACCT']);
  assert.deepEqual(await symbols(mail({}), { from: 'a@www.host.example' }), ['WWW_DOT_DOMAIN']);
});

test('a rule of the operator is an expression by its symbol, and takes the place of one that ships', async () => {
  const built = await buildCheck(regexp, {
    OWN: 'Subject=/^a test$/i & !header_exists(X-None)',
    COUNTED: { re: '/o/PA', score: 0.5, description: 'os', group: 'mine', one_shot: true },
    FAKE_REPLY: { re: 'From=/sender/H', score: 7 },
  });
  const run = await built.run({ raw: mail({}, 'o zoo\n') });
  assert.deepEqual(
    run.hits.map(({ symbol, weight }) => [symbol, weight]),
    [
      ['OWN', 1],
      ['COUNTED', 3],
      ['FAKE_REPLY', 1],
    ],
  );
  assert.deepEqual(built.declared.get('COUNTED'), {
    score: 0.5,
    description: 'os',
    groups: ['mine'],
    oneShot: true,
  });
  assert.equal(built.declared.get('FAKE_REPLY')?.score, 7);
  await built.close();
});

const multipart = `From: Joe <joe@example.com>
To: a@example.org
Subject: =?utf-8?Q?Caf=C3=A9?= Bar
Received: from a.example
\tby b.example
X-Two: one
x-TWO: zwei
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=utf-8
Content-Description: plain one

Visit https://www.example.net/Path?q=1 or write to info@example.net today.
--b
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: quoted-printable

<html><body><b>Visit</b> <i class=3D"x">us</i><br></body></html>
--b--
`;

const atoms: readonly (readonly [expression: string, value: number])[] = [
  ['Subject=/^Café Bar$/u{header}', 1],
  ['Subject=/^Café Bar$/H', 1],
  ['Subject=/=\\?utf-8\\?Q\\?/X', 1],
  ['Subject=/caf\\xc3\\xa9/ir{header}', 1],
  ['subject=/Bar/', 1],
  ['X-Two=/^./HA', 2],
  ['X-Two=/^./HAS', 1],
  ['Received=/^from a\\.example by b\\.example$/H', 1],
  ['Received=/^from a\\.example by b\\.example$/X', 1],
  ['Content-Description=/plain/H', 0],
  ['Content-Description=/plain/B', 1],
  ['/^x-two:/mi{all_headers}', 1],
  ['/^--b--/m{body}', 1],
  ['/^--b--/m', 1],
  ['/class/{mime}', 0],
  ['/visit us/i{mime}', 1],
  ['/visit us/i{part}', 1],
  ['/class="x"/Q', 1],
  ['/class="x"/D', 1],
  ['/class="x"/{raw_part}', 1],
  ['/^Café Bar$/C', 1],
  ['/^https:\\/\\/www\\.example\\.net\\/Path/U', 1],
  ['/^info@example\\.net$/{email}', 1],
  ['/^visit$/{words}', 1],
  ['/^visit$/{raw_words}', 0],
  ['/^Visit$/{raw_words}A', 2],
  ['/^examplenet$/{words}', 0],
  ['/^example\\.net$/{words}', 1],
  ['/^(?:todai|visit)$/{stem_words}', 1],
  ['/^us$/{skeleton_words}', 1],
  ['/2Fx/C', 0],
  ['/plain one Visit/C', 0],
  ["from('mime'):domain=/^example\\.com$/{selector}", 1],
  ["from('mime'):domain=/^example\\.org$/$", 0],
  ["check_smtp_data('from', /^sender@/i)", 1],
  ['check_smtp_data(rcpt, rcpt@example.org)', 1],
  ['check_smtp_data(helo, /mx/)', 1],
  ['check_smtp_data(user, /./)', 0],
  ['check_smtp_data(subject, /Bar/)', 1],
  ['compare_transfer_encoding(quoted-printable)', 1],
  ['compare_encoding(base64)', 0],
  ['compare_parts_distance(50)', 1],
  ['compare_parts_distance(0, 50)', 0],
  ['content_type_is_type(multipart)', 1],
  ['content_type_is_subtype(/^x?html$/)', 1],
  ['content_type_has_param(charset)', 1],
  ['content_type_compare_param(charset, UTF-8)', 1],
  ['content_type_compare_param(charset, /^koi/)', 0],
  ['has_content_part(text, html)', 1],
  ['has_content_part(text)', 1],
  ['has_content_part(image)', 0],
  ['has_content_part_len(text, plain, 10, 1000)', 1],
  ['has_content_part_len(text, plain, 1000)', 0],
  ['has_fake_html()', 0],
  ['has_flag(mime)', 1],
  ['has_flag(learn_spam)', 0],
  ['has_flag(bad_unicode)', 0],
  ['has_html_tag(i)', 1],
  ['has_html_tag(table)', 0],
  ['has_only_html_part()', 0],
  ['has_only_html_part', 0],
  ['has_symbol(GIVEN)', 1],
  ['has_symbol(OTHER)', 0],
  ['header_exists(x-two)', 1],
  ["raw_header_exists('X-None')", 0],
  ['is_empty_body()', 0],
  ['is_html_balanced()', 1],
  ['is_recipients_sorted()', 0],
  ['compare_recipients_distance(0.65)', 0],
  ['X-Two=/one/ + X-Two=/zwei/ + X-Two=/drei/ >= 2', 1],
  ['(X-None=/./ | X-Two=/./) & !X-None=/./', 1],
  ['X-None=/./A + 2', 2],
];

test('atoms read what their types say, and functions say what they should', async () => {
  const given = { name: 'GIVEN', score: 0, metricScore: 0, description: '', groups: [], options: [] };
  for (const [expression, value] of atoms) {
    const run = await runCheck(regexp, { OWN: expression }, { raw: multipart, hits: [given] });
    assert.deepEqual(
      run.hits.filter(({ symbol }) => symbol === 'OWN').map(({ weight }) => weight),
      value === 0 ? [] : [value],
      expression,
    );
  }
});

const refused: readonly (readonly [rule: unknown, message: RegExp])[] = [
  ['/a/{nonsense}', /unknown type/],
  ['/a/Z', /unknown flag "Z"/],
  ['/a/H', /needs a name/],
  ['Subject=/a/M', /takes no name/],
  ['/a', /closed|closing/],
  ['/(a/M', /without \)/],
  ['lua:f', /Lua/],
  ['nothing_like_it(x)', /no function "nothing_like_it"/],
  ['SYMBOL_OF_OTHERS', /no function/],
  ['has_flag(nonsense)', /no flag/],
  ['header_exists()', /missing/],
  ['compare_parts_distance(x)', /no number/],
  ['check_smtp_data(nonsense, x)', /no field/],
  ['content_type_is_type(/(/)', /content_type_is_type/],
  ['Subject=/a/ &', /ends/],
  ['nonsense(=/a/{selector}', /closed|selector/],
  [{ score: 1 }, /no "re"/],
  [{ re: '/a/M', condition: 'return function' }, /Lua code/],
  [{ lua_function: 'return function' }, /Lua code/],
];

for (const [rule, message] of refused) {
  test(`${JSON.stringify(rule)} is refused by name and place`, async () => {
    await assert.rejects(
      buildCheck(regexp, { OWN: rule }),
      (error) =>
        error instanceof Error &&
        'problems' in error &&
        message.test(JSON.stringify(error.problems) + error.message),
    );
  });
}

test('unknown options of a rule are errors', async () => {
  await assert.rejects(buildCheck(regexp, { OWN: { re: '/a/M', nonsense: 1 } }));
});

test('a slow pattern is told at load; when it takes too long it is stopped, told and off, the others go on', async () => {
  const log: LogLine[] = [];
  const built = await buildCheck(
    regexp,
    { SLOW: '/(a+)+$/P', FINE: '/aab/P', QUADRATIC: '/\\s+$/P' },
    { log },
  );
  assert.equal(built.warnings.length, 1);
  assert.match(built.warnings[0]!, /SLOW\.re: .*exponential/);
  const raw = mail({}, `${'a'.repeat(5000)}b${' '.repeat(500_000)}b\n`);
  for (let i = 0; i < 2; i++) assert.deepEqual((await built.run({ raw })).symbols, ['FINE']);
  assert.deepEqual(
    log.map(({ level, fields }) => [level, fields['symbol']]),
    [
      ['warn', 'SLOW'],
      ['warn', 'QUADRATIC'],
    ],
  );
  await built.close();
});

test('50 MB on one line are looked at up to max_size, and hostile headers take no time', async () => {
  const built = await buildCheck(regexp, { LATE: '/needle/M', EARLY: '/Subject/M', max_size: 100_000 });
  const header = Buffer.from(mail({}, ''));
  const line = Buffer.alloc(50 * 1024 * 1024, 'x');
  const big = await built.run({ raw: Buffer.concat([header, line, Buffer.from('needle\n')]) });
  assert.deepEqual(big.symbols, ['EARLY']);
  for (const fill of [
    ' ',
    'a',
    '<',
    '@',
    '1',
    '=?',
    'from ',
    'helo=',
    '&#',
    'data:',
    '1A ',
    '[1.1.1.1] by ',
  ]) {
    const long = fill.repeat(50_000 / fill.length);
    const fields = [
      'From',
      'To',
      'Subject',
      'Message-ID',
      'Received',
      'X-Mailer',
      'User-Agent',
      'Content-Type',
      'Reply-To',
    ];
    await built.run({ raw: mail(Object.fromEntries(fields.map((name) => [name, `x${long}y`])), long) });
    const raw = mail({ 'Content-Type': 'text/html' }, `<meta ${long}`);
    await built.run({ raw });
  }
  await built.close();
});

test('rules that need MIME are left out when a client switches MIME off', async () => {
  const raw = mail({ Subject: undefined });
  const run = await runCheck(
    regexp,
    { ANY: '/Hello/M', MIME: { re: '/Hello/M', mime_only: true } },
    { raw, envelope: { flags: new Set(['skip_process']) } },
  );
  assert.ok(run.symbols.includes('ANY'));
  const built = await buildCheck(regexp, { ANY: '/Hello/M', MIME: { re: '/Hello/M', mime_only: true } });
  const { task } = await built.run({ raw });
  task.flags.add('raw');
  const hits: string[] = [];
  for (const unit of built.units) await unit.run(task, (symbol) => hits.push(symbol));
  assert.deepEqual(hits, ['ANY']);
  await built.close();
});
