import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { findRedisServer, startRedis } from '../helpers/redis-server.ts';
import { eventually, postern, startServer, type TestServer } from './server.ts';

const run = promisify(execFile);
const rspamc = '/usr/bin/rspamc';

const words = {
  spam: 'cheap watches luxury bargain discount casino winner jackpot voucher bonus gamble',
  ham: 'meeting agenda quarterly budget colleague schedule project review invoice committee minutes',
} as const;

function mail(kind: keyof typeof words, number: number): string {
  return [
    'From: alice@example.com',
    `Message-ID: <${kind}${number}@example.com>`,
    'Subject: hello',
    'Content-Type: text/plain',
    '',
    `${words[kind]} number${number}`,
    '',
  ].join('\r\n');
}

async function symbolsOf(server: TestServer, raw: string): Promise<readonly string[]> {
  const verdict = (await (await server.scan(raw)).json()) as {
    readonly symbols: Readonly<Record<string, object>>;
  };
  return Object.keys(verdict.symbols).filter((name) => name.startsWith('BAYES'));
}

describe('Bayes', () => {
  let server: TestServer;
  let folder: string;
  before(async () => {
    server = await startServer({
      'local.d/classifier-bayes.conf': 'min_learns = 3;\n',
      // The same message again would be told to come back later before its words are read.
      'local.d/greylist.conf': 'enabled = false;\n',
    });
    folder = await mkdtemp(join(tmpdir(), 'postern-learn-'));
    for (const kind of ['spam', 'ham'] as const) {
      await mkdir(join(folder, kind, 'cur'), { recursive: true });
      for (let number = 0; number < 5; number++)
        await writeFile(join(folder, kind, 'cur', `${number}.eml`), mail(kind, number));
    }
  });
  after(async () => {
    await server.dispose();
    await rm(folder, { recursive: true });
  });

  const learn = async (...args: readonly string[]): Promise<string> => {
    const port = ['--port', String(server.ports.controller)];
    return (await run(postern, ['learn', ...args, ...port])).stdout.trim();
  };

  test('is taught by our command, judges, and forgets', async () => {
    assert.deepEqual(await symbolsOf(server, mail('spam', 77)), []);
    assert.equal(await learn('spam', '--bulk', join(folder, 'spam')), 'learned 5');
    assert.equal(await learn('spam', join(folder, 'spam')), 'known already 5');
    assert.equal(await learn('ham', '--bulk', join(folder, 'ham')), 'learned 5');
    // A process that saw too little learned looks again after a few seconds.
    await eventually(async () => (await symbolsOf(server, mail('spam', 77))).includes('BAYES_SPAM'));
    await eventually(async () => (await symbolsOf(server, mail('ham', 77))).includes('BAYES_HAM'));
    const stat = (await (await server.control('/stat')).json()) as {
      readonly total_learns: number;
      readonly statfiles: readonly { readonly symbol: string; readonly revision: number }[];
    };
    assert.equal(stat.total_learns, 10);
    assert.deepEqual(
      stat.statfiles.map(({ symbol, revision }) => [symbol, revision]),
      [
        ['BAYES_HAM', 5],
        ['BAYES_SPAM', 5],
      ],
    );
    assert.deepEqual(await (await server.control('/bayes/classifiers')).json(), ['bayes']);
    const one = join(folder, 'spam', 'cur', '0.eml');
    assert.equal(await learn('ham', one), 'moved 1');
    assert.equal(await learn('forget', one), 'forgotten 1');
    assert.equal(await learn('forget', one), 'not known 1');
    assert.equal(await learn('spam', '--bulk', one), 'learned 1');
  });

  test('refuses what cannot be learned in Rspamd’s words', async () => {
    const post = async (path: string, body: string, headers: Readonly<Record<string, string>> = {}) => {
      const reply = await server.control(path, { method: 'POST', body, headers });
      return [reply.status, await reply.text()] as const;
    };
    assert.deepEqual(await post('/learnspam', ''), [400, '{"error":"Empty body is not permitted"}']);
    assert.deepEqual(await post('/learnspam', mail('spam', 1), { Classifier: 'other' }), [
      404,
      '{"error":"cannot find classifier with name other"}',
    ]);
    assert.deepEqual(await post('/learnclass', mail('spam', 1)), [400, '{"error":"Class header missing"}']);
    assert.equal((await post('/learnclass', mail('spam', 1), { Class: 'news' }))[0], 404);
    assert.equal((await post('/learnspam', 'Subject: a\n\nb\n'))[0], 204);
    const known = mail('spam', 500);
    assert.equal((await post('/learnclass', known, { Class: 'spam', 'Learn-Type': 'bulk' }))[0], 200);
    assert.deepEqual(await post('/learnspam', known), [
      208,
      '{"error":"<spam500@example.com> has been already learned as spam, ignore it"}',
    ]);
  });

  if (existsSync(rspamc))
    test('is taught by rspamc of Rspamd', async () => {
      const file = join(folder, 'rspamc.eml');
      await writeFile(file, mail('spam', 900).replace(words.spam, `${words.spam} ${words.ham}`));
      const teach = async (command: string): Promise<string> =>
        (await run(rspamc, ['-h', `127.0.0.1:${server.ports.controller}`, command, file])).stdout;
      assert.match(await teach('learn_spam'), /success = true/);
      assert.match(await teach('learn_spam'), /has been already learned as spam/);
      assert.match(await teach('learn_ham'), /success = true/);
      assert.match(await teach('stat'), /BAYES_SPAM/);
    });
});

const redisServer = findRedisServer();
if (redisServer !== undefined)
  test('the database in Redis is laid out as Rspamd has it', async () => {
    const redis = await startRedis(redisServer, { tcp: 'plain' });
    const server = await startServer({ 'local.d/redis.conf': `servers = "${redis.address}";\n` });
    try {
      const reply = await server.control('/learnspam', { method: 'POST', body: mail('spam', 1) });
      assert.deepEqual(await reply.json(), { success: true });
      assert.match(await redis.command('HGET', 'RS', 'learns_spam'), /^\$1\r\n1\r\n$/);
      assert.match(await redis.command('HGET', 'RS', 'version'), /^\$1\r\n2\r\n$/);
      assert.match(await redis.command('SMEMBERS', 'BAYES_SPAM_keys'), /\r\nRS\r\n$/);
      assert.match(await redis.command('HLEN', 'learned_ids'), /^:1\r\n$/);
      const keys = [...(await redis.command('KEYS', 'RS_*')).matchAll(/^RS_\d{1,20}\r?$/gm)];
      assert.ok(keys.length > 10);
    } finally {
      await server.dispose();
      await redis.kill();
    }
  });
