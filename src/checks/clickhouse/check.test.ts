import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  buildCheck,
  type CheckOptions,
  type LogLine,
  type TestMessage,
  type Way,
} from '../../../test/helpers/check-table.ts';
import { hit } from '../../../test/helpers/export-receivers.ts';
import { type WebQuestion, type WebReply, webDatabase } from '../../../test/helpers/web-database.ts';
import { ConfigError, type Store } from '../../core/index.ts';
import { clickhouse } from './check.ts';
import { ownColumnNames } from './columns.ts';

type Row = Readonly<Record<string, unknown>>;

const statementOf = ({ path, body }: WebQuestion): string =>
  new URLSearchParams(path.slice(path.indexOf('?'))).get('query') ?? body;

/** A ClickHouse whose table has these columns, and which answers other statements as told. */
function fakeClickHouse(
  columns: readonly string[],
  answer: (statement: string) => WebReply | undefined = () => undefined,
) {
  return webDatabase((question) => {
    const statement = statementOf(question);
    const reply = answer(statement);
    if (reply) return reply;
    if (statement.includes('system.columns')) return { body: columns.map((name) => `${name}\n`).join('') };
    return undefined;
  });
}

const all = [...ownColumnNames];
const bulk = [
  'From: Sender <Someone@Example.com>',
  'To: a@example.org, b@example.net',
  'Subject: Geheim',
  'List-Id: <list.example.com>',
  'Message-ID: <1@example.com>',
  'Content-Type: multipart/mixed; boundary=x',
  '',
  '--x',
  'Content-Type: text/plain',
  '',
  'See https://user.example.co.uk/path?token=1 and write to x@example.org',
  '--x',
  'Content-Type: application/pdf; name="a.pdf"',
  'Content-Disposition: attachment; filename="a.pdf"',
  '',
  'PDF',
  '--x--',
  '',
].join('\r\n');

/** Runs messages through the check and returns what the server was asked, and the rows it got. */
async function collect(
  options: Readonly<Record<string, unknown>>,
  messages: readonly TestMessage[],
  {
    columns = all,
    answer,
    checkOptions,
  }: {
    columns?: readonly string[];
    answer?: (statement: string) => WebReply | undefined;
    checkOptions?: CheckOptions;
  } = {},
) {
  const server = await fakeClickHouse(columns, answer);
  const built = await buildCheck(clickhouse, { server: server.address, ...options }, checkOptions);
  for (const message of messages) await built.run(message);
  await built.close();
  await server.stop();
  const statements = server.asked.map(statementOf);
  const insertions = server.asked.filter(({ path }) => path.includes('INSERT'));
  const rows = insertions.flatMap(({ body }) =>
    body
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Row),
  );
  return { asked: server.asked, statements, insertions, rows };
}

test('nothing happens without a server', async () => {
  const built = await buildCheck(clickhouse, {});
  assert.deepEqual(built.units, []);
  await built.close();
});

describe('rows', () => {
  const ways: readonly Way[] = ['inbound', 'authenticated', 'local'];
  for (const way of ways) {
    test(`${way} mail is a row without symbols of ours`, async () => {
      const { rows } = await collect({}, [{ way }]);
      assert.equal(rows.length, 1);
      assert.equal(rows[0]!['AuthUser'], way === 'authenticated' ? 'sender@example.com' : '');
    });
  }

  test('a row tells of a message what its columns are for, and nothing private that was not asked for', async () => {
    const hits = [hit('BAYES_SPAM', 5), hit('R_DKIM_ALLOW', -1), hit('FUZZY_DENIED', 12, 'f')];
    const message: TestMessage = {
      raw: bulk,
      hits,
      variables: { asn: '64500', country: 'DE', ipnet: '198.51.100.0/24' },
    };
    const { rows, insertions } = await collect({ enable_uuid: false }, [message]);
    const { ScanTimeReal: _time, Size: size, ...row } = rows[0]!;
    assert.equal(size, Buffer.byteLength(bulk));
    assert.deepEqual(row, {
      Date: '2023-11-14',
      TS: 1_700_000_000,
      From: 'example.com',
      FromUser: 'sender',
      MimeFrom: 'example.com',
      MimeUser: 'Someone',
      IP: '198.51.96.0',
      Helo: 'mx.example.com',
      NRcpt: 1,
      SMTPRecipients: ['rcpt@example.org'],
      AuthUser: '',
      SettingsId: '',
      ASN: 64_500,
      Country: 'DE',
      IPNet: '198.51.100.0/24',
      Score: 16,
      Action: 'reject',
      CustomAction: '',
      IsWhitelist: 'unknown',
      IsBayes: 'spam',
      IsFuzzy: 'deny',
      IsFann: 'unknown',
      IsDkim: 'allow',
      IsDmarc: 'unknown',
      IsSpf: 'unknown',
      MimeRecipients: ['a@example.org', 'b@example.net'],
      MessageId: '1@example.com',
      ListId: '<list.example.com>',
      NUrls: 1,
      'Urls.Tld': ['example.co.uk'],
      'Urls.Url': ['user.example.co.uk'],
      'Urls.Flags': [32],
      Emails: ['x@example.org'],
      'Attachments.FileName': ['a.pdf'],
      'Attachments.ContentType': ['application/pdf'],
      'Attachments.Length': [3],
      'Attachments.Digest': [(row['Attachments.Digest'] as string[])[0]],
    });
    const text = insertions[0]!.body + insertions[0]!.path;
    for (const secret of ['Geheim', 'token', '198.51.100.7', 'Subject', 'Symbols'])
      assert.ok(!text.includes(secret), secret);
  });

  test('more is kept when it is asked for', async () => {
    const { rows } = await collect(
      {
        enable_symbols: true,
        enable_digest: true,
        insert_subject: true,
        full_urls: true,
        ipmask: 32,
        extra_columns: {
          Mime_Rcpt: { selector: "rcpts('mime'):addr", type: 'Array(String)' },
          Agent: { selector: "header('User-Agent')", default_value: 'none' },
        },
      },
      [{ raw: bulk, hits: [hit('A', 2, 'x', 'y'), hit('B', 1)] }],
    );
    const row = rows[0]!;
    assert.equal(row['Subject'], 'Geheim');
    assert.equal(row['IP'], '198.51.100.7');
    assert.deepEqual(row['Urls.Url'], ['https://user.example.co.uk/path?token=1']);
    assert.deepEqual(row['Symbols.Names'], ['A', 'B']);
    assert.deepEqual(row['Symbols.Options'], ['x,y', '']);
    assert.deepEqual(row['Groups.Scores'], [3]);
    assert.match(String(row['Digest']), /^[0-9a-f]{32}$/);
    assert.match(String(row['TaskUUID']), /^018bcfe5-6800-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.deepEqual(row['Mime_Rcpt'], ['a@example.org', 'b@example.net']);
    assert.equal(row['Agent'], 'none');
  });

  test('a subject can be hidden', async () => {
    const { rows } = await collect({ insert_subject: true, subject_privacy: true }, [{ raw: bulk }]);
    assert.match(String(rows[0]!['Subject']), /^obf:[0-9a-f]{16}$/);
  });

  test('no message at all is a row too, and an action of the operator’s is custom', async () => {
    const { rows } = await collect({}, [
      {
        raw: '',
        from: '',
        envelope: { clientIp: undefined, helo: undefined, recipients: [] },
        hits: [hit('X', 9)],
        thresholds: { quarantine: 5 },
      },
    ]);
    const { IP, From, Action, CustomAction, Country } = rows[0]!;
    assert.deepEqual([IP, From, Action, CustomAction, Country], ['', '', 'custom', 'quarantine', '--']);
  });

  test('scans of operators, skipped mail and mail with a stop symbol are left out', async () => {
    const messages: readonly TestMessage[] = [
      { envelope: { userAgent: 'rspamc' } },
      { envelope: { flags: new Set(['skip'] as const) } },
      { hits: [hit('STOP', 0)] },
    ];
    assert.equal((await collect({ stop_symbols: 'STOP' }, messages)).rows.length, 0);
    assert.equal((await collect({ allow_local: true }, messages)).rows.length, 2);
  });
});

describe('the table', () => {
  test('is made when it is not there, with the columns of the operator', async () => {
    const extra_columns = [{ name: 'Extra', selector: 'user', comment: "it's" }];
    const { statements } = await collect({ extra_columns }, [{}], { columns: [] });
    const create = statements.find((statement) => statement.startsWith('CREATE'));
    assert.match(create!, /^CREATE TABLE IF NOT EXISTS rspamd \(`Date` Date, `TS` DateTime, /);
    assert.match(create!, /`Extra` String COMMENT 'it\\'s'\) ENGINE = MergeTree\(\)/);
  });

  test('gets the columns that it lacks and are written', async () => {
    const columns = all.filter((name) => !['TaskUUID', 'IsSpf', 'Digest', 'Subject'].includes(name));
    const { statements } = await collect({ extra_columns: { E: { selector: 'user' } } }, [{}], { columns });
    assert.deepEqual(
      statements.filter((statement) => statement.startsWith('ALTER')).map((text) => text.match(/`\w+`/g)),
      [['`TaskUUID`', '`IsSpf`', '`E`']],
    );
  });

  test('is left alone when it has all of them; statements of the operator follow', async () => {
    const { statements } = await collect({ schema_additions: ['CREATE TABLE IF NOT EXISTS x'] }, [{}]);
    assert.deepEqual(
      statements.map((statement) => statement.split(' ').slice(0, 2).join(' ')),
      ['SELECT name', 'CREATE TABLE', 'INSERT INTO'],
    );
  });

  test('old weeks are removed once for all processes', async () => {
    const kept = new Map<string, string>();
    const store = {
      get: async (key: string) => kept.get(key),
      set: async (key: string, value: string) => void kept.set(key, value),
    } as unknown as Store;
    const answer = (statement: string) =>
      statement.includes('system.parts') ? { body: "20230102\n20230109\nx' OR\n" } : undefined;
    const options = { retention: { enable: true, method: 'drop', period_months: 2 } };
    const first = await collect(options, [{}], { answer, checkOptions: { store } });
    assert.match(first.statements.join('\n'), /max_date < subtractMonths\(today\(\), 2\)/);
    assert.deepEqual(
      first.statements.filter((statement) => statement.startsWith('ALTER')),
      ["ALTER TABLE rspamd DROP PARTITION ID '20230102'", "ALTER TABLE rspamd DROP PARTITION ID '20230109'"],
    );
    const second = await collect(options, [{}], { answer, checkOptions: { store } });
    assert.equal(second.statements.filter((statement) => statement.startsWith('ALTER')).length, 0);
  });
});

describe('delivery', () => {
  test('rows go out together, packed, to the database and with the password', async () => {
    const { insertions, asked } = await collect(
      { database: 'mail', user: 'u', password: 'p', limits: { max_rows: 2 } },
      [{}, {}, {}],
    );
    assert.deepEqual(
      insertions.map(({ body }) => body.trim().split('\n').length),
      [2, 1],
    );
    for (const { headers, path } of asked) {
      assert.equal(headers['content-encoding'], 'gzip');
      assert.equal(headers.authorization, `Basic ${Buffer.from('u:p').toString('base64')}`);
      assert.match(path, /database=mail/);
    }
  });

  test('an outage costs nothing and is told once; the log holds nothing of the rows', async () => {
    const log: LogLine[] = [];
    let failures = 2;
    const server = await fakeClickHouse(all, (statement) =>
      statement.startsWith('INSERT') && failures-- > 0
        ? { status: 500, body: 'Code: 27, e.displayText() = DB::Exception: rcpt@example.org' }
        : undefined,
    );
    const built = await buildCheck(clickhouse, { server: server.address, limits: { max_rows: 1 } }, { log });
    await built.run({});
    while (log.filter(({ level }) => level === 'info').length === 0)
      await new Promise((resolve) => setTimeout(resolve, 10));
    await built.close();
    await server.stop();
    assert.equal(log.length, 2);
    assert.match(JSON.stringify(log[0]), /the server answered 500, error 27/);
    assert.ok(!JSON.stringify(log).includes('rcpt@'));
  });

  test('a server that is down is followed by another', async () => {
    const dead = await fakeClickHouse(all);
    await dead.stop();
    const done = Promise.withResolvers<void>();
    const server = await fakeClickHouse(all, (statement) => {
      if (statement.startsWith('INSERT')) done.resolve();
      return undefined;
    });
    const built = await buildCheck(clickhouse, {
      server: `master-slave:${dead.address},${server.address}`,
      limits: { max_rows: 1 },
    });
    await built.run({});
    await done.promise;
    await built.close();
    await server.stop();
  });
});

test('what cannot work is refused with a reason', async () => {
  for (const [section, message] of [
    [{ server: 'http://localhost:8123/' }, /is no server/],
    [{ server: 'localhost', extra_columns: { From: { selector: 'user' } } }, /column of the table already/],
    [{ server: 'localhost', extra_columns: { X: { selector: 'nonsense' } } }, /nonsense/],
  ] as const) {
    await assert.rejects(
      buildCheck(clickhouse, section),
      (error) => error instanceof ConfigError && message.test(error.message),
    );
  }
});
