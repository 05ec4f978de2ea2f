import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { describe, type TestContext, test } from 'node:test';
import {
  type Harness,
  type HarnessOptions,
  startScanPort,
} from '../../src/server/scan-port/testing/harness.ts';
import type { LearnRequest } from '../../src/server/spamc/index.ts';
import { hit } from '../../src/server/testing/scanner.ts';
import { leftOutWithout } from '../helpers/left-out.ts';

interface Finished {
  readonly code: number | null;
  readonly output: string;
}

function run(program: string, args: readonly string[], input: string): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
    child.stdin.end(input);
  });
}

const message = 'From: a@example.com\nSubject: hi\nMessage-Id: <a1@example.com>\n\nhello\n';
const spam = {
  action: 'add header',
  score: 7.25,
  newline: '\n',
  symbols: [hit('BAYES_SPAM', 5.1, { description: 'Bayes says spam' }), hit('PLAIN', 2.15)],
} as const;

describe('spamc of SpamAssassin', { skip: leftOutWithout({ spamc: '/usr/bin/spamc' }) }, () => {
  async function withPort(
    t: TestContext,
    options: HarnessOptions = {},
  ): Promise<{ port: Harness; spamc: (...args: string[]) => Promise<Finished> }> {
    const port = await startScanPort(t, options);
    port.scanner.answer = spam;
    const spamc = (...args: string[]): Promise<Finished> =>
      run('/usr/bin/spamc', ['-d', '127.0.0.1', '-p', `${port.port}`, ...args], message);
    return { port, spamc };
  }

  test('-c prints score and threshold, and its exit code tells spam from ham', async (t) => {
    const { port, spamc } = await withPort(t);
    assert.deepEqual(await spamc('-c'), { code: 1, output: '7.3/6.0\n' });
    port.scanner.answer = {};
    assert.deepEqual(await spamc('-c'), { code: 0, output: '0.0/6.0\n' });
    assert.equal(port.scanner.last.raw.toString(), message);
    assert.equal(port.scanner.last.envelope.login, undefined);
  });

  test('-y prints the symbols', async (t) => {
    const { spamc } = await withPort(t);
    assert.deepEqual(await spamc('-y'), { code: 0, output: 'BAYES_SPAM,PLAIN\r\n' });
  });

  test('-R prints a report, -r only for spam', async (t) => {
    const { port, spamc } = await withPort(t);
    for (const option of ['-R', '-r']) {
      const { output } = await spamc(option);
      assert.match(output, /^7\.3\/6\.0\nAction: add header\r\n/);
      assert.match(output, / 5\.1 BAYES_SPAM +Bayes says spam\r\n/);
    }
    port.scanner.answer = {};
    assert.match((await spamc('-R')).output, /^0\.0\/6\.0\nAction: no action\r\n/);
    assert.deepEqual(await spamc('-r'), { code: 0, output: '' });
  });

  test('without options the message comes back marked', async (t) => {
    const { spamc } = await withPort(t);
    const marked =
      'X-Spam-Flag: YES\nX-Spam-Level: *******\n' +
      'X-Spam-Status: Yes, score=7.3 required=6.0\n\ttests=BAYES_SPAM,PLAIN\n';
    for (const options of [[], ['--headers'], ['-x']]) {
      assert.deepEqual(await spamc(...options), { code: 0, output: marked + message });
    }
  });

  test('-K is answered', async (t) => {
    const { spamc } = await withPort(t);
    assert.deepEqual(await spamc('-K'), { code: 0, output: 'SPAMD/1.5 0\n' });
  });

  test('-L teaches, and fails where there is nothing to teach', async (t) => {
    const learned: LearnRequest[] = [];
    const { spamc } = await withPort(t, {
      learn: async (request) => {
        learned.push(request);
        return { didSet: ['local'], didRemove: [] };
      },
    });
    assert.deepEqual(await spamc('-L', 'spam'), { code: 0, output: 'Message successfully un/learned\n' });
    assert.equal(learned[0]?.messageClass, 'spam');
    assert.equal(learned[0]?.raw.toString(), message);
    const { spamc: unable } = await withPort(t);
    assert.notEqual((await unable('-x', '-L', 'spam')).code, 0);
  });

  test('a failure passes the message on unchanged, or with -x is an exit code', async (t) => {
    const { port, spamc } = await withPort(t);
    for (const answer of [new Error('bug'), { action: 'soft reject' }]) {
      port.scanner.answer = answer;
      assert.deepEqual(await spamc(), { code: 0, output: message });
      const { code, output } = await spamc('-x');
      assert.notEqual(code, 0);
      assert.equal(output, '');
    }
  });
});

describe('rspamc of Rspamd', { skip: leftOutWithout({ rspamd: '/usr/bin/rspamc' }) }, () => {
  const rspamc = (port: Harness, ...args: string[]): Promise<Finished> =>
    run('/usr/bin/rspamc', ['-h', `127.0.0.1:${port.port}`, ...args], message);

  test('symbols shows the verdict, with compression too', async (t) => {
    const port = await startScanPort(t);
    port.scanner.answer = { ...spam, dkimSignatures: ['v=1; b=abc'] };
    for (const options of [[], ['-z']]) {
      const { code, output } = await rspamc(port, ...options, '-F', 'a@example.com', '-u', 'joe', 'symbols');
      assert.equal(code, 0);
      assert.match(
        output,
        /\nAction: add header\nSpam: true\nScore: 7\.25 \/ 15\.00\nSymbol: BAYES_SPAM \(5\.10\)\n/,
      );
      assert.match(output, /\nDKIM-Signature: v=1; b=abc\n/);
      const { envelope, raw } = port.scanner.last;
      assert.equal(raw.toString(), message);
      assert.equal(envelope.login, 'joe');
      assert.equal(envelope.sender?.text, 'a@example.com');
      assert.equal(envelope.userAgent, 'rspamc');
    }
  });

  test('a failure is an HTTP error to it', async (t) => {
    const port = await startScanPort(t);
    port.scanner.answer = new Error('bug');
    assert.match((await rspamc(port, 'symbols')).output, /HTTP error: 503, Service Unavailable/);
  });
});
