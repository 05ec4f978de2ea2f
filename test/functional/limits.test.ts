import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { eventually, message, postern, startServer, type TestServer } from './server.ts';

const password = 'correct horse';

let server: TestServer;
before(async () => {
  server = await startServer({
    'local.d/worker-controller.inc': `secure_ip = [];\npassword = "${password}";\n`,
    'local.d/limits.conf': [
      'each { messages = "3/h"; recipients = "50/d"; }',
      'kinds { script { messages = "2/h"; } }',
      'tenants { acme { members = ["example.com"]; pool { messages = "1k/d"; } } }',
      'help = "see https://help.example";',
      '',
    ].join('\n'),
    'local.d/ratelimit.conf': 'rates { user { bucket { burst = 100; rate = "100 / 1h"; } } }\n',
  });
  await writeFile(join(server.stateDir, 'password'), `${password}\n`);
});
after(() => server.dispose());

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function limits(...args: readonly string[]): Promise<Outcome> {
  const [command = '', ...rest] = args;
  const options = [
    '--port',
    String(server.ports.controller),
    '--password-file',
    join(server.stateDir, 'password'),
  ];
  try {
    const done = await promisify(execFile)(postern, ['limits', command, ...options, ...rest]);
    return { code: 0, ...done };
  } catch (error) {
    const { code = -1, stdout = '', stderr = '' } = error as Partial<Outcome>;
    return { code, stdout, stderr };
  }
}

interface Verdict {
  readonly action: string;
  readonly symbols: Readonly<Record<string, { readonly options?: readonly string[] }>>;
  readonly messages: Readonly<Record<string, string>>;
}

async function send(headers: Readonly<Record<string, string>>, raw = message): Promise<Verdict> {
  const reply = await server.scan(raw, { From: 'alice@example.com', Rcpt: 'bob@example.net', ...headers });
  return (await reply.json()) as Verdict;
}

const alice = { User: 'alice@example.com', IP: '192.0.2.1' };

interface Report {
  readonly scopes: readonly {
    readonly subject: string;
    readonly windows: readonly {
      readonly used: number;
      readonly limit: number | null;
      readonly source: string | null;
    }[];
  }[];
  readonly buckets: readonly { readonly limit: string; readonly level: number }[];
}

/** What is counted after the reply, counted by now. */
async function settled(sender: string, used: number): Promise<Report> {
  return eventually(async () => {
    const { stdout, stderr } = await limits('show', sender, '--json');
    assert.equal(stderr, '');
    const report = JSON.parse(stdout) as Report;
    return report.scopes[0]?.windows[1]?.used === used && report;
  });
}

test('a login over its limit hears the limit and when to come back, over every worker', async () => {
  for (let i = 1; i <= 3; i++) {
    assert.equal((await send(alice)).action, 'no action');
    await settled('alice@example.com', i);
  }
  const verdict = await send(alice);
  assert.equal(verdict.action, 'soft reject');
  assert.deepEqual(verdict.symbols['LIMIT_EXCEEDED']?.options, ['login:alice@example.com messages/hour 3/3']);
  assert.match(
    verdict.messages['smtp_message'] ?? '',
    /^Sending limit reached: 3 messages per hour for alice@example\.com; try again after \d{4}-\d\d-\d\d \d\d:\d\d UTC; see https:\/\/help\.example$/,
  );
});

test('show names the effective limit of each window, its source, and buckets of ratelimit', async () => {
  const { stdout, code } = await limits('show', 'alice@example.com');
  assert.equal(code, 0);
  assert.match(stdout, /^domain example\.com\ntenant acme\n\nlogin:alice@example\.com\n/);
  assert.match(stdout, /messages per hour +3 +3 {2}server\n/);
  assert.match(stdout, /messages per day +3 unlimited {2}no level limits it\n/);
  assert.match(stdout, /recipients per day +3 +50 {2}server\n/);
  assert.match(stdout, /tenant:acme, all together\n[\s\S]*messages per day +3 +1000 {2}tenant acme\n/);
  assert.match(
    stdout,
    /buckets of ratelimit\n {2}user: (?:3|2\.\d+) of 100 recipients, drains 100 per hour\n/,
  );
});

test('an exception holds at once, and its end is the old limit', async () => {
  const made = await limits(
    'except',
    'alice@example.com',
    '--messages',
    '4/h',
    '--until',
    '2h',
    '--owner',
    'ops',
    '--reason',
    'newsletter',
  );
  assert.deepEqual([made.code, made.stderr], [0, '']);
  const id = /\(([0-9a-f]+)\)\n$/.exec(made.stdout)?.[1];
  assert.ok(id);
  assert.match(
    made.stdout,
    /^login:alice@example\.com: messages 4\/hour; exception until .* by ops: newsletter/,
  );
  assert.equal((await send(alice)).action, 'no action');
  await settled('alice@example.com', 4);
  assert.equal((await send(alice)).action, 'soft reject');
  assert.match(
    (await limits('show', 'alice@example.com')).stdout,
    /messages per hour +4 +4 {2}exception until/,
  );
  assert.match((await limits('show')).stdout, /exceptions\n {2}login:alice@example\.com: messages 4\/hour/);
  const ended = await limits('revoke', 'alice@example.com', '--id', id, '--reason', 'done', '--owner', 'ops');
  assert.deepEqual([ended.code, ended.stdout], [0, `ended ${id}\n`]);
  assert.match((await limits('show')).stdout, /no exceptions/);
});

test('a reset counts from zero, buckets of ratelimit too', async () => {
  const done = await limits('reset', 'alice@example.com', '--reason', 'stuck client', '--owner', 'ops');
  assert.deepEqual([done.code, done.stderr], [0, '']);
  assert.match(
    done.stdout,
    /^login:alice@example\.com counts from zero\nemptied buckets of ratelimit\n {2}user: /,
  );
  const report = await settled('alice@example.com', 0);
  assert.deepEqual(report.buckets, []);
  assert.equal((await send(alice)).action, 'no action');
});

test('scripts of this machine are limited without login, each apart', async () => {
  const headers = { IP: '127.0.0.1' };
  const by = (script: string): string => `X-PHP-Originating-Script: 33:${script}\r\n${message}`;
  for (let i = 1; i <= 2; i++) {
    assert.equal((await send(headers, by('form.php'))).action, 'no action');
    await settled('script:33:form.php', i);
  }
  const verdict = await send(headers, by('form.php'));
  assert.equal(verdict.action, 'soft reject');
  assert.deepEqual(verdict.symbols['LIMIT_EXCEEDED']?.options, ['script:33:form.php messages/hour 2/2']);
  assert.equal((await send(headers, by('other.php'))).action, 'no action');
});

test('mail from outside is not counted', async () => {
  for (let i = 0; i < 5; i++)
    assert.equal(
      (await send({ IP: '198.51.100.7', From: 'x@example.org' })).symbols['LIMIT_EXCEEDED'],
      undefined,
    );
});

test('every change is in the audit trail with who, where from and why', async () => {
  const { stdout } = await limits('audit', 'alice@example.com');
  const lines = stdout.trim().split('\n');
  assert.equal(lines.length, 3);
  assert.match(
    lines[0] ?? '',
    / UTC {2}reset {3}login:alice@example\.com {2}by ops from 127\.0\.0\.1: stuck client$/,
  );
  assert.match(lines[1] ?? '', / {2}revoke {2}.*: done \([0-9a-f]+\)$/);
  assert.match(lines[2] ?? '', / {2}except {2}.*: newsletter \(messages 4\/h until .*, [0-9a-f]+\)$/);
  const rows = JSON.parse((await limits('audit', '--json', '--rows', '1')).stdout) as readonly {
    readonly verb: string;
  }[];
  assert.deepEqual(
    rows.map(({ verb }) => verb),
    ['reset'],
  );
});

test('without the password nothing is shown or changed', async () => {
  for (const path of ['/limits', '/limits/audit', '/limits/except', '/limits/reset', '/limits/revoke'])
    assert.equal((await server.control(path, { method: 'POST', body: '{}' })).status, 401, path);
  const port = String(server.ports.controller);
  const refused = await promisify(execFile)(postern, ['limits', 'show', '--port', port]).catch(
    (error: unknown) => error as Outcome,
  );
  assert.deepEqual(
    [(refused as Outcome).code, (refused as Outcome).stderr],
    [77, 'postern: the server says: Unauthorized: give the password of the controller (--password-file)\n'],
  );
});

test('what is no change is refused with words, and an exit code', async () => {
  const person = ['--reason', 'r', '--owner', 'ops'];
  for (const [args, code, words] of [
    [['except', 'alice@example.com', '--messages', '4', '--until', '2h', ...person], 76, /needs its time/],
    [['except', 'alice@example.com', '--until', '2h', ...person], 76, /needs messages or recipients/],
    [['except', '@example.com', '--messages', '4/h', '--until', '2h', ...person], 76, /has no limits/],
    [['except', 'alice@example.com', '--messages', '4/h', '--until', 'soon', ...person], 1, /expected 90m/],
    [['except', 'alice@example.com', '--messages', '4/h', '--until', '2h'], 1, /--reason/],
    [['revoke', 'alice@example.com', ...person], 66, /has no such exception/],
  ] as const) {
    const outcome = await limits(...args);
    assert.equal(outcome.code, code, outcome.stderr);
    assert.match(outcome.stderr, words);
  }
});

test('nobody there is told as such', async () => {
  const gone = await promisify(execFile)(postern, ['limits', 'show', '--port', '1']).catch(
    (error: unknown) => error as Outcome,
  );
  assert.equal((gone as Outcome).code, 75);
  assert.match((gone as Outcome).stderr, /no answer from 127\.0\.0\.1:1/);
});
