import type { StockRule } from './rule.ts';

// Scripts and accounts that send for somebody else (3.7), and what filters before us found (3.6).

const raw = String.raw;
const hosts = (score: number, re: string, description: string): StockRule => ({
  re,
  score,
  description,
  group: 'compromised_hosts',
});
const upstream = (score: number, re: string, description: string): StockRule => ({
  re,
  score,
  description,
  group: 'upstream_spam_filters',
});

/** Accounts of services, from which nobody writes mail. */
export const serviceAccounts = 'www-data|anonymous|ftp|apache|nobody|guest|nginx|web|www';

export const hostRules: Readonly<Record<string, StockRule>> = {
  HAS_PHPMAILER_SIG: hosts(
    0,
    raw`X-Mailer=/^PHPMailer\b/i{header} | Content-Type=/boundary="?b[1-3]_/i{header}`,
    'Sent with PHPMailer',
  ),
  PHP_SCRIPT_ROOT: hosts(1, 'X-PHP-Originating-Script=/^0:/{header}', 'A script of root sent it'),
  X_PHP_EVAL: hosts(
    4,
    raw`X-PHP-Script=/eval\(\)'d code/{header} | X-PHP-Originating-Script=/eval\(\)'d code/{header}`,
    'PHP code from elsewhere sent it',
  ),
  HIDDEN_SOURCE_OBJ: hosts(
    2,
    raw`X-PHP-Script=/\/\../{header} | X-PHP-Originating-Script=/(?:^\d{1,10}:|\/)\../{header} | X-Source-Args=/\/\../{header}`,
    'A hidden file sent it',
  ),
  HAS_X_POS: hosts(0, 'header_exists(X-PHP-Originating-Script)', 'A script of PHP sent it'),
  HAS_X_PHP_SCRIPT: hosts(0, 'header_exists(X-PHP-Script)', 'There is an X-PHP-Script field'),
  HAS_X_SOURCE: hosts(
    0,
    'header_exists(X-Source) | header_exists(X-Source-Args) | header_exists(X-Source-Dir)',
    'There are X-Source fields',
  ),
  HAS_X_ANTIABUSE: hosts(0, 'header_exists(X-AntiAbuse)', 'There is an X-AntiAbuse field'),
  HAS_WP_URI: {
    ...hosts(0, raw`/\/wp-[^\/]{1,64}\//i{url}`, 'There is a link into WordPress'),
    oneShot: true,
  },
  WP_COMPROMISED: {
    ...hosts(
      0,
      raw`/\/wp-(?:content|includes)[^\/]{1,64}\//i{url}`,
      'There is a link into a broken WordPress',
    ),
    oneShot: true,
  },
  PHP_XPS_PATTERN: hosts(
    0,
    raw`X-PHP-Script=/^[^. ]{1,64}\.[^.\/ ]{1,64}\/sendmail\.php\b/i{header}`,
    'X-PHP-Script looks like one of a known intruder',
  ),
  HAS_XAW: hosts(0, 'header_exists(X-Authentication-Warning)', 'There is an X-Authentication-Warning field'),
  XAW_SERVICE_ACCT: hosts(
    1,
    raw`X-Authentication-Warning=/\b(?:${serviceAccounts}) set sender to\b/i{header}`,
    'The account of a service set the sender',
  ),
  ENVFROM_SERVICE_ACCT: hosts(
    1,
    `check_smtp_data('from', /^(?:${serviceAccounts})@/i)`,
    'The envelope sender is the account of a service',
  ),
  WWW_DOT_DOMAIN: hosts(
    0.5,
    raw`From=/@www\./i{header} | Sender=/@www\./i{header} | Reply-To=/@www\./i{header} | check_smtp_data('from', /@www\./i)`,
    'A sender’s domain begins with www',
  ),
  PRECEDENCE_BULK: upstream(0, 'Precedence=/bulk/i{header}', 'The message says that it is bulk mail'),
  MICROSOFT_SPAM: upstream(
    4,
    'X-Forefront-Antispam-Report=/SFV:SPM/{header}',
    'Microsoft’s filter called it spam',
  ),
  KLMS_SPAM: upstream(5, 'X-KLMS-AntiSpam-Status=/^spam/{header}', 'Kaspersky’s filter called it spam'),
  SPAM_FLAG: upstream(
    5,
    ['X-Spam-Flag', 'X-Spam', 'X-Spam-Status'].map((name) => `${name}=/^(?:yes|true)/i{header}`).join(' | '),
    'A filter before called it spam',
  ),
  UNITEDINTERNET_SPAM: upstream(
    5,
    'X-UI-Filterresults=/^junk:/{header} | X-UI-Out-Filterresults=/^junk:/{header}',
    'United Internet’s filter called it spam',
  ),
};
