import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildCheck, type LogLine, type TestMessage, type Way } from '../../../test/helpers/check-table.ts';
import { hit } from '../../../test/helpers/export-receivers.ts';
import { type WebQuestion, type WebReply, webDatabase } from '../../../test/helpers/web-database.ts';
import { ConfigError } from '../../core/index.ts';
import { elastic } from './check.ts';
import { config, indexName } from './options.ts';
import { ilmPolicy, ismPolicy, saysTheSame } from './resources.ts';

type Json = Readonly<Record<string, unknown>>;

const defaults = config.parse({});
const elasticAnswer: WebReply = { body: '{"version":{"number":"8.15.0"}}' };
const openSearchAnswer: WebReply = { body: '{"version":{"number":"2.17.0","distribution":"opensearch"}}' };

const pathOf = ({ path }: WebQuestion): string => path.replace(/\?.*/, '');
const toldOf = (question: WebQuestion): string => `${question.method} ${pathOf(question)}`;

/** A server that is this, has no policy, and takes everything unless the test says otherwise. */
function fakeElastic(
  root: WebReply,
  answer: (question: WebQuestion) => WebReply | undefined = () => undefined,
) {
  return webDatabase((question) => {
    const reply = answer(question);
    if (reply) return reply;
    if (question.path === '/') return root;
    if (question.method === 'GET') return { status: 404, body: '{}' };
    return { body: '{"errors":false}' };
  });
}

async function collect(
  options: Json,
  messages: readonly TestMessage[],
  {
    root = elasticAnswer,
    answer,
  }: { root?: WebReply; answer?: (question: WebQuestion) => WebReply | undefined } = {},
) {
  const server = await fakeElastic(root, answer);
  const log: LogLine[] = [];
  const built = await buildCheck(elastic, { enabled: true, server: server.address, ...options }, { log });
  for (const message of messages) await built.run(message);
  await built.close();
  await server.stop();
  const bulks = server.asked.filter((question) => pathOf(question) === '/_bulk');
  const lines = bulks.flatMap(({ body }) => body.trim().split('\n')).map((line) => JSON.parse(line) as Json);
  return {
    log,
    bulks,
    asked: server.asked,
    actions: lines.filter((_, index) => index % 2 === 0),
    rows: lines.filter((_, index) => index % 2 === 1),
  };
}

const metaOf = (row: Json | undefined): Json => row?.['rspamd_meta'] as Json;

describe('rows', () => {
  const ways: readonly (readonly [Way, string])[] = [
    ['inbound', 'Inbound'],
    ['authenticated', 'Outbound'],
    ['local', 'Outbound'],
  ];
  for (const [way, direction] of ways) {
    test(`${way} mail is ${direction}`, async () => {
      const { rows } = await collect({}, [{ way }]);
      assert.equal(metaOf(rows[0])['direction'], direction);
      assert.equal(metaOf(rows[0])['is_local'], way === 'local');
    });
  }

  test('a row has the fields of Rspamd', async () => {
    const raw = [
      'Received: from b by c; Tue, 14 Nov 2023 22:13:30 +0000',
      'Received: from a by b; Tue, 14 Nov 2023 22:13:20 +0000',
      'From: Sender <Someone@Example.com>',
      'Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=',
      'X-Originating-IP: [192.0.2.9]',
      'X-Mailer: a',
      'X-Mailer: b',
      'Message-ID: <1@example.com>',
      '',
      'x',
    ].join('\r\n');
    const { rows, actions, bulks } = await collect({ extra_collect_headers: ['X-Mailer'] }, [
      {
        raw,
        hits: [hit('BAD', 7, 'why', 'how')],
        variables: { asn: '64500', country: 'DE', ipnet: '198.51.100.0/24' },
      },
    ]);
    assert.match(bulks[0]!.path, /pipeline=rspamd-geoip/);
    assert.equal(bulks[0]!.headers['content-type'], 'application/x-ndjson');
    assert.equal((actions[0]!['index'] as Json)['_index'], 'rspamd-2023.11.14');
    assert.equal(rows[0]!['@timestamp'], 1_700_000_000_000);
    assert.deepEqual(metaOf(rows[0]), {
      rspamd_server: 'scanner.example',
      action: 'add header',
      score: 7,
      symbols: [{ name: 'BAD', score: 7, group: 'test', options: 'why; how' }],
      user: 'unknown',
      direction: 'Inbound',
      qid: 'QUEUE1',
      helo: 'mx.example.com',
      hostname: 'mx.example.com',
      ip: '198.51.100.7',
      is_local: false,
      sender_ip: '192.0.2.9',
      message_id: '1@example.com',
      rcpt: ['rcpt@example.org'],
      from_domain: 'example.com',
      from_user: 'sender',
      mime_from_domain: 'example.com',
      mime_from_user: 'someone',
      settings_id: 'unknown',
      asn: { country: 'DE', asn: 64_500, ipnet: '198.51.100.0/24' },
      header_from: ['Sender <Someone@Example.com>'],
      header_to: 'unknown',
      header_subject: ['Grüße'],
      header_date: 'unknown',
      header_user_agent: 'unknown',
      header_x_mailer: ['a', 'b'],
      scan_time: 0,
      size: Buffer.byteLength(raw),
      fuzzy_hashes: 'unknown',
      received_delay: 10,
    });
  });

  test('no message at all is a row too', async () => {
    const { rows } = await collect({ index_template: { empty_value: '-' } }, [
      { raw: '', from: '', envelope: { clientIp: undefined, recipients: [], queueId: undefined } },
    ]);
    const { ip, sender_ip: origin, rcpt, qid, from_user: user } = metaOf(rows[0]);
    assert.deepEqual([ip, origin, rcpt, qid, user], ['::', '::', '-', '-', '-']);
  });

  test('header fields are bounded in number and length', async () => {
    const raw = `${'Subject: abcdef\r\n'.repeat(4)}\r\n`;
    const index_template = { headers_count_ignore_above: 2, headers_text_ignore_above: 3 };
    const { rows } = await collect({ index_template }, [{ raw }]);
    assert.deepEqual(metaOf(rows[0])['header_subject'], ['abc...', 'abc...', 'ignored above 2']);
  });

  test('scans of operators and skipped mail are left out', async () => {
    const messages: readonly TestMessage[] = [
      { envelope: { userAgent: 'rspamc' } },
      { envelope: { flags: new Set(['skip'] as const) } },
    ];
    assert.equal((await collect({}, messages)).rows.length, 0);
    assert.equal((await collect({ allow_local: true }, messages)).rows.length, 1);
  });

  test('indices are named by the time in UTC', () => {
    const template = (pattern: string) => ({ ...defaults.index_template, name: 'mail', pattern });
    const timeMs = Date.UTC(2024, 1, 3, 4);
    assert.equal(indexName(template('%Y.%m.%d'), timeMs), 'mail-2024.02.03');
    assert.equal(indexName(template('{service}-%y-%j-%H'), timeMs), 'mail-24-034-04');
  });
});

describe('preparation', () => {
  test('Elasticsearch gets policy, pipeline and template before the first row, once', async () => {
    const { asked } = await collect({ limits: { max_rows: 1 } }, [{}, {}]);
    assert.deepEqual(asked.map(toldOf), [
      'GET /',
      'GET /_ilm/policy/rspamd',
      'PUT /_ilm/policy/rspamd',
      'PUT /_ingest/pipeline/rspamd-geoip',
      'PUT /_index_template/rspamd',
      'POST /_bulk',
      'POST /_bulk',
    ]);
    const template = JSON.parse(asked[4]!.body) as { index_patterns: unknown; template: Json };
    assert.deepEqual(template.index_patterns, ['rspamd-*']);
    assert.deepEqual((template.template['settings'] as Json)['index'], {
      number_of_shards: 3,
      number_of_replicas: 1,
      refresh_interval: '5s',
      lifecycle: { name: 'rspamd' },
    });
  });

  test('OpenSearch gets its own kind of policy, and no lifecycle setting', async () => {
    const { asked } = await collect({}, [{}], { root: openSearchAnswer });
    assert.deepEqual(asked.slice(1, 3).map(toldOf), [
      'GET /_plugins/_ism/policies/rspamd',
      'PUT /_plugins/_ism/policies/rspamd',
    ]);
    assert.ok(!asked[4]!.body.includes('lifecycle'));
  });

  test('a policy that says the same is left alone, another one is changed', async () => {
    const same = { rspamd: { version: 3, ...ilmPolicy(defaults.index_policy) } };
    const isPolicy = (question: WebQuestion): boolean => toldOf(question) === 'GET /_ilm/policy/rspamd';
    const kept = await collect({}, [{}], {
      answer: (question) => (isPolicy(question) ? { body: JSON.stringify(same) } : undefined),
    });
    assert.ok(!kept.asked.map(toldOf).includes('PUT /_ilm/policy/rspamd'));
    const changed = await collect({ index_policy: { delete: { after: '7d' } } }, [{}], {
      answer: (question) => (isPolicy(question) ? { body: JSON.stringify(same) } : undefined),
    });
    assert.ok(changed.asked.map(toldOf).includes('PUT /_ilm/policy/rspamd'));
  });

  test('OpenSearch is told which state of a policy is changed', async () => {
    const { asked } = await collect({}, [{}], {
      root: openSearchAnswer,
      answer: (question) =>
        toldOf(question) === 'GET /_plugins/_ism/policies/rspamd'
          ? { body: '{"_seq_no":7,"_primary_term":2,"policy":{}}' }
          : undefined,
    });
    assert.equal(asked[2]!.path, '/_plugins/_ism/policies/rspamd?if_seq_no=7&if_primary_term=2');
  });

  test('what is not managed is not touched, and a server that is named is not asked', async () => {
    const { asked } = await collect(
      {
        version: { autodetect_enabled: false, override: { name: 'opensearch', version: 2.17 } },
        index_template: { managed: false },
        index_policy: { managed: false },
        geoip: { enabled: false },
      },
      [{}],
    );
    assert.deepEqual(asked.map(toldOf), ['POST /_bulk']);
    assert.ok(!asked[0]!.path.includes('pipeline'));
  });

  test('a server that is too old is refused with a reason', async () => {
    const { log, bulks } = await collect({}, [{}], { root: { body: '{"version":{"number":"6.8.0"}}' } });
    assert.equal(bulks.length, 0);
    assert.match(JSON.stringify(log), /6\.8\.0 is too old/);
  });

  test('policies say what the options say, in both dialects', () => {
    const policy = config.parse({
      index_policy: {
        warm: {
          shrink: true,
          max_gb_per_shard: 20,
          force_merge: true,
          change_replicas: true,
          replicas_count: 0,
        },
        cold: { enabled: false },
        delete: { after: '90d' },
      },
    }).index_policy;
    const { phases } = (ilmPolicy(policy) as { policy: { phases: Json } }).policy;
    assert.deepEqual(Object.keys(phases), ['hot', 'warm', 'delete']);
    assert.deepEqual((phases['warm'] as Json)['actions'], {
      set_priority: { priority: 50 },
      migrate: { enabled: true },
      readonly: {},
      allocate: { number_of_replicas: 0 },
      shrink: { max_primary_shard_size: '20gb' },
      forcemerge: { max_num_segments: 1 },
    });
    const { states } = (ismPolicy(policy, 'rspamd-*') as { policy: { states: readonly Json[] } }).policy;
    assert.deepEqual(
      states.map(({ name, transitions }) => [name, transitions]),
      [
        ['hot', [{ state_name: 'warm', conditions: { min_index_age: '2d' } }]],
        ['warm', [{ state_name: 'delete', conditions: { min_index_age: '90d' } }]],
        ['delete', []],
      ],
    );
    assert.deepEqual(states[1]!['actions'], [
      { index_priority: { priority: 50 } },
      { read_only: {} },
      { replica_count: { number_of_replicas: 0 } },
      { shrink: { max_shard_size: '20gb' } },
      { force_merge: { max_num_segments: 1 } },
    ]);
  });

  test('values are compared as databases write them back', () => {
    assert.ok(saysTheSame({ a: [{ b: 1 }] }, { a: [{ b: '1', retry: 3 }], c: 1 }));
    assert.ok(!saysTheSame({ a: [1] }, { a: [1, 2] }));
    assert.ok(!saysTheSame({ a: {} }, { a: null }));
  });
});

describe('delivery', () => {
  test('rows go out together, packed, with the password', async () => {
    const { bulks } = await collect({ user: 'u', password: 'p', limits: { max_rows: 2 } }, [{}, {}, {}]);
    assert.deepEqual(
      bulks.map(({ body }) => body.trim().split('\n').length),
      [4, 2],
    );
    assert.equal(bulks[0]!.headers['content-encoding'], 'gzip');
    assert.equal(bulks[0]!.headers.authorization, `Basic ${Buffer.from('u:p').toString('base64')}`);
  });

  test('rows that the server refuses are told of once, by the kind of error only', async () => {
    const items = [
      { index: { status: 201 } },
      { index: { status: 400, error: { type: 'document_parsing_exception', reason: 'rcpt@example.org' } } },
    ];
    const { log } = await collect({ limits: { max_rows: 2 } }, [{}, {}], {
      answer: (question) =>
        pathOf(question) === '/_bulk' ? { body: JSON.stringify({ errors: true, items }) } : undefined,
    });
    assert.deepEqual(
      log.map(({ message, fields }) => [message, fields['rows'], fields['error']]),
      [['rows were refused; told once, see the metric', 1, 'document_parsing_exception']],
    );
  });

  test('what a busy server did not take is sent again, under the same ids', async () => {
    const ids: string[] = [];
    const done = Promise.withResolvers<void>();
    const server = await fakeElastic(elasticAnswer, (question) => {
      if (pathOf(question) !== '/_bulk') return undefined;
      const line = JSON.parse(question.body.split('\n')[0]!) as { index: { _id: string } };
      ids.push(line.index._id);
      if (ids.length > 1) {
        done.resolve();
        return undefined;
      }
      const item = { index: { status: 429, error: { type: 'es_rejected_execution_exception' } } };
      return { body: JSON.stringify({ errors: true, items: [item] }) };
    });
    const built = await buildCheck(elastic, {
      enabled: true,
      server: server.address,
      limits: { max_rows: 1 },
      periodic_interval: 0.01,
    });
    await built.run({});
    await done.promise;
    await built.close();
    await server.stop();
    assert.equal(ids.length, 2);
    assert.equal(ids[0], ids[1]);
  });

  test('a server that answers nonsense costs no more than the attempts', async () => {
    const log: LogLine[] = [];
    const server = await fakeElastic({ body: 'welcome' });
    const built = await buildCheck(
      elastic,
      { enabled: true, server: server.address, limits: { max_rows: 1 }, version: { autodetect_max_fail: 0 } },
      { log },
    );
    await built.run({});
    await built.close();
    await server.stop();
    assert.match(JSON.stringify(log), /preparing: /);
  });
});

test('what cannot work is refused with a reason', async () => {
  for (const [section, message] of [
    [{ server: 'http://localhost:9200/' }, /is no server/],
    [{ version: { autodetect_enabled: false } }, /nothing says what the server is/],
  ] as const) {
    await assert.rejects(
      buildCheck(elastic, { enabled: true, ...section }),
      (error) => error instanceof ConfigError && message.test(error.message),
    );
  }
  for (const section of [
    { index_template: { pattern: '%Q' } },
    { index_template: { name: '../x' } },
    { index_policy: { delete: { after: 'later' } } },
  ])
    assert.equal(config.safeParse(section).success, false, JSON.stringify(section));
});
