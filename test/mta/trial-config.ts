import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Zone } from '../helpers/dns-server.ts';
import { findRedisServer, type RedisServer, startRedis } from '../helpers/redis-server.ts';
import { ED25519_SELECTOR, RSA_SELECTOR } from './dkim.ts';
import { type Daemon, freePorts, startDaemon, waitForPorts } from './process.ts';
import { LOCAL_ADDRESS, type ScannerSetup, SIGNING_DOMAIN } from './scanner-config.ts';

/** Other servers of the trial, as far as they are installed. */
export interface TrialServices {
  readonly redis: RedisServer | undefined;
  /** Takes what is exported, and answers the links that redirect. */
  readonly httpPort: number;
  readonly clamdPort: number | undefined;
  readonly spamdPort: number | undefined;
  stop(): Promise<void>;
}

const clamdProgram = '/usr/sbin/clamd';
const spamdProgram = '/usr/sbin/spamd';

/** Starts Redis, clamd with a database of one signature, spamd with local rules, and an HTTP server. */
export async function startServices(): Promise<TrialServices> {
  const root = await mkdtemp(join(tmpdir(), 'postern-trial-'));
  const daemons: Daemon[] = [];
  const binary = findRedisServer();
  const redis = binary === undefined ? undefined : await startRedis(binary, { tcp: 'plain' });
  const [clamdPort = 0, spamdPort = 0] = await freePorts(2);
  const launch = async (
    program: string,
    args: readonly string[],
    port: number,
  ): Promise<number | undefined> => {
    if (!existsSync(program)) {
      console.error(`left out: ${program} is not installed`);
      return undefined;
    }
    const daemon = startDaemon(program, args);
    daemons.push(daemon);
    await waitForPorts(daemon, [port]);
    return port;
  };
  await mkdir(join(root, 'db'));
  await writeFile(
    join(root, 'db/test.ndb'),
    `TRIAL:0:*:${Buffer.from('POSTERN-TRIAL-VIRUS').toString('hex')}\n`,
  );
  const clamd = [`DatabaseDirectory ${root}/db`, `TCPSocket ${clamdPort}`, 'TCPAddr 127.0.0.1', 'User root'];
  await writeFile(join(root, 'clamd.conf'), `${clamd.join('\n')}\n`);
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.end('ok'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    redis,
    httpPort: (server.address() as AddressInfo).port,
    clamdPort: await launch(clamdProgram, ['--foreground', '-c', join(root, 'clamd.conf')], clamdPort),
    spamdPort: await launch(
      spamdProgram,
      ['-L', '-x', '-i', '127.0.0.1', '-p', String(spamdPort), '-m', '2', '--nouser-config'],
      spamdPort,
    ),
    async stop() {
      await Promise.all(daemons.map((daemon) => daemon.stop()));
      await redis?.kill();
      server.closeAllConnections();
      server.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Policies and lists that the trial's senders and links meet. */
export const trialZone: Zone = {
  'example.com': {
    txt: ['v=spf1 ip4:198.51.100.0/24 -all'],
    mx: ['10 mx.example.com'],
    a: ['198.51.100.7'],
  },
  'mx.example.com': { a: ['198.51.100.7'] },
  '_dmarc.example.com': { txt: ['v=DMARC1; p=quarantine; rua=mailto:dmarc@example.com'] },
  'client.example': { a: ['198.51.100.7'], mx: ['10 client.example'] },
  '7.100.51.198.asn.rspamd.com': { txt: ['64500|198.51.100.0/24|ZZ|ripencc|2020-01-01'] },
  '7.100.51.198.dnsbl.trial.example': { a: ['127.0.0.2'] },
  '2.0.0.127.dnsbl.trial.example': { a: ['127.0.0.2'] },
};

/** A `local.d` in which everything there is has something to do. */
export function trialFiles({
  keys,
  signaturesAs,
  services,
}: ScannerSetup & { readonly services: TrialServices }): Record<string, string> {
  const { redis, httpPort, clamdPort, spamdPort } = services;
  return {
    'options.inc': `local_addrs = ["127.0.0.0/8", "::1", "${LOCAL_ADDRESS}/32"]; check_local = false;\n`,
    'redis.conf': redis ? `servers = "${redis.address}";\n` : '',
    'actions.conf': 'reject = 15; add_header = 6; greylist = 4;\n',
    'outbound.conf': 'actions { reject = 12; greylist = null; } symbols = ["TRIAL_OUTBOUND"];\n',
    'inbound.conf': 'symbols = ["TRIAL_INBOUND"];\n',
    'settings.conf':
      'trusted { priority = 2; from = "root@example.com"; apply { symbols_disabled = ["GREYLIST_CHECK"]; } }\n',
    'groups.conf':
      'group "trial" { symbols { "TRIAL_OUTBOUND" { score = 0; } "TRIAL_INBOUND" { score = 0; } "TRIAL_WORD" { score = 0.1; } } }\n',
    'composites.conf': 'TRIAL_COMPOSITE { expression = "TRIAL_OUTBOUND & FORGED_SENDER"; score = 0.1; }\n',
    'multimap.conf': `
trial_from { type = "from"; filter = "email:domain"; map = ["example.com"]; symbol = "TRIAL_FROM"; score = 0.1; }
trial_word { type = "content"; filter = "text"; regexp = true; map = ["/\\\\bviagra\\\\b/i"]; symbol = "TRIAL_WORD"; }
trial_url { type = "url"; filter = "tld"; map = ["example.org"]; symbol = "TRIAL_URL"; score = 0.1; }
`,
    'rbl.conf':
      'rbls { trial { rbl = "dnsbl.trial.example"; checks = ["from", "received"]; symbol = "RBL_TRIAL"; } }\n',
    'milter_headers.conf': `
use = ["x-spamd-result", "x-spam-level", "x-spam-status", "authentication-results"];
authenticated_headers = ["x-spamd-result"];
local_headers = ["x-spamd-result"];
`,
    'dkim_signing.conf': `
use_milter_headers = ${signaturesAs === 'header fields'};
allow_username_mismatch = true; allow_hdrfrom_mismatch = true; use_domain = "${SIGNING_DOMAIN}";
domain { ${SIGNING_DOMAIN} { selectors = [
  { selector = "${RSA_SELECTOR}"; path = "${keys.rsaFile}"; },
  { selector = "${ED25519_SELECTOR}"; path = "${keys.ed25519File}"; },
]; } }
`,
    'arc.conf': `domain { "inside.example" { selector = "arc"; path = "${keys.rsaFile}"; } }\n`,
    'dmarc.conf':
      'actions { quarantine = "add header"; reject = "reject"; } reporting { enabled = true; email = "dmarc@example.com"; domain = "example.com"; org_name = "Trial"; }\n',
    'greylist.conf': 'timeout = 1s; expire = 1h;\n',
    'replies.conf': 'action = "no action";\n',
    'known_senders.conf': 'enabled = true; domains = ["example.com", "example.net"];\n',
    'history_redis.conf': redis ? 'nrows = 500; subject_privacy = true;\n' : '',
    'ratelimit.conf':
      'rates { user_hour { selector = "user.lower"; bucket { burst = 100000; rate = "100000 / 1h"; } } }\n',
    'limits.conf':
      'each { messages = "10k/h"; recipients = "20k/h"; } pool { messages = "100k/d"; } local_pool { messages = "50k/d"; }\n',
    'aliases.conf': 'local_domains = ["inside.example"];\n',
    'mx_check.conf': 'enabled = true; connect_timeout = 1s;\n',
    'spamtrap.conf': 'enabled = true; map = ["trap@inside.example"];\n',
    'external_relay.conf': 'rules { TRIAL_RELAY { strategy = "ip_map"; ip_map = ["192.0.2.0/24"]; } }\n',
    'sender_alignment.conf': 'action = "mark"; senders = ["alice@example.com @example.com"];\n',
    'reputation.conf':
      'rules { ip_reputation { selector "ip" { } backend "redis" { } symbol = "SENDER_REP"; } user_reputation { selector "generic" { selector = "user"; } backend "redis" { } symbol = "USER_REP"; } }\n',
    'url_redirector.conf': `redirector_hosts_map = ["127.0.0.1"]; forbid_local = true;\n`,
    'metadata_exporter.conf': `rules { TRIAL { backend = "http"; url = "http://127.0.0.1:${httpPort}/export"; selector = "default"; formatter = "json"; } }\n`,
    'force_actions.conf':
      'rules { TRIAL { action = "add header"; expression = "TRIAL_WORD & TRIAL_INBOUND"; least = true; } }\n',
    ...(clamdPort !== undefined && {
      'antivirus.conf': `clamav { type = "clamav"; servers = "127.0.0.1:${clamdPort}"; scan_mime_parts = true; scan_text_mime = true; }\n`,
    }),
    ...(spamdPort !== undefined && {
      'external_services.conf': `spamassassin { type = "spamassassin"; servers = "127.0.0.1:${spamdPort}"; timeout = 7s; }\n`,
    }),
  };
}
