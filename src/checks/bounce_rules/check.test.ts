import { mail, type RuleRow, testRules } from '../../../test/helpers/rule-table.ts';
import { bounceRules } from './check.ts';

const returnedMessage = '--x\nContent-Type: message/rfc822\n\nSubject: y\n\nHi\n--x--\n';
const mixed = 'Content-Type: multipart/mixed; boundary=x';
const daemon = 'From: MAILER-DAEMON@example.com';
const words = 'Subject: Undelivered Mail Returned to Sender';
const bounce = (
  name: string,
  headers: readonly string[],
  body: string,
  expected: readonly string[],
): RuleRow => [name, { from: '', raw: mail(headers, body) }, expected];
const subject = (text: string, ...expected: readonly string[]): RuleRow => [
  `the subject ${text}`,
  { raw: mail([`Subject: ${text}`]) },
  expected,
];

testRules(bounceRules, [
  bounce(
    'a delivery report',
    ['Content-Type: multipart/report; report-type=delivery-status; boundary=x'],
    returnedMessage,
    ['BOUNCE delivery-status'],
  ),
  bounce(
    'a receipt',
    ['Content-Type: multipart/report; report-type="disposition-notification"; boundary=x'],
    returnedMessage,
    ['BOUNCE disposition-notification'],
  ),
  bounce(
    'a report about abuse',
    ['Content-Type: multipart/report; report-type=feedback-report; boundary=x'],
    returnedMessage,
    [],
  ),
  [
    'a delivery report with a sender',
    {
      raw: mail(['Content-Type: multipart/report; report-type=delivery-status; boundary=x'], returnedMessage),
    },
    [],
  ],
  bounce('MDaemon’s mark', ['From: MDaemon@example.com', 'X-MDDSN-Message: 1'], 'x', ['BOUNCE mdaemon']),
  bounce('MDaemon without mark', ['From: MDaemon@example.com'], 'x', []),
  bounce('sender and subject', [daemon, words], 'x', [
    'SUBJ_BOUNCE_WORDS',
    'BOUNCE*0.5 mailer-daemon+subject',
  ]),
  bounce('sender and returned message', ['From: Postmaster@example.com', mixed], returnedMessage, [
    'BOUNCE*0.5 postmaster+message/rfc822',
  ]),
  bounce('subject and returned message', ['From: x@example.com', words, mixed], returnedMessage, [
    'SUBJ_BOUNCE_WORDS',
    'BOUNCE*0.2 subject+message/rfc822',
  ]),
  bounce(
    'subject and returned header',
    [words, mixed],
    '--x\nContent-Type: text/rfc822-headers\n\nSubject: y\n--x--\n',
    ['SUBJ_BOUNCE_WORDS', 'BOUNCE*0.2 subject+text/rfc822-headers'],
  ),
  bounce('sender alone', [daemon], 'x', []),
  bounce('subject alone', [words], 'x', ['SUBJ_BOUNCE_WORDS']),
  bounce('returned message alone', [mixed], returnedMessage, []),
  ['all of it, with a sender', { raw: mail([daemon, words, mixed], returnedMessage) }, ['SUBJ_BOUNCE_WORDS']],
  ['no envelope', { envelope: { sender: undefined }, raw: mail([daemon, words]) }, ['SUBJ_BOUNCE_WORDS']],
  subject('Undeliverable: hello', 'SUBJ_BOUNCE_WORDS'),
  subject('Delivery Status Notification (Failure)', 'SUBJ_BOUNCE_WORDS'),
  subject('failure notice', 'SUBJ_BOUNCE_WORDS'),
  subject('Mail delivery failed: returning message to sender', 'SUBJ_BOUNCE_WORDS'),
  subject('Returned mail: see transcript for details', 'SUBJ_BOUNCE_WORDS'),
  subject('Unzustellbar: Rechnung', 'SUBJ_BOUNCE_WORDS'),
  subject('Your delivery is on its way'),
  subject('Notice of a meeting'),
]);
