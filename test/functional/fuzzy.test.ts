import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { makeKeyPair } from '../../src/fuzzy/index.ts';
import { leftOutWithout } from '../helpers/left-out.ts';
import { freePorts } from '../mta/process.ts';
import { postern, startServer, type TestServer } from './server.ts';

const run = promisify(execFile);
const rspamc = '/usr/bin/rspamc';

const words =
  'Dear friend we have found a wonderful opportunity for you and your family which will change everything about how you earn money at home every single day of the week without leaving your comfortable chair because our secret system was developed by experienced traders who want to share their fortune with honest people like you so please answer before midnight and send us the number of your account together with a copy of your passport and a small fee';

function mail(number: number, text: string): string {
  return `From: alice@example.com\r\nMessage-ID: <${number}@example.com>\r\nSubject: hello ${number}\r\nContent-Type: text/plain\r\n\r\n${text}\r\n`;
}

const reported = mail(1, words);
const alike = mail(2, `Good evening Tom, ${words.replace('wonderful', 'great')}`);
const other = mail(3, words.split(' ').toSorted().join(' '));

async function symbolsOf(server: TestServer, raw: string): Promise<Readonly<Record<string, number>>> {
  const verdict = (await (await server.scan(raw)).json()) as {
    readonly symbols: Readonly<Record<string, { readonly score: number }>>;
  };
  const names = Object.entries(verdict.symbols).filter(([name]) => name.includes('FUZZY'));
  return Object.fromEntries(names.map(([name, { score }]) => [name, Math.round(score)]));
}

const { publicKey, privateKey } = makeKeyPair();

describe('fuzzy hashes', () => {
  let storage: TestServer;
  let client: TestServer;
  let folder: string;
  let file: string;
  before(async () => {
    const [port = 0] = await freePorts(1);
    storage = await startServer({
      'local.d/greylist.conf': 'enabled = false;\n',
      'local.d/worker-fuzzy.inc': `count = 1; bind_socket = "127.0.0.1:${port}"; allow_update = ["127.0.0.1"]; keypair { privkey = "${privateKey}"; } encrypted_only = true;`,
    });
    const rule = (options: string): string =>
      `{ servers = "127.0.0.1:${port}"; mime_types = ["*"]; skip_unknown = true; ${options} }`;
    client = await startServer({
      'local.d/greylist.conf': 'enabled = false;\n',
      'local.d/fuzzy_check.conf': [
        `rule "shared" ${rule(`encryption_key = "${publicKey}"; fuzzy_map { SHARED_FUZZY { flag = 1; hits_limit = 10; } }`)}`,
        `rule "plain" ${rule('read_only = true; fuzzy_map { PLAIN_FUZZY { flag = 1; } }')}`,
        'rule "own" { enabled = false; }',
      ].join('\n'),
      'local.d/fuzzy_group.conf': 'symbols { SHARED_FUZZY { weight = 7; } }',
    });
    folder = await mkdtemp(join(tmpdir(), 'postern-fuzzy-'));
    file = join(folder, 'reported.eml');
    await writeFile(file, reported);
  });
  after(async () => {
    await client.dispose();
    await storage.dispose();
    await rm(folder, { recursive: true });
  });

  const cli = async (server: TestServer, ...args: readonly string[]): Promise<string> => {
    const { stdout } = await run(postern, ['fuzzy', ...args, '--port', String(server.ports.controller)]);
    return stdout;
  };

  test('what one server reports another recognises, and a storage that wants encryption says so', async () => {
    const unknown = { FUZZY_ENCRYPTION_REQUIRED: 0 };
    for (const raw of [reported, alike]) {
      assert.deepEqual(await symbolsOf(storage, raw), {});
      assert.deepEqual(await symbolsOf(client, raw), unknown);
    }
    assert.equal(await cli(client, 'add', '--flag', 'SHARED_FUZZY', '--weight', '20', file), 'added 1\n');
    for (const raw of [reported, alike]) {
      const shares = [
        (await symbolsOf(client, raw))['SHARED_FUZZY']!,
        (await symbolsOf(storage, raw))['FUZZY_DENIED']!,
      ];
      if (raw === reported) assert.deepEqual(shares, [7, 12]);
      else assert.ok(shares[0]! > 3 && shares[1]! > 6, String(shares));
    }
    assert.deepEqual(await symbolsOf(storage, other), {});
    assert.deepEqual(await symbolsOf(client, other), unknown);
    assert.match(await cli(client, 'stat'), /^shared: 1 hashes in 127\.0\.0\.1:\d+\n {2}1 SHARED_FUZZY\n/);
    assert.match(await cli(storage, 'stat'), /^own: 1 hashes in the store of this server\n/);
    const { fuzzy_hashes: hashes } = (await (await storage.control('/stat')).json()) as {
      readonly fuzzy_hashes: object;
    };
    assert.deepEqual(hashes, { own: 1 });
    assert.equal(await cli(client, 'del', '--flag', 'SHARED_FUZZY', file), 'deleted 1\n');
    assert.deepEqual(await symbolsOf(storage, alike), {});
  });

  test('rspamc teaches as it teaches Rspamd', { skip: leftOutWithout({ rspamd: rspamc }) }, async () => {
    const ask = async (...args: readonly string[]): Promise<string> => {
      const { stdout } = await run(rspamc, ['-h', `127.0.0.1:${storage.ports.controller}`, ...args]);
      return stdout;
    };
    assert.match(await ask('-f', '3', '-w', '5', 'fuzzy_add', file), /success = true;/);
    assert.deepEqual(await symbolsOf(storage, reported), { FUZZY_WHITE: -2 });
    assert.deepEqual(Object.keys(await symbolsOf(storage, alike)), ['FUZZY_WHITE']);
    assert.match(await ask('stat'), /Fuzzy hashes in storage "own": 1/);
    assert.match(await ask('-S', 'FUZZY_WHITE', 'fuzzy_del', file), /success = true;/);
    assert.deepEqual(await symbolsOf(storage, reported), {});
    const refused = await ask('-f', '77', 'fuzzy_add', file).catch(
      (error: { readonly stdout: string }) => error.stdout,
    );
    assert.match(refused, /No fuzzy rules matched for flag 77/);
  });

  test('the controller says what it cannot do', async () => {
    const post = (path: string, headers: Readonly<Record<string, string>>, body = reported) =>
      storage.control(path, { method: 'POST', body, headers });
    const problem = async (response: Promise<Response>): Promise<unknown> => {
      const answer = await response;
      return [answer.status, ((await answer.json()) as { readonly error: string }).error];
    };
    assert.deepEqual(await problem(post('/fuzzyadd', {})), [404, 'Unknown or missing flag']);
    assert.deepEqual(await problem(post('/fuzzyadd', { Symbol: 'NONE' })), [404, 'Unknown or missing flag']);
    assert.deepEqual(await problem(post('/fuzzyadd', { Flag: '1', Weight: 'x' })), [400, 'Invalid weight']);
    assert.deepEqual(await problem(post('/fuzzyadd', { Flag: '1', 'Skip-Text': '1' })), [
      404,
      'No content to generate fuzzy',
    ]);
    const added = await post('/fuzzyadd', { Flag: '1', Weight: '30' });
    const { hashes } = (await added.json()) as { readonly hashes: readonly [string] };
    assert.match(hashes[0], /^[0-9a-f]{128}$/);
    assert.deepEqual(await symbolsOf(storage, reported), { FUZZY_DENIED: 12 });
    const forgotten = await post('/fuzzydelhash', { Flag: '1', Hash: hashes[0] }, '');
    assert.deepEqual(await forgotten.json(), { success: true, hashes });
    assert.deepEqual(await symbolsOf(storage, reported), {});
  });
});
