import assert from 'node:assert/strict';
import { createConnection } from 'node:net';
import { describe, test } from 'node:test';
import { buildCheck, type CheckOptions, runCheck } from '../../../test/helpers/check-table.ts';
import { fromLogin, rules } from '../../../test/helpers/export-receivers.ts';
import { findRedisServer, startRedis } from '../../../test/helpers/redis-server.ts';
import { redisDriver, startLmdbDriver } from '../../../test/helpers/store-drivers.ts';
import { ConfigError, type StoreFeeds } from '../../core/index.ts';
import { metadataExporter } from './check.ts';

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
