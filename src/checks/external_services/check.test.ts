import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import {
  buildCheck,
  runCheck,
  type TestMessage,
  testTask,
  type Way,
} from '../../../test/helpers/check-table.ts';
import { storeDrivers } from '../../../test/helpers/store-drivers.ts';
import { startTcpServer, type TcpServer } from '../../../test/helpers/tcp-server.ts';
import { ConfigError } from '../../core/index.ts';
import { externalServices } from './check.ts';
import { spamdAnswer } from './spamassassin.ts';

const raw = 'From: a@example.com\nSubject: Hello\n\nHello there.\n';
const { raw: bytes } = testTask({ raw }).task;

const spamReply = (score: string, rules: string): string =>
  `SPAMD/1.1 0 EX_OK\r\nContent-length: ${rules.length}\r\nSpam: True ; ${score} / 5.0\r\n\r\n${rules}`;

/** A service that answers once the other side has said everything. */
async function service(
  t: TestContext,
  answer: string | ((said: Buffer) => string),
): Promise<TcpServer & { readonly seen: Buffer[] }> {
  const seen: Buffer[] = [];
  const server = await startTcpServer((socket) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => {
      const said = Buffer.concat(chunks);
      seen.push(said);
      socket.end(typeof answer === 'string' ? answer : answer(said), 'latin1');
    });
  });
  t.after(() => server.close());
  return Object.defineProperties(
    { seen } as TcpServer & { seen: Buffer[] },
    Object.getOwnPropertyDescriptors(server),
  );
}

const ask = (rule: Readonly<Record<string, unknown>>, message: TestMessage = { raw }) =>
  runCheck(externalServices, { rule: { no_cache: true, ...rule } }, message);

test('without rules there is nothing to run', async () => {
  assert.deepEqual((await buildCheck(externalServices, {})).units, []);
});

for (const way of ['inbound', 'authenticated', 'local'] satisfies Way[]) {
  test(`spamd is asked about ${way} mail as a whole, and its score is the weight`, async (t) => {
    const spamd = await service(t, spamReply('7.3', 'ONE,TWO'));
    const { hits } = await ask({ type: 'spamassassin', servers: spamd.address }, { raw, way });
    assert.deepEqual(hits, [{ symbol: 'SPAMD', weight: 7.3, options: ['ONE, TWO'] }]);
    assert.equal(
      spamd.seen[0]?.toString('latin1'),
      `SYMBOLS SPAMC/1.5\r\nContent-length: ${bytes.length}\r\n\r\n${bytes.toString('latin1')}`,
    );
  });
}

const answers: readonly (readonly [string, string, Record<string, unknown>, unknown])[] = [
  ['every rule on request', spamReply('2', 'A,B'), { extended: true }, ['SPAMD', 2, ['A', 'B']]],
  ['no score above zero', spamReply('0', 'A'), {}, undefined],
  ['a negative score', spamReply('-3.5', 'A'), {}, undefined],
  ['no rules', spamReply('1', ''), {}, undefined],
  ['a name for the symbol', spamReply('2', 'A'), { symbol: 'SA' }, ['SA', 2, ['A']]],
  ['a pattern', spamReply('2', 'A'), { patterns: { SPECIAL: '/^A$/' } }, ['SPECIAL', 1, ['A']]],
  [
    'an error',
    'SPAMD/1.0 76 Bad header line\r\n\r\n',
    {},
    ['SPAMD_FAIL', 0, ['failed to scan: spamd: 76 Bad header line']],
  ],
  ['nonsense', 'hello\r\n', {}, ['SPAMD_FAIL', 0, ['failed to scan: no reply of spamd']]],
  ['nothing', '', {}, ['SPAMD_FAIL', 0, ['failed to scan: no reply of spamd']]],
  ['no end', 'x'.repeat(100_000), {}, ['SPAMD_FAIL', 0, ['failed to scan: answer too long']]],
];
for (const [name, reply, rule, expected] of answers) {
  test(`spamd answers with ${name}`, async (t) => {
    const spamd = await service(t, reply);
    const { hits } = await ask({ type: 'spamassassin', servers: spamd.address, retransmits: 0, ...rule });
    assert.deepEqual(
      hits.map(({ symbol, weight, options }) => [symbol, weight, options]),
      expected === undefined ? [] : [expected],
    );
  });
}

test('no answer of spamd makes the parser throw anything but that another attempt is due', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      for (const reply of [text, `SPAMD/1.1 0 EX_OK\r\n${text}`, spamReply(text, text)]) {
        try {
          assert.ok(Number.isFinite(spamdAnswer(reply).score));
        } catch (error) {
          assert.equal((error as Error).name, 'UpstreamError');
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('spamd comes after the filters, and is spared when the message is refused anyway', async (t) => {
  const spamd = await service(t, spamReply('7', 'ONE'));
  const rule = { type: 'spamassassin', servers: spamd.address };
  const built = await buildCheck(externalServices, { sa: { ...rule, no_cache: true } });
  assert.deepEqual(
    built.units.map(({ name, stage }) => [name, stage]),
    [['SA_CHECK', 'postfilter']],
  );
  const high = {
    name: 'X',
    score: 31,
    metricScore: 31,
    description: undefined,
    groups: [],
    options: [],
  };
  assert.deepEqual((await ask(rule, { raw, hits: [high] })).symbols, []);
  assert.deepEqual((await ask({ ...rule, dynamic_scan: false }, { raw, hits: [high] })).symbols, ['SPAMD']);
});

for (const [name, start] of storeDrivers()) {
  test(`the score and the rules are kept in ${name}`, async (t) => {
    const spamd = await service(t, spamReply('7.25', 'ONE,TWO'));
    const { store, close } = await start();
    t.after(close);
    const config = { sa: { type: 'spamassassin', servers: spamd.address, extended: true } };
    const first = await runCheck(externalServices, config, { raw }, { store });
    const second = await runCheck(externalServices, config, { raw }, { store });
    assert.deepEqual(first.hits, [{ symbol: 'SPAMD', weight: 7.25, options: ['ONE', 'TWO'] }]);
    assert.deepEqual(second.hits, first.hits);
    assert.equal(spamd.seen.length, 1);
    const digest = createHash('blake2b512').update(bytes).digest('hex');
    assert.equal(await store.get(`rs_sa_${digest}`), 'ONE\vTWO\t7.25');
  });
}

test('an ICAP service is asked about attachments', async (t) => {
  const server = await startTcpServer((socket) => {
    socket.once('data', () => {
      socket.write('ICAP/1.0 200 OK\r\nMethods: RESPMOD\r\nAllow: 204\r\n\r\n');
      socket.once('data', () => socket.end('ICAP/1.0 200 OK\r\nX-Virus-Name: Bad\r\n\r\n'));
    });
  });
  t.after(() => server.close());
  const withFile = `From: a@example.com\nContent-Type: application/x\n\nfile\n`;
  const rule = { type: 'icap', servers: server.address };
  const { hits } = await ask(rule, { raw: withFile });
  assert.deepEqual(hits, [{ symbol: 'RULE', weight: 1, options: ['Bad'] }]);
  assert.deepEqual((await ask(rule)).hits, []);
});

const mistakes: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
  ['servers are missing', { type: 'spamassassin' }, /the rule has no servers/],
  ['a type is unknown', { type: 'x', servers: 'a' }, /unknown scanner type `x`/],
  ['a type is refused', { type: 'vadesecure', servers: 'a' }, /`vadesecure` is not supported: a service/],
  [
    'an option belongs to another type',
    { type: 'spamassassin', servers: 'a', scheme: 'x' },
    /for scanners of type icap only/,
  ],
  [
    'findings of ICAP are to be told apart',
    { type: 'icap', servers: 'a', extended: true },
    /for scanners of type oletools only/,
  ],
];
for (const [name, rule, message] of mistakes) {
  test(`it is a mistake when ${name}`, async () => {
    await assert.rejects(buildCheck(externalServices, { rule }), (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.problems[0]!.message, message);
      return true;
    });
  });
}
