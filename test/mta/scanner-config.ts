import { ED25519_SELECTOR, RSA_SELECTOR, type SigningKeys } from './dkim.ts';

/** Symbols that say as whom the scanner saw the sender of a message. */
export const SEEN_AS = { login: 'SEEN_LOGIN', local: 'SEEN_LOCAL', outside: 'SEEN_OUTSIDE' } as const;

export type SenderKind = keyof typeof SEEN_AS;

/** Local addresses besides loopback; documentation addresses (RFC 5737) play the outside world. */
const LOCAL_NETWORK = '10.20.30.0/24';
export const LOCAL_ADDRESS = '10.20.30.40';
export const OUTSIDE_ADDRESS = '198.51.100.7';

/** Envelope senders whose mail gets this action; the last one counts in the header field From. */
export const WANTED = {
  quarantine: 'quarantine@example.com',
  discard: 'discard@example.com',
  softReject: 'later@example.com',
} as const;

/** What a client reads after a soft reject; MTAs give the percent sign a meaning of their own in replies. */
export const SOFT_REJECT_TEXT = 'Come back tomorrow, 100% welcome';

/** Mails a login may send before it is slowed down. */
export const RATE_LIMIT_BURST = 100;

export const SIGNING_DOMAIN = 'example.com';

/** What differs between the MTAs. */
export interface ScannerSetup {
  keys: SigningKeys;
  /** How signatures travel: as the reply's own field, or among the header fields to add. */
  signaturesAs: 'signatures' | 'header fields';
}

/** The configuration every MTA is tested with. */
export const scannerFiles = ({ keys, signaturesAs }: ScannerSetup): Record<string, string> => ({
  'options.inc': `
gtube_patterns = "all";
local_addrs = ["127.0.0.0/8", "::1", "${LOCAL_NETWORK}"];
`,
  // Malformed mail scores; the tests want to see it delivered, so only forced actions may act.
  'actions.conf': `
reject = 1000;
add_header = 900;
greylist = 800;
`,
  'settings.conf': `
wanted_quarantine {
  priority = 4;
  from = "${WANTED.quarantine}";
  apply { symbols = ["WANTED_QUARANTINE"]; }
}
wanted_discard {
  priority = 4;
  from = "${WANTED.discard}";
  apply { symbols = ["WANTED_DISCARD"]; }
}
wanted_soft_reject {
  priority = 4;
  from_mime = "${WANTED.softReject}";
  apply { symbols = ["WANTED_SOFT_REJECT"]; }
}
seen_login {
  priority = 3;
  authenticated = yes;
  apply { symbols = ["${SEEN_AS.login}"]; }
}
seen_local {
  priority = 2;
  local = yes;
  apply { symbols = ["${SEEN_AS.local}"]; }
}
seen_outside {
  priority = 1;
  selector = "ip";
  apply { symbols = ["${SEEN_AS.outside}"]; }
}
`,
  'groups.conf': `
group "seen" {
  symbols {
    "WANTED_QUARANTINE" { score = 0.0; description = "Asks for quarantine"; }
    "WANTED_SOFT_REJECT" { score = 0.0; description = "Asks to be refused for now"; }
    "WANTED_DISCARD" { score = 0.0; description = "Asks to be discarded"; }
    "${SEEN_AS.login}" { score = 0.0; description = "Sender has logged in"; }
    "${SEEN_AS.local}" { score = 0.0; description = "Sender has a local address"; }
    "${SEEN_AS.outside}" { score = 0.0; description = "Sender is somebody else"; }
  }
}
`,
  'force_actions.conf': `
rules {
  quarantine { action = "quarantine"; expression = "WANTED_QUARANTINE"; message = "Held for review"; }
  discard { action = "discard"; expression = "WANTED_DISCARD"; }
  soft_reject { action = "soft reject"; expression = "WANTED_SOFT_REJECT"; message = "${SOFT_REJECT_TEXT}"; }
}
`,
  // The lists of the stock rules are far away.
  'multimap.conf': 'enabled = false;\n',
  'milter_headers.conf': `
use = ["x-spamd-result"];
authenticated_headers = ["x-spamd-result"];
local_headers = ["x-spamd-result"];
`,
  'dkim_signing.conf': `
use_milter_headers = ${signaturesAs === 'header fields'};
allow_username_mismatch = true;
domain {
  ${SIGNING_DOMAIN} {
    selectors = [
      { selector = "${RSA_SELECTOR}"; path = "${keys.rsaFile}"; },
      { selector = "${ED25519_SELECTOR}"; path = "${keys.ed25519File}"; },
    ];
  }
}
`,
  'ratelimit.conf': `
rates {
  user_hour {
    selector = "user.lower";
    bucket { burst = ${RATE_LIMIT_BURST}; rate = "${RATE_LIMIT_BURST} / 1h"; }
  }
}
`,
});
