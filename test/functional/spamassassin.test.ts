import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { spamassassin } from '../../src/checks/spamassassin/check.ts';
import { type BuiltCheck, buildCheck } from '../helpers/check-table.ts';
import { leftOutWithout } from '../helpers/left-out.ts';

/** Debian's SpamAssassin with its rules (package spamassassin). */
const rules = '/usr/share/spamassassin';

/** Runs SpamAssassin as a library over files: a line of names for each. */
const runner = `
use strict; use warnings; use Mail::SpamAssassin;
my ($rules, $home, @files) = @ARGV;
my $sa = Mail::SpamAssassin->new({ rules_filename => $rules, site_rules_filename => "$home/site",
  userprefs_filename => '/dev/null', local_tests_only => 1, dont_copy_prefs => 1, userstate_dir => $home,
  home_dir_for_helpers => $home, post_config_text => "use_bayes 0\\n" });
$sa->init(1);
for my $file (@files) {
  open my $in, '<', $file or die $!; my $raw = do { local $/; <$in> };
  my $mail = $sa->parse($raw); my $status = $sa->check($mail);
  print join(',', sort split /,/, $status->get_names_of_tests_hit()), "\\n";
  $status->finish; $mail->finish;
}
`;

/** Plugins of Debian's stock configuration whose rules need no network. */
const plugins =
  'Check HTTPSMismatch URIDetail BodyEval DNSEval HTMLEval HeaderEval MIMEEval RelayEval URIEval WLBLEval VBounce FreeMail MIMEHeader ReplaceTags FromNameSpoof'
    .split(' ')
    .map((name) => `loadplugin Mail::SpamAssassin::Plugin::${name}\n`)
    .join('');

const when = new Date(Date.now() - 600_000).toUTCString().replace('GMT', '+0000');
const received = [
  'Received: from mail.example.net (mail.example.net [198.51.100.7])',
  '\tby mx.example.org (Postfix) with ESMTPS id 4ABCD12345',
  `\tfor <user@example.org>; ${when}`,
];

interface Parts {
  readonly head?: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly subject?: string;
  readonly type?: string;
  readonly body: string;
  readonly without?: RegExp;
}

function mail({
  head = [],
  from = 'Ann Smith <ann@example.net>',
  to = 'User <user@example.org>',
  ...rest
}: Parts): string {
  const { subject = 'Minutes of Tuesday', type = 'text/plain; charset=utf-8', body, without } = rest;
  const lines = [
    ...received,
    `From: ${from}`,
    `To: ${to}`,
    `Subject: ${subject}`,
    `Date: ${when}`,
    'Message-ID: <20260101.1234@example.net>',
    'MIME-Version: 1.0',
    `Content-Type: ${type}`,
    ...head,
  ];
  const fields = lines.join('\n').split(/\n(?![ \t])/);
  return `${fields.filter((field) => !without?.test(field)).join('\n')}\n\n${body}\n`;
}

const html = (body: string): string => `<html><head><title>News</title></head><body>${body}</body></html>`;

const alternative = (plain: string, page: string): string =>
  `--b\nContent-Type: text/plain; charset=utf-8\n\n${plain}\n--b\nContent-Type: text/html; charset=utf-8\n\n${page}\n--b--`;

const messages: Readonly<Record<string, string>> = {
  'a plain message': mail({ body: 'Dear all,\n\nthe minutes are attached.\n\nAnn' }),
  'no relays': mail({ body: 'Hello', without: /^Received/ }),
  'no addressee': mail({ body: 'Hello', without: /^To/ }),
  'no subject and no message id': mail({ body: 'Hello', without: /^(?:Subject|Message-ID)/ }),
  'an empty body': mail({ body: '' }),
  'a fortune': mail({
    subject: 'URGENT BUSINESS PROPOSAL',
    from: 'Barrister John Doe <john.doe@gmail.com>',
    head: ['Reply-To: barrister@yahoo.com'],
    body: 'Dear friend,\n\nI am Barrister John Doe, the attorney to the late Engineer Smith, who died in a plane crash with his next of kin. He left the sum of ten million United States dollars (USD 10,000,000.00) with a bank in Nigeria. I seek your assistance to transfer this fund into your bank account. You will get 30% of the total sum. Please send your full name, address, telephone number, bank account number. This transaction is risk free and strictly confidential.\n\nBest regards',
  }),
  'a lottery': mail({
    subject: 'You have won!!! Claim your prize',
    body: 'Congratulations! Your email address has won 1,000,000 euro in our online lottery. To claim your winning prize contact the claims agent with your name, age, occupation and phone number.\nhttp://198.51.100.9/claim.php?id=1',
  }),
  'pills with odd letters': mail({
    subject: 'V1agra and C1alis',
    body: 'Buy v.i.a.g.r.a and C1ALIS online, no prescription needed. Erectile dysfunction? Cheap meds!\nhttp://pills.example.biz/',
  }),
  capitals: mail({
    subject: 'THIS IS A VERY LOUD SUBJECT',
    body: 'THIS IS ALL IN CAPITALS BECAUSE I WANT YOU TO READ EVERY SINGLE WORD OF IT AND TO ACT AT ONCE. CALL ME TODAY. DO NOT WAIT UNTIL TOMORROW. THE OFFER ENDS TONIGHT AND WILL NOT COME BACK. REALLY, CALL ME NOW, THERE IS NO TIME.',
  }),
  'HTML alone': mail({
    type: 'text/html; charset=utf-8',
    body: html(
      '<p>Hello,</p><p>this is a page with <b>some</b> text.</p><a href="http://www.example.com/x">a link</a>',
    ),
  }),
  'HTML without html': mail({ type: 'text/html; charset=utf-8', body: '<p>Hello</p><p>there</p>' }),
  'an image that is a link': mail({
    type: 'text/html; charset=utf-8',
    body: html(
      '<center><a href="http://www.example.com/x"><img src="http://www.example.com/a.jpg" width=600 height=400></a></center>',
    ),
  }),
  'two readings': mail({
    type: 'multipart/alternative; boundary=b',
    body: alternative(
      'Hello, the same text in both parts.',
      html('<p>Hello, the same text in both parts.</p>'),
    ),
  }),
  'two readings that differ': mail({
    type: 'multipart/alternative; boundary=b',
    body: alternative(
      'See the HTML part.',
      html('<p>Entirely other words stand here, many of them, about nothing in particular at all.</p>'),
    ),
  }),
  'tags in words': mail({
    type: 'text/html; charset=utf-8',
    body: html(
      '<p>che<b></b>ap me<i></i>ds fr<u></u>om ca<b></b>na<i></i>da bu<u></u>y no<b></b>w on<i></i>li<u></u>ne</p>',
    ),
  }),
  'text in base64': mail({
    head: ['Content-Transfer-Encoding: base64'],
    type: 'text/plain',
    body: Buffer.from('Hello, this is a plain text that needs no encoding.').toString('base64'),
  }),
  'needless escapes': mail({
    head: ['Content-Transfer-Encoding: quoted-printable'],
    body: '=48=65=6C=6C=6F=2C this line is long and goes on and on and on and on and on and on until it is over.\n',
  }),
  'a date of the future': mail({
    head: ['Resent-Date: Tue, 01 Jan 2030 00:00:00 +0000'],
    body: 'Hello',
  }),
  'an old date': mail({ body: 'Hello', without: /^Date/, head: ['Date: Tue, 01 Jan 2019 00:00:00 +0000'] }),
  'a date that is none': mail({ body: 'Hello', without: /^Date/, head: ['Date: yesterday'] }),
  'a name that is an address': mail({
    from: '"service@paypal.com" <someone@example.biz>',
    body: 'Your account is limited. Please log in.\nhttp://paypal.com.example.biz/login',
  }),
  'bytes in the subject': mail({ subject: 'caf\u00e9 \u00fcber alles', body: 'Hello' }),
  'a template': mail({ head: ['X-Campaign: %CUSTOM_NAME'], subject: 'Hello %FIRST_NAME', body: 'Hello' }),
  'many recipients': mail({
    to: ['aa', 'ab', 'ac', 'ad', 'ae', 'af', 'ag', 'ah'].map((name) => `${name}@example.org`).join(', '),
    body: 'Hello',
  }),
  'its recipient in the subject': mail({ subject: 'user, your parcel', body: 'Hello' }),
  'an odd mail program': mail({
    head: [
      'X-Mailer: Microsoft Outlook Express 6.00.2900.2180',
      'X-MimeOLE: Produced By Microsoft MimeOLE V6.00.2900.2180',
    ],
    body: 'Hello',
  }),
  'a list': mail({
    head: ['List-Id: <news.example.net>', 'List-Unsubscribe: <mailto:leave@example.net>', 'Precedence: bulk'],
    body: 'News of the week.\n\nTo unsubscribe write to leave@example.net',
  }),
  'a script': mail({
    type: 'text/html; charset=utf-8',
    body: html(
      '<script>var a = "<b>";</script><iframe src="http://www.example.com/f"></iframe><embed src="x"><p>Hello</p>',
    ),
  }),
  'a link that shows another': mail({
    type: 'text/html; charset=utf-8',
    body: html('<p>Please log in:</p><a href="http://evil.example.biz/">https://www.bank.com/login</a>'),
  }),
  'a message within': mail({
    type: 'multipart/mixed; boundary=b',
    body: '--b\nContent-Type: text/plain\n\nSee below.\n--b\nContent-Type: message/rfc822\n\nFrom: x@example.com\nSubject: Inner\n\nInner text about free money.\n--b--',
  }),
  'an attachment': mail({
    type: 'multipart/mixed; boundary=b',
    body: '--b\nContent-Type: text/plain\n\nSee the invoice.\n--b\nContent-Type: application/zip; name=invoice.zip\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=invoice.zip\n\nUEsDBAoAAAAAAA==\n--b--',
  }),
};

describe('rules of Debian’s SpamAssassin', {
  skip: leftOutWithout({ spamassassin: join(rules, '72_active.cf') }),
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-real-sa-'));
  const theirs = new Map<string, readonly string[]>();
  let built: BuiltCheck | undefined;
  let off = new Set<string>();

  before(async () => {
    mkdirSync(join(folder, 'site'));
    writeFileSync(join(folder, 'site', 'plugins.pre'), plugins);
    const files = Object.entries(messages).map(([name, raw], index) => {
      const file = join(folder, `${index}.eml`);
      writeFileSync(file, raw);
      return [name, file] as const;
    });
    const { stdout, stderr, status } = spawnSync(
      'perl',
      ['-e', runner, rules, folder, ...files.map(([, file]) => file)],
      { encoding: 'utf8', timeout: 200_000 },
    );
    assert.equal(status, 0, stderr);
    for (const [index, line] of stdout.trimEnd().split('\n').entries())
      theirs.set(
        files[index]![0],
        line.split(',').filter((name) => name !== ''),
      );
    built = await buildCheck(spamassassin, {
      base_ruleset: `${rules}/*.cf`,
      alpha: 0,
      score_set: 0,
    });
    const declared = built.declared;
    off = new Set([...theirs.values()].flat().filter((name) => !declared.has(name)));
  });
  after(async () => {
    await built?.close();
    rmSync(folder, { recursive: true });
  });

  for (const [name, raw] of Object.entries(messages))
    test(`fire on ${name} as there`, async () => {
      const { symbols } = await built!.run({
        raw: Buffer.from(raw),
        startedMs: Date.now(),
        envelope: {
          clientIp: undefined,
          hostName: undefined,
          helo: undefined,
          sender: undefined,
          recipients: [],
        },
      });
      const expected = theirs.get(name)!.filter((symbol) => !off.has(symbol));
      assert.deepEqual(symbols, expected);
    });

  test('are nearly all here: those that are not are named at load', () => {
    const warnings = built!.warnings.join('\n');
    for (const name of off) assert.ok(warnings.includes(name), `${name} is neither there nor named`);
    assert.ok(off.size <= 3, [...off].join(', '));
  });
});
