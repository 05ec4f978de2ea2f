import type { Random } from './random.ts';
import {
  brandNames,
  carriers,
  cities,
  firstNames,
  lastNames,
  shops,
  streets,
  type Vocabulary,
  vocabularies,
} from './vocabulary.ts';
import {
  banks,
  coins,
  companies,
  exchanges,
  fiction,
  lorem,
  streams,
  tips,
  wallets,
} from './vocabulary-more.ts';

/** What all places of one message agree on. */
export interface Cast {
  readonly language: string;
  readonly vocabulary: Vocabulary;
  readonly shop: string;
  readonly site: string;
  readonly brand: string;
  readonly coin: string;
  readonly exchange: string;
  readonly bank: string;
  readonly stream: string;
  readonly carrier: string;
  readonly name: string;
  readonly person: string;
  readonly other: string;
  readonly recipient: string;
  readonly user: string;
}

const topLevels: Readonly<Record<string, readonly string[]>> = {
  en: ['com', 'co.uk', 'org', 'io', 'net'],
  de: ['de', 'de', 'at', 'ch', 'com'],
  fr: ['fr', 'fr', 'com', 'be'],
  es: ['es', 'es', 'com'],
  pt: ['com.br', 'pt', 'com.br'],
  it: ['it', 'it', 'com'],
  nl: ['nl', 'nl', 'be'],
  pl: ['pl', 'pl', 'com.pl'],
  tr: ['com.tr', 'com', 'net'],
  sv: ['se', 'se', 'nu'],
};

/** A text as part of a host name. */
export function slug(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}

export function castOf(language: string, random: Random): Cast {
  const first = random.pick(firstNames);
  const last = random.pick(lastNames);
  const shop = `${random.pick(shops)}${random.pick(['', '', ' Shop', ' Club', ' Online', ' Service'])}`;
  const user = `${first}.${last}${random.below(90)}`.toLowerCase();
  return {
    language,
    vocabulary: vocabularies[language]!,
    shop,
    site: `www.${slug(shop)}.${random.pick(topLevels[language]!)}`,
    brand: random.pick(brandNames),
    coin: random.pick(coins),
    exchange: random.pick(exchanges),
    bank: random.pick(banks[language]!),
    stream: random.pick(streams),
    carrier: random.pick(carriers),
    name: random.chance(0.6) ? first : `${first} ${last}`,
    person: `${random.pick(firstNames)} ${random.pick(lastNames)}`,
    other: random.pick(firstNames) + (random.chance(0.5) ? ` ${random.pick(lastNames)}` : ''),
    recipient: `${user}@${random.pick(['outlook.example', 'gmail.example', 'libero.example', 'gmx.example', 'firma.example'])}`,
    user,
  };
}

function amountOf({ language }: Cast, random: Random): string {
  const whole = random.chance(0.7) ? random.below(300) + 2 : (random.below(90) + 1) * 100;
  const cents = String(random.below(100)).padStart(2, '0');
  if (language === 'en') return `${random.pick(['$', '£', '€', 'USD '])}${whole}.${cents}`;
  if (language === 'pt') return `R$ ${whole},${cents}`;
  if (language === 'pl') return `${whole},${cents} zł`;
  if (language === 'tr') return `${whole},${cents} TL`;
  if (language === 'sv') return `${whole} kr`;
  return random.pick([`${whole},${cents} €`, `€ ${whole},${cents}`, `${whole} Euro`]);
}

const freeProviders = [
  'gmail.com',
  'yahoo.com',
  'outlook.com',
  'hotmail.com',
  'aol.com',
  'gmx.com',
  'proton.me',
];
const digits = '0123456789';

function itemsOf(cast: Cast, random: Random): string {
  return Array.from(
    { length: 1 + random.below(4) },
    () =>
      `${1 + random.below(3)} x ${random.pick(cast.vocabulary.products)} (${random.text(6).toUpperCase()}) ${amountOf(cast, random)}`,
  ).join('\n');
}

const slots: Readonly<Record<string, (cast: Cast, random: Random) => string>> = {
  number: (_, random) => random.text(5 + random.below(5), digits),
  small: (_, random) => String(2 + random.below(98)),
  code: (_, random) => random.text(8, 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'),
  year: (_, random) => String(2019 + random.below(9)),
  percent: (_, random) => `${10 + 5 * random.below(17)}${random.pick(['%', ' %'])}`,
  million: (_, random) =>
    random.pick([
      `${1 + random.below(40)}.${random.below(9)} million`,
      `${1 + random.below(30)},000,000`,
      `$${1 + random.below(20)},500,000.00`,
    ]),
  amount: amountOf,
  date: ({ vocabulary }, random) =>
    random.chance(0.5)
      ? `${1 + random.below(28)} ${random.pick(vocabulary.months)}`
      : `${1 + random.below(28)}.${1 + random.below(12)}.${2019 + random.below(9)}`,
  month: ({ vocabulary }, random) => random.pick(vocabulary.months),
  topic: ({ vocabulary }, random) => random.pick(vocabulary.topics),
  chat: ({ vocabulary }, random) => random.pick(vocabulary.chat),
  product: ({ vocabulary }, random) => random.pick(vocabulary.products),
  items: itemsOf,
  shop: ({ shop }) => shop,
  site: ({ site }) => site,
  brand: ({ brand }) => brand,
  carrier: ({ carrier }) => carrier,
  name: ({ name }) => name,
  name2: ({ other }) => other,
  person: ({ person }) => person,
  rcpt: ({ recipient }) => recipient,
  user: ({ user }) => user,
  city: (_, random) => random.pick(cities),
  street: (_, random) => random.pick(streets),
  phone: (_, random) =>
    `+${random.text(2, '1234')} ${random.text(3, digits)} ${random.text(3, digits)} ${random.text(4, digits)}`,
  ownmail: ({ site }, random) => `${random.pick(['info', 'service', 'hello', 'shop'])}@${site.slice(4)}`,
  mail2: ({ other }, random) => `${slug(other)}@${random.pick(freeProviders)}`,
  freemail: ({ person }, random) => `${slug(person)}${random.below(999)}@${random.pick(freeProviders)}`,
  coin: ({ coin }) => coin,
  wallet2: (_, random) => random.pick(wallets),
  exchange: ({ exchange }) => exchange,
  bank: ({ bank }) => bank,
  stream: ({ stream }) => stream,
  company: (_, random) => random.pick(companies),
  fiction: (_, random) => random.pick(fiction),
  lorem: (_, random) => random.pick(lorem),
  tip: ({ language }, random) => random.pick(tips[language] ?? tips['en']!),
  first: (_, random) => random.pick(firstNames),
  hours: (_, random) => random.pick(['12', '24', '36', '48', '72']),
  days: (_, random) => String(2 + random.below(12)),
  rcptdomain: ({ recipient }) => recipient.slice(recipient.indexOf('@') + 1),
  wallet: (_, random) => random.pick(['1', '3', 'bc1q']) + random.text(33, '23456789abcdefghjkmnpqrstuvwxyz'),
};

/** Chooses between alternatives, innermost first, and fills the slots. */
export function fill(text: string, cast: Cast, random: Random): string {
  let chosen = text.replace(/\{,\| \{user\},\}/g, () => random.pick([',', ` ${cast.user},`]));
  for (let before = ''; before !== chosen; ) {
    before = chosen;
    chosen = chosen.replace(/\[([^[\]]*\|[^[\]]*)\]/g, (_, options: string) =>
      random.pick(options.split('|')),
    );
  }
  return chosen
    .replace(/\{(\w+)\}/g, (_, name: string) => {
      const slot = slots[name];
      if (!slot) throw new TypeError(`no slot ${name} for: ${text}`);
      return slot(cast, random);
    })
    .replaceAll('⟦', '[')
    .replaceAll('⟧', ']')
    .replace(/ {2,}/g, ' ')
    .trim();
}
