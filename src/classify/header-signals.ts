import type { Message } from '../core/index.ts';
import { borrowedBrand } from './brands.ts';
import { freeMail } from './names.ts';
import { hasPicture, isAllCapitals, type Signals, stepOf } from './signals.ts';

/** What a list server or a bulk sender writes into the header. */
export interface Origin {
  readonly isList: boolean;
  readonly isReply: boolean;
  /** Does the subject say that it is forwarded? */
  readonly isForward: boolean;
  readonly brand: string | undefined;
}

const maxNameChars = 300;

function domainOf(address: string | undefined): string {
  return address?.slice(address.lastIndexOf('@') + 1).toLowerCase() ?? '';
}

const mailers: readonly (readonly [RegExp, string])[] = [
  [
    /thunderbird|mozilla|mutt|apple mail|iphone mail|ipad mail|evolution|kmail|gnus|alpine|pine|claws|sylpheed|emacs|mh-e|nmh|ximian|roundcube|squirrelmail|horde|imp\b|zimbra|k-9|eudora|lotus notes|groupwise|entourage/i,
    'person',
  ],
  [
    /outlook express|microsoft outlook(?: express)? \d|microsoft windows (?:live )?mail|foxmail|the bat|incredimail/i,
    'common',
  ],
  [/microsoft (?:office )?outlook|microsoft-?cdo|microsoft exchange/i, 'office'],
  [
    /phpmailer|swiftmailer|php\b|symfony|nodemailer|javamail|mailkit|smtplib|python|perl|mime::lite/i,
    'program',
  ],
  [
    /mass|bulk|blast|group ?mail|sender|dark|ultimate|advanced direct|turbo|stealth|achi-kochi|xmailer/i,
    'bulk',
  ],
];

function mailerSignal(message: Message, out: Signals): void {
  const { headers } = message;
  const mailer = headers.first('x-mailer')?.value ?? headers.first('user-agent')?.value;
  if (mailer === undefined) return;
  const kind = mailers.find(([pattern]) => pattern.test(mailer.slice(0, maxNameChars)))?.[1] ?? 'other';
  out.add(`mailer:${kind}`);
}

const answered = /^\s*(?:re|aw|sv|antw|rif|res|vs|odp|ynt|r)\s*(?:\[\d+\])?:/i;
const forwarded = /^\s*(?:fwd?|wg|tr|rv|enc|i|doorst|vl|pd|ilt)\s*:/i;

function subjectSignals(message: Message, out: Signals): void {
  const subject = message.subject.slice(0, 500);
  if (subject.trim() === '') out.add('subject:empty');
  out.add(`subject:length:${stepOf(subject.length, [1, 12, 30, 60, 100])}`);
  if (/!/.test(subject)) out.add(/!\s*!/.test(subject) ? 'subject:exclaims-more' : 'subject:exclaims');
  if (/\?/.test(subject)) out.add('subject:asks');
  if (/[$€£¥]|\b(?:usd|eur|brl|r\$)\b/iu.test(subject)) out.add('subject:money');
  if (/\d\s?%/.test(subject)) out.add('subject:percent');
  if (isAllCapitals(subject, 8)) out.add('subject:capitals');
  if (hasPicture(subject)) out.add('subject:pictures');
  if (answered.test(subject)) {
    out.add(
      message.headers.has('in-reply-to') || message.headers.has('references')
        ? 'subject:reply-with-reference'
        : 'subject:reply-without-reference',
    );
  }
  if (/\[[\w .-]{2,30}\]/.test(subject)) out.add('subject:tagged');
  if (/(?:#|\b(?:no|nr|id|ref)\b\.?:?)\s*[\w-]*\d{3,}/i.test(subject)) out.add('subject:numbered');
  if (/\b[A-Z0-9]{0,6}\d[A-Z0-9-]{6,}\b/.test(subject)) out.add('subject:code');
  if (/\s{4,}\S+\s*$/.test(subject)) out.add('subject:padded');
  if (/(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{8,40}(?![\w-])/.test(subject))
    out.add('subject:random-code');
  if (/[a-z]\d[a-z]|(?:\b\w[ _]){4}|\w_{2,}\w/i.test(subject)) out.add('subject:spelled-oddly');
  const [to] = message.to;
  const mailbox = to?.text.slice(0, to.text.lastIndexOf('@')).toLowerCase() ?? '';
  if (to && to.text.length > 3 && subject.toLowerCase().includes(to.text.toLowerCase()))
    out.add('subject:names-recipient-address');
  else if (mailbox.length > 4 && subject.toLowerCase().includes(mailbox)) out.add('subject:names-recipient');
}

function senderSignals(message: Message, out: Signals): string | undefined {
  const [from] = message.from;
  const domain = domainOf(from?.text);
  if (!from) out.add('from:missing');
  const name = from?.name.slice(0, maxNameChars) ?? '';
  out.add(
    name === '' ? 'from:no-name' : `from:name-words:${stepOf(name.trim().split(/\s+/).length, [1, 2])}`,
  );
  const named = /[\w.+-]+@([\w-]+(?:\.[\w-]+)+)/.exec(name);
  if (named)
    out.add(named[1]!.toLowerCase() === domain ? 'from:name-is-address' : 'from:name-is-other-address');
  if (hasPicture(name)) out.add('from:pictures');
  if (/[!$%|★✔]/u.test(name)) out.add('from:shouts');
  if (/\d{2,}/.test(name)) out.add('from:name-number');
  if (/^[A-Z][\p{L}'-]+ (?:[A-Z]\.? )?[A-Z][\p{L}'-]+$/u.test(name)) out.add('from:name-of-person');
  if (isAllCapitals(name, 3)) out.add('from:capitals');
  if (
    /\b(?:support|service|security|team|alert|admin|notice|notification|info|kundenservice|kundendienst|sicherheit|seguranca|segurança|atendimento|servizio|clienti|service client|soporte|helpdesk|department|center|centre|customer|account|billing|reward|winner|promo|offer|deal|bonus|bank|banco|banque|banca)\b/i.test(
      name,
    )
  )
    out.add('from:name-of-office');
  if (/\bvia\b/i.test(name)) out.add('from:via');
  const brand = borrowedBrand(name, domain);
  if (brand !== undefined) out.add('from:borrowed-brand');
  if (freeMail.has(domain)) out.add('from:free-mail');
  const [replyTo] = message.replyTo;
  if (replyTo) {
    const replyDomain = domainOf(replyTo.text);
    out.add(replyDomain === domain ? 'reply-to:same-domain' : 'reply-to:other-domain');
    if (freeMail.has(replyDomain) && !freeMail.has(domain)) out.add('reply-to:free-mail');
  }
  return (
    brand ?? (borrowedBrand(message.subject.slice(0, 300), domain) === undefined ? undefined : 'subject')
  );
}

/** Reads the header. */
export function headerSignals(message: Message, out: Signals): Origin {
  const { headers } = message;
  const brand = senderSignals(message, out);
  if (brand === 'subject') out.add('subject:borrowed-brand');
  subjectSignals(message, out);
  mailerSignal(message, out);
  const isList = headers.has('list-id') || headers.has('list-post') || headers.has('x-mailman-version');
  if (isList) out.add('list:list-server');
  if (headers.has('list-unsubscribe')) out.add('list:unsubscribe');
  if (headers.has('list-unsubscribe-post')) out.add('list:one-click');
  const precedence = headers.first('precedence')?.value.toLowerCase();
  if (precedence !== undefined && /^(?:bulk|list|junk)$/.test(precedence))
    out.add(`list:precedence-${precedence}`);
  if (headers.has('auto-submitted')) out.add('header:auto-submitted');
  if (headers.has('feedback-id')) out.add('header:feedback-id');
  const isReply = headers.has('in-reply-to') || headers.has('references');
  if (isReply) out.add('header:reply');
  if (headers.has('in-reply-to') && headers.has('references')) out.add('header:reply-in-thread');
  if (headers.has('content-language')) out.add('header:content-language');
  if (headers.has('thread-index')) out.add('header:thread-index');
  const priority = headers.first('x-priority')?.value ?? headers.first('importance')?.value ?? '';
  if (/^\s*[12]|high/i.test(priority)) out.add('header:high-priority');
  if (message.to.length === 0 && message.cc.length === 0) out.add('to:nobody');
  if (message.to.length + message.cc.length > 1) out.add('to:several');
  const [to] = message.to;
  if (to && to.name !== '' && to.name.toLowerCase() !== to.text.toLowerCase()) out.add('to:named');
  if (to && message.from[0]?.text.toLowerCase() === to.text.toLowerCase()) out.add('to:self');
  const id = message.messageId;
  if (id === undefined) out.add('message-id:missing');
  else {
    if (/@(?:localhost|\[?\d+\.\d+)/.test(id)) out.add('message-id:no-domain');
  }
  if (!headers.has('mime-version')) out.add('header:no-mime-version');
  return { isList, isReply, isForward: forwarded.test(message.subject), brand };
}
