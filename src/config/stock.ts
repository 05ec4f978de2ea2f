import { knownModules } from './known/modules.ts';
import { stockComposites } from './stock-composites.ts';
import { stockRbl } from './stock-rbl.ts';

// The root that stands in for Rspamd's shipped files: sections, stock values that differ from the code's defaults or
// that operators extend (lists grow by merging), and the places where an operator's files are read.

/** Content of sections beside the includes. Values: config-format 5, 10, 11.3 and the addenda. */
const optionsContent = `
  filters = "chartable,dkim,regexp,fuzzy_check";
  explicit_modules = ["settings", "bayes_expiry"];
  local_addrs = [192.168.0.0/16, 10.0.0.0/8, 172.16.0.0/12, fd00::/8, 169.254.0.0/16, fe80::/10];
  classify_headers = ["User-Agent", "X-Mailer", "Content-Type", "X-MimeOLE"];
  dns { timeout = 1s; retransmits = 5; sockets = 16; }
`;

const workers = [
  { type: 'normal', file: 'normal', content: 'bind_socket = "localhost:11333";' },
  {
    type: 'controller',
    file: 'controller',
    content:
      'bind_socket = "localhost:11334"; count = 1; password = "q1"; secure_ip = "127.0.0.1"; secure_ip = "::1"; static_dir = "$WWWDIR";',
  },
  {
    type: 'rspamd_proxy',
    file: 'proxy',
    content:
      'bind_socket = "localhost:11332"; count = 1; milter = yes; timeout = 60s; max_retries = 5; upstream "local" { default = yes; hosts = "localhost"; }',
  },
  { type: 'fuzzy', file: 'fuzzy', content: 'bind_socket = "localhost:11335"; count = -1;' },
  { type: 'hs_helper', file: 'hs_helper', content: '' },
] as const;

/** Groups with files of their own, and their caps. */
const groups: Readonly<Record<string, number | undefined>> = {
  headers: 8,
  subject: 6,
  mua: undefined,
  rbl: undefined,
  senderscore: 4,
  statistics: undefined,
  fuzzy: undefined,
  policies: undefined,
  mx: undefined,
  whitelist: 10,
  surbl: 12.5,
  phishing: 10,
  url: 9,
  hfilter: undefined,
  mime_types: 10,
  excessqp: 2.4,
  excessb64: 3,
  neural: undefined,
  antivirus: undefined,
  external_services: undefined,
  content: undefined,
};

const mapsMirror = '{= env.MAPS_MIRROR | default "https://maps.rspamd.com" =}';

/** Stock options of modules where the shipped file says something else than the module's code. */
const moduleContent: Readonly<Record<string, string>> = {
  arc: `
    sign_authenticated = false; sign_local = false; sign_inbound = true;
    use_domain = "recipient"; allow_hdrfrom_mismatch = true; selector = "arc"; key_prefix = "ARC_KEYS";
  `,
  chartable: 'threshold = 0.3;',
  fuzzy_check: `
    min_bytes = 1k; timeout = 2s; retransmits = 1;
    rule "own" {
      symbol = "FUZZY_UNKNOWN"; mime_types = ["*"]; hits_limit = 20; skip_unknown = yes;
      fuzzy_map {
        FUZZY_DENIED { flag = 1; hits_limit = 20; }
        FUZZY_PROB { flag = 2; hits_limit = 10; }
        FUZZY_WHITE { flag = 3; hits_limit = 2; }
      }
    }
  `,
  greylist: `
    whitelist_domains_url = [
      "$LOCAL_CONFDIR/local.d/greylist-whitelist-domains.inc",
      "$LOCAL_CONFDIR/local.d/maps.d/greylist-whitelist-domains.inc"
    ];
  `,
  known_senders: `enabled = false; domains = "${mapsMirror}/freemail/free.txt.zst";`,
  mid: `
    source {
      url = [
        "${mapsMirror}/rspamd/mid.inc.zst", "$LOCAL_CONFDIR/local.d/maps.d/mid.inc", "$LOCAL_CONFDIR/local.d/mid.inc",
        "fallback+file://$CONFDIR/maps.d/mid.inc"
      ];
    }
  `,
  mime_types: `
    file = [
      "${mapsMirror}/rspamd/mime_types.inc.zst", "$LOCAL_CONFDIR/local.d/maps.d/mime_types.inc.local",
      "$DBDIR/mime_types.inc.local", "fallback+file://$CONFDIR/maps.d/mime_types.inc"
    ];
  `,
  multimap: stockLists(),
  phishing: stockPhishing(),
  rbl: stockRbl(mapsMirror),
  spamtrap: 'enabled = false;',
  whitelist: stockWhitelist(),
};

/** Rules about domains that prove who they are, with lists from the network, of Rspamd's package, of the operator. */
function stockWhitelist(): string {
  const rule = (proofs: readonly string[], score: number, list?: string): string => {
    const name = proofs.join('_');
    const sources = [
      ...(list === undefined ? [] : [`${mapsMirror}/rspamd/${list}.inc.zst`]),
      `$LOCAL_CONFDIR/local.d/maps.d/${name}_whitelist.inc.local`,
      `$DBDIR/${name}_whitelist.inc.local`,
      `fallback+file://$CONFDIR/maps.d/${name}_whitelist.inc`,
    ];
    const needs = proofs.map((proof) => `valid_${proof} = true;`).join(' ');
    const domains = sources.map((source) => `"${source}"`).join(', ');
    const symbol = name.toUpperCase();
    return `"WHITELIST_${symbol}" { ${needs} domains = [${domains}]; score = ${score}; inverse_symbol = "BLACKLIST_${symbol}"; }`;
  };
  const rules = [
    rule(['spf'], -1),
    rule(['dkim'], -1),
    rule(['spf', 'dkim'], -3, 'spf_dkim_whitelist'),
    rule(['dmarc'], -7, 'dmarc_whitelist_new'),
  ];
  return `rules { ${rules.join(' ')} }`;
}

/** Domains that are often shown in place of others: redirectors, and those of the project's list. */
function stockPhishing(): string {
  const exception = (symbol: string, file: string, kind: '' | 'glob;'): string => {
    const sources = [
      `${mapsMirror}/rspamd/${file}.inc.zst`,
      `$LOCAL_CONFDIR/local.d/maps.d/${file}.inc`,
      `$LOCAL_CONFDIR/local.d/${file}.inc`,
      `fallback+file://$CONFDIR/maps.d/${file}.inc`,
    ];
    return `${symbol} = [${sources.map((source) => `"${kind}${source}"`).join(', ')}];`;
  };
  return `exceptions {
    ${exception('REDIRECTOR_FALSE', 'redirectors', '')}
    ${exception('PHISHED_WHITELISTED', 'phishing_whitelist', 'glob;')}
  }`;
}

/** Lists of freemail and disposable domains that every installation of Rspamd looks up. */
function stockLists(): string {
  const targets: Readonly<Record<string, string>> = {
    ENVFROM: 'type = "from";',
    ENVRCPT: 'type = "rcpt";',
    FROM: 'type = "header"; header = "from";',
    TO: 'type = "header"; header = "To";',
    CC: 'type = "header"; header = "Cc";',
    REPLYTO: 'type = "header"; header = "Reply-To";',
    MDN: 'type = "header"; header = "Disposition-Notification-To";',
  };
  const rules = [
    `redirector { type = "url"; filter = "tld"; map = "${mapsMirror}/rspamd/redirectors.inc.zst"; symbol = "REDIRECTOR_URL"; score = 0; description = "A link goes through a redirector"; }`,
  ];
  for (const [list, file] of [
    ['FREEMAIL', 'free'],
    ['DISPOSABLE', 'disposable'],
  ] as const)
    for (const [target, content] of Object.entries(targets)) {
      const symbol = `${list}_${target}`;
      const score = symbol === 'DISPOSABLE_MDN' ? 0.5 : 0;
      rules.push(
        `${symbol.toLowerCase()} { ${content} filter = "email:domain"; map = "${mapsMirror}/freemail/${file}.txt.zst"; symbol = "${symbol}"; score = ${score}; description = "The address is at a ${list.toLowerCase()} domain"; }`,
      );
    }
  return rules.join('\n');
}

/**
 * Text of the built-in root, in the order of Rspamd's own files (config-format 3).
 *
 * @param moduleNames sections of checks beyond Rspamd's modules
 */
export function builtinRoot(moduleNames: readonly string[]): string {
  const modules = [...new Set([...Object.keys(knownModules), ...moduleNames])]
    // Stands above, with files of other names.
    .filter((name) => name !== 'classifier')
    .sort();
  return [
    `metric { name = "default"; ${local('metrics.conf')} }`,
    `actions { reject = 15; add_header = 6; greylist = 4; ${local('actions.conf')} }`,
    ...Object.entries(groups).map(([name, cap]) => group(name, cap)),
    local('groups.conf'),
    `composites { ${stockComposites} ${local('composites.conf')} }`,
    `classifier "bayes" { ${replacing('classifier-bayes.conf')} }`,
    replacing('statistic.conf'),
    ...modules.map(module),
    `redis { ${dynamic('redis.conf')} ${local('redis.conf')} }`,
    '.include(try=true; glob=true) "$LOCAL_CONFDIR/modules.local.d/*.conf"',
    `settings { ${local('settings.conf')} }`,
    `inbound { ${local('inbound.conf')} }`,
    `outbound { ${local('outbound.conf')} }`,
    '.include(try=true) "$LOCAL_CONFDIR/rspamd.conf.local"',
    '.include(try=true; priority=10) "$LOCAL_CONFDIR/rspamd.conf.local.override"',
    '.include(try=true; priority=10) "$LOCAL_CONFDIR/rspamd.conf.override"',
    `options { ${optionsContent} ${local('options.inc')} }`,
    `logging { type = "console"; level = "info"; ${local('logging.inc')} }`,
    ...workers.map(
      ({ type, file, content }) => `worker "${type}" { ${content} ${local(`worker-${file}.inc`)} }`,
    ),
    '',
  ].join('\n');
}

function group(name: string, cap: number | undefined): string {
  // The one group whose files are named otherwise.
  const file = name === 'url' ? 'url_suspect_group.conf' : `${name}_group.conf`;
  return `group "${name}" { ${cap === undefined ? '' : `max_score = ${cap};`} ${local(file)} }`;
}

function module(name: string): string {
  const older =
    name === 'milter_headers' ? `${dynamic('rmilter_headers.conf')} ${local('rmilter_headers.conf')}` : '';
  return `${name} { ${moduleContent[name] ?? ''} ${older} ${dynamic(`${name}.conf`)} ${local(`${name}.conf`)} }`;
}

function dynamic(file: string): string {
  return `\n.include(try=true; priority=5) "$DBDIR/dynamic/${file}"\n`;
}

function local(file: string): string {
  return `
.include(try=true; priority=1; duplicate=merge) "$LOCAL_CONFDIR/local.d/${file}"
.include(try=true; priority=10) "$LOCAL_CONFDIR/override.d/${file}"
`;
}

/** Both folders without merging, as statistics are read. */
function replacing(file: string): string {
  return `
.include(try=true; priority=1) "$LOCAL_CONFDIR/local.d/${file}"
.include(try=true; priority=10) "$LOCAL_CONFDIR/override.d/${file}"
`;
}
