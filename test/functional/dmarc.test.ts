import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, test } from 'node:test';
import { dkimSignature, parseSigningKey } from '../../src/auth/index.ts';
import { parseMessage } from '../../src/mime/index.ts';
import { startServer, type TestServer } from './server.ts';

/** A whole server with a DNS server beside it: SPF, DKIM, ARC and DMARC as they run together. */
let server: TestServer;
const { privateKey } = generateKeyPairSync('ed25519');
const key = parseSigningKey(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());

before(async () => {
  server = await startServer(
    {
      // It would force an action before anything is checked.
      'local.d/greylist.conf': 'enabled = false;',
      'local.d/dmarc.conf': `
        actions { reject = "reject"; quarantine = "add header"; }
        munging { list_map = ["list@lists.example"]; }
      `,
    },
    [],
    {
      'example.com': { txt: ['v=spf1 ip4:192.0.2.1 -all'], a: ['192.0.2.1'] },
      '_dmarc.example.com': { txt: ['v=DMARC1; p=reject; sp=quarantine; adkim=s'] },
      's._domainkey.example.com': { txt: [`v=DKIM1; k=ed25519; p=${key.publicKey}`] },
    },
  );
});
after(() => server.dispose());

interface Verdict {
  readonly action: string;
  readonly messages: Readonly<Record<string, string>>;
  readonly symbols: Readonly<Record<string, { readonly options?: readonly string[] }>>;
  readonly milter?: {
    readonly add_headers?: Readonly<Record<string, { readonly value: string }>>;
    readonly remove_headers?: Readonly<Record<string, number>>;
  };
}

const mail = (from: string, to = 'rcpt@example.org'): string =>
  [
    `From: Ann <${from}>`,
    `To: ${to}`,
    'Subject: Hello',
    'Date: Tue, 14 Nov 2023 22:13:20 +0000',
    'Message-ID: <1@example.com>',
    '',
    'Hello.',
    '',
  ].join('\r\n');

function signed(raw: string): string {
  const message = parseMessage(Buffer.from(raw));
  const value = dkimSignature(message, {
    domain: 'example.com',
    selector: 's',
    key,
    headers: [{ name: 'from', oversigning: 'always' }],
    timestamp: Math.floor(Date.now() / 1000),
  });
  return `DKIM-Signature: ${value}\r\n${raw}`;
}

async function scan(raw: string, headers: Readonly<Record<string, string>>): Promise<Verdict> {
  const all = { Helo: 'mx.example.com', Rcpt: 'rcpt@example.org', ...headers };
  return (await (await server.scan(raw, all)).json()) as Verdict;
}

const dmarcOf = ({ symbols }: Verdict) =>
  Object.entries(symbols)
    .filter(([name]) => name.startsWith('DMARC_'))
    .map(([name, { options = [] }]) => [name, ...options]);

test('SPF of the same domain passes DMARC', async () => {
  const verdict = await scan(mail('a@example.com'), { Ip: '192.0.2.1', From: 'bounce@example.com' });
  assert.deepEqual(dmarcOf(verdict), [['DMARC_POLICY_ALLOW', 'example.com', 'reject']]);
});

test('a signature of the same domain passes DMARC from anywhere', async () => {
  const verdict = await scan(signed(mail('a@example.com')), { Ip: '198.51.100.9', From: 'x@example.net' });
  assert.deepEqual(dmarcOf(verdict), [['DMARC_POLICY_ALLOW', 'example.com', 'reject']]);
});

test('a forged From is rejected as the policy and the configuration say', async () => {
  const verdict = await scan(mail('a@example.com'), { Ip: '198.51.100.9', From: 'x@example.net' });
  assert.deepEqual(dmarcOf(verdict), [
    ['DMARC_POLICY_REJECT', 'example.com : No valid SPF, No valid DKIM', 'reject'],
  ]);
  assert.equal(verdict.action, 'reject');
  assert.equal(verdict.messages['smtp_message'], 'Action set by DMARC');
});

test('a subdomain without a policy of its own falls under sp', async () => {
  const verdict = await scan(mail('a@news.example.com'), { Ip: '192.0.2.1', From: 'bounce@example.com' });
  assert.deepEqual(dmarcOf(verdict), [['DMARC_POLICY_ALLOW', 'example.com', 'quarantine']]);
});

test('mail with a login and mail of local clients has no DMARC', async () => {
  for (const headers of [{ Ip: '198.51.100.9', User: 'ann' }, { Ip: '10.0.0.1' }])
    assert.deepEqual(dmarcOf(await scan(mail('a@example.com'), { From: 'x@example.net', ...headers })), []);
});

test('mail to a list that passes gets the list as its author', async () => {
  const verdict = await scan(mail('a@example.com', 'list@lists.example'), {
    Ip: '192.0.2.1',
    From: 'bounce@example.com',
  });
  assert.deepEqual(dmarcOf(verdict).toSorted(), [
    ['DMARC_MUNGED', 'a@example.com'],
    ['DMARC_POLICY_ALLOW', 'example.com', 'reject'],
  ]);
  assert.equal(verdict.milter?.add_headers?.['From']?.value, 'Ann via list <list@lists.example>');
  assert.equal(verdict.milter?.add_headers?.['Reply-To']?.value, 'a@example.com');
  assert.equal(verdict.milter?.remove_headers?.['From'], 0);
});
