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
const noAuthentication = 'R_DKIM_NA & R_SPF_NA & DMARC_NA & ARC_NA';

const composites: Readonly<Record<string, StockComposite>> = {
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
  FREEMAIL_REPLYTO_NEQ_FROM: {
    expression:
      'FREEMAIL_REPLYTO & !(REPLYTO_EQ_FROM | REPLYTO_ADDR_EQ_FROM | FREEMAIL_REPLYTO_NEQ_FROM_DOM)',
    score: 2,
    policy: 'leave',
    description: 'Answers go to a freemail address that is not From',
  },
  IP_SCORE_FREEMAIL: {
    expression: 'FREEMAIL_FROM & SENDER_REP_SPAM',
    policy: 'remove_weight',
    description: 'The reputation of a freemail provider’s network says little about one sender',
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
  SUSPICIOUS_MDN: {
    expression: '(FREEMAIL_MDN | DISPOSABLE_MDN) & !(FREEMAIL_FROM | FREEMAIL_ENVFROM)',
    score: 2,
    policy: 'leave',
    description: 'Read receipts go to a freemail or disposable address, the mail comes from elsewhere',
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
