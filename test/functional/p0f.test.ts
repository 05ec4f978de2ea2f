import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { askP0f } from '../../src/checks/p0f/query.ts';
import { parseIp } from '../../src/lib/index.ts';
import { startTcpServer } from '../helpers/tcp-server.ts';

const binary = '/usr/sbin/p0f';
const signal = new AbortController().signal;

/** Tells whether p0f may listen to loopback here: it needs root, and a kernel that lets it. */
async function started(child: ReturnType<typeof spawn>, path: string): Promise<boolean> {
  while (child.exitCode === null) {
    const answer = await askP0f(path, parseIp('192.0.2.99')!, 1000, signal);
    if (answer === 'none') return true;
    await sleep(50);
  }
  return false;
}

/** Why the test is left out, if it is; in CI it may not be. */
function leftOut(): string | false {
  if (existsSync(binary) && process.getuid?.() === 0) return false;
  const reason = `left out: needs root and ${binary} (Debian package p0f)`;
  if (process.env['CI'] === 'true') throw new Error(reason);
  return reason;
}

test('the real p0f tells the system of a client it saw, and knows no other', {
  skip: leftOut(),
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-p0f-'));
  const path = join(folder, 'socket');
  const child = spawn(binary, ['-i', 'lo', '-s', path], { stdio: 'ignore' });
  const server = await startTcpServer((socket) => socket.end('hello'));
  t.after(async () => {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    await server.close();
    rmSync(folder, { recursive: true });
  });
  if (!(await started(child, path))) {
    t.diagnostic('left out: p0f may not listen to loopback here');
    return;
  }
  const [host = '', port = ''] = server.address.split(':');
  let answer: Awaited<ReturnType<typeof askP0f>> = 'none';
  while (answer === 'none') {
    const socket = connect(Number(port), host);
    socket.resume();
    await once(socket, 'close');
    answer = await askP0f(path, parseIp('127.0.0.1')!, 1000, signal);
  }
  assert.ok(typeof answer === 'object', String(answer));
  assert.notEqual(answer.system, '');
  assert.equal(answer.distance, 0);
  assert.equal(await askP0f(path, parseIp('192.0.2.99')!, 1000, signal), 'none');
});
