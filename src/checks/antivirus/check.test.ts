import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { makeZip } from '../../../test/helpers/archive-files.ts';
import {
  buildCheck,
  type LogLine,
  runCheck,
  type TestMessage,
  testTask,
  type Way,
} from '../../../test/helpers/check-table.ts';
import { storeDrivers } from '../../../test/helpers/store-drivers.ts';
import { startTcpServer, type TcpServer } from '../../../test/helpers/tcp-server.ts';
import { ConfigError, type Store, StoreError } from '../../core/index.ts';
import { antivirus } from './check.ts';

const virus = 'A-VERY-BAD-THING';

/** What came of one INSTREAM command: its content, once the chunk of length 0 is there. */
function instream(data: Buffer): Buffer | undefined {
  const chunks: Buffer[] = [];
  let at = 'zINSTREAM\0'.length;
  while (data.length >= at + 4) {
    const length = data.readUInt32BE(at);
    if (length === 0) return Buffer.concat(chunks);
    chunks.push(data.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return undefined;
}

/** A clamd that answers what `answer` says of the content. */
async function fakeClamd(
  t: TestContext,
  answer: (content: Buffer) => string = (content) =>
    content.includes(virus) ? 'stream: Bad.Thing FOUND\0' : 'stream: OK\0',
  path?: string,
): Promise<TcpServer & { readonly seen: string[] }> {
  const seen: string[] = [];
  const server = await startTcpServer((socket) => {
    let data = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      data = Buffer.concat([data, chunk]);
      const content = instream(data);
      if (content === undefined) return;
      assert.equal(data.toString('latin1', 0, 10), 'zINSTREAM\0');
      seen.push(content.toString('latin1'));
      socket.end(answer(content));
    });
  }, path);
  t.after(() => server.close());
  return Object.defineProperties(
    { seen } as TcpServer & { seen: string[] },
    Object.getOwnPropertyDescriptors(server),
  );
}

interface TestPart {
  readonly type?: string;
  readonly name?: string;
  readonly body: string | Buffer;
}

function mail(...parts: readonly TestPart[]): string {
  const inner = parts.map(({ type = 'application/octet-stream', name, body }) =>
    [
      '--b',
      `Content-Type: ${type}`,
      ...(name === undefined ? [] : [`Content-Disposition: attachment; filename="${name}"`]),
      'Content-Transfer-Encoding: base64',
      '',
      Buffer.from(body).toString('base64'),
    ].join('\n'),
  );
  return `From: a@example.com\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n${inner.join('\n')}\n--b--\n`;
}

const text: TestPart = { type: 'text/plain', body: 'Hello.' };
const bad: TestPart = { name: 'a.bin', body: virus };
const good: TestPart = { name: 'b.bin', body: 'harmless' };
const noCache = { no_cache: true };

const scan = (rule: Readonly<Record<string, unknown>>, message: TestMessage, log?: LogLine[]) =>
  runCheck(antivirus, { clamav: { ...noCache, ...rule } }, message, log ? { log } : {});

test('without rules there is nothing to run', async () => {
  const built = await buildCheck(antivirus, {});
  assert.deepEqual(built.units, []);
});

for (const way of ['inbound', 'authenticated', 'local'] satisfies Way[]) {
  test(`${way} mail is scanned, attachments one by one`, async (t) => {
    const clamd = await fakeClamd(t);
    const found = await scan({ servers: clamd.address }, { raw: mail(text, good, bad), way });
    assert.deepEqual(found.hits, [{ symbol: 'CLAMAV', weight: 1, options: ['Bad.Thing'] }]);
    assert.deepEqual(found.preResults, []);
    assert.deepEqual(clamd.seen.sort(), [virus, 'harmless']);
    const clean = await scan({ servers: clamd.address }, { raw: mail(text, good), way });
    assert.deepEqual(clean.symbols, []);
  });
}

const png = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.from(virus)]);
const selections: readonly (readonly [string, Record<string, unknown>, TestPart, boolean])[] = [
  ['text is left out', {}, { type: 'text/plain', body: virus }, false],
  ['text is scanned on request', { scan_text_mime: true }, { type: 'text/plain', body: virus }, true],
  [
    'short text is left out on request',
    { scan_text_mime: true, text_part_min_words: 50 },
    { type: 'text/plain', body: virus },
    false,
  ],
  ['text as an attachment is scanned', {}, { type: 'text/plain', name: 'x.txt', body: virus }, true],
  ['text with a name is scanned', {}, { type: 'text/html; name=x.html', body: virus }, true],
  ['a program that claims to be text is scanned', {}, { type: 'text/plain', body: `MZ\0${virus}` }, true],
  ['an image is left out', {}, { type: 'image/png', name: 'a.png', body: png }, false],
  [
    'an image is scanned on request',
    { scan_image_mime: true },
    { type: 'image/png', name: 'a.png', body: png },
    true,
  ],
  ['what only claims to be an image is scanned', {}, { type: 'image/png', name: 'a.png', body: virus }, true],
  ['a part without a name is scanned', {}, { body: virus }, true],
  ['max_size leaves larger ones out', { max_size: 10 }, bad, false],
  ['min_size leaves smaller ones out', { min_size: 100 }, bad, false],
  [
    'without filters nothing is left of scan_all_mime_parts = false',
    { scan_all_mime_parts: false },
    bad,
    false,
  ],
  ['an extension chooses', { scan_all_mime_parts: false, mime_parts_filter_ext: { a: 'bin' } }, bad, true],
  [
    'the last but one extension chooses',
    { scan_all_mime_parts: false, mime_parts_filter_ext: ['EXE'] },
    { name: 'a.exe.txt', body: virus },
    true,
  ],
  [
    'an expression for names chooses',
    { scan_all_mime_parts: false, mime_parts_filter_regex: { A: '/^A\\./i' } },
    bad,
    true,
  ],
  [
    'an expression for types chooses',
    { scan_all_mime_parts: false, mime_parts_filter_regex: [['octet-stream$']] },
    bad,
    true,
  ],
  [
    'an extension chooses by what the bytes say',
    { scan_all_mime_parts: false, mime_parts_filter_ext: ['exe'] },
    { name: 'a.txt', body: `MZ\0${virus}` },
    true,
  ],
  [
    'an expression for types chooses by what the bytes say',
    { scan_all_mime_parts: false, mime_parts_filter_regex: ['msdownload'] },
    { name: 'a.txt', body: `MZ\0${virus}` },
    true,
  ],
  [
    'an extension chooses by names inside archives',
    { scan_all_mime_parts: false, mime_parts_filter_ext: ['exe'] },
    { name: 'a.zip', body: makeZip([{ name: 'x/a.EXE', content: virus }]) },
    true,
  ],
  [
    'an archive without such names is left out',
    { scan_all_mime_parts: false, mime_parts_filter_ext: ['exe'] },
    { name: 'a.zip', body: makeZip([{ name: 'x/a.txt', content: virus }]) },
    false,
  ],
];
for (const [name, rule, part, isScanned] of selections) {
  test(`choice of parts: ${name}`, async (t) => {
    const clamd = await fakeClamd(t);
    const { symbols } = await scan({ servers: clamd.address, ...rule }, { raw: mail(part) });
    assert.deepEqual(symbols, isScanned ? ['CLAMAV'] : []);
  });
}

test('scan_mime_parts = false hands over the message as it came, and attachments_only is its older name', async (t) => {
  const clamd = await fakeClamd(t);
  const raw = mail(text, good).replaceAll('\n', '\r\n');
  for (const name of ['scan_mime_parts', 'attachments_only']) {
    await scan({ servers: clamd.address, [name]: false }, { raw });
  }
  assert.deepEqual(clamd.seen, [raw, raw]);
});

const replies: readonly (readonly [string, string, string, number])[] = [
  ['stream: X.Y FOUND\0', 'CLAMAV', 'X.Y', 1],
  [
    'stream: Heuristics.Encrypted.Zip FOUND\0',
    'CLAMAV_ENCRYPTED',
    'File is encrypted: Heuristics.Encrypted.Zip',
    1,
  ],
  [
    'stream: Heuristics.OLE2.ContainsMacros.VBA FOUND\0',
    'CLAMAV_MACRO',
    'Heuristics.OLE2.ContainsMacros.VBA',
    1,
  ],
  [
    'stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0',
    'CLAMAV_FAIL',
    'Limits Exceeded: Heuristics.Limits.Exceeded.MaxFileSize',
    0,
  ],
  ['INSTREAM size limit exceeded. ERROR\0', 'CLAMAV_FAIL', 'INSTREAM size limit exceeded', 0],
];
for (const [reply, symbol, option, weight] of replies) {
  test(`the reply ${reply.slice(0, -1)} gives ${symbol} after one attempt`, async (t) => {
    const clamd = await fakeClamd(t, () => reply);
    const { hits } = await scan({ servers: clamd.address }, { raw: mail(bad) });
    assert.deepEqual(hits, [{ symbol, weight, options: [option] }]);
    assert.equal(clamd.connections, 1);
  });
}

const failed = { symbol: 'CLAMAV_FAIL', weight: 0, options: ['failed to scan and retransmits exceed'] };
const broken: readonly (readonly [string, string])[] = [
  ["Can't allocate memory ERROR\0", 'an error'],
  ['stream: OK', 'a reply without its end'],
  ['', 'nothing'],
  ['\x00', 'an empty reply'],
  ['220 smtp.example ESMTP\r\n\0', 'another protocol'],
  ['x'.repeat(1_000_000), 'a reply without end'],
  ['stream:  FOUND\0', 'a threat without a name'],
];
for (const [reply, name] of broken) {
  test(`a clamd that answers with ${name} is asked again and then given up`, async (t) => {
    const clamd = await fakeClamd(t, () => reply);
    const log: LogLine[] = [];
    const { hits } = await scan({ servers: clamd.address }, { raw: mail(bad) }, log);
    assert.deepEqual(hits, [failed]);
    assert.equal(clamd.connections, 3);
    assert.equal(log.filter(({ level }) => level === 'error').length, 1);
  });
}

test('a clamd that refuses connections gives the symbol of failures, and one line of log a minute', async () => {
  const gone = await startTcpServer((socket) => socket.destroy());
  await gone.close();
  const log: LogLine[] = [];
  let nowMs = 1_700_000_000_000;
  const built = await buildCheck(
    antivirus,
    { clamav: { ...noCache, servers: gone.address } },
    { log, now: () => nowMs },
  );
  for (const addMs of [0, 1000, 60_000]) {
    nowMs += addMs;
    assert.deepEqual((await built.run({ raw: mail(bad) })).hits, [failed]);
  }
  const lines = log.filter(({ level }) => level === 'error');
  assert.deepEqual(
    lines.map(({ message, fields }) => [message, fields['reason'], fields['notLoggedSince']]),
    [
      ['scanner failed', 'ECONNREFUSED', undefined],
      ['scanner failed', 'ECONNREFUSED', 5],
    ],
  );
});

test('a clamd that never answers costs no more than the timeout', async (t) => {
  const server = await startTcpServer((socket) => socket.resume());
  t.after(() => server.close());
  const { hits } = await scan({ servers: server.address, timeout: 0.1 }, { raw: mail(bad, good) });
  assert.deepEqual(hits, [failed, failed]);
});

test('a clamd that never reads costs no more than the timeout', async (t) => {
  const server = await startTcpServer((socket) => socket.pause());
  t.after(() => server.close());
  const raw = mail({ name: 'a', body: Buffer.alloc(8_000_000, 65) });
  const { hits } = await scan({ servers: server.address, timeout: 0.3 }, { raw });
  assert.deepEqual(hits, [failed]);
});

test('the deadline of the task bounds that of the rule', async (t) => {
  const server = await startTcpServer((socket) => socket.resume());
  t.after(() => server.close());
  const { hits } = await runCheck(
    antivirus,
    { clamav: { ...noCache, servers: server.address, timeout: 60 } },
    { raw: mail(bad) },
    { global: { taskTimeoutMs: 400 } },
  );
  assert.deepEqual(hits, [failed]);
});

test('a server that is silent leaves time for the next, and is asked last afterwards', async (t) => {
  const silent = await startTcpServer((socket) => socket.resume());
  t.after(() => silent.close());
  const clamd = await fakeClamd(t);
  const servers = [silent.address, clamd.address];
  const built = await buildCheck(antivirus, { clamav: { ...noCache, servers, timeout: 1 } });
  for (let i = 0; i < 4; i++) assert.deepEqual((await built.run({ raw: mail(bad) })).symbols, ['CLAMAV']);
  assert.equal(silent.connections, 1);
});

test('servers are asked in turn, or the first as long as it works', async (t) => {
  const one = await fakeClamd(t);
  const other = await fakeClamd(t);
  const both = `${one.address}, ${other.address}`;
  const inTurn = await buildCheck(antivirus, { clamav: { ...noCache, servers: both } });
  for (let i = 0; i < 4; i++) await inTurn.run({ raw: mail(bad) });
  assert.deepEqual([one.connections, other.connections], [2, 2]);
  const first = await buildCheck(antivirus, { clamav: { ...noCache, servers: `master-slave:${both}` } });
  for (let i = 0; i < 3; i++) await first.run({ raw: mail(bad) });
  assert.deepEqual([one.connections, other.connections], [5, 2]);
});

test('a Unix socket is a server', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const clamd = await fakeClamd(t, undefined, join(folder, 'clamd.sock'));
  assert.deepEqual((await scan({ servers: clamd.address }, { raw: mail(bad) })).symbols, ['CLAMAV']);
});

test('a large attachment arrives whole, in chunks', async (t) => {
  const clamd = await fakeClamd(t);
  const body = Buffer.alloc(1_500_000, 'abcdefg');
  await scan({ servers: clamd.address }, { raw: mail({ name: 'a', body }) });
  assert.equal(clamd.seen[0], body.toString('latin1'));
});

test('an answer before the end of a large attachment counts', async (t) => {
  const server = await startTcpServer((socket) => {
    socket.pause();
    socket.write('INSTREAM size limit exceeded. ERROR\0');
  });
  t.after(() => server.close());
  const raw = mail({ name: 'a', body: Buffer.alloc(12_000_000, 65) });
  const { hits } = await scan({ servers: server.address }, { raw });
  assert.deepEqual(hits, [{ symbol: 'CLAMAV_FAIL', weight: 0, options: ['INSTREAM size limit exceeded'] }]);
});

test('action reject is forced, others give way to a stronger one by score', async (t) => {
  const clamd = await fakeClamd(t);
  for (const [action, isLeast] of [
    ['reject', false],
    ['add header', true],
  ] as const) {
    const rule = { servers: clamd.address, action, name: 'My scanner' };
    const { preResults } = await scan(rule, { raw: mail(bad) });
    assert.deepEqual(preResults, [
      {
        action,
        message: 'My scanner: virus found: "Bad.Thing"',
        module: 'My scanner',
        priority: 0,
        isLeast,
        processAll: false,
      },
    ]);
  }
});

test('a message of the rule names scanner and threat, and failures force nothing', async (t) => {
  const clamd = await fakeClamd(t, (content) =>
    content.includes(virus) ? 'stream: $&\r\n250 FOUND\0' : 'INSTREAM size limit exceeded. ERROR\0',
  );
  const rule = { servers: clamd.address, action: 'reject', message: '${VIRUS} by ${SCANNER} ${OTHER}' };
  const found = await scan(rule, { raw: mail(bad) });
  assert.equal(found.preResults[0]?.message, '$&??250 by clamav ${OTHER}');
  assert.deepEqual((await scan(rule, { raw: mail(good) })).preResults, []);
});

test('patterns turn names of threats and texts of failures into symbols of their own', async (t) => {
  const clamd = await fakeClamd(t);
  const rule = {
    servers: clamd.address,
    symbol: 'AV',
    score: 8,
    patterns: [{ OTHER: '^Other' }, { BAD_ONE: '/^bad\\./i' }],
  };
  const built = await buildCheck(antivirus, { clamav: { ...noCache, ...rule } });
  assert.deepEqual((await built.run({ raw: mail(bad) })).hits, [
    { symbol: 'BAD_ONE', weight: 1, options: ['Bad.Thing'] },
  ]);
  assert.deepEqual(
    [...built.declared].map(([name, { score }]) => [name, score]),
    [
      ['AV', 8],
      ['AV_FAIL', 0],
      ['AV_ENCRYPTED', 0],
      ['AV_MACRO', 0],
      ['OTHER', 0],
      ['BAD_ONE', 0],
    ],
  );
  const failing = await fakeClamd(t, () => '');
  const { hits } = await scan(
    { servers: failing.address, patterns_fail: { AWAY: 'retransmits' } },
    { raw: mail(bad) },
  );
  assert.deepEqual(hits, [{ ...failed, symbol: 'AWAY', weight: 1 }]);
});

test('show_attachments adds the name of the file', async (t) => {
  const clamd = await fakeClamd(t);
  const { hits } = await scan({ servers: clamd.address, show_attachments: true }, { raw: mail(bad) });
  assert.deepEqual(hits[0]?.options, ['Bad.Thing|a.bin']);
});

const digest = createHash('blake2b512').update(virus).digest('hex');
for (const [what, entry, scans] of [
  ['the sender domain', 'example.com', 0],
  ['the digest', digest, 0],
  ['the threat', 'Bad.Thing', 1],
] as const) {
  test(`the whitelist knows ${what}`, async (t) => {
    const clamd = await fakeClamd(t);
    const rule = { servers: clamd.address, action: 'reject', whitelist: [entry] };
    const { symbols, preResults } = await scan(rule, { raw: mail(bad) });
    assert.deepEqual([symbols, preResults, clamd.connections], [[], [], scans]);
  });
}

test('log_clean logs what is clean', async (t) => {
  const clamd = await fakeClamd(t);
  const log: LogLine[] = [];
  await scan({ servers: clamd.address, log_clean: true }, { raw: mail(good) }, log);
  assert.deepEqual(
    log.map(({ level, message }) => [level, message]),
    [['info', 'clean']],
  );
});

test('dynamic_scan spares the scanner what is refused anyway', async (t) => {
  const clamd = await fakeClamd(t);
  const spam = { name: 'SPAM', score: 31, metricScore: 31, description: undefined, groups: [], options: [] };
  const message = { raw: mail(bad), hits: [spam] };
  assert.deepEqual((await scan({ servers: clamd.address, dynamic_scan: true }, message)).symbols, []);
  const rejecting = { servers: clamd.address, dynamic_scan: true, action: 'reject' };
  assert.deepEqual((await scan(rejecting, message)).symbols, ['CLAMAV']);
});

for (const [driver, start] of storeDrivers()) {
  test(`results are kept in ${driver} until they expire`, async (t) => {
    const { store, pass, close } = await start();
    t.after(close);
    const clamd = await fakeClamd(t);
    const built = await buildCheck(
      antivirus,
      { clamav: { servers: clamd.address, cache_expire: 1 } },
      { store },
    );
    for (let i = 0; i < 2; i++) {
      const { hits } = await built.run({ raw: mail(bad, good) });
      assert.deepEqual(hits, [{ symbol: 'CLAMAV', weight: 1, options: ['Bad.Thing'] }]);
    }
    assert.equal(clamd.connections, 2);
    assert.equal(await store.get(`rs_clamav_${digest}`), 'Bad.Thing\t1');
    await pass(1000);
    await built.run({ raw: mail(bad) });
    assert.equal(clamd.connections, 3);
  });
}

test('equal attachments are scanned once', async (t) => {
  const clamd = await fakeClamd(t);
  const { hits } = await scan({ servers: clamd.address }, { raw: mail(bad, { ...bad, name: 'c.bin' }) });
  assert.deepEqual([hits.length, clamd.connections], [2, 1]);
});

const wrong: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
  ['sophos', { servers: 'localhost' }, /antivirus\.sophos: scanner type `sophos` is not supported/],
  ['a', { type: 'kaspersky_se', servers: 'localhost' }, /antivirus\.a\.type: scanner type `kaspersky_se`/],
  ['a', { servers: 'localhost' }, /antivirus\.a: unknown scanner type `a`/],
  ['clamav', {}, /antivirus\.clamav: the rule has no servers/],
  ['clamav', { servers: 'host:99999' }, /antivirus\.clamav\.servers: `host:99999` is no server/],
  ['clamav', { servers: '' }, /is no server/],
  ['clamav', { servers: 'localhost', action: 'burn' }, /antivirus\.clamav\.action: unknown action `burn`/],
  ['clamav', { servers: 'localhost', patterns: { A: '(' } }, /antivirus\.clamav\.patterns\.A/],
  ['clamav', { servers: 'localhost', scheme: 'avscan' }, /scheme: this option is for scanners of type icap/],
];
for (const [name, rule, message] of wrong) {
  test(`rule ${name} ${JSON.stringify(rule)} is refused`, async () => {
    await assert.rejects(buildCheck(antivirus, { [name]: rule }), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, message);
      return true;
    });
  });
}

test('a rule that is switched off, and an unknown option', async () => {
  const off = await buildCheck(antivirus, { clamav: { servers: 'localhost', enabled: false } });
  assert.deepEqual(off.units, []);
  await assert.rejects(buildCheck(antivirus, { clamav: { servers: 'localhost', sevrers: 'x' } }), /sevrers/);
  await assert.rejects(buildCheck(antivirus, { clamav: { eicar_fake_pattern: 'x' } }), /never replaced/);
});

test('a client that goes away ends the scan at once, without a symbol', async (t) => {
  const client = new AbortController();
  const server = await startTcpServer((socket) => socket.on('data', () => client.abort()));
  t.after(() => server.close());
  const built = await buildCheck(antivirus, { clamav: { ...noCache, servers: server.address, timeout: 60 } });
  const { task, hits } = testTask({ raw: mail(bad) });
  Object.defineProperty(task, 'signal', { value: client.signal });
  await built.units[0]!.run(task, () => assert.fail('nobody is there to read it'));
  assert.equal(hits.size, 0);
  assert.equal(server.connections, 1);
});

test('a store that fails spares nobody the scan', async (t) => {
  const clamd = await fakeClamd(t);
  const down = () => Promise.reject(new StoreError('away'));
  const store = { get: down, set: down } as unknown as Store;
  const log: LogLine[] = [];
  const built = await buildCheck(antivirus, { clamav: { servers: clamd.address } }, { store, log });
  assert.deepEqual((await built.run({ raw: mail(bad, good) })).symbols, ['CLAMAV']);
  assert.deepEqual(
    log.filter(({ level }) => level === 'error').map(({ message }) => message),
    ['results cannot be kept'],
  );
});

test('several rules scan the same message, each with its own symbols', async (t) => {
  const [one, other] = [await fakeClamd(t), await fakeClamd(t, () => 'stream: Other FOUND\0')];
  const rules = {
    first: { ...noCache, type: 'clamav', servers: one.address },
    second: { ...noCache, type: 'clamav', servers: other.address, symbol_type: 'postfilter' },
  };
  const { hits } = await runCheck(antivirus, rules, { raw: mail(bad) });
  assert.deepEqual(hits, [
    { symbol: 'FIRST', weight: 1, options: ['Bad.Thing'] },
    { symbol: 'SECOND', weight: 1, options: ['Other'] },
  ]);
});
