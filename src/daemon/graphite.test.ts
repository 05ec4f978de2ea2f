import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type LogLine, noMetrics, recordingLog } from '../../test/helpers/check-table.ts';
import { startTcpServer } from '../../test/helpers/tcp-server.ts';
import { metricExporter } from '../checks/metric_exporter/check.ts';
import type { Configuration, Totals } from '../core/index.ts';
import { GraphitePusher } from './graphite.ts';

const totals: Totals = {
  startedMs: 0,
  scanned: 12,
  learned: 1,
  actions: { 'add header': 3, reject: 2, 'no action': 6, greylist: 1 },
  connections: 20,
  controlConnections: 4,
  scanTimesSeconds: [],
  symbols: {},
  graph: [],
};
const nowMs = 1_700_000_000_000;
const figures = [
  'actions.add header',
  'spam_count',
  'ham_count',
  'scanned',
  'pools_allocated',
  'connections',
];

function configurationOf(section: object, stateDir: string): Configuration {
  const modules = new Map([['metric_exporter', metricExporter.config.parse(section)]]);
  return { modules, stateDir, options: { disabledModules: [] } } as unknown as Configuration;
}

/** What Carbon received with the first connection. */
async function carbon() {
  const received = Promise.withResolvers<string>();
  const server = await startTcpServer((socket) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('end', () => received.resolve(text));
  });
  return { server, received: received.promise, port: Number(server.address.split(':')[1]) };
}

function pusher(lines: LogLine[] = []): GraphitePusher {
  return new GraphitePusher({
    totals: () => totals,
    clock: { now: () => nowMs },
    log: recordingLog(lines),
    metrics: noMetrics,
  });
}

test('Carbon gets the figures that were asked for, and the time of the push is remembered', async () => {
  const { server, received, port } = await carbon();
  const stateDir = mkdtempSync(join(tmpdir(), 'postern-graphite-'));
  const push = pusher();
  const section = {
    backend: 'graphite',
    host: '127.0.0.1',
    port,
    metrics: figures,
    metric_prefix: 'mail.mx1',
  };
  push.configure(configurationOf(section, stateDir));
  assert.equal(
    await received,
    [
      'mail.mx1.actions.add_header 3 1700000000',
      'mail.mx1.spam_count 5 1700000000',
      'mail.mx1.ham_count 7 1700000000',
      'mail.mx1.scanned 12 1700000000',
      'mail.mx1.pools_allocated 0 1700000000',
      'mail.mx1.connections 20 1700000000',
      '',
    ].join('\n'),
  );
  push.stop();
  await server.close();
  assert.equal(readFileSync(join(stateDir, 'metric_exporter_last_push'), 'utf8'), '1700000000\n');
});

test('a server that was restarted goes on in the rhythm it had', async () => {
  const { server, received, port } = await carbon();
  const stateDir = mkdtempSync(join(tmpdir(), 'postern-graphite-'));
  const statefile = join(stateDir, 'last');
  writeFileSync(statefile, `${nowMs / 1000 - 119.99}\n`);
  const push = pusher();
  const section = { backend: 'graphite', host: '127.0.0.1', port, metrics: ['scanned'], statefile };
  push.configure(configurationOf(section, stateDir));
  assert.equal(server.connections, 0);
  assert.match(await received, /^rspamd\.scanned 12 /);
  push.stop();
  await server.close();
});

test('a Carbon that is not there is told of once', async () => {
  const { server, port } = await carbon();
  await server.close();
  const lines: LogLine[] = [];
  const push = pusher(lines);
  const stateDir = mkdtempSync(join(tmpdir(), 'postern-graphite-'));
  const section = { backend: 'graphite', host: '127.0.0.1', port, metrics: ['scanned'], interval: 1 };
  push.configure(configurationOf(section, stateDir));
  while (lines.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  push.configure(configurationOf(section, stateDir));
  push.stop();
  assert.match(lines[0]!.message, /figures were not pushed/);
});

test('without a backend nothing is pushed', async () => {
  const push = pusher();
  push.configure(configurationOf({ metrics: ['scanned'] }, tmpdir()));
  push.configure(configurationOf({ backend: 'graphite', enabled: false, metrics: ['scanned'] }, tmpdir()));
  push.stop();
});
