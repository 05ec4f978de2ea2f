import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { runCheck, type TestMessage, testTask, type Way } from '../../../test/helpers/check-table.ts';
import { storeDrivers } from '../../../test/helpers/store-drivers.ts';
import { startTcpServer, type TcpServer } from '../../../test/helpers/tcp-server.ts';
import { externalServices } from './check.ts';
import { olefyResult } from './oletools.ts';
import { pyzorResult } from './pyzor.ts';

const raw = 'From: a@example.com\nSubject: Hello\n\nHello there.\n';
const bytes = testTask({ raw }).task.raw.toString('latin1');
const office = `From: a@example.com\nContent-Type: application/msword; name=a.doc\n\n${'macro '.repeat(200)}\n`;
const officeBody = testTask({ raw: office }).task.message.root.decoded().toString('latin1');

/** A service that answers once the other side has said everything. */
async function service(t: TestContext, answer: string): Promise<TcpServer & { readonly seen: string[] }> {
  const seen: string[] = [];
  const server = await startTcpServer((socket) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => {
      seen.push(Buffer.concat(chunks).toString('latin1'));
      socket.end(answer, 'latin1');
    });
  });
  t.after(() => server.close());
  return Object.defineProperties(
    { seen } as TcpServer & { seen: string[] },
    Object.getOwnPropertyDescriptors(server),
  );
}

const ask = (rule: Readonly<Record<string, unknown>>, message: TestMessage = { raw }) =>
  runCheck(externalServices, { rule: { no_cache: true, retransmits: 0, ...rule } }, message);

const pyzor = (count: number, listed: number, code = 200): string =>
  JSON.stringify({ Code: String(code), Diag: 'OK', Count: String(count), 'WL-Count': String(listed) });

const header = (text: string): string => `X-DCC-example-Metrics: mx.example 1480; ${text}\n`;

const olevba = (analysis: unknown, code = 0, macros: unknown = [{ code: 'x' }]): string =>
  `${JSON.stringify([
    { script_name: 'olevba', type: 'MetaInformation' },
    { file: 'x', type: 'OLE', analysis, macros },
    { type: 'MetaInformation', return_code: code, n_processed: 1 },
  ])}\t\n\n\t`;
const auto = { type: 'AutoExec', keyword: 'AutoOpen', description: 'Runs by itself' };
const shell = { type: 'Suspicious', keyword: 'Shell', description: 'May run a program' };
const address = { type: 'IOC', keyword: 'http://bad.example/', description: 'URL' };

type Row = readonly [type: string, reply: string, rule: Record<string, unknown>, expected: unknown];
const rows: readonly Row[] = [
  ['razor', 'spam', {}, ['RAZOR', 1, ['spam']]],
  ['razor', 'spam\n', { default_score: 2, symbol: 'R' }, ['R', 2, ['spam']]],
  ['razor', 'ham', {}, undefined],
  ['razor', 'eggs', {}, ['RAZOR_FAIL', 0, ['failed to scan: no reply of Razor']]],
  ['razor', '', {}, ['RAZOR_FAIL', 0, ['failed to scan: no reply of Razor']]],
  ['pyzor', pyzor(120, 10), {}, ['PYZOR', 1.5, ['count=110 wl=10']]],
  ['pyzor', pyzor(25, 0), {}, ['PYZOR', 1.25, ['count=25 wl=0']]],
  ['pyzor', pyzor(24, 4), {}, ['PYZOR', 1, ['count=20 wl=4']]],
  ['pyzor', pyzor(1, 0), {}, ['PYZOR', 0.2, ['count=1 wl=0']]],
  ['pyzor', pyzor(3, 1), {}, undefined],
  ['pyzor', pyzor(0, 0), {}, undefined],
  ['pyzor', pyzor(50, 0, 400), {}, ['PYZOR_FAIL', 0, ['failed to scan: Pyzor has no answer']]],
  ['pyzor', '{}', {}, ['PYZOR_FAIL', 0, ['failed to scan: Pyzor has no answer']]],
  ['pyzor', 'no JSON', {}, ['PYZOR_FAIL', 0, ['failed to scan: no reply of Pyzor']]],
  ['dcc', `R\nR\n${header('bulk Body=many Fuz1=many')}`, {}, ['DCC_REJECT', 1, ['bulk Body=many Fuz1=many']]],
  [
    'dcc',
    `A\nA\n${header('Body=5 Fuz1=many Fuz2=999999')}`,
    {},
    ['DCC_BULK', 2 / 3, ['fuz1=many', 'fuz2=999999']],
  ],
  ['dcc', `A\nA\n${header('Body=10')}`, { body_max: 10, symbol_bulk: 'MUCH' }, ['MUCH', 1 / 3, ['body=10']]],
  ['dcc', `A\nA\n${header('rep=0.6 Body=many')}`, {}, ['DCC_BULK', 0.6 / 3, ['body=many']]],
  ['dcc', `A\nA\n${header('Body=10 Fuz1=10')}`, {}, undefined],
  ['dcc', 'G\n\n', {}, undefined],
  ['dcc', 'S\nAR\n', {}, undefined],
  ['dcc', 'T\n\n', {}, ['DCC_FAIL', 0, ['failed to scan: DCC asks to try later']]],
  ['dcc', 'hello', {}, ['DCC_FAIL', 0, ['failed to scan: no reply of dccifd']]],
  [
    'oletools',
    olevba([auto, shell, address]),
    {},
    ['OLETOOLS', 1, ['AutoExec + Suspicious (AutoOpen,Shell)']],
  ],
  ['oletools', olevba([auto, address]), {}, undefined],
  ['oletools', olevba([shell]), {}, undefined],
  ['oletools', olevba(null, 0, []), {}, undefined],
  ['oletools', olevba([auto, address]), { extended: true }, ['OLETOOLS', 1, ['MA-I----', 'AutoOpen']]],
  [
    'oletools',
    olevba([auto, shell]),
    { default_score: 3 },
    ['OLETOOLS', 3, ['AutoExec + Suspicious (AutoOpen,Shell)']],
  ],
  ['oletools', olevba(null, 9), {}, ['OLETOOLS_ENCRYPTED', 1, ['File is encrypted']]],
  ['oletools', olevba(null, 6), {}, ['OLETOOLS_FAIL', 0, ['olevba ended with 6']]],
  ['oletools', olevba(null, 8), {}, ['OLETOOLS_FAIL', 0, ['failed to scan: olevba ended with 8']]],
  ['oletools', '[{"error":"File too small"}]', {}, undefined],
  ['oletools', '[{"error":"odd\\n"}]', {}, ['OLETOOLS_FAIL', 0, ['failed to scan: olefy: odd?']]],
  ['oletools', '[]', {}, ['OLETOOLS_FAIL', 0, ['failed to scan: olefy said nothing of the file']]],
  ['oletools', 'no JSON', {}, ['OLETOOLS_FAIL', 0, ['failed to scan: no reply of olefy']]],
];
for (const [index, [type, reply, rule, expected]] of rows.entries()) {
  test(`${type}, answer ${index}: ${JSON.stringify(reply.slice(0, 60))}`, async (t) => {
    const server = await service(t, reply);
    const message = { raw: type === 'oletools' ? office : raw };
    const { hits } = await ask({ type, servers: server.address, ...rule }, message);
    assert.deepEqual(
      hits.map(({ symbol, weight, options }) => [symbol, weight, options]),
      expected === undefined ? [] : [expected],
    );
    assert.equal(server.seen.length, 1);
  });
}

for (const way of ['inbound', 'authenticated', 'local'] satisfies Way[]) {
  test(`${way} mail is asked about everywhere, with no more than each service wants`, async (t) => {
    const said: Record<string, string | undefined> = {};
    const replies = {
      razor: 'ham',
      pyzor: pyzor(0, 0),
      dcc: 'A\nA\n',
      oletools: olevba([auto, shell]),
    };
    for (const [type, reply] of Object.entries(replies)) {
      const server = await service(t, reply);
      const message: TestMessage = {
        way,
        raw: type === 'oletools' ? office : raw,
        rcpts: ['b@example.net', 'c\n@example.net'],
      };
      const { symbols } = await ask({ type, servers: server.address }, message);
      assert.deepEqual(symbols, type === 'oletools' ? ['OLETOOLS'] : []);
      said[type] = server.seen[0];
    }
    assert.equal(said['razor'], bytes);
    assert.equal(said['pyzor'], bytes);
    assert.equal(said['oletools'], `OLEFY/1.0\nMethod: oletools\nRspamd-ID: task1\n\n${officeBody}`);
    const { envelope } = testTask({ way }).task;
    const client = `${envelope.clientIp?.text}${envelope.hostName ? `\r${envelope.hostName}` : ''}`;
    const lines = [
      'header',
      client,
      envelope.helo,
      'sender@example.com',
      'b@example.net\r',
      'c @example.net\r',
    ];
    assert.equal(said['dcc'], `${lines.join('\n')}\n\n${bytes}`);
  });
}

test('small attachments are not worth asking olefy', async (t) => {
  const server = await service(t, olevba([auto, shell]));
  const small = 'From: a@example.com\nContent-Type: application/msword\n\nsmall\n';
  assert.deepEqual((await ask({ type: 'oletools', servers: server.address }, { raw: small })).hits, []);
  assert.deepEqual(server.seen, []);
});

for (const [name, start] of storeDrivers()) {
  test(`which of its symbols a service chose is kept in ${name}`, async (t) => {
    const server = await service(t, `A\nA\n${header('Body=many')}`);
    const { store, close } = await start();
    t.after(close);
    const config = { dcc: { servers: server.address } };
    const first = await runCheck(externalServices, config, { raw }, { store });
    const second = await runCheck(externalServices, config, { raw }, { store });
    assert.deepEqual(first.hits, [{ symbol: 'DCC_BULK', weight: 1 / 3, options: ['body=many'] }]);
    assert.deepEqual(second.hits, first.hits);
    assert.equal(server.seen.length, 1);
  });
}

test('no answer makes a parser throw anything but that another attempt is due', () => {
  const json = fc.oneof(fc.string({ maxLength: 200 }), fc.json());
  fc.assert(
    fc.property(json, fc.boolean(), (text, extended) => {
      for (const read of [
        () => olefyResult(text, extended),
        () => olefyResult(`[{},{"analysis":${text}}]`, extended),
        () => pyzorResult(text),
        () => pyzorResult(`{"Code":200,"Count":${text},"WL-Count":0}`),
      ]) {
        try {
          read();
        } catch (error) {
          assert.equal((error as Error).name, 'UpstreamError');
        }
      }
    }),
    { numRuns: 300 },
  );
});
