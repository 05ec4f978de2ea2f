import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { createServer } from 'node:tls';
import fc from 'fast-check';
import { runCheck } from '../../../test/helpers/check-table.ts';
import { startTcpServer, type TcpServer } from '../../../test/helpers/tcp-server.ts';
import { antivirus } from './check.ts';
import { clamavResult } from './clamav.ts';

const lines = (...text: string[]): string => `${text.join('\r\n')}\r\n\r\n`;
const options = (...extra: string[]): string =>
  lines('ICAP/1.0 200 OK', 'Methods: RESPMOD', 'Allow: 204', ...extra, 'Encapsulated: null-body=0');
const clean = lines('ICAP/1.0 204 Unmodified', 'Encapsulated: null-body=0');
const goOn = lines('ICAP/1.0 100 Continue');
const http = (status: string, ...headers: string[]): string =>
  lines('ICAP/1.0 200 OK', 'Encapsulated: res-hdr=0, res-body=60') + lines(`HTTP/1.1 ${status}`, ...headers);

interface FakeIcap extends TcpServer {
  /** Everything that came, connection by connection. */
  readonly seen: string[];
}

/** Answers each time when what came since ends a request, with the next of the texts; the last one closes. */
async function fakeIcap(t: TestContext, ...replies: readonly string[]): Promise<FakeIcap> {
  const seen: string[] = [];
  let next = 0;
  const server = await startTcpServer((socket) => {
    const index = seen.push('') - 1;
    let pending = '';
    socket.on('data', (chunk: Buffer) => {
      const piece = chunk.toString('latin1');
      seen[index] += piece;
      pending += piece;
      const isOptions = pending.startsWith('OPTIONS');
      if (!(isOptions ? pending.endsWith('\r\n\r\n') : /(?:^|\r\n)0(?:; ieof)?\r\n\r\n$/.test(pending)))
        return;
      pending = '';
      const reply = replies[next++ % replies.length]!;
      if (reply.includes('Connection: close')) socket.end(reply, 'latin1');
      else socket.write(reply, 'latin1');
    });
  });
  t.after(() => server.close());
  return Object.defineProperties({ seen } as unknown as FakeIcap, Object.getOwnPropertyDescriptors(server));
}

const content = 'some content';
const raw = [
  'From: a@example.com',
  'Content-Type: application/octet-stream; name=a.bin',
  'Content-Disposition: attachment',
  '',
  content,
].join('\n');

async function scan(server: FakeIcap, rule: Readonly<Record<string, unknown>> = {}) {
  const { hits, preResults } = await runCheck(
    antivirus,
    { icap: { servers: server.address, no_cache: true, symbol: 'AV', timeout: 2, ...rule } },
    { raw },
  );
  return { hits: hits.map(({ symbol, weight, options: [option] }) => [symbol, weight, option]), preResults };
}

test('a clean piece is asked about by OPTIONS and RESPMOD on one connection', async (t) => {
  const server = await fakeIcap(t, options(), clean);
  assert.deepEqual(await scan(server, { scheme: 'avscan' }), { hits: [], preResults: [] });
  const request = server.seen[0]!.replace(/Date: [^\r]+/g, 'Date: D');
  const uri = `icap://${server.address}/avscan ICAP/1.0`;
  const fixed = [`Host: ${server.address}`, 'User-Agent: Postern'];
  const get = lines('GET http://127.0.0.1/mail HTTP/1.0', 'Date: D', 'User-Agent: Postern');
  const response = lines('HTTP/1.0 200 OK', 'Date: D', 'Server: Apache/2.4', 'Content-Length: 12');
  // A date in this form has 29 characters (RFC 9110 5.6.7).
  const [getLength, responseLength] = [get.length + 28, response.length + 28];
  assert.equal(
    request,
    lines(`OPTIONS ${uri}`, ...fixed, 'Encapsulated: null-body=0') +
      lines(
        `RESPMOD ${uri}`,
        ...fixed,
        'Allow: 204',
        `Encapsulated: req-hdr=0, res-hdr=${getLength}, res-body=${getLength + responseLength}`,
      ) +
      get +
      response +
      `c\r\n${content}\r\n0\r\n\r\n`,
  );
});

test('a preview is sent where the service wants one, and the rest when it says so', async (t) => {
  const server = await fakeIcap(t, options('Preview: 4'), goOn, clean);
  assert.deepEqual((await scan(server)).hits, []);
  assert.match(server.seen[0]!, /\r\nPreview: 4\r\n/);
  assert.match(server.seen[0]!, /\r\n4\r\nsome\r\n0\r\n\r\n8\r\n content\r\n0\r\n\r\n$/);
});

test('a preview that is the whole says so', async (t) => {
  const server = await fakeIcap(t, options('Preview: 1024'), clean);
  assert.deepEqual((await scan(server)).hits, []);
  assert.match(server.seen[0]!, /\r\n0; ieof\r\n\r\n$/);
});

test('a service may judge by the preview', async (t) => {
  const server = await fakeIcap(t, options('Preview: 0'), http('403 Forbidden', 'X-Virus-ID: Early'));
  assert.deepEqual((await scan(server)).hits, [['AV', 1, 'Early']]);
});

test('a service that closes after OPTIONS is asked over a new connection', async (t) => {
  const server = await fakeIcap(t, options('Connection: close'), clean);
  assert.deepEqual((await scan(server)).hits, []);
  assert.equal(server.connections, 2);
});

test('a service with REQMOD only gets a request', async (t) => {
  const reqmod = lines('ICAP/1.0 200 OK', 'Methods: REQMOD', 'Encapsulated: null-body=0');
  const server = await fakeIcap(t, reqmod, http('403 Forbidden'));
  assert.deepEqual((await scan(server)).hits, [['AV', 1, 'pseudo-virus (blocked): 403 Forbidden']]);
  assert.match(server.seen[0]!, /\r\nREQMOD icap:.*Encapsulated: req-hdr=0, req-body=\d+\r\n\r\nPOST /s);
});

const answers: readonly (readonly [string, string, readonly unknown[] | undefined])[] = [
  ['Type=0; Resolution=2; Threat=Troj/DocDl-OYC;', 'X-Infection-Found', ['AV', 1, 'Troj/DocDl-OYC']],
  [
    'Type=2; Resolution=2; Threat=Encrypted container violation;',
    'X-Infection-Found',
    ['AV_FAIL', 0, 'Encrypted container violation'],
  ],
  ['nonsense', 'X-Infection-Found', ['AV', 1, 'nonsense']],
  ['EICAR-Test-File', 'X-Virus-ID', ['AV', 1, 'EICAR-Test-File']],
  ['no threats', 'X-Virus-ID', undefined],
  ['W32.X', 'X-Virus-Name', ['AV', 1, 'W32.X']],
  ['1\r\n\t-\r\n\tW97M.Bad\r\n\t0\r\n\t0', 'X-Violations-Found', ['AV', 1, 'W97M.Bad']],
  ['0', 'X-Violations-Found', undefined],
  ['infected', 'X-FSecure-Scan-Result', ['AV', 1, '-unknown-']],
  ['clean', 'X-FSecure-Scan-Result', undefined],
  ['Malware found', 'X-Block-Reason', ['AV', 1, 'Malware found']],
  ['Virus found during virus scan', 'X-Blocked', ['AV', 1, 'Virus found during virus scan']],
];
for (const [value, name, hit] of answers) {
  test(`${name}: ${JSON.stringify(value)} in the ICAP head or the HTTP head gives ${hit?.[0] ?? 'nothing'}`, async (t) => {
    const outer = lines('ICAP/1.0 200 OK', `${name}: ${value}`, 'Encapsulated: null-body=0');
    for (const answer of [outer, http('200 OK', `${name}: ${value}`)]) {
      const server = await fakeIcap(t, options(), answer);
      assert.deepEqual((await scan(server)).hits, hit === undefined ? [] : [hit]);
    }
  });
}

test('several threats are several options, and a forced action names them all', async (t) => {
  const server = await fakeIcap(t, options(), http('200 OK', 'X-Virus-ID: A, B'));
  const { hits, preResults } = await scan(server, { action: 'reject', default_score: 2 });
  assert.deepEqual(hits, [
    ['AV', 2, 'A'],
    ['AV', 2, 'B'],
  ]);
  assert.equal(preResults[0]?.message, 'icap: threat found with icap scanner: "A; B"');
});

test('the HTTP status alone counts from 400, and a redirection when told so', async (t) => {
  const redirected = await fakeIcap(t, options(), http('307 Temporary Redirect'));
  assert.deepEqual((await scan(redirected)).hits, []);
  assert.deepEqual((await scan(redirected, { use_http_3xx_as_threat: true })).hits, [
    ['AV', 1, 'pseudo-virus (redirect): 307 Temporary Redirect'],
  ]);
  const blocked = await fakeIcap(t, options(), http('403 VirusFound'));
  assert.deepEqual((await scan(blocked, { use_http_result_header: false })).hits, []);
});

const wrong: readonly (readonly [string, readonly string[], string, number])[] = [
  [
    'an error',
    [options(), lines('ICAP/1.0 500 Server error')],
    'failed - error: ICAP/1.0 500 Server error',
    3,
  ],
  ['an error for OPTIONS', [lines('ICAP/1.0 404 None')], 'failed - error: OPTIONS: ICAP/1.0 404 None', 3],
  ['a service without modification', [lines('ICAP/1.0 200 OK', 'Methods: NONE')], 'NO RESPMOD', 1],
  ['another protocol', [lines('HTTP/1.1 200 OK')], 'failed - error: no ICAP server', 3],
  ['a head without end', ['ICAP/1.0 200 OK\r\n'.repeat(20_000)], 'failed - error: answer too long', 3],
  [
    'a cut answer',
    [lines('ICAP/1.0 200 OK', 'Methods: RESPMOD'), 'ICAP/1.0 Connection: close'],
    'failed - error: connection closed without an answer',
    3,
  ],
  ['HTTP without a status', [options(), http('what')], 'failed - error: unhandled ICAP response', 3],
];
for (const [name, replies, option, connections] of wrong) {
  test(`${name} gives the symbol of failures`, async (t) => {
    const server = await fakeIcap(t, ...replies);
    assert.deepEqual((await scan(server)).hits, [['AV_FAIL', 0, option]]);
    assert.equal(server.connections, connections);
  });
}

test('a silent service costs no more than the timeout', async (t) => {
  const server = await fakeIcap(t, options(), '');
  assert.deepEqual((await scan(server, { timeout: 0.1 })).hits, [
    ['AV_FAIL', 0, 'failed - error: no answer in time'],
  ]);
});

test('envelope data is sent only on request, and is one line', async (t) => {
  const server = await fakeIcap(t, options(), clean);
  const rule = { servers: server.address, no_cache: true, user_agent: 'none' };
  const sending = { x_client_header: true, x_rcpt_header: true, x_from_header: true };
  const message = { raw, from: 'a\r\nX-Evil: 1@example.com' };
  await runCheck(antivirus, { icap: { ...rule, ...sending } }, message);
  assert.match(
    server.seen[0]!,
    /X-Client-IP: 198\.51\.100\.7\r\nX-Rcpt-To: rcpt@example\.org\r\nX-Mail-From: a\?\?X-Evil: 1@example\.com\r\n/,
  );
  await runCheck(antivirus, { icap: rule }, message);
  assert.doesNotMatch(server.seen[1]!, /X-|User-Agent/);
});

test('no answer of clamd makes the parser throw anything but that another attempt is due', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      try {
        clamavResult(text);
      } catch (error) {
        assert.equal((error as Error).name, 'UpstreamError');
      }
    }),
    { numRuns: 300 },
  );
});

test('TLS verifies the certificate, unless told not to', async (t) => {
  const folder = new URL('../../../test/helpers/certificates/', import.meta.url);
  const [key, cert] = ['server-key.pem', 'server.pem'].map((name) => readFileSync(new URL(name, folder)));
  const server = createServer({ key, cert }, (socket) => {
    socket.on('error', () => socket.destroy());
    let count = 0;
    socket.on('data', () => {
      // The small request may come in several pieces; only its head is waited for.
      if (count++ === 0) socket.write(options());
      else if (count === 2) socket.write(clean);
    });
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const rule = { servers: `127.0.0.1:${port}`, ssl: true, no_cache: true, symbol: 'AV', timeout: 2 };
  const strict = await runCheck(antivirus, { icap: rule }, { raw });
  assert.match(strict.hits[0]!.options[0]!, /^failed - error: (?:UNABLE_TO|SELF_SIGNED|DEPTH_ZERO)/);
  const trusting = await runCheck(antivirus, { icap: { ...rule, no_ssl_verify: true } }, { raw });
  assert.deepEqual(trusting.hits, []);
});

test('a service that gives content back before it has it all has not judged it', async (t) => {
  const server = await startTcpServer((socket) => {
    socket.once('data', () => {
      socket.write(options());
      socket.once('data', () => {
        socket.pause();
        socket.write(http('200 OK'));
      });
    });
  });
  t.after(() => server.close());
  const big = `${raw}${'x'.repeat(12_000_000)}`;
  const rule = { servers: server.address, no_cache: true, symbol: 'AV' };
  const { hits } = await runCheck(antivirus, { icap: rule }, { raw: big });
  assert.deepEqual(hits, [
    { symbol: 'AV_FAIL', weight: 0, options: ['answered before everything was sent'] },
  ]);
});
