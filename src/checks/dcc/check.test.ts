import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { buildCheck, type LogLine, runCheck, type Way } from '../../../test/helpers/check-table.ts';
import { startTcpServer, type TcpServer } from '../../../test/helpers/tcp-server.ts';
import { ConfigError } from '../../core/index.ts';
import { dcc } from './check.ts';

async function dccifd(t: TestContext): Promise<TcpServer> {
  const server = await startTcpServer((socket) => {
    socket.resume();
    socket.on('end', () => socket.end('R\nR\nX-DCC-x-Metrics: a 1; bulk Body=many\n'));
  });
  t.after(() => server.close());
  return server;
}

const rejected = [{ symbol: 'DCC_REJECT', weight: 1, options: ['bulk Body=many'] }];

test('without servers there is nothing to run', async () => {
  const log: LogLine[] = [];
  assert.deepEqual((await buildCheck(dcc, {}, { log })).units, []);
  assert.match(log[0]!.message, /no servers/);
});

for (const way of ['inbound', 'authenticated', 'local'] satisfies Way[]) {
  test(`${way} mail is asked about`, async (t) => {
    const { address } = await dccifd(t);
    assert.deepEqual((await runCheck(dcc, { servers: address, no_cache: true }, { way })).hits, rejected);
  });
}

test('the older names of servers are understood', async (t) => {
  const { address } = await dccifd(t);
  const [host, port] = address.split(':');
  const config = { host, port: Number(port), no_cache: true };
  assert.deepEqual((await runCheck(dcc, config)).hits, rejected);
  const away = { socket: '/nonexistent/dccifd', no_cache: true, retransmits: 0 };
  assert.deepEqual((await runCheck(dcc, away)).hits, [
    { symbol: 'DCC_FAIL', weight: 0, options: ['failed to scan: ENOENT'] },
  ]);
});

test('settings know it as DCC_CHECK, and mistakes name the option', async () => {
  const built = await buildCheck(dcc, { servers: 'localhost' });
  assert.deepEqual(
    built.units.map(({ name }) => name),
    ['DCC_CHECK'],
  );
  assert.deepEqual([...built.declared.keys()].slice(0, 2), ['DCC_REJECT', 'DCC_FAIL']);
  assert.equal(built.declared.get('DCC_REJECT')?.score, 2);
  assert.equal(built.declared.get('DCC_BULK')?.score, 1);
  await assert.rejects(buildCheck(dcc, { servers: 'a b:x' }), (error: unknown) => {
    assert.ok(error instanceof ConfigError);
    assert.equal(error.problems[0]?.path, 'dcc.servers');
    return true;
  });
});
