import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { type AddressInfo, createConnection, createServer as createTcpServer, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { unpack } from 'msgpackr';
import {
  buildCheck,
  type CheckOptions,
  type LogLine,
  runCheck,
  type TestMessage,
  type Way,
} from '../../../test/helpers/check-table.ts';
import { findRedisServer, startRedis } from '../../../test/helpers/redis-server.ts';
import { redisDriver, startLmdbDriver } from '../../../test/helpers/store-drivers.ts';
import { startSink } from '../../../test/mta/sink.ts';
import { ConfigError, type Hit, type StoreFeeds } from '../../core/index.ts';
import { metadataExporter } from './check.ts';

const noStore = {} as NonNullable<CheckOptions['store']>;

interface Posted {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A real HTTP server that answers with `statuses` in turn, then 200. */
async function receiver(...statuses: number[]) {
  const posted: Posted[] = [];
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      posted.push({ headers: request.headers, body: Buffer.concat(chunks) });
      response.statusCode = statuses.shift() ?? 200;
      response.end('thanks');
    });
  };
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    posted,
    server,
    url: `http://127.0.0.1:${port}/in?x=1`,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A real TCP server that remembers what connections carried. */
async function tcpReceiver(onConnection?: (socket: Socket) => void) {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    if (onConnection) {
      onConnection(socket);
      return;
    }
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('end', () => received.push(text));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    received,
    port,
    stop: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function hit(name: string, score: number, ...options: string[]): Hit {
  return { name, score, metricScore: score, description: undefined, groups: ['test'], options };
}

const rules = (rule: Readonly<Record<string, unknown>>) => ({ rules: { R: rule } });
const spam: TestMessage = { hits: [hit('BAD', 7, 'why')] };

test('nothing happens without rules', async () => {
  const built = await buildCheck(metadataExporter, {});
  assert.deepEqual(built.units, []);
  await built.close();
});

test('a rule is a unit that settings know by its name', async () => {
  const built = await buildCheck(
    metadataExporter,
    {
      rules: {
        ONE: { backend: 'http', url: 'http://127.0.0.1:9/' },
        OFF: { backend: 'http', enabled: false },
      },
    },
    { store: noStore },
  );
  assert.deepEqual(
    built.units.map(({ name }) => name),
    ['EXPORT_METADATA_ONE'],
  );
  await built.close();
});

describe('selectors', () => {
  const ways: readonly Way[] = ['inbound', 'authenticated', 'local'];
  const scores = { 'no action': 0, greylist: 4, 'add header': 6, reject: 15 } as const;
  const table: Readonly<Record<string, readonly string[]>> = {
    default: ways.flatMap((way) =>
      [...Object.keys(scores), 'soft reject', 'rewrite subject'].map((a) => `${way} ${a}`),
    ),
    is_spam: ways.flatMap((way) => [`${way} add header`, `${way} reject`, `${way} rewrite subject`]),
    is_spam_authed: ['authenticated add header', 'authenticated reject', 'authenticated rewrite subject'],
    is_outbound_spam: ['authenticated', 'local'].flatMap((way) => [
      `${way} add header`,
      `${way} reject`,
      `${way} rewrite subject`,
    ]),
    is_reject: ways.map((way) => `${way} reject`),
    is_reject_authed: ['authenticated reject'],
    is_not_soft_reject: ways.flatMap((way) =>
      [...Object.keys(scores), 'rewrite subject'].map((a) => `${way} ${a}`),
    ),
  };
  for (const [selector, expected] of Object.entries(table)) {
    test(`${selector} takes ${expected.length} of the kinds of messages`, async () => {
      const server = await receiver();
      const built = await buildCheck(
        metadataExporter,
        rules({ backend: 'http', url: server.url, selector, formatter: 'json' }),
        { store: noStore },
      );
      for (const way of ways) {
        for (const score of Object.values(scores)) await built.run({ way, hits: [hit('S', score)] });
        const thresholds = { 'rewrite subject': 5, reject: 15 };
        await built.run({ way, hits: [hit('S', 5)], thresholds });
        await built.run({ way, hits: [hit('S', 5)], thresholds: { 'soft reject': 5 } });
      }
      await built.close();
      const ways_ = (body: Buffer): string => {
        const { ip, user, action } = JSON.parse(body.toString()) as Record<string, string>;
        const way = user !== 'unknown' ? 'authenticated' : ip === '10.1.2.3' ? 'local' : 'inbound';
        return `${way} ${action}`;
      };
      assert.deepEqual(server.posted.map(({ body }) => ways_(body)).sort(), expected.toSorted());
      await server.stop();
    });
  }
});

async function postOne(
  rule: Readonly<Record<string, unknown>>,
  message: TestMessage = spam,
): Promise<Posted> {
  const server = await receiver();
  await runCheck(metadataExporter, rules({ backend: 'http', url: server.url, ...rule }), message, {
    store: noStore,
  });
  await server.stop();
  assert.equal(server.posted.length, 1);
  return server.posted[0]!;
}

const expectedMetadata = {
  ip: '198.51.100.8',
  user: 'sender@example.com',
  qid: 'QUEUE1',
  subject: 'A test',
  action: 'add header',
  rspamd_server: 'scanner.example',
  score: 7,
  fuzzy: [],
  rcpt: ['rcpt@example.org'],
  from: 'sender@example.com',
  symbols: [{ name: 'BAD', score: 7, group: 'test', groups: ['test'], options: ['why'] }],
  scan_time: 0,
  size: 165,
  direction: 'outbound',
  sender: 'login:sender@example.com',
  header_from: ['Sender <sender@example.com>'],
  header_to: ['Rcpt <rcpt@example.org>'],
  header_subject: ['A test'],
  header_date: ['Tue, 14 Nov 2023 22:13:20 +0000'],
  message_id: '1@example.com',
};
const fromLogin: TestMessage = { ...spam, way: 'authenticated' };

describe('formatters over HTTP', () => {
  test('default is the message as it came', async () => {
    const raw = Buffer.from('Subject: \xff\r\n\r\n\x00\xfe\r\n', 'latin1');
    const { body, headers } = await postOne({}, { raw });
    assert.deepEqual(body, raw);
    assert.equal(headers['content-type'], 'text/plain');
  });

  test('json is the metadata, without content', async () => {
    const { body } = await postOne({ formatter: 'json' }, fromLogin);
    const metadata = JSON.parse(body.toString()) as Record<string, unknown>;
    assert.deepEqual({ ...metadata, size: 165 }, expectedMetadata);
  });

  test('json_with_message and msgpack add the message', async () => {
    const raw = 'Subject: x\r\n\r\nHello\r\n';
    const json = await postOne({ formatter: 'json_with_message', mime_type: 'application/json' }, { raw });
    assert.equal(json.headers['content-type'], 'application/json');
    const inJson = JSON.parse(json.body.toString()) as { message: string };
    assert.equal(Buffer.from(inJson.message, 'base64').toString(), raw);
    const packed = unpack((await postOne({ formatter: 'msgpack' }, { raw })).body) as Record<string, unknown>;
    assert.equal(String(packed['message']), raw);
    assert.equal(packed['subject'], 'x');
  });

  test('multipart is form data that others read', async () => {
    const { body, headers } = await postOne({ formatter: 'multipart' }, fromLogin);
    const form = await new Response(new Uint8Array(body), {
      headers: { 'content-type': headers['content-type'] ?? '' },
    }).formData();
    assert.equal((JSON.parse(String(form.get('metadata'))) as { user: string }).user, 'sender@example.com');
    const file = form.get('message') as File;
    assert.equal(file.name, 'message.eml');
    assert.match(await file.text(), /^From: Sender/);
  });

  test('what is not known of a message is unknown, and no message at all is no trouble', async () => {
    const { body } = await postOne(
      { formatter: 'json' },
      { raw: '', envelope: { clientIp: undefined, sender: undefined, recipients: [], queueId: undefined } },
    );
    const metadata = JSON.parse(body.toString()) as Record<string, unknown>;
    for (const name of ['ip', 'user', 'qid', 'subject', 'rcpt', 'from', 'header_from'])
      assert.equal(metadata[name], 'unknown');
  });
});

describe('the HTTP backend', () => {
  test('metadata as headers is ASCII and bounded, with the operator’s prefix', async () => {
    const rcpts = Array.from({ length: 1000 }, (_, index) => `recipient-${index}@example.org`);
    const { headers } = await postOne(
      { meta_headers: true, meta_header_prefix: 'X-M-' },
      {
        raw: 'Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe=0D=0AX-Evil:_1?=\r\n\r\n',
        rcpts,
        hits: [hit('BAD', 7, 'ü')],
      },
    );
    assert.match(String(headers['x-m-subject']), /^=\?UTF-8\?B\?/);
    assert.equal(headers['x-evil'], undefined);
    assert.equal(headers['x-m-action'], 'add header');
    assert.equal(headers['x-m-score'], '7');
    assert.match(String(headers['x-m-symbols']), /"BAD".*\\u00fc/);
    const listed = JSON.parse(String(headers['x-m-rcpt'])) as string[];
    assert.ok(listed.length > 100 && listed.length < 1000);
    assert.equal(headers['x-m-header_subject'], undefined);
  });

  test('body in gzip and Basic authentication', async () => {
    const { body, headers } = await postOne({ gzip: true, user: 'u', password: 'pä', formatter: 'json' });
    assert.equal(headers['content-encoding'], 'gzip');
    assert.match(gunzipSync(body).toString(), /"BAD"/);
    assert.equal(headers.authorization, `Basic ${Buffer.from('u:pä').toString('base64')}`);
  });

  test('connections are kept for the next export when the operator wants it', async () => {
    const server = await receiver();
    let connections = 0;
    server.server.on('connection', () => {
      connections += 1;
    });
    const built = await buildCheck(
      metadataExporter,
      rules({ backend: 'http', url: server.url, keepalive: true }),
      { store: noStore },
    );
    await built.run(spam);
    while (server.posted.length < 1) await new Promise(setImmediate);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await built.run(spam);
    await built.close();
    assert.equal(server.posted.length, 2);
    assert.equal(connections, 1);
    await server.stop();
  });

  test('a busy server gets the export again; the log tells once', async () => {
    const server = await receiver(503);
    const log: LogLine[] = [];
    const built = await buildCheck(metadataExporter, rules({ backend: 'http', url: server.url }), {
      store: noStore,
      log,
    });
    await built.run(spam);
    while (log.length === 0) await new Promise(setImmediate);
    await built.close();
    assert.equal(server.posted.length, 2);
    assert.deepEqual(
      log.map(({ level, message, fields }) => [level, message, fields['error']]),
      [
        ['error', 'an export failed; told once until exports work again', 'the server answered 503'],
        ['info', 'exports work again', undefined],
      ],
    );
    await server.stop();
  });

  test('a refusal is not repeated', async () => {
    const server = await receiver(403, 403);
    await runCheck(metadataExporter, rules({ backend: 'http', url: server.url }), spam, { store: noStore });
    assert.equal(server.posted.length, 1);
    await server.stop();
  });

  for (const [option, reason] of [
    ['timeout', 'no end within 30 ms'],
    ['read_timeout', 'the answer took longer than 30 ms'],
  ] as const) {
    test(`a server that never answers costs no more than ${option}`, async () => {
      const silent = await tcpReceiver(() => {});
      const log: LogLine[] = [];
      const built = await buildCheck(
        metadataExporter,
        rules({ backend: 'http', url: `http://127.0.0.1:${silent.port}/`, [option]: 0.03, retries: 0 }),
        { store: noStore, log },
      );
      await built.run(spam);
      while (log.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      assert.equal(log[0]!.fields['error'], reason);
      await built.close();
      await silent.stop();
    });
  }

  test('a dead server delays nobody', async () => {
    const log: LogLine[] = [];
    const run = await runCheck(
      metadataExporter,
      rules({ backend: 'http', url: 'http://127.0.0.1:1/' }),
      spam,
      { store: noStore, log },
    );
    assert.deepEqual(run.symbols, []);
    assert.deepEqual(
      log.map(({ level }) => level),
      ['error'],
    );
  });
});

test('json_raw_tcp writes each export to a connection of its own', async () => {
  const server = await tcpReceiver();
  const config = {
    host: '127.0.0.1',
    ...rules({ backend: 'json_raw_tcp', port: server.port, formatter: 'json' }),
  };
  const built = await buildCheck(metadataExporter, config, { store: noStore });
  await built.run(spam);
  await built.run(spam);
  await built.close();
  while (server.received.length < 2) await new Promise(setImmediate);
  for (const text of server.received) assert.equal((JSON.parse(text) as { score: number }).score, 7);
  await server.stop();
});

describe('send_mail', () => {
  const alert = { backend: 'send_mail', formatter: 'email_alert' };

  test('an alert has an empty envelope sender, says that a program wrote it, and reports', async () => {
    const sink = await startSink();
    await runCheck(
      metadataExporter,
      { mail_to: ['ops@example.net', 'abuse@example.net'], ...rules({ ...alert, smtp_port: sink.port }) },
      { ...fromLogin, raw: 'Subject: =?utf-8?Q?caf=C3=A9=0D=0AX-Evil:_1?=\r\n\r\nx\r\n' },
      { store: noStore },
    );
    const [mail] = sink.deliveries;
    assert.ok(mail);
    assert.equal(mail.from, '');
    assert.deepEqual(mail.recipients, ['ops@example.net', 'abuse@example.net']);
    const [header = '', body = ''] = mail.raw.toString().split(/\r\n\r\n([\s\S]*)/);
    assert.match(header, /^Auto-Submitted: auto-generated\r?$/m);
    assert.match(header, /^From: "Postern" <postmaster@scanner\.example>\r?$/m);
    assert.match(header, /^To: ops@example\.net, abuse@example\.net\r?$/m);
    assert.match(header, /^Subject: \[add header\] mail of sender@example\.com\r?$/m);
    assert.match(header, /^Date: Tue, 14 Nov 2023 22:13:20 \+0000\r?$/m);
    assert.match(body, /^Subject: {5}café X-Evil: 1\r?$/m);
    assert.match(body, /\tBAD\(7\.00\) \[why\]\r\n/);
    assert.ok(!/[^\r]\n/.test(mail.raw.toString()));
    await sink.stop();
  });

  test('a template gets variables and selectors; values cannot add header fields', async () => {
    const sink = await startSink();
    const email_template = [
      'From: <$mail_from>',
      'To: <$mail_to>',
      'Subject: für $user: ${subject} $nothing',
      '',
      '$action ${score} ${rcpts:addr.lower} $header_subject 5$',
    ].join('\n');
    const built = await buildCheck(
      metadataExporter,
      rules({
        ...alert,
        smtp_port: sink.port,
        mail_from: 'scanner@example.net',
        mail_to: 'a@example.net, b@example.net',
        email_template,
      }),
      { store: noStore },
    );
    assert.deepEqual(built.warnings, ['rules.R.email_template: $nothing is no variable and stays as it is']);
    const raw = 'Subject: =?utf-8?Q?x=0D=0ABcc:_evil@example.org?=\r\n\r\n';
    await built.run({ ...fromLogin, raw, rcpts: ['Rcpt@Example.org'] });
    await built.close();
    const [mail] = sink.deliveries;
    assert.ok(mail);
    assert.equal(mail.from, 'scanner@example.net');
    const text = mail.raw.toString();
    assert.match(text, /^From: <scanner@example\.net>\r\nTo: <a@example\.net>, <b@example\.net>\r\n/);
    assert.match(
      text,
      /^Subject: =\?UTF-8\?B\?\S+\?= sender@example\.com: x\s+Bcc: evil@example\.org \$nothing\r$/m,
    );
    assert.doesNotMatch(text, /^Bcc:/m);
    assert.match(text, /^Message-ID: <[0-9a-f]{24}@scanner\.example>\r$/m);
    assert.match(text, /\r\n\r\nadd header 7\.00 rcpt@example\.org x {1,2}Bcc: evil@example\.org 5\$/);
    await sink.stop();
  });

  test('copies go to those the operator names, who are not named to each other', async () => {
    const sink = await startSink();
    await runCheck(
      metadataExporter,
      rules({
        ...alert,
        smtp_port: sink.port,
        email_alert_user: true,
        email_alert_sender: true,
        email_alert_recipients: true,
      }),
      { ...fromLogin, from: 'alias@example.com', rcpts: ['x@example.org', 'no address'] },
      { store: noStore },
    );
    assert.deepEqual(sink.deliveries[0]?.recipients, [
      'postmaster@localhost',
      'sender@example.com',
      'alias@example.com',
      'x@example.org',
    ]);
    assert.match(sink.deliveries[0]!.raw.toString(), /^To: postmaster@localhost\r$/m);
    await sink.stop();
  });

  test('our own mail is not exported by mail again, unless it comes with a login', async () => {
    const sink = await startSink();
    for (const formatter of ['email_alert', 'default']) {
      const config = rules({ backend: 'send_mail', formatter, smtp_port: sink.port });
      const before = sink.deliveries.length;
      const built = await buildCheck(metadataExporter, config, { store: noStore });
      await built.run({ ...spam, way: 'local' });
      while (sink.deliveries.length === before) await new Promise((resolve) => setTimeout(resolve, 5));
      const ours = sink.deliveries[before]!.raw;
      await built.run({ ...spam, way: 'local', raw: ours });
      await built.run({ ...spam, way: 'local', raw: 'X-Postern-Alert: 00.11\r\n\r\n' });
      await built.run({ ...spam, way: 'authenticated', raw: ours });
      await built.close();
      assert.equal(sink.deliveries.length - before, 3);
    }
    await sink.stop();
  });

  test('the message itself is sent on as ours, otherwise unchanged', async () => {
    const sink = await startSink();
    const raw = 'Subject: x\r\n\r\n.dot\r\n';
    await runCheck(
      metadataExporter,
      rules({ backend: 'send_mail', smtp_port: sink.port }),
      { raw },
      { store: noStore },
    );
    const text = sink.deliveries[0]!.raw.toString();
    assert.match(text, /^Resent-From: <postmaster@scanner\.example>\r\n/);
    assert.match(text, /\r\nAuto-Submitted: auto-generated\r\n/);
    assert.ok(text.endsWith(`\r\n${raw}`));
    await sink.stop();
  });

  for (const [kind, onConnection, reason] of [
    ['never greets', () => {}, /no end within|Greeting never|Timeout/],
    ['hangs up', (socket: Socket) => socket.destroy(), /closed/],
    ['refuses', (socket: Socket) => socket.end('554 5.7.1 go away\r\n'), /answered 554/],
    [
      'drips',
      (socket: Socket) => void setInterval(() => socket.write('2'), 5).unref(),
      /no end within|Greeting never/,
    ],
  ] as const) {
    test(`a mail server that ${kind} costs no more than its time`, async () => {
      const server = await tcpReceiver(onConnection);
      const log: LogLine[] = [];
      const built = await buildCheck(
        metadataExporter,
        rules({ ...alert, smtp_port: server.port, timeout: 0.1, retries: 0 }),
        { store: noStore, log },
      );
      await built.run(spam);
      while (log.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      assert.match(String(log[0]!.fields['error']), reason);
      await built.close();
      await server.stop();
    });
  }
});

describe('Redis', () => {
  test('the embedded store is refused with a way out', async () => {
    const driver = await startLmdbDriver();
    for (const rule of [
      { backend: 'redis_pubsub', channel: 'c' },
      { backend: 'redis_stream', stream_key: 's' },
    ]) {
      await assert.rejects(
        buildCheck(metadataExporter, rules(rule), { store: driver.store }),
        (error) => error instanceof ConfigError && /needs a Redis server.*redis \{ … \}/.test(error.message),
      );
    }
    await driver.close();
  });

  test('an entry for each recipient, a channel by selector', async () => {
    const calls: string[] = [];
    const feeds: StoreFeeds = {
      publish: async (channel, payload) => void calls.push(`publish ${channel} ${payload.length > 0}`),
      append: async (stream, field, _payload, maxLength) =>
        void calls.push(`append ${stream} ${field} ${maxLength}`),
    };
    const store = { feeds } as NonNullable<CheckOptions['store']>;
    const config = {
      max_len: 5,
      rules: {
        P: { backend: 'redis_pubsub', channel: 'mail.${user.lower}' },
        S: { backend: 'redis_stream', stream_key: 's', per_recipient: true },
      },
    };
    await runCheck(metadataExporter, config, { ...fromLogin, rcpts: ['a@x.org', 'b@x.org'] }, { store });
    assert.deepEqual(calls.toSorted(), [
      'append s:a@x.org data 5',
      'append s:b@x.org data 5',
      'publish mail.sender@example.com true',
    ]);
  });

  const binary = findRedisServer();
  if (binary !== undefined)
    test('a real server gets the very bytes, as a publication and as an entry of a stream', async () => {
      const server = await startRedis(binary);
      const driver = redisDriver({ servers: server.address, prefix: 'p:' });
      const listener = createConnection(server.address);
      let heard = Buffer.alloc(0);
      listener.on('data', (chunk: Buffer) => {
        heard = Buffer.concat([heard, chunk]);
      });
      const until = async (part: Buffer | string): Promise<void> => {
        while (!heard.includes(part)) await new Promise((resolve) => setTimeout(resolve, 2));
      };
      listener.write('SUBSCRIBE c\r\n');
      await until('subscribe');
      const raw = Buffer.from('Subject: \xff\xfe\r\n\r\n\x00\r\n', 'latin1');
      const config = {
        rules: {
          P: { backend: 'redis_pubsub', channel: 'c' },
          S: { backend: 'redis_stream', stream_key: 's', max_len: 10 },
        },
      };
      await runCheck(metadataExporter, config, { raw }, { store: driver.store });
      await until(raw);
      listener.write('UNSUBSCRIBE c\r\n');
      await until('unsubscribe');
      heard = Buffer.alloc(0);
      listener.write('XRANGE p:s - +\r\n');
      await until(raw);
      assert.ok(heard.includes('data'));
      listener.destroy();
      await driver.close();
      await server.kill();
    });
});

describe('refused at load', () => {
  const http = { backend: 'http', url: 'http://127.0.0.1:9/' };
  for (const [what, rule, message] of [
    ['http without url', { backend: 'http' }, /backend http needs url/],
    ['a URL of another scheme', { backend: 'http', url: 'ftp://x/' }, /no URL that can be posted to/],
    ['redis_pubsub without channel', { backend: 'redis_pubsub' }, /needs channel/],
    ['json_raw_tcp without port', { backend: 'json_raw_tcp', host: 'x' }, /needs port/],
    ['redis_list', { backend: 'redis_list' }, /redis_list is not supported/],
    ['structured', { ...http, formatter: 'structured' }, /structured is not supported/],
    ['json by mail', { backend: 'send_mail', formatter: 'json' }, /json is no mail/],
    ['defer', { ...http, defer: true }, /after the reply/],
    ['a recipient that is no address', { backend: 'send_mail', mail_to: 'x' }, /x is no address/],
    ['a selector nobody knows', { ...http, backend: 'redis_pubsub', channel: '${nonsense}' }, /nonsense/],
  ] as const) {
    test(`${what} is refused with a reason`, async () => {
      await assert.rejects(
        buildCheck(metadataExporter, rules(rule), { store: noStore }),
        (error) => error instanceof ConfigError && message.test(error.message),
      );
    });
  }

  test('options of another backend are told of', async () => {
    const built = await buildCheck(metadataExporter, rules({ ...http, channel: 'x' }), { store: noStore });
    assert.deepEqual(built.warnings, ['rules.R.channel: channel has no meaning with backend http']);
    await built.close();
  });
});
