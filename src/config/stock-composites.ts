// Stock composites all of whose symbols exist here. Expressions, scores and policies: reference of modules, part 4;
// the words are ours.

interface StockComposite {
  readonly expression: string;
  readonly score?: number;
  /** Default: symbols and weights are removed. */
  readonly policy?: 'leave' | 'remove_weight';
  readonly description: string;
}

const spfFails = '(R_SPF_SOFTFAIL | R_SPF_FAIL)';
const noDkim = '(R_DKIM_NA | R_DKIM_TEMPFAIL | R_DKIM_PERMFAIL)';
const phishing = '(PHISHING | PHISHED_OPENPHISH | PHISHED_PHISHTANK | DBL_PHISH | DBL_ABUSE_PHISH)';
const noAuthentication = 'R_DKIM_NA & R_SPF_NA & DMARC_NA & ARC_NA';

const composites: Readonly<Record<string, StockComposite>> = {
  ABUSE_FROM_INJECTOR: {
    expression:
      'SUSPICIOUS_AUTH_ORIGIN & (RCVD_HELO_USER | FAKE_REPLY | HAS_IPFS_GATEWAY_URL | HTML_SHORT_LINK_IMG_1)',
    score: 2,
    policy: 'leave',
    description: 'A login from a suspicious address, with the signs of a program that injects mail',
  },
  APPLE_IOS_MAILER_COMMON: {
    expression: 'APPLE_IOS_MAILER & (MV_CASE | MIME_MA_MISSING_TEXT)',
    description: 'The mail program of iOS has these habits',
  },
  APPLE_MAILER_COMMON: {
    expression: 'APPLE_MAILER & MV_CASE',
    description: 'Apple Mail has this habit',
  },
  AUTH_NA: {
    expression: noAuthentication,
    score: 1,
    policy: 'remove_weight',
    description: 'The sender’s domains use no SPF, DKIM, DMARC or ARC',
  },
  AUTH_NA_OR_FAIL: {
    expression: `!(${noAuthentication}) & ${noDkim} & (R_SPF_NA | R_SPF_DNSFAIL) & DMARC_NA & (ARC_NA | ARC_DNSFAIL)`,
    score: 1,
    policy: 'remove_weight',
    description: 'None of SPF, DKIM, DMARC and ARC says who sent this',
  },
  AUTOGEN_PHP_SPAMMY: {
    expression:
      '(HAS_X_POS | HAS_PHPMAILER_SIG | HAS_X_PHP_SCRIPT) & (SUBJECT_ENDS_QUESTION | SUBJECT_ENDS_EXCLAIM | MANY_INVISIBLE_PARTS)',
    score: 1,
    policy: 'leave',
    description: 'A script of PHP sent it, and it looks like advertising',
  },
  BAD_REP_POLICIES: {
    expression: '(~g-:policies) & (-g+:fuzzy | -g+:statistics | -g+:surbl | -g+:rbl)',
    score: 0.1,
    description: 'Authenticated mail with bad content: passing SPF or DKIM is no excuse',
  },
  BOUNCE_NO_AUTH: {
    expression: '(AUTH_NA | AUTH_NA_OR_FAIL) & (BOUNCE | SUBJ_BOUNCE_WORDS)',
    score: 1,
    description: 'A bounce from a domain that proves nothing',
  },
  BROKEN_HEADERS_MAILLIST: {
    expression: 'BROKEN_HEADERS & -MAILLIST',
    policy: 'remove_weight',
    description: 'A mailing list broke the headers',
  },
  COMPROMISED_ACCT_BULK: {
    expression: '(HAS_XOIP | RCVD_FROM_SMTP_AUTH) & DCC_BULK',
    score: 3,
    policy: 'leave',
    description: 'Bulk mail from an account that somebody may have taken over',
  },
  DKIM_MIXED: {
    expression: '-R_DKIM_ALLOW & (R_DKIM_TEMPFAIL | R_DKIM_PERMFAIL | R_DKIM_REJECT)',
    policy: 'remove_weight',
    description: 'Some signatures verify and some do not',
  },
  DMARC_POLICY_ALLOW_WITH_FAILURES: {
    expression: 'DMARC_POLICY_ALLOW & (R_SPF_SOFTFAIL | R_SPF_FAIL | R_DKIM_REJECT)',
    score: -0.5,
    policy: 'remove_weight',
    description: 'DMARC passes by one of SPF and DKIM, the other fails',
  },
  FORGED_MUA_MAILLIST: {
    expression: 'g:mua & -MAILLIST',
    description: 'A mailing list changes what mail programs write',
  },
  FORGED_RECIPIENTS_FORWARDING: {
    expression: 'FORGED_RECIPIENTS & g:forwarding',
    policy: 'remove_weight',
    description: 'Forwarded mail names the recipient it first had',
  },
  FORGED_RECIPIENTS_MAILLIST: {
    expression: 'FORGED_RECIPIENTS & -MAILLIST',
    description: 'Mail of a list names the list as recipient',
  },
  FORGED_SENDER_FORWARDING: {
    expression: 'FORGED_SENDER & g:forwarding',
    policy: 'remove_weight',
    description: 'Forwarded mail has the forwarder as envelope sender',
  },
  FORGED_SENDER_MAILLIST: {
    expression: 'FORGED_SENDER & -MAILLIST',
    description: 'Mail of a list has the list as envelope sender',
  },
  FORGED_SENDER_VERP_SRS: {
    expression: 'FORGED_SENDER & (ENVFROM_PRVS | ENVFROM_VERP)',
    description: 'The envelope sender differs because bounces are tagged',
  },
  FREEMAIL_AFF: {
    expression:
      '(FREEMAIL_FROM | FREEMAIL_ENVFROM | FREEMAIL_REPLYTO | FREEMAIL_MDN) & (TO_DN_RECIPIENTS | R_UNDISC_RCPT | CD_MM_BODY) & (INTRODUCTION | FROM_NAME_HAS_TITLE | FREEMAIL_REPLYTO_NEQ_FROM_DOM | SUBJECT_HAS_CURRENCY)',
    score: 4,
    policy: 'leave',
    description: 'A stranger at a freemail provider offers money',
  },
  FREEMAIL_REPLYTO_NEQ_FROM: {
    expression:
      'FREEMAIL_REPLYTO & !(REPLYTO_EQ_FROM | REPLYTO_ADDR_EQ_FROM | FREEMAIL_REPLYTO_NEQ_FROM_DOM)',
    score: 2,
    policy: 'leave',
    description: 'Answers go to a freemail address that is not From',
  },
  HACKED_WP_PHISHING: {
    expression: `(HAS_X_POS | HAS_PHPMAILER_SIG) & HAS_WP_URI & (${phishing} | PH_SURBL_MULTI | URIBL_BLACK)`,
    policy: 'leave',
    description: 'Phishing, sent from and leading to a broken WordPress',
  },
  HAS_ANON_DOMAIN: {
    expression: 'HAS_GUC_PROXY_URI | URIBL_RED | DBL_ABUSE_REDIR | HAS_ONION_URI',
    score: 0.1,
    policy: 'leave',
    description: 'A link hides where it leads',
  },
  INVALID_MSGID_ALLOWED: {
    expression: '~KNOWN_MID & ^INVALID_MSGID',
    description: 'The Message-ID is odd as always with this sender',
  },
  IP_SCORE_FREEMAIL: {
    expression: 'FREEMAIL_FROM & SENDER_REP_SPAM',
    policy: 'remove_weight',
    description: 'The reputation of a freemail provider’s network says little about one sender',
  },
  LEAKED_PASSWORD_SCAM: {
    expression: 'BITCOIN_ADDR & (LEAKED_PASSWORD_SCAM_RE | R_MIXED_CHARSET | R_EMPTY_IMAGE)',
    score: 7,
    policy: 'leave',
    description: 'Extortion: a Bitcoin address, and words or tricks that go with it',
  },
  MIME_BAD_EXT_IN_OBFUSCATED_ARCHIVE: {
    expression: 'MIME_BAD_EXTENSION & MIME_OBFUSCATED_ARCHIVE',
    score: 8,
    policy: 'leave',
    description: 'A dangerous file in an archive with unreadable names',
  },
  MIME_BAD_EXT_WITH_BAD_UNICODE: {
    expression: 'MIME_BAD_EXTENSION & MIME_BAD_UNICODE',
    score: 8,
    policy: 'leave',
    description: 'A dangerous file whose name hides or turns characters',
  },
  MISSING_MID_ALLOWED: {
    expression: '~KNOWN_NO_MID & ^MISSING_MID',
    description: 'This sender never writes a Message-ID',
  },
  PHISH_EMOTION: {
    expression: `${phishing} & (SUBJECT_ENDS_QUESTION | SUBJECT_ENDS_EXCLAIM)`,
    score: 1,
    policy: 'leave',
    description: 'Phishing with a subject that presses',
  },
  RCVD_DKIM_ARC_DNSWL_HI: {
    expression: '(R_DKIM_ALLOW | ARC_ALLOW) & RCVD_IN_DNSWL_HI',
    score: -1,
    policy: 'leave',
    description: 'Signed, and came through a host of very good reputation',
  },
  RCVD_DKIM_ARC_DNSWL_MED: {
    expression: '(R_DKIM_ALLOW | ARC_ALLOW) & RCVD_IN_DNSWL_MED',
    score: -0.5,
    policy: 'leave',
    description: 'Signed, and came through a host of good reputation',
  },
  RCVD_UNAUTH_PBL: {
    expression: 'RECEIVED_SPAMHAUS_PBL & !RCVD_VIA_SMTP_AUTH',
    score: 2,
    policy: 'leave',
    description: 'A client of a dial-up network sent this without a login',
  },
  REDIRECTOR_URL_ONLY: {
    expression: 'HFILTER_URL_ONLY & REDIRECTOR_URL',
    score: 1,
    policy: 'leave',
    description: 'Nothing but a link that goes through a redirector',
  },
  SHORT_PART_BAD_HEADERS: {
    expression: 'MISSING_ESSENTIAL_HEADERS & SINGLE_SHORT_PART',
    score: 7,
    policy: 'leave',
    description: 'Hardly any header and hardly any text',
  },
  SPF_FAIL_FORWARDING: {
    expression: `g:forwarding & ${spfFails}`,
    policy: 'remove_weight',
    description: 'Forwarding breaks SPF',
  },
  SUSPICIOUS_AUTH_ORIGIN: {
    expression:
      '(HAS_XOIP | RCVD_FROM_SMTP_AUTH) & (!RECEIVED_SPAMHAUS_PBL | RECEIVED_SPAMHAUS_XBL | RECEIVED_SPAMHAUS_SBL | RECEIVED_BLOCKLISTDE)',
    policy: 'leave',
    description: 'A login from an address where few people sit',
  },
  SUSPICIOUS_MDN: {
    expression: '(FREEMAIL_MDN | DISPOSABLE_MDN) & !(FREEMAIL_FROM | FREEMAIL_ENVFROM)',
    score: 2,
    policy: 'leave',
    description: 'Read receipts go to a freemail or disposable address, the mail comes from elsewhere',
  },
  SUSPICIOUS_URL_IN_SUSPICIOUS_MESSAGE: {
    expression:
      '(REDIRECTOR_URL | HAS_ANON_DOMAIN | HAS_IPFS_GATEWAY_URL) & (-g+:fuzzy | -g+:statistics | -g+:surbl | -g+:rbl)',
    score: 1,
    policy: 'leave',
    description: 'A link that hides where it leads, in mail that is bad already',
  },
  UNDISC_RCPTS_BULK: {
    expression: 'DCC_BULK & (MISSING_TO | R_UNDISC_RCPT)',
    score: 3,
    policy: 'leave',
    description: 'Bulk mail that hides its recipients',
  },
  VIOLATED_DIRECT_SPF: {
    expression: `${spfFails} & (RCVD_COUNT_ZERO | RCVD_NO_TLS_LAST)`,
    score: 3.5,
    policy: 'leave',
    description: 'SPF fails for a client that sent this itself or without TLS',
  },
};

/** Content of the section `composites` before the operator's files. */
export const stockComposites = Object.entries(composites)
  .map(([name, { expression, score = 0, policy = 'default', description }]) =>
    [
      `${name} {`,
      `expression = "${expression}";`,
      `score = ${score.toFixed(1)};`,
      `policy = "${policy}";`,
      `description = "${description}"; }`,
    ].join(' '),
  )
  .join('\n');
