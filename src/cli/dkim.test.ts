import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { startDnsServer, type TestDnsServer } from '../../test/helpers/dns-server.ts';
import { parseSigningKey } from '../auth/index.ts';

const command = join(import.meta.dirname, '../../bin/postern');

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function postern(...words: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(command, ['dkim', ...words], { cwd: folder }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });
}

let folder = '';
let dns: TestDnsServer;
before(async () => {
  dns = await startDnsServer({});
});
after(() => dns.close());
beforeEach((context) => {
  folder = mkdtempSync(join(tmpdir(), 'postern-dkim-'));
  mkdirSync(join(folder, 'config/local.d'), { recursive: true });
  const used = folder;
  if ('after' in context) context.after(() => rmSync(used, { recursive: true }));
});

const folders = ['--config', 'config', '--state', 'state'];
const check = (...words: readonly string[]): Promise<Ran> =>
  postern('check', ...folders, '--nameserver', dns.address, ...words);
const configure = (text: string): void =>
  writeFileSync(join(folder, 'config/local.d/dkim_signing.conf'), text);

/** The record that keygen prints, joined as DNS does. */
function printedRecord(out: string): string {
  return [...out.matchAll(/"([^"]*)"/g)]
    .map((match) => match[1]!)
    .filter((part, index) => index === 0 || !out.includes(`domain { "${part}"`))
    .join('');
}

test('keygen writes a key only its owner can read, and prints record and next step', async () => {
  const { code, out } = await postern('keygen', ...folders, '--domain', 'Example.com');
  assert.equal(code, 0);
  const file = join(folder, 'state/dkim/example.com.dkim.key');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const key = parseSigningKey(readFileSync(file));
  assert.deepEqual([key.algorithm, key.bits], ['rsa-sha256', 2048]);
  assert.match(out, /^dkim\._domainkey\.example\.com\. IN TXT \( "v=DKIM1; k=rsa; p=/m);
  assert.ok([...out.matchAll(/"([^"]*)"/g)].every((match) => match[1]!.length <= 255));
  assert.equal(printedRecord(out), `v=DKIM1; k=rsa; p=${key.publicKey}`);
  assert.match(out, /finds the key where it is/);
});

test('keygen keeps a key that is there unless told otherwise', async () => {
  const words = ['keygen', ...folders, '--domain', 'example.com', '--type', 'ed25519'];
  assert.equal((await postern(...words)).code, 0);
  const file = join(folder, 'state/dkim/example.com.dkim.key');
  const first = readFileSync(file, 'utf8');
  const again = await postern(...words);
  assert.notEqual(again.code, 0);
  assert.match(again.err, /exists; --force replaces it/);
  assert.equal(readFileSync(file, 'utf8'), first);
  assert.equal((await postern(...words, '--force')).code, 0);
  assert.notEqual(readFileSync(file, 'utf8'), first);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('keygen with selector and file prints the section that names them', async () => {
  const { out } = await postern(
    ...['keygen', ...folders, '--domain', 'example.com', '--selector', '2026b'],
    ...['--type', 'ed25519', '--out', 'keys/b.key'],
  );
  assert.equal(parseSigningKey(readFileSync(join(folder, 'keys/b.key'))).algorithm, 'ed25519-sha256');
  const section = /^domain \{.*$/m.exec(out)?.[0] ?? '';
  assert.match(section, /"example\.com" \{ selector = "2026b"; path = "\/.*keys\/b\.key"; \}/);
  // The printed section is read back by check.
  configure(section);
  dns.setZone({ '2026b._domainkey.example.com': { txt: [/"(v=DKIM1[^"]*)"/.exec(out)![1]!] } });
  const checked = await check();
  assert.deepEqual(
    [checked.code, checked.out],
    [0, 'ok   2026b._domainkey.example.com: the published key is the one that signs\n'],
  );
});

test('keygen for arc writes where seals are looked for, and RSA only', async () => {
  const { code, out } = await postern('keygen', ...folders, '--domain', 'example.org', '--for', 'arc');
  assert.equal(code, 0);
  assert.ok(statSync(join(folder, 'state/arc/example.org.arc.key')).isFile());
  assert.match(out, /^arc\._domainkey\.example\.org\. IN TXT/m);
  const words = ['--domain', 'example.net', '--for', 'arc', '--type', 'ed25519'];
  assert.match((await postern('keygen', ...folders, ...words)).err, /ARC seals need an RSA key/);
});

test('words that are no domain, type or length are refused by name', async () => {
  for (const [words, expected] of [
    [['--domain', 'exa mple'], /expected a domain name/],
    [['--domain', 'example.com', '--bits', '512'], /expected 1024, 2048, 3072 or 4096/],
  ] as const) {
    const { code, err } = await postern('keygen', ...folders, ...words);
    assert.notEqual(code, 0);
    assert.match(err, expected);
  }
  assert.deepEqual(readdirSync(folder), ['config']);
});

test('check tells of every key that signs how it is published', async () => {
  const names = [
    'same.example',
    'other.example',
    'missing.example',
    'revoked.example',
    'odd.example',
    'slow.example',
  ];
  mkdirSync(join(folder, 'state/dkim'), { recursive: true });
  const seeds = new Map(names.map((domain, index) => [domain, Buffer.alloc(32, index).toString('base64')]));
  for (const [domain, seed] of seeds) writeFileSync(join(folder, `state/dkim/${domain}.dkim.key`), seed);
  const keyOf = (domain: string): string => parseSigningKey(seeds.get(domain)!).publicKey;
  dns.setZone({
    'dkim._domainkey.same.example': { txt: [`v=DKIM1; k=ed25519; p=${keyOf('same.example')}`] },
    'dkim._domainkey.other.example': { txt: [`v=DKIM1; k=ed25519; p=${keyOf('same.example')}`] },
    'dkim._domainkey.revoked.example': { txt: ['v=DKIM1; p='] },
    'dkim._domainkey.odd.example': { txt: ['v=spf1 -all'] },
  });
  dns.misbehave('dkim._domainkey.slow.example', 'servfail');
  mkdirSync(join(folder, 'state/arc'));
  writeFileSync(join(folder, 'state/arc/same.example.arc.key'), 'no-key');
  configure(`
    domain { "named.example" { selectors [ { selector = "a"; path = "${folder}/none.key" } ] } }
    selector_map = "${folder}/selectors.map";
  `);
  const { code, out, err } = await check();
  assert.equal(code, 1);
  const lines = out.replaceAll(folder, '').trimEnd().split('\n').sort();
  assert.deepEqual(lines, [
    "BAD  a._domainkey.named.example: the private key cannot be read: ENOENT: no such file or directory, open '/none.key'",
    'BAD  arc._domainkey.same.example: the private key cannot be read: not a private key: neither PEM nor base64',
    'BAD  dkim._domainkey.missing.example: no record is published',
    'BAD  dkim._domainkey.odd.example: the record is no DKIM key record',
    'BAD  dkim._domainkey.other.example: the published key is another one: signatures will not verify',
    'BAD  dkim._domainkey.revoked.example: the record is revoked (empty p=)',
    'BAD  dkim._domainkey.slow.example: DNS did not answer',
    'ok   dkim._domainkey.same.example: the published key is the one that signs',
  ]);
  assert.match(err, /keys by dkim_signing\.selector_map are not listed/);
  const one = await check('--domain', 'same.example', '--selector', 'dkim');
  assert.deepEqual([one.code, one.out.split('\n').length], [0, 2]);
  const file = join(folder, 'state/dkim/other.example.dkim.key');
  const named = await check('--domain', 'same.example', '--selector', 'dkim', '--key', file);
  assert.equal(named.code, 1);
});

test('check without any key says what to do', async () => {
  const { code, err } = await check();
  assert.notEqual(code, 0);
  assert.match(err, /no key is configured; name one with --domain, --selector and --key/);
  assert.match((await check('--key', 'x')).err, /--key needs --domain and --selector/);
});
