import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { unpack } from 'msgpackr';
import { buildCheck, type Way } from '../../../test/helpers/check-table.ts';
import { fromLogin, hit, noStore, postOne, receiver, rules } from '../../../test/helpers/export-receivers.ts';
import { ConfigError } from '../../core/index.ts';
import { metadataExporter } from './check.ts';

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
