import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';

/** A server whose every tenth reply is no verdict, and which refuses requests without the headers of a scan. */
const fakeTarget = `
  import { createServer } from 'node:http';
  let count = 0;
  const server = createServer((request, reply) => {
    request.resume();
    request.on('end', () => {
      const { from, rcpt, ip, user, settings } = request.headers;
      const complete = from && rcpt && ip && user && settings === '{"symbols_enabled":[]}';
      reply.statusCode = complete ? 200 : 400;
      reply.end(++count % 10 === 0 ? '{"error":"tired"}' : '{"action":"no action","symbols":{"A":{}}}');
    });
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

it('measures a running target against itself and counts replies that are no verdict', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-bench-test-'));
  const server = spawn(process.execPath, ['--input-type=module', '-e', fakeTarget], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  context.after(() => {
    server.kill();
    rmSync(folder, { recursive: true });
  });
  const [port] = await once(createInterface(server.stdout), 'line');
  const json = join(folder, 'out.json');
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  const run = ['--floor', '--self', '--blocks', '2', '--messages', '20', '--warmup', '10', '--sample', '30'];
  const target = ['--target', `fake=127.0.0.1:${port},pid=${server.pid}`, '--json', json];
  const code = await new Promise((resolve) => {
    const child = execFile(process.execPath, [main, ...run, ...target], () => resolve(child.exitCode));
  });
  assert.equal(code, 1, 'errors give exit code 1');
  const report = JSON.parse(readFileSync(json, 'utf8'));
  assert.deepEqual(
    report.summaries.map(({ name }: { name: string }) => name),
    ['fake (A)', 'fake (B)'],
  );
  for (const side of report.summaries) {
    assert.equal(side.messages, 40);
    assert.deepEqual(side.errors, { 'reply without action': 4 });
    assert.deepEqual(side.actions, { 'no action': 36 });
    assert.ok(side.cpuMsPerMessage.median > 0 && side.p99Ms >= side.p50Ms && side.peakRssBytes > 0);
  }
  assert.equal(report.ratios.cpu.count, 2);
});
