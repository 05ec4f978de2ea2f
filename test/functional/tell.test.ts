import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { leftOutWithout } from '../helpers/left-out.ts';
import { startServer, type TestServer } from './server.ts';

/** Debian package spamc. */
const spamc = '/usr/bin/spamc';

const words = 'cheap watches luxury bargain discount casino winner jackpot voucher bonus gamble prize';
const mail = (number: number): string =>
  `From: a@example.com\r\nMessage-ID: <tell${number}@example.com>\r\nSubject: hi\r\n\r\n${words} number${number}\r\n`;

describe('TELL of the spamd protocol', { skip: leftOutWithout({ spamc }) }, () => {
  let server: TestServer;
  const tell = (number: number, ...args: readonly string[]): Promise<readonly [number | null, string]> =>
    new Promise((resolve, reject) => {
      const child = spawn(spamc, ['-d', '127.0.0.1', '-p', String(server.ports.scan), '-x', ...args]);
      let out = '';
      child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
      child.on('error', reject);
      child.on('close', (code) => resolve([code, out.trim()]));
      child.stdin.end(mail(number));
    });
  const learned = async (): Promise<number> =>
    ((await (await server.control('/stat')).json()) as { readonly total_learns: number }).total_learns;

  before(async () => {
    server = await startServer({});
  });
  after(() => server.dispose());

  test('teaches the classifier, and takes back what it learned', async () => {
    const done = 'Message successfully un/learned';
    const known = 'Message was already un/learned';
    assert.equal((await tell(1, '-L', 'spam'))[1], done);
    assert.equal((await tell(1, '-L', 'spam'))[1], known);
    assert.equal((await tell(1, '-L', 'ham'))[1], done);
    assert.equal((await tell(2, '-L', 'spam'))[1], done);
    assert.equal(await learned(), 2);
    assert.equal((await tell(1, '-L', 'forget'))[1], done);
    assert.equal((await tell(1, '-L', 'forget'))[1], known);
    assert.equal(await learned(), 1);
  });

  test('learns what is reported, but reports nothing', async () => {
    const [, said] = await tell(3, '-C', 'report');
    assert.match(said, /Unable to report/);
    assert.equal(await learned(), 2);
  });
});

describe('TELL from others', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({ 'local.d/worker-controller.inc': 'secure_ip = "192.0.2.1";\n' });
  });
  after(() => server.dispose());

  test('is refused, where the controller would ask for a password', async () => {
    const reply = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(server.ports.scan, '127.0.0.1', () =>
        socket.end(`TELL SPAMC/1.5\r\nMessage-class: spam\r\nSet: local\r\n\r\n${mail(1)}`),
      );
      socket.on('data', (chunk) => {
        text += chunk.toString();
      });
      socket.on('end', () => resolve(text));
      socket.on('error', reject);
    });
    assert.match(reply, /^SPAMD\/1\.1 77 EX_NOPERM /);
  });
});
