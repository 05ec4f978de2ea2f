import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { buildCheck, type LogLine, runCheck } from '../../../test/helpers/check-table.ts';
import {
  hit,
  noStore,
  postOne,
  receiver,
  rules,
  secureReceiver,
  spam,
  tcpReceiver,
} from '../../../test/helpers/export-receivers.ts';
import { certificates } from '../../../test/helpers/redis-server.ts';
import { metadataExporter } from './check.ts';

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

for (const [no_ssl_verify, posts, reason] of [
  [false, 0, /certificate/],
  [true, 1, undefined],
] as const) {
  test(`a certificate nobody vouches for is ${no_ssl_verify ? 'taken with' : 'refused without'} no_ssl_verify`, async () => {
    const server = await secureReceiver({
      cert: readFileSync(certificates.certificate),
      key: readFileSync(certificates.key),
    });
    const log: LogLine[] = [];
    const rule = {
      backend: 'http',
      url: server.url,
      ...(no_ssl_verify && { no_ssl_verify }),
      ssl_timeout: 5,
    };
    await runCheck(metadataExporter, rules(rule), spam, { store: noStore, log });
    assert.equal(server.posted.length, posts);
    if (reason) assert.match(String(log[0]?.fields['error']), reason);
    else assert.deepEqual(log, []);
    await server.stop();
  });
}
