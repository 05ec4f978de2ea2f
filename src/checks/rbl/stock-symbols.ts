import type { SymbolDef } from '../../core/index.ts';

/** Score, description and further groups. */
type Row = readonly [score: number, description: string, ...groups: string[]];

/** Symbols of lists of addresses, and their scores. */
const addressRows = {
  DNSWL_BLOCKED: [0, 'DNSWL refuses to answer: too many questions from this resolver', 'dnswl', 'blocked'],
  RCVD_IN_DNSWL: [0, 'DNSWL gave an answer that is not known', 'dnswl'],
  RCVD_IN_DNSWL_NONE: [0, 'Sender is in DNSWL without trust', 'dnswl'],
  RCVD_IN_DNSWL_LOW: [-0.1, 'Sender is in DNSWL with low trust', 'dnswl'],
  RCVD_IN_DNSWL_MED: [-0.2, 'Sender is in DNSWL with medium trust', 'dnswl'],
  RCVD_IN_DNSWL_HI: [-0.5, 'Sender is in DNSWL with high trust', 'dnswl'],
  DWL_DNSWL_BLOCKED: [0, 'DNSWL refuses to answer about domains: too many questions', 'dnswl', 'blocked'],
  DWL_DNSWL: [0, 'DNSWL gave an answer about a domain that is not known', 'dnswl'],
  DWL_DNSWL_NONE: [0, 'A valid signature is of a domain in DNSWL without trust', 'dnswl'],
  DWL_DNSWL_LOW: [-1, 'A valid signature is of a domain in DNSWL with low trust', 'dnswl'],
  DWL_DNSWL_MED: [-2, 'A valid signature is of a domain in DNSWL with medium trust', 'dnswl'],
  DWL_DNSWL_HI: [-3.5, 'A valid signature is of a domain in DNSWL with high trust', 'dnswl'],
  RBL_SPAMHAUS: [0, 'Spamhaus ZEN gave an answer that is not known', 'spamhaus'],
  RBL_SPAMHAUS_SBL: [4, 'Client is in Spamhaus SBL: operated by spammers', 'spamhaus'],
  RBL_SPAMHAUS_CSS: [2, 'Client is in Spamhaus CSS: sends spam of low reputation', 'spamhaus'],
  RBL_SPAMHAUS_XBL: [4, 'Client is in Spamhaus XBL: infected or hijacked', 'spamhaus'],
  RBL_SPAMHAUS_PBL: [2, 'Client is in Spamhaus PBL: not meant to send mail directly', 'spamhaus'],
  RBL_SPAMHAUS_DROP: [7, 'Client is in a network of Spamhaus DROP', 'spamhaus'],
  RBL_SPAMHAUS_BLOCKED_OPENRESOLVER: [0, 'Spamhaus does not answer through public resolvers', 'spamhaus'],
  RBL_SPAMHAUS_BLOCKED: [0, 'Spamhaus refuses to answer: too many questions', 'spamhaus'],
  RECEIVED_SPAMHAUS: [0, 'Spamhaus ZEN gave an answer about an earlier hop that is not known', 'spamhaus'],
  RECEIVED_SPAMHAUS_SBL: [3, 'An earlier hop is in Spamhaus SBL', 'spamhaus'],
  RECEIVED_SPAMHAUS_CSS: [1, 'An earlier hop is in Spamhaus CSS', 'spamhaus'],
  RECEIVED_SPAMHAUS_XBL: [1, 'An earlier hop is in Spamhaus XBL', 'spamhaus'],
  RECEIVED_SPAMHAUS_PBL: [0, 'An earlier hop is in Spamhaus PBL', 'spamhaus'],
  RECEIVED_SPAMHAUS_DROP: [6, 'An earlier hop is in a network of Spamhaus DROP', 'spamhaus'],
  RECEIVED_SPAMHAUS_BLOCKED_OPENRESOLVER: [
    0,
    'Spamhaus does not answer through public resolvers',
    'spamhaus',
  ],
  RECEIVED_SPAMHAUS_BLOCKED: [0, 'Spamhaus refuses to answer: too many questions', 'spamhaus'],
  MAILSPIKE: [0, 'Mailspike gave an answer that is not known', 'mailspike'],
  RBL_MAILSPIKE_WORST: [2, 'Client has the worst reputation at Mailspike', 'mailspike'],
  RBL_MAILSPIKE_VERYBAD: [1.5, 'Client has a very bad reputation at Mailspike', 'mailspike'],
  RBL_MAILSPIKE_BAD: [1, 'Client has a bad reputation at Mailspike', 'mailspike'],
  RWL_MAILSPIKE_NEUTRAL: [0, 'Client is neutral at Mailspike', 'mailspike'],
  RWL_MAILSPIKE_POSSIBLE: [0, 'Client is possibly legitimate at Mailspike', 'mailspike'],
  RWL_MAILSPIKE_GOOD: [-0.1, 'Client has a good reputation at Mailspike', 'mailspike'],
  RWL_MAILSPIKE_VERYGOOD: [-0.2, 'Client has a very good reputation at Mailspike', 'mailspike'],
  RWL_MAILSPIKE_EXCELLENT: [-0.4, 'Client has an excellent reputation at Mailspike', 'mailspike'],
  RBL_SENDERSCORE: [2, 'Client is in the list of Sender Score'],
  RBL_SEM: [1, 'Client is in the list of Spam Eating Monkey', 'sem'],
  RBL_SEM_IPV6: [1, 'Client is in the IPv6 list of Spam Eating Monkey', 'sem'],
  RBL_VIRUSFREE_UNKNOWN: [0, 'virusfree.cz gave an answer that is not known'],
  RBL_VIRUSFREE_BOTNET: [2, 'Client is in the list of botnets of virusfree.cz'],
  RBL_BLOCKLISTDE: [4, 'Client is in the list of blocklist.de', 'blocklistde'],
  RECEIVED_BLOCKLISTDE: [3, 'An earlier hop is in the list of blocklist.de', 'blocklistde'],
} as const satisfies Readonly<Record<string, Row>>;

/** Symbols of lists of names, and their scores: they count once however many names are found. */
const nameRows = {
  RSPAMD_EMAILBL: [2.5, 'An address is in the list of rspamd.com', 'rspamdbl'],
  RSPAMD_URIBL: [4.5, 'A domain is in the list of rspamd.com', 'rspamdbl'],
  MSBL_EBL: [7.5, 'An address is in the list of MSBL', 'ebl'],
  MSBL_EBL_GREY: [0.5, 'An address is in the grey list of MSBL', 'ebl'],
  SURBL_MULTI: [0, 'SURBL gave an answer that is not known', 'surblorg'],
  PH_SURBL_MULTI: [7.5, 'A domain is in SURBL: phishing', 'surblorg', 'phishing'],
  MW_SURBL_MULTI: [7.5, 'A domain is in SURBL: malware', 'surblorg'],
  ABUSE_SURBL: [5, 'A domain is in SURBL: abuse', 'surblorg'],
  CRACKED_SURBL: [5, 'A domain is in SURBL: cracked site', 'surblorg'],
  CT_SURBL: [0, 'A domain is in SURBL: counts clicks', 'surblorg'],
  DM_SURBL: [0, 'A domain is in SURBL: disposable mail', 'surblorg'],
  SURBL_BLOCKED: [
    0,
    'SURBL refuses to answer: too many questions or a public resolver',
    'surblorg',
    'blocked',
  ],
  SURBL_HASHBL: [0, 'The hash list of SURBL gave an answer that is not known', 'surblorg'],
  SURBL_HASHBL_PHISH: [0, 'A link is in the hash list of SURBL: phishing', 'surblorg', 'phishing'],
  SURBL_HASHBL_MALWARE: [0, 'A link is in the hash list of SURBL: malware', 'surblorg'],
  SURBL_HASHBL_ABUSE: [0, 'A link is in the hash list of SURBL: abuse', 'surblorg'],
  SURBL_HASHBL_CRACKED: [0, 'A link is in the hash list of SURBL: cracked site', 'surblorg'],
  SURBL_HASHBL_EMAIL: [0, 'A link is in the hash list of SURBL: used with addresses of spam', 'surblorg'],
  URIBL_MULTI: [0, 'URIBL gave an answer that is not known', 'uribl'],
  URIBL_BLOCKED: [0, 'URIBL refuses to answer: too many questions or a public resolver', 'uribl', 'blocked'],
  URIBL_BLACK: [7.5, 'A domain is in the black list of URIBL', 'uribl'],
  URIBL_RED: [0.5, 'A domain is in the red list of URIBL', 'uribl'],
  URIBL_GREY: [2.5, 'A domain is in the grey list of URIBL', 'uribl'],
  SPAMHAUS_ZEN_URIBL: [
    0,
    'Spamhaus ZEN gave an answer about the host of a domain that is not known',
    'spamhaus',
  ],
  URIBL_SBL: [6.5, 'The host of a domain is in Spamhaus SBL', 'spamhaus'],
  URIBL_SBL_CSS: [5, 'The host of a domain is in Spamhaus CSS', 'spamhaus'],
  URIBL_XBL: [3, 'The host of a domain is in Spamhaus XBL', 'spamhaus'],
  URIBL_PBL: [0.01, 'The host of a domain is in Spamhaus PBL', 'spamhaus'],
  URIBL_DROP: [5, 'The host of a domain is in Spamhaus DROP', 'spamhaus'],
  DBL: [0, 'Spamhaus DBL gave an answer that is not known', 'spamhaus'],
  DBL_SPAM: [6.5, 'A domain is in Spamhaus DBL: spam', 'spamhaus'],
  DBL_PHISH: [7.5, 'A domain is in Spamhaus DBL: phishing', 'spamhaus'],
  DBL_MALWARE: [7.5, 'A domain is in Spamhaus DBL: malware', 'spamhaus'],
  DBL_BOTNET: [7.5, 'A domain is in Spamhaus DBL: control of a botnet', 'spamhaus'],
  DBL_ABUSE: [5, 'A domain is in Spamhaus DBL: legitimate, abused for spam', 'spamhaus'],
  DBL_ABUSE_REDIR: [5, 'A domain is in Spamhaus DBL: redirector abused for spam', 'spamhaus'],
  DBL_ABUSE_PHISH: [6.5, 'A domain is in Spamhaus DBL: legitimate, abused for phishing', 'spamhaus'],
  DBL_ABUSE_MALWARE: [6.5, 'A domain is in Spamhaus DBL: legitimate, abused for malware', 'spamhaus'],
  DBL_ABUSE_BOTNET: [6.5, 'A domain is in Spamhaus DBL: legitimate, abused by a botnet', 'spamhaus'],
  DBL_PROHIBIT: [0, 'Spamhaus DBL was asked about an address', 'spamhaus'],
  DBL_BLOCKED_OPENRESOLVER: [0, 'Spamhaus does not answer through public resolvers', 'spamhaus'],
  DBL_BLOCKED: [0, 'Spamhaus refuses to answer: too many questions', 'spamhaus'],
  SEM_URIBL_UNKNOWN: [0, 'Spam Eating Monkey gave an answer about a domain that is not known', 'sem'],
  SEM_URIBL: [3.5, 'A domain is in the list of Spam Eating Monkey', 'sem'],
  SEM_URIBL_FRESH15_UNKNOWN: [
    0,
    'Spam Eating Monkey gave an answer about a young domain that is not known',
    'sem',
  ],
  SEM_URIBL_FRESH15: [3, 'A domain was registered in the last 15 days', 'sem'],
} as const satisfies Readonly<Record<string, Row>>;

export type StockSymbol = keyof typeof addressRows | keyof typeof nameRows;

function define(rows: Readonly<Record<string, Row>>, group: string, isOneShot: (name: string) => boolean) {
  return Object.entries(rows).map(([name, [score, description, ...groups]]): [string, SymbolDef] => [
    name,
    { score, description, groups: [group, ...groups], ...(isOneShot(name) && { oneShot: true }) },
  ]);
}

/** Symbols of the lists that every installation asks, with Rspamd's scores and groups. */
export const stockSymbols = Object.fromEntries([
  ...define(addressRows, 'rbl', (name) => name.startsWith('RECEIVED_')),
  ...define(nameRows, 'surbl', () => true),
]) as Readonly<Record<StockSymbol, SymbolDef>>;

export function isStockSymbol(name: string): name is StockSymbol {
  return Object.hasOwn(stockSymbols, name);
}
