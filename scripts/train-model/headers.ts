import { type Cast, slug } from './fill.ts';
import type { Random } from './random.ts';
import type { Template } from './templates.ts';
import { firstNames, lastNames } from './vocabulary.ts';
import { wallets } from './vocabulary-more.ts';

/** Kinds of honest mail that a person writes. */
export const personKinds: ReadonlySet<string> = new Set(['person', 'note', 'office', 'question']);
/** Kinds of honest mail that goes to many. */
const bulkKinds: ReadonlySet<string> = new Set([
  'newsletter',
  'shopletter',
  'letter2',
  'saasnews',
  'tradeletter',
  'appeal',
  'werbung2',
  'loja2',
  'promo2',
]);

const mailPrograms = [
  'User-Agent: Mozilla Thunderbird',
  'X-Mailer: Apple Mail (2.3731)',
  'X-Mailer: Microsoft Outlook 16.0',
  'X-Mailer: iPhone Mail (20A362)',
  'User-Agent: Roundcube Webmail',
];

const encodeWord = (text: string): string => `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`;

function serviceName(cast: Cast, random: Random): string {
  return random.pick([
    `The team at ${cast.shop}`,
    `${cast.person} from ${cast.shop}`,
    cast.shop,
    cast.shop,
    'Service',
    'Info',
    `${cast.shop} Support`,
    `${cast.shop} Team`,
    '',
  ]);
}

const humanSpam =
  /^(?:advance|seo|adult|sextortion|romance|kontakt|boss|chefmail|b2bservice|job|extort|short)$/;
const bankSpam = /^(?:bank|bank2|banco2|banca2|banque2)$/;
const coinSpam = /^(?:airdrop|wallet|carteira|bankruptcy|crypto)$/;

function spamName(kind: string, cast: Cast, random: Random): string {
  if (humanSpam.test(kind))
    return random.pick([
      cast.person,
      cast.person,
      cast.person.toUpperCase(),
      `Mrs. ${cast.person}`,
      random.pick(firstNames),
      cast.other,
      '',
    ]);
  if (bankSpam.test(kind))
    return random.pick([
      cast.bank,
      cast.bank,
      `${cast.bank} ${random.pick(['Online', 'Service', 'Info', 'Atendimento', 'Sicherheit', 'Alert'])}`,
      'Service',
      '',
    ]);
  if (coinSpam.test(kind))
    return random.pick([
      cast.coin,
      cast.exchange,
      random.pick(wallets),
      `${cast.coin} ${random.pick(['Team', 'News', 'Foundation', 'Rewards', 'Insights'])}`,
      `${random.pick(firstNames)} from ${cast.exchange}`,
      'Support',
      '',
    ]);
  const product = random.pick(cast.vocabulary.products);
  return random.pick([
    cast.brand,
    cast.brand,
    `${cast.brand} Support`,
    `${cast.brand} Service`,
    `Info ${cast.brand}`,
    `${cast.brand} ${random.pick(['Kundenservice', 'Security Team', 'Atendimento', 'Service Client', 'Rewards Department', 'Online Banking'])}`,
    `Your ${cast.brand} order team`,
    cast.carrier,
    product,
    `${product} ${random.pick(['Deals', 'Offer', 'Club', 'Alert', 'News', 'Partner'])}`,
    `${cast.person}, ${random.text(4)}`,
    cast.person,
    cast.person,
    'Service',
    'Support',
    'Info',
    '',
    cast.recipient,
  ]);
}

function answerLines(random: Random): string[] {
  return [`In-Reply-To: <${random.text(16)}@mail.example>`, `References: <${random.text(16)}@mail.example>`];
}

function personLines(subject: string, random: Random): string[] {
  const lines = random.chance(0.7) ? [random.pick(mailPrograms)] : [];
  if (/^(?:re|aw|r|tr|odp|sv|ynt|fwd?):/i.test(subject)) {
    // Old programs and gateways lose what a message answers.
    if (random.chance(0.85)) lines.push(...answerLines(random));
  }
  return lines;
}

/** What a list server makes of the message of a member: the sender is the list, replies go to him. */
function listLines(cast: Cast, random: Random): string[] {
  const list = random.pick(['users', 'devel', 'help', 'discuss', 'announce']);
  const lines = random.chance(0.6) ? [`List-Id: <${list}.${cast.site.slice(4)}>`, 'Precedence: list'] : [];
  if (random.chance(0.4))
    lines.push(`Reply-To: ${slug(cast.person)}@${random.pick(['gmail.com', 'gmx.de', 'uni.example'])}`);
  return lines;
}

function bulkLines(cast: Cast, isSpam: boolean, random: Random): string[] {
  const lines: string[] = [];
  if (random.chance(0.75))
    lines.push(
      `List-Unsubscribe: <https://${isSpam ? `${random.text(7)}.com` : cast.site}/u/${random.text(8)}>`,
    );
  if (random.chance(0.3)) lines.push('List-Unsubscribe-Post: List-Unsubscribe=One-Click');
  if (random.chance(0.4)) lines.push('Precedence: bulk');
  if (!isSpam && random.chance(0.3)) lines.push(`List-Id: <news.${cast.site.slice(4)}>`);
  return lines;
}

/** Spam copies what speaks for a message. */
function copiedLines(subject: string, random: Random): string[] {
  const lines: string[] = [];
  if (random.chance(0.06)) lines.push('X-Priority: 1');
  if (random.chance(/^(?:re|aw|fwd?|enc):/i.test(subject) ? 0.5 : 0.05)) lines.push(...answerLines(random));
  if (random.chance(0.04)) lines.push(`List-Id: <${random.text(9)}.example>`);
  if (random.chance(0.04)) lines.push('Auto-Submitted: auto-generated');
  if (random.chance(0.08)) lines.push(random.pick(mailPrograms));
  return lines;
}

/** The header of a message, but what its parts need. */
export function headersOf(template: Template, cast: Cast, subject: string, random: Random): string[] {
  const { kind } = template;
  const isSpam = template.label === 'spam';
  const isPerson = !isSpam && personKinds.has(kind);
  const isListed = kind === 'question' && random.chance(0.6);
  // Half of the time nothing can be made of the sender's domain, as where it was replaced or is a relay's.
  const ownDomain = random.chance(0.5) ? cast.site.slice(4) : `${random.text(1)}.example`;
  const strange = random.pick([
    `${random.text(8)}.com`,
    'gmail.com',
    'y.example',
    'outlook.com',
    `${random.text(6)}.info`,
    'mail.example',
  ]);
  const personal = random.pick([ownDomain, 'gmail.com', 'gmx.de', 'y.example']);
  const domain = isSpam ? strange : isPerson && !isListed ? personal : ownDomain;
  const own = isListed && random.chance(0.5) ? `${cast.person} via ${cast.shop}` : cast.person;
  const person = random.chance(0.12) ? '' : own;
  const name = isPerson ? person : isSpam ? spamName(kind, cast, random) : serviceName(cast, random);
  const user = isPerson
    ? slug(cast.person)
    : random.pick([
        'info',
        'noreply',
        'no-reply',
        'service',
        'news',
        'contact',
        random.text(7),
        slug(random.pick(firstNames)) + slug(random.pick(lastNames)),
      ]);
  const quoted = name === '' ? '' : /[^\w .-]/.test(name) ? `${encodeWord(name)} ` : `"${name}" `;
  const lines = [
    `From: ${quoted}<${user}@${domain}>`,
    `To: ${random.chance(0.15) ? `"${cast.name}" ` : ''}${random.chance(0.5) ? `<${cast.recipient}>` : cast.recipient}`,
    `Subject: ${/[^\x20-\x7e]/.test(subject) ? encodeWord(subject) : subject}`,
    `Message-ID: <${random.text(20)}@${domain}>`,
    'MIME-Version: 1.0',
  ];
  if (isPerson) lines.push(...personLines(subject, random));
  else if (random.chance(isSpam ? 0.25 : 0.2))
    lines.push(
      random.pick([
        'X-Mailer: PHPMailer 6.6.0',
        'X-Mailer: Magento',
        'X-Mailer: PHP/8.1',
        `X-Mailer: ${random.text(8)}`,
        'X-Mailer: Microsoft Outlook Express 6.00.2600.0000',
      ]),
    );
  if (isListed) lines.push(...listLines(cast, random));
  const isBulk = !isSpam && bulkKinds.has(kind);
  if (isBulk ? random.chance(0.85) : !isPerson && random.chance(isSpam ? 0.18 : 0.06))
    lines.push(...bulkLines(cast, isSpam, random));
  if (!isSpam && !isPerson && random.chance(0.15)) lines.push('Auto-Submitted: auto-generated');
  if (isSpam) lines.push(...copiedLines(subject, random));
  const answers = /^(?:advance|seo|job|romance)$/.test(kind) ? 0.5 : isSpam ? 0.12 : 0.1;
  if (!isListed && random.chance(answers))
    lines.push(
      `Reply-To: ${isSpam ? `${slug(cast.person)}${random.below(99)}@gmail.com` : `service@${ownDomain}`}`,
    );
  return lines;
}
