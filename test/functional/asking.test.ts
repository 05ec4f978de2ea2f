import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { startTcpServer, type TcpServer } from '../helpers/tcp-server.ts';
import { message, startServer, type TestServer } from './server.ts';

interface Verdict {
  readonly symbols: Readonly<
    Record<string, { readonly options?: readonly string[]; readonly score: number }>
  >;
  readonly urls?: readonly unknown[];
}

describe('checks that ask other servers', () => {
  let web: Server;
  let dccifd: TcpServer;
  let server: TestServer;
  let port: number;
  const asked: string[] = [];

  before(async () => {
    web = createServer((request, response) => {
      asked.push(`${request.method} ${request.headers.host} ${request.url}`);
      response.writeHead(302, { location: 'https://bad.example.net/landing' }).end();
    });
    web.listen(0, '127.0.0.1');
    await once(web, 'listening');
    ({ port } = web.address() as AddressInfo);
    dccifd = await startTcpServer((socket) => {
      socket.resume();
      socket.on('end', () => socket.end('R\nR\nX-DCC-x-Metrics: a 1; bulk Body=many\n'));
    });
    server = await startServer({
      'local.d/url_redirector.conf': `
        redirector_hosts_map = ["127.0.0.1"];
        forbid_local = false;
        redirector_symbol = "REDIRECTED";
      `,
      'local.d/multimap.conf': `
        target { type = "url"; map = ["bad.example.net"]; symbol = "BAD_TARGET"; score = 3; }
      `,
      'local.d/dcc.conf': `enabled = true; servers = "${dccifd.address}"; timeout = 5s;`,
      'local.d/reputation.conf': `
        rules {
          login { selector "generic" { selector = "user.lower"; inbound = false; lower_bound = 3; } backend "redis" { } symbol = "LOGIN_REP"; }
        }
      `,
    });
  });

  after(async () => {
    await server?.dispose();
    await dccifd?.close();
    web?.closeAllConnections();
    web?.close();
  });

  async function scan(text: string, headers: Readonly<Record<string, string>>): Promise<Verdict> {
    const response = await server.scan(`${message}\r\n${text}\r\n`, {
      From: 'alice@example.com',
      ...headers,
    });
    assert.equal(response.status, 200);
    return (await response.json()) as Verdict;
  }

  const login = { IP: '198.51.100.7', User: 'Alice@example.com' };

  test('a list of links sees where a redirector leads, and the redirector is asked once', async () => {
    const text = `http://127.0.0.1:${port}/x`;
    for (const headers of [login, { IP: '198.51.100.9' }, { IP: '10.1.2.3' }]) {
      const { symbols } = await scan(text, headers);
      assert.equal(symbols['BAD_TARGET']?.score, 3);
      assert.deepEqual(symbols['REDIRECTED']?.options, ['127.0.0.1->bad.example.net']);
    }
    assert.deepEqual(asked, [`HEAD 127.0.0.1:${port} /x`]);
  });

  test('servers in the section dcc are those of DCC, not of the store', async () => {
    const { symbols } = await scan('something', login);
    assert.equal(symbols['DCC_REJECT']?.score, 2);
    assert.doesNotMatch(server.daemon.output(), /store failed/);
  });

  test("a login's reputation counts after some messages, and in its direction only", async () => {
    let last: Verdict | undefined;
    for (let i = 0; i < 8 && !last?.symbols['LOGIN_REP']; i++) last = await scan(`message ${i}`, login);
    assert.match(last?.symbols['LOGIN_REP']?.options?.[0] ?? '', /^alice@example\.com\(-?\d\.\d\d\)$/);
    const inbound = await scan('inbound', { IP: '198.51.100.7' });
    assert.equal(inbound.symbols['LOGIN_REP'], undefined);
  });
});
