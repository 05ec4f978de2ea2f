/** Senders, whose domains are looked up beside what stands in the text. */
const senderDomains = `
  from_smtp = "from('smtp'):domain.lower";
  from_mime = "from('mime'):domain.lower";
  mid = "header('Message-Id').regexp('/(?<=@)[^@<>\\\\s]+(?=>?\\\\s*$)/').lower";
`;

/** One list: name, what every list has, and the rest. */
function list(name: string, zone: string, rest: string): string {
  return `${name} { rbl = "${zone}"; ${rest} }`;
}

/** Lists of links and addresses: they look at mail of every direction. */
function ofNames(name: string, zone: string, checks: readonly string[], rest: string): string {
  const kinds = checks.map((kind) => `"${kind}"`).join(', ');
  return list(name, zone, `ignore_defaults = true; checks = [${kinds}]; ${rest}`);
}

/** Domains of addresses are asked, not addresses. */
const domains = 'emails_domainonly = true;';

/** Codes of DNSWL: the third number is a category, the last one the trust. */
function trust(prefix: string, blocked: string): string {
  const levels = ['NONE', 'LOW', 'MED', 'HI'].map(
    (level, code) => `${prefix}_${level} = "127.0.%d+.${code}";`,
  );
  return `returncodes_matcher = "luapattern"; returncodes { ${levels.join(' ')} ${blocked} = "127.0.0.255"; }`;
}

const blockedCodes = (prefix: string): string =>
  `${prefix}_BLOCKED_OPENRESOLVER = "127.255.255.254"; ${prefix}_BLOCKED = "127.255.255.255";`;

/** The lists that Rspamd ships: zones, codes and what each is asked (modules.md, "Stock lists"). */
export function stockRbl(mapsMirror: string): string {
  return `
    default_exclude_users = true;
    default_unknown = true;
    url_whitelist = [
      "${mapsMirror}/rspamd/surbl-whitelist.inc.zst",
      "$LOCAL_CONFDIR/local.d/maps.d/surbl-whitelist.inc.local",
      "$DBDIR/surbl-whitelist.inc.local",
      "fallback+file://$CONFDIR/maps.d/surbl-whitelist.inc"
    ];
    attached_maps = [ {
      selector_alias = "surbl_hashbl_map";
      description = "hosts whose links are in the hash list of SURBL";
      url = "regexp;http://sa-update.surbl.org/rspamd/surbl-hashbl-map.inc";
    } ];
    rbls { ${[...addressLists, ...nameLists].join('\n')} }
  `;
}

const addressLists = [
  list(
    'spamhaus',
    'zen.spamhaus.org',
    `symbol = "SPAMHAUS"; checks = ["received", "from"];
    symbols_prefixes { received = "RECEIVED"; from = "RBL"; }
    returncodes {
      SPAMHAUS_SBL = "127.0.0.2"; SPAMHAUS_CSS = "127.0.0.3";
      SPAMHAUS_XBL = ["127.0.0.4", "127.0.0.5", "127.0.0.6", "127.0.0.7"];
      SPAMHAUS_PBL = ["127.0.0.10", "127.0.0.11"]; SPAMHAUS_DROP = "127.0.0.9";
      ${blockedCodes('SPAMHAUS')}
    }`,
  ),
  list(
    'mailspike',
    'rep.mailspike.net',
    `symbol = "MAILSPIKE"; checks = ["from"]; is_whitelist = true;
    whitelist_exception = ["MAILSPIKE", "RWL_MAILSPIKE_GOOD", "RWL_MAILSPIKE_NEUTRAL", "RWL_MAILSPIKE_POSSIBLE",
      "RBL_MAILSPIKE_WORST", "RBL_MAILSPIKE_VERYBAD", "RBL_MAILSPIKE_BAD"];
    returncodes {
      RBL_MAILSPIKE_WORST = "127.0.0.10"; RBL_MAILSPIKE_VERYBAD = "127.0.0.11"; RBL_MAILSPIKE_BAD = "127.0.0.12";
      RWL_MAILSPIKE_NEUTRAL = ["127.0.0.13", "127.0.0.14", "127.0.0.15", "127.0.0.16"];
      RWL_MAILSPIKE_POSSIBLE = "127.0.0.17"; RWL_MAILSPIKE_GOOD = "127.0.0.18";
      RWL_MAILSPIKE_VERYGOOD = "127.0.0.19"; RWL_MAILSPIKE_EXCELLENT = "127.0.0.20";
    }`,
  ),
  list(
    'senderscore',
    'bl.score.senderscore.com',
    'enabled = false; symbol = "RBL_SENDERSCORE"; checks = ["from"];',
  ),
  list('sem', 'bl.spameatingmonkey.net', 'symbol = "RBL_SEM"; checks = ["from"]; ipv6 = false;'),
  list(
    'semIPv6',
    'bl.ipv6.spameatingmonkey.net',
    'symbol = "RBL_SEM_IPV6"; checks = ["from"]; ipv4 = false;',
  ),
  list(
    'dnswl',
    'list.dnswl.org',
    `symbol = "RCVD_IN_DNSWL"; checks = ["from", "received"]; is_whitelist = true;
    whitelist_exception = ["RCVD_IN_DNSWL", "RCVD_IN_DNSWL_NONE", "RCVD_IN_DNSWL_LOW", "DNSWL_BLOCKED"];
    ${trust('RCVD_IN_DNSWL', 'DNSWL_BLOCKED')}`,
  ),
  list(
    'virusfree',
    'bip.virusfree.cz',
    'symbol = "RBL_VIRUSFREE_UNKNOWN"; checks = ["from"]; returncodes { RBL_VIRUSFREE_BOTNET = "127.0.0.2"; }',
  ),
  list(
    'blocklistde',
    'bl.blocklist.de',
    `symbol = "BLOCKLISTDE"; checks = ["from", "received"];
    symbols_prefixes { received = "RECEIVED"; from = "RBL"; }`,
  ),
  list(
    'dnswl_dwl',
    'dwl.dnswl.org',
    `symbol = "DWL_DNSWL"; checks = ["dkim"]; ignore_whitelist = true; unknown = false;
    ${trust('DWL_DNSWL', 'DWL_DNSWL_BLOCKED')}`,
  ),
];

/** Whole addresses in lower case, as the lists of addresses hash them. */
function senderAddresses(delimiter: string): string {
  const address = (side: string): string =>
    `from('${side}'):user.lower;id('${delimiter}');from('${side}'):domain.lower`;
  return `selector_flatten = false; selector { from_smtp = "${address('smtp')}"; from_mime = "${address('mime')}"; }`;
}

const nameLists = [
  ofNames(
    'RSPAMD_EMAILBL',
    'email.rspamd.com',
    ['emails', 'replyto'],
    `ignore_whitelist = true; emails_delimiter = "."; ${senderAddresses('.')}
    hash = "blake2"; hash_format = "base32"; hash_len = 32;
    returncodes { RSPAMD_EMAILBL = "127.0.0.2"; }`,
  ),
  ofNames(
    'MSBL_EBL',
    'ebl.msbl.org',
    ['emails', 'replyto'],
    `ignore_whitelist = true; hash = "sha1"; ${senderAddresses('@')}
    returncodes { MSBL_EBL = ["127.0.0.2", "127.0.0.3"]; MSBL_EBL_GREY = ["127.0.1.2", "127.0.1.3"]; }`,
  ),
  ofNames(
    'SURBL_MULTI',
    'multi.surbl.org',
    ['emails', 'dkim', 'helo', 'rdns', 'replyto', 'urls', 'content_urls'],
    `${domains} url_full_hostname = true; selector { ${senderDomains} }
    returnbits {
      CRACKED_SURBL = 128; ABUSE_SURBL = 64; CT_SURBL = 32; MW_SURBL_MULTI = 16; PH_SURBL_MULTI = 8; DM_SURBL = 4;
      SURBL_BLOCKED = 1;
    }`,
  ),
  list(
    'SURBL_HASHBL',
    'hashbl.surbl.org',
    `ignore_defaults = true; random_monitored = true; hash = "md5"; hash_len = 32;
    selector = "specific_urls_filter_map('surbl_hashbl_map', {limit = 10}).apply_methods('get_host', 'get_path').join_tables('/')";
    returncodes_matcher = "luapattern";
    returncodes {
      SURBL_HASHBL_PHISH = "127%.0%.0%.8"; SURBL_HASHBL_MALWARE = "127%.0%.0%.16";
      SURBL_HASHBL_ABUSE = "127%.0%.0%.64"; SURBL_HASHBL_CRACKED = "127%.0%.0%.128";
      SURBL_HASHBL_EMAIL = "127%.0%.1%.%d+";
    }`,
  ),
  ofNames(
    'URIBL_MULTI',
    'multi.uribl.com',
    ['emails', 'dkim', 'helo', 'rdns', 'replyto', 'urls', 'content_urls'],
    `${domains} selector { ${senderDomains} }
    returnbits { URIBL_BLOCKED = 1; URIBL_BLACK = 2; URIBL_GREY = 4; URIBL_RED = 8; }`,
  ),
  ofNames(
    'RSPAMD_URIBL',
    'uribl.rspamd.com',
    ['emails', 'dkim', 'urls', 'content_urls'],
    `${domains} selector { ${senderDomains} } hash = "blake2"; hash_format = "base32"; hash_len = 32;
    returncodes { RSPAMD_URIBL = "127.0.0.2"; }`,
  ),
  ofNames(
    'DBL',
    'dbl.spamhaus.org',
    ['emails', 'dkim', 'helo', 'rdns', 'replyto', 'urls', 'content_urls'],
    `${domains} no_ip = true; selector { ${senderDomains} }
    returncodes {
      DBL_SPAM = "127.0.1.2"; DBL_PHISH = "127.0.1.4"; DBL_MALWARE = "127.0.1.5"; DBL_BOTNET = "127.0.1.6";
      DBL_ABUSE = "127.0.1.102"; DBL_ABUSE_REDIR = "127.0.1.103"; DBL_ABUSE_PHISH = "127.0.1.104";
      DBL_ABUSE_MALWARE = "127.0.1.105"; DBL_ABUSE_BOTNET = "127.0.1.106"; DBL_PROHIBIT = "127.0.1.255";
      ${blockedCodes('DBL')}
    }`,
  ),
  // Off by itself: it tells Spamhaus where the hosts of all domains are.
  list(
    'SPAMHAUS_ZEN_URIBL',
    'zen.spamhaus.org',
    `enabled = false; checks = ["emails"]; resolve_ip = true;
    returncodes {
      URIBL_SBL = "127.0.0.2"; URIBL_SBL_CSS = "127.0.0.3";
      URIBL_XBL = ["127.0.0.4", "127.0.0.5", "127.0.0.6", "127.0.0.7"];
      URIBL_PBL = ["127.0.0.10", "127.0.0.11"]; URIBL_DROP = "127.0.0.9";
    }`,
  ),
  ofNames(
    'SEM_URIBL_UNKNOWN',
    'uribl.spameatingmonkey.net',
    ['emails', 'dkim', 'urls', 'content_urls'],
    `${domains} no_ip = true; returnbits { SEM_URIBL = 2; }`,
  ),
  ofNames(
    'SEM_URIBL_FRESH15_UNKNOWN',
    'fresh15.spameatingmonkey.net',
    ['emails', 'dkim', 'urls', 'content_urls'],
    `${domains} no_ip = true; exclude_users = true; returnbits { SEM_URIBL_FRESH15 = 2; }`,
  ),
];
