import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import {
  buildCheck,
  type CheckOptions,
  type CheckRun,
  type Way as Direction,
  type LogLine,
  runCheck,
  tableResolver,
} from '../../../test/helpers/check-table.ts';
import { startLmdbDriver, storeDrivers } from '../../../test/helpers/store-drivers.ts';
import { startTcpServer } from '../../../test/helpers/tcp-server.ts';
import { type Store, StoreError } from '../../core/index.ts';
import { urlRedirector } from './check.ts';
import { countTarget, keyOf, readWay, type Way, wayText } from './known.ts';
import { refreshTarget } from './request.ts';

interface Web {
  readonly port: number;
  /** `METHOD host path`. */
  readonly asked: string[];
}

type Serve = (request: IncomingMessage, response: ServerResponse, path: string) => void;

/** A web server for every host name of a test. */
async function web(t: TestContext, serve: Serve, tls?: { key: Buffer; cert: Buffer }): Promise<Web> {
  const asked: string[] = [];
  const listener: RequestListener = (request, response) => {
    const host = (request.headers.host ?? '').replace(/:\d+$/, '');
    asked.push(`${request.method} ${host} ${request.url}`);
    serve(request, response, `${host}${request.url}`);
  };
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, asked };
}

const redirect = (response: ServerResponse, location: string, status = 302): void => {
  response.writeHead(status, { location }).end();
};

const hosts = ['short.example', 'tiny.example', 'loop.example'];
const everywhere = tableResolver(
  Object.fromEntries([...hosts, 'page.example', 'mid.example'].map((host) => [`a ${host}`, ['127.0.0.1']])),
);

async function embedded(t: TestContext): Promise<Store> {
  const driver = await startLmdbDriver();
  t.after(driver.close);
  return driver.store;
}

const mail = (...links: readonly string[]): string =>
  `From: a@example.com\nSubject: x\n\n${links.join('\n')}\n`;

const links = ({ task }: CheckRun): string[] => task.content.urls.map(({ url }) => url);

async function scan(
  t: TestContext,
  raw: string,
  config: Readonly<Record<string, unknown>> = {},
  options: CheckOptions = {},
  way: Direction = 'inbound',
): Promise<CheckRun> {
  return runCheck(
    urlRedirector,
    { redirector_hosts_map: hosts, forbid_local: false, redirector_symbol: 'REDIRECTED', ...config },
    { raw, way },
    { dns: everywhere, store: options.store ?? (await embedded(t)), ...options },
  );
}

test('without a map of redirectors there is nothing to run', async () => {
  const log: LogLine[] = [];
  const { units } = await buildCheck(urlRedirector, {}, { log });
  assert.deepEqual(units, []);
  assert.match(log[0]!.message, /names no redirectors/);
});

for (const way of ['inbound', 'authenticated', 'local'] satisfies Direction[]) {
  test(`where a link of ${way} mail leads joins its links`, async (t) => {
    const { port, asked } = await web(t, (_, response) =>
      redirect(response, 'https://page.example/target?x=1'),
    );
    const link = `http://short.example:${port}/abc#part`;
    const run = await scan(t, mail(link, 'http://other.example/'), {}, {}, way);
    assert.deepEqual(run.hits, [
      { symbol: 'REDIRECTED', weight: 1, options: ['short.example->page.example'] },
    ]);
    assert.deepEqual(links(run), [link, 'http://other.example/', 'https://page.example/target?x=1']);
    assert.ok(run.task.content.urls[0]!.flags.includes('redirected'));
    assert.deepEqual(asked, ['HEAD short.example /abc']);
  });
}

test('a link that leads nowhere else changes nothing', async (t) => {
  const { port } = await web(t, (_, response) => response.end('page'));
  const link = `http://short.example:${port}/abc`;
  const run = await scan(t, mail(link));
  assert.deepEqual([run.hits, links(run)], [[], [link]]);
});

const chain =
  (port: number): Serve =>
  (_, response, path) => {
    if (path === 'short.example/1') redirect(response, `http://tiny.example:${port}/2`, 301);
    else if (path === 'tiny.example/2') redirect(response, `http://mid.example:${port}/3`, 307);
    else if (path === 'mid.example/3') redirect(response, '/4', 308);
    else if (path === 'mid.example/4') redirect(response, 'http://page.example/', 303);
    else if (path.startsWith('loop.example')) redirect(response, '/again');
    else response.writeHead(404).end();
  };

const walks: readonly (readonly [string, Record<string, unknown>, string, string[], string[], string[]])[] = [
  [
    'only redirectors are asked',
    {},
    'short.example/1',
    ['mid.example/3'],
    ['short.example', 'tiny.example'],
    ['REDIRECTED short.example->mid.example'],
  ],
  [
    'redirectors on the way join on request',
    { save_intermediate_redirs: { redirectors: true } },
    'short.example/1',
    ['tiny.example/2', 'mid.example/3'],
    ['short.example', 'tiny.example'],
    ['REDIRECTED short.example->mid.example'],
  ],
  [
    'everything is asked on request, and what is no redirector joins',
    { redirectors_only: false, nested_limit: 5 },
    'short.example/1',
    ['mid.example/3', 'mid.example/4', 'page.example/'],
    ['short.example', 'tiny.example', 'mid.example', 'mid.example'],
    ['REDIRECTED short.example->page.example'],
  ],
  [
    'what is no redirector stays out on request',
    { redirectors_only: false, nested_limit: 4, save_intermediate_redirs: { non_redirectors: false } },
    'short.example/1',
    ['page.example/'],
    ['short.example', 'tiny.example', 'mid.example', 'mid.example'],
    ['URL_REDIRECTOR_NESTED short.example->page.example:4', 'REDIRECTED short.example->page.example'],
  ],
  [
    'the number of requests is bounded',
    { nested_limit: 1, redirector_symbol_nested: 'TOO_DEEP' },
    'short.example/1',
    ['tiny.example/2'],
    ['short.example'],
    ['TOO_DEEP short.example->tiny.example:1', 'REDIRECTED short.example->tiny.example'],
  ],
  [
    'a loop ends',
    { nested_limit: 3 },
    'loop.example/',
    ['loop.example/again'],
    ['loop.example', 'loop.example', 'loop.example'],
    ['URL_REDIRECTOR_NESTED loop.example->loop.example:3', 'REDIRECTED loop.example->loop.example'],
  ],
];
for (const [name, config, first, added, askedHosts, hits] of walks) {
  test(`on a way of several links ${name}`, async (t) => {
    let serve: Serve = () => undefined;
    const { port, asked } = await web(t, (...request) => serve(...request));
    serve = chain(port);
    const link = `http://${first.replace('/', `:${port}/`)}`;
    // Nobody listens at the end of the way, which is no reason to hide where it is.
    const run = await scan(t, mail(link), config);
    const shown = links(run).map((url) => url.replace('http://', '').replace(`:${port}`, ''));
    assert.deepEqual(shown, [first, ...added]);
    assert.deepEqual(
      asked.map((line) => line.split(' ')[1]),
      askedHosts,
    );
    assert.deepEqual(
      run.hits.map(({ symbol, options }) => `${symbol} ${options.join()}`),
      hits,
    );
  });
}

test('a redirector that leads to something else than a web page is told', async (t) => {
  const { port } = await web(t, (_, response) => redirect(response, 'intent://open/#Intent;scheme=app;end'));
  const run = await scan(t, mail(`http://short.example:${port}/`));
  assert.deepEqual(run.hits, [
    { symbol: 'URL_REDIRECTOR_NON_HTTP', weight: 1, options: ['short.example->intent'] },
  ]);
});

test('links that want GET get it, and their pages may refer', async (t) => {
  const page = '<html><meta content="0;URL=\'https://page.example/?a=1&amp;b=2\'" HTTP-EQUIV=refresh></html>';
  const { port, asked } = await web(t, (_, response) => response.end(page));
  const run = await scan(t, mail(`http://short.example:${port}/get`, `http://tiny.example:${port}/head`), {
    redirector_get_urls_map: ['/short\\.example/'],
  });
  assert.deepEqual(asked.sort(), ['GET short.example /get', 'HEAD tiny.example /head']);
  assert.equal(links(run).at(-1), 'https://page.example/?a=1&b=2');
  const small = await scan(t, mail(`http://short.example:${port}/get`), {
    redirector_get_urls_map: ['/short\\.example/'],
    max_size: 40,
  });
  assert.equal(links(small).length, 1);
});

test('only so many links of a message are followed', async (t) => {
  const { port, asked } = await web(t, (_, response) => response.end());
  const many = Array.from({ length: 9 }, (_, index) => `http://short.example:${port}/${index}`);
  await scan(t, mail(...many), { max_urls: 3 });
  assert.equal(asked.length, 3);
});

test('logins in links go nowhere, and requests say who a browser would say', async (t) => {
  const seen: IncomingMessage['headers'][] = [];
  const { port } = await web(t, ({ headers, url }, response) => {
    seen.push(headers);
    if (url === '/1') redirect(response, `http://u:p@tiny.example:${port}/2`);
    else redirect(response, 'http://page.example/');
  });
  const run = await scan(t, mail(`http://user:secret@short.example:${port}/1`), { user_agent: 'Test/1' });
  assert.equal(links(run).at(-1), 'http://page.example/');
  assert.equal(seen.length, 2);
  for (const headers of seen) {
    assert.equal(headers.authorization, undefined);
    assert.equal(headers.cookie, undefined);
    assert.equal(headers['user-agent'], 'Test/1');
  }
});

const privateAnswers: readonly (readonly [string, Record<string, readonly string[]>])[] = [
  ['loopback', { 'a short.example': ['127.0.0.1'] }],
  ['a private network', { 'a short.example': ['10.0.0.1'] }],
  ['shared address space', { 'a short.example': ['100.64.1.1'] }],
  ['a service for metadata', { 'a short.example': ['169.254.169.254'] }],
  ['loopback in IPv6', { 'aaaa short.example': ['::1'] }],
  ['a mapped address', { 'aaaa short.example': ['::ffff:127.0.0.1'] }],
  ['an address of NAT64', { 'aaaa short.example': ['64:ff9b::7f00:1'] }],
  ['one public and one private address', { 'a short.example': ['192.0.1.1', '127.0.0.1'] }],
];
for (const [name, table] of privateAnswers) {
  test(`with forbid_local a name that leads to ${name} is not asked`, async (t) => {
    const { port, asked } = await web(t, (_, response) => redirect(response, 'http://page.example/'));
    const link = `http://short.example:${port}/`;
    const run = await scan(t, mail(link), { forbid_local: true }, { dns: tableResolver(table) });
    assert.deepEqual([run.hits, links(run), asked], [[], [link], []]);
  });
}

test('with forbid_local addresses in links and ports of other services are not asked, at any step', async (t) => {
  const { port, asked } = await web(t, (_, response) => redirect(response, 'http://page.example/'));
  const literal = [`http://127.0.0.1:${port}/`, `http://[::1]:${port}/`, `http://2130706433:${port}/`];
  const map = { redirector_hosts_map: ['127.0.0.1', '::1', 'short.example'], forbid_local: true };
  const run = await scan(t, mail(...literal, 'http://short.example:25/'), map, {
    dns: tableResolver({ 'a short.example': ['192.0.1.1'] }),
  });
  assert.deepEqual([run.hits, asked], [[], []]);
});

test('the address that was looked up is the one connected to', async (t) => {
  const { port, asked } = await web(t, (_, response) => response.end());
  let questions = 0;
  const dns: CheckOptions['dns'] = {
    async resolve(_name, type) {
      if (type !== 'a') return { status: 'nodata', records: [], ttlSeconds: 0 };
      // Another answer for every question, as whoever rebinds names would give.
      return { status: 'ok', records: [questions++ === 0 ? '127.0.0.1' : '127.0.0.2'], ttlSeconds: 0 };
    },
  };
  await scan(t, mail(`http://short.example:${port}/`), {}, { dns });
  assert.deepEqual([questions, asked], [1, ['HEAD short.example /']]);
});

const troubles: readonly (readonly [string, (t: TestContext) => Promise<number>, Record<string, unknown>])[] =
  [
    ['is away', async () => 1, {}],
    [
      'says nothing',
      async (t) => {
        const server = await startTcpServer(() => undefined);
        t.after(() => server.close());
        return Number(server.address.split(':')[1]);
      },
      { http_timeout: 0.2 },
    ],
    [
      'never comes to the end of its headers',
      async (t) => {
        const server = await startTcpServer((socket) => {
          socket.write('HTTP/1.1 302 Found\r\n');
          const timer = setInterval(() => socket.write('X: y\r\n'), 20);
          socket.on('close', () => clearInterval(timer));
        });
        t.after(() => server.close());
        return Number(server.address.split(':')[1]);
      },
      { timeout: 0.3 },
    ],
    [
      'has huge headers',
      async (t) =>
        (
          await web(t, (_, response) => {
            response.writeHead(302, { location: 'http://page.example/', 'x-big': 'x'.repeat(60_000) }).end();
          })
        ).port,
      {},
    ],
    [
      'sends a page without end',
      async (t) =>
        (
          await web(t, (_, response) => {
            response.writeHead(200);
            const timer = setInterval(() => response.write('x'.repeat(10)), 20);
            response.on('close', () => clearInterval(timer));
          })
        ).port,
      { http_timeout: 0.3, redirector_get_urls_map: ['/./'] },
    ],
    [
      'answers nonsense',
      async (t) => {
        const server = await startTcpServer((socket) => socket.end('hello\r\n\r\n'));
        t.after(() => server.close());
        return Number(server.address.split(':')[1]);
      },
      {},
    ],
    [
      'leads to nonsense',
      async (t) => (await web(t, (_, response) => redirect(response, 'http://[bad'))).port,
      {},
    ],
  ];
for (const [name, start, config] of troubles) {
  test(`a redirector that ${name} leaves the links as they are`, async (t) => {
    const link = `http://short.example:${await start(t)}/`;
    const run = await scan(t, mail(link), config);
    assert.deepEqual([run.hits, links(run)], [[], [link]]);
  });
}

test('a name without address leaves the links as they are', async (t) => {
  const run = await scan(t, mail('http://short.example/'), {}, { dns: tableResolver({}) });
  assert.deepEqual([run.hits, links(run)], [[], ['http://short.example/']]);
});

test('certificates are verified on request', async (t) => {
  const folder = new URL('../../../test/helpers/certificates/', import.meta.url);
  const [key, cert] = ['server-key.pem', 'server.pem'].map((name) => readFileSync(new URL(name, folder)));
  const serve: Serve = (_, response) => redirect(response, 'http://page.example/');
  const { port } = await web(t, serve, { key: key!, cert: cert! });
  const raw = mail(`https://short.example:${port}/`);
  assert.equal(links(await scan(t, raw)).length, 2);
  assert.equal(links(await scan(t, raw, { check_ssl: true })).length, 1);
});

for (const [name, start] of storeDrivers()) {
  test(`results are kept in ${name}, with what stands between and the targets counted`, async (t) => {
    let serve: Serve = () => undefined;
    const { port, asked } = await web(t, (...request) => serve(...request));
    serve = chain(port);
    const { store, close } = await start();
    t.after(close);
    const link = `http://short.example:${port}/1`;
    const config = { save_intermediate_redirs: { redirectors: true } };
    const first = await scan(t, mail(link), config, { store });
    const second = await scan(t, mail(link), config, { store });
    assert.deepEqual(links(second), links(first));
    assert.deepEqual(second.hits, first.hits);
    assert.equal(asked.length, 2);
    const target = `http://mid.example:${port}/3`;
    assert.equal(await store.get(keyOf('rdr:', link)), `${target}\thttp://tiny.example:${port}/2`);
    assert.match(keyOf('rdr:', link), /^rdr:.{32}$/);
    await store.run(countTarget, ['rdr:top_urls'], [target, 1]);
    assert.deepEqual(await store.sortedRange('rdr:top_urls', 0, -1), [{ member: target, score: 2 }]);
    for (const other of ['x', 'y']) await store.run(countTarget, ['rdr:top_urls'], [other, 1]);
    assert.deepEqual(await store.sortedRange('rdr:top_urls', 0, -1), [{ member: target, score: 2 }]);
  });

  test(`what Rspamd left in ${name} is read, and a failure is remembered for a while`, async (t) => {
    const { port, asked } = await web(t, (_, response) => response.socket?.destroy());
    const { store, close } = await start();
    t.after(close);
    const [known, nested, processing] = ['known', 'nested', 'processing'].map(
      (path) => `http://short.example:${port}/${path}`,
    ) as [string, string, string];
    await store.set(keyOf('rdr:', known), 'http://page.example/known');
    await store.set(keyOf('rdr:', nested), '^nested:http://page.example/nested');
    await store.set(keyOf('rdr:', processing), 'processing');
    const run = await scan(t, mail(known, nested, processing), {}, { store });
    assert.deepEqual(links(run).slice(3), ['http://page.example/known', 'http://page.example/nested']);
    assert.deepEqual(run.symbols, ['REDIRECTED', 'URL_REDIRECTOR_NESTED']);
    await scan(t, mail(processing), {}, { store });
    assert.deepEqual(asked, ['HEAD short.example /processing']);
  });
}

test('copies of a message that come at the same time ask once', async (t) => {
  const { port, asked } = await web(t, (_, response) => {
    setImmediate(() => redirect(response, 'http://page.example/'));
  });
  const store = await embedded(t);
  const built = await buildCheck(
    urlRedirector,
    { redirector_hosts_map: hosts, forbid_local: false },
    { dns: everywhere, store },
  );
  t.after(() => built.close());
  const message = { raw: mail(`http://short.example:${port}/`) };
  const runs = await Promise.all([built.run(message), built.run(message), built.run(message)]);
  for (const run of runs) assert.equal(links(run).length, 2);
  assert.equal(asked.length, 1);
});

test('while the store is away redirectors are asked each time', async (t) => {
  const { port, asked } = await web(t, (_, response) => redirect(response, 'http://page.example/'));
  const away = async (): Promise<never> => {
    throw new StoreError('no connection');
  };
  const store = { get: away, set: away, run: away } as unknown as Store;
  const log: LogLine[] = [];
  const run = await scan(t, mail(`http://short.example:${port}/`), {}, { store, log });
  assert.equal(links(run).length, 2);
  assert.equal(asked.length, 1);
  assert.deepEqual(
    log.map(({ message }) => message),
    ['results cannot be kept'],
  );
});

test('a way is read as it was written, and no text of the store or a page breaks the readers', () => {
  const url = fc.webUrl();
  const ending = fc.constantFrom<Way['ending']>('page', 'nested', 'failed');
  fc.assert(
    fc.property(fc.array(url, { minLength: 2, maxLength: 5 }), ending, fc.string(), (urls, end, text) => {
      const way: Way = { ending: end, links: urls, scheme: undefined };
      if (urls[0] !== urls.at(-1) || urls.length > 2) assert.deepEqual(readWay(urls[0]!, wayText(way)), way);
      readWay(urls[0]!, text);
      readWay(urls[0]!, `^${text}`);
      refreshTarget(text);
      refreshTarget(`<meta http-equiv=refresh content="0;url=${text}">`);
    }),
    { numRuns: 300 },
  );
});
